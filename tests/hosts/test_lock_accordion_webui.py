"""The lock's accordion in a real webui's own tabs: what it does there, and that it leaves nothing behind."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any

import numpy as np
import pytest
from atelier_concept_lock import rows
from atelier_core.args import read_entries, split_infotext
from chromium import inner_of, launched
from lock_webui import NEGATIVE, PROMPT, drawn, whole
from PIL import Image
from playwright.sync_api import Frame, Page, expect
from webui import Webui

TITLE = "atelier: concept lock"
ID = "atelier_concept_lock_txt2img"
SIZE: dict[str, Any] = {"width": 128, "height": 128, "steps": 3, "cfg_scale": 4.0, "seed": 7, "sampler_name": "Euler"}
PLAIN = {**SIZE, "prompt": PROMPT, "negative_prompt": NEGATIVE, "save_images": False}
BOARD = json.dumps(
    {
        "atelier_board": 1,
        "width": 128,
        "height": 128,
        "regions": [
            {"id": "r1", "name": "", "colour": "#e6a23c", "on": True, "mask": [0, 0, 0.5, 1]},
            {"id": "r2", "name": "", "colour": "#409eff", "on": True, "mask": [0.5, 0, 1, 1]},
        ],
    }
)
VALUES: dict[str, Any] = {
    "on": True,
    "page": "",
    "hint": "",
    "state": BOARD,
    **{name: "-" if name.startswith("file") else "" for name in rows.NAMES},
    **{name: 1 for name in rows.NAMES if name.startswith(("unet", "text"))},
    "prompt0": "a woman reading",
    "file0_0": "anne",
    "prompt1": "a woman writing",
    "file1_0": "beth",
    "dial": 0,
    "feather": 0,
    "start": 0,
    "end": 1,
    "uncond": False,
}
LEAVING = 3000  # ms; a page left in the midst of an event keeps gradio 3 from ever ending its server


def asked(plain: dict[str, Any] = PLAIN, **values: Any) -> dict[str, Any]:
    return {**plain, "alwayson_scripts": {TITLE: {"args": list({**VALUES, **values}.values())}}}


def made(webui: Webui, body: dict[str, Any], verb: str = "txt2img") -> tuple[list[np.ndarray], list[str]]:
    status, answer = webui.post(f"/sdapi/v1/{verb}", body)
    assert status == 200, answer
    pictures = [whole(Image.open(io.BytesIO(base64.b64decode(one)))) for one in answer["images"]]
    return pictures, json.loads(answer["info"])["infotexts"]


def one(webui: Webui, body: dict[str, Any], verb: str = "txt2img") -> np.ndarray:
    return made(webui, body, verb)[0][0]


def entries(infotext: str) -> dict[str, str]:
    return read_entries(split_infotext(infotext)[1])


def test_its_values_have_the_order_of_its_controls(loras: Webui) -> None:
    found = [script for script in loras.get("/sdapi/v1/script-info") if script["name"] == TITLE]
    assert [script["is_img2img"] for script in found] == [False, True]
    assert all(len(script["args"]) == len(VALUES) for script in found)


def test_off_it_changes_no_bit_and_no_word(loras: Webui) -> None:
    plain, off = made(loras, PLAIN), made(loras, asked(on=False, state="{", file0_0="nobody"))
    assert (plain[0][0] == off[0][0]).all() and plain[1] == off[1]


def test_on_it_is_the_tab_s_picture_and_leaves_nothing_behind(loras: Webui) -> None:
    before = one(loras, PLAIN)
    (mine,), (text,) = made(loras, asked(dial=0.5))
    told = entries(text)
    lock = json.loads(told["Atelier lock"])
    assert [region["prompt"] for region in lock["regions"]] == ["a woman reading", "a woman writing"]
    assert told["Atelier lock report"].endswith("outside 0") and "anne@1" in told["Atelier lock report"]
    tab, answer = drawn(loras, lock["regions"], dial=0.5)
    assert (mine == tab).all() and answer["report"]["clean"]
    assert np.abs(mine - before).max() > 8
    assert (one(loras, PLAIN) == before).all()


def test_the_prompt_of_each_picture_is_the_base(loras: Webui) -> None:
    """With its styles; two batches, then each picture alone."""
    base = {**PLAIN, "prompt": "a lamp", "n_iter": 2}
    words = {"prompt0": "", "triggers0_0": "", "prompt1": "a lamp, red"}
    both, _ = made(loras, asked(base, **words))
    again, _ = made(loras, asked({**base, "n_iter": 1, "seed": 8}, **words))
    assert (both[-1] == again[0]).all()
    other, _ = made(loras, asked({**base, "prompt": "a boat", "n_iter": 1}, **words))
    assert (other[0] != both[-2]).any()


def test_a_second_pass_at_another_size_is_locked_too(loras: Webui) -> None:
    """Its masks are those of the larger latent, its prompt its own; a picture that is cut goes by what is left."""
    hires = {
        "enable_hr": True,
        "denoising_strength": 0.6,
        "hr_upscaler": "Latent",
        "hr_resize_x": 192,
        "hr_resize_y": 128,
    }
    body = {**PLAIN, **hires, "hr_second_pass_steps": 2, "hr_prompt": "a boat", "hr_negative_prompt": ""}
    if loras.checkout.kind == "forge":  # without it Forge breaks off
        body["hr_additional_modules"] = ["Use same choices"]
    plain = one(loras, body)
    (mine,), (text,) = made(loras, asked(body, prompt1="", file1_0="-"))
    assert mine.shape == plain.shape == (128, 192, 3)
    assert entries(text)["Atelier lock report"].endswith("outside 0")
    moved = np.abs(mine - plain).mean(axis=2)
    assert moved[:, :96].mean() > moved[:, 96:].mean()
    assert (one(loras, body) == plain).all()


def test_img2img_and_its_masked_part_go_by_the_regions(loras: Webui) -> None:
    start = Image.new("RGB", (160, 128), (90, 40, 10))
    mask = Image.new("L", (160, 128))
    mask.paste(255, (96, 32, 144, 80))
    picture, hole = coded(start), coded(mask)
    base = {**PLAIN, "init_images": [picture], "denoising_strength": 0.8}
    masked = {**base, "mask": hole, "mask_blur": 0, "inpaint_full_res": True, "inpaint_full_res_padding": 8}
    for body in (base, masked):
        plain = one(loras, body, "img2img")
        assert np.abs(one(loras, asked(body), "img2img") - plain).max() > 8
    # what is painted lies in the right half alone: nobody of the left half acts there
    left = asked(masked, prompt0="", file0_0="anne", prompt1="", file1_0="-")
    assert (one(loras, left, "img2img") == one(loras, masked, "img2img")).all()


def coded(picture: Image.Image) -> str:
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def test_token_merging_is_off_for_the_run_and_on_again(loras: Webui) -> None:
    plain, locked = one(loras, PLAIN), one(loras, asked())
    loras.post("/sdapi/v1/options", {"token_merging_ratio": 0.5})
    try:
        merged = one(loras, PLAIN)
        (mine,), (text,) = made(loras, asked())
        assert (mine == locked).all() and "Token merging" not in text
        assert loras.get("/sdapi/v1/options")["token_merging_ratio"] == 0.5
        assert (merged != plain).any() and (one(loras, PLAIN) == merged).all()
        refused, (text,) = made(loras, asked(file0_0="nobody"))
        assert (refused[0] == merged).all() and "Token merging ratio: 0.5" in text
    finally:
        loras.post("/sdapi/v1/options", {"token_merging_ratio": 0})


@pytest.mark.parametrize(
    ("body", "values", "sentence"),
    [
        ({}, {"file0_0": "nobody"}, "There is no LoRA “nobody” in the webui's list."),
        (
            {"prompt": "two <lora:anne:1> women"},
            {},
            "“anne” is in the prompt and among the concepts: it would act twice.",
        ),
        ({}, {"state": "{"}, "This is not a board of regions."),
        (
            {},
            {name: VALUES[name] and "-" for name in ("file0_0", "file1_0")} | {"prompt0": "", "prompt1": ""},
            "nothing",
        ),
    ],
)
def test_what_cannot_be_is_said_and_the_plain_picture_is_made(
    loras: Webui, body: dict[str, Any], values: dict[str, Any], sentence: str
) -> None:
    plain, locked = made(loras, {**PLAIN, **body}), made(loras, asked({**PLAIN, **body}, **values))
    assert (plain[0][0] == locked[0][0]).all() and "Atelier lock" not in locked[1][0]
    assert sentence in loras.said()


def test_the_plot_s_axis_weakens_all_concepts(loras: Webui) -> None:
    plot = next(one for one in loras.get("/sdapi/v1/script-info") if one["name"] == "x/y/z plot")
    axis, none = plot["args"][0]["choices"].index("[Atelier] Lock weight"), (0, "", [])
    args = [axis, "0, 0.5, 1", [], *none, *none, False, True, False, False, False, False, False, 0, False]
    grid, infotexts = made(loras, {**asked(), "script_name": "x/y/z plot", "script_args": args})
    assert len(grid) == 4
    weights = [json.loads(entries(text)["Atelier lock"])["regions"][0]["cards"][0]["unet"] for text in infotexts[1:]]
    assert weights == [0, 0.5, 1]
    assert (grid[1] == one(loras, asked(unet0_0=0, unet1_0=0))).all() and (grid[3] == one(loras, asked())).all()
    assert (grid[1] != grid[3]).any()


# by hand


def open_accordion(page: Page) -> Frame:
    page.wait_for_selector(f"#{ID}", state="attached")
    page.locator(f"#{ID}").get_by_text("Atelier lock", exact=True).first.click()
    return inner_of(page, f"{ID}_page")


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f"#{name} textarea, #{name} input[type=number], #{name} input").first
    field.fill(value)
    field.blur()


def masks(inner: Frame) -> str:
    return inner.evaluate("JSON.stringify(atelierEditor.state().regions.map((one) => one.mask))")


def test_by_hand_regions_are_drawn_run_and_brought_back(loras: Webui) -> None:
    with launched() as browser:
        page = browser.new_context(viewport={"width": 1400, "height": 1200}).new_page()
        page.set_default_timeout(120_000)
        page.goto(loras.url)
        inner = open_accordion(page)
        for name, value in (("width", "128"), ("height", "192"), ("steps", "2"), ("seed", "7")):
            fill(page, f"txt2img_{name}", value)
        fill(page, "txt2img_prompt", "a street")
        page.locator(f"#{ID}_on input").check()
        inner.wait_for_function("atelierEditor.state().width === 128 && atelierEditor.state().height === 192")
        inner.locator("[data-do=split-stacked]").evaluate("one => one.click()")
        fill(page, f"{ID}_prompt0", "a woman reading")
        page.locator(f"#{ID}_again").click()  # the files came when the webui had begun
        page.wait_for_timeout(1500)
        chosen = page.locator(f"#{ID}_file0_0 input").first
        chosen.click()
        page.locator("ul.options li").filter(has_text="anne").first.click()
        expect(chosen).to_have_value("anne")
        wanted = masks(inner)
        page.wait_for_timeout(1500)  # the page tells its accordion a quarter of a second after the last edit
        state = json.loads(page.locator(f"#{ID}_state textarea, #{ID}_state input").first.input_value())
        assert json.dumps([one["mask"] for one in state["regions"]], separators=(",", ":")) == wanted
        if page.evaluate("typeof submit !== 'function'"):
            pytest.skip("this webui's own scripts are not served here: its button does nothing")
        page.locator("#txt2img_generate").click()
        said = "document.querySelector('#html_info_txt2img')?.textContent ?? ''"
        page.wait_for_function(f"({said}).includes('Atelier lock report')")
        expect(page.locator("#html_log_txt2img").first).to_contain_text("anne, region 1")
        if shot := os.environ.get("ATELIER_SHOT"):
            page.screenshot(path=shot, full_page=True)
        text = page.locator("#html_info_txt2img").first.inner_text()
        assert "outside 0" in text

        page.wait_for_timeout(LEAVING)
        page.reload()
        inner = open_accordion(page)
        page.locator("#txt2img_prompt textarea").fill(text)
        page.locator("#paste").first.click()
        inner.wait_for_function(
            "wanted => JSON.stringify(atelierEditor.state().regions.map((one) => one.mask)) === wanted", arg=wanted
        )
        expect(page.locator(f"#{ID}_on input")).to_be_checked()
        expect(page.locator(f"#{ID}_prompt0 textarea, #{ID}_prompt0 input").first).to_have_value("a woman reading")
        expect(page.locator(f"#{ID}_file0_0 input").first).to_have_value("anne")
        expect(page.locator("#txt2img_prompt textarea")).to_have_value("a street")
        page.wait_for_timeout(LEAVING)
