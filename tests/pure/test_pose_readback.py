from __future__ import annotations

from math import cos, hypot, sin
from random import Random

import cv2
import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.discs import discs, labels_of
from atelier_pose_editor.draw import map_of
from atelier_pose_editor.readback import pose_of_map
from atelier_pose_editor.skeleton import COLOURS, NO_BODY, NOWHERE, Joint, Part, Person, Pose, moved, scaled

import dollhouse

STANDING = (
    *((150, 80), (150, 120), (120, 122), (110, 170), (105, 215), (180, 122), (230, 110), (275, 100)),
    *(
        (133, 215),
        (130, 290),
        (128, 360),
        (167, 215),
        (170, 290),
        (172, 360),
        (142, 66),
        (158, 66),
        (130, 76),
        (170, 76),
    ),
)
SIZE = Extent(700, 420)


def person(random: Random, dx: float, but: tuple[int, ...] = ()) -> Person:
    """Joints that are off are nowhere, as in what is read back."""
    places = [(x + dx + random.uniform(-6, 6), y + random.uniform(-6, 6)) for x, y in STANDING]
    return Person(tuple(NOWHERE if i in but else Joint(round(x, 1), round(y, 1)) for i, (x, y) in enumerate(places)))


def off(one: Part, other: Part) -> float:
    """The farthest that two joints are apart; endless when one of them is missing."""
    pairs = zip(one, other, strict=True)
    return max((hypot(a.x - b.x, a.y - b.y) if a.on == b.on else 1e9) for a, b in pairs)


def test_whole_numbers_come_back_exactly_and_in_their_order() -> None:
    people = tuple(
        Person(tuple(Joint(float(x + dx), float(y + dy)) for x, y in STANDING))
        for dx, dy in ((0, 0), (97, 5), (53, 12))
    )
    for order in (people, people[::-1]):
        pose = Pose(SIZE, order)
        assert pose_of_map(map_of(pose)) == (pose, ())


@pytest.mark.parametrize("seed", range(6))
def test_people_apart_are_found_to_a_pixel(seed: int) -> None:
    random = Random(seed)
    missing = tuple(random.sample(range(18), seed % 3))
    people = [person(random, -60, missing), person(random, 130), person(random, 370, (17,))]
    found, notes = pose_of_map(map_of(Pose(SIZE, tuple(people))))
    assert len(found.people) == 3
    for one, other in zip(people, sorted(found.people, key=lambda p: p.body[0].x + p.body[8].x), strict=True):
        assert off(one.body, other.body) <= 1
    assert notes in ((), ("Some joints hang on no limb; whose they are was guessed.",))


def test_joints_below_the_limbs_of_others_are_found() -> None:
    below = Person(tuple(Joint(float(x), float(y)) for x, y in STANDING))
    body = list(NO_BODY)
    body[8], body[9], body[10] = Joint(100, 283), Joint(200, 286), Joint(260, 330)  # a leg over the knees
    found, _ = pose_of_map(map_of(Pose(SIZE, (below, Person(tuple(body))))))
    assert len(found.people) == 2
    assert off(found.people[0].body, below.body) <= 1 and off(found.people[1].body, tuple(body)) <= 1


def test_dolls_that_cover_each_other() -> None:
    wanted = right = 0
    for seed in range(30):
        record = dollhouse.truth(dollhouse.scene(seed, "train"), 64).openpose
        flat = [one["pose_keypoints_2d"] for one in record["people"]]
        triples = [zip(one[::3], one[1::3], one[2::3], strict=True) for one in flat]
        bodies = [tuple(Joint(round(8 * x, 1), round(8 * y, 1)) if on else NOWHERE for x, y, on in t) for t in triples]
        found, _ = pose_of_map(map_of(Pose(Extent(512, 512), tuple(map(Person, bodies)))))
        for body in bodies:
            near = [
                sum(a.on and b.on and hypot(a.x - b.x, a.y - b.y) <= 1 for a, b in zip(body, one.body, strict=True))
                for one in found.people
            ]
            right += max(near)
            wanted += sum(joint.on for joint in body)
    assert wanted > 600 and right >= 0.98 * wanted


def test_a_person_in_pieces_is_one_and_it_is_said() -> None:
    without_neck = person(Random(1), 0, (1,))
    found, notes = pose_of_map(map_of(Pose(SIZE, (without_neck,))))
    assert len(found.people) == 1 and off(found.people[0].body, without_neck.body) <= 1
    assert notes == ("Some joints hang on no limb; whose they are was guessed.",)


