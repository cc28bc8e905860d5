"""Poses of the library at a place of the picture, hands at their wrists and faces on their heads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .frame import torso_of
from .skeleton import Joint, Part, Person, bounds, mapped, tenth

if TYPE_CHECKING:
    from .library import Preset

UNITS = 1000  # per standing height, per length of a hand, per distance of the pupils
TORSO, HAND, EYES = 0.272, 0.4, 0.14  # a torso in heights; a hand and the distance of the pupils in torsos
USUAL, MOST = 0.85, 0.88  # shares of the picture: a standing person's height, anybody's breadth
# How far each point of a face moves with the tip of the nose when the head turns.
_DEPTHS = (
    *((0.0,) * 6 + (0.3,) * 5 + (0.0,) * 6),  # jaw
    *((0.2,) * 10 + (0.2, 0.5, 0.8, 1.0) + (0.7,) * 5),  # brows, nose
    *((0.1,) * 12 + (0.55,) * 20 + (0.0, 0.0)),  # eyes, lips, pupils
)
_WRISTS = {"left": (7, 6), "right": (4, 3)}


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


def with_hand(person: Person, side: Literal["left", "right"], preset: Preset) -> Person:
    """The hand goes on from the forearm. One that hangs shows its back, one that is raised its palm."""
    wrist, elbow = (person.body[i] for i in _WRISTS[side])
    if not wrist.on:
        raise UserError("This hand has no wrist to go to.")
    start = complex(wrist.x, wrist.y)
    arm = start - complex(elbow.x, elbow.y) if elbow.on else 0j
    way = arm / abs(arm) if abs(arm) > 1e-6 else 1j
    torso = torso_of(person)
    length = HAND * torso if torso else 0.75 * abs(arm) or 1.0
    turned = (side == "left") ^ (way.imag > 0) ^ _from_behind(person)
    points = (complex(-j.x if turned else j.x, j.y) for j in preset.person.right)
    hand = _part(start + point * way * 1j * length / UNITS for point in points)
    return replace(person, left=hand) if side == "left" else replace(person, right=hand)


def _from_behind(person: Person) -> bool:
    right, left = person.body[2], person.body[5]
    return right.on and left.on and left.x < right.x


def with_face(person: Person, preset: Preset) -> Person:
    """The face between the eyes, tilted as they are, and moved to where the nose points."""
    nose, right, left = (complex(person.body[i].x, person.body[i].y) for i in (0, 14, 15))
    if not (person.body[14].on and person.body[15].on) or left == right:
        raise UserError("This head shows no face: both eyes must be on.")
    across, middle = left - right, (left + right) / 2
    way = across / abs(across)
    torso = torso_of(person)
    tall = max(abs(across), EYES * torso if torso else 0.0)  # a turned head is narrow and no less tall
    aside = ((nose - middle) / way).real if person.body[0].on else 0.0
    aside = min(max(aside, -0.4 * tall), 0.4 * tall)
    face = _part(
        middle + (j.x * across + j.y * way * 1j * tall) / UNITS + way * aside * depth
        for j, depth in zip(preset.person.face, _DEPTHS, strict=True)
    )
    return replace(person, face=face)


def _part(points: Iterable[complex]) -> Part:
    return tuple(Joint(tenth(point.real), tenth(point.imag)) for point in points)
