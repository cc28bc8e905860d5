"""Where a person's trunk and head are, how long the torso is and which way is down, from whatever is seen of them."""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from atelier_core.geometry import Extent

Places = dict[int, complex]  # joint of the body -> x + y·i, pixels

# Usual lengths in torsos, neck to the middle of the hips.
THIGH, SHANK, UPPER_ARM, FOREARM, FOOT = 0.85, 0.85, 0.62, 0.5, 0.55
SHOULDER, HIP = 0.37, 0.2  # half of each breadth
HEAD = {0: (0.0, -0.38), 14: (-0.07, -0.46), 15: (0.07, -0.46), 16: (-0.16, -0.42), 17: (0.16, -0.42)}  # from the neck
_BONES = (
    *((2, 3, UPPER_ARM), (5, 6, UPPER_ARM), (3, 4, FOREARM), (6, 7, FOREARM)),
    *((8, 9, THIGH), (11, 12, THIGH), (9, 10, SHANK), (12, 13, SHANK), (2, 5, 2 * SHOULDER)),
)
_SKULL = ((16, 17, 0.32), (14, 15, 0.14), (0, 14, 0.1), (0, 15, 0.1))
LOWER = (8, 9, 10, 11, 12, 13)
UPPER = (0, *range(2, 8), *range(14, 18))
ASTRAY = 0.64  # the cosine of the largest angle between where a guess and where the rest says the trunk is, 50 degrees


class Frame(NamedTuple):
    torso: float  # pixels
    down: complex  # from neck to hips, of length 1
    across: complex  # from right to left, of length 1
    size: Extent

    def hanging(self, outward: float) -> complex:
        return unit(self.down + self.across * outward) or self.down

    def at(self, torsos: tuple[float, float]) -> complex:
        """Pixels of so many torsos to the left and down."""
        return (self.across * torsos[0] + self.down * torsos[1]) * self.torso

    def shows(self, place: complex) -> bool:
        return 0 <= place.real < self.size.width and 0 <= place.imag < self.size.height


def unit(way: complex) -> complex:
    return way / abs(way) if abs(way) > 1e-6 else 0j


def placed(seen: Places, guesses: Places, size: Extent) -> tuple[Frame, Places, Places]:
    """The frame; the seen joints and all of trunk and head; the guesses that can be true."""
    torso = _torso(seen)
    down = _down(seen, torso)
    frame = Frame(torso, down, _across(seen, guesses, down), size)
    places = dict(seen)
    neck, hips = _neck(seen), middle(seen, 8, 11)
    if neck is None and hips is None:
        neck = _from_other(seen, frame)
    if hips is None and neck is not None:
        hips, guesses = _guessed(neck, frame.down, middle(guesses, 8, 11), guesses, LOWER, torso)
    elif neck is None and hips is not None:
        neck, guesses = _guessed(hips, -frame.down, _neck(guesses), guesses, UPPER, torso)
    assert neck is not None and hips is not None
    places.setdefault(1, neck)
    _pair(places, frame, (2, 5), neck, SHOULDER)
    _pair(places, frame, (8, 11), hips, HIP * _breadth(seen, torso))
    _head(places, guesses, frame)
    return frame, places, guesses


def middle(places: Places, one: int, two: int) -> complex | None:
    found = [places[i] for i in (one, two) if i in places]
    return sum(found) / len(found) if found else None


def _neck(places: Places) -> complex | None:
    return places[1] if 1 in places else middle(places, 2, 5) if 2 in places and 5 in places else None


def _measured(places: Places, bones: tuple[tuple[int, int, float], ...]) -> list[float]:
    return [abs(places[a] - places[b]) / share for a, b, share in bones if a in places and b in places]


def _torso(seen: Places) -> float:
    """In pixels. Bones that point at the viewer look short, so a torso shorter than the other bones say is one such."""
    neck, hips = _neck(seen), middle(seen, 8, 11)
    bones = _measured(seen, _BONES)
    if neck is not None and hips is not None:
        return max(abs(neck - hips), 0.7 * median(bones or [0.0]), 1.0)
    if not bones and neck is not None and 0 in seen:
        return max(abs(neck - seen[0]) / 0.38, 1.0)
    return max(max(bones or _measured(seen, _SKULL) or [1.0]), 1.0)


