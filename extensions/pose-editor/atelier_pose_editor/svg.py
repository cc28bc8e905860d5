"""A pose as a vector drawing: `P00_J00` is a joint, `P00_B00` a limb, so that drawing programs can move them.

What is read back are numbers from shapes with these ids, and nothing else: no text, no style, no script, no entity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import atan2, degrees, hypot
from typing import Any
from xml.parsers import expat

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .document import MOST_BYTES, is_number, size_of
from .draw import EDGE_COLOURS, FACE_RADIUS, HALF_STICK, HAND_JOINT, JOINT_RADIUS, WHITE
from .skeleton import (
    COLOURS,
    HAND_EDGES,
    LIMB_COLOURS,
    LIMBS,
    NO_BODY,
    NOWHERE,
    PARTS,
    Joint,
    Part,
    PartName,
    Person,
    Pose,
    tenth,
)
from .transforms import SAME, Matrix, apply, length, matrix_of, numbers, within

_LETTERS: dict[str, PartName] = {"J": "body", "T": "feet", "L": "left", "R": "right", "F": "face"}
_ID = re.compile(r"P(\d\d)_([JTLRF])(\d\d)")
_GREY = (160, 160, 160)


def to_svg(pose: Pose) -> str:
    """Limbs as ellipses, joints as circles, in the order and colours of the map; hidden ones are there, not shown."""
    width, height = pose.size
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    lines = [head, f'<rect width="{width}" height="{height}" fill="#000000"/>']
    for number, person in enumerate(pose.people):
        lines += [f'<g id="P{number:02}"{"" if person.on else _HIDDEN}>', *_shapes(f"P{number:02}_", person), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


_HIDDEN = ' display="none"'


def _shapes(start: str, person: Person) -> Iterator[str]:
    for limb, (one, other) in enumerate(LIMBS):
        yield _limb(f"{start}B{limb:02}", person.body[one], person.body[other], _hex(LIMB_COLOURS[limb]))
    yield from _dots(start + "J", person.body, JOINT_RADIUS, [_hex(colour) for colour in COLOURS])
    yield from _dots(start + "T", person.feet, JOINT_RADIUS, [_hex(_GREY)] * PARTS["feet"])
    for letter, hand in (("L", person.left), ("R", person.right)):
        for edge, (one, other) in enumerate(HAND_EDGES if hand else ()):
            yield _edge(f"{start}{letter}B{edge:02}", hand[one], hand[other], _hex(EDGE_COLOURS[edge]))
        yield from _dots(start + letter, hand, JOINT_RADIUS, [_hex(HAND_JOINT)] * PARTS["left"])
    yield from _dots(start + "F", person.face, FACE_RADIUS, [_hex(WHITE)] * PARTS["face"])


def _hex(colour: tuple[float, ...]) -> str:
    return "#" + "".join(f"{round(value):02x}" for value in colour)


def _dots(start: str, part: Part, radius: int, colours: list[str]) -> Iterator[str]:
    for number, (joint, colour) in enumerate(zip(part, colours, strict=False)):
        place = f'cx="{tenth(joint.x):g}" cy="{tenth(joint.y):g}" r="{radius}" fill="{colour}"'
        locked = ' data-locked="1"' if joint.locked else ""
        yield f'<circle id="{start}{number:02}" {place}{locked}{"" if joint.on else _HIDDEN}/>'


def _limb(name: str, one: Joint, other: Joint, colour: str) -> str:
    x, y, dx, dy = (one.x + other.x) / 2, (one.y + other.y) / 2, one.x - other.x, one.y - other.y
    turn = f"rotate({degrees(atan2(dy, dx)):.2f} {x:.2f} {y:.2f})"
    shape = f'cx="{x:.2f}" cy="{y:.2f}" rx="{hypot(dx, dy) / 2:.2f}" ry="{HALF_STICK}" transform="{turn}"'
    return f'<ellipse id="{name}" {shape} fill="{colour}"{"" if one.on and other.on else _HIDDEN}/>'


def _edge(name: str, one: Joint, other: Joint, colour: str) -> str:
    ends = f'x1="{one.x:.1f}" y1="{one.y:.1f}" x2="{other.x:.1f}" y2="{other.y:.1f}"'
    return f'<line id="{name}" {ends} stroke="{colour}" stroke-width="2"{"" if one.on and other.on else _HIDDEN}/>'


def from_svg(text: str | bytes) -> Pose:
    if len(text) > MOST_BYTES:
        raise UserError("This drawing is larger than {most} MB.", most=MOST_BYTES >> 20)
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.StartDoctypeDeclHandler = _refuse  # entities are declared nowhere else
    try:
        parser.Parse(text.encode("utf-8", "replace") if isinstance(text, str) else text, True)
    except (expat.ExpatError, LookupError, ValueError, OverflowError) as error:  # LookupError: an encoding nobody knows
        raise UserError("This file is not an SVG drawing, or it is damaged.") from error
    return reader.pose()


def _refuse(*_: object) -> None:
    raise UserError("SVG drawings with a document type or entities are not read.")


class _Reader:
    """What expat tells, element by element; where each one stands is known from the transforms around it."""

    def __init__(self) -> None:
        self.around: list[tuple[Matrix, bool]] = []
        self.size: Extent | None = None
        self.hidden: set[int] = set()
        self.joints: dict[int, dict[PartName, dict[int, Joint]]] = {}

    def start(self, tag: str, values: Mapping[str, str]) -> None:
        tag = tag.rpartition(":")[2]
        outer, shown = self.around[-1] if self.around else (SAME, True)
        matrix = within(outer, matrix_of(values["transform"])) if "transform" in values else outer
        if not self.around:
            matrix = self._root(tag, values)
        person = re.fullmatch(r"P(\d\d)", values.get("id", "")) if tag == "g" else None
        off = _is_hidden(values)
        if person and off:
            self.hidden.add(int(person[1]))
        self.around.append((matrix, shown and (person is not None or not off)))
        if tag in ("circle", "ellipse") and (found := _ID.fullmatch(values.get("id", ""))):
            self._joint(int(found[1]), _LETTERS[found[2]], int(found[3]), values)

    def end(self, _: str) -> None:
        self.around.pop()

    def _root(self, tag: str, values: Mapping[str, str]) -> Matrix:
        """The size of the picture is that of its view box; a drawing program may have moved its corner."""
        if tag != "svg":
            raise UserError("This file is not an SVG drawing, or it is damaged.")
        box = numbers(values.get("viewBox", ""))
        if len(box) != 4:
            box = [0, 0, length(values.get("width", "")), length(values.get("height", ""))]
        self.size = size_of(*(round(side) for side in box[2:]))
        return 1, 0, 0, 1, -box[0], -box[1]

    def _joint(self, person: int, part: PartName, number: int, values: Mapping[str, str]) -> None:
        if number >= PARTS[part]:
            return
        matrix, shown = self.around[-1]
        x, y = apply(matrix, length(values.get("cx", "0")), length(values.get("cy", "0")))
        if not (is_number(x) and is_number(y)):
            raise UserError("A joint of this drawing is too far from its picture.")
        joint = Joint(tenth(x), tenth(y), on=shown, locked=values.get("data-locked") == "1")
        self.joints.setdefault(person, {}).setdefault(part, {})[number] = joint

    def pose(self) -> Pose:
        if not self.joints or not self.size:
            raise UserError("This drawing has no joints of a pose: their ids are P00_J00, P00_J01 and so on.")
        people = [_person(found, number not in self.hidden) for number, found in sorted(self.joints.items())]
        return Pose(self.size, tuple(people))


def _person(found: dict[PartName, dict[int, Joint]], on: bool) -> Person:
    parts: dict[str, Any] = {
        name: tuple(joints.get(place, NOWHERE) for place in range(PARTS[name])) for name, joints in found.items()
    }
    return Person(**{"body": NO_BODY, **parts}, on=on)


def _is_hidden(values: Mapping[str, str]) -> bool:
    said = {values.get("display"), values.get("visibility")}
    style = values.get("style", "").replace(" ", "")
    return bool(said & {"none", "hidden"}) or "display:none" in style or "visibility:hidden" in style
