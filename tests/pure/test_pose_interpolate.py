from __future__ import annotations

from dataclasses import replace
from math import hypot

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.interpolate import between
from atelier_pose_editor.skeleton import HAND_EDGES, LIMBS, NO_BODY, NOWHERE, Joint, Part, Person, Pose
from hypothesis import given
from hypothesis import strategies as st

SIZE = Extent(400, 300)


def body(**joints: tuple[float, float]) -> Part:
    found = list(NO_BODY)
    for name, (x, y) in joints.items():
        found[int(name[1:])] = Joint(x, y)
    return tuple(found)


def pose(*people: Person) -> Pose:
    return Pose(SIZE, people)


def place(joint: Joint) -> tuple[float, float]:
    return joint.x, joint.y


def test_an_arm_turns_and_keeps_its_length() -> None:
    one = pose(Person(body(j1=(100, 100), j2=(150, 100), j3=(190, 100))))
    other = pose(Person(body(j1=(120, 100), j2=(120, 150), j3=(80, 150))))
    first, middle, last = between(one, other, 3)
    assert (first, last) == (one, other)
    found = middle.people[0].body
    assert place(found[1]) == (110, 100)
    assert place(found[2]) == (145.4, 135.4)  # 50 px at 45 degrees
    assert place(found[3]) == (145.4, 175.4)  # from 0 to 180 degrees
    assert found[4] == NOWHERE


def test_lengths_grow_evenly_and_turns_take_the_shorter_way() -> None:
    one = pose(Person(body(j1=(0, 0), j2=(-98.5, 17.4))))  # 170 degrees
    other = pose(Person(body(j1=(0, 0), j2=(-197, -34.7))))  # -170 degrees, twice as long
    places = [place(frame.people[0].body[2]) for frame in between(one, other, 5)]
    assert places[2] == pytest.approx((-150, 0), abs=0.1)
    assert [hypot(*xy) for xy in places] == pytest.approx([100, 125, 150, 175, 200], abs=0.15)
    assert all(x < -98 for x, _ in places)


joints = st.builds(Joint, *[st.integers(-4000, 8000).map(lambda tenths: tenths / 10)] * 2, st.booleans(), st.booleans())
persons = st.builds(
    Person,
    st.tuples(*[joints] * 18),
    left=st.just(()) | st.tuples(*[joints] * 21),
    face=st.just(()) | st.tuples(*[joints] * 70),
)


@given(persons, persons, st.integers(2, 7))
def test_every_bone_is_between_its_two_lengths(one: Person, other: Person, count: int) -> None:
    frames = between(pose(one), pose(other), count)
    assert len(frames) == count and (frames[0], frames[-1]) == (pose(one), pose(other))
    for frame in frames:
        for part, bones in (("body", LIMBS), ("left", HAND_EDGES)):
            three = [getattr(person, part) for person in (one, other, frame.people[0])]
            for a, b in bones if all(three) else ():
                if all(joints[a].on and joints[b].on for joints in three[:2]):
                    lengths = [hypot(p[a].x - p[b].x, p[a].y - p[b].y) for p in three]
                    assert min(lengths[:2]) - 0.15 <= lengths[2] <= max(lengths[:2]) + 0.15


def test_a_hand_hangs_at_its_wrist_and_a_face_at_its_nose() -> None:
    hand = tuple(Joint(200.0 + i, 100.0) for i in range(21))
    face = tuple(Joint(50.0 + i, 20.0 + (i != 30)) for i in range(70))
    one = Person(body(j0=(80, 20), j1=(100, 100), j5=(150, 100), j6=(170, 100), j7=(200, 100)), left=hand, face=face)
    other = replace(one, body=body(j0=(90, 30), j1=(100, 100), j5=(150, 100), j6=(150, 120), j7=(150, 150)))
    other = replace(other, left=tuple(Joint(150.0, 100.0 + 50 + i) for i in range(21)))
    other = replace(other, face=tuple(Joint(j.x + 10, j.y + 10) for j in face))
    middle = between(pose(one), pose(other), 3)[1].people[0]
    assert place(middle.left[0]) == place(middle.body[7])
    tip = middle.left[20]
    assert (tip.x - middle.body[7].x, tip.y - middle.body[7].y) == pytest.approx((14.14, 14.14), abs=0.15)
    assert middle.face[5].x - middle.face[30].x == pytest.approx(-25, abs=0.15)
    assert middle.face[30] == Joint(middle.body[0].x, middle.body[0].y)


def test_what_only_one_pose_has_is_there_in_its_half() -> None:
    hand = tuple(Joint(20.0 + i, 60.0) for i in range(21))
    one = Person(body(j1=(10, 10), j2=(30, 10), j4=(20, 60)), right=hand, name="Ann", on=False)
    other = Person(body(j1=(10, 30), j3=(30, 40), j4=(20, 80)), name="Bo")
    third = Person(body(j1=(200, 200)))
    frames = between(pose(one), pose(other, third), 5)
    assert [frame.people[0].name for frame in frames] == ["Ann", "Ann", "Bo", "Bo", "Bo"]
    assert [len(frame.people) for frame in frames] == [1, 1, 2, 2, 2]
    assert [frame.people[0].on for frame in frames] == [False, False, True, True, True]
    assert [len(frame.people[0].right) for frame in frames] == [21, 21, 0, 0, 0]
    assert [frame.people[0].body[2].on for frame in frames] == [True, True, False, False, False]
    assert frames[1].people[0].body[2] == Joint(30, 15)  # the neck has moved a quarter of 20 px, and it too
    assert frames[3].people[0].body[3] == Joint(30, 35)


def test_what_cannot_be_mixed_is_a_sentence() -> None:
    with pytest.raises(UserError, match="same size"):
        between(pose(), Pose(Extent(400, 301)), 3)
    for count in (1, 1001):
        with pytest.raises(UserError, match="2 to 1000 frames"):
            between(pose(), pose(), count)
