"""Presets as the page fits them: points around one of them, in units of a bone that the page finds on the person."""

from __future__ import annotations

from typing import Any

from .fit import TORSO, UNITS
from .library import Preset
from .skeleton import Part

KNUCKLE, TIP, PUPILS = 9, 30, (68, 69)  # of the middle finger; of the nose


def as_json(preset: Preset) -> dict[str, Any]:
    told = {"en": preset.name, "ko": preset.korean}
    tags = [*preset.tags, *preset.korean_tags]
    return {
        "id": preset.id,
        "kind": preset.kind,
        "own": preset.own,
        "name": told,
        "tags": tags,
        "points": points(preset),
    }


def points(preset: Preset) -> list[list[float] | None]:
    """A body: neck at 0, 0, one unit a standing trunk, then feet; a hand: wrist, to the middle knuckle; a face: nose,
    one unit between the pupils. None for a joint that is off."""
    person = preset.person
    if preset.kind == "hand":
        return _around(person.right, _place(person.right, 0), _place(person.right, KNUCKLE))
    if preset.kind == "face":
        right, left = (_place(person.face, pupil) for pupil in PUPILS)
        tip = _place(person.face, TIP)
        return _around(person.face, tip, tip + abs(left - right))
    neck = _place(person.body, 1)
    return _around((*person.body, *person.feet), neck, neck + UNITS * TORSO)


def _place(part: Part, index: int) -> complex:
    return complex(part[index].x, part[index].y)


def _around(part: Part, origin: complex, end: complex) -> list[list[float] | None]:
    unit = abs(end - origin) or 1.0
    return [
        [round((joint.x - origin.real) / unit, 4), round((joint.y - origin.imag) / unit, 4)] if joint.on else None
        for joint in part
    ]
