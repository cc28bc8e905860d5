"""Poses as other tools write them, and OpenPose's JSON as they all read it.

What they do differently: pixels or fractions of the picture, 18 or 25 joints, parts that are null, empty or left out, a
list of frames around it all, confidences that are real numbers, a canvas padded to multiples of 64.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from typing import Any

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .document import KEY, flat, from_document, numbers, parsed, people_of, size_of, wrong_count
from .skeleton import (
    BODY_25,
    BODY_25_FEET,
    FARTHEST,
    MOST_SIDE,
    NO_BODY,
    NOWHERE,
    PARTS,
    Joint,
    Part,
    PartName,
    Person,
    Pose,
    mapped,
    tenth,
)

SURE = 0.2  # the least confidence of a joint that is shown
_PAD = 64  # canvases are padded to multiples of it
_FRACTION = 2  # a body whose middle joint is nearer to the corner is in fractions of the picture: pixels are not
_KEYS: dict[PartName, str] = {
    "body": "pose_keypoints_2d",
    "feet": "foot_keypoints_2d",  # ours; others ignore it
    "left": "hand_left_keypoints_2d",
    "right": "hand_right_keypoints_2d",
    "face": "face_keypoints_2d",
}
_FACE_WITHOUT_PUPILS = 68
Notes = tuple[str, ...]


def read(source: str | bytes | dict | list, size: Extent | None = None) -> tuple[Pose, Notes]:
    """A pose in any dialect; `size` is that of the picture it is read for. The notes say what was changed."""
    found = parsed(source) if isinstance(source, str | bytes) else source
    notes: list[str] = []
    if isinstance(found, list):
        found = _first(found, notes)
    if not isinstance(found, dict):
        raise UserError("This is not a pose.")
    if KEY in found:
        return from_document(found), tuple(notes)
    if "keypoints" in found and "people" not in found:
        return _pairs(found), tuple(notes)
    return _openpose(found, size, notes), tuple(notes)


def openpose(pose: Pose) -> dict[str, Any]:
    """In pixels; a confidence is exactly 1 or 0. People who are hidden are left out."""
    people = [{_KEYS[name]: _written(part) for name, part in p.parts()} for p in pose.people if p.on]
    for person in people:
        if person[_KEYS["feet"]] is None:
            del person[_KEYS["feet"]]
    return {"people": people, "animals": [], "canvas_width": pose.size.width, "canvas_height": pose.size.height}


def _written(part: Part) -> list[float] | None:
    shown = tuple(replace(joint, locked=False) if joint.on else NOWHERE for joint in part)
    return [float(number) for number in flat(shown)] if part else None


def _first(found: list[Any], notes: list[str]) -> Any:
    if not found:
        raise UserError("The file has no pose.")
    if isinstance(found[0], dict) and _KEYS["body"] in found[0]:
        return {"people": found}
    if len(found) > 1:
        notes.append("The file has several frames; the first one was read.")
    return found[0]


def _pairs(found: dict[str, Any]) -> Pose:
    """fkunn1326's editor: all joints of all people in one list, as pairs."""
    size, pairs = size_of(found.get("width"), found.get("height")), found["keypoints"]
    body = PARTS["body"]
    if not isinstance(pairs, list) or len(pairs) % body:
        raise UserError("The file has a person with more or fewer joints than {wanted}.", wanted=body)
    bodies = people_of([pairs[start : start + body] for start in range(0, len(pairs), body)])
    return Pose(size, tuple(Person(_body_of_pairs(one, number)) for number, one in enumerate(bodies, 1)))


def _body_of_pairs(pairs: list[Any], number: int) -> Part:
    whole = [pair if isinstance(pair, list) and len(pair) == 2 else [0, 0] if pair is None else [""] for pair in pairs]
    values = numbers([value for pair in whole for value in pair], number, "keypoints")
    return tuple(_joint(x, y, float(x != 0 or y != 0)) for x, y in zip(values[::2], values[1::2], strict=True))


def _openpose(found: dict[str, Any], size: Extent | None, notes: list[str]) -> Pose:
    if "people" not in found and "animals" not in found:
        raise UserError("This is not a pose.")
    if found.get("animals"):
        notes.append("The animals in the file were left out.")
    listed = people_of([] if found.get("people") is None else found["people"])
    people = [person for n, one in enumerate(listed, 1) if (person := _person(one, n))]
    if len(people) < len(listed):
        notes.append("People without any joint were left out.")
    canvas = _canvas(found, size, people, notes)
    if is_fractions(people):
        people = [_in_pixels(person, canvas) for person in people]
    people = [_without_undetected(person) for person in people]
    return Pose(_unpadded(canvas, size, notes), tuple(people))


