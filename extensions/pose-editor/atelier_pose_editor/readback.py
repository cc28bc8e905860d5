"""A pose out of a skeleton map: joints by their colours, people by the limbs that join them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import ceil, hypot

import numpy as np
from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .discs import DOT, EDGE, JOINT, Place, discs, labels_of
from .draw import JOINT_RADIUS, draw_person, map_of
from .readhands import Hand, hands_of
from .readpeople import Body, bodies_of, limb_worth
from .skeleton import MOST_PEOPLE, MOST_SIDE, NO_BODY, NOWHERE, PARTS, Joint, Part, Person, Pose, bounds, moved

_SEEN, _SURELY_SEEN = 0.15, 0.45  # shares of a disc; the latter for colours that hands have too
_SHARED = {0, 9, 12}  # joints with such colours
_WRONG = 0.15  # of what is drawn: limbs turn in whole degrees
_WRISTS = {4: "right", 7: "left"}
_LIMB_SEEN = 0.1  # share of a forearm
Notes = tuple[str, ...]


def pose_of_map(rgb: np.ndarray) -> tuple[Pose, Notes]:
    """[H, W, 3] uint8. Joints are found to the pixel that they were drawn at; the notes say what is in doubt."""
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or max(rgb.shape) > MOST_SIDE:
        raise UserError("This picture is no skeleton map, or it was resized or saved with losses.")
    labels = labels_of(rgb)
    shared = _SHARED if labels.has(*range(EDGE, DOT)) else set()
    found = [discs(labels, JOINT + joint, _SURELY_SEEN if joint in shared else _SEEN) for joint in range(18)]
    bodies, notes = bodies_of(labels.grid, found, shared)
    knees = {body.places.get(12) for body in bodies}
    hands = hands_of(labels, [place for place in found[12] if place not in knees]) if shared else []
    for body in bodies:
        _wrists_below(labels.grid, body, hands)
    if not bodies or len(bodies) > MOST_PEOPLE:
        raise UserError("No people can be found in this skeleton map.")
    if labels.has(DOT):
        notes.append("The dots of faces cannot be told apart and were left out.")
    if any(len(hand) < PARTS["left"] for hand in hands):
        notes.append("Some joints of hands are hidden below others and were left out.")
    size = Extent(rgb.shape[1], rgb.shape[0])
    whole, halves = (_ordered(rgb, Pose(size, _people(bodies, hands, part))) for part in (0.0, 0.5))
    pose = halves if (wrong := _wrong(rgb, whole)) else whole
    if wrong > _WRONG:
        notes.append("Some of this skeleton map could not be read; what was read draws another one.")
    return pose, tuple(notes)


def _wrists_below(labels: np.ndarray, body: Body, hands: Sequence[Hand]) -> None:
    """The first joint of a hand often lies exactly on the wrist."""
    for wrist, elbow, limb in ((4, 3, 3), (7, 6, 5)):
        if wrist not in body.places and elbow in body.places:
            starts = [hand[0] for hand in hands if 0 in hand]
            seen = {start: limb_worth(labels, limb, body.places[elbow], start) for start in starts}
            if seen and max(seen.values()) > _LIMB_SEEN:
                body.places[wrist] = max(seen, key=lambda start: seen[start])


def _people(bodies: Sequence[Body], hands: Sequence[Hand], part: float) -> tuple[Person, ...]:
    """`part` of a pixel is where in its pixel each joint is put: nothing in a map says it."""
    people = [Person(_joints(body.places, NO_BODY, part)) for body in bodies]
    ends = [(number, wrist) for number, body in enumerate(bodies) for wrist in _WRISTS if wrist in body.places]
    far = {
        (place, end): _distance(hand[0], bodies[end[0]].places[end[1]])
        for place, hand in enumerate(hands)
        for end in ends
        if 0 in hand
    }
    placed: set[int] = set()
    for place, end in sorted(far, key=lambda pair: far[pair]):
        number, side = end[0], _WRISTS[end[1]]
        if place not in placed and not getattr(people[number], side):
            nowhere = (NOWHERE,) * PARTS["left"]
            hand = _joints(hands[place], nowhere, part)
            people[number] = (
                replace(people[number], left=hand) if side == "left" else replace(people[number], right=hand)
            )
            placed.add(place)
    return tuple(people)


def _joints(places: dict[int, Place], nowhere: Part, part: float) -> Part:
    found = list(nowhere)
    for joint, (x, y) in places.items():
        found[joint] = Joint(x + part, y + part)
    return tuple(found)


def _distance(one: Place, other: Place) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def _ordered(rgb: np.ndarray, pose: Pose) -> Pose:
    """Who covers another one was drawn after it."""
    above: dict[int, set[int]] = {number: set() for number in range(len(pose.people))}  # -> who is below
    for one, other in combinations(above, 2):
        upper = _upper(rgb, pose.people[one], pose.people[other])
        if upper is not None:
            above[(one, other)[upper]].add((one, other)[1 - upper])
    order: list[int] = []
    while left := [number for number in above if number not in order]:
        order.append(next((number for number in left if not above[number] & {*left}), left[0]))
    return Pose(pose.size, tuple(pose.people[number] for number in order))


def _upper(rgb: np.ndarray, one: Person, other: Person) -> int | None:
    """0 or 1; nothing when the two do not overlap."""
    first, second = _box(one), _box(other)
    left, top = (max(a, b, 0) for a, b in zip(first[:2], second[:2], strict=True))
    right, bottom = (min(a, b) for a, b in zip(first[2:], second[2:], strict=True))
    view = rgb[top : max(bottom, 0), left : max(right, 0)]
    if not view.size:
        return None
    wrong = []
    for order in ((other, one), (one, other)):
        canvas = np.zeros(view.shape, np.uint8)
        for person in order:
            draw_person(canvas, moved(person, -left, -top))
        wrong.append(int((canvas != view).any(axis=2).sum()))
    return None if wrong[0] == wrong[1] else int(wrong[1] < wrong[0])


def _box(person: Person) -> tuple[int, int, int, int]:
    left, top, right, bottom = bounds(person) or (0, 0, 0, 0)
    pad = JOINT_RADIUS + 1
    return int(left) - pad, int(top) - pad, ceil(right) + pad, ceil(bottom) + pad


def _wrong(rgb: np.ndarray, pose: Pose) -> float:
    """The share of the drawn pixels that the pose draws otherwise."""
    drawn = map_of(pose)
    both = rgb.any(axis=2) | drawn.any(axis=2)
    return float((rgb != drawn).any(axis=2).sum() / max(int(both.sum()), 1))
