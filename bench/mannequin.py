"""Figures drawn by rule at known poses, for measuring what finds people: nobody's photo, nobody's training picture."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from dollhouse import skeleton
from dollhouse.skeleton import CROWN, HEAD, PELVIS, Build, Pose, limited

GROUNDS = {"white": (250, 250, 250), "grey": (128, 128, 128), "green": (52, 130, 60)}
EYE = 5.0  # metres from the camera to the figure
LIMBS = (  # from, to, radius at either end in body heights, what it wears
    *(("R_SHOULDER", "R_ELBOW", 0.03, 0.025, "top"), ("R_ELBOW", "R_WRIST", 0.025, 0.017, "skin")),
    *(("L_SHOULDER", "L_ELBOW", 0.03, 0.025, "top"), ("L_ELBOW", "L_WRIST", 0.025, 0.017, "skin")),
    *(("R_HIP", "R_KNEE", 0.05, 0.034, "trousers"), ("R_KNEE", "R_ANKLE", 0.034, 0.022, "trousers")),
    *(("L_HIP", "L_KNEE", 0.05, 0.034, "trousers"), ("L_KNEE", "L_ANKLE", 0.034, 0.022, "trousers")),
    *(("R_HEEL", "R_TOE", 0.02, 0.017, "shoes"), ("L_HEEL", "L_TOE", 0.02, 0.017, "shoes")),
    *(("R_WRIST", "R_HAND", 0.018, 0.02, "skin"), ("L_WRIST", "L_HAND", 0.018, 0.02, "skin")),
)
CLOTHES = (
    {"skin": (224, 172, 140), "top": (60, 90, 170), "trousers": (50, 52, 60), "shoes": (120, 60, 30), "hair": 40},
    {"skin": (150, 100, 70), "top": (210, 200, 180), "trousers": (90, 70, 110), "shoes": (30, 30, 30), "hair": 20},
    {"skin": (240, 200, 180), "top": (170, 40, 50), "trousers": (120, 130, 150), "shoes": (240, 240, 240), "hair": 110},
)


def _both(**angles: float) -> dict[str, float]:
    return {f"{name}_{side}": angle for name, angle in angles.items() for side in "rl"}


POSTURES: dict[str, dict[str, float]] = {
    "standing": _both(arm_raise=12, elbow=10),
    "hands on hips": _both(arm_raise=42, elbow=96, arm_turn=66, arm_swing=-8),
    "waving": {"arm_raise_r": 130, "elbow_r": 40, "arm_turn_r": -80, "arm_raise_l": 14},
    "striding": {"turn": 40, "leg_swing_r": -24, "leg_swing_l": 32, "knee_r": 18, "arm_swing_r": 30},
    "wide stance": _both(leg_raise=24, arm_raise=80, elbow=15),
    "kicking": {"turn": 30, "leg_swing_r": 65, "knee_r": 10, **_both(arm_raise=40, elbow=30)},
    "bent knee": {"leg_raise_r": 30, "knee_r": 60, "leg_swing_r": 30, **_both(arm_raise=25)},
    "squatting": {**_both(leg_swing=60, knee=80, leg_raise=35, arm_swing=50), "bow": 15},
}


@dataclass(frozen=True)
class Figure:
    name: str
    picture: np.ndarray  # [H, W, 3]
    joints: np.ndarray  # [18, 2], pixels, OpenPose's order
    leg: float  # hip to ankle along the bones in pixels, the longer of both sides


def figure(seed: int, posture: str, ground: str, shaded: bool, size: tuple[int, int] = (512, 768)) -> Figure:
    rng = Random(f"{seed} {posture}")
    body = skeleton.bodies([Pose(posture, limited(POSTURES[posture] | _loose(rng, posture)))], [_build(rng)])[0]
    flat, scale = _projected(body.points, size)
    picture = np.full((size[1], size[0], 3), GROUNDS[ground], np.uint8)
    _draw(picture, body, flat, scale, CLOTHES[seed % len(CLOTHES)], shaded)
    joints = flat[:18].copy()
    joints[1] = (joints[2] + joints[5]) / 2
    bones = [np.linalg.norm(joints[i + 1] - joints[i]) for i in (8, 9, 11, 12)]
    return Figure(f"{posture} {seed}", picture, joints, float(max(sum(bones[:2]), sum(bones[2:]))))


def _loose(rng: Random, posture: str) -> dict[str, float]:
    return {name: angle + rng.gauss(0, 6) for name, angle in POSTURES[posture].items()} | {
        "head_turn": rng.gauss(0, 12) - POSTURES[posture].get("turn", 0) * 0.5,
        "lean": rng.gauss(0, 4),
    }


def _build(rng: Random) -> Build:
    """A grown person's proportions, each a fair bit off."""

    def about(share: float, spread: float = 0.08) -> float:
        return share * 1.7 * min(max(rng.gauss(1, spread), 0.75), 1.25)

    legs = rng.choice((0.8, 0.92, 1.0, 1.0, 1.08))
    return Build(
        height=1.7,
        head=about(0.07),
        neck=about(0.045),
        torso=about(0.29),
        shoulder=about(0.115),
        hip=about(0.055),
        upper_arm=about(0.175),
        forearm=about(0.15),
        thigh=about(0.245 * legs),
        shin=about(0.245 * legs),
        foot=about(0.15),
        sole=0.066,
        arm_r=0.05,
        wrist_r=0.03,
        thigh_r=0.08,
        ankle_r=0.04,
        waist_r=0.13,
    )


