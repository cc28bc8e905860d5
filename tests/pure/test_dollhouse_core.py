"""The core of the world: fewer kinds of scenes, otherwise the world's own."""

from __future__ import annotations

from dollhouse import TEST_POSES, core, heldout_dolls, render
from dollhouse.light import DIRECTIONS
from dollhouse.measure.people import said_of
from dollhouse.poses import TRAIN_POSES
from dollhouse.train.jobs import plans


def test_a_seed_is_one_scene_of_the_core() -> None:
    made = [core.sampled(seed) for seed in range(60)]
    assert made[:3] == [core.sampled(seed) for seed in range(3)]
    assert {one.background.name for one in made} == set(core.BACKGROUNDS)
    assert {actor.pose.name for one in made for actor in one.people} <= {*core.EASY}
    assert {(one.style, one.camera.framing, len(one.props)) for one in made} == {("photo", "full body", 0)}
    assert {len(one.people) for one in made} == {1, 2}
    assert len({render(one, 48).tobytes() for one in made}) == 60


def test_splits_differ_and_dolls_can_be_given() -> None:
    assert core.sampled(7) != core.sampled(7, "test")
    pim = heldout_dolls()["Pim"]
    made = core.sampled(7, "test", 2, [pim])
    assert [actor.doll.name for actor in made.people] == ["Pim", ""]
    assert len(said_of(made)["people"]) == 2


def test_a_painter_may_learn_the_core_alone() -> None:
    drawn = plans(600, 100, core=True)
    made = [drawn["scenes"].scene(number) for number in range(0, 60, 2)]  # without their twins
    assert {one.style for one in made[::2]} == {core.STYLE} and {one.style for one in made} == set(core.STYLES)
    assert {one.light for one in made[::2]} == {core.LIGHT} and len({one.light for one in made[1::2]}) == 15
    assert {len(one.people) for one in made} == {1, 2}
    assert drawn["others"] == plans(600, 100)["others"]
    others = [drawn["others"].scene(number) for number in range(120)]
    assert 0.3 < sum(one.style == core.STYLE and one.light == core.LIGHT for one in others) / 30 < 1.7
    assert {one.camera.framing for one in others} > {"full body"}
    assert drawn["poses"].count == drawn["poses"].facts == 100
    spans = sorted((plan.first, plan.first + plan.count) for plan in drawn.values())
    assert all(end <= begin for (_, end), (begin, _) in zip(spans, spans[1:], strict=False))


def test_around_the_core_are_more_places_poses_and_lights() -> None:
    made = [core.around(seed) for seed in range(200)]
    assert {one.background.name for one in made} == set(core.AROUND)
    assert {actor.pose.name for one in made for actor in one.people} == set(TRAIN_POSES)
    assert {one.light.direction for one in made} == set(DIRECTIONS)
    tested = {actor.pose.name for seed in range(200) for actor in core.around(seed, "test").people}
    assert tested > set(TEST_POSES)