def test_a_joint_that_the_edge_cuts() -> None:
    half_out = moved(Person(tuple(Joint(float(x), float(y)) for x, y in STANDING)), -107.0, 0)
    found, _ = pose_of_map(map_of(Pose(SIZE, (half_out,))))
    assert off(found.people[0].body[5:], half_out.body[5:]) <= 1
    assert found.people[0].body[4] == Joint(-2.0, 215.0)


def hand(random: Random, x: float, y: float, size: float, way: float) -> Part:
    """Five spread fingers of joints that stand apart."""
    points = [(x, y)]
    for finger in range(-2, 3):
        for step in range(4):
            far, turn = size * (0.5 + 0.19 * step), way + finger * 0.35 + random.uniform(-0.05, 0.05)
            points.append((x + far * cos(turn), y + far * sin(turn)))
    return tuple(Joint(round(x, 1), round(y, 1)) for x, y in points)


@pytest.mark.parametrize("seed", range(4))
def test_hands_are_found_and_hang_at_their_wrists(seed: int) -> None:
    random = Random(seed)
    one = scaled(person(random, 0), 2, 2)
    left = hand(random, one.body[7].x + 1, one.body[7].y, 100, 5.5 + seed / 4)
    right = hand(random, one.body[4].x, one.body[4].y + 1, 100, 3.5 + seed / 4)
    drawn = Person(one.body, left=left, right=right)
    found, _ = pose_of_map(map_of(Pose(Extent(850, 900), (drawn,))))
    [read] = found.people
    assert off(read.left, left) <= 1.5 and off(read.right, right) <= 1.5
    assert off(read.body, one.body) <= 3  # wrists lie below the first joint of a hand
    knees_and_nose = [read.body[joint] for joint in (0, 9, 12)]
    assert off(tuple(knees_and_nose), tuple(one.body[joint] for joint in (0, 9, 12))) <= 1


def test_limbs_of_a_large_picture_turn_in_whole_degrees() -> None:
    one = scaled(person(Random(5), 0), 8, 8)
    found, notes = pose_of_map(map_of(Pose(Extent(2600, 3000), (one,))))
    assert len(found.people) == 1 and off(found.people[0].body, one.body) <= 1


def test_faces_are_left_out_and_it_is_said() -> None:
    body = tuple(Joint(float(x), float(y)) for x, y in STANDING)
    face = tuple(Joint(500.0 + 10 * (i % 10), 50.0 + 12 * (i // 10)) for i in range(70))
    found, notes = pose_of_map(map_of(Pose(SIZE, (Person(body, face=face),))))
    assert off(found.people[0].body, body) <= 1 and found.people[0].face == ()
    assert notes[0] == "The dots of faces cannot be told apart and were left out."


def test_wide_sticks_are_read_too() -> None:
    pose = Pose(SIZE, (Person(tuple(Joint(float(x), float(y)) for x, y in STANDING)),))
    found, notes = pose_of_map(map_of(pose, "wide"))
    assert off(found.people[0].body, pose.people[0].body) <= 1
    assert notes == ("Some of this skeleton map could not be read; what was read draws another one.",)


def skeleton() -> np.ndarray:
    return map_of(Pose(SIZE, (Person(tuple(Joint(float(x), float(y)) for x, y in STANDING)),)))


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((40, 50, 3), np.uint8),
        np.full((40, 50, 3), 255, np.uint8),
        np.random.default_rng(1).integers(0, 256, (60, 70, 3), np.uint8),
        cv2.resize(skeleton(), (350, 210), interpolation=cv2.INTER_AREA),
        skeleton()[:, :, :2],
        skeleton().astype(np.float32),
        np.zeros((1, 8193, 3), np.uint8),
    ],
    ids=["black", "white", "noise", "resized", "two channels", "floats", "too wide"],
)
def test_what_is_no_map_is_a_sentence(picture: np.ndarray) -> None:
    with pytest.raises(UserError):
        pose_of_map(picture)


def test_discs_of_one_colour_that_overlap_or_are_covered() -> None:
    picture = np.zeros((40, 60, 3), np.uint8)
    for x, y in ((10, 20), (15, 22), (50, 20), (1, 38)):
        cv2.circle(picture, (x, y), 4, COLOURS[3], -1)
    cv2.rectangle(picture, (50, 10), (56, 30), (153, 0, 0), -1)
    found = sorted(discs(labels_of(picture), 1 + 3, 0.15))
    assert found == [(1, 38), (10, 20), (15, 22), (50, 20)]
