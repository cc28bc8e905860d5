"""How large the result is to be, and how a picture gets there."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import Literal

from atelier_core.errors import UserError
from atelier_core.geometry import Bounds, Extent

from .resize import Box

Fit = Literal["inside", "crop", "stretch"]

MOST_SIDE = 16384  # pixels: what a browser still shows, and 805 MB as RGB
MOST_AREA = 1 << 29  # pixels between two steps, 1.6 GB as RGB
MOST_PASSES = 3


@dataclass(frozen=True)
class Target:
    size: Extent  # of the result, exact
    box: Box  # the part of the source it shows, in source pixels

    @property
    def crop(self) -> Bounds:
        """The whole source pixels that `box` touches."""
        left, top, right, bottom = self.box
        return Bounds(floor(left), floor(top), ceil(right), ceil(bottom))


def by_factor(picture: Extent, factor: float) -> Target:
    return _checked(picture.times(factor), (0, 0, *picture))


def by_long_side(picture: Extent, side: int) -> Target:
    return by_factor(picture, side / picture.longer)


def by_size(picture: Extent, size: Extent, fit: Fit) -> Target:
    """Inside `size` with the picture's own shape, or exactly `size`: by cropping evenly, or by stretching."""
    across, down = size.width / picture.width, size.height / picture.height
    if fit == "inside":
        factor = min(across, down)
        inside = picture.times(factor)
        return _checked(Extent(min(inside.width, size.width), min(inside.height, size.height)), (0, 0, *picture))
    if fit == "stretch":
        return _checked(size, (0, 0, *picture))
    factor = max(across, down)
    left = max(0.0, (picture.width - size.width / factor) / 2)
    top = max(0.0, (picture.height - size.height / factor) / 2)
    return _checked(size, (left, top, picture.width - left, picture.height - top))


def _checked(size: Extent, box: Box) -> Target:
    if size.longer > MOST_SIDE:
        raise UserError(
            "The result would be {width} × {height} pixels; at most {most} per side can be made.",
            width=size.width,
            height=size.height,
            most=MOST_SIDE,
        )
    return Target(size, box)


def passes(target: Target, scale: int) -> int:
    """How often the picture goes through a network of this scale before the rest is done by Lanczos.

    Once for a network that does not enlarge; else until the result is covered, and never when it already is.
    """
    if scale == 1:
        return 1
    source = target.crop.extent
    for count in range(MOST_PASSES + 1):
        if source.width >= target.size.width and source.height >= target.size.height:
            return count
        source = source.times(scale)
        if source.area > MOST_AREA:
            raise UserError(
                "On the way to {width} × {height} pixels this model makes a picture of {between:.0f} megapixels, which "
                "is too large. Choose a model that enlarges less.",
                **target.size._asdict(),
                between=source.area / 1e6,
            )
    return MOST_PASSES
