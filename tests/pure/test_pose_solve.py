"""Joints beyond the picture's edge, proposed from those inside."""

from __future__ import annotations

from dataclasses import replace
from math import hypot

import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_pose_editor.skeleton import PARTS, Joint, Person, mirrored, moved, scaled
from atelier_pose_editor.solve import completed
from hypothesis import given
from hypothesis import strategies as st

# Stands upright, torso 100, thighs and shanks 85, arms 62 and 50; right limbs are at smaller x.
STANDING = (
    *((200, 62), (200, 100), (163, 100), (160, 162), (158, 212), (237, 100), (240, 162), (242, 212)),
    *((180, 200), (178, 285), (176, 370), (220, 200), (222, 285), (224, 370)),
    *((193, 54), (207, 54), (184, 58), (216, 58)),
)
FEET = ((230, 392), (238, 392), (222, 385), (170, 392), (162, 392), (178, 385))
KNEES_AND_ANKLES = (9, 10, 12, 13)
SIZE = Extent(400, 500)


def standing(**off: tuple[int, ...]) -> Person:
    """`body=(10, 13)` hides these two joints."""
    body = tuple(Joint(x, y, on=i not in off.get("body", ())) for i, (x, y) in enumerate(STANDING))
    return Person(body, feet=tuple(Joint(x, y) for x, y in FEET))


def without_places(person: Person) -> Person:
    """Hidden joints are nowhere, as from a file that says nothing about them."""
    return replace(person, body=tuple(joint if joint.on else Joint(0, 0, on=False) for joint in person.body), feet=())


def apart(one: Joint, other: tuple[float, float] | Joint) -> float:
    x, y = (other.x, other.y) if isinstance(other, Joint) else other
    return hypot(one.x - x, one.y - y)


def test_whoever_is_whole_stays_as_is() -> None:
    assert completed(standing(), SIZE) == (standing(), {})


def test_both_lower_legs_follow_the_thighs_by_their_own_length() -> None:
    done, ghosts = completed(without_places(standing(body=(10, 13))), Extent(400, 290))
    assert set(ghosts) == {("body", 10), ("body", 13)}
    for ankle, place in ((10, (176, 370)), (13, (224, 370))):
        assert apart(done.body[ankle], place) < 10
        assert done.body[ankle].on


def test_both_legs_hang_from_the_hips_when_nothing_of_them_is_seen() -> None:
    done, ghosts = completed(without_places(standing(body=KNEES_AND_ANKLES)), Extent(400, 230))
    assert set(ghosts) == {("body", i) for i in KNEES_AND_ANKLES}
    assert all(apart(done.body[i], STANDING[i]) < 15 for i in KNEES_AND_ANKLES)
    assert done.body[10].x < done.body[13].x


def test_a_missing_arm_is_the_other_one_in_a_mirror() -> None:
    raised = standing(body=(6, 7))
    body = list(raised.body)
    body[3], body[4] = Joint(110, 70), Joint(80, 30)  # points up and outward
    done, ghosts = completed(without_places(replace(raised, body=tuple(body))), SIZE)
    assert set(ghosts) == {("body", 6), ("body", 7)}
    assert done.body[7].x > done.body[6].x > 237
    assert done.body[7].y < done.body[6].y < 100


def test_a_long_leg_stays_long() -> None:
    """The other leg is 120 + 120: so is this one."""
    body = list(standing(body=(9, 10)).body)
    body[12], body[13] = Joint(222, 320), Joint(224, 440)
    done, _ = completed(without_places(replace(standing(), body=tuple(body))), SIZE)
    assert 225 < apart(done.body[8], done.body[10]) < 255


def test_a_guess_gives_the_direction_and_half_of_the_length() -> None:
    """The right leg is guessed to the side and far too short, the left one has no guess."""
    raw_body = list(standing().body)
    raw_body[9], raw_body[10] = Joint(145, 215, on=False), Joint(110, 230, on=False)
    raw = replace(standing(), body=tuple(raw_body))
    done, _ = completed(without_places(standing(body=(9, 10))), Extent(400, 390), raw)
    guessed = hypot(110 - 180, 230 - 200)
    assert guessed + 20 < apart(done.body[10], (180, 200)) < 170
    assert (done.body[10].y - 200) / (180 - done.body[10].x) == pytest.approx(30 / 70, abs=0.02)


def test_a_guess_from_nowhere_is_not_believed() -> None:
    """Legs and hips far to the side of where the trunk points go by proportion instead."""
    seen = without_places(standing(body=tuple(range(8, 14))))
    raw_body = list(standing().body)
    for i in range(8, 14):
        raw_body[i] = Joint(-900, 150 + i, on=False)
    done, _ = completed(seen, Extent(400, 180), replace(standing(), body=tuple(raw_body)))
    assert all(apart(done.body[i], STANDING[i]) < 30 for i in range(8, 14))


def test_a_foot_that_would_be_seen_is_beyond_the_edge() -> None:
    """The legs look shorter than they are, so proportion alone would put the feet inside."""
    done, _ = completed(without_places(standing(body=(10, 13))), Extent(400, 385))
    assert done.body[10].y > 385
    assert done.body[13].y > 385


