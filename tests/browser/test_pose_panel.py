"""The pose editor's page inside a webui's page: what the panel is told, what it opens, and what the routes answer."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import drawn, opened
from tests.support.page_server import CANVAS, PAGES, ROOT, PageServer, serving

FIELD = "atelier_pose_editor_state"
SIDES = ("left", "top", "right", "bottom")
BODY = [
    256,
    120,
    256,
    190,
    200,
    192,
    180,
    290,
    170,
    380,
    312,
    192,
    330,
    290,
    340,
    380,
    230,
    360,
    228,
    500,
    226,
    640,
    282,
]
BODY += [360, 284, 500, 286, 640, 246, 108, 266, 108, 234, 114, 278, 114]


def told(width: int, height: int, people: int = 1) -> dict[str, Any]:
    body = [v for x, y in zip(BODY[::2], BODY[1::2], strict=True) for v in (x, y, 1)]
    one = {"name": "A", "colour": "#e6a23c", "on": True, "concept": "", "prompt": "", "body": body}
    return {"atelier_pose": 1, "width": width, "height": height, "people": [one] * people}


def webui(request: dict[str, Any] | None) -> str:
    asked = f"data-open='{html.escape(json.dumps(request))}'" if request else ""
    page = PAGES[len(ROOT) + 1 :] + "pose-editor/index.html"
    return f"""<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head>
<body class="dark" style="margin: 0"><div id="atelier_pose_editor_view"><div class="atelier-page"
 id="atelier_pose_editor_page" data-unit="pose-editor" data-page="{page}" {asked} style="height: 690px"></div></div>
<div id="{FIELD}"><textarea></textarea></div><div id="atelier_pose_editor_txt2img_state"><textarea></textarea></div>
<script type="module" src="javascript/atelier.mjs"></script></body></html>"""


def png(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "#336699").save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def server() -> Iterator[PageServer]:
    with serving() as server:
        server.pictures["photo"] = png(512, 640)
        yield server


Routes = dict[str, Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]]


def answer(page: Any, routes: Routes, heard: list[tuple[str, dict[str, Any]]]) -> None:
    """Stands for the unit's REST routes."""

    def reply(route: Any) -> None:
        verb = route.request.url.rsplit("/", 1)[1]
        if verb not in routes:  # what every page asks at its start
            route.continue_()
            return
        body = json.loads(route.request.post_data or "{}")
        heard.append((verb, body))
        status, content = routes[verb](body)
        route.fulfill(status=status, content_type="application/json", body=json.dumps(content))

    page.route("**/atelier/v1/pose-editor/*", reply)


def editor(page: Any) -> Any:
    frame = page.wait_for_selector("iframe").content_frame()
    frame.wait_for_selector("html[data-ready]", state="attached")
    frame.wait_for_function("!document.body.hasAttribute('data-busy')")
    drawn(frame)
    return frame


def state(page: Any, fits: str = "true", field: str = FIELD) -> dict[str, Any]:
    """What the panel's textbox holds, when it `fits` (an expression on `s`)."""
    look = f"() => {{ const text = document.querySelector('#{field} textarea').value; if (!text) return null;"
    look += f"const s = JSON.parse(text); return ({fits}) ? text : null; }}"
    return json.loads(page.wait_for_function(look).json_value())


def drag(page: Any, frame: Any, index: int, way: tuple[float, float]) -> None:
    place = frame.evaluate("index => atelierEditor.joint({person: 0, part: 'body', index})", index)
    box = page.locator("iframe").bounding_box()
    x, y = box["x"] + place["x"], box["y"] + place["y"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + way[0], y + way[1], steps=5)
    page.mouse.up()


@pytest.mark.parametrize("webui_is", ["there", "without it", "busy"])
def test_a_new_pose_has_the_size_that_the_webui_says(server: PageServer, browser: Any, webui_is: str) -> None:
    server.documents["/host"] = webui(None)
    server.routes = {CANVAS: {"width": 832, "height": 1216}} if webui_is == "there" else {}
    size = {"width": 832, "height": 1216} if webui_is == "there" else {"width": 512, "height": 768}
    with opened(browser, "about:blank", size=(1000, 720), complaints=("404",)) as page:
        if webui_is == "busy":
            page.route(f"**/{CANVAS}", lambda route: None)  # never answered
        page.goto(f"{server.origin}{ROOT}/host")
        frame = editor(page)
        assert frame.evaluate("({ ...atelierEditor.size() })") == size
        body = state(page)["pose"]["people"][0]["body"]
        assert 0.6 * size["height"] < max(body[1::3]) - min(body[1::3]) < 0.9 * size["height"]


