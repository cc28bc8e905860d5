"""What mediapipe's numbered points are in a pose, and which of them a picture really shows."""

from __future__ import annotations

import numpy as np
from atelier_core.geometry import Extent
from numpy.typing import NDArray

from .skeleton import FARTHEST, Joint, Part, Person, tenth

Floats = NDArray[np.float64]

# The neck, -1, is between the shoulders.
BODY = (0, -1, 12, 14, 16, 11, 13, 15, 24, 26, 28, 23, 25, 27, 5, 2, 8, 7)
SHOULDERS = (11, 12)
TOES, HEELS = (31, 32), (29, 30)  # left, right; there is one point for all toes
FACE = (
    *(127, 234, 132, 58, 172, 150, 149, 176, 152, 400, 378, 379, 397, 288, 361, 454, 356),  # jaw
    *(70, 63, 105, 66, 107, 336, 296, 334, 293, 300),  # brows
    *(168, 197, 5, 4, 98, 97, 2, 326, 327),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91),  # outer lips
    *(78, 81, 13, 311, 308, 402, 14, 178),  # inner lips
    *(468, 473),  # pupils
)
_EYES = (range(36, 42), range(42, 48))  # whose middles the pupils are, in a mesh of 468 points that has none
_CHAINS = ((2, 3, 4), (5, 6, 7), (8, 9, 10), (11, 12, 13))
SURE, SURE_AT_EDGE, SURE_OF_CUT = 0.5, 0.88, 0.98  # visibility
AT_EDGE, NO_ROOM, BENT_BACK = 0.5, 0.15, 1.2  # distances from the edge, in torsos


def person(body: Floats, size: Extent, left: Floats | None, right: Floats | None, face: Floats | None) -> Person:
    """`body` is [33, 3]: x, y in pixels and the visibility 0..1; the others [n, 2]."""
    points = _with_neck(body)
    shown = visible(points, size)
    for wrist, hand in ((7, left), (4, right)):
        if hand is not None and _inside(
            hand[0, 0], hand[0, 1], size
        ):  # whose hand is seen, the wrist is too, and more exactly
            points[wrist, :2], shown[wrist] = hand[0], True
    ankles = {side: shown[joint] for side, joint in (("left", 13), ("right", 10))}
    return Person(
        tuple(_joint(x, y, on) for (x, y, _), on in zip(points, shown, strict=True)),
        feet=_feet(body, size, ankles["left"], ankles["right"]),
        left=_part(left, size),
        right=_part(right, size),
        face=_part(_seventy(face), size),
    )


def _with_neck(body: Floats) -> Floats:
    neck = body[list(SHOULDERS)].mean(0)
    neck[2] = body[list(SHOULDERS), 2].min()
    return np.stack([neck if place < 0 else body[place] for place in BODY])


def visible(points: Floats, size: Extent) -> list[bool]:
    """Of 18 joints. A limb that the edge cuts off is pressed into the picture and called visible: a wrist or ankle at
    the edge counts only when it is very sure, and where it does not, so does the joint before it."""
    torso = max(float(np.linalg.norm(points[1, :2] - points[[8, 11], :2].mean(0))), 1.0)
    room = np.minimum(points[:, :2], np.array(size) - points[:, :2]).min(1) / torso
    shown = [bool(point[2] >= SURE and gap > 0) for point, gap in zip(points, room, strict=True)]
    for _, mid, end in _CHAINS:
        near = room[end] < NO_ROOM or (room[end] < AT_EDGE and points[end, 2] < SURE_AT_EDGE)
        if not shown[end] or near:
            shown[end] = False
            shown[mid] &= bool(points[mid, 2] >= SURE_OF_CUT or room[mid] > BENT_BACK)
    return shown


def _feet(body: Floats, size: Extent, *ankles: bool) -> Part:
    """The small toe is a little further out than the big one: half of what lies between toes and heel, turned."""
    joints = []
    for toes, heel, on, out in zip(TOES, HEELS, ankles, (1, -1), strict=True):
        tip, back = body[toes, :2], body[heel, :2]
        aside = np.array([0.12 * out * float(np.linalg.norm(tip - back)), 0.0])
        seen = on and min(body[toes, 2], body[heel, 2]) >= SURE
        joints += [_joint(x, y, seen and _inside(x, y, size)) for x, y in (tip - aside, tip + aside, back)]
    return tuple(joints)


def _seventy(mesh: Floats | None) -> Floats | None:
    if mesh is None:
        return None
    points = mesh[[place if place < len(mesh) else 0 for place in FACE]]
    if len(mesh) <= max(FACE):
        points[68:] = [points[list(eye)].mean(0) for eye in _EYES]
    return points


def _part(points: Floats | None, size: Extent) -> Part:
    return () if points is None else tuple(_joint(x, y, _inside(x, y, size)) for x, y in points)


def _inside(x: float, y: float, size: Extent) -> bool:
    return 0 <= x < size.width and 0 <= y < size.height


def _joint(x: float, y: float, on: bool) -> Joint:
    across, down = (tenth(float(value)) for value in np.clip((x, y), -FARTHEST, FARTHEST))
    return Joint(across, down, on=bool(on))