def _person(found: Any, number: int) -> Person | None:
    if not isinstance(found, dict):
        raise UserError("Person {number} of the pose cannot be read.", number=number)
    listed: dict[str, Any] = {name: _joints(found.get(key), key, number) for name, key in _KEYS.items()}
    body = listed["body"]
    if len(body) == 25:
        listed["body"] = tuple(body[place] for place in BODY_25)
        listed["feet"] = listed["feet"] or _shown(tuple(body[place] for place in BODY_25_FEET))
    if len(listed["face"]) == _FACE_WITHOUT_PUPILS:
        listed["face"] += (NOWHERE, NOWHERE)
    for name, wanted in PARTS.items():
        if len(listed[name]) not in (0, wanted):
            raise wrong_count(number, _KEYS[name], 3 * len(listed[name]), 3 * wanted)
    if not any(listed.values()):
        return None
    return Person(listed.pop("body") or NO_BODY, **listed)


def _joints(found: Any, key: str, number: int) -> Part:
    values = numbers([] if found is None else found, number, key)
    if len(values) % 3:
        raise wrong_count(number, key, len(values), len(values) // 3 * 3)
    triples = zip(values[::3], values[1::3], values[2::3], strict=True)
    return _shown(tuple(Joint(float(x), float(y), on=sure >= SURE) for x, y, sure in triples))


def _shown(part: Part) -> Part:
    """Nothing when it was found nowhere."""
    return part if any(joint.on for joint in part) else ()


def _joint(x: float, y: float, sure: float) -> Joint:
    return Joint(tenth(x), tenth(y), on=sure >= SURE)


def is_fractions(people: list[Person]) -> bool:
    """Asked of the file as a whole: one foot below the frame, at 1.11, does not make pixels of all the others."""
    bodies = [joint for person in people for joint in person.body if joint.on]
    joints = bodies or [joint for person in people for joint in person.joints() if joint.on]
    return bool(joints) and median(max(abs(joint.x), abs(joint.y)) for joint in joints) <= _FRACTION


def _canvas(found: dict[str, Any], size: Extent | None, people: list[Person], notes: list[str]) -> Extent:
    width, height = found.get("canvas_width"), found.get("canvas_height")
    if width is not None or height is not None:
        return size_of(width, height)
    if size:
        return size
    if is_fractions(people):
        raise UserError("This pose is in fractions of a picture whose size it does not say. Open the picture first.")
    notes.append("The file does not say how large its picture was; it was made large enough for its people.")
    return _around(people)


def _around(people: list[Person]) -> Extent:
    shown = [joint for person in people for joint in person.joints() if joint.on]
    right, down = max((j.x for j in shown), default=0), max((j.y for j in shown), default=0)
    return Extent(*(int(min(MOST_SIDE, max(512, edge + 1))) for edge in (right, down))).up_to_multiple(_PAD)


def _unpadded(canvas: Extent, size: Extent | None, notes: list[str]) -> Extent:
    """ControlNet's detectors see the picture with strips at right and bottom: the joints' pixels are the picture's."""
    if not size or canvas == size or size.up_to_multiple(_PAD) != canvas:
        return canvas
    notes.append("The canvas of the file had strips at its right or bottom that the picture does not have.")
    return size


def _in_pixels(person: Person, canvas: Extent) -> Person:
    return mapped(person, lambda x, y: (_near(x * canvas.width), _near(y * canvas.height)))


def _near(value: float) -> float:
    return min(max(value, -FARTHEST), FARTHEST)


def _without_undetected(person: Person) -> Person:
    """Rounded to 0.1 px. DWPose writes points of hands and faces that it did not find as -1, or as -1 / width."""
    parts: dict[str, Any] = {name: _found(part) for name, part in person.parts() if name in ("left", "right", "face")}
    return mapped(replace(person, **parts), lambda x, y: (x, y))


def _found(part: Part) -> Part:
    return _shown(tuple(NOWHERE if -1.05 < j.x < 0 and -1.05 < j.y < 0 else j for j in part))
