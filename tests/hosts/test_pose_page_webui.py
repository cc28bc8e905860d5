"""The pose editor in a real webui, with a browser: real drags, the accordion, and the webui's own ControlNet."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from chromium import drawn, inner_of, launched
from playwright.sync_api import Frame, Page, expect
from webui import CONTROLNET, Webui

ID = "atelier_pose_editor"
WRIST = {"person": 0, "part": "body", "index": 7}


@contextmanager
def opened(webui: Webui, ratio: float = 1, touch: bool = False) -> Iterator[Page]:
    with launched() as browser:
        context = browser.new_context(
            viewport={"width": 1400, "height": 1100}, device_scale_factor=ratio, has_touch=touch
        )
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(webui.url)
        yield page


def open_tab(page: Page) -> Frame:
    """By its name: gradio 3 makes buttons without a role, gradio 4 and later tabs."""
    page.wait_for_selector(f"#{ID}_start", state="attached")
    page.locator("#tabs button").get_by_text("Pose and sketch", exact=True).first.click()
    return inner_of(page, f"{ID}_page")


def corner(inner: Frame) -> np.ndarray:
    box = inner.frame_element().bounding_box()
    assert box is not None
    return np.array([box["x"], box["y"]])


def seen(inner: Frame) -> np.ndarray:
    """Where the wrist is in the window."""
    at = inner.evaluate("ref => atelierEditor.joint(ref)", WRIST)
    return corner(inner) + [at["x"], at["y"]]


def wrist(inner: Frame) -> np.ndarray:
    at = inner.evaluate("atelierEditor.pose().people[0].body[7]")
    return np.array([at["x"], at["y"]])


def pose(inner: Frame) -> Any:
    return inner.evaluate("atelierEditor.pose()")


def zoom_to(page: Page, inner: Frame, wanted: float) -> None:
    for _ in range(60):
        now = inner.evaluate("atelierEditor.view().zoom")
        if abs(now / wanted - 1) < 0.002:
            return
        page.mouse.move(*seen(inner))
        page.mouse.wheel(0, float(np.clip(-np.log(wanted / now) / 0.002, -300, 300)))
        inner.wait_for_function("old => atelierEditor.view().zoom !== old", arg=now)
    raise AssertionError("the zoom was not reached")


def drag(page: Page, start: np.ndarray, way: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*(start + way), steps=6)
    page.mouse.up()


@pytest.mark.parametrize("ratio", [1, 2])
def test_a_joint_lands_where_it_is_let_go(webui: Webui, ratio: float) -> None:
    with opened(webui, ratio) as page:
        inner = open_tab(page)
        page.locator(f"iframe[data-atelier-frame='{ID}_page']").scroll_into_view_if_needed()
        inner.locator("label.check", has_text="Keep the lengths").click()
        start = pose(inner)
        for count, zoom in enumerate((0.5, 1, 3), 1):
            zoom_to(page, inner, zoom)
            before, scale = wrist(inner), inner.evaluate("atelierEditor.view().scale")
            drag(page, seen(inner), (21, -13))
            assert np.abs(wrist(inner) - (before + np.array([21, -13]) / scale)).max() <= 0.5, (count, zoom)
        for _ in range(3):
            inner.locator("[data-do=undo]").click()
        assert pose(inner) == start


def test_lengths_hold_and_the_keyboard_does_the_same(webui: Webui) -> None:
    with opened(webui) as page:
        inner = open_tab(page)
        start = pose(inner)
        drag(page, seen(inner), (60, -90))
        body = [np.array([[j["x"], j["y"]] for j in one["people"][0]["body"]]) for one in (start, pose(inner))]
        for a, b in ((5, 6), (6, 7), (1, 5)):
            assert abs(np.linalg.norm(body[0][a] - body[0][b]) - np.linalg.norm(body[1][a] - body[1][b])) <= 0.5
        inner.locator("[data-do=undo]").click()
        assert pose(inner) == start
        inner.evaluate("ref => atelierEditor.select(ref)", WRIST)
        drawn(inner)
        inner.locator(".handle[aria-label*='left wrist']").first.focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Shift+ArrowLeft")
        moved = wrist(inner) - [start["people"][0]["body"][7][axis] for axis in ("x", "y")]
        assert moved[0] < -5 and abs(moved[1]) <= 3


def steered(webui: Webui) -> bool:
    return webui.checkout.kind == "forge" or CONTROLNET in os.environ


def test_the_map_goes_into_a_unit_of_the_webui_s_own_controlnet(webui: Webui) -> None:
    if not steered(webui):
        pytest.skip(f"skipped: {CONTROLNET} names no sd-webui-controlnet")
    with opened(webui) as page:
        inner = open_tab(page)
        inner.get_by_role("button", name="Save as").click()
        inner.get_by_role("menuitem", name="To ControlNet unit 1 of txt2img").click()
        unit = "#txt2img_controlnet_ControlNet-0"
        expect(page.locator(f"{unit}_controlnet_enable_checkbox input")).to_be_checked(timeout=30_000)
        page.wait_for_function(
            "id => [...document.querySelectorAll(`${id} img`)].some((one) => one.naturalWidth === 512)"
            " || [...document.querySelectorAll(`${id} canvas`)].some((one) => one.width === 512)",
            arg=f"{unit}_input_image",
        )


def test_the_accordion_has_a_stage_of_its_own(webui: Webui) -> None:
    with opened(webui) as page:
        page.wait_for_selector(f"#{ID}_txt2img", state="attached")
        page.locator(f"#{ID}_txt2img").get_by_text("Atelier pose").first.click()
        inner = inner_of(page, f"{ID}_txt2img_page")
        inner.frame_element().scroll_into_view_if_needed()
        start = wrist(inner)
        drag(page, seen(inner), (20, -30))
        assert np.abs(wrist(inner) - start).max() > 5
        state = f"document.querySelector('#{ID}_txt2img_state textarea').value"
        page.wait_for_function(f"{state}.includes('atelier_pose')")


def test_every_control_begins_as_it_was_made_and_lists_show_what_is_chosen(webui: Webui) -> None:
    """A webui keeps values by labels; gradio 3 shows a value itself until it is chosen anew, an empty one as none."""
    with opened(webui) as page:
        lock = "atelier_concept_lock"
        page.wait_for_selector(f"#{lock}_end", state="attached")
        names = ("start", "end", "unet0_0", "width", "seed")
        found = [page.locator(f"#{lock}_{name} input").first.input_value() for name in names]
        assert [float(one) for one in found] == [0, 1, 1, 512, -1]
        shown = [page.locator(f"#{ID}_{name} input").first.input_value() for name in ("pose_model", "look")]
        assert shown in (["Automatic", "None"], ["-", "-"])
