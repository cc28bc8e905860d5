"""Masks, feathering inwards and the putting together, on small asymmetric pictures and over random ones."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_core.blend import compose
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.mask import feathered, normalised, support
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

GREY = np.array([[0, 1, 127], [128, 254, 255]], np.uint8)


def layered(alpha: np.ndarray) -> np.ndarray:
    return np.dstack([np.full(alpha.shape, 90, np.uint8)] * 3 + [alpha])


@pytest.mark.parametrize(
    "mask",
    [
        GREY,
        Image.fromarray(GREY),
        np.dstack([GREY] * 3),
        Image.fromarray(GREY).convert("RGB"),
        layered(GREY),
        Image.fromarray(layered(GREY)),
        Image.fromarray(layered(GREY)).convert("LA"),
        np.dstack([GREY] * 3 + [np.full(GREY.shape, 255, np.uint8)]),  # an alpha that says nothing
        Image.fromarray(GREY.astype(np.uint16) * 257),
        Image.fromarray(GREY.astype(np.int32) * 257),
    ],
    ids=["array", "L", "RGB array", "RGB", "RGBA array", "RGBA", "LA", "opaque RGBA", "I;16", "I"],
)
def test_one_mask_in_many_forms(mask: np.ndarray | Image.Image) -> None:
    extent = Extent(3, 2)
    assert np.array_equal(normalised(mask, extent), GREY)
    assert np.array_equal(normalised(mask, extent, 128), [[0, 0, 0], [255, 255, 255]])


def test_masks_of_one_bit() -> None:
    wanted = np.array([[255, 0, 0], [0, 255, 255]], np.uint8)
    assert np.array_equal(normalised(wanted > 0, Extent(3, 2)), wanted)
    assert np.array_equal(normalised(Image.fromarray(wanted).convert("1"), Extent(3, 2)), wanted)


def test_a_palette_with_transparency_speaks_through_it() -> None:
    drawn = Image.fromarray(np.array([[0, 1, 1]], np.uint8)).convert("P")
    drawn.info["transparency"] = 0
    assert normalised(drawn, Extent(3, 1)).tolist() == [[0, 255, 255]]


def test_an_untouched_transparent_layer_is_an_empty_mask() -> None:
    assert not normalised(np.zeros((2, 3, 4), np.uint8), Extent(3, 2)).any()


def test_a_mask_of_another_size_or_kind() -> None:
    with pytest.raises(UserError, match="mask has 3 × 2 pixels, the picture 2 × 3"):
        normalised(GREY, Extent(2, 3))
    with pytest.raises(TypeError, match="float"):
        normalised(GREY.astype(float), Extent(3, 2))


def test_support_is_whatever_may_change() -> None:
    assert support(GREY).tolist() == [[False, True, True], [True, True, True]]


def test_feather_rises_inwards_from_the_edge() -> None:
    mask = np.full((1, 9), 255, np.uint8)
    mask[0, :2] = 0
    assert feathered(mask, 3).tolist() == [[0, 0, 64, 128, 191, 255, 255, 255, 255]]
    assert feathered(mask, 1).tolist() == [[0, 0, 128, 255, 255, 255, 255, 255, 255]]
    assert feathered(mask, 0).tolist() == mask.tolist()


def test_the_border_of_the_picture_is_no_edge() -> None:
    mask = np.zeros((5, 6), np.uint8)
    mask[:3, :4] = 255  # in the top left corner: only its right and lower sides are edges
    assert feathered(mask, 1).tolist() == [
        [255, 255, 255, 128, 0, 0],
        [255, 255, 255, 128, 0, 0],
        [128, 128, 128, 128, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert (feathered(np.full((5, 6), 255, np.uint8), 3) == 255).all()
    assert not feathered(np.zeros((5, 6), np.uint8), 3).any()


def test_feather_on_a_very_wide_picture() -> None:
    mask = np.full((3, 70_000), 255, np.uint8)
    mask[:, 50_001:] = 0
    assert feathered(mask, 1)[0, 49_998:50_003].tolist() == [255, 255, 128, 0, 0]


def nearest_kept(inside: np.ndarray) -> np.ndarray:
    """Distance in pixels to the nearest pixel outside, the slow and plain way."""
    kept = np.argwhere(~inside)
    places = np.argwhere(np.ones_like(inside))
    return np.sqrt(((places[:, None] - kept[None]) ** 2).sum(2).min(1)).reshape(inside.shape)


weights = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda size: arrays(np.uint8, size, elements=st.sampled_from([0, 0, 1, 100, 255, 255, 255]))
)


@settings(max_examples=150, deadline=None)
@given(weights, st.integers(0, 6))
def test_feather_against_plain_distances(mask: np.ndarray, width: int) -> None:
    soft = feathered(mask, width)
    inside = mask > 0
    assert (soft[~inside] == 0).all()
    assert (soft <= mask).all()
    if inside.all() or width == 0:
        assert np.array_equal(soft, mask)
        return
    depth = nearest_kept(inside)
    assert np.array_equal(soft[depth >= width + 1], mask[depth >= width + 1])
    wanted = np.minimum(mask, np.minimum(255, np.floor(depth * 255 / (width + 1) + 0.5)))
    assert np.abs(soft.astype(int) - wanted).max() <= 1


def test_compose_by_hand() -> None:
    source = np.array([[[10, 20, 30, 40], [10, 20, 30, 40], [10, 20, 30, 40]]], np.uint8)
    result = np.array([[[255, 0, 31, 9], [255, 0, 31, 9], [255, 0, 31, 9]]], np.uint8)
    mask = np.array([[0, 51, 255]], np.uint8)  # 51/255 is a fifth
    assert compose(source, result, mask).tolist() == [[[10, 20, 30, 40], [59, 16, 30, 40], [255, 0, 31, 40]]]
    both = compose(source, result, mask, alpha_too=True)
    assert both[..., 3].tolist() == [[40, 34, 9]]
    assert compose(source[..., :3], result, mask).tolist() == compose(source, result, mask)[..., :3].tolist()
    assert compose(source, result[..., :3], mask, alpha_too=True).tolist() == compose(source, result, mask).tolist()


def test_compose_refuses_what_does_not_fit() -> None:
    source, mask = np.zeros((3, 4, 3), np.uint8), np.zeros((3, 4), np.uint8)
    for result, weight in [(source[:2], mask), (source, mask[:2]), (source.astype(np.uint16), mask)]:
        with pytest.raises(ValueError):
            compose(source, result, weight)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from([np.uint8, np.uint16]), st.sampled_from([3, 4]), st.sampled_from([3, 4]))
def test_compose_against_float64(data: st.DataObject, dtype: type, old: int, new: int) -> None:
    mask = data.draw(arrays(np.uint8, (data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9)))))
    source = data.draw(arrays(dtype, (*mask.shape, old)))
    result = data.draw(arrays(dtype, (*mask.shape, new)))
    before = source.copy()
    composed = compose(source, result, mask)
    assert np.array_equal(source, before) and composed.dtype == source.dtype
    assert np.array_equal(composed[mask == 0], source[mask == 0])
    assert np.array_equal(composed[mask == 255][:, :3], result[mask == 255][:, :3])
    assert np.array_equal(composed[..., 3:], source[..., 3:])
    share = mask[..., None].astype(np.float64) / 255
    exact = source[..., :3] * (1 - share) + result[..., :3] * share
    assert np.abs(composed[..., :3] - exact).max() <= 0.5 + 1e-6


def test_compose_over_more_rows_than_one_band() -> None:
    source = np.arange(700 * 5 * 3, dtype=np.uint16).reshape(700, 5, 3)
    mask = np.zeros((700, 5), np.uint8)
    mask[250:620, 1:3] = 255
    composed = compose(source, np.full_like(source, 65535), mask)
    assert np.array_equal((composed != source).all(axis=2), mask == 255)
