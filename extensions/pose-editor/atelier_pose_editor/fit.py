"""Poses of the library at a place of the picture, and people in the library's units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .frame import torso_of
from .skeleton import Person, bounds, mapped

if TYPE_CHECKING:
    from .library import Preset

UNITS = 1000  # per standing height, per length of a hand, per distance of the pupils
TORSO = 0.272  # in heights
USUAL, MOST = 0.85, 0.88  # shares of the picture: a standing person's height, anybody's breadth


def fit_to(preset: Preset, size: Extent, at: tuple[float, float] | None = None, height: float | None = None) -> Person:
    """The preset's body with its middle at `at`, as large as a person is who stands `height` pixels tall.

    Without them in the middle of the picture, as large as is usual there and as fits.
    """
    left, top, right, bottom = _box(preset.person)
    if height is None:
        broad, tall = max(right - left, 1.0), max(bottom - top, 1.0)
        height = UNITS * min(USUAL * size.height / UNITS, MOST * size.width / broad, MOST * size.height / tall)
    scale = height / UNITS
    x, y = at or (size.width / 2, size.height / 2)
    dx, dy = x - (left + right) / 2 * scale, y - (top + bottom) / 2 * scale
    return mapped(preset.person, lambda px, py: (px * scale + dx, py * scale + dy))


def in_units(person: Person) -> Person:
    """As the library keeps people: standing height 1000, the lowest joint at 0, 0."""
    left, _, right, bottom = _box(person)
    torso = torso_of(person) or max(right - left, bottom * 1.0, 1.0)
    scale = UNITS * TORSO / max(torso, 1.0)
    return mapped(person, lambda x, y: ((x - (left + right) / 2) * scale, (y - bottom) * scale))


def _box(person: Person) -> tuple[float, float, float, float]:
    found = bounds(person)
    if found is None:
        raise UserError("This pose has no joint that is on.")
    return found
