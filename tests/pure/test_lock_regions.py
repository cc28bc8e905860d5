"""Cards, regions and locks in JSON; region masks at every level."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
import torch
from atelier_concept_lock.cards import ConceptCard, card_from
from atelier_concept_lock.levels import Levels, by_area
from atelier_concept_lock.regions import Box, Drawn, Lock, Region, lock_from, lock_of
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image


def png(width: int, height: int, box: tuple[int, int, int, int]) -> bytes:
    picture = Image.new("L", (width, height))
    picture.paste(255, box)
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


ANNE = ConceptCard("Anne", ("anne",), "anne woman, red hair", "woman", 0.8, 0.5, "blurry", "SDXL")
LOCK = Lock(
    "two women at a table",
    (ConceptCard("Ink", ("ink",), unet=0.6),),
    (Region(Box(0, 0, 0.5, 1), "reading", (ANNE,)), Region(Drawn(png(8, 6, (4, 0, 8, 6))), "writing")),
    feather=12,
    dial=0.25,
    uncond=True,
    start=0.1,
    end=0.9,
)


def test_a_lock_comes_back_from_its_json() -> None:
    assert lock_of(LOCK.text()) == LOCK
    assert json.loads(LOCK.text())["regions"][0]["mask"] == [0, 0, 0.5, 1]
    assert lock_from({}) == Lock()


def test_triggers_go_before_the_prompt_once() -> None:
    assert ANNE.in_prompt("reading") == "anne woman, red hair, reading"
    assert ANNE.in_prompt("a woman with Red Hair") == "anne woman, a woman with Red Hair"
    assert ANNE.in_prompt("") == "anne woman, red hair"
    assert ConceptCard("x").in_prompt("reading") == "reading"


def of_kind(kind: str) -> str:
    out = io.BytesIO()
    Image.new("L", (4, 4), 255).save(out, kind)
    return base64.b64encode(out.getvalue()).decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ([], "not a lock of version 1"),
        ({"atelier_lock": 2}, "not a lock of version 1"),
        ({"regoins": []}, "There is no option “regoins”"),
        ({"regions": {}}, "“regions” must be a list"),
        ({"regions": [{"mask": [0, 0, 1, 1]}] * 17}, "“regions” has more than 16 entries"),
        ({"regions": [{}]}, "needs a box of four numbers or a drawn mask"),
        ({"regions": [{"mask": [0, 0, 1]}]}, "needs a box of four numbers"),
        ({"regions": [{"mask": [0, 0, True, 1]}]}, "needs a box of four numbers"),
        ({"regions": [{"mask": [0.5, 0, 0.5, 1]}]}, "between 0 and 1"),
        ({"regions": [{"mask": [0, 0, 1.5, 1]}]}, "between 0 and 1"),
        ({"regions": [{"mask": [0, 0, float("nan"), 1]}]}, "between 0 and 1"),
        ({"regions": [{"mask": "%%%"}]}, "no picture that can be read"),
        ({"regions": [{"mask": base64.b64encode(b"junk").decode()}]}, "no picture that can be read"),
        ({"regions": [{"mask": of_kind("JPEG")}]}, "no picture that can be read"),
        ({"regions": [{"mask": of_kind("EPS")}]}, "no picture that can be read"),
        ({"regions": [{"mask": [0, 0, 1, 1], "prompt": 3}]}, "“prompt” must be a text"),
        ({"cards": [{}]}, "needs a name"),
        ({"cards": ["anne"]}, "must each be a JSON object"),
        ({"cards": [{"name": "a", "files": "anne"}]}, "must be a list of names"),
        ({"cards": [{"name": "a", "unet": "1"}]}, "“unet” must be a number from"),
        ({"cards": [{"name": "a", "text": 99}]}, "“text” must be a number from"),
        ({"dial": 1.2}, "“dial” must be a number from 0 to 1"),
        ({"dial": float("inf")}, "“dial” must be a number"),
        ({"uncond": 1}, "“uncond” must be true or false"),
        ({"start": 0.9, "end": 0.1}, "ends before it begins"),
    ],
)
def test_whatever_is_wrong_is_one_sentence(change: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        lock_from(change)


def test_texts_that_are_no_json_are_refused() -> None:
    for said in ("", "{", "[" * 100_000):
        with pytest.raises(UserError, match="not valid JSON"):
            lock_of(said)


def test_a_card_and_a_region_come_back_from_json() -> None:
    assert card_from(ANNE.to_json()) == ANNE
    region = Region(Box(0, 0.25, 0.5, 1), "reading", (ANNE,), "Anne", on=False)
    assert lock_from({"regions": [region.to_json()]}).regions == (region,)
    assert lock_from({"regions": [region.to_json()]}).all_cards() == ()
    with pytest.raises(UserError, match="“on” must be true or false"):
        lock_from({"regions": [{**region.to_json(), "on": 1}]})


def test_masks_are_drawn_at_the_picture_s_size() -> None:
    masks = Lock(regions=LOCK.regions).masks(Extent(16, 12))
    assert masks.shape == (2, 12, 16)
    assert masks[0, :, :8].all() and not masks[0, :, 8:].any()
    assert masks[1, :, 8:].all() and not masks[1, :, :8].any()


def test_a_feather_goes_inwards_only() -> None:
    region = Region(Box(0.25, 0.25, 0.75, 0.75))
    hard, soft = (Lock(regions=(region,), feather=f).masks(Extent(64, 64))[0] for f in (0, 6))
    assert not soft[hard == 0].any() and soft[32, 32] == 1 and 0 < soft[16, 32] < 0.3
    assert len(np.unique(soft)) > 3


def test_area_counts_fractions_of_pixels() -> None:
    masks = np.zeros((1, 1, 5))
    masks[0, 0, :2] = 1
    assert by_area(masks, Extent(2, 1)).tolist() == [[[0.8, 0.0]]]  # of 2.5 pixels the first cell has 2 inside
    assert by_area(masks, Extent(10, 1))[0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]


@given(
    st.integers(1, 300), st.integers(1, 300),
    st.lists(st.tuples(*(st.floats(0, 1) for _ in range(4))), min_size=0, max_size=4),
    st.integers(0, 20),
)  # fmt: skip
def test_shares_sum_to_1_at_every_level(width: int, height: int, boxes: Any, feather: int) -> None:
    regions = [Region(Box(min(a, c), min(b, d), max(a, c), max(b, d))) for a, b, c, d in boxes if a != c and b != d]
    size = Extent(width, height)
    levels = Levels(Lock(regions=tuple(regions), feather=feather).masks(size))
    latent = Extent(-(-width // 8), -(-height // 8))
    chain = levels.of(latent, "cpu")
    rows, columns = latent.height, latent.width
    while True:
        shares = chain[rows, columns]
        assert shares.shape == (len(regions) + 1, rows, columns)
        assert float((shares.sum(dim=0) - 1).abs().max()) <= 1e-6
        assert float(shares.min()) >= 0 and float(shares.max()) <= 1
        if (rows, columns) == (1, 1):
            break
        rows, columns = -(-rows // 2), -(-columns // 2)


def test_turned_formats_of_equal_area_are_not_confused() -> None:
    levels = Levels(Lock(regions=(Region(Box(0, 0, 0.5, 1)),)).masks(Extent(256, 512)))
    tall, wide = (levels.of(Extent(*size), "cpu") for size in ((32, 64), (64, 32)))
    assert (64, 32) in tall and (64, 32) not in wide and (32, 64) in wide
    assert tall[64, 32][0, :, :16].all() and not tall[64, 32][0, :, 16:].any()


def test_hires_sizes_get_masks_of_their_own() -> None:
    levels = Levels(Lock(regions=(Region(Box(0, 0, 0.5, 1)),)).masks(Extent(64, 64)))
    assert levels.of(Extent(8, 8), "cpu")[8, 8][0].sum() == 32
    assert levels.of(Extent(17, 13), "cpu")[13, 17][0].sum() == pytest.approx(13 * 8.5)


def test_whole_and_empty_masks_are_exactly_1_and_0() -> None:
    """These decide what is touched: no rounding may open a region or a background."""
    levels = Levels(Lock(regions=(Region(Box(0, 0, 1, 1)),)).masks(Extent(133, 101)))
    for shares in levels.of(Extent(17, 13), "cpu").values():
        assert torch.equal(shares[0], torch.ones_like(shares[0])) and not shares[1].any()
    split = Levels(Lock(regions=(Region(Box(0, 0, 0.3, 1)), Region(Box(0.3, 0, 1, 1)))).masks(Extent(133, 101)))
    assert not any(shares[2].any() for shares in split.of(Extent(17, 13), "cpu").values())


def test_overlapping_regions_share_their_cells() -> None:
    both = (Region(Box(0, 0, 0.75, 1)), Region(Box(0.25, 0, 1, 1)))
    shares = Levels(Lock(regions=both).masks(Extent(64, 8))).of(Extent(8, 1), "cpu")[1, 8]
    assert shares[:, 0].tolist() == [[1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1], [0] * 8]
