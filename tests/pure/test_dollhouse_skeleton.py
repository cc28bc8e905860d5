"""The bones: limits, lengths that no pose changes, feet on the ground."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dollhouse
from dollhouse import poses, skeleton
from dollhouse.skeleton import BONES, LIMITS, NECK, Pose, bodies, build, limited

KINDS = [(kind, size) for kind in skeleton.HEIGHTS for size in skeleton.GIRTHS]


@settings(max_examples=60, deadline=None)
@given(st.fixed_dictionaries({name: st.floats(low, high) for name, (low, high) in LIMITS.items()}))
def test_no_pose_stretches_a_bone(angles: dict[str, float]) -> None:
    body = build("woman", "average")
    stretched, straight = bodies([Pose("any", limited(angles)), Pose("straight")], [body, body])
    for one, other in BONES:
        lengths = [float(np.linalg.norm(b.points[one] - b.points[other])) for b in (stretched, straight)]
        assert lengths[0] == pytest.approx(lengths[1], rel=1e-9)
    assert stretched.points[:, 1].min() > -0.02 * body.height


@pytest.mark.parametrize("seed", range(30))
def test_sampled_poses_stay_within_the_limits(seed: int) -> None:
    for name in (*poses.TRAIN_POSES, *poses.TEST_POSES):
        chosen = poses.sampled_pose(Random(f"{seed}{name}"), (name,), loose=3.0)
        for joint, (low, high) in LIMITS.items():
            assert low <= chosen[joint] <= high


def test_a_pose_outside_the_limits_is_refused() -> None:
    with pytest.raises(ValueError, match="elbow_r"):
        Pose("broken", tuple(170.0 if name == "elbow_r" else 0.0 for name in LIMITS))
    assert dollhouse.pose("standing").turned(elbow_r=170)["elbow_r"] == LIMITS["elbow_r"][1]
    with pytest.raises(ValueError, match="no such angle"):
        limited({"tail": 3})


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_proportions_are_believable(kind: str, size: str) -> None:
    body = build(kind, size)
    b = bodies([Pose("straight")], [body])[0].points
    tall = b[skeleton.CROWN, 1]
    assert 0.9 * body.height < tall < 1.12 * body.height
    heads = tall / (2 * body.head)
    assert 3.3 < heads < 4.8
    arm = body.upper_arm + body.forearm
    assert 0.9 * body.torso < arm < 1.25 * body.torso
    assert b[skeleton.L_SHOULDER, 0] > b[skeleton.L_HIP, 0] > 0 > b[skeleton.R_HIP, 0]
    assert b[skeleton.NOSE, 2] > 0


@pytest.mark.parametrize("name", poses.POSES)
def test_every_pose_touches_the_ground_or_jumps(name: str) -> None:
    chosen = dollhouse.pose(name)
    points = bodies([chosen], [build("girl", "average")])[0].points
    lowest = points[:, 1].min()
    assert lowest == pytest.approx(chosen.lift * 1.2, abs=0.12)
    assert np.isfinite(points).all()


def test_angles_turn_the_way_their_names_say() -> None:
    body = build("man", "average")
    names = ("arm_swing_r", "arm_raise_l", "leg_swing_l", "turn", "bow", "head_turn", "knee_r", "elbow_l")
    straight = bodies([Pose("straight")], [body])[0].points
    moved = {n: bodies([Pose("one", limited({n: 40}))], [body])[0].points - straight for n in names}
    assert moved["arm_swing_r"][skeleton.R_WRIST, 2] > 0.1  # forward
    assert moved["arm_raise_l"][skeleton.L_WRIST, 0] > 0.1  # away from the body
    assert moved["leg_swing_l"][skeleton.L_KNEE, 2] > 0.1
    assert moved["turn"][skeleton.NOSE, 0] > 0.05  # to the picture's right
    assert moved["bow"][NECK, 2] > 0.1
    assert moved["head_turn"][skeleton.NOSE, 0] > 0.05
    assert moved["knee_r"][skeleton.R_ANKLE, 2] < -0.1  # backward
    assert moved["elbow_l"][skeleton.L_WRIST, 2] > 0.1


def test_a_mirrored_pose_is_the_mirror_image() -> None:
    body = build("girl", "average")
    one = dollhouse.pose("dancing", turn=20, twist=5, lean=-8, head_tilt=10)
    there, here = (b.points for b in bodies([one, poses.mirrored(one)], [body, body]))
    flipped = here * [-1, 1, 1]
    assert np.allclose(there[skeleton.R_WRIST], flipped[skeleton.L_WRIST])
    assert np.allclose(there[skeleton.L_ANKLE], flipped[skeleton.R_ANKLE])
    assert np.allclose(there[skeleton.NOSE], flipped[skeleton.NOSE])
