"""Maps against literals, against formulas in float64, and against what the hosts' own functions gave."""

from __future__ import annotations

import warnings
from hashlib import sha256

import cv2
import numpy as np
import pytest
from atelier_core.errors import UserError
from atelier_pose_editor import maps
from atelier_pose_editor.lines import as_lines, is_drawn
from atelier_pose_editor.maps import MAPS, made, made_of_drawing
from atelier_pose_editor.straight import centred
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def drawing(width: int = 203, height: int = 141) -> np.ndarray:
    """Lines of several colours and widths, and a slope, made of whole numbers only."""
    y, x = np.mgrid[0:height, 0:width]
    paper = np.full((height, width, 3), 255, np.uint8)
    paper[np.abs(46 * (x - 12) - 100 * (y - 20)) < 180] = (0, 0, 0)
    paper[np.abs((x - 70) ** 2 + (y - 90) ** 2 - 961) < 70] = (200, 30, 10)
    paper[((x == 120) | (x == 190)) & (y > 15) & (y < 60)] = (40, 40, 160)
    paper[np.abs(3 * x - y - 500) < 9] = (90, 90, 90)
    slope = (x < 40) & (y > 100)
    paper[slope] = ((x * 6 + y) % 256)[slope][:, None]
    paper[5] = (120, 0, 120)
    return paper


HOSTS = {  # of the drawing above, by the preprocessors of sd-webui-controlnet 1.1.455 and Forge at the picture's size
    "scribble_thr": "d3b22dcb7f64a054aa30f417a15b0ab61d4aeed3babb4fbc5332bebdabf7598b",
    "scribble_xdog": "dda59fd4bdcdae5bfcf0b303c9c9850a995dfb7eafe6305098c22db9e9cdb8b4",
    "threshold": "961bd291f076dda426886b00079064072db5ff27729ae50db37ab72d79d74fb3",
    "invert": "efd008e8fbbc43f475907c2d2e92fcec2240a754feb3cac1c8bb309bbc0f200b",
    "lineart_standard": "e21c4b2eb52667663477a351322b04729ed1475d625cdf69b8740986f70e68b6",
    "canny": "dd652aa91fa7a1a3d7e6c4f07dedf045f31f5e8a6a0e9ddd54e60c04b882e92d",
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_map_is_the_hosts_own(name: str) -> None:
    assert sha256(made(name, drawing()).tobytes()).hexdigest() == HOSTS[name]


def row(*values: int) -> np.ndarray:
    """One row of grey."""
    return np.repeat(np.array([values], np.uint8)[..., None], 3, axis=2)


def test_scribble_by_darkness_takes_the_darkest_channel_below_127() -> None:
    paper = np.array([[[255, 255, 126], [127, 255, 255], [0, 0, 0], [255, 255, 255]]], np.uint8)
    assert made("scribble_thr", paper)[..., 0].tolist() == [[255, 0, 255, 0]]


def test_threshold_takes_what_is_lighter_than_its_limit_in_every_channel() -> None:
    paper = np.array([[[255, 128, 255], [127, 255, 255], [128, 128, 128]]], np.uint8)
    assert made("threshold", paper)[..., 1].tolist() == [[255, 0, 255]]
    assert made("threshold", row(10, 11, 12), threshold=11)[..., 2].tolist() == [[0, 0, 255]]


def test_invert_lays_what_is_see_through_on_white() -> None:
    layer = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]], np.uint8)
    assert made("invert", layer).tolist() == [
        [[245, 235, 225], [0, 0, 0], [129, 129, 129]]
    ]  # the hosts cut off fractions


def blurred(plane: np.ndarray, sigma: float) -> np.ndarray:
    """In float64, with mirrored borders."""
    radius = (round(sigma * 8 + 1) | 1) // 2
    weights = np.exp(-((np.arange(-radius, radius + 1) / sigma) ** 2) / 2)
    weights /= weights.sum()
    wide = np.pad(plane.astype(np.float64), radius, mode="reflect")
    down = sum(w * wide[i : i + plane.shape[0]] for i, w in enumerate(weights))
    return sum(w * down[:, i : i + plane.shape[1]] for i, w in enumerate(weights))


