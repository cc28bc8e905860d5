"""Words for sizes and places, in pixels; x to the right, y down."""

from __future__ import annotations

from typing import NamedTuple


class Extent(NamedTuple):
    width: int
    height: int

    @property
    def area(self) -> int:
        return self.width * self.height

    @property
    def longer(self) -> int:
        return max(self)

    def times(self, factor: float) -> Extent:
        """Each side rounded to the nearest pixel, at least 1."""
        return Extent(max(1, round(self.width * factor)), max(1, round(self.height * factor)))

    def up_to_multiple(self, step: int) -> Extent:
        return Extent(-(-self.width // step) * step, -(-self.height // step) * step)


class Bounds(NamedTuple):
    """A box: left and top inside, right and bottom outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def extent(self) -> Extent:
        return Extent(self.right - self.left, self.bottom - self.top)

    def grown(self, by: int, within: Extent) -> Bounds:
        """Wider by `by` on each side where the picture has room."""
        return Bounds(
            max(0, self.left - by),
            max(0, self.top - by),
            min(within.width, self.right + by),
            min(within.height, self.bottom + by),
        )

    def times(self, factor: int) -> Bounds:
        return Bounds(*(edge * factor for edge in self))

    def within(self, outer: Bounds) -> Bounds:
        """The same box as seen from the corner of `outer`."""
        return Bounds(self.left - outer.left, self.top - outer.top, self.right - outer.left, self.bottom - outer.top)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns for an array laid out [H, W, ...]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)
