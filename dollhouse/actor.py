"""A doll that stands somewhere in some pose, and the window through which a row of them is seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from dollhouse.doll import EXPRESSIONS, Doll
from dollhouse.skeleton import (
    CROWN,
    L_ANKLE,
    L_HAND,
    L_HIP,
    L_KNEE,
    NECK,
    PELVIS,
    R_ANKLE,
    R_HAND,
    R_HIP,
    R_KNEE,
    WAIST,
    Body,
    Floats,
    Pose,
    bodies,
    build,
)
from dollhouse.stage import REACH, Camera

FRAMINGS = ("full body", "knees up", "waist up", "portrait")


@dataclass(frozen=True)
class Actor:
    """A doll at a place: x to the picture's right, z toward the camera, metres."""

    doll: Doll
    pose: Pose
    expression: str
    x: float = 0.0
    z: float = 0.0

    def __post_init__(self) -> None:
        if self.expression not in EXPRESSIONS:
            raise ValueError(f"no such expression: {self.expression}")


def posed(people: Sequence[Actor]) -> list[Body]:
    return bodies([a.pose for a in people], [build(a.doll.kind, a.doll.size) for a in people])


def framed(people: Sequence[Actor], framing: str, eye: float, rng: Random | None = None) -> Camera:
    """The window that shows these dolls so; with a generator it is a little off."""
    rng = rng or Random(0)
    points = on_reference(people, eye)
    low, high = _band(points, framing)
    shown = (
        points[:, :14, 0] if framing == "full body" else points[:, CROWN, 0]
    )  # elsewhere hands may leave the picture
    margin = 0.06 if framing == "full body" else 0.24
    left, right = shown.min() - margin, shown.max() + margin
    size = max(high - low, right - left)
    if size > 1.2 * (high - low) and framing != "full body":
        return framed(people, FRAMINGS[FRAMINGS.index(framing) - 1], eye, rng)
    slack = rng.uniform(1.02, 1.12)
    x = (left + right) / 2 + rng.uniform(-0.04, 0.04) * size
    y = (high + low) / 2 if size == high - low else low + size * 0.47
    return Camera(framing, round(size * slack, 4), round(float(x), 4), round(float(y), 4), eye)


def on_reference(people: Sequence[Actor], eye: float) -> Floats:
    """[n, 28, 3], as they fall on the reference plane."""
    found = []
    for actor, body in zip(people, posed(people), strict=True):
        points = body.points + [actor.x, 0, actor.z]
        nearer = REACH / (REACH - points[:, 2:])
        points[:, :1] *= nearer
        points[:, 1:2] = eye + (points[:, 1:2] - eye) * nearer
        found.append(points)
    return np.stack(found)


def _band(points: Floats, framing: str) -> tuple[float, float]:
    """The lowest and the highest line of a framing, metres on the reference plane."""
    head = (points[:, CROWN, 1] - points[:, NECK, 1]).max()
    high = points[:, CROWN, 1].max() + 0.45 * head
    if framing in ("full body", "knees up"):
        high = max(high, points[:, [R_HAND, L_HAND], 1].max() + 0.06)
    if framing == "full body":
        return float(points[..., 1].min() - 0.12), float(high)
    if framing == "knees up":
        return float(points[:, [R_KNEE, L_KNEE], 1].mean() - 0.02), float(high)
    if framing == "waist up":
        return float(points[:, [R_HIP, L_HIP], 1].mean() + 0.02), float(high)
    return float((points[:, NECK, 1] * 0.55 + points[:, PELVIS, 1] * 0.45).min()), float(high)


def cut_off(people: Sequence[Actor], camera: Camera) -> list[set[str]]:
    """The traits of each doll that lie below the window of a square picture."""
    low = camera.y - camera.size / 2
    found = []
    for points in on_reference(people, camera.eye)[..., 1]:
        heights = {
            "top": points[WAIST] * 0.6 + points[NECK] * 0.4,
            "bag": points[R_HIP],
            "bottom": max(points[R_HIP] * 0.6 + points[R_KNEE] * 0.4, points[L_HIP] * 0.6 + points[L_KNEE] * 0.4),
            "shoes": max(points[R_ANKLE], points[L_ANKLE]),
        }
        gone = {trait for trait, height in heights.items() if height < low}
        found.append(gone | {f"{trait}_kind" for trait in gone})
    return found
