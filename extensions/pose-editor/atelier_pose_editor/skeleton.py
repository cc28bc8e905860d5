"""People as joints in pixels of the picture, and what OpenPose says about their order, bones and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from atelier_core.geometry import Extent

PartName = Literal["body", "feet", "left", "right", "face"]
Colour = tuple[int, int, int]

PARTS: dict[PartName, int] = {"body": 18, "feet": 6, "left": 21, "right": 21, "face": 70}  # left and right: hands
MOST_PEOPLE = 100
MOST_SIDE = 8192  # pixels
FARTHEST = 100_000  # pixels from the picture's corner

LIMBS = (  # in the order of drawing; limb i has the colour of joint i, darker
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13)),
    *((1, 0), (0, 14), (14, 16), (0, 15), (15, 17)),
)
COLOURS: tuple[Colour, ...] = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0)),
    *((0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255)),
    *((170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)
LIMB_COLOURS: tuple[Colour, ...] = tuple((r * 3 // 5, g * 3 // 5, b * 3 // 5) for r, g, b in COLOURS[: len(LIMBS)])
HAND_EDGES = tuple(
    (0 if step == 0 else finger + step, finger + step + 1) for finger in range(0, 20, 4) for step in range(4)
)
BODY_25 = (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18)  # the place there of each joint of ours
BODY_25_FEET = (19, 20, 21, 22, 23, 24)  # left big toe, small toe, heel; the right ones
ROOT, NOSE, NOSE_TIP = 1, 0, 30  # the neck, the nose of the body, the same place in the face
PARENTS = (1, 1, 1, 2, 3, 1, 5, 6, 1, 8, 9, 1, 11, 12, 0, 0, 14, 15)  # the neck is its own
FOOT_PARENTS = (13, 13, 13, 10, 10, 10)  # ankles of the body
HAND_PARENTS = (0, *(parent for parent, _ in HAND_EDGES))
WRISTS: dict[PartName, int] = {"left": 7, "right": 4}
_BODY_MIRROR = (0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16)  # what takes each joint's place
_FEET_MIRROR = (3, 4, 5, 0, 1, 2)
_FACE_MIRROR = (
    *range(16, -1, -1), *range(26, 16, -1), *range(27, 31), *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46), *(39, 38, 37, 36, 41, 40),
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *range(67, 64, -1), 69, 68,
)  # fmt: skip


@dataclass(frozen=True)
class Joint:
    x: float
    y: float
    on: bool = True
    locked: bool = False


Part = tuple[Joint, ...]
NOWHERE = Joint(0.0, 0.0, on=False)
NO_BODY: Part = (NOWHERE,) * PARTS["body"]


@dataclass(frozen=True)
class Person:
    body: Part
    feet: Part = ()
    left: Part = ()
    right: Part = ()
    face: Part = ()
    name: str = ""
    colour: str = ""  # #rrggbb
    on: bool = True
    concept: str = ""
    prompt: str = ""

    def __post_init__(self) -> None:
        for name, part in self.parts():
            if len(part) != PARTS[name] and (part or name == "body"):
                raise ValueError(f"{name} has {len(part)} joints, not {PARTS[name]}")

    def parts(self) -> Iterator[tuple[PartName, Part]]:
        for name in PARTS:
            yield name, getattr(self, name)

    def joints(self) -> Iterator[Joint]:
        return (joint for _, part in self.parts() for joint in part)


@dataclass(frozen=True)
class Pose:
    size: Extent
    people: tuple[Person, ...] = ()

    def __post_init__(self) -> None:
        if min(self.size) < 1 or max(self.size) > MOST_SIDE or len(self.people) > MOST_PEOPLE:
            raise ValueError(f"{len(self.people)} people on {self.size}")


Move = Callable[[float, float], tuple[float, float]]


def tenth(value: float) -> float:
    """To 0.1 px, as every place of a pose is written."""
    return round(value, 1) + 0.0  # no negative zero


def mapped(person: Person, move: Move) -> Person:
    """Every joint at a new place, hidden ones too."""
    parts: dict[str, Any] = {name: tuple(_at(joint, move) for joint in part) for name, part in person.parts()}
    return replace(person, **parts)


def _at(joint: Joint, move: Move) -> Joint:
    x, y = move(joint.x, joint.y)
    return replace(joint, x=tenth(x), y=tenth(y))


def moved(person: Person, dx: float, dy: float) -> Person:
    return mapped(person, lambda x, y: (x + dx, y + dy))


def scaled(person: Person, across: float, down: float, about: tuple[float, float] = (0, 0)) -> Person:
    cx, cy = about
    return mapped(person, lambda x, y: (cx + (x - cx) * across, cy + (y - cy) * down))


def mirrored(person: Person, axis: float) -> Person:
    """As a mirror at x = axis shows it: what was the right arm stands on the other side and is the left arm."""
    seen = mapped(person, lambda x, y: (2 * axis - x, y))
    return replace(
        seen,
        body=_reordered(seen.body, _BODY_MIRROR),
        feet=_reordered(seen.feet, _FEET_MIRROR),
        face=_reordered(seen.face, _FACE_MIRROR),
        left=seen.right,
        right=seen.left,
    )


def _reordered(part: Part, places: tuple[int, ...]) -> Part:
    return tuple(part[place] for place in places) if part else ()


def bounds(person: Person) -> tuple[float, float, float, float] | None:
    """Left, top, right, bottom of the joints that are on; nothing when none is."""
    shown = [joint for joint in person.joints() if joint.on]
    if not shown:
        return None
    across, down = [joint.x for joint in shown], [joint.y for joint in shown]
    return min(across), min(down), max(across), max(down)


def resized(pose: Pose, size: Extent) -> Pose:
    """The same pose on a picture of another size, stretched as the picture is."""
    across, down = size.width / pose.size.width, size.height / pose.size.height
    return Pose(size, tuple(scaled(person, across, down) for person in pose.people))
