"""Joints that a picture does not show, proposed from those that it does.

A detector that sees half a person guesses the rest too near: it presses knees and feet toward the picture's edge. So
of its guess a limb keeps the direction from root to end and half of the length; the other half comes from the person's
own bones, or from usual proportions where none of the kind is seen. All points are complex numbers, x + y·i, in pixels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import exp, sqrt
from typing import NamedTuple

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from . import trunk
from .skeleton import FARTHEST, FOOT_PARENTS, Joint, Part, PartName, Person, tenth
from .trunk import Frame, Places, unit

Ghosts = dict[tuple[PartName, int], float]
LEAST_SEEN = 3  # joints of the body, to say anything of the rest
TRUSTED = 0.5  # of a guessed length, beside the one from proportions
LONGEST_GUESS = 1.6  # times what proportions say; beyond, a guess only gives the direction
OWN = 0.35  # how much a seen upper bone says about the lower one
HIDDEN = 0.6  # torsos: a joint proposed this near to the edge it points at would be seen, so it is beyond
BEYOND = 0.05  # torsos


class Limb(NamedTuple):
    root: int
    mid: int
    end: int
    other: tuple[int, int, int]  # the same joints of the other side
    upper: float  # usual lengths, in torsos
    lower: float
    outward: float  # how far from the trunk's direction it hangs, when nothing says more


LIMBS = (
    Limb(2, 3, 4, (5, 6, 7), trunk.UPPER_ARM, trunk.FOREARM, -0.2),
    Limb(5, 6, 7, (2, 3, 4), trunk.UPPER_ARM, trunk.FOREARM, 0.2),
    Limb(8, 9, 10, (11, 12, 13), trunk.THIGH, trunk.SHANK, -0.05),
    Limb(11, 12, 13, (8, 9, 10), trunk.THIGH, trunk.SHANK, 0.05),
)


def completed(person: Person, size: Extent, raw: Person | None = None) -> tuple[Person, Ghosts]:
    """The person with all of the body, but for what the head turns away; and how sure each proposed joint is, 0..1.

    What is seen and what is locked stays, hidden too. `raw` is what a detector thinks about joints that it does not
    see; without it, joints that are on but outside of the picture are taken as such guesses.
    """
    seen = {i: complex(j.x, j.y) for i, j in enumerate(person.body) if j.on and (j.locked or inside(j, size))}
    if len(seen) < LEAST_SEEN:
        raise UserError("Too little of this person can be seen to complete it.")
    guesses = _guesses(person, raw, seen)
    frame, places, guesses = trunk.placed(seen, guesses, size)
    limbs = [_limb(limb, places, guesses, frame) for limb in LIMBS]  # each from what is seen of the others
    places = {joint: place for found in (places, *limbs) for joint, place in found.items()}
    sure = {i: _sureness(places, seen, guesses, i, frame) for i in places if i not in seen}
    body, ghosts = _body(person, places, sure)
    feet = _feet(person, raw, places, size, sure, frame)
    return replace(person, body=body, feet=feet[0]), ghosts | feet[1]


def inside(joint: Joint, size: Extent) -> bool:
    return 0 <= joint.x < size.width and 0 <= joint.y < size.height


def _guesses(person: Person, raw: Person | None, seen: Mapping[int, complex]) -> Places:
    given = raw.body if raw else tuple(joint if joint.on else Joint(0, 0) for joint in person.body)
    return {i: complex(j.x, j.y) for i, j in enumerate(given) if i not in seen and (j.x or j.y)}


def _limb(limb: Limb, places: Places, guesses: Places, frame: Frame) -> Places:
    if limb.mid in places and limb.end in places:
        return {}
    if limb.end in places:
        return {limb.mid: _between(limb, places, guesses, frame)}
    if limb.mid in places:
        return {limb.end: _lower_end(limb, places, guesses, frame)}
    return _whole(limb, places, guesses, frame)


def _whole(limb: Limb, places: Places, guesses: Places, frame: Frame) -> Places:
    """Neither joint is seen: the end along the guessed chord, the middle halfway, bent as far as the guess is."""
    root, usual = places[limb.root], _upper(limb, places, frame) + _lower(limb, places, frame)
    if limb.end not in guesses:
        way = _mirrored(limb, 0, 2, places, frame) or frame.hanging(limb.outward)
        end = _beyond(root + way * usual, way, frame)
        return {limb.mid: root + (end - root) * limb.upper / (limb.upper + limb.lower), limb.end: end}
    chord = guesses[limb.end] - root
    way = unit(chord) or frame.hanging(limb.outward)
    end = _beyond(root + way * _length(abs(chord), usual), way, frame)
    bend = (guesses[limb.mid] - root) / way if limb.mid in guesses else 0j
    most = 0.2 * usual
    return {limb.mid: (root + end) / 2 + way * 1j * min(max(bend.imag / 2, -most), most), limb.end: end}


def _lower_end(limb: Limb, places: Places, guesses: Places, frame: Frame) -> complex:
    mid, usual = places[limb.mid], _lower(limb, places, frame)
    straight = unit(mid - places[limb.root]) or frame.down
    if limb.end in guesses and guesses[limb.end] != mid:
        way, length = unit(guesses[limb.end] - mid), _length(abs(guesses[limb.end] - mid), usual)
    else:
        way = _mirrored(limb, 1, 2, places, frame) or unit(straight + frame.hanging(limb.outward) / 2) or straight
        length = usual
    return _beyond(mid + way * length, way, frame)


def _between(limb: Limb, places: Places, guesses: Places, frame: Frame) -> complex:
    """Only the middle is missing: where both bones meet, on the side of the guess."""
    root, end = places[limb.root], places[limb.end]
    way = unit(end - root) or frame.down
    half = (_upper(limb, places, frame) + _lower(limb, places, frame)) / 2
    height = sqrt(max(0.0, half**2 - (abs(end - root) / 2) ** 2))
    side = ((guesses[limb.mid] - root) / way).imag if limb.mid in guesses else (frame.across * limb.outward / way).imag
    return (root + end) / 2 + way * 1j * (height if side > 0 else -height)


def _length(guessed: float, usual: float) -> float:
    return TRUSTED * min(guessed, LONGEST_GUESS * usual) + (1 - TRUSTED) * usual


def _upper(limb: Limb, places: Places, frame: Frame) -> float:
    other = _bone(limb.other[0], limb.other[1], places)
    usual = limb.upper * frame.torso
    return max(other, 0.6 * usual) if other else usual


def _lower(limb: Limb, places: Places, frame: Frame) -> float:
    """As on the other side; or long where this person's upper bone is long."""
    other = _bone(limb.other[1], limb.other[2], places)
    usual = limb.lower * frame.torso
    if other:
        return max(other, 0.6 * usual)
    own = max(_bone(limb.root, limb.mid, places), _bone(limb.other[0], limb.other[1], places))
    share = own / (limb.upper * frame.torso)
    return usual * (1 - OWN + OWN * min(share, 1.3)) if share > 0.7 else usual  # a shorter one points at the viewer


