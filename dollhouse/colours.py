"""The palettes: every name the grammar says, with the one colour that it means."""

from __future__ import annotations

RGB = tuple[int, int, int]  # 0..255

CLOTH: dict[str, RGB] = {
    "red": (216, 38, 44),
    "orange": (246, 134, 28),
    "yellow": (252, 210, 44),
    "green": (44, 156, 66),
    "blue": (38, 92, 208),
    "purple": (132, 62, 184),
    "pink": (248, 132, 184),
    "brown": (124, 76, 44),
    "black": (40, 40, 46),
    "grey": (140, 144, 150),
    "white": (246, 246, 242),
}
HAIR: dict[str, RGB] = {
    "black": (38, 34, 40),
    "brown": (108, 66, 38),
    "blond": (246, 208, 96),
    "red": (206, 66, 26),
    "white": (232, 232, 236),
    "blue": (52, 112, 214),
    "green": (52, 160, 92),
    "pink": (246, 124, 180),
    "purple": (136, 74, 190),
}
SKIN: dict[str, RGB] = {
    "fair": (255, 222, 198),
    "tan": (236, 184, 138),
    "brown": (176, 114, 72),
    "dark": (108, 68, 46),
}
LIGHT: dict[str, tuple[float, float, float]] = {  # linear factors
    "white": (1.0, 1.0, 1.0),
    "warm": (1.12, 0.92, 0.62),
    "cool": (0.72, 0.92, 1.2),
    "pink": (1.14, 0.74, 0.96),
}
INK: RGB = (52, 36, 40)


def shade(colour: RGB, factor: float) -> RGB:
    r, g, b = colour
    return min(255, int(r * factor)), min(255, int(g * factor)), min(255, int(b * factor))


def mix(one: RGB, other: RGB, share: float) -> RGB:
    """`share` of the other colour, 0..1."""
    keep = 1 - share
    return (
        int(one[0] * keep + other[0] * share),
        int(one[1] * keep + other[1] * share),
        int(one[2] * keep + other[2] * share),
    )


def fold(colour: RGB) -> RGB:
    """The tone of a seam or crease in cloth of this colour: darker, but lighter on what is nearly black."""
    if sum(colour) < 160:
        return mix(colour, (255, 255, 255), 0.22)
    return shade(colour, 0.86 if sum(colour) > 600 else 0.76)