def _projected(points: np.ndarray, size: tuple[int, int]) -> tuple[np.ndarray, float]:
    """Into the picture with a margin, by a camera at the height of the hips."""
    near = EYE / (EYE - points[:, 2])
    seen = np.stack((points[:, 0] * near, (points[PELVIS, 1] - points[:, 1]) * near), 1)
    low, high = seen.min(0) - 0.16, seen.max(0) + 0.12
    scale = float(min(np.array(size) / (high - low)))
    return (seen - (low + high) / 2) * scale + np.array(size) / 2, scale


def _draw(picture: np.ndarray, body: skeleton.Body, flat: np.ndarray, scale: float, wear: dict, shaded: bool) -> None:
    """Farthest first: the limbs behind the trunk, the trunk, the limbs before it, the head."""
    height, depth, index = body.build.height * scale, body.points[:, 2], vars(skeleton)

    def far(limb: tuple) -> float:
        return float(depth[index[limb[0]]] + depth[index[limb[1]]]) / 2 if limb else float(depth[PELVIS]) - 0.02

    for limb in sorted([(), *LIMBS], key=far):
        if limb:
            start, end, *radii = flat[index[limb[0]]], flat[index[limb[1]]], limb[2] * height, limb[3] * height
            _capsule(picture, start, end, radii[0], radii[1], wear[limb[4]], shaded)
        else:
            _trunk(picture, flat, height, wear["top"], shaded)
    _head(picture, body, flat, scale, wear, shaded)


Colour = tuple[int, int, int]
_RING = np.exp(np.linspace(0, 2j * np.pi, 40, endpoint=False))
_CIRCLE = np.stack((_RING.real, _RING.imag), 1)


def _hull(picture: np.ndarray, cloud: np.ndarray, colour: Colour, light: float) -> None:
    tone = tuple(min(255, int(c * light)) for c in colour)
    shape = cv2.convexHull(cloud.astype(np.float32))
    cv2.fillConvexPoly(picture, np.round(shape * 8).astype(np.int32), tone, cv2.LINE_AA, 3)


def _capsule(
    picture: np.ndarray, a: np.ndarray, b: np.ndarray, ra: float, rb: float, colour: Colour, shaded: bool = False
) -> None:
    for step in range(6 if shaded else 1):
        share, light = 1 - step * 0.15, (0.7 + step * 0.09) if shaded else 1.0
        _hull(picture, np.concatenate((a + _CIRCLE * ra * share, b + _CIRCLE * rb * share)), colour, light)


def _trunk(picture: np.ndarray, flat: np.ndarray, height: float, colour: Colour, shaded: bool) -> None:
    up, down = (flat[2] + flat[5]) / 2, (flat[8] + flat[11]) / 2
    for step in range(5 if shaded else 1):
        share, light = 1 - step * 0.18, (0.75 + step * 0.08) if shaded else 1.0
        shoulders, hips = (flat[2] - flat[5]) * 0.5 * share, (flat[8] - flat[11]) * 0.55 * share
        corners = [(up + shoulders, 0.032), (up - shoulders, 0.032), (down + hips, 0.055), (down - hips, 0.055)]
        cloud = [place + _CIRCLE * radius * share * height for place, radius in corners]
        _hull(picture, np.concatenate(cloud), colour, light)


def _head(picture: np.ndarray, body: skeleton.Body, flat: np.ndarray, scale: float, wear: dict, shaded: bool) -> None:
    r, at, skin = body.build.head * scale, flat[HEAD], wear["skin"]
    up = _unit(flat[CROWN] - at) * r
    hair = (wear["hair"], wear["hair"] * 3 // 4, wear["hair"] // 2)
    dark = tuple(int(c * 0.85) for c in skin)
    _capsule(picture, flat[1], at, r * 0.45, r * 0.5, dark, shaded)
    _capsule(picture, at + up * 0.25, at, r * 1.02, r * 0.95, hair, shaded)
    _capsule(picture, at + up * 0.05, at - up * 0.5, r * 0.85, r * 0.6, skin, shaded)
    nose, across = flat[0], _unit(flat[15] - flat[14]) * r
    for eye in flat[14:16]:
        _capsule(picture, eye - across * 0.1, eye + across * 0.1, r * 0.1, r * 0.1, (250, 250, 250))
        _capsule(picture, eye, eye, r * 0.07, r * 0.07, (40, 30, 20))
        brow = eye + up * 0.25
        _capsule(picture, brow - across * 0.16, brow + across * 0.16, r * 0.035, r * 0.035, hair)
    _capsule(picture, nose + up * 0.15, nose, r * 0.05, r * 0.1, dark)
    mouth = nose - up * 0.32
    _capsule(picture, mouth - across * 0.2, mouth + across * 0.2, r * 0.05, r * 0.05, (170, 70, 70))
    for ear in flat[16:18]:
        _capsule(picture, ear, ear, r * 0.12, r * 0.12, skin)


def _unit(way: np.ndarray) -> np.ndarray:
    return way / max(float(np.linalg.norm(way)), 1e-6)
