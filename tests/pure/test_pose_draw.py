"""The map is the one that models were trained on: byte for byte what controlnet_aux draws, where that is installed."""

from __future__ import annotations

import importlib.util
import sys
from collections import namedtuple
from pathlib import Path
from random import Random
from types import ModuleType

import numpy as np
import pytest
from atelier_core.geometry import Extent
from atelier_pose_editor.draw import EDGE_COLOURS, map_of, stick_scale
from atelier_pose_editor.skeleton import COLOURS, LIMB_COLOURS, NO_BODY, NOWHERE, Joint, Part, Person, Pose

Keypoint = namedtuple("Keypoint", "x y")


def load_oracle() -> ModuleType | None:
    """Its drawing module alone: the package around it wants networks and a hub."""
    found = importlib.util.find_spec("controlnet_aux")
    if found is None or importlib.util.find_spec("matplotlib") is None:
        return None
    file = Path(found.submodule_search_locations[0]) / "open_pose/util.py"
    package, body = ModuleType("pose_oracle"), ModuleType("pose_oracle.body")
    package.__path__ = []
    body.BodyResult, body.Keypoint = object, Keypoint
    sys.modules |= {"pose_oracle": package, "pose_oracle.body": body}
    spec = importlib.util.spec_from_file_location("pose_oracle.util", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ORACLE = load_oracle()
needs_oracle = pytest.mark.skipif(ORACLE is None, reason="skipped: no controlnet_aux with matplotlib")


def oracle_map(pose: Pose) -> np.ndarray:
    """It takes fractions; with sides that are powers of two they are the same numbers. A missing hand point is at 0."""
    width, height = pose.size
    canvas = np.zeros((height, width, 3), np.uint8)
    for person in pose.people:
        points = {
            name: [
                Keypoint(j.x / width, j.y / height) if j.on else None if name == "body" else Keypoint(0, 0)
                for j in part
            ]
            for name, part in person.parts()
        }
        canvas = ORACLE.draw_bodypose(canvas, points["body"])
        for hand in ("left", "right"):
            canvas = ORACLE.draw_handpose(canvas, points[hand]) if points[hand] else canvas
        canvas = ORACLE.draw_facepose(canvas, points["face"]) if points["face"] else canvas
    return canvas


def some_part(random: Random, count: int, size: Extent, reach: float, missing: float) -> Part:
    """Joints around one place, `reach` of the picture wide."""
    cx, cy = random.uniform(-0.1, 1.1), random.uniform(-0.1, 1.1)
    return tuple(
        NOWHERE
        if random.random() < missing
        else Joint(
            round((cx + random.uniform(-reach, reach)) * size.width, 1),
            round((cy + random.uniform(-reach, reach)) * size.height, 1),
        )
        for _ in range(count)
    )


def some_person(random: Random, size: Extent) -> Person:
    missing = random.choice((0, 0, 0.2))
    body = list(some_part(random, 18, size, random.choice((0.02, 0.2, 0.6)), missing))
    if random.random() < 0.3:  # limbs without length, and of less than a pixel
        body[3] = body[2]
        body[9] = Joint(body[8].x + 0.4, body[8].y - 0.3, on=body[8].on)
    parts = {
        name: some_part(random, count, size, random.choice((0.03, 0.1)), missing) if random.random() < 0.6 else ()
        for name, count in (("left", 21), ("right", 21), ("face", 70))
    }
    return Person(tuple(body), feet=some_part(random, 6, size, 0.1, 0), **parts)


def some_pose(seed: int, people: int) -> Pose:
    random = Random(seed)
    size = random.choice((Extent(512, 256), Extent(256, 512), Extent(512, 1024)))
    return Pose(size, tuple(some_person(random, size) for _ in range(people)))


@needs_oracle
@pytest.mark.parametrize("people", [1, 2, 5])
def test_byte_for_byte_what_controlnet_aux_draws(people: int) -> None:
    drawn = 0
    for seed in range(200):
        pose = some_pose(seed, people)
        picture = map_of(pose)
        assert np.array_equal(picture, oracle_map(pose)), seed
        drawn += picture.any()
    assert drawn >= 190


@needs_oracle
def test_the_order_of_people_is_the_order_of_drawing() -> None:
    differ = 0
    for seed in range(20):
        pose = some_pose(seed, 2)
        swapped = Pose(pose.size, pose.people[::-1])
        assert np.array_equal(map_of(swapped), oracle_map(swapped)), seed
        differ += not np.array_equal(map_of(swapped), map_of(pose))
    assert differ >= 5


@needs_oracle
def test_a_large_map_and_places_far_outside() -> None:
    size = Extent(4096, 4096)
    random = Random(3)
    far = Person((Joint(-90000.0, 50.5), Joint(2048.3, 2048.7), *[Joint(99999.9, -100000.0)] * 16))
    pose = Pose(size, (some_person(random, size), far, some_person(random, size)))
    assert np.array_equal(map_of(pose), oracle_map(pose))


def one_body(**joints: tuple[float, float]) -> Part:
    body = list(NO_BODY)
    for name, (x, y) in joints.items():
        body[int(name[1:])] = Joint(x, y)
    return tuple(body)


def test_a_limb_is_an_ellipse_below_two_discs() -> None:
    drawn = map_of(Pose(Extent(41, 30), (Person(one_body(j1=(8.9, 10.2), j5=(30, 10))),)))
    assert drawn[10, 8].tolist() == list(COLOURS[1])
    assert drawn[10, 12].tolist() == list(COLOURS[1]) and drawn[10, 13].tolist() == list(LIMB_COLOURS[1])
    assert drawn[10, 30].tolist() == list(COLOURS[5])
    middle = drawn[:, 19].any(axis=1).nonzero()[0]
    assert (middle.min(), middle.max()) == (6, 14)
    assert not drawn[:, 35:].any() and not drawn[:, :4].any()


def test_colours_of_limbs_are_six_tenths() -> None:
    assert tuple(tuple(int(0.6 * c) for c in colour) for colour in COLOURS[:17]) == LIMB_COLOURS
    assert [EDGE_COLOURS[edge] for edge in (0, 5, 10)] == [(255, 0, 0), (127.5, 255, 0), (0, 255, 255)]


def test_hidden_people_hidden_joints_and_feet_are_not_drawn() -> None:
    feet = tuple(Joint(5.0 + i, 5.0) for i in range(6))
    shown = Person(one_body(j1=(20, 20)), feet=feet)
    hidden = Person(one_body(j1=(5, 20)), on=False)
    off = Person((Joint(30, 30, on=False),) * 18)
    drawn = map_of(Pose(Extent(40, 40), (shown, hidden, off)))
    assert np.array_equal(drawn, map_of(Pose(Extent(40, 40), (Person(one_body(j1=(20, 20))),))))
    assert drawn[20, 20].tolist() == [255, 85, 0] and not drawn[:, :15].any()


def test_points_of_a_hand_or_face_on_the_first_column_are_missing() -> None:
    def drawn(x: float, part: str, count: int) -> bool:
        points = (Joint(x, 9.0), *(NOWHERE,) * (count - 1))
        return bool(map_of(Pose(Extent(20, 20), (Person(NO_BODY, **{part: points}),))).any())

    assert [drawn(0.9, "left", 21), drawn(1.0, "left", 21)] == [False, True]
    assert [drawn(0.9, "face", 70), drawn(1.0, "face", 70)] == [False, True]
    assert map_of(Pose(Extent(20, 20), (Person(one_body(j0=(0, 0))),)))[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize(("side", "scale"), [(499, 1), (500, 2), (1000, 3), (4999, 6), (5000, 7), (8192, 7)])
def test_wide_sticks_grow_with_the_picture(side: int, scale: int) -> None:
    assert stick_scale(Extent(side, 64)) == stick_scale(Extent(64, side)) == scale


def test_a_wide_stick_has_the_same_joints() -> None:
    person = Person(one_body(j1=(100, 100), j5=(400, 100)))
    standard, wide = (map_of(Pose(Extent(512, 200), (person,)), stick) for stick in ("standard", "wide"))
    assert standard[:, 250].any(axis=1).sum() == 9 and wide[:, 250].any(axis=1).sum() == 17
    disc = (standard == COLOURS[5]).all(axis=2)
    assert np.array_equal(disc, (wide == COLOURS[5]).all(axis=2)) and disc.any()


def test_twenty_whole_people_on_the_largest_picture() -> None:
    random = Random(11)
    size = Extent(8192, 8192)
    parts = {"left": 21, "right": 21, "face": 70}
    people = (
        Person(
            some_part(random, 18, size, 0.3, 0), **{n: some_part(random, c, size, 0.02, 0) for n, c in parts.items()}
        )
        for _ in range(20)
    )
    drawn = map_of(Pose(size, tuple(people)))
    assert drawn.shape == (8192, 8192, 3) and drawn.dtype == np.uint8
    assert {tuple(colour) for colour in np.unique(drawn[::7, ::5].reshape(-1, 3), axis=0)} >= {(0, 0, 255), (153, 0, 0)}