def _bone(start: int, end: int, places: Places) -> float:
    return abs(places[start] - places[end]) if start in places and end in places else 0.0


def _mirrored(limb: Limb, start: int, end: int, places: Places, frame: Frame) -> complex:
    """The way of the other side's limb, seen in a mirror along the trunk; 0 if it is not there."""
    one, two = limb.other[start], limb.other[end]
    if one not in places or two not in places:
        return 0j
    return frame.down * (unit(places[two] - places[one]) / frame.down).conjugate()


def _beyond(place: complex, way: complex, frame: Frame) -> complex:
    """A place that would be seen moves on along its way to behind the edge, if that is near."""
    ways = []
    for low, high, at, step in (
        (0, frame.size.width, place.real, way.real),
        (0, frame.size.height, place.imag, way.imag),
    ):
        room = (high - at if step > 0 else at - low) + BEYOND * frame.torso
        if not low <= at < high:
            return place
        if abs(step) > 0.3:
            ways.append(room / abs(step))
    return place + way * min(ways) if ways and min(ways) < HIDDEN * frame.torso else place


def _sureness(places: Places, seen: Places, guesses: Places, joint: int, frame: Frame) -> float:
    far = min(abs(places[joint] - place) for place in seen.values()) / frame.torso
    return round((0.9 if joint in guesses else 0.7) * exp(-far / 1.5), 2)


def _body(person: Person, places: Places, sure: Mapping[int, float]) -> tuple[Part, Ghosts]:
    ghosts: Ghosts = {("body", i): value for i, value in sure.items() if not person.body[i].locked}
    body = tuple(_joint(places[i]) if ("body", i) in ghosts else joint for i, joint in enumerate(person.body))
    return body, ghosts


def _joint(place: complex) -> Joint:
    across, down = (tenth(min(max(value, -FARTHEST), FARTHEST)) for value in (place.real, place.imag))
    return Joint(across, down)


def _feet(
    person: Person, raw: Person | None, places: Places, size: Extent, sure: Mapping[int, float], frame: Frame
) -> tuple[Part, Ghosts]:
    """Feet go with their ankles, if there are feet at all."""
    given: Part = (raw.feet if raw else ()) or person.feet
    ghosts: Ghosts = {}
    if not given:
        return (), ghosts
    feet = list(person.feet or given)
    ankles = (raw or person).body
    for i, (joint, guess, ankle) in enumerate(zip(tuple(feet), given, FOOT_PARENTS, strict=True)):
        if joint.locked or (joint.on and inside(joint, size) and ankle not in sure):
            continue
        way = complex(guess.x - ankles[ankle].x, guess.y - ankles[ankle].y)
        feet[i] = _joint(places[ankle] + unit(way) * min(abs(way), trunk.FOOT * frame.torso))
        ghosts["feet", i] = round(0.8 * sure.get(ankle, 1.0), 2)
    return tuple(feet), ghosts
