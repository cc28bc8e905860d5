"""Ground truth: masks partition, joints lie on their limbs, depth and normals agree with the picture."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

import dollhouse
from dollhouse import Truth, openpose
from dollhouse.parts import FIRST_DOLL, PART, PARTS, SURFACE, SURFACES
from dollhouse.skeleton import JOINT_NAMES

SIDES = {
    "shoulder": ("torso", "{s}_upper_arm"),
    "elbow": ("{s}_upper_arm", "{s}_forearm"),
    "wrist": ("{s}_forearm", "{s}_hand"),
    "hip": ("pelvis", "torso", "{s}_thigh"),
    "knee": ("{s}_thigh", "{s}_shin"),
    "ankle": ("{s}_shin", "{s}_foot"),
    "eye": ("head",),
    "ear": ("head",),
}
BELONGS = {f"{s}_{name}": {p.format(s=s) for p in parts} for name, parts in SIDES.items() for s in "rl"}
BELONGS |= {"nose": {"head"}, "neck": {"neck", "torso", "head"}}


@lru_cache(None)
def found(seed: int, split: str = "test") -> Truth:
    return dollhouse.truth(dollhouse.scene(seed, split), 128)


def named(truth: Truth, name: str) -> NDArray[np.bool_]:
    return truth.of_surface(0, name) if name in SURFACES else truth.of_part(0, name)


def test_the_skeleton_hits_the_limbs() -> None:
    hits, seen = Counter(), Counter()
    for seed in range(120):
        truth = found(seed)
        for number, joint in zip(*np.nonzero(truth.visible), strict=True):
            x, y = truth.joints[number, joint].astype(int)
            name = JOINT_NAMES[joint]
            seen[name] += 1
            hits[name] += truth.owner[y, x] == FIRST_DOLL + number and PARTS[truth.part[y, x]] in BELONGS[name]
    assert sum(hits.values()) / sum(seen.values()) >= 0.97
    assert min(seen.values()) > 40  # every joint is often visible
    assert min(hits[name] / seen[name] for name in seen) > 0.93


@pytest.mark.parametrize("seed", range(24))
def test_masks_partition_the_picture(seed: int) -> None:
    scene, truth = dollhouse.scene(seed, "test"), found(seed)
    dolls = [truth.doll(number) for number in range(len(scene.people))]
    background = truth.owner == 0
    assert (sum(mask.astype(int) for mask in (background, truth.objects, *dolls)) == 1).all()
    for number, doll in enumerate(dolls):
        assert doll.sum() > 40
        for names, of in ((PARTS, truth.of_part), (SURFACES, truth.of_surface)):
            assert np.array_equal(sum(of(number, name).astype(int) for name in names), doll.astype(int))
    assert (truth.part[~np.any(dolls, 0)] == PART["none"]).all()
    assert (truth.part[np.any(dolls, 0)] != PART["none"]).all()
    assert (truth.surface[background] <= SURFACE["scenery"]).all()
    assert (truth.surface[truth.objects] == SURFACE["object"]).all()


@pytest.mark.parametrize("seed", range(12))
def test_boxes_are_tight(seed: int) -> None:
    truth = found(seed)
    for name, (left, top, right, bottom) in truth.boxes(0).items():
        mask = {"doll": truth.doll, "face": truth.face}.get(name, lambda _, n=name: named(truth, n))(0)
        inside = mask[top:bottom, left:right]
        assert inside.sum() == mask.sum()
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()


def test_what_is_worn_has_its_colour() -> None:
    """The middle colour of a top's pixels is nearest to the palette's colour of its name."""
    from dollhouse.colours import CLOTH

    names = list(CLOTH)
    right = total = 0
    for seed in range(60):
        scene = dollhouse.scene(seed).with_light(dollhouse.light("soft", "front")).with_style("cartoon")
        truth = dollhouse.truth(scene, 128)
        for number, actor in enumerate(scene.people):
            mask = truth.of_surface(number, "top")
            if mask.sum() > 60:
                seen = np.median(truth.picture[mask], axis=0)
                nearest = names[int(np.argmin([np.abs(seen - CLOTH[name]).sum() for name in names]))]
                right, total = right + (nearest == actor.doll.top), total + 1
    assert total > 60
    assert right / total > 0.93


@pytest.mark.parametrize("seed", range(12))
def test_depth_orders_things_as_they_hide_each_other(seed: int) -> None:
    scene, truth = dollhouse.scene(seed, "test"), found(seed)
    assert np.isfinite(truth.depth).all()
    assert truth.depth.min() > 0.5
    figures = truth.owner >= FIRST_DOLL
    ground = truth.surface == SURFACE["ground"]
    rows = truth.depth[ground & ~figures]
    for number, actor in enumerate(scene.people):
        middle = np.median(truth.depth[truth.doll(number)])
        assert middle == pytest.approx(5 - actor.z, abs=0.45)
    if len(rows):
        y = np.nonzero(ground & ~figures)[0]
        assert np.corrcoef(y, 1 / rows)[0, 1] > 0.999  # a plane: inverse depth is linear in the picture
    assert truth.depth_map.min() == 0
    assert truth.depth_map.max() == 255


@pytest.mark.parametrize("seed", range(8))
def test_normals_are_unit_and_bulge_toward_us(seed: int) -> None:
    truth = found(seed)
    assert np.allclose(np.linalg.norm(truth.normals, axis=-1), 1, atol=1e-4)
    assert (truth.normals[..., 2] >= 0).all()
    y, x = np.nonzero(truth.face(0))
    normals = truth.normals[y, x]
    assert np.corrcoef(x, normals[:, 0])[0, 1] > 0.9  # the right cheek's normal points right
    assert np.corrcoef(y, normals[:, 1])[0, 1] < -0.9
    assert truth.normal_map.dtype == np.uint8


def test_openpose_json_is_what_controlnet_reads() -> None:
    truth = found(3)
    record = truth.openpose
    assert (record["canvas_width"], record["canvas_height"]) == (128, 128)
    for person in record["people"]:
        flat = np.array(person["pose_keypoints_2d"]).reshape(18, 3)
        assert set(flat[:, 2]) <= {0.0, 1.0}
        shown = flat[flat[:, 2] == 1]
        assert len(shown) >= 6
        assert (shown[:, :2] >= 0).all() and (shown[:, :2] < 128).all()
        assert (flat[flat[:, 2] == 0] == 0).all()
        assert person["face_keypoints_2d"] is None


def test_a_face_turned_away_loses_the_far_ear() -> None:
    scene = dollhouse.scene(0, people=1).with_pose(0, dollhouse.pose("standing", turn=45))
    flat = dollhouse.truth(scene, 128).openpose["people"][0]["pose_keypoints_2d"]
    assert flat[17 * 3 + 2] == 0  # turned to the picture's right, the doll's left ear is behind
    assert flat[16 * 3 + 2] == 1


def test_the_skeleton_map_has_the_official_colours() -> None:
    points = np.zeros((18, 3))
    points[[2, 3]] = (20, 20, 1), (20, 90, 1)  # right upper arm
    people = [{"pose_keypoints_2d": points.ravel().tolist()}]
    drawn = openpose.map_of({"people": people, "canvas_height": 100, "canvas_width": 60})
    assert tuple(drawn[55, 20]) == (153, 102, 0)  # the third limb's colour at 0.6
    assert tuple(drawn[20, 20]) == (255, 170, 0)
    assert tuple(drawn[90, 20]) == (255, 255, 0)
    assert drawn[55, 16].any() and drawn[55, 24].any() and not drawn[55, 26].any()  # nine pixels thick
    assert not drawn[:, 40:].any()


def test_maps_are_about_the_picture() -> None:
    truth = found(5)
    assert np.array_equal(truth.picture, dollhouse.render(dollhouse.scene(5, "test"), 128))
    assert set(np.unique(truth.canny)) <= {0, 255}
    for edges in (truth.canny, truth.line):
        near = edges[truth.doll(0)] > 100
        assert 0.02 < near.mean() < 0.6
    assert truth.skeleton.shape == (128, 128, 3)