def _down(seen: Places, torso: float) -> complex:
    neck, hips = _neck(seen), middle(seen, 8, 11)
    if neck is not None and hips is not None and abs(hips - neck) > 0.2 * torso:
        return unit(hips - neck)
    way = 0.3j  # most people are upright
    if 2 in seen and 5 in seen:
        way += unit(1j * (seen[5] - seen[2])) * min(1.0, abs(seen[5] - seen[2]) / torso) * _side(seen)
    if neck is not None and 0 in seen:
        way += 0.7 * unit(neck - seen[0])
    elif 0 in seen and (eyes := middle(seen, 14, 15)) is not None:
        way += 0.7 * unit(seen[0] - eyes)
    knees = middle(seen, 9, 12)
    if hips is not None and knees is not None:
        way += 0.7 * unit(knees - hips)
    return unit(way) or 1j


def _side(seen: Places) -> float:
    """Whether a person faces the viewer, 1, or turns the back, -1: then left and right are the other way round."""
    across, neck = seen[5] - seen[2], _neck(seen)
    if 0 in seen and neck is not None and abs(neck - seen[0]) > 1:
        return 1.0 if (1j * across * (neck - seen[0]).conjugate()).real >= 0 else -1.0
    return 1.0 if across.real >= 0 else -1.0


def _across(seen: Places, guesses: Places, down: complex) -> complex:
    for places in (seen, guesses):
        for right, left in ((2, 5), (8, 11), (16, 17), (14, 15)):
            if right in places and left in places and abs(places[left] - places[right]) > 1:
                way = (places[left] - places[right]) / down
                return down * -1j * (1 if way.imag <= 0 else -1)
    return down * -1j


def _from_other(seen: Places, frame: Frame) -> complex:
    """The neck, when neither it nor a hip is seen: from head, one shoulder, or limbs."""
    for joint, share in ((2, (-SHOULDER, 0.0)), (5, (SHOULDER, 0.0)), *HEAD.items()):
        if joint in seen:
            return seen[joint] - frame.at(share)
    legs = {9: THIGH, 12: THIGH, 10: THIGH + SHANK, 13: THIGH + SHANK}
    arms = {3: UPPER_ARM, 6: UPPER_ARM, 4: UPPER_ARM + FOREARM, 7: UPPER_ARM + FOREARM}
    joint = next(i for i in (9, 12, 10, 13, 3, 6, 4, 7) if i in seen)
    above = 1 + legs[joint] if joint in legs else arms[joint]
    return seen[joint] - frame.down * above * frame.torso


def _guessed(
    start: complex, way: complex, guess: complex | None, guesses: Places, beyond: tuple[int, ...], torso: float
) -> tuple[complex, Places]:
    """The other end of the trunk, halfway between guess and proportion. A guess astray goes with its limbs."""
    usual = start + way * torso
    if guess is not None:
        astray = (unit(guess - start) / way).real < ASTRAY
        if not astray and 0.4 * torso < abs(guess - start) < 2 * torso:
            return (usual + guess) / 2, guesses
    return usual, {i: place for i, place in guesses.items() if i not in beyond}


def _breadth(seen: Places, torso: float) -> float:
    """Of a person turned to the side, hips are as narrow as shoulders are."""
    if 2 not in seen or 5 not in seen:
        return 1.0
    return min(1.0, max(0.3, abs(seen[5] - seen[2]) / (2 * SHOULDER * torso)))


def _pair(places: Places, frame: Frame, pair: tuple[int, int], at: complex, half: float) -> None:
    """Missing shoulders or hips stand on either side of their middle; a single one opposite to the other."""
    spread = frame.across * half * frame.torso
    for joint, other, way in ((pair[0], pair[1], -spread), (pair[1], pair[0], spread)):
        if joint not in places:
            places[joint] = places[other] + 2 * way if other in places else at + way


def _head(places: Places, guesses: Places, frame: Frame) -> None:
    """A head of which nothing is seen stands on the neck. Of one that is seen, what the edge cuts off is missing."""
    known = next((i for i in HEAD if i in places), None)
    shift = places[known] - places[1] - frame.at(HEAD[known]) if known is not None else 0j
    for joint in HEAD.keys() - places.keys():
        usual = places[1] + shift + frame.at(HEAD[joint])
        guess = guesses.get(joint, usual)
        place = (guess + usual) / 2 if abs(guess - usual) < 0.4 * frame.torso else usual
        if known is None or not frame.shows(place):
            places[joint] = place
