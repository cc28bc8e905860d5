"""Which joints of a skeleton map belong together: those that a limb of the right colour joins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import atan2, degrees, hypot
from typing import NamedTuple

import cv2
import numpy as np

from .discs import BLACK, LIMB, Place
from .draw import HALF_STICK
from .skeleton import LIMBS

_MOST_BLACK = 0.2  # of a limb: its angle is in whole degrees, its middle in whole pixels
_GAPS = 3  # of ten places along a limb
_LONG = 40  # pixels of a limb at which a degree matters
_COVERED = 0.05  # what a limb counts of which others hide everything
_GUESSED = "Some joints hang on no limb; whose they are was guessed."


@dataclass
class Body:
    """Places of some joints that belong to one person."""

    places: dict[int, Place] = field(default_factory=dict)

    def near(self, other: Body) -> float:
        pairs = [(a, b) for a in self.places.values() for b in other.places.values()]
        return min(hypot(a[0] - b[0], a[1] - b[1]) for a, b in pairs)

    def may_join(self, other: Body) -> bool:
        """Nothing twice, and no two joints that a limb would have joined."""
        mine, others = self.places.keys(), other.places.keys()
        joined = any((a in mine and b in others) or (b in mine and a in others) for a, b in LIMBS)
        return not joined and not mine & others


class Link(NamedTuple):
    worth: float  # how much of the limb is seen
    one: tuple[int, Place]  # joint and where
    other: tuple[int, Place]


def bodies_of(grid: np.ndarray, found: list[list[Place]], doubtful: set[int]) -> tuple[list[Body], list[str]]:
    """`found` are the places for each joint; those of `doubtful` ones count only with a limb that is seen."""
    owners = {(joint, place): Body({joint: place}) for joint, places in enumerate(found) for place in places}
    linked = set()
    for link in sorted(_links(grid, found), reverse=True):
        if link.worth <= _COVERED and doubtful & {link.one[0], link.other[0]}:
            continue
        one, other = owners[link.one], owners[link.other]
        if one is other or one.places.keys() & other.places.keys():
            continue
        one.places |= other.places
        owners |= dict.fromkeys(other.places.items(), one)
        linked |= {link.one, link.other}
    bodies = {id(body): body for joint, body in owners.items() if joint[0] not in doubtful or joint in linked}
    return _gathered(list(bodies.values()))


def _links(grid: np.ndarray, found: list[list[Place]]) -> Iterator[Link]:
    for limb, (a, b) in enumerate(LIMBS):
        for one in found[a]:
            for other in found[b]:
                worth = limb_worth(grid, limb, one, other)
                if worth > 0:
                    yield Link(worth, (a, one), (b, other))


def limb_worth(grid: np.ndarray, limb: int, one: Place, other: Place) -> float:
    """How much is seen of a limb that would be between two places, 0..1; 0 where the map has none."""
    along = np.linspace(0.15, 0.85, 10)[:, None] * np.subtract(other, one) + one
    if (_at(grid, along.astype(int)) == BLACK).sum() > _GAPS:
        return 0.0
    return max(_worth(grid, LIMB + limb, outline) for outline in _outlines(one, other))


def _outlines(one: Place, other: Place) -> Iterator[np.ndarray]:
    """Limbs are drawn at whole degrees: those which the true ends, somewhere in their pixels, can have had."""
    dx, dy = one[0] - other[0], one[1] - other[1]
    length = hypot(dx, dy)
    middle = int((one[0] + other[0] + 1) / 2), int((one[1] + other[1] + 1) / 2)
    turn, doubt = degrees(atan2(dy, dx)), degrees(atan2(1, length))
    for angle in range(int(turn - doubt), int(turn + doubt) + 1) if length > _LONG else (int(turn),):
        yield np.asarray(cv2.ellipse2Poly(middle, (int(length / 2), HALF_STICK), angle, 0, 360, 1))


def _worth(grid: np.ndarray, label: int, outline: np.ndarray) -> float:
    left, top = np.maximum(outline.min(axis=0), 0).tolist()
    right, bottom = np.maximum(outline.max(axis=0) + 1, 0).tolist()
    view = grid[top:bottom, left:right]
    shape = np.zeros(view.shape, np.uint8)
    if shape.size:
        cv2.fillConvexPoly(shape, outline - [left, top], (1,))
    inside = view[shape > 0]
    if not len(inside):
        return 0.0
    black, seen = float((inside == BLACK).mean()), float((inside == label).mean())
    return seen + _COVERED - black if black <= _MOST_BLACK and (seen or not black) else 0.0


def _at(grid: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Labels at places [n, 2] that are in the picture."""
    height, width = grid.shape
    inside = ((places >= 0) & (places < (width, height))).all(axis=1)
    return grid[places[inside, 1], places[inside, 0]]


def _gathered(bodies: list[Body]) -> tuple[list[Body], list[str]]:
    """A person without a neck, say, is in pieces that no limb joins: each goes to the nearest it can belong to."""
    bodies = sorted(bodies, key=lambda body: -len(body.places))
    people: list[Body] = []
    notes: list[str] = []
    for body in bodies:
        near = min((one for one in people if one.may_join(body)), key=body.near, default=None)
        if near is None:
            people.append(body)
        else:
            near.places |= body.places
            notes = [_GUESSED]
    return people, notes
