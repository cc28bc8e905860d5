"""A concept taught on a real webui, whose own LoRA then does the same."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from lesson_files import pictured
from PIL import Image
from webui import Webui

AT = "/atelier/v1/concept-lock"
NOUN = "person"


@pytest.fixture
def plainly(webui: Webui) -> Iterator[None]:
    """As it comes a webui divides by the mean of what it reads, which is 0 for some words of a random encoder."""
    webui.post("/sdapi/v1/options", {"emphasis": "No norm"})
    yield
    webui.post("/sdapi/v1/options", {"emphasis": "Original"})


def encoded(seed: int) -> str:
    out = io.BytesIO()
    pictured(seed).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def ended(webui: Webui, name: str, seconds: float = 400) -> dict[str, Any]:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        status, told = webui.post(f"{AT}/lesson", {"name": name})
        assert status == 200, told
        if told["state"] != "running" or told["trouble"]:
            return told
        time.sleep(0.5)
    raise AssertionError(f"the lesson did not end: {told}")


def drawn(webui: Webui, prompt: str) -> np.ndarray:
    asked = {"prompt": prompt, "seed": 1, "steps": 2, "width": 64, "height": 64, "sampler_name": sampler(webui)}
    status, answer = webui.post("/sdapi/v1/txt2img", asked)
    assert status == 200, answer
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer["images"][0]))).convert("RGB"), int)


def sampler(webui: Webui) -> str:
    return str(webui.get("/sdapi/v1/samplers")[0]["name"])


def test_a_concept_is_taught_and_the_webui_s_own_lora_does_the_same(webui: Webui, plainly: None) -> None:
    before = drawn(webui, f"doll {NOUN}")
    pictures = [{"picture": encoded(n), "caption": "red"} for n in (1, 2)]
    body = {"name": "doll", "noun": NOUN, "pictures": json.dumps(pictures), "size": 64, "rank": 4, "steps": 3}
    body |= {"rate": 5e-3, "text_rate": 1e-3, "conv_rank": 2, "class_pictures": 1, "sample_every": 2, "sample_steps": 2}
    status, told = webui.post(f"{AT}/teach", {**body, "schedule": "constant", "recompute": "on"})
    assert status == 200, told
    end = ended(webui, "doll")
    assert (end["state"], end["trouble"], end["step"]) == ("finished", None, 3)
    assert (drawn(webui, f"doll {NOUN}") == before).all()
    preview = next(webui.data.rglob("Lora/doll.png"))
    taught = np.asarray(Image.open(preview).convert("RGB"), int)
    assert webui.post("/sdapi/v1/refresh-loras", {})[0] == 200
    own = drawn(webui, f"doll {NOUN} <lora:doll:1>")
    assert np.abs(taught - before).max() > 8, "nothing was learnt"
    assert np.abs(own - taught).max() <= 2
