"""How far a picture must be continued so that people fit into it, and the pose on the larger canvas."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from statistics import median
from typing import NamedTuple

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .skeleton import MOST_SIDE, Joint, Person, Pose, moved

MOST_TIMES = 4  # the picture's side; beyond, nearly all of the result would be invented
SOLE, CROWN, PALM = 0.3, 0.35, 0.2  # torsos from ankle, eyes and wrist to the body's end
USUAL_TORSO = 0.25  # of the picture's longer side, where too little of a person is known
_TORSOS = ((1, 8, 1.0), (1, 11, 1.0), (8, 9, 0.85), (11, 12, 0.85), (9, 10, 0.85), (12, 13, 0.85), (2, 5, 0.74))


class Padding(NamedTuple):
    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def around(self, size: Extent) -> Extent:
        return Extent(self.left + size.width + self.right, self.top + size.height + self.bottom)


def padding_for(whom: Pose | Person, size: Extent, margin: int, multiple: int = 8) -> Padding:
    """What to add so that all that is on fits, with hands, feet, head and `margin` around what lies outside.

    A side that nobody leaves gets nothing. If any is added, both sides of the canvas become multiples of `multiple`.
    """
    people = whom.people if isinstance(whom, Pose) else (whom,)
    points = [point for person in people if person.on for point in _reaches(person, size)]
    if not points:
        return Padding()
    across, down = [x for x, _ in points], [y for _, y in points]
    over = (-min(across), -min(down), max(across) - size.width, max(down) - size.height)
    needed = Padding(*(ceil(far + margin) if far > 0 else 0 for far in over))
    if not any(needed):
        return needed
    _refuse_large(needed.around(size), size)
    left, right = _rounded(needed.left, needed.right, size.width, multiple)
    top, bottom = _rounded(needed.top, needed.bottom, size.height, multiple)
    return Padding(left, top, right, bottom)


def shifted(pose: Pose, padding: Padding) -> Pose:
    """The same people on the canvas around the picture."""
    people = tuple(moved(person, padding.left, padding.top) for person in pose.people)
    return Pose(padding.around(pose.size), people)


def torso_of(person: Person) -> float | None:
    """Its length in pixels, by the bones that are on."""
    body = person.body
    found = [_apart(body[a], body[b]) / share for a, b, share in _TORSOS if body[a].on and body[b].on]
    return median(found) if found else None


def _apart(one: Joint, other: Joint) -> float:
    return abs(complex(one.x - other.x, one.y - other.y))


def _reaches(person: Person, size: Extent) -> Iterator[tuple[float, float]]:
    """Joints, and where the body ends beyond the last of them; in any direction, as a foot may point to any."""
    yield from ((joint.x, joint.y) for joint in person.joints() if joint.on)
    torso = torso_of(person) or USUAL_TORSO * size.longer
    ends = dict.fromkeys((14, 15), CROWN) | ({} if person.feet else {10: SOLE, 13: SOLE})
    ends |= {i: PALM for i, hand in ((4, person.right), (7, person.left)) if not hand}
    for place, far in ends.items():
        joint, reach = person.body[place], far * torso
        if joint.on:
            yield joint.x - reach, joint.y - reach
            yield joint.x + reach, joint.y + reach


def _rounded(before: int, after: int, side: int, multiple: int) -> tuple[int, int]:
    """The canvas a multiple: what lacks goes where something is added anyway, else behind."""
    lacking = -(before + side + after) % multiple
    return (before + lacking, after) if before > after else (before, after + lacking)


def _refuse_large(canvas: Extent, size: Extent) -> None:
    if canvas.width > MOST_TIMES * size.width or canvas.height > MOST_TIMES * size.height:
        raise UserError(
            "This needs {width}×{height} pixels, over {times} times the picture. Hide joints or drag them nearer.",
            width=canvas.width,
            height=canvas.height,
            times=MOST_TIMES,
        )
    if canvas.longer > MOST_SIDE - 64:  # room for any usual multiple
        raise UserError(
            "This needs {width}×{height} pixels; at most {most} per side are possible. Make the picture smaller.",
            width=canvas.width,
            height=canvas.height,
            most=MOST_SIDE,
        )
