"""The map that steers the light: a ball as large as the picture, in the light of the scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dollhouse.light import Light

_AROUND = 0.9  # the ball's radius in halves of the picture


def light_map(light: Light, side: int) -> NDArray[np.uint8]:
    """[side, side, 3]: a matt white ball on black, and a lamp behind it as a rim."""
    places = (np.arange(side, dtype=np.float32) + 0.5) / side * 2 - 1
    x, y = np.meshgrid(places, -places)
    far = np.hypot(x, y) / _AROUND
    depth = np.sqrt(np.maximum(0, 1 - far**2))
    toward = np.array(light.vector, np.float32)
    direct = np.maximum(0, (x * toward[0] + y * toward[1]) / _AROUND + depth * toward[2])
    linear = light.ambient * 0.5 + direct[..., None] * np.array(light.rgb, np.float32) * 0.5
    coded = np.clip(linear, 0, 1) ** (1 / 2.2) * 255
    return np.where((far < 1)[..., None], coded, 0).astype(np.uint8)