def test_the_panel_is_told_of_every_change(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 768)), "picture": None, "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        first = state(page, "s.pose.people.length === 1")
        assert first["pose"]["people"][0]["body"][21:24] == [340, 380, 1]
        assert (first["picture"], first["sketch"], first["ghosts"], first["padding"]) == (None, None, [], None)
        drag(page, frame, 7, (30, -90))
        after = state(page, "s.pose.people[0].body[21] !== 340")
        assert after["pose"] == frame.evaluate(
            "async () => (await import(new URL('document.mjs', location.href))).toDocument(atelierEditor.pose())"
        )


def test_the_drawing_is_given_as_a_see_through_picture(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 768)), "picture": "photo", "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        assert state(page, "s.picture === 'photo'")["pose"]["height"] == 640
        frame.press("#stage", "b")
        page.mouse.move(200, 200)
        page.mouse.down()
        page.mouse.move(320, 300, steps=6)
        page.mouse.up()
        found = state(page, "s.sketch !== null")
        pixels = np.asarray(Image.open(io.BytesIO(server.pictures[found["sketch"]])))
        assert pixels.shape == (640, 512, 4) and 0 < (pixels[..., 3] > 0).mean() < 0.1
        frame.press("#stage", "Control+z")
        state(page, "s.sketch === null")
        assert len(server.uploads) == 1


def test_a_stroke_in_progress_is_not_given(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 640)), "picture": None, "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        state(page)
        frame.press("#stage", "b")
        page.mouse.move(200, 200)
        page.mouse.down()
        page.mouse.move(320, 200, steps=3)
        page.mouse.up()
        page.mouse.move(200, 400)
        page.mouse.down()
        page.mouse.move(320, 400, steps=3)
        assert page.evaluate("window.atelier.flush('atelier_pose_editor_page')") is True
        page.mouse.up()
        alpha = np.asarray(Image.open(io.BytesIO(server.pictures[state(page, "s.sketch")["sketch"]])))[..., 3]
        rows = np.flatnonzero((alpha > 0).any(axis=1))
        assert 0 < np.ptp(rows) < 40


def test_a_flush_tells_what_is_here_now(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 768)), "picture": None, "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        state(page)
        for _ in range(3):
            frame.press("#stage", "a")
        assert page.evaluate("window.atelier.flush('atelier_pose_editor_page')") is True
        now = json.loads(page.evaluate(f"document.querySelector('#{FIELD} textarea').value"))
        assert len(now["pose"]["people"]) == 4


def test_a_panel_that_does_not_take_the_edits_is_a_sentence_and_no_flush(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 768)), "picture": None, "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        page.evaluate(f"document.getElementById('{FIELD}').remove()")
        assert page.evaluate("window.atelier.flush('atelier_pose_editor_page')") is False
        assert frame.inner_text(".toast") == "The panel did not take over the last edits."


def test_a_flush_waits_for_what_is_being_opened(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 768)), "picture": None, "stamp": 1})
    held: list[Any] = []
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        page.route("**/pictures/photo", lambda route: route.continue_() if held else held.append(route))
        for stamp, people in ((2, 2), (3, 3)):
            request = {"document": json.dumps(told(512, 640, people)), "picture": "photo", "stamp": stamp}
            with page.expect_request("**/pictures/photo") if stamp == 2 else nullcontext():
                page.evaluate(
                    "open => document.querySelector('.atelier-page').dataset.open = open", json.dumps(request)
                )
        drawn(frame)
        assert frame.evaluate("atelierEditor.pose().people.length") == 1, "the later one waits for the earlier one"
        page.evaluate("() => void window.atelier.flush('atelier_pose_editor_page').then((ok) => (window.ok = ok))")
        held[0].continue_()
        assert page.wait_for_function("window.ok !== undefined && [window.ok]").json_value() == [True]
        now = json.loads(page.evaluate(f"document.querySelector('#{FIELD} textarea').value"))
        assert (now["picture"], len(now["pose"]["people"])) == ("photo", 3)


