"""The scores of pictures, on numbers that can be worked out by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isnan

import numpy as np
import pytest

import dollhouse
from dollhouse.measure import (
    Figure,
    attribute_accuracy,
    background_equality,
    bleed,
    expression_matches,
    identity_matches,
    joints_right,
    light_degrees,
    line,
    mean_of,
    paired,
    psnr,
    said_of,
    seam_visibility,
    share_by_picture,
    share_of,
    table,
    wilson,
)
from dollhouse.measure.report import spans


@dataclass(frozen=True)
class Doll:
    traits: dict[str, str]
    identity: str = ""


@dataclass(frozen=True)
class Picture:
    people: list[Doll]
    traits: dict[str, str] = field(default_factory=dict)


RED = {"hair": "red", "top": "blue", "bottom": "grey"}
BLACK = {"hair": "black", "top": "white", "bottom": "grey"}


def test_wilson_knows_the_books_figures() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I
    assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_a_share_counts_pictures() -> None:
    figure = share_of("background", [True, True, False, True], bar=0.2, seeds=[3, 4, 5, 9])
    assert (figure.value, figure.count, figure.seeds) == (0.75, 4, (3, 4, 5, 9))
    assert (figure.low, figure.high) == wilson(3, 4)
    assert isnan(share_of("nothing", []).value)


def test_answers_of_one_picture_hang_together() -> None:
    alone = share_by_picture("a", [[i % 2 == 0] for i in range(200)])
    together = share_by_picture("a", [[i % 2 == 0] * 10 for i in range(20)])
    assert alone.value == together.value == 0.5
    assert alone.count == together.count == 200
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_where_all_pictures_are_alike_the_span_is_not_nothing() -> None:
    assert share_by_picture("a", [[True, True]] * 20).low == wilson(20, 20)[0]
    assert share_by_picture("a", [[], []]).count == 0


def test_the_mean_lies_in_a_span_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(3).normal(30, 4, 400)
    figure = mean_of("degrees", values, better="lower")
    assert figure.value == pytest.approx(values.mean())
    assert (figure.high - figure.low) / 2 == pytest.approx(1.96 * values.std() / 20, rel=0.1)
    assert (mean_of("one", [4.0]).low, mean_of("one", [4.0]).high) == (-inf, inf)


@pytest.mark.parametrize(
    ("bar", "better", "verdict"),
    [
        (0.4, "higher", "yes"),
        (0.55, "higher", "unsure"),
        (0.7, "higher", "no"),
        (0.7, "lower", "yes"),
        (0.45, "lower", "no"),
        (None, "higher", ""),
    ],
)
def test_a_bar_is_met_when_the_whole_span_meets_it(bar: float | None, better: str, verdict: str) -> None:
    assert Figure("a", 0.55, 0.5, 0.6, 10, bar, better).verdict == verdict  # type: ignore[arg-type]


def test_traits_of_the_scene_and_of_its_people() -> None:
    found = Picture([Doll({"hair": "red", "top": "blue"})], {"style": "photo", "background": "beach"})
    said = {"style": "sketch", "background": "beach", "objects": [{}], "people": [{"hair": "red", "top": "pink"}]}
    assert attribute_accuracy(found, said) == {
        "style": [False],
        "background": [True],
        "hair": [True],
        "top": [False],
    }


def test_of_a_missing_doll_everything_is_wrong() -> None:
    said = {"people": [RED, BLACK]}
    assert attribute_accuracy(Picture([Doll(BLACK)]), said)["hair"] == [False, True]
    assert attribute_accuracy(Picture([]), said)["top"] == [False, False]


def test_a_doll_too_many_is_left_out() -> None:
    extra, one, other = Doll({"hair": "green"}), Doll(RED), Doll(BLACK)
    assert paired([one, extra, other], [RED, BLACK]) == [one, other]
    assert paired([other, one], [RED, BLACK]) == [other, one]  # the order holds, whatever fits


def test_people_are_said_from_the_left() -> None:
    scene = next(s for s in map(dollhouse.scene, range(200)) if len(s.people) == 3)
    assert [person["place"] for person in said_of(scene)["people"]] == ["left", "middle", "right"]


def test_bleed_asks_only_where_the_dolls_differ() -> None:
    assert bleed([Doll(RED), Doll(BLACK)], [RED, BLACK]) == [False] * 4
    assert bleed([Doll(RED), Doll({**BLACK, "top": "blue"})], [RED, BLACK]) == [False, False, False, True]
    assert bleed([Doll(BLACK), Doll(RED)], [RED, BLACK]) == [True] * 4
    assert bleed([Doll(RED), Doll({**BLACK, "top": "pink"})], [RED, BLACK]) == [False] * 4  # wrong, but not the other's
    assert bleed([None, Doll(BLACK)], [RED, BLACK]) == [False] * 2


def test_bleed_does_not_ask_for_what_is_not_said() -> None:
    assert bleed([Doll(RED), Doll(BLACK)], [{"hair": "red"}, BLACK]) == [False, False]


def test_identity_and_expression() -> None:
    people = [Doll({"expression": "sad"}, "Pim"), Doll({"expression": "angry"}), None]
    assert identity_matches(people, ["Pim", "Nilo", "Kip"]) == [True, False, False]
    assert expression_matches(people, ["sad", "sad", "sad"]) == [True, False, False]


def test_joints_are_right_within_a_tenth_of_the_torso() -> None:
    true = np.zeros((1, 18, 2), np.float32)
    true[0, 1], true[0, 8], true[0, 11] = (50, 20), (45, 60), (55, 60)  # neck and hips: a torso of 40
    found, visible = true.copy(), np.zeros((1, 18), bool)
    visible[0, [0, 1, 8, 11]] = True
    found[0, 0], found[0, 8], found[0, 4] = (3.9, 0), (45, 64.1), (99, 99)
    assert joints_right(found, true, visible) == [True, True, False, True]


def test_degrees_between_lights() -> None:
    assert light_degrees((1, 0, 0), (0, 2, 0)) == pytest.approx(90)
    assert light_degrees((0, 0, 1), (0, 1, 1)) == pytest.approx(45)
    assert light_degrees((0.1, 0.2, 0.3), (0.1, 0.2, 0.3)) == pytest.approx(0, abs=1e-5)


def test_what_lies_outside_of_a_mask_is_compared() -> None:
    before = np.full((4, 5, 3), 100, np.uint8)
    after, mask = before.copy(), np.zeros((4, 5), bool)
    mask[:2] = True
    after[0, 0] = 0
    assert background_equality(before, after, mask) == (0, 1.0)
    after[3, 4, 1] = 107
    assert background_equality(before, after, mask) == (7, 0.9)
    assert background_equality(before, after, ~np.zeros((4, 5), bool)) == (0, 1.0)


def test_psnr() -> None:
    grey = np.full((2, 3, 3), 100, np.uint8)
    assert psnr(grey, grey + 5) == pytest.approx(34.1514, abs=1e-4)
    assert psnr(grey, grey) == inf


def noise(sigma: float) -> np.ndarray:
    return np.random.default_rng(0).normal(120, sigma, (64, 64, 1)).repeat(3, 2).clip(0, 255).astype(np.uint8)


def test_an_edge_shows_as_a_seam_and_noise_does_not() -> None:
    mask = np.zeros((64, 64), bool)
    mask[:, 30:] = True
    plain = noise(8)
    assert seam_visibility(plain, mask) == pytest.approx(1, abs=0.25)
    stepped = plain.copy()
    stepped[:, 30:] += 24  # a step of three deviations: (2 * 64 + 24²) / (2 * 64)
    assert seam_visibility(stepped, mask) == pytest.approx(5.5, rel=0.15)
    assert seam_visibility(stepped, np.roll(mask, 20, 1)) < 1.3


def test_a_seam_may_run_any_way() -> None:
    y, x = np.mgrid[:64, :64]
    mask = np.hypot(x - 30, y - 34) < 17
    stepped = noise(4)
    stepped[mask] += 12
    assert seam_visibility(stepped, mask) > 3
    assert seam_visibility(noise(4), mask) == pytest.approx(1, abs=0.25)
    assert seam_visibility(np.full((64, 64, 3), 9, np.uint8), mask) == 1


def test_the_table_and_the_last_line() -> None:
    figures = [
        Figure("attr", 0.91, 0.88, 0.94, 300, 0.9, seeds=(7, 8, 9, 12)),
        Figure("light_deg", 12.5, -inf, inf, 1, 15, "lower"),
    ]
    rows = [row.split() for row in table(figures).splitlines()]
    assert rows[1] == ["attr", "0.910", "0.880", "to", "0.940", "300", ">=", "0.900", "unsure", "7-9", "12"]
    assert rows[2] == ["light_deg", "12.50", "1", "<=", "15.00", "unsure"]
    said = line(figures)
    assert said.startswith("measure: vae_psnr=- attr=0.910 inpaint=- pck=- light_deg=12.50 ")
    assert said.endswith("map50_doll=- map50_face=- upscale_db=- bleed_plain=-")


def test_seeds_are_told_in_spans() -> None:
    assert spans([5, 3, 4, 9, 11, 10, 20]) == "3-5 9-11 20"
    assert spans([]) == ""
