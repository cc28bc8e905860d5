"""OpenPose's 18 joints as ControlNet reads them: its JSON, and its coloured map."""

from __future__ import annotations

from collections.abc import Sequence
from math import atan2, degrees, hypot

import cv2
import numpy as np
from numpy.typing import NDArray

JOINTS = 18
STICK = 4  # half the breadth of a limb and the radius of a joint, pixels, in the official map of any size
LIMBS = (
    *((1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0)),
    *((0, 14), (14, 16), (0, 15), (15, 17)),
)
COLOURS = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0)),
    *((0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255)),
    *((170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)


def to_json(joints: Sequence[NDArray[np.floating]], seen: Sequence[NDArray[np.bool_]], extent: tuple[int, int]) -> dict:
    """Pixels; a joint that is not seen is (0, 0, 0), every other has a confidence of exactly 1."""
    people = []
    for points, shown in zip(joints, seen, strict=True):
        flat: list[float] = []
        for (x, y), on in zip(points.tolist(), shown.tolist(), strict=True):
            flat += [round(x, 2), round(y, 2), 1.0] if on else [0.0, 0.0, 0.0]
        people.append(
            {
                "pose_keypoints_2d": flat,
                "face_keypoints_2d": None,
                "hand_left_keypoints_2d": None,
                "hand_right_keypoints_2d": None,
            }
        )
    return {"people": people, "animals": [], "canvas_height": extent[1], "canvas_width": extent[0]}


def map_of(record: dict, stick: int = STICK) -> NDArray[np.uint8]:
    """The skeleton map of a JSON record, [H, W, 3]: person by person, limbs and then joints, no antialiasing."""
    canvas = np.zeros((record["canvas_height"], record["canvas_width"], 3), np.uint8)
    for person in record["people"]:
        flat = person["pose_keypoints_2d"]
        joints = [tuple(flat[i : i + 3]) for i in range(0, 3 * JOINTS, 3)]
        for (one, other), colour in zip(LIMBS, COLOURS, strict=False):
            if joints[one][2] and joints[other][2]:
                _limb(canvas, joints[one], joints[other], colour, stick)
        for (x, y, shown), colour in zip(joints, COLOURS, strict=True):
            if shown:
                cv2.circle(canvas, (int(x), int(y)), stick, colour, -1)
    return canvas


def _limb(canvas: NDArray[np.uint8], one: tuple, other: tuple, colour: tuple[int, int, int], stick: int) -> None:
    dx, dy = one[0] - other[0], one[1] - other[1]
    middle = int((one[0] + other[0]) / 2), int((one[1] + other[1]) / 2)
    angle = int(degrees(atan2(dy, dx)))
    outline = np.asarray(cv2.ellipse2Poly(middle, (int(hypot(dx, dy) / 2), stick), angle, 0, 360, 1))
    cv2.fillConvexPoly(canvas, outline, tuple(int(c * 0.6) for c in colour))
