"""How near pictures, joints, boxes and lights are to what they should be."""

from __future__ import annotations

from collections.abc import Sequence
from math import acos, degrees, inf, log10, sqrt
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dollhouse.skeleton import L_HIP, NECK, R_HIP

Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Points = NDArray[np.floating[Any]]


class Equality(NamedTuple):
    most: int  # the largest difference of a channel, 0..255
    share: float  # of the pixels that are equal


def background_equality(before: Bytes, after: Bytes, changed: Mask) -> Equality:
    """Of two pictures [H, W, 3] outside of a mask [H, W]."""
    off = np.abs(before.astype(np.int16) - after.astype(np.int16)).max(-1)[~changed]
    return Equality(int(off.max()), float((off == 0).mean())) if len(off) else Equality(0, 1.0)


def psnr(one: Bytes, other: Bytes) -> float:
    """Decibels."""
    wrong = float(np.mean((one.astype(np.float64) - other.astype(np.float64)) ** 2))
    return 10 * log10(255**2 / wrong) if wrong else inf


def joints_right(found: Points, true: Points, visible: Mask, share: float = 0.1) -> list[bool]:
    """PCK: for every visible joint of dolls [n, 18, 2] whether it is off by less than a share of the torso's length."""
    torso = np.linalg.norm(true[:, NECK] - (true[:, R_HIP] + true[:, L_HIP]) / 2, axis=-1)
    near = np.linalg.norm(found - true, axis=-1) < share * torso[:, None]
    return [bool(one) for one in near[visible]]


def light_degrees(one: Sequence[float], other: Sequence[float]) -> float:
    """Between two ways to the light."""
    along = sum(a * b for a, b in zip(one, other, strict=True))
    lengths = sqrt(sum(a * a for a in one) * sum(b * b for b in other))
    return degrees(acos(min(1.0, max(-1.0, along / lengths))))


def seam_visibility(picture: Bytes, mask: Mask, reach: int = 8, skip: int = 2) -> float:
    """The energy of steps across a mask's edge over that of steps across lines beside and along it: 1 is no seam.

    `skip` lines next to the edge are left out, for those may carry its blur; `reach` is how far lines count.
    """
    levels = _levels(mask)
    energies = _energies(picture.astype(np.float64), levels, reach)
    beside = [value for level, value in energies.items() if level and abs(level) > skip]
    usual = float(np.mean(beside)) if beside else 0.0
    return (energies.get(0, 0.0) + 1.0) / (usual + 1.0)  # one grey level squared is nothing to see


def _levels(mask: Mask) -> NDArray[np.int64]:
    """How many pixels within the mask, 1 and more, or outside of it, 0 and less."""
    inside, outside = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L1, 3) for side in (mask, ~mask))
    return np.where(mask, np.round(inside), 1 - np.round(outside)).astype(np.int64)


def _energies(picture: NDArray[np.float64], levels: NDArray[np.int64], reach: int) -> dict[int, float]:
    """For each line, named by how far within the mask it is, the mean square of the steps across it."""
    names, steps = [], []
    for axis in (0, 1):
        low = np.minimum(np.delete(levels, -1, axis), np.delete(levels, 0, axis))
        crossing = np.diff(levels, axis=axis) != 0
        steps.append((np.diff(picture, axis=axis) ** 2).mean(-1)[crossing])
        names.append(low[crossing])
    name, step = np.concatenate(names), np.concatenate(steps)
    return {level: float(step[name == level].mean()) for level in range(-reach, reach + 1) if (name == level).any()}
