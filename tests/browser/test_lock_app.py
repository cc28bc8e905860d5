"""The concept lock's tab and accordion on the embedded host, started as a user starts it, in a real browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lock_files
import numpy as np
import pytest
from atelier_concept_lock.regions import lock_of
from atelier_core.args import read_entries, split_infotext
from atelier_core.hosts.embedded.host import EmbeddedHost
from chromium import drawn, inner_of, opened
from embedded_app import GRADIO, App, started
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, expect
from tiny import tiny_sd15

ID = "atelier_concept_lock"
LONG = 60_000  # ms
BROKEN_OFF = ("Connection errored out", "Unexpected error 404: Not Found")  # gradio's, when a page that waits is left


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("lock-app")
    tiny_sd15(root / "models" / "Stable-diffusion" / "tiny.safetensors")
    host = EmbeddedHost(root)
    layers = lock_files.adapted(host.model().layers)
    for seed, name in enumerate(("anne", "beth"), 11):
        lock_files.lora(host.folder("lora") / f"{name}.safetensors", layers, seed)
    (host.folder("lora") / "anne.json").write_text(json.dumps({"activation text": "anne woman"}))
    host.unload()
    with started(root, OMP_NUM_THREADS="1", LANG="C") as app:
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    with opened(browser, app.url, size=(1400, 1300), dark=False, complaints=(*GRADIO, *BROKEN_OFF)) as page:
        page.set_default_timeout(LONG)
        yield page


def editor(page: Page, tab: str = "") -> Frame:
    """The page of our tab, or that of an accordion, once it is up."""
    return inner_of(page, f"{ID}_{tab}_page" if tab else f"{ID}_page")


def open_tab(page: Page) -> Frame:
    page.get_by_role("tab", name="Concept lock").click()
    return editor(page)


def open_accordion(page: Page, tab: str = "txt2img") -> Frame:
    page.locator(f"#{ID}_{tab} button").first.click()
    return editor(page, tab)


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f"#{name} textarea, #{name} input").first
    field.fill(value)
    field.blur()


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"#{name} input").click()
    page.locator(f"#{name}").get_by_role("option", name=value, exact=True).click()
    expect(page.locator(f"#{name} input")).to_have_value(value)


def masks(inner: Frame) -> list[Any]:
    return [one["mask"] for one in inner.evaluate("atelierEditor.state().regions")]


def press(inner: Frame, name: str) -> None:
    inner.locator(f"[data-do={name}]").evaluate("one => one.click()")
    drawn(inner)


def click(page: Page, inner: Frame, share: tuple[float, float]) -> None:
    """On a place of the picture, in shares of it."""
    box = inner.frame_element().bounding_box()
    width, height = inner.evaluate("[atelierEditor.state().width, atelierEditor.state().height]")
    at = inner.evaluate("place => atelierEditor.seen(place)", {"x": share[0] * width, "y": share[1] * height})
    assert box is not None
    page.mouse.click(box["x"] + at["x"], box["y"] + at["y"])
    drawn(inner)


def infotext(file: Path) -> dict[str, str]:
    return read_entries(split_infotext(Image.open(file).text["parameters"])[1])  # type: ignore[attr-defined]


def fast(page: Page, prefix: str) -> None:
    for name, value in (("width", "128"), ("height", "192"), ("steps", "2"), ("seed", "7")):
        fill(page, f"{prefix}_{name}", value)


def shoot(page: Page, name: str) -> None:
    if folder := os.environ.get("ATELIER_SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_regions_that_are_drawn_are_those_of_the_picture(page: Page, app: App) -> None:
    inner = open_tab(page)
    fast(page, ID)
    inner.wait_for_function("atelierEditor.state().width === 128 && atelierEditor.state().height === 192")
    press(inner, "split-thirds")
    expect(page.locator(f"#{ID}_region2")).to_be_visible()
    expect(page.locator(f"#{ID}_region3")).to_be_hidden()
    fill(page, f"{ID}_prompt", "a street")
    fill(page, f"{ID}_prompt2", "a boat")
    choose(page, f"{ID}_file0_0", "anne")
    expect(page.locator(f"#{ID}_triggers0_0 textarea, #{ID}_triggers0_0 input")).to_have_value("anne woman")
    choose(page, f"{ID}_file1_0", "beth")
    wanted, known = masks(inner), set(app.results())
    page.click(f"#{ID}_generate")
    expect(page.locator(f"#{ID}_results figure")).to_have_count(1, timeout=LONG)
    cells = page.locator(f"#{ID}_results .atelier-report tbody tr").all_inner_texts()
    assert [re.split(r"\s+", one)[:3] for one in cells] == [["anne", "region", "1"], ["beth", "region", "2"]]
    shoot(page, "lock-tab")
    (made,) = set(app.results()) - known
    lock = lock_of(infotext(made)["Atelier lock"])
    assert [list(one.mask) for one in lock.regions] == wanted and len(wanted) == 3
    assert [one.prompt for one in lock.regions] == ["", "", "a boat"] and lock.prompt == "a street"

    page.reload()
    inner = open_tab(page)
    page.locator(f"#{ID}_open input[type=file]").set_input_files(made)
    expect(page.locator(f"#{ID}_prompt2 textarea, #{ID}_prompt2 input")).to_have_value("a boat", timeout=LONG)
    expect(page.locator(f"#{ID}_file1_0 input")).to_have_value("beth")
    inner.wait_for_function("atelierEditor.state().picture !== null")
    assert masks(inner) == wanted


def test_rows_go_with_their_regions(page: Page) -> None:
    inner = open_tab(page)
    press(inner, "split-halves")
    fill(page, f"{ID}_prompt0", "left")
    fill(page, f"{ID}_prompt1", "right")
    page.wait_for_timeout(900)  # the rows of these two are known by now
    click(page, inner, (0.25, 0.5))
    inner.press("#stage", "Delete")
    expect(page.locator(f"#{ID}_region1")).to_be_hidden()
    first, second = (page.locator(f"#{ID}_prompt{n} textarea, #{ID}_prompt{n} input") for n in (0, 1))
    expect(first).to_have_value("right")
    inner.press("#stage", "Control+z")
    expect(first).to_have_value("left")
    expect(second).to_have_value("right")


def test_an_accordion_locks_the_host_s_picture_and_an_infotext_brings_all_back(page: Page, app: App) -> None:
    fill(page, "txt2img_prompt", "a street")
    fast(page, "txt2img")
    known = set(app.results())
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img')?.textContent.includes('Seed: 7')")
    (plain,) = set(app.results()) - known
    inner = open_accordion(page)
    page.check(f"#{ID}_txt2img_on input")
    inner.wait_for_function("atelierEditor.state().width === 128 && atelierEditor.state().height === 192")
    press(inner, "split-stacked")
    fill(page, f"{ID}_txt2img_prompt0", "a red house")
    choose(page, f"{ID}_txt2img_file0_0", "anne")
    wanted = masks(inner)
    page.wait_for_timeout(900)  # the page tells its accordion a quarter of a second after the last edit
    known = set(app.results())
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img')?.textContent.includes('Atelier lock')")
    shoot(page, "lock-accordion")
    (made,) = set(app.results()) - known
    lock = lock_of(infotext(made)["Atelier lock"])
    assert [list(one.mask) for one in lock.regions] == wanted and lock.regions[0].prompt == "a red house"
    assert infotext(made)["Atelier lock report"].endswith("outside 0")
    pictures = [np.asarray(Image.open(one), int) for one in (plain, made)]
    assert (pictures[0] != pictures[1]).any()

    page.reload()
    text = Image.open(made).text["parameters"]  # type: ignore[attr-defined]
    page.fill("#txt2img_prompt textarea", text)
    page.click("#txt2img_paste")
    inner = open_accordion(page)
    expect(page.locator(f"#{ID}_txt2img_on input")).to_be_checked()
    expect(page.locator(f"#{ID}_txt2img_file0_0 input")).to_have_value("anne")
    expect(page.locator(f"#{ID}_txt2img_prompt0 textarea, #{ID}_txt2img_prompt0 input")).to_have_value("a red house")
    inner.wait_for_function("wanted => JSON.stringify(atelierEditor.state().regions.map((one) => one.mask)) === wanted",
                            arg=json.dumps(wanted, separators=(",", ":")))  # fmt: skip
    page.wait_for_timeout(900)
    known = set(app.results())
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img')?.textContent.includes('Atelier lock')")
    (again,) = set(app.results()) - known
    assert (np.asarray(Image.open(again), int) == pictures[1]).all()


def test_the_model_drafts_the_regions_of_the_rows(page: Page) -> None:
    inner = open_tab(page)
    fast(page, ID)
    for n, words in enumerate(("a red house", "a blue boat")):
        fill(page, f"{ID}_prompt{n}", words)
    page.wait_for_timeout(900)
    ids = inner.evaluate("atelierEditor.state().regions.map((one) => one.id)")
    page.click(f"#{ID}_look")
    inner.wait_for_function("atelierEditor.state().picture !== null")
    assert inner.evaluate("atelierEditor.state().regions.map((one) => one.id)") == ids and len(ids) == 2
    expect(page.locator(f"#{ID}_prompt1 textarea, #{ID}_prompt1 input")).to_have_value("a blue boat")
    fill(page, f"{ID}_prompt1", "")
    page.click(f"#{ID}_look")
    expect(page.locator(f"#{ID}_drafted")).to_contain_text("Region 2 has no prompt")


def test_what_is_wrong_is_one_sentence(page: Page) -> None:
    open_tab(page)
    page.click(f"#{ID}_generate")
    expect(page.locator(f"#{ID}_results")).to_contain_text("There is nothing to lock")


def test_two_files_are_merged(page: Page, app: App) -> None:
    open_tab(page)
    page.locator(f"#{ID}_merge").get_by_text("Merge into one file").click()
    choose(page, f"{ID}_merge_first", "anne")
    choose(page, f"{ID}_merge_second", "beth")
    fill(page, f"{ID}_merge_name", "both")
    page.click(f"#{ID}_merge_run")
    expect(page.locator(f"#{ID}_merge_said")).to_contain_text("both.safetensors is written.", timeout=LONG)
    assert (app.root / "models" / "Lora" / "both.safetensors").is_file()
