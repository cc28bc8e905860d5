"""Where a person is in the picture, guessed from the skeleton: flesh around bones, a trunk, a head, hands and feet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from atelier_core.geometry import Extent

from .head import Head, head_of
from .skeleton import Part, Person

NOSE, NECK = 0, 1
SHOULDERS, HIPS, EYES, EARS = (2, 5), (8, 11), (14, 15), (16, 17)
ARMS, LEGS = ((2, 3, 4), (5, 6, 7)), ((8, 9, 10), (11, 12, 13))

# the trunk's length as a multiple of each bone, which shows how large a person is when a bone is turned to the eye
_TRUNK = {(2, 3): 1.6, (3, 4): 2.4, (8, 9): 1.04, (9, 10): 1.3, (2, 5): 1.12, (0, 1): 2.0}
_SAME_LEFT = {2: 5, 3: 6, 4: 7, 8: 11, 9: 12, 10: 13}
_TRUST = 0.7  # the quantile of all those lengths: what is turned to the eye is only ever shorter

# radii in trunk lengths; “hair” is in radii of the head, “foot” how far the toes are from the ankle
WIDTHS = {
    "shoulder": 0.17, "elbow": 0.145, "wrist": 0.12, "hand": 0.13, "waist": 0.29,
    "hip": 0.24, "knee": 0.175, "ankle": 0.175, "sole": 0.075, "foot": 0.33, "toes": 0.12, "neck": 0.32,
    "head": 0.4, "hair": 1.1, "most head": 0.7, "fist": 0.1,
}  # fmt: skip
_ARM, _LEG = ("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle")
_WAIST_AT = 0.55  # of the way from shoulders to hips
_SHIFT = 4  # bits below the pixel in what cv2 draws


class Ball(NamedTuple):
    place: np.ndarray  # x, y
    radius: float


def person_mask(person: Person, size: Extent) -> np.ndarray:
    """[H, W] uint8, 0 or 255."""
    mask = np.zeros((size.height, size.width), np.uint8)
    unit = trunk_length(person)
    for shape in _shapes(person, unit):
        _fill(mask, [Ball(ball.place, ball.radius * unit) for ball in shape])
    return mask


def trunk_length(person: Person) -> float:
    """From neck to hips if nothing were turned to the eye; 0 without any bone."""
    found = [factor * far for pair, factor in _bones() if (far := _distance(person.body, *pair))]
    neck, hips = _point(person.body, NECK), _middle(person.body, HIPS)
    if neck is not None and hips is not None:
        found.append(float(np.linalg.norm(neck - hips)))
    return float(np.quantile(found, _TRUST)) if found else 0.0


def _bones() -> Iterator[tuple[tuple[int, int], float]]:
    for (a, b), factor in _TRUNK.items():
        yield (a, b), factor
        if b in _SAME_LEFT and a in _SAME_LEFT:
            yield (_SAME_LEFT[a], _SAME_LEFT[b]), factor


def _shapes(person: Person, unit: float) -> Iterator[list[Ball]]:
    """Each one is the convex hull of its balls, with radii in trunk lengths."""
    body, head = person.body, head_of(person.body)
    yield from _trunk(body, head, unit)
    for names, chains in (_ARM, ARMS), (_LEG, LEGS):
        for chain in chains:
            balls = [_ball(body, joint, name) for joint, name in zip(chain, names, strict=True)]
            yield from ([*one, *other] for one, other in zip(balls, balls[1:], strict=False) if one and other)
    for (_, elbow, wrist), hand in zip(ARMS, (person.right, person.left), strict=True):
        yield from _hand(body, elbow, wrist, hand, unit)
    turn = _turn(body, head, unit)
    for (_, knee, ankle), feet in zip(LEGS, (person.feet[3:], person.feet[:3]), strict=True):
        yield from _foot(body, knee, ankle, feet, unit, turn)
    yield from _head(body, head, unit)


def _trunk(body: Part, head: Head | None, unit: float) -> Iterator[list[Ball]]:
    """From the shoulders to a waist, and from there to the hips."""
    chest = [ball for side in SHOULDERS for ball in _ball(body, side, "shoulder")]
    hips = [ball for side in HIPS for ball in _ball(body, side, "hip")] or _hips_below(body, head, unit)
    if chest and hips:
        above, below = (np.mean([ball.place for ball in balls], axis=0) for balls in (chest, hips))
        waist = Ball(above + (below - above) * _WAIST_AT, WIDTHS["waist"])
        yield [*chest, waist]
        yield [waist, *hips]
    else:
        yield chest or hips


def _hips_below(body: Part, head: Head | None, unit: float) -> list[Ball]:
    """For shoulders without hips: those are below the picture's edge, and the trunk goes on to there."""
    one, other, neck = (_point(body, joint) for joint in (*SHOULDERS, NECK))
    if one is None or other is None:
        return []
    across = (one - other) / (np.linalg.norm(one - other) or 1)
    down = np.array([across[1], -across[0]])
    if head and neck is not None:
        down = (neck - [head.x, head.y]) / (np.linalg.norm(neck - [head.x, head.y]) or 1)
        across = np.array([down[1], -down[0]])
    elif down[1] < 0:
        down = -down
    middle = (one + other) / 2 + down * unit
    apart = min(_distance(body, *SHOULDERS) / 4, 0.2 * unit)
    return [Ball(middle + across * side * apart, WIDTHS["hip"]) for side in (-1, 1)]