def test_line_art_is_what_is_darker_than_its_surroundings() -> None:
    paper = drawing(128, 64)
    darker = np.min([blurred(paper[..., c], 6) - paper[..., c] for c in range(3)], axis=0).clip(0, 255)
    expected = (darker / max(16, np.median(darker[darker > 8])) * 127).clip(0, 255)
    found = made("lineart_standard", paper)[..., 0].astype(np.float64)
    assert found.max() > 127
    assert np.abs(found - np.floor(expected)).max() <= 1
    assert (made("lineart_standard", paper, gaussian_sigma=2) != made("lineart_standard", paper)).any()


def test_line_art_of_what_has_no_line_stays_dark_and_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert made("lineart_standard", row(*range(200, 210))).max() < 64


def test_outlines_begin_where_the_contrast_does() -> None:
    paper = drawing(128, 64)
    contrast = 255 - np.floor(
        255 - np.min([blurred(paper[..., c], 5) - blurred(paper[..., c], 0.5) for c in range(3)], 0)
    )
    expected = (2 * contrast.clip(0, 255)) % 256 > 32
    found = made("scribble_xdog", paper)[..., 0] == 255
    assert 0.05 < found.mean() < 0.6
    assert (found != expected).mean() < 0.005  # contrasts that float32 puts on the other side
    assert made("scribble_xdog", paper, threshold=64).sum() < made("scribble_xdog", paper).sum()


def test_edges_are_opencvs_on_the_continued_picture() -> None:
    paper = drawing(70, 65)
    wide = cv2.copyMakeBorder(paper, 0, 63, 0, 58, cv2.BORDER_REPLICATE)
    assert (made("canny", paper)[..., 0] == cv2.Canny(wide, 100, 200)[:65, :70]).all()
    assert made("canny", drawing(), low=1, high=9).sum() > made("canny", drawing()).sum()


@pytest.mark.parametrize("name", ["scribble_xdog", "lineart_standard"])
def test_a_picture_in_parts_gives_the_same(name: str, monkeypatch) -> None:
    paper = np.tile(drawing(), (3, 1, 1))
    whole = made(name, paper)
    monkeypatch.setattr(maps, "_ROWS", 100)
    assert (made(name, paper) == whole).all()


@pytest.mark.parametrize("name", MAPS)
@settings(max_examples=12, deadline=None)
@given(
    picture=hnp.array_shapes(min_dims=2, max_dims=2, max_side=90).flatmap(
        lambda shape: st.integers(0, 2**32 - 1).map(
            lambda seed: np.random.default_rng(seed).integers(0, 256, (*shape, 3 + seed % 2)).astype(np.uint8)
        )
    )
)
def test_a_map_has_the_size_of_its_picture_and_leaves_it_alone(name: str, picture: np.ndarray) -> None:
    before = picture.copy()
    drawn = made(name, picture)
    assert drawn.shape == (*picture.shape[:2], 3) and drawn.dtype == np.uint8
    assert (picture == before).all()


@pytest.mark.parametrize("name", MAPS)
def test_one_pixel_is_a_picture(name: str) -> None:
    assert made(name, np.zeros((1, 1, 3), np.uint8)).shape == (1, 1, 3)


def test_colours_go_as_they_are_drawn() -> None:
    paper = drawing()
    assert (made("colour", paper) == paper).all() and MAPS["colour"].kinds == ()


@pytest.mark.parametrize(
    "empty",
    [np.zeros((5, 7, 4), np.uint8), np.full((5, 7, 3), 255, np.uint8), np.full((5, 7, 4), 255, np.uint8)],
    ids=["see-through", "white", "white and opaque"],
)
def test_an_empty_drawing_is_said(empty: np.ndarray) -> None:
    assert not is_drawn(empty)
    for name in MAPS:
        with pytest.raises(UserError, match="nothing in the drawing yet"):
            made_of_drawing(name, empty)


