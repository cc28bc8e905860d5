"""A pose as JSON, strict both ways, and as one line of letters that an infotext can carry."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import Any

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .skeleton import FARTHEST, MOST_PEOPLE, MOST_SIDE, NO_BODY, PARTS, Joint, Part, PartName, Person, Pose, tenth

KEY, VERSION = "atelier_pose", 1
MOST_BYTES = 8 << 20  # of JSON
_TEXTS = {"name": 200, "concept": 200, "prompt": 4000}  # the longest, in characters
_COLOUR = re.compile(r"(#[0-9a-fA-F]{6})?")
_PREFIX = "ap1."  # of a code; another number is another way of packing
_LATER = re.compile(r"ap(?!1\.)[0-9]+\.")


def to_document(pose: Pose) -> dict[str, Any]:
    people = [
        {"name": p.name, "colour": p.colour, "on": p.on, "concept": p.concept, "prompt": p.prompt}
        | {name: flat(part) for name, part in p.parts()}
        for p in pose.people
    ]
    return {KEY: VERSION, "width": pose.size.width, "height": pose.size.height, "people": people}


def to_text(pose: Pose) -> str:
    return json.dumps(to_document(pose), ensure_ascii=False, separators=(",", ":"))


def flat(part: Part) -> list[float]:
    return [number for j in part for number in (_short(j.x), _short(j.y), _state(j))]


def _state(joint: Joint) -> int:
    return (2 if joint.on else 3) if joint.locked else int(joint.on)


def _short(value: float) -> float:
    value = tenth(value)
    return int(value) if value.is_integer() else value


def from_text(text: str | bytes) -> Pose:
    return from_document(parsed(text))


def parsed(text: str | bytes) -> Any:
    """What a JSON text says, whatever it is."""
    if len(text) > MOST_BYTES:
        raise UserError("This pose is larger than {most} MB.", most=MOST_BYTES >> 20)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:  # no JSON, no Unicode, a number of 5000 digits; brackets without end
        raise UserError("This is not a pose: it cannot be read as JSON.") from error


def from_document(found: Any) -> Pose:
    if not isinstance(found, dict) or KEY not in found:
        raise UserError("This is not a pose.")
    if found[KEY] != VERSION:
        raise UserError("This pose was written by a newer version.")
    size = size_of(found.get("width"), found.get("height"))
    return Pose(size, tuple(_person(one, n) for n, one in enumerate(people_of(found.get("people")), 1)))


def size_of(width: Any, height: Any) -> Extent:
    sides = [int(side) if is_number(side) and side == int(side) else 0 for side in (width, height)]
    if not all(1 <= side <= MOST_SIDE for side in sides):
        raise UserError("The picture of a pose must have 1 to {most} pixels per side.", most=MOST_SIDE)
    return Extent(*sides)


def people_of(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise UserError("The pose has no list of people.")
    if len(found) > MOST_PEOPLE:
        raise UserError("The pose has {count} people; at most {most} are possible.", count=len(found), most=MOST_PEOPLE)
    return found


def is_number(value: Any) -> bool:
    """Finite and no farther from the picture than a joint may be."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -FARTHEST <= value <= FARTHEST


def numbers(found: Any, number: int, part: str) -> list[float]:
    """A list of numbers, or the sentence that says whose it should have been."""
    if not isinstance(found, list) or not all(map(is_number, found)):
        raise UserError(
            "The part “{part}” of person {number} has something that is no number from -{most} to {most}.",
            part=part,
            number=number,
            most=FARTHEST,
        )
    return found


def wrong_count(number: int, part: str, count: int, wanted: int) -> UserError:
    return UserError(
        "The part “{part}” of person {number} has {count} numbers instead of {wanted}.",
        part=part,
        number=number,
        count=count,
        wanted=wanted,
    )


