"""Named poses, and the sampling of a pose around them."""

from __future__ import annotations

from random import Random

from dollhouse.skeleton import LIMITS, Pose, limited


def _both(**angles: float) -> dict[str, float]:
    return {f"{name}_{side}": angle for name, angle in angles.items() for side in "rl"}


_DOWN = _both(arm_raise=11, elbow=12)
_FLOOR = _both(leg_swing=86, knee=12, leg_raise=14)
_TRAIN: dict[str, dict[str, float]] = {
    "standing": _DOWN,
    "waving": {**_DOWN, "arm_raise_r": 108, "elbow_r": 78, "arm_turn_r": -88},
    "cheering": _both(arm_raise=148, elbow=22, arm_turn=-60) | _both(leg_raise=8),
    "hands on hips": _both(arm_raise=42, elbow=96, arm_turn=66, arm_swing=-8),
    "pointing": {**_DOWN, "arm_raise_l": 86, "elbow_l": 4, "head_turn": 14},
    "walking": {
        "turn": 52,
        "arm_swing_r": 32,
        "arm_swing_l": -32,
        "elbow_r": 30,
        "elbow_l": 22,
        "leg_swing_r": -20,
        "leg_swing_l": 30,
        "knee_r": 22,
        "knee_l": 12,
        "head_turn": -22,
    },
    "running": {
        "turn": 58,
        "bow": 12,
        "arm_swing_r": 52,
        "arm_swing_l": -42,
        "elbow_r": 88,
        "elbow_l": 84,
        "leg_swing_r": -24,
        "leg_swing_l": 58,
        "knee_r": 66,
        "knee_l": 52,
        "head_turn": -22,
    },
    "sitting": {**_both(leg_swing=84, knee=82, leg_raise=10, arm_swing=28, elbow=44, arm_turn=20), "turn": 30},
    "kneeling": {**_both(knee=124, leg_swing=20, leg_raise=10, arm_swing=18, elbow=50, arm_turn=24), "turn": 24},
    "jumping": _both(arm_raise=122, elbow=22, leg_raise=26, knee=42, leg_swing=22),
    "dancing": {
        "lean": -8,
        "arm_raise_r": 142,
        "elbow_r": 40,
        "arm_turn_r": -60,
        "arm_raise_l": 62,
        "elbow_l": 70,
        "arm_turn_l": 60,
        "leg_raise_l": 24,
        "knee_l": 8,
        "leg_raise_r": 4,
        "head_tilt": 10,
    },
    "reaching out": _both(arm_swing=58, arm_raise=24, elbow=26),
}
_TEST: dict[str, dict[str, float]] = {
    "bowing": {"bow": 48, "turn": 42, "head_nod": 12, **_both(arm_swing=10, elbow=8)},
    "kicking": {
        "turn": 44,
        "leg_swing_r": 72,
        "knee_r": 8,
        "leg_swing_l": -4,
        "arm_raise_l": 62,
        "arm_raise_r": 48,
        **_both(elbow=30),
    },
    "star jump": _both(arm_raise=124, elbow=2, leg_raise=40),
    "balancing": {**_both(arm_raise=90, elbow=4), "leg_swing_r": 52, "knee_r": 112, "leg_raise_r": 30},
    "lunging": {
        "turn": -50,
        "leg_swing_r": 58,
        "knee_r": 56,
        "leg_swing_l": -28,
        "knee_l": 10,
        "head_turn": 20,
        **_both(arm_swing=34, elbow=20, arm_raise=24),
    },
    "flexing": _both(arm_raise=88, elbow=112, arm_turn=-92),
}
_LIFT = {"jumping": 0.16, "star jump": 0.12}
_SIDEWAYS = ("turn", "lean", "twist", "head_turn", "head_tilt")
_FACING = 46.0  # a face turned further away shows too little of itself
TRAIN_POSES, TEST_POSES = tuple(_TRAIN), tuple(_TEST)
POSES = (*TRAIN_POSES, *TEST_POSES)


def pose(name: str, **angles: float) -> Pose:
    """A named pose as it is, or with some angles changed."""
    return Pose(name, limited({**(_TRAIN | _TEST)[name], **angles}), _LIFT.get(name, 0.0))


def mirrored(one: Pose) -> Pose:
    angles = {}
    for name in LIMITS:
        other = name[:-1] + {"r": "l", "l": "r"}[name[-1]] if name[-2:] in ("_r", "_l") else name
        angles[name] = -one[name] if name in _SIDEWAYS else one[other]
    return Pose(one.name, limited(angles), one.lift)


_SPREADS = {  # degrees, of a pose that is sampled
    joint: 22.0 if joint == "turn" else 12.0 if joint.startswith(("arm", "elbow", "head_turn")) else 5.0
    for joint in LIMITS
}
_NUDGES = {joint: 11.0 if joint.startswith(("arm", "elbow", "head")) else 4.5 for joint in LIMITS}


def _shaken(rng: Random, one: Pose, spreads: dict[str, float], much: float) -> dict[str, float]:
    """Its angles a little off, the head turned no further from the camera than a face can be seen."""
    angles = {joint: one[joint] + rng.gauss(0, spread * much) for joint, spread in spreads.items()}
    facing = angles["turn"] + angles["twist"]
    angles["head_turn"] = min(max(angles["head_turn"], -_FACING - facing), _FACING - facing)
    return angles


def nudged_pose(rng: Random, one: Pose, much: float) -> Pose:
    """The same with every joint off by some degrees, arms and heads by more."""
    return one.turned(**_shaken(rng, one, _NUDGES, much))


def sampled_pose(rng: Random, names: tuple[str, ...] = TRAIN_POSES, loose: float = 1.0) -> Pose:
    """One of the named poses, mirrored or not, with every joint a little off."""
    name = rng.choice(names)
    chosen = pose(name)
    if rng.random() < 0.5:
        chosen = mirrored(chosen)
    angles = _shaken(rng, chosen, _SPREADS, loose)
    if name not in ("jumping", "star jump", "balancing", "kicking", "running", "dancing", "sitting", "kneeling"):
        angles["knee_r"], angles["knee_l"] = chosen["knee_r"] + 2, chosen["knee_l"] + 2
    return Pose(name, limited(angles), round(chosen.lift * rng.uniform(0.7, 1.3), 3))
