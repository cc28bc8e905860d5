"""Regions drafted in a real webui, whose text encoder and attention are its own."""

from __future__ import annotations

import base64
import io
import json
import urllib.request
from typing import Any

import numpy as np
from PIL import Image
from webui import Webui

URL = "/atelier/v1/concept-lock/draft"
SIDE = 256
CAT, DOG = "a black cat", "(one brown dog:1.2)"


def by_host(webui: Webui, prompt: str, steps: int) -> np.ndarray:
    body = {"width": SIDE, "height": SIDE, "steps": steps, "seed": 7, "cfg_scale": 4.0, "sampler_name": "Euler"}
    status, answer = webui.post("/sdapi/v1/txt2img", {**body, "prompt": prompt})
    assert status == 200
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))).convert("RGB"), int)


def asked(prompts: list[str], **more: Any) -> dict[str, Any]:
    plain = {"prompt": "two animals in a field", "width": SIDE, "height": SIDE, "steps": 4, "seed": 7, "cfg": 4.0}
    return {**plain, "sampler": "Euler", "prompts": json.dumps(prompts), **more}


def test_the_webui_s_attention_drafts_regions_and_its_picture_stays(webui: Webui) -> None:
    whole = f"two animals in a field, {CAT}, {DOG}"
    before = by_host(webui, whole, 4)
    status, answer = webui.post(URL, asked([CAT, DOG]))
    assert status == 200, answer
    board = json.loads(answer["board"])
    assert (board["width"], board["height"], answer["seed"]) == (SIDE, SIDE, 7)
    assert [region["id"] for region in board["regions"]] == ["r1", "r2"]
    drawn = [mask(region["mask"]) for region in board["regions"]]
    assert all(one.any() for one in drawn) and not np.logical_and(*drawn).all()
    with urllib.request.urlopen(f"{webui.url}/atelier/v1/core/pictures/{answer['picture']}", timeout=60) as shown:
        picture = np.asarray(Image.open(io.BytesIO(shown.read())).convert("RGB"), int)
    assert np.abs(picture - before).max() <= 1  # what is watched is drawn as it always is
    assert np.array_equal(by_host(webui, whole, 4), before)


def mask(told: Any) -> np.ndarray:
    """A box where it was not found: on random weights nothing need be."""
    if isinstance(told, str):
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(told)))) > 0
    made = np.zeros((SIDE, SIDE), bool)
    left, top, right, bottom = (round(SIDE * edge) for edge in told)
    made[top:bottom, left:right] = True
    return made


def test_what_cannot_be_drafted_is_one_sentence(webui: Webui) -> None:
    status, answer = webui.post(URL, asked([CAT, ""]))
    assert status == 400 and "Region 2 has no prompt" in answer["error"]