def _hand(body: Part, elbow: int, wrist: int, hand: Part, unit: float) -> Iterator[list[Ball]]:
    shown = [Ball(np.array([joint.x, joint.y]), WIDTHS["fist"]) for joint in hand if joint.on]
    place, along = _point(body, wrist), _along(body, elbow, wrist)
    if shown:
        yield shown
    elif place is not None:
        yield [Ball(place + along * WIDTHS["hand"] * unit, WIDTHS["hand"]), Ball(place, WIDTHS["wrist"])]


def _foot(body: Part, knee: int, ankle: int, feet: Part, unit: float, turn: float) -> Iterator[list[Ball]]:
    """Without a foot in the skeleton: square to the shin, to the side that the person is turned to."""
    shown = [Ball(np.array([joint.x, joint.y]), WIDTHS["toes"]) for joint in feet if joint.on]
    place, along = _point(body, ankle), _along(body, knee, ankle)
    if shown:
        yield [*shown, *_ball(body, ankle, "ankle")]
    elif place is not None:
        sole = place + along * WIDTHS["sole"] * unit
        toes = sole + np.array([along[1], -along[0]]) * turn * WIDTHS["foot"] * unit
        yield [Ball(place, WIDTHS["ankle"]), Ball(sole, WIDTHS["toes"]), Ball(toes, WIDTHS["toes"])]


def _turn(body: Part, head: Head | None, unit: float) -> float:
    """How far the body is turned from the eye, -1..1: by how narrow its shoulders are; the side is the head's."""
    breadth = _distance(body, *SHOULDERS) * _TRUNK[SHOULDERS] / unit if unit else 1.0
    return float(np.sqrt(1 - min(breadth, 1) ** 2) * np.sign(head.yaw)) if head else 0.0


def _head(body: Part, head: Head | None, unit: float) -> Iterator[list[Ball]]:
    neck = _ball(body, NECK, "neck")
    if head and unit:
        centre = np.array([head.x, head.y])
        radius = min(head.radius / unit, WIDTHS["most head"]) * WIDTHS["hair"]
    elif (marked := _middle(body, (NOSE, *EYES, *EARS))) is not None:
        centre, radius = marked, WIDTHS["head"]
    else:
        return
    yield [Ball(centre, radius)]
    yield [Ball(centre, WIDTHS["neck"]), *neck]


def _ball(body: Part, joint: int, name: str) -> list[Ball]:
    place = _point(body, joint)
    return [] if place is None else [Ball(place, WIDTHS[name])]


def _point(body: Part, joint: int) -> np.ndarray | None:
    return np.array([body[joint].x, body[joint].y]) if body[joint].on else None


def _middle(body: Part, joints: tuple[int, ...]) -> np.ndarray | None:
    """Of those that are on."""
    places = [place for joint in joints if (place := _point(body, joint)) is not None]
    return np.mean(places, axis=0) if places else None


def _distance(body: Part, one: int, other: int) -> float:
    a, b = _point(body, one), _point(body, other)
    return 0.0 if a is None or b is None else float(np.linalg.norm(a - b))


def _along(body: Part, before: int, joint: int) -> np.ndarray:
    """The direction of a bone, of length 1; nowhere when an end is missing."""
    a, b = _point(body, before), _point(body, joint)
    return np.zeros(2) if a is None or b is None else (b - a) / (np.linalg.norm(b - a) or 1)


def _fill(mask: np.ndarray, balls: list[Ball]) -> None:
    """The convex hull of discs."""
    turns = np.linspace(0, 2 * np.pi, 33)[:-1]
    ring = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    if balls:
        outline = np.concatenate([ball.place + ring * max(ball.radius, 0.5) for ball in balls])
        hull = cv2.convexHull((outline * (1 << _SHIFT)).round().astype(np.int32))
        cv2.fillConvexPoly(mask, np.asarray(hull), (255,), shift=_SHIFT)