def _person(found: Any, number: int) -> Person:
    if not isinstance(found, dict):
        raise UserError("Person {number} of the pose cannot be read.", number=number)
    texts: dict[str, Any] = {key: _text(found.get(key, ""), most, number) for key, most in _TEXTS.items()}
    colour, on = found.get("colour", ""), found.get("on", True)
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour) or not isinstance(on, bool):
        raise UserError("Person {number} of the pose cannot be read.", number=number)
    parts: dict[str, Any] = {name: _part(found.get(name, []), name, number) for name in PARTS}
    parts["body"] = parts["body"] or NO_BODY
    return Person(**parts, **texts, colour=colour, on=on)


def _text(found: Any, most: int, number: int) -> str:
    if not isinstance(found, str) or len(found) > most:
        raise UserError("A text of person {number} is longer than {most} letters.", number=number, most=most)
    return found.encode(errors="replace").decode()  # half an emoji, as pages cut them, can be written nowhere


def _part(found: Any, name: PartName, number: int) -> Part:
    values = numbers(found, number, name)
    if values and len(values) != 3 * PARTS[name]:
        raise wrong_count(number, name, len(values), 3 * PARTS[name])
    if not {*values[2::3]} <= {0, 1, 2, 3}:
        raise UserError("Person {number} of the pose cannot be read.", number=number)
    triples = zip(values[::3], values[1::3], values[2::3], strict=True)
    return tuple(Joint(tenth(x), tenth(y), on=state in (1, 2), locked=state >= 2) for x, y, state in triples)


def code(pose: Pose) -> str:
    """One line without spaces, commas or quotes, from which `from_code` makes the same pose, to 0.1 px."""
    packed = [
        [p.name, p.colour, int(p.on), p.concept, p.prompt, *(_packed(part) for _, part in p.parts())]
        for p in pose.people
    ]
    text = json.dumps([*pose.size, packed], ensure_ascii=False, separators=(",", ":"))
    return _PREFIX + base64.urlsafe_b64encode(zlib.compress(text.encode(), 9)).decode().rstrip("=")


def _packed(part: Part) -> list[int]:
    """Tenths of a pixel, each as its distance from the joint before; then the states, as one number in base 4."""
    tenths = [(round(joint.x * 10), round(joint.y * 10)) for joint in part]
    before = [(0, 0), *tenths]
    steps = [
        value - last for one, other in zip(tenths, before, strict=False) for value, last in zip(one, other, strict=True)
    ]
    return [*steps, sum(_state(joint) << 2 * place for place, joint in enumerate(part))] if part else []


def from_code(text: str) -> Pose:
    """A code may unpack to at most 8 MB; a longer one is refused before it takes that room."""
    if _LATER.match(text):
        raise UserError("This pose was written by a newer version.")
    try:
        if len(text) > MOST_BYTES or not text.startswith(_PREFIX):
            raise ValueError("not ours")
        squeezed = text[len(_PREFIX) :].encode("ascii")
        data = base64.b64decode(squeezed + b"=" * (-len(squeezed) % 4), b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(data, MOST_BYTES)
        if not unpacker.eof:
            raise ValueError("cut off, or too large")
        width, height, people = json.loads(plain)
        document = {KEY: VERSION, "width": width, "height": height, "people": [_unpacked(person) for person in people]}
    except (ValueError, TypeError, RecursionError, OverflowError, binascii.Error, zlib.error) as error:
        raise UserError("The pose in this text is damaged.") from error
    return from_document(document)


def _unpacked(person: list[Any]) -> dict[str, Any]:
    name, colour, on, concept, prompt, *parts = person
    texts = {"name": name, "colour": colour, "on": bool(on), "concept": concept, "prompt": prompt}
    return texts | {key: _placed(part) for key, part in zip(PARTS, parts, strict=True)}


def _placed(packed: list[int]) -> list[float]:
    if not packed:
        return []
    *steps, states = packed
    x = y = 0
    found: list[float] = []
    for place, (dx, dy) in enumerate(zip(steps[::2], steps[1::2], strict=True)):
        x, y = x + dx, y + dy
        found += [x / 10, y / 10, states >> 2 * place & 3]
    return found