def test_what_could_not_be_opened_is_tried_again(server: PageServer, browser: Any) -> None:
    request = {"document": json.dumps(told(512, 640, 2)), "picture": "photo", "stamp": 1}
    server.documents["/host"] = webui(request)
    photo = server.pictures.pop("photo")
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720), complaints=("404",)) as page:
        frame = editor(page)
        assert frame.inner_text(".toast").startswith("This picture is no longer there.")
        frame.press("#stage", "a")
        page.wait_for_timeout(900)  # the memory is written a moment after the last change
        server.pictures["photo"] = photo
        page.reload()
        editor(page)
        assert len(state(page, "s.picture === 'photo'")["pose"]["people"]) == 2


def test_another_picture_begins_anew(server: PageServer, browser: Any) -> None:
    server.pictures["other"] = png(256, 320)
    server.documents["/host"] = webui({"document": json.dumps(told(512, 640, 2)), "picture": "photo", "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        frame.press("#stage", "a")
        other = json.dumps({"document": None, "picture": "other", "stamp": 2})
        page.evaluate("open => document.querySelector('.atelier-page').dataset.open = open", other)
        state(page, "s.picture === 'other'")
        for _ in range(3):
            frame.press("#stage", "Control+z")
        assert frame.evaluate("[atelierEditor.pose().people.length, atelierEditor.state().picture]") == [1, None]


def test_an_accordion_is_told_in_its_own_field(server: PageServer, browser: Any) -> None:
    options = json.dumps({"field": "atelier_pose_editor_txt2img_state", "stick": "wide"})
    server.documents["/host"] = webui({"document": None, "picture": None, "options": options, "stamp": 1})
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        first = state(page, field="atelier_pose_editor_txt2img_state")
        assert (len(first["pose"]["people"]), first["stick"]) == (1, "wide")
        frame.locator("label.check", has_text="Thick limbs").click()  # it was on
        state(page, "s.stick === 'standard'", "atelier_pose_editor_txt2img_state")
        frame.press("#stage", "a")
        state(page, "s.pose.people.length === 2", "atelier_pose_editor_txt2img_state")
        page.wait_for_timeout(1200)
        assert page.evaluate(f"document.querySelector('#{FIELD} textarea').value") == ""


def test_a_reload_goes_on_and_a_new_request_opens_anew(server: PageServer, browser: Any) -> None:
    request = {"document": json.dumps(told(512, 640)), "picture": "photo", "stamp": 1}
    server.documents["/host"] = webui(request)
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        frame.press("#stage", "a")
        state(page, "s.pose.people.length === 2")
        page.wait_for_timeout(900)
        page.reload()
        frame = editor(page)
        assert len(state(page)["pose"]["people"]) == 2
        request["stamp"] = 2
        page.evaluate("open => document.querySelector('.atelier-page').dataset.open = open", json.dumps(request))
        state(page, "s.pose.people.length === 1")
        frame.press("#stage", "Control+z")
        state(page, "s.pose.people.length === 2")


def test_a_cut_off_person_is_found_completed_and_dragged(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": None, "picture": "photo", "stamp": 1})
    ghosts = [{"person": 0, "part": "body", "index": n, "confidence": 0.4} for n in (10, 13)]
    padding = {"left": 0, "top": 0, "right": 0, "bottom": 96}
    routes: Routes = {
        "detect": lambda body: (200, {"document": told(512, 640), "said": "Found by the tests.", "ghosts": []}),
        "complete": lambda body: (200, {"document": told(512, 640), "ghosts": ghosts, "padding": padding}),
    }
    heard: list[tuple[str, dict[str, Any]]] = []
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        answer(page, routes, heard)
        frame = editor(page)
        assert state(page)["pose"]["people"] == []
        frame.click("[data-do=complete]")
        found = state(page, "s.padding !== null")
        assert [verb for verb, _ in heard] == ["detect", "complete"] and heard[0][1] == {"picture": "photo"}
        assert json.loads(heard[1][1]["document"])["people"][0]["name"] == "Person 1" and heard[1][1]["margin"] == 32
        assert found["ghosts"] == ghosts and found["padding"] == padding
        assert frame.inner_text(".toast") == "Found by the tests."
        assert frame.locator(".handle[data-state=ghost]").count() == 2
        drag(page, frame, 10, (12, 20))
        assert [ghost["index"] for ghost in state(page, "s.ghosts.length === 1")["ghosts"]] == [13]
        frame.click("[data-do=accept]")
        assert state(page, "s.ghosts.length === 0")["padding"] == padding
        for _ in range(2):
            frame.press("#stage", "Control+z")
        frame.click("[data-do=reject]")
        left = state(page, "s.padding === null")
        assert left["pose"]["people"][0]["body"][32] == 0 and left["pose"]["people"][0]["body"][41] == 0


def test_what_the_webui_notes_is_said(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": None, "picture": "photo", "stamp": 1})
    notes = ["Ann is left as she is.", {"text": "The pose has no {what}.", "values": {"what": "feet"}}]
    found = {"document": told(512, 640), "said": "Found by the tests.", "notes": ["One is hidden."], "ghosts": []}
    completed = {"document": told(512, 640), "ghosts": [], "padding": dict.fromkeys(SIDES, 32), "notes": notes}
    routes: Routes = {"detect": lambda body: (200, found), "complete": lambda body: (200, completed)}
    heard: list[tuple[str, dict[str, Any]]] = []
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        answer(page, routes, heard)
        frame = editor(page)
        frame.click("[data-do=complete]")
        state(page, "s.padding !== null")
        of_both = "Found by the tests. One is hidden. Ann is left as she is. The pose has no feet."
        assert frame.inner_text(".toast") == of_both
        frame.click("[data-do=detect]")
        state(page, "s.padding === null")
        assert frame.inner_text(".toast") == "Found by the tests. One is hidden."
        frame.click("[data-do=complete]")
        state(page, "s.padding !== null")
        assert frame.inner_text(".toast") == "Ann is left as she is. The pose has no feet."


def test_an_answer_that_comes_too_late_changes_nothing(server: PageServer, browser: Any) -> None:
    """Of another picture, or of a margin that was discarded meanwhile."""
    server.pictures["other"] = png(256, 320)
    server.documents["/host"] = webui({"document": None, "picture": "photo", "stamp": 1})
    held: list[Any] = []
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720)) as page:
        frame = editor(page)
        page.route("**/atelier/v1/pose-editor/*", lambda route: held.append(route))

        def reply(route: Any, content: dict[str, Any]) -> None:
            with page.expect_response("**/atelier/v1/pose-editor/*"):
                route.fulfill(status=200, content_type="application/json", body=json.dumps(content))
            drawn(frame)

        with page.expect_request("**/pose-editor/detect"):
            frame.click("[data-do=detect]")
        other = json.dumps({"document": None, "picture": "other", "stamp": 2})
        page.evaluate("open => document.querySelector('.atelier-page').dataset.open = open", other)
        state(page, "s.picture === 'other'")
        reply(held[0], {"document": told(512, 640), "said": "", "ghosts": []})
        assert frame.evaluate("atelierEditor.pose().people.length") == 0

        with page.expect_request("**/pose-editor/detect"):
            frame.click("[data-do=detect]")
        reply(held[1], {"document": told(256, 320), "said": "", "ghosts": []})
        completed = {"document": told(256, 320), "ghosts": [], "padding": dict.fromkeys(SIDES, 32)}
        with page.expect_request("**/pose-editor/complete"):
            frame.click("[data-do=complete]")
        reply(held[2], completed)
        with page.expect_request("**/pose-editor/complete"):
            frame.fill("#margin", "64")
        frame.click("[data-do=reject]")
        reply(held[3], completed | {"padding": dict.fromkeys(SIDES, 64)})
        assert frame.evaluate("atelierEditor.state().padding") is None


def test_a_lost_line_is_a_sentence_and_the_edits_stay(server: PageServer, browser: Any) -> None:
    server.documents["/host"] = webui({"document": json.dumps(told(512, 640)), "picture": "photo", "stamp": 1})
    heard: list[tuple[str, dict[str, Any]]] = []
    routes: Routes = {"detect": lambda body: (422, {"error": "There is nobody in the picture."})}
    with opened(browser, f"{server.origin}{ROOT}/host", size=(1000, 720), complaints=("422", "ERR_FAILED")) as page:
        answer(page, routes, heard)
        frame = editor(page)
        frame.click("[data-do=detect]")
        frame.wait_for_selector(".toast")
        assert frame.inner_text(".toast") == "There is nobody in the picture."
        page.unroute("**/atelier/v1/pose-editor/*")
        page.route("**/atelier/v1/**", lambda route: route.abort())
        frame.click("[data-do=complete]")
        frame.wait_for_function("document.querySelector('.toast')?.textContent.startsWith('The webui does not')")
        assert len(frame.evaluate("atelierEditor.pose()")["people"]) == 1
