"""A webui's own preprocessors: what they are given, and in which pixels their poses come."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from atelier_core.errors import UserError
from PIL import Image


@pytest.fixture
def annotators(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Any]:
    """With weights for one of two preprocessors."""
    module = importlib.import_module("atelier_core.hosts.a1111.annotators")
    for name in ("yolox_l.onnx", "dw-ll_ucoco_384.onnx"):
        (tmp_path / name).write_bytes(b"")
    named = {"dw_openpose_full": Finder(), "mlsd": Finder()}
    known = SimpleNamespace(Preprocessor=SimpleNamespace(all_processors_by_name=named))
    monkeypatch.setitem(sys.modules, "internal_controlnet.external_code", known)
    monkeypatch.setitem(sys.modules, "annotator.annotator_path", SimpleNamespace(models_path=str(tmp_path)))
    yield SimpleNamespace(own=module.Annotators(), named=named)


class Finder:
    """As the host's: it works at a size of its own, padded to 64, and tells where the brightest pixel is."""

    fractions = False

    def __call__(self, pixels: np.ndarray, resolution: int, json_pose_callback: Any) -> np.ndarray:
        height, width = pixels.shape[:2]
        k = resolution / min(height, width)
        self.worked_at = round(width * k), round(height * k)
        canvas = [-(-side // 64) * 64 for side in self.worked_at]
        y, x = np.unravel_index(pixels.sum(axis=2).argmax(), (height, width))
        place = ((x + 0.5) * k, (y + 0.5) * k)
        x, y = (a / b for a, b in zip(place, canvas, strict=True)) if self.fractions else place
        found = {"pose_keypoints_2d": [x, y, 1.0] + [0.0, 0.0, 0.0] * 17, "face_keypoints_2d": None}
        json_pose_callback({"people": [found], "canvas_width": canvas[0], "canvas_height": canvas[1]})
        return np.zeros((self.worked_at[1], self.worked_at[0], 3), np.uint8)


def bright(width: int, height: int, x: int, y: int) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[y : y + 8, x : x + 8] = 255
    return Image.fromarray(pixels)


def test_only_what_has_its_weights_runs(annotators: Any) -> None:
    assert [(one.name, one.kind, one.missing) for one in annotators.own.listed()] == [
        ("dw_openpose_full", "openpose", ""),
        ("mlsd", "mlsd", "mlsd_large_512_fp32.pth"),
    ]
    with pytest.raises(UserError, match="lacks its file mlsd_large_512_fp32.pth"):
        annotators.own.run("mlsd", bright(64, 64, 0, 0))


@pytest.mark.parametrize(("width", "height"), [(513, 700), (100, 90), (1000, 1500), (64, 64)])
def test_a_pose_is_in_pixels_of_the_picture(annotators: Any, width: int, height: int) -> None:
    answer = annotators.own.run("dw_openpose_full", bright(width, height, 40, 50))
    assert annotators.named["dw_openpose_full"].worked_at == (width, height) == answer.map.size
    assert answer.poses[0]["people"][0]["pose_keypoints_2d"][:3] == [40.5, 50.5, 1.0]


@pytest.mark.parametrize("fractions", [False, True])
def test_so_it_is_of_a_picture_that_is_looked_at_smaller(annotators: Any, fractions: bool) -> None:
    finder = annotators.named["dw_openpose_full"]
    finder.fractions = fractions
    answer = annotators.own.run("dw_openpose_full", bright(4000, 3000, 3000, 2400))
    assert finder.worked_at == (2731, 2048) and answer.map.size == (4000, 3000)
    (pose,) = answer.poses
    x, y, sure, *others = pose["people"][0]["pose_keypoints_2d"]
    assert abs(x - 3004) < 5 and abs(y - 2404) < 5 and sure == 1 and not any(others)
    assert (pose["canvas_width"], pose["canvas_height"]) == (4000, 3000)
    assert pose["people"][0]["face_keypoints_2d"] is None
