"""The doll's bones: proportions, joint limits and forward kinematics, in metres.

Axes of the world and of every bone's frame: x to the picture's right, y up, z toward the camera. At turn 0 a doll faces
the camera, so its right side is at negative x. Angles are degrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ARM = {"arm_swing": (-45, 165), "arm_raise": (-8, 165), "arm_turn": (-95, 95), "elbow": (0, 145)}
_LEG = {"leg_swing": (-30, 110), "leg_raise": (-8, 75), "leg_turn": (-25, 50), "knee": (0, 140)}
LIMITS: dict[str, tuple[float, float]] = {
    "turn": (-80, 80),
    "lean": (-30, 30),
    "bow": (-15, 75),
    "twist": (-40, 40),
    "head_turn": (-60, 60),
    "head_nod": (-30, 35),
    "head_tilt": (-25, 25),
    **{f"{name}_{side}": span for side in "rl" for name, span in (_ARM | _LEG).items()},
}
ANGLES = tuple(LIMITS)
_INDEX = {name: place for place, name in enumerate(ANGLES)}
_SIDES = [[_INDEX[f"{name}_{side}"] for side in "rl"] for name in (*_ARM, *_LEG)]

# The first 18 points are OpenPose's, in its order.
NOSE, NECK, R_SHOULDER, R_ELBOW, R_WRIST, L_SHOULDER, L_ELBOW, L_WRIST = range(8)
R_HIP, R_KNEE, R_ANKLE, L_HIP, L_KNEE, L_ANKLE, R_EYE, L_EYE, R_EAR, L_EAR = range(8, 18)
PELVIS, WAIST, HEAD, CROWN, R_HAND, L_HAND, R_TOE, L_TOE, R_HEEL, L_HEEL = range(18, 28)
POINTS = 28
JOINT_NAMES = (
    *("nose", "neck", "r_shoulder", "r_elbow", "r_wrist", "l_shoulder", "l_elbow", "l_wrist", "r_hip", "r_knee"),
    *("r_ankle", "l_hip", "l_knee", "l_ankle", "r_eye", "l_eye", "r_ear", "l_ear"),
)
MIRROR = [0, 1, 5, 6, 7, 2, 3, 4, 11, 12, 13, 8, 9, 10, 15, 14, 17, 16]  # of each the one on the other side
BONES = (  # pairs of points whose distance no pose changes
    *((NECK, R_SHOULDER), (NECK, L_SHOULDER), (R_SHOULDER, R_ELBOW), (R_ELBOW, R_WRIST), (L_SHOULDER, L_ELBOW)),
    *((L_ELBOW, L_WRIST), (PELVIS, NECK), (R_HIP, R_KNEE), (R_KNEE, R_ANKLE), (L_HIP, L_KNEE), (L_KNEE, L_ANKLE)),
)


@dataclass(frozen=True)
class Pose:
    """Joint angles within the limits; `lift` is how far the lowest point is off the ground, in body heights."""

    name: str
    angles: tuple[float, ...] = (0.0,) * len(ANGLES)
    lift: float = 0.0

    def __post_init__(self) -> None:
        if len(self.angles) != len(ANGLES):
            raise ValueError(f"a pose has {len(ANGLES)} angles, not {len(self.angles)}")
        for name, angle in zip(ANGLES, self.angles, strict=True):
            low, high = LIMITS[name]
            if not low <= angle <= high:
                raise ValueError(f"{name} is {angle}, outside {low}..{high}")

    def __getitem__(self, name: str) -> float:
        return self.angles[_INDEX[name]]

    def turned(self, **angles: float) -> Pose:
        """The same pose with some angles set; each is brought inside its limits."""
        return Pose(self.name, limited({**dict(zip(ANGLES, self.angles, strict=True)), **angles}), self.lift)


def limited(angles: dict[str, float]) -> tuple[float, ...]:
    """The nearest allowed angles, to 0.01 degree; what is not named is 0."""
    unknown = angles.keys() - LIMITS.keys()
    if unknown:
        raise ValueError(f"no such angle: {', '.join(sorted(unknown))}")
    return tuple(
        round(min(max(angles.get(name, 0.0), low), high), 2) + 0.0 for name, (low, high) in LIMITS.items()
    )  # + 0.0: no negative zero in the record


@dataclass(frozen=True)
class Build:
    """Lengths and radii of one body."""

    height: float
    head: float  # radius
    neck: float
    torso: float
    shoulder: float  # half of the breadth
    hip: float
    upper_arm: float
    forearm: float
    thigh: float
    shin: float
    foot: float
    sole: float  # ankle above the ground
    arm_r: float
    wrist_r: float
    thigh_r: float
    ankle_r: float
    waist_r: float


HEIGHTS = {"girl": 1.2, "boy": 1.24, "woman": 1.62, "man": 1.74}
GIRTHS = {"slim": 0.8, "average": 1.0, "plump": 1.36}


@lru_cache
def build(kind: str, size: str) -> Build:
    h, girth = HEIGHTS[kind], GIRTHS[size]
    young, male = kind in ("girl", "boy"), kind in ("boy", "man")
    wide = 0.5 + 0.5 * girth  # bones broaden half as much as flesh
    head, torso, leg = (0.136, 0.25, 0.178) if young else (0.112, 0.27, 0.212)
    return Build(
        height=h,
        head=head * h,
        neck=0.03 * h,
        torso=torso * h,
        shoulder=(0.1 if young else 0.118 if male else 0.104) * h * wide,
        hip=(0.05 if male else 0.056) * h * wide,
        upper_arm=(0.132 if young else 0.15) * h,
        forearm=(0.12 if young else 0.135) * h,
        thigh=leg * h,
        shin=leg * 0.98 * h,
        foot=0.125 * h,
        sole=0.045 * h,
        arm_r=0.031 * h * wide,
        wrist_r=0.025 * h * wide,
        thigh_r=0.048 * h * wide,
        ankle_r=0.032 * h * wide,
        waist_r=(0.072 if young else 0.068) * h * girth,
    )


class Body(NamedTuple):
    """One posed doll: `points[PELVIS]` stands above (0, ?, 0) and the lowest point on the ground (or `lift` above)."""

    points: Floats  # [28, 3]
    torso: Floats  # [3, 3], columns are the frame's axes
    head: Floats
    hips: Floats
    build: Build


def _turn(axis: int, degrees: Floats) -> Floats:
    """Rotations about one axis: [...] -> [..., 3, 3]."""
    radians = np.deg2rad(degrees)
    cos, sin = np.cos(radians), np.sin(radians)
    found = np.zeros((*radians.shape, 3, 3))
    one, two = (axis + 1) % 3, (axis + 2) % 3
    found[..., axis, axis] = 1
    found[..., one, one] = found[..., two, two] = cos
    found[..., two, one] = sin
    found[..., one, two] = -sin
    return found


_OUT = np.array([-1.0, 1.0])  # which way is away from the body, for right and left


def bodies(poses: Sequence[Pose], builds: Sequence[Build]) -> list[Body]:
    """Forward kinematics of several dolls at once."""
    angles = np.array([pose.angles for pose in poses])
    size = np.array([(b.torso, b.shoulder, b.hip, b.neck + b.head * 0.95, b.head) for b in builds])
    points = np.zeros((len(poses), POINTS, 3))
    hips = _turn(1, angles[:, 0])
    torso = hips @ _turn(1, angles[:, 3]) @ _turn(2, -angles[:, 1]) @ _turn(0, angles[:, 2])
    head = torso @ _turn(1, angles[:, 4]) @ _turn(0, angles[:, 5]) @ _turn(2, -angles[:, 6])
    points[:, NECK] = torso[..., 1] * size[:, :1]
    points[:, WAIST] = torso[..., 1] * size[:, :1] * 0.42
    points[:, HEAD] = points[:, NECK] + (torso[..., 1] * 0.5 + head[..., 1] * 0.5) * size[:, 3:4]
    _face(points, head, size[:, 4, None])
    _arms(points, torso, angles, builds, size[:, 1, None])
    _legs(points, hips, angles, builds, size[:, 2, None])
    for place, (pose, body) in enumerate(zip(poses, builds, strict=True)):
        points[place, :, 1] += pose.lift * body.height - _lowest(points[place], body)
    return [Body(points[i], torso[i], head[i], hips[i], b) for i, b in enumerate(builds)]


_FACE = np.array([(0, -0.24, 0.97), (-0.4, -0.04, 0.915), (0.4, -0.04, 0.915), (-0.95, -0.12, 0), (0.95, -0.12, 0)])


def _face(points: Floats, head: Floats, radius: Floats) -> None:
    places = [NOSE, R_EYE, L_EYE, R_EAR, L_EAR]
    points[:, places] = points[:, HEAD, None] + (_FACE @ head.transpose(0, 2, 1)) * radius[..., None]
    points[:, CROWN] = points[:, HEAD] + head[..., 1] * radius


def _arms(points: Floats, torso: Floats, angles: Floats, builds: Sequence[Build], breadth: Floats) -> None:
    swing, raised, turn, elbow = (angles[:, place] for place in _SIDES[:4])
    upper = torso[:, None] @ _turn(2, _OUT * raised) @ _turn(0, -swing) @ _turn(1, -_OUT * turn)
    fore = upper @ _turn(0, -elbow)
    lengths = np.array([(b.upper_arm, b.forearm, b.wrist_r * 1.3) for b in builds])[:, None]
    shoulders = points[:, None, NECK] + torso[:, None, :, 0] * (_OUT * breadth)[..., None]
    shoulders = shoulders - torso[:, None, :, 1] * (breadth * 0.16)[..., None]
    elbows = shoulders - upper[..., 1] * lengths[..., :1]
    wrists = elbows - fore[..., 1] * lengths[..., 1:2]
    points[:, [R_SHOULDER, L_SHOULDER]] = shoulders
    points[:, [R_ELBOW, L_ELBOW]] = elbows
    points[:, [R_WRIST, L_WRIST]] = wrists
    points[:, [R_HAND, L_HAND]] = wrists - fore[..., 1] * lengths[..., 2:]


def _legs(points: Floats, hips: Floats, angles: Floats, builds: Sequence[Build], breadth: Floats) -> None:
    swing, raised, turn, knee = (angles[:, place] for place in _SIDES[4:])
    thigh = hips[:, None] @ _turn(2, _OUT * raised) @ _turn(0, -swing) @ _turn(1, _OUT * (turn + 14))  # feet splay
    shin = thigh @ _turn(0, knee)
    lengths = np.array([(b.thigh, b.shin, b.foot, b.sole) for b in builds])[:, None]
    joints = hips[:, None, :, 0] * (_OUT * breadth)[..., None]
    knees = joints - thigh[..., 1] * lengths[..., :1]
    ankles = knees - shin[..., 1] * lengths[..., 1:2]
    points[:, [R_HIP, L_HIP]] = joints
    points[:, [R_KNEE, L_KNEE]] = knees
    points[:, [R_ANKLE, L_ANKLE]] = ankles
    ahead, down = _feet(shin)
    points[:, [R_TOE, L_TOE]] = ankles + ahead * lengths[..., 2:3] * 0.62 + down * lengths[..., 3:] * 0.4
    points[:, [R_HEEL, L_HEEL]] = ankles - ahead * lengths[..., 2:3] * 0.16 + down * lengths[..., 3:] * 0.25


def _feet(shin: Floats) -> tuple[Floats, Floats]:
    """Where the toes point and where the sole is: flat on the ground under an upright shin, along it otherwise."""
    upright = np.clip((shin[..., 1, 1:2] - 0.55) / 0.35, 0, 1)
    ahead = shin[..., 2] * [1, 1, 1]
    ahead[..., 1] *= 1 - upright[..., 0]
    down = -shin[..., 1] * (1 - upright) + upright * np.array([0, -1.0, 0])
    return ahead / np.linalg.norm(ahead, axis=-1, keepdims=True), down / np.linalg.norm(down, axis=-1, keepdims=True)


def _lowest(points: Floats, body: Build) -> float:
    heights = points[:, 1]
    return float(
        min(
            heights[[R_ANKLE, L_ANKLE]].min() - body.sole,
            heights[[R_KNEE, L_KNEE]].min() - body.thigh_r,
            heights[[R_WRIST, L_WRIST]].min() - body.wrist_r,
            heights[PELVIS] - body.thigh_r * 1.5,
            heights[[R_TOE, L_TOE, R_HEEL, L_HEEL]].min() - body.sole * 0.6,
        )
    )
