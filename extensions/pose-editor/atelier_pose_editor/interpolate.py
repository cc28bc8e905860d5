"""From one pose to another in steps: bones turn the shorter way and grow evenly, so that limbs keep their lengths."""

from __future__ import annotations

from cmath import phase, rect
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

from atelier_core.errors import UserError

from .skeleton import (
    FOOT_PARENTS,
    HAND_PARENTS,
    LIMBS,
    NOSE,
    NOSE_TIP,
    NOWHERE,
    PARENTS,
    PARTS,
    ROOT,
    WRISTS,
    Joint,
    Person,
    Pose,
    tenth,
)

MOST_FRAMES = 1000
_BODY, _FEET, _LEFT, _RIGHT, _FACE = accumulate([0, *PARTS.values()][:-1])
_TIP = _FACE + NOSE_TIP
_ALL_PARENTS = (  # of all joints of a person in one row: hands hang at the wrists, the face at the nose
    *PARENTS,
    *FOOT_PARENTS,
    *(WRISTS["left"], *(_LEFT + parent for parent in HAND_PARENTS[1:])),
    *(WRISTS["right"], *(_RIGHT + parent for parent in HAND_PARENTS[1:])),
    *(NOSE if joint == NOSE_TIP else _TIP for joint in range(PARTS["face"])),
)
_ORDER = (ROOT, *(child for _, child in LIMBS), *range(_FEET, _FACE), _TIP, *({*range(_FACE, _FACE + 70)} - {_TIP}))


def between(a: Pose, b: Pose, frames: int) -> tuple[Pose, ...]:
    """`frames` poses of which the first is `a` and the last is `b`.

    People are matched by their order. Whoever or whatever only one of the poses has is there in its half of the frames.
    """
    if a.size != b.size:
        raise UserError("Both poses must be made for pictures of the same size.")
    if not 2 <= frames <= MOST_FRAMES:
        raise UserError("There can be 2 to {most} frames.", most=MOST_FRAMES)
    return (a, *(_mixed(a, b, step / (frames - 1)) for step in range(1, frames - 1)), b)


def _mixed(a: Pose, b: Pose, share: float) -> Pose:
    met = [_person(one, other, share) for one, other in zip(a.people, b.people, strict=False)]
    rest = (a if share < 0.5 else b).people[len(met) :]
    return Pose(a.size, (*met, *rest))


def _person(one: Person, other: Person, share: float) -> Person:
    nearer = one if share < 0.5 else other
    row = _row(_joints(one), _joints(other), share)
    parts: dict[str, Any] = {}
    for (name, part), start in zip(nearer.parts(), (_BODY, _FEET, _LEFT, _RIGHT, _FACE), strict=True):
        parts[name] = tuple(row[start : start + len(part)])
    return replace(nearer, **parts)


def _joints(person: Person) -> list[Joint]:
    return [joint for name, part in person.parts() for joint in part or (NOWHERE,) * PARTS[name]]


def _row(one: Sequence[Joint], other: Sequence[Joint], share: float) -> list[Joint]:
    both = [a.on and b.on for a, b in zip(one, other, strict=True)]
    starts, ends = ([complex(joint.x, joint.y) for joint in row] for row in (one, other))
    placed = [0j] * len(both)
    for joint in _ORDER:
        if not (one[joint].on or other[joint].on):
            placed[joint] = starts[joint] if share < 0.5 else ends[joint]
            continue
        parent = _held_by(joint, both)
        base = (starts[parent], ends[parent], placed[parent]) if parent is not None else (0j, 0j, 0j)
        from_a, from_b = starts[joint] - base[0], ends[joint] - base[1]
        if not both[joint]:
            bone = from_a if one[joint].on else from_b
        elif parent is None:
            bone = from_a + (from_b - from_a) * share
        else:
            bone = turned(from_a, from_b, share)
        placed[joint] = base[2] + bone
    nearer = one if share < 0.5 else other
    return [replace(joint, x=tenth(z.real), y=tenth(z.imag)) for joint, z in zip(nearer, placed, strict=True)]


def _held_by(joint: int, both: Sequence[bool]) -> int | None:
    """The nearest joint toward the neck that both poses show."""
    while joint != ROOT:
        joint = _ALL_PARENTS[joint]
        if both[joint]:
            return joint
    return None


def turned(one: complex, other: complex, share: float) -> complex:
    if not one or not other:
        return one + (other - one) * share
    length = abs(one) + (abs(other) - abs(one)) * share
    return rect(length, phase(one) + phase(other / one) * share)
