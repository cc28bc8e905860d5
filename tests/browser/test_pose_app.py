"""The pose editor's tab and accordion on the embedded host, started as a user starts it, in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from atelier_core.args import read_entries, split_infotext
from atelier_pose_editor import document, draw, run
from chromium import drawn, inner_of, opened
from embedded_app import GRADIO, App, started
from PIL import Image
from playwright.sync_api import Browser, Frame, Page, expect
from tiny import tiny_root

ID = "atelier_pose_editor"
WRIST = {"person": 0, "part": "body", "index": 4}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    root = tiny_root(tmp_path_factory.mktemp("pose-app"))
    with started(root) as app:
        yield app


@pytest.fixture
def page(app: App, browser: Browser) -> Iterator[Page]:
    with opened(browser, app.url, size=(1400, 1300), dark=False, complaints=GRADIO) as page:
        page.set_default_timeout(60_000)
        yield page


def editor(page: Page, tab: str = "") -> Frame:
    """The page of our tab, or that of an accordion, once it is up."""
    return inner_of(page, f"{ID}_{tab}_page" if tab else f"{ID}_page")


def smaller(inner: Frame) -> None:
    """A canvas that a small model draws quickly."""
    inner.evaluate(
        """() => { const person = { ...atelierEditor.state().pose.people[0] };
        const shrunk = (list) => list.flatMap((j) => [Math.round(j.x / 4), Math.round(j.y / 4), j.on ? 1 : 0]);
        const parts = Object.fromEntries(["body", "feet", "left", "right", "face"].map((p) => [p, shrunk(person[p])]));
        const { name, colour } = person;
        const one = { name, colour, on: true, concept: "", prompt: "", ...parts };
        return atelierEditor.open(JSON.stringify({ atelier_pose: 1, width: 128, height: 192, people: [one] })); }"""
    )


def drag(page: Page, inner: Frame, dx: float, dy: float) -> None:
    """A joint by the mouse, as a user does."""
    inner.frame_element().scroll_into_view_if_needed()
    box = inner.frame_element().bounding_box()
    at = inner.evaluate("(ref) => atelierEditor.joint(ref)", WRIST)
    assert box is not None
    page.mouse.move(box["x"] + at["x"], box["y"] + at["y"])
    page.mouse.down()
    page.mouse.move(box["x"] + at["x"] + dx, box["y"] + at["y"] + dy, steps=8)
    page.mouse.up()
    drawn(inner)


def pose_of(inner: Frame) -> Any:
    return inner.evaluate("atelierEditor.pose()")


def infotext(file: Path) -> dict[str, str]:
    return read_entries(split_infotext(Image.open(file).text["parameters"])[1])  # type: ignore[attr-defined]


def joints(pose: Any) -> list[tuple[float, float]]:
    return [(joint["x"], joint["y"]) for joint in pose["people"][0]["body"]]


def open_tab(page: Page) -> Frame:
    page.get_by_role("tab", name="Pose and sketch").click()
    return editor(page)


def fast(page: Page) -> None:
    page.fill(f"#{ID}_steps input[type=number]", "2")


def test_a_dragged_limb_is_in_the_picture_that_is_made(page: Page, app: App) -> None:
    inner = open_tab(page)
    smaller(inner)
    before = pose_of(inner)
    drag(page, inner, -40, -60)
    after = pose_of(inner)
    assert joints(after) != joints(before)
    fast(page)
    known = set(app.results())
    page.click(f"#{ID}_start")
    expect(page.locator(f"#{ID}_results figure")).to_have_count(1, timeout=60_000)
    (made,) = set(app.results()) - known
    pose = run.pose_in(infotext(made))
    assert pose is not None and Image.open(made).size == (128, 192)
    assert [(joint.x, joint.y) for joint in pose.people[0].body] == joints(after)


def test_an_accordion_follows_its_own_stage_and_an_infotext_brings_the_pose_back(page: Page, app: App) -> None:
    page.locator("#atelier_pose_editor_txt2img button").first.click()
    inner = editor(page, "txt2img")
    smaller(inner)
    drag(page, inner, 30, -50)
    wanted = joints(pose_of(inner))
    page.check(f"#{ID}_txt2img_on input")
    page.fill("#txt2img_steps input[type=number]", "2")
    for side, pixels in (("width", "128"), ("height", "192")):
        page.fill(f"#txt2img_{side} input[type=number]", pixels)
        page.keyboard.press("Tab")
    page.wait_for_timeout(600)  # the page tells its accordion a quarter of a second after the last edit
    known = set(app.results())
    page.click("#txt2img_generate")
    page.wait_for_function("document.querySelector('#html_info_txt2img')?.textContent.includes('Atelier pose')")
    (made,) = set(app.results()) - known
    pose = run.pose_in(infotext(made))
    assert pose is not None and [(joint.x, joint.y) for joint in pose.people[0].body] == wanted
    assert (np.asarray(draw.map_of(pose)).any(axis=2)).sum() > 200

    drag(page, inner, -30, 60)
    assert joints(pose_of(inner)) != wanted
    page.fill("#txt2img_prompt textarea", Image.open(made).text["parameters"])  # type: ignore[attr-defined]
    page.click("#txt2img_paste")
    page.wait_for_function(
        """([id, x]) => document.querySelector(`iframe[data-atelier-frame='${id}']`).contentWindow
        .atelierEditor.pose().people[0].body[4].x === x""",
        arg=[f"{ID}_txt2img_page", wanted[4][0]],
    )
    assert joints(pose_of(inner)) == wanted


def test_a_picture_is_completed_and_its_pixels_stay(page: Page, app: App, tmp_path: Path) -> None:
    import dollhouse

    known = dollhouse.truth(dollhouse.scene(2, "test", people=1), 192)
    cut = tmp_path / "cut.png"
    Image.fromarray(known.picture[:136]).save(cut)
    inner = open_tab(page)
    page.set_input_files(f"#{ID}_files input[type=file]", cut)
    inner.wait_for_function(
        "atelierEditor.state().picture?.width === 192 && atelierEditor.state().picture?.height === 136"
    )
    inner.get_by_role("button", name="Complete").first.click()
    inner.wait_for_function("atelierEditor.state().padding !== null")
    padding = inner.evaluate("atelierEditor.state().padding")
    assert padding["bottom"] > 0 and inner.evaluate("atelierEditor.state().ghosts.length") > 0
    page.get_by_label("Beyond its frame").check()
    fast(page)
    before = set(app.results())
    page.click(f"#{ID}_start")
    expect(page.locator(f"#{ID}_results figure")).to_have_count(1, timeout=60_000)
    (made,) = set(app.results()) - before
    result, old = np.asarray(Image.open(made).convert("RGB")), known.picture[:136]
    top, left, seam = padding["top"], padding["left"], 8
    inside = result[top + seam : top + 136 - seam, left + seam : left + 192 - seam]
    assert (inside == old[seam:-seam, seam:-seam]).all()
    assert result.shape[0] == top + 136 + padding["bottom"]
    expect(page.locator(f"#{ID}_results")).to_contain_text("pixels stayed exactly as they were")


def test_what_cannot_be_made_is_a_sentence_and_the_stage_stays(page: Page) -> None:
    inner = open_tab(page)
    smaller(inner)
    before = pose_of(inner)
    page.get_by_label("Another expression").check()
    page.click(f"#{ID}_start")
    expect(page.locator(f"#{ID}_results")).to_contain_text("Choose a picture first.")
    assert pose_of(inner) == before


def test_a_pose_file_opens_in_the_tab(page: Page, tmp_path: Path) -> None:
    inner = open_tab(page)
    smaller(inner)
    pose = document.from_document(inner.evaluate("(p) => p", _told(pose_of(inner))))
    file = tmp_path / "moved.json"
    moved = document.to_document(pose)
    moved["people"][0]["body"][12] += 7
    file.write_text(document.json.dumps(moved))
    page.set_input_files(f"#{ID}_files input[type=file]", file)
    inner.wait_for_function(f"atelierEditor.pose().people[0].body[4].x === {moved['people'][0]['body'][12]}")


def _told(pose: Any) -> dict[str, Any]:
    """The page's pose in memory as a document."""
    people = []
    for person in pose["people"]:
        parts = {
            part: [n for j in person[part] for n in (j["x"], j["y"], int(j["on"]))]
            for part in ("body", "feet", "left", "right", "face")
        }
        people.append({"name": person["name"], "colour": person["colour"], "on": True, **parts})
    return {"atelier_pose": 1, "width": pose["width"], "height": pose["height"], "people": people}