def test_what_is_on_but_outside_is_taken_as_a_guess() -> None:
    done, ghosts = completed(standing(), Extent(400, 300))
    assert {("body", 10), ("body", 13)} <= set(ghosts)
    assert ("body", 9) not in ghosts
    assert apart(done.body[10], (176, 370)) < 5


def test_locked_joints_stay_where_they_are() -> None:
    body = list(standing(body=(13,)).body)
    body[10] = Joint(100, 600, on=True, locked=True)
    body[13] = Joint(7, 8, on=False, locked=True)
    done, ghosts = completed(replace(standing(), body=tuple(body)), Extent(400, 300))
    assert (done.body[10], done.body[13]) == (body[10], body[13])
    assert ("body", 10) not in ghosts
    assert ("body", 13) not in ghosts


def test_feet_go_with_their_ankles() -> None:
    done, ghosts = completed(standing(), Extent(400, 300), standing())
    assert {("feet", i) for i in range(6)} <= set(ghosts)
    for foot, ankle in zip(done.feet, (13, 13, 13, 10, 10, 10), strict=True):
        assert apart(foot, done.body[ankle]) < 60
    assert done.feet[0].y > done.body[13].y


def test_a_bust_gets_hips_below_and_legs_below_them() -> None:
    done, ghosts = completed(without_places(standing(body=(4, 7, *range(8, 14)))), Extent(400, 170))
    assert set(ghosts) == {("body", i) for i in (4, 7, *range(8, 14))}
    assert all(apart(done.body[i], STANDING[i]) < 40 for i in range(8, 14))


def test_legs_alone_get_a_trunk_and_a_head() -> None:
    hidden = tuple(i for i in range(18) if not 8 <= i <= 13)
    low = moved(without_places(standing(body=hidden)), 0, -150)
    done, ghosts = completed(low, Extent(400, 300))
    assert set(ghosts) == {("body", i) for i in hidden}
    assert all(apart(done.body[i], (STANDING[i][0], STANDING[i][1] - 150)) < 30 for i in (0, 1, 2, 5))


def test_an_ear_that_is_turned_away_is_not_missing() -> None:
    _, ghosts = completed(without_places(standing(body=(17,))), SIZE)
    assert ghosts == {}


def test_a_cut_off_skull_is_missing() -> None:
    low = moved(standing(body=(14, 15, 16, 17)), 0, -60)
    done, ghosts = completed(without_places(low), SIZE)
    assert set(ghosts) == {("body", i) for i in (14, 15, 16, 17)}
    assert all(done.body[i].y < 0 for i in (14, 15, 16, 17))


def test_confidence_falls_with_the_distance_from_what_was_seen() -> None:
    _, near = completed(without_places(standing(body=(10,))), Extent(400, 290))
    _, far = completed(without_places(standing(body=(9, 10))), Extent(400, 230))
    assert 1 > near["body", 10] > far["body", 10] > 0
    assert far["body", 9] > far["body", 10]


def test_two_joints_are_too_few() -> None:
    lone = Person(tuple(Joint(5, 5, on=i < 2) for i in range(18)))
    with pytest.raises(UserError, match="Too little"):
        completed(lone, SIZE)


@given(hidden=st.sets(st.integers(0, 17), max_size=12), scale=st.floats(0.3, 3), dx=st.integers(-50, 300))
def test_moved_and_scaled_people_are_completed_alike(hidden: set[int], scale: float, dx: int) -> None:
    """On a canvas so large that its edge plays no part."""
    size = Extent(8000, 8000)
    person = moved(without_places(standing(body=tuple(hidden))), 2000, 2000)
    done, ghosts = completed(person, size)
    other, others = completed(moved(scaled(person, scale, scale), dx, 0), size)
    assert set(ghosts) == set(others)
    for one, two in zip(done.body, other.body, strict=True):
        if one.on:
            # a nearly straight limb bends by the root of what rounding adds
            assert apart(two, (one.x * scale + dx, one.y * scale)) < 3 + 3 * scale


@given(hidden=st.sets(st.integers(0, 17), max_size=12))
def test_a_mirror_changes_sides_and_nothing_else(hidden: set[int]) -> None:
    size = Extent(8000, 8000)
    person = moved(without_places(standing(body=tuple(hidden))), 3800, 3000)
    done = mirrored(completed(person, size)[0], 4000)
    other = completed(mirrored(person, 4000), size)[0]
    for one, two in zip(done.body, other.body, strict=True):
        assert one.on == two.on
        if one.on:
            assert apart(one, two) < 1


@given(
    places=st.lists(
        st.tuples(st.floats(-90000, 90000), st.floats(-90000, 90000), st.booleans()), min_size=18, max_size=18
    ),
    side=st.integers(1, 8192),
)
def test_any_joints_give_joints_that_can_be_written(places: list[tuple[float, float, bool]], side: int) -> None:
    person = Person(tuple(Joint(round(x, 1), round(y, 1), on) for x, y, on in places))
    try:
        done, ghosts = completed(person, Extent(side, side))
    except UserError:
        return
    assert len(done.body) == PARTS["body"]
    assert all(abs(joint.x) <= 100000 and abs(joint.y) <= 100000 for joint in done.body)
    assert all(0 <= sure <= 1 for sure in ghosts.values())
