"""The one lamp of a scene: kind, direction, colour and strength."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians, sin
from random import Random

from dollhouse.colours import LIGHT

KINDS = ("sun", "lamp", "soft")
DIRECTIONS = ("left", "right", "above", "front", "behind")
STRENGTHS = {"dim": 0.6, "normal": 1.0, "bright": 1.4}
_SPANS = {  # azimuth from, to and elevation from, to
    "left": (-100, -55, 22, 48),
    "right": (55, 100, 22, 48),
    "above": (-40, 40, 68, 80),
    "front": (-22, 22, 22, 45),
    "behind": (152, 208, 26, 46),
}


@dataclass(frozen=True)
class Light:
    """Azimuth 0 shines from the camera, 90 from the picture's right, 180 from behind; elevation is above the ground."""

    kind: str
    azimuth: float
    elevation: float
    colour: str = "white"
    strength: str = "normal"

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.colour not in LIGHT or self.strength not in STRENGTHS:
            raise ValueError(f"no such light: {self.kind}, {self.colour}, {self.strength}")
        if not 15 <= self.elevation <= 90:
            raise ValueError(f"a lamp stands 15 to 90 degrees high, not {self.elevation}")

    @property
    def vector(self) -> tuple[float, float, float]:
        """Toward the light: x to the picture's right, y up, z toward the camera; length 1."""
        azimuth, elevation = radians(self.azimuth), radians(self.elevation)
        return sin(azimuth) * cos(elevation), sin(elevation), cos(azimuth) * cos(elevation)

    @property
    def direction(self) -> str:
        """The word for where it shines from."""
        x, y, z = self.vector
        if y > 0.88:
            return "above"
        if abs(x) > abs(z):
            return "left" if x < 0 else "right"
        return "front" if z > 0 else "behind"

    @property
    def rgb(self) -> tuple[float, float, float]:
        """Linear factors of the direct light."""
        r, g, b = LIGHT[self.colour]
        behind = max(0.0, -self.vector[2])  # a lamp behind shows on edges only: it is made stronger
        power = STRENGTHS[self.strength] * DIRECT[self.kind] * (1 + behind)
        return r * power, g * power, b * power

    @property
    def ambient(self) -> float:
        return AMBIENT[self.kind] * (0.35 + 0.65 * STRENGTHS[self.strength])


DIRECT = {"sun": 1.0, "lamp": 1.15, "soft": 0.5}
AMBIENT = {"sun": 0.46, "lamp": 0.36, "soft": 0.64}
SHADOW = {"sun": 0.85, "lamp": 0.7, "soft": 0.4}  # share of the direct light that a cast shadow takes
BLUR = {"sun": 0.006, "lamp": 0.014, "soft": 0.03}  # softness of a shadow's edge, in pictures


def light(kind: str, direction: str, colour: str = "white", strength: str = "normal") -> Light:
    """A lamp in the middle of what a direction's word means."""
    low, high, down, up = _SPANS[direction]
    return Light(kind, (low + high) / 2, (down + up) / 2, colour, strength)


def sampled_light(rng: Random, direction: str) -> Light:
    low, high, down, up = _SPANS[direction]
    return Light(
        rng.choice(KINDS),
        round(rng.uniform(low, high), 1),
        round(rng.uniform(down, up), 1),
        rng.choices(tuple(LIGHT), (4, 2, 1.5, 1))[0],
        rng.choices(tuple(STRENGTHS), (1, 3, 1))[0],
    )
