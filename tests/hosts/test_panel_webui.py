"""The upscaler's tab in a real webui, with a browser."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import launched
from playwright.sync_api import Page
from webui import Webui

SAMPLE = Path(__file__).parents[2] / "extensions" / "upscaler" / "web" / "sample" / "before.png"


@pytest.fixture
def page(webui: Webui) -> Iterator[Page]:
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1400, "height": 1050})
        page.set_default_timeout(60_000)
        page.goto(webui.url)
        yield page


def open_tab(page: Page) -> None:
    """By its name: gradio 3 makes buttons without a role, gradio 4 and later tabs."""
    page.wait_for_selector("#atelier_upscaler_run", state="attached")
    page.locator("#tabs button").get_by_text("Upscaler", exact=True).first.click()


def test_a_picture_goes_through_the_tab(page: Page) -> None:
    open_tab(page)
    page.set_input_files("#atelier_upscaler_files input[type=file]", SAMPLE)
    frame = page.frame_locator("iframe[data-atelier-frame='atelier_upscaler_page']")
    frame.get_by_text("160×120").first.wait_for()
    page.click("#atelier_upscaler_run")
    page.wait_for_selector(".atelier-result")
    assert "640 × 480" in page.locator(".atelier-result").first.inner_text()
    frame.get_by_text("640×480").first.wait_for()
    assert not page.locator("#atelier_upscaler_taken textarea").first.is_visible()


def test_reload_ui_twice_leaves_one_of_each(webui: Webui) -> None:
    for _ in range(2):
        before = webui.said().count("Startup time:")
        webui.post("/atelier-reload", {})
        until = time.monotonic() + 240
        while webui.said().count("Startup time:") == before:
            assert time.monotonic() < until, webui.said()[-2000:]
            time.sleep(0.5)
    with launched() as browser:
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(webui.url)
        page.wait_for_selector("#atelier_upscaler_run", state="attached")
        assert page.locator("#tab_atelier_upscaler").count() == 1
        assert page.locator("button#atelier_upscaler_run").count() == 1
    names = [one["name"] for one in webui.get("/sdapi/v1/upscalers")]
    assert names.count("random x4 (Atelier)") == 1
    assert webui.post("/atelier-contract/a_patch_acts_and_leaves_no_trace", {}) == (200, {"failed": ""})
