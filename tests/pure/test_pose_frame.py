"""The canvas that cut-off people need."""

from __future__ import annotations

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.frame import Padding, padding_for, shifted
from atelier_pose_editor.skeleton import NO_BODY, Joint, Person, Pose
from hypothesis import given
from hypothesis import strategies as st

# Neck, hips 100 below it and one leg: a torso of 100.
TRUNK = {1: (50, 40), 8: (50, 140), 11: (50, 140)}


def person(places: dict[int, tuple[float, float]], feet: tuple[Joint, ...] = ()) -> Person:
    body = list(NO_BODY)
    for i, (x, y) in places.items():
        body[i] = Joint(x, y)
    return Person(tuple(body), feet=feet)


def test_whoever_fits_needs_nothing() -> None:
    assert padding_for(person(TRUNK), Extent(103, 205), 32) == Padding(0, 0, 0, 0)


def test_an_ankle_below_asks_for_foot_and_margin() -> None:
    """The ankle is 100 below, a foot 30 more, the margin 20: 150, and 200 + 150 is not of eights, 352 is."""
    added = padding_for(person(TRUNK | {10: (50, 300)}), Extent(104, 200), 20)
    assert added == Padding(0, 0, 0, 152)


def test_feet_that_are_known_are_not_guessed() -> None:
    feet = tuple(Joint(50, 310 + i) for i in range(6))
    assert padding_for(person(TRUNK | {10: (50, 300)}, feet), Extent(104, 200), 9).bottom == 128  # 115 + 9, to 328


def test_a_wrist_to_the_left_asks_for_its_palm() -> None:
    """30 out, a palm of 20, a margin of 10; the other axis becomes a multiple, too."""
    assert padding_for(person(TRUNK | {4: (-30, 60)}), Extent(104, 203), 10) == Padding(64, 0, 0, 5)


def test_a_head_above_asks_for_its_crown() -> None:
    assert padding_for(person(TRUNK | {14: (50, -5)}), Extent(104, 200), 8) == Padding(0, 48, 0, 0)


def test_hidden_people_ask_for_nothing() -> None:
    out = person(TRUNK | {10: (50, 300)})
    hidden = Person(out.body, on=False)
    assert padding_for(Pose(Extent(104, 200), (hidden,)), Extent(104, 200), 20) == Padding()


def test_hidden_joints_ask_for_nothing() -> None:
    body = list(person(TRUNK).body)
    body[10] = Joint(50, 3000, on=False)
    assert padding_for(Person(tuple(body)), Extent(104, 200), 20) == Padding()


def test_all_people_fit() -> None:
    pose = Pose(Extent(104, 200), (person(TRUNK | {4: (-30, 60)}), person(TRUNK | {10: (50, 300)})))
    added = padding_for(pose, pose.size, 0)
    assert added.left >= 50
    assert added.bottom >= 130


def test_the_pose_moves_with_the_picture() -> None:
    pose = shifted(Pose(Extent(100, 200), (person({1: (3, 4)}),)), Padding(8, 16, 0, 24))
    assert pose.size == (108, 240)
    assert pose.people[0].body[1] == Joint(11, 20)


def test_much_more_than_the_picture_is_refused() -> None:
    with pytest.raises(UserError, match="over 4 times the picture"):
        padding_for(person(TRUNK | {10: (50, 2000)}), Extent(104, 200), 20)


def test_more_than_a_canvas_holds_is_refused() -> None:
    with pytest.raises(UserError, match="at most 8192"):
        padding_for(person(TRUNK | {10: (50, 8300)}), Extent(4000, 4000), 20)


@given(
    x=st.integers(-150, 250),
    y=st.integers(-150, 350),
    width=st.integers(100, 300),
    height=st.integers(150, 300),
    margin=st.integers(0, 40),
)
def test_the_canvas_holds_everything_and_is_a_multiple(x: int, y: int, width: int, height: int, margin: int) -> None:
    whom, size = person(TRUNK | {10: (x, y)}), Extent(width, height)
    added = padding_for(whom, size, margin)
    canvas = added.around(size)
    assert min(added) >= 0
    if any(added):
        assert canvas.width % 8 == canvas.height % 8 == 0
    assert -added.left <= x < canvas.width - added.left + (x == width)
    assert -added.top <= y < canvas.height - added.top + (y == height)
    if x < 0:
        assert added.left >= -x + margin
    if y > height:
        assert added.bottom >= y - height + margin
