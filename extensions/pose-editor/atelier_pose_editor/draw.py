"""The skeleton map, to the pixel as sd-webui-controlnet and controlnet_aux draw it: models were trained on these."""

from __future__ import annotations

from colorsys import hsv_to_rgb
from math import atan2, degrees, sqrt
from typing import Literal

import cv2
import numpy as np
from atelier_core.geometry import Extent

from .skeleton import COLOURS, HAND_EDGES, LIMB_COLOURS, LIMBS, Joint, Part, Person, Pose

Stick = Literal["standard", "wide"]
JOINT_RADIUS, FACE_RADIUS, EDGE_THICKNESS = 4, 3, 2  # pixels, in a map of any size
HALF_STICK = 4
HAND_JOINT, WHITE = (0, 0, 255), (255, 255, 255)
EDGE_COLOURS = tuple(
    tuple(255 * value for value in hsv_to_rgb(edge / len(HAND_EDGES), 1, 1)) for edge in range(len(HAND_EDGES))
)


def map_of(pose: Pose, stick: Stick = "standard") -> np.ndarray:
    """[H, W, 3] RGB, uint8. Persons in their order, hidden ones and feet not at all."""
    canvas = np.zeros((pose.size.height, pose.size.width, 3), np.uint8)
    half = HALF_STICK * stick_scale(pose.size) if stick == "wide" else HALF_STICK
    for person in pose.people:
        if person.on:
            draw_person(canvas, person, half)
    return canvas


def stick_scale(size: Extent) -> int:
    """How much thicker limbs are in the maps that xinsir's SDXL models were trained on."""
    return 1 if size.longer < 500 else min(2 + size.longer // 1000, 7)


def draw_person(canvas: np.ndarray, person: Person, half_stick: int = HALF_STICK) -> None:
    for (one, other), colour in zip(LIMBS, LIMB_COLOURS, strict=True):
        if person.body[one].on and person.body[other].on:
            cv2.fillConvexPoly(canvas, limb_outline(person.body[one], person.body[other], half_stick), colour)
    for joint, colour in zip(person.body, COLOURS, strict=True):
        if joint.on:
            cv2.circle(canvas, pixel(joint), JOINT_RADIUS, colour, -1)
    _draw_hand(canvas, person.left)
    _draw_hand(canvas, person.right)
    for joint in person.face:
        if joint.on and _beyond_edge(joint):
            cv2.circle(canvas, pixel(joint), FACE_RADIUS, WHITE, -1)


def limb_outline(one: Joint, other: Joint, half_stick: int = HALF_STICK) -> np.ndarray:
    """The ellipse from joint to joint as a polygon on whole pixels."""
    dx, dy = one.x - other.x, one.y - other.y
    middle = int((one.x + other.x) / 2), int((one.y + other.y) / 2)
    axes = int(sqrt(dx * dx + dy * dy) / 2), half_stick
    return np.asarray(cv2.ellipse2Poly(middle, axes, int(degrees(atan2(dy, dx))), 0, 360, 1))


def pixel(joint: Joint) -> tuple[int, int]:
    return int(joint.x), int(joint.y)


def _draw_hand(canvas: np.ndarray, hand: Part) -> None:
    if not hand:
        return
    for (one, other), colour in zip(HAND_EDGES, EDGE_COLOURS, strict=True):
        a, b = hand[one], hand[other]
        if a.on and b.on and _beyond_edge(a) and _beyond_edge(b):
            cv2.line(canvas, pixel(a), pixel(b), colour, EDGE_THICKNESS)
    for joint in hand:
        if joint.on and _beyond_edge(joint):
            cv2.circle(canvas, pixel(joint), JOINT_RADIUS, HAND_JOINT, -1)


def _beyond_edge(joint: Joint) -> bool:
    """Points of hands and faces in the first row or column, or before it, are taken for missing."""
    return int(joint.x) > 0 and int(joint.y) > 0