@pytest.mark.parametrize(
    ("name", "given", "said"),
    [
        ("hed", {}, "There is no map hed."),
        ("invert", {"low": 1}, "The map Inverted has no setting low."),
        ("canny", {"low": 10**400}, "Weakest edge must lie between 1 and 255."),
        ("canny", {"low": 0}, "Weakest edge must lie between 1 and 255."),
        ("canny", {"high": float("nan")}, "Strong edge must lie between 1 and 255."),
    ],
)
def test_a_wrong_wish_is_a_sentence(name: str, given: dict[str, float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        made(name, drawing(), **given)


def test_a_picture_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UserError, match="8193 × 1 pixels; at most 8192"):
        made("invert", np.zeros((1, 8193, 3), np.uint8))


# --- polarity


@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_either_polarity_gives_the_same_lines(white: np.ndarray) -> None:
    picture = np.repeat((white * np.uint8(255))[..., None], 3, axis=2)
    assert (as_lines(picture) == (picture if picture.mean() < 128 else 255 - picture)).all()


def test_a_layer_speaks_through_its_alpha_whatever_its_colours() -> None:
    layer = np.array([[[255, 255, 255, 255], [0, 0, 0, 0], [0, 0, 0, 77]]], np.uint8)
    assert as_lines(layer)[0].tolist() == [[255] * 3, [0] * 3, [77] * 3]


def test_coloured_lines_are_as_white_as_they_stand_out() -> None:
    paper = np.full((1, 8, 3), 255, np.uint8)
    paper[0, :3] = (255, 255, 0), (255, 128, 255), (0, 0, 0)
    assert as_lines(paper)[0, :4, 0].tolist() == [255, 127, 255, 0]
    paper = np.full((1, 8, 3), (240, 230, 215), np.uint8)
    paper[0, :2] = (0, 0, 0), (120, 230, 215)
    assert as_lines(paper)[0, :3, 2].tolist() == [255, 128, 0]


def test_a_white_drawing_on_a_see_through_layer_is_read_by_the_maps() -> None:
    layer = np.zeros((40, 40, 4), np.uint8)
    layer[10:13, 5:35] = 255
    line = np.zeros((40, 40), np.uint8)
    line[10:13, 5:35] = 255
    for name in ("lines", "scribble_thr", "invert"):
        assert (made_of_drawing(name, layer)[..., 1] == line).all(), name
    black = np.dstack([255 - layer[..., :3], layer[..., 3:]])
    for name in MAPS.keys() - {"colour", "threshold", "canny", "scribble_xdog", "straight"}:
        assert (made_of_drawing(name, layer) == made_of_drawing(name, black)).all(), name
    assert made("scribble_thr", layer).sum() == 0


# --- straight lines


def test_a_drawn_line_becomes_one_line_of_one_pixel() -> None:
    paper = np.full((90, 160, 3), 255, np.uint8)
    paper[30:35, 20:140] = 0
    lines = made("straight", paper)[..., 0]
    assert sorted(np.unique(lines)) == [0, 255]
    rows, columns = np.nonzero(lines)
    assert set(rows) <= {31, 32, 33} and len(columns) == len(set(columns))
    assert columns.min() <= 25 and columns.max() >= 134
    assert made("straight", paper, shortest=200).sum() == 0


def test_straight_lines_of_a_large_picture_lie_where_they_are() -> None:
    paper = np.full((40, 5000, 3), 255, np.uint8)
    paper[20:, :] = 0
    rows = np.nonzero(made("straight", paper)[..., 0])[0]
    assert len(rows) > 4500 and rows.min() >= 18 and rows.max() <= 21


def test_without_its_detector_opencv_still_finds_lines(monkeypatch) -> None:
    def gone() -> None:
        raise cv2.error("removed")

    monkeypatch.setattr(cv2, "createLineSegmentDetector", gone)
    paper = np.full((90, 160, 3), 255, np.uint8)
    paper[40:, :] = 0
    rows = np.nonzero(made("straight", paper)[..., 0])[0]
    assert len(rows) > 120 and set(rows) <= {38, 39, 40, 41}


def test_only_edges_that_run_against_each_other_are_one_line() -> None:
    both = np.array([[0, 0, 100, 0], [90, 4, 10, 4.0]])
    assert centred(both).tolist() == [[0, 2, 100, 2]]
    same_way = np.array([[0, 0, 100, 0], [10, 4, 90, 4.0]])
    assert centred(same_way).tolist() == same_way.tolist()
    far = np.array([[0, 0, 100, 0], [90, 14, 10, 14.0]])
    assert centred(far).tolist() == far.tolist()
