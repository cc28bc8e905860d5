"""The upscaler's tab on the embedded host, started as a user starts it, in a real browser."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from chromium import drawn, opened
from embedded_app import GRADIO, App, started
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Page, expect
from safetensors.torch import save_file
from shiftnet import random_weights, srvgg
from webui import ROOT

SAMPLE = ROOT / "extensions" / "upscaler" / "web" / "sample" / "before.png"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tmp_path_factory.mktemp("app")
    models = root / "models" / "ESRGAN"
    models.mkdir(parents=True)
    save_file(random_weights(srvgg(16)).state_dict(), models / "random x4.safetensors")
    with started(root) as app:
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    with opened(browser, app.url, size=(1400, 1050), dark=False, complaints=GRADIO) as page:
        page.set_default_timeout(60_000)
        page.get_by_role("tab", name="Upscaler").click()
        yield page


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[data-atelier-frame='atelier_upscaler_page']")


def choose(page: Page, file: Path, size: str) -> None:
    page.set_input_files("#atelier_upscaler_files input[type=file]", file)
    expect(frame_of(page).get_by_text(size).first).to_be_visible(timeout=30_000)


def model(page: Page, name: str) -> None:
    page.locator("#atelier_upscaler_model input").click()
    page.get_by_role("option", name=name).click()


def test_a_picture_is_made_four_times_larger(app: App, page: Page) -> None:
    choose(page, SAMPLE, "160×120")
    model(page, "random x4")
    page.click("#atelier_upscaler_run")
    expect(page.locator(".atelier-result").first).to_contain_text("640 × 480", timeout=60_000)
    expect(frame_of(page).get_by_text("640×480").first).to_be_visible()
    assert Image.open(app.results()[-1]).size == (640, 480)
    assert "random x4: 1 tiles" in page.locator("#atelier_upscaler_results").inner_text()


def test_the_wipe_handle_follows_the_mouse(page: Page) -> None:
    choose(page, SAMPLE, "160×120")
    page.click("#atelier_upscaler_run")
    expect(frame_of(page).get_by_text("640×480").first).to_be_visible(timeout=60_000)
    handle = frame_of(page).get_by_role("slider")
    before = handle.bounding_box()
    assert before is not None
    x, y = before["x"] + before["width"] / 2, before["y"] + before["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 90, y, steps=5)
    page.mouse.up()
    drawn(frame_of(page).locator("html"))
    after = handle.bounding_box()
    assert after is not None and after["x"] - before["x"] == pytest.approx(-90, abs=0.5)


def test_interrupt_stops_and_saves_nothing(app: App, page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (1400, 1400, 3), np.uint8)).save(large)
    before = app.results()
    choose(page, large, "1400×1400")
    model(page, "random x4")
    page.click("#atelier_upscaler_run")
    page.locator(".atelier-progress").first.wait_for()
    time.sleep(1)
    page.click("#atelier_upscaler_interrupt")
    expect(page.locator("#atelier_upscaler_results")).to_contain_text("Stopped. Nothing was saved.", timeout=30_000)
    assert app.results() == before


def test_what_is_no_picture_is_told(page: Page, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture at all")
    page.set_input_files("#atelier_upscaler_files input[type=file]", bad)
    expect(page.locator("#atelier_upscaler_results .atelier-error")).to_have_text(re.compile(r"\.$"), timeout=30_000)


def test_settings_come_back_from_a_result(app: App, page: Page) -> None:
    choose(page, app.results()[0], "640×480")
    page.locator("#atelier_upscaler_factor input[type=number]").fill("7")
    page.click("#atelier_upscaler_restore")
    expect(page.locator("#atelier_upscaler_factor input[type=number]")).to_have_value("4", timeout=30_000)
