"""Where a person's face is in the picture, as a mask: from the points of the face, or else from nose, eyes and ears."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import cv2
import numpy as np
from atelier_core.errors import UserError
from atelier_core.geometry import Extent

NECK, NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR = 1, 0, 14, 15, 16, 17
_FINE = 4  # bits below a pixel that OpenCV counts in


class Spot(Protocol):
    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def on(self) -> bool: ...


class Someone(Protocol):
    @property
    def body(self) -> Sequence[Spot]: ...
    @property
    def face(self) -> Sequence[Spot]: ...


class Oval(NamedTuple):
    centre: np.ndarray  # x, y
    half_width: float
    half_height: float
    angle: float  # degrees from upright, clockwise


def face_mask(person: Someone, size: Extent, grow: float = 0.2) -> np.ndarray:
    """[H, W] uint8: 255 on the face and a share `grow` of it around."""
    mask = np.zeros((size.height, size.width), np.uint8)
    points = np.array([(spot.x, spot.y) for spot in person.face if spot.on], np.float64).reshape(-1, 2)
    if len(points) >= 3 and np.ptp(points, axis=0).min() > 0:
        hull = cv2.convexHull(points.astype(np.float32)).reshape(-1, 2).astype(np.float64)
        middle = (hull.min(axis=0) + hull.max(axis=0)) / 2
        cv2.fillConvexPoly(mask, _fine(middle + (hull - middle) * (1 + grow)), (255,), shift=_FINE)
    else:
        oval = face_oval(person)
        axes = _fine(np.array([oval.half_width, oval.half_height]) * (1 + grow))
        centre = _fine(oval.centre)
        outline = np.array(cv2.ellipse2Poly(centre.tolist(), axes.tolist(), round(oval.angle), 0, 360, 3))
        cv2.fillConvexPoly(mask, outline, (255,), shift=_FINE)
    if not mask.any():
        raise UserError("The face of this person lies outside the picture.")
    return mask


def feather_of(mask: np.ndarray, share: float) -> int:
    """Pixels: a share of the height of what the mask covers."""
    rows = np.flatnonzero(mask.any(axis=1))
    return round(share * (int(rows[-1] - rows[0]) + 1)) if rows.size else 0


def face_oval(person: Someone) -> Oval:
    """By the usual proportions, in distances between the eyes: a face is 2.3 wide and 3 high, its middle lies half of
    one below the eyes, the nose 0.75; ears are 2.3 apart, an ear 1.2 from its eye."""
    spots = {
        index: np.array([person.body[index].x, person.body[index].y])
        for index in (NOSE, RIGHT_EYE, LEFT_EYE, RIGHT_EAR, LEFT_EAR, NECK)
        if index < len(person.body) and person.body[index].on
    }
    unit = _eye_distance(spots)
    if unit == 0:
        raise UserError("The face of this person cannot be found: show its nose, its eyes or its ears.")
    down = _down(spots)
    centre = _between_eyes(spots, unit, down) + down * unit * 0.5
    return Oval(centre, 1.15 * unit, 1.5 * unit, float(np.degrees(np.arctan2(-down[0], down[1]))))


def _eye_distance(spots: dict[int, np.ndarray]) -> float:
    """The largest estimate: whatever is turned away looks shorter."""
    known = (
        (RIGHT_EYE, LEFT_EYE, 1.0),
        (RIGHT_EAR, LEFT_EAR, 2.3),
        (RIGHT_EYE, RIGHT_EAR, 1.2),
        (LEFT_EYE, LEFT_EAR, 1.2),
        (NOSE, RIGHT_EYE, 0.9),
        (NOSE, LEFT_EYE, 0.9),
        (NOSE, RIGHT_EAR, 1.5),
        (NOSE, LEFT_EAR, 1.5),
    )
    return max(
        (float(np.hypot(*(spots[a] - spots[b]))) / d for a, b, d in known if {a, b} <= spots.keys()), default=0.0
    )


def _down(spots: dict[int, np.ndarray]) -> np.ndarray:
    """[2], length 1: square to the line of the eyes or the ears, else from the nose to the neck, else the picture's."""
    for right, left in ((RIGHT_EYE, LEFT_EYE), (RIGHT_EAR, LEFT_EAR), (RIGHT_EAR, RIGHT_EYE), (LEFT_EYE, LEFT_EAR)):
        if {right, left} <= spots.keys() and (along := spots[left] - spots[right]).any():
            square = np.array([-along[1], along[0]]) / np.hypot(*along)
            return -square if square @ _downward(spots, right) < 0 else square
    return _downward(spots, NOSE)


def _downward(spots: dict[int, np.ndarray], above: int) -> np.ndarray:
    """Roughly: to the neck, else to the nose, else down the picture. Seen from behind, left and right are exchanged."""
    below = NOSE if above != NOSE and NOSE in spots and NECK not in spots else NECK
    way = spots[below] - spots[above] if {below, above} <= spots.keys() else np.array([0.0, 1.0])
    return way / np.hypot(*way) if way.any() else np.array([0.0, 1.0])


def _between_eyes(spots: dict[int, np.ndarray], unit: float, down: np.ndarray) -> np.ndarray:
    eyes = [spots[index] for index in (RIGHT_EYE, LEFT_EYE) if index in spots]
    if len(eyes) == 2:
        return np.mean(eyes, axis=0)
    for eye, ear in ((RIGHT_EYE, RIGHT_EAR), (LEFT_EYE, LEFT_EAR)):
        if {eye, ear} <= spots.keys():  # in profile: the face reaches from the nose to the ear
            return spots[eye] + (spots[ear] - spots[eye]) * 0.35
    if NOSE in spots:
        return spots[NOSE] - down * unit * 0.75
    return np.mean([spots[index] for index in (RIGHT_EAR, LEFT_EAR)], axis=0)


def _fine(points: np.ndarray) -> np.ndarray:
    return np.rint(points * (1 << _FINE)).astype(np.int32)
