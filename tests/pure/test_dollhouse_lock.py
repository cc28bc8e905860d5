"""The figures of two learnt dolls in one picture, on answers made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from dollhouse import parse
from dollhouse.measure import concepts, lock, teach
from dollhouse.measure.pair import DOLLS, Concept, Meeting, joined, judged, lone, meeting
from dollhouse.measure.pair import concepts as cast
from dollhouse.measure.rows import Rows, fill
from dollhouse.measure.stats import ratio_by_picture
from dollhouse.measure.taught import lesson_of, shown, sources

JUNO, OONA = cast(DOLLS)


@dataclass(frozen=True)
class Doll:
    traits: dict[str, str]
    identity: str = ""


@dataclass(frozen=True)
class Picture:
    people: list[Doll]
    traits: dict[str, str] = field(default_factory=dict)


def looks(concept: Concept, **other: str) -> Doll:
    own = {trait: getattr(concept.doll, trait) for trait in ("hair", "top", "bottom", "hair_style", "top_kind")}
    return Doll(own | other, concept.doll.name)


def first(both: tuple[Concept, Concept] = (JUNO, OONA)) -> Meeting:
    return meeting(0, both)


def test_the_two_dolls_share_no_colour() -> None:
    assert {JUNO.doll.kind, OONA.doll.kind} == {"girl"}
    colours = [{one.doll.hair, one.doll.top, one.doll.bottom} for one in (JUNO, OONA)]
    assert colours == [{"pink", "blue", "orange"}, {"black", "yellow", "green"}]
    with pytest.raises(ValueError, match="share a colour"):
        cast(["Oona", "Sana"])  # both have black hair


def test_each_stands_on_the_left_in_every_other_scene_and_seeds_of_a_batch_share_one() -> None:
    met = [meeting(n, (JUNO, OONA)) for n in range(6)]
    assert [one.both[0].doll.name for one in met] == ["Juno", "Juno", "Oona", "Oona", "Juno", "Juno"]
    assert met[0].scene == met[1].scene != met[4].scene
    for one in met:
        left, right = one.scene.people
        assert left.x < right.x and (left.doll, right.doll) == (one.both[0].doll, one.both[1].doll)


def test_prompts_name_whom_they_are_to_name_and_say_the_rest_alike() -> None:
    met = first()
    both, left, none = met.prompt(0, 1), met.prompt(0), met.prompt()
    assert both.replace("juno ", "").replace("oona ", "") == left.replace("juno ", "") == none
    assert "juno girl" in left and "oona" not in left and "juno" not in none
    said = parse(none)  # what no doll is said of is in the grammar that the model learnt
    assert said["background"] == met.scene.background.name
    assert [one["kind"] for one in said["people"]] == ["girl", "girl"]
    assert [one["place"] for one in said["people"]] == ["left", "right"]
    alone = met.prompt_alone(1)
    assert "oona girl" in alone and "juno" not in alone and "right" not in alone.split("light")[0]
    for word in ("pink", "blue", "curly", "plump", "dark skin", "sweater"):  # what is to be learnt is not said
        assert word not in both


def test_answers_of_a_picture_of_two() -> None:
    met = first()
    rest = {"background": met.scene.background.name, "style": "no such style"}
    right = Picture([looks(JUNO), looks(OONA)], rest)
    assert judged(right, met.scene) == {
        "id": [True, True],
        "own": [True] * 6,
        "rest": [True, False],
        "count": [True],
        "bleed": [False] * 6,
    }
    bled = Picture([looks(JUNO), Doll({**looks(OONA).traits, "top": "blue"}, "")], rest)
    row = judged(bled, met.scene)
    assert row["id"] == [True, False] and row["own"] == [True, True, True, True, False, True]
    assert row["bleed"] == [False, False, False, False, True, False]  # hair, top, bottom of one, then of the other


def test_a_doll_that_is_missing_is_wrong_but_bleeds_not() -> None:
    met = first()
    row = judged(Picture([looks(OONA)]), met.scene)
    assert row["id"] == [False, True] and row["own"] == [False] * 3 + [True] * 3
    assert row["bleed"] == [False] * 3 and row["count"] == [False]
    assert judged(Picture([]), met.scene)["bleed"] == []


def test_places_count_from_the_left() -> None:
    met = first((OONA, JUNO))
    assert judged(Picture([looks(OONA), looks(JUNO)]), met.scene)["id"] == [True, True]
    assert judged(Picture([looks(JUNO), looks(OONA)]), met.scene)["id"] == [False, False]
    assert judged(Picture([looks(JUNO), looks(OONA)]), met.scene)["bleed"] == [True] * 6


def test_of_one_alone_nothing_can_bleed() -> None:
    row = judged(Picture([looks(JUNO)]), first().alone(0))
    assert "bleed" not in row and row["id"] == [True]
    assert joined([row, {"id": [False], "count": [True]}])["id"] == [True, False]


def rows(tmp_path: Path) -> Rows:
    made = Rows(tmp_path / "rows.jsonl")
    made.add("plain", [0, 1], [{"bleed": [True, True], "id": [False, False]}, {"bleed": [True, False], "id": [True]}])
    made.add("single", [0, 1], [{"id": [True, True]}, {"id": [True, False]}])
    made.add("npass", [0, 1], [{"bleed": [True, False], "id": [True]}, {"bleed": [False, False], "id": [True]}])
    made.add(lock.at(0), [0, 1], [{"bleed": [False, False], "id": [True]}, {"bleed": [True, False], "id": [False]}])
    made.add(lock.at(0.5), [0, 1], [{"bleed": [False, False], "id": [True], "split": [one]} for one in (0.1, 0.3)])
    return made


def test_the_last_line_says_the_figures(tmp_path: Path) -> None:
    made, told = rows(tmp_path), ["single", "plain", "npass", "ours@0", "ours@0.5"]
    found = lock.figures(made, told, range(2))
    assert lock.last_line(found, 0.5, 2) == (
        "lock: bleed_plain=0.750 bleed_npass=0.250 bleed_ours=0.250 bleed_ours_dial=0.000 id_ours=0.500 "
        "id_single=0.750 n=2"
    )
    assert lock.sweep_line(found, [0.0, 0.5]).startswith("dials: bleed_ours@0=0.250 id_ours@0=0.500 rest_ours@0=nan ")
    assert {one.name: one.value for one in found}["split_ours@0.5"] == pytest.approx(0.2)
    goals = {one.name: one.value for one in lock.goals(made, told, range(2))}
    assert goals["bleed_ours@0/plain"] == pytest.approx(1 / 3)
    assert goals["id_ours@0.5/single"] == pytest.approx(4 / 3)


def test_only_seeds_that_every_way_has_count(tmp_path: Path) -> None:
    made = rows(tmp_path)
    made.add("plain", [2], [{"bleed": [True]}])
    found = lock.figures(made, ["plain", "ours@0"], range(3))
    assert {one.name: one.seeds for one in found}["bleed_plain"] == (0, 1)


def test_a_ratio_goes_by_pictures_drawn_together() -> None:
    steady = ratio_by_picture("r", [[True, False]] * 9, [[True]] * 9, 0.25, "lower")
    assert (steady.value, steady.low, steady.high, steady.verdict) == (0.5, 0.5, 0.5, "no")
    # where both rise and fall together, the ratio is surer than either share
    both = [[True, False]] * 5 + [[False, False]] * 5, [[True, True]] * 5 + [[False, False]] * 5
    assert ratio_by_picture("r", *both).low == ratio_by_picture("r", *both).high == 0.5
    assert isnan(ratio_by_picture("r", [[True]], [[False]]).value)
    assert isnan(ratio_by_picture("r", [], []).value)


def test_rows_outlive_a_line_that_was_cut_off(tmp_path: Path) -> None:
    made = rows(tmp_path)
    with made.path.open("a") as file:
        file.write('{"way": "plain", "seed": 9, "ro')
    again = Rows(made.path)
    assert again.known == made.known and len(again.known) == 10
    again.add("plain", [9], [{"bleed": []}])
    assert len(Rows(made.path).known) == 11


def test_what_is_there_is_not_drawn_again_and_time_ends_it(tmp_path: Path) -> None:
    made, asked = rows(tmp_path), []

    def draw(seeds: range) -> list[dict[str, list[bool]]]:
        asked.append(list(seeds))
        return [{"id": [True]} for _ in seeds]

    fill(made, {"plain": draw, "single": draw}, range(5), 2, float("inf"))
    assert asked == [[2, 3], [2, 3], [4], [4]]
    fill(made, {"plain": draw}, range(9), 2, 0.0)
    assert len(asked) == 4


def test_lessons_are_five_pictures_that_differ_whose_words_leave_the_doll_out() -> None:
    scenes, told = shown(JUNO), sources(JUNO)
    assert len({(one.people[0].pose.name, one.background.name) for one in scenes}) == len(told) == 5
    assert all(one.people[0].doll == JUNO.doll and one.camera.framing == "full body" for one in scenes)
    assert all("juno girl" in one.caption and "blue sweater" not in one.caption for one in told)
    assert told[0].picture.size == (192, 192) and not np.array_equal(*(np.asarray(one.picture) for one in told[:2]))
    drawn = {lone(seed, JUNO).to_json() for seed in range(64)}
    assert drawn.isdisjoint(one.to_json() for one in scenes)


def test_a_lesson_is_named_by_all_it_depends_on() -> None:
    plain = lesson_of(JUNO, {}, "model")
    assert (plain.trigger, plain.noun, plain.size) == ("juno", "girl", 192)
    names = {lesson_of(one, given, model).name
             for one, given, model in ((JUNO, {}, "model"), (JUNO, {"rank": 4}, "model"), (JUNO, {}, "other"),
                                       (OONA, {}, "model"))}  # fmt: skip
    assert len(names) == 4 and plain.name in names
    assert concepts.lesson_options(["rank=4", "rate=1e-3", "preset=face"]) == {
        "rank": 4,
        "rate": 0.001,
        "preset": "face",
    }


class Blind:
    """Reads nobody."""

    def read(self, pictures: list[np.ndarray]) -> list[Picture]:
        return [Picture([]) for _ in pictures]


def test_two_halves_of_different_light_are_split() -> None:
    even = np.full((192, 192, 3), 100, np.uint8)
    lit = even.copy()
    lit[:, 96:] = (151, 100, 202)  # by 51, 0 and 102
    bench = lock.Bench(None, Blind(), (JUNO, OONA))  # type: ignore[arg-type]
    rows = bench.together("plain", lambda *_: [even, lit], [0, 1])
    assert [row["split"] for row in rows] == [[0.0], [pytest.approx(0.2)]]


def test_drift_is_a_mean_over_pixels_and_channels() -> None:
    black, made = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    made[0, 1] = (51, 0, 102)
    assert teach.difference(black, made) == teach.difference(made, black) == pytest.approx(0.05)


def test_the_line_of_the_teaching(tmp_path: Path) -> None:
    made = Rows(tmp_path / "rows.jsonl")
    made.add("called_prior", [0, 1], [{"id": [True]}, {"id": [False]}])
    made.add("called_plain", [0, 1], [{"id": [True]}, {"id": [True]}])
    made.add("noun_prior", [0, 1], [{"off": [0.01], "taken": [False]}, {"off": [0.03], "taken": []}])
    made.add("noun_plain", [0, 1], [{"off": [0.1], "taken": [True]}, {"off": [0.2], "taken": [True, False]}])
    for way in ("kind_prior", "kind_plain"):
        made.add(way, [0, 1], [{"off": [0.3], "taken": [True]}, {"off": [0.5], "taken": [False]}])
    told = [f"{asked}_{way}" for asked in ("called", "noun", "kind") for way in ("prior", "plain")]
    found = teach.figures(made, told, range(2), 4.26)
    assert teach.last_line(found) == "teach: identity=0.500 drift_prior=0.020 drift_plain=0.150 minutes=4.260"
    values = {one.name: one.value for one in found}
    assert values["taken_plain"] == pytest.approx(2 / 3)
    assert (values["drift_prior_in_captions"], values["taken_plain_in_captions"]) == (pytest.approx(0.4), 0.5)
