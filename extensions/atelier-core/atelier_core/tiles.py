"""Cutting a picture into equal cores, each with a halo of real surroundings.

The cores cover the picture once. A halo ends where the picture ends: nothing is ever made up around it, so a network
sees the real border of the picture as its own padding, and a cut only where other pixels go on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from .geometry import Bounds, Extent


class Tile(NamedTuple):
    core: Bounds  # what this tile answers for
    crop: Bounds  # the core and its halo


@dataclass(frozen=True)
class Plan:
    rows: tuple[tuple[Tile, ...], ...]  # top to bottom, left to right

    @cached_property
    def count(self) -> int:
        return sum(len(row) for row in self.rows)

    @cached_property
    def largest(self) -> Extent:
        """Of all crops, the one with the most pixels."""
        return max((tile.crop.extent for row in self.rows for tile in row), key=lambda extent: extent.area)

    @cached_property
    def work(self) -> int:
        """Pixels in all crops together."""
        return sum(tile.crop.extent.area for row in self.rows for tile in row)


def plan(picture: Extent, side: int, halo: int, *, step: int = 1, least: int = 1, area: Bounds | None = None) -> Plan:
    """Tiles for the picture, or for one `area` of it whose left and top are multiples of `step`.

    Cores are at most `side` wide and high, and differ by no more than one `step`. Crops begin at multiples of `step`,
    end at one or at the picture's border, and are at least `least` wide and high where the picture is.
    """
    area = area or Bounds(0, 0, *picture)
    across = _spans(area.left, area.right, picture.width, side, halo, step, least)
    down = _spans(area.top, area.bottom, picture.height, side, halo, step, least)
    return Plan(tuple(tuple(_tile(column, row) for column in across) for row in down))


class _Span(NamedTuple):
    core: tuple[int, int]
    crop: tuple[int, int]


def _tile(column: _Span, row: _Span) -> Tile:
    return Tile(
        Bounds(column.core[0], row.core[0], column.core[1], row.core[1]),
        Bounds(column.crop[0], row.crop[0], column.crop[1], row.crop[1]),
    )


def _spans(start: int, end: int, limit: int, side: int, halo: int, step: int, least: int) -> list[_Span]:
    units = -(-(end - start) // step)
    count = -(-units // max(1, side // step))
    cuts = [min(end, start + units * i // count * step) for i in range(count + 1)]
    reach = -(-halo // step) * step
    return [_Span(core, _crop(core, limit, reach, step, least)) for core in zip(cuts, cuts[1:], strict=False)]


def _crop(core: tuple[int, int], limit: int, reach: int, step: int, least: int) -> tuple[int, int]:
    left, right = max(0, core[0] - reach), min(limit, core[1] + reach)
    right = min(limit, max(right, left + -(-least // step) * step))
    return min(left, max(0, right - least) // step * step), right
