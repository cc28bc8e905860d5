"""A concept taught on a real webui, whose own LoRA then does the same; and taught in its tab, with a browser."""

from __future__ import annotations

import base64
import io
import json
import os
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from chromium import launched
from lesson_files import pictured
from PIL import Image
from playwright.sync_api import Page, expect
from webui import Webui

AT = "/atelier/v1/concept-lock"
NOUN = "person"
TAG = "#atelier_concept_lock_teach"
LONG = 240_000  # ms


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


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f"{TAG}_{name} textarea, {TAG}_{name} input").first
    field.fill(value)
    field.blur()


def test_a_concept_is_taught_in_the_tab_and_used_in_a_region(webui: Webui, plainly: None) -> None:
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1400})
        page.set_default_timeout(60_000)
        page.goto(webui.url)
        page.wait_for_selector(f"{TAG}_run_first", state="attached")
        page.locator("#tabs button").get_by_text("Concept lock", exact=True).first.click()
        page.locator(TAG).get_by_text("Teach a concept from a few pictures").first.click()
        album, lesson = (page.frame_locator(f"iframe[data-atelier-frame='{TAG[1:]}_{n}']") for n in ("page", "lesson"))
        for frame in (album, lesson):
            expect(frame.locator("html[data-ready]")).to_be_attached(timeout=LONG)
        files = [{"name": f"{n}.png", "mimeType": "image/png", "buffer": base64.b64decode(encoded(n))} for n in (1, 2)]
        album.locator("#file").set_input_files(files)
        expect(album.locator("#strip li")).to_have_count(2)
        for name, value in {"name": "tabdoll", "noun": NOUN, "rank": "4", "steps": "3", "size": "64"}.items():
            fill(page, name, value)
        fill(page, "prior", "0")
        page.locator(f"{TAG}_preset input").first.click()
        page.get_by_role("option", name="Face").or_(page.locator("ul.options li", has_text="Face")).first.click()
        expect(page.locator(f"{TAG}_preset_says").last).to_contain_text("For one face", timeout=LONG)
        expect(page.locator(f"{TAG}_preset input").first).to_have_value("Face")
        page.locator(f"{TAG}_estimate_first").click()
        expect(page.locator(f"{TAG}_said").last).to_contain_text("GB of memory", timeout=LONG)
        page.locator(f"{TAG}_run_first").click()
        expect(lesson.locator("#taught")).to_contain_text("tabdoll.safetensors", timeout=LONG)
        expect(lesson.locator("#stands")).to_contain_text("At its end · step 3 of 3")
        if shot := os.environ.get("ATELIER_SHOT"):
            page.locator(TAG).screenshot(path=shot)
        lesson.get_by_role("button", name="Use in region 1").click()
        expect(lesson.locator(".toast")).to_contain_text("Region 1 uses “tabdoll” now.")
        expect(page.locator("#atelier_concept_lock_triggers0_0 textarea")).to_have_value(f"tabdoll {NOUN}")
        expect(page.locator("#atelier_concept_lock_file0_0 input")).to_have_value("tabdoll")
