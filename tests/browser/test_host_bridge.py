"""The host's side of the bridge in a real browser, on a page built like the webui's."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image

from tests.support.chromium import drawn, opened
from tests.support.page_server import PAGES, ROOT, PageServer, serving

OLD = {"before": "red", "after": "blue"}
NEW = {"before": "red", "after": "green"}


def png(colour: str, size: tuple[int, int]) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def place(show: dict[str, str] | None = None, page: str = PAGES[len(ROOT) + 1 :] + "upscaler/index.html") -> str:
    shown = html.escape(json.dumps(show)) if show else ""
    return (
        f'<div class="atelier-page" id="atelier_upscaler_page" data-unit="upscaler" data-page="{page}" '
        f'data-show="{shown}" style="height: 400px"></div>'
    )


def editor(opened: dict[str, Any] | None = None) -> str:
    shown = f"data-open='{html.escape(json.dumps(opened))}'" if opened else ""
    return (
        f'<div class="atelier-page" id="atelier_upscaler_page" data-unit="upscaler" data-page="editor" {shown} '
        f'style="height: 300px"></div>'
    )


EDITOR = f"""<!doctype html><html><head><link rel="icon" href="data:,"></head><body><script type="module">
  import {{ connect }} from "{PAGES}stage/bridge.mjs";
  window.opens = [];
  window.way = "send";
  const ways = {{
    send: () => bridge.ask({{ type: "send", field: "atelier_upscaler_taken", value: "the last edit" }}),
    fail: () => Promise.reject(new Error("no line")),
    hang: () => new Promise(() => {{}}),
  }};
  const open = (message) => opens.push(message);
  const say = ({{ sentence }}) => (window.said = sentence);
  const bridge = connect("test", {{ open, say, flush: () => ways[window.way]() }});
  document.documentElement.dataset.ready = "";
</script></body></html>"""


def webui(content: str) -> str:
    """As gradio 3.41 makes it: tab buttons without ids, in the order of the tabs; the id of a gr.HTML twice."""
    return f"""<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head>
<body class="dark" style="margin: 0">
<script>
  window.clicks = []; window.changes = []; window.opts = {{}}; window.awaiting = [];
  addEventListener("click", (event) => event.target.tagName === "BUTTON" && clicks.push(event.target.textContent));
  addEventListener("input", (event) => changes.push([event.target.parentElement.id, event.target.value]));
  addEventListener("change", (event) => event.target.files && changes.push(
    [event.target.parentElement.id, event.target.files[0].type, event.target.files[0].size]));
  window.onOptionsAvailable = (callback) => awaiting.push(callback);
  window.gradioApp = () => document;
</script>
<div id="tabs" class="tabs">
  <div class="tab-nav"><button>글그림</button><button>그림그림</button><button>우리</button></div>
  <div id="tab_txt2img" class="tabitem"><div id="txt2img_gallery"></div>
    <div id="txt2img_controlnet_ControlNet-1_input_image"><input type="file"></div>
    <div id="txt2img_controlnet_ControlNet-1_controlnet_enable_checkbox"><input type="checkbox"></div></div>
  <div id="tab_img2img" class="tabitem">
    <div id="mode_img2img" class="tabs"><div class="tab-nav"><button>하나</button><button>둘</button></div>
      <div id="img2img_img2img_tab" class="tabitem"><div id="img2img_image"><input type="file"></div></div>
      <div id="img2img_inpaint_tab" class="tabitem"><div id="img2maskimg"><input type="file"></div></div>
    </div></div>
  <div id="tab_atelier_upscaler" class="tabitem">
    <div id="atelier_upscaler_view"><div class="prose" id="atelier_upscaler_view">{content}</div></div>
    <div id="atelier_upscaler_taken"><textarea></textarea></div><div id="prompt"><textarea></textarea></div>
    <button id="atelier_upscaler_go">go</button><button id="atelier_upscaler_run" style="display: none">run</button>
    <div id="atelier_upscaler_progress"></div><div id="atelier_upscaler_gallery"></div>
  </div></div>
<script type="module" src="javascript/atelier.mjs"></script></body></html>"""


@pytest.fixture
def server() -> Iterator[PageServer]:
    with serving() as server:
        server.pictures |= {"red": png("#ff0000", (40, 30))}
        server.pictures |= {colour: png(code, (80, 60)) for colour, code in (("blue", "#0000ff"), ("green", "#00ff00"))}
        yield server


@pytest.fixture
def page(server: PageServer, browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    server.documents["/host"] = webui(getattr(request, "param", place(OLD)))
    server.documents["/editor"] = EDITOR
    with opened(browser, f"{server.origin}{ROOT}/host", locale="en-US") as page:
        page.wait_for_function("window.atelier")
        yield page


def frame(page: Any) -> Any:
    page.wait_for_selector("iframe")
    inner = page.query_selector("iframe").content_frame()
    inner.wait_for_selector("html[data-ready]", state="attached")
    return inner


def colour(inner: Any, x: int, y: int = 150) -> tuple[int, ...]:
    drawn(inner)
    return tuple(inner.evaluate("([x, y]) => [...canvas.getContext('2d').getImageData(x, y, 1, 1).data]", [x, y])[:3])


def zoom(inner: Any) -> str:
    drawn(inner)  # the page writes it with the picture, in the frame after the key
    return inner.inner_text("#zoom")


def rewrite(page: Any, content: str) -> None:
    """What gradio does with a new value of a gr.HTML."""
    page.evaluate("html => document.querySelector('#atelier_upscaler_view .prose').innerHTML = html", content)


def test_the_frame_shows_what_the_panel_says(page: Any) -> None:
    inner = frame(page)
    inner.wait_for_function("document.querySelector('#sizes').textContent")
    assert colour(inner, 300) == (255, 0, 0) and colour(inner, 600) == (0, 0, 255)
    box = page.locator("iframe").bounding_box()
    assert (box["width"], box["height"]) == (900, 400)
    assert not page.locator(".atelier-page").is_visible()


def test_a_new_result_keeps_the_frame_and_its_view(page: Any) -> None:
    inner = frame(page)
    inner.wait_for_function("document.querySelector('#sizes').textContent")
    inner.evaluate("window.mine = true")
    inner.press("#stage", "+")
    assert zoom(inner) == "600 %"
    for _ in range(2):
        rewrite(page, place(NEW))
        page.evaluate("window.atelier.refresh()")
    inner.wait_for_function("canvas.getContext('2d').getImageData(600, 150, 1, 1).data[1] === 255")
    assert inner.evaluate("window.mine") and zoom(inner) == "600 %"
    assert page.locator("iframe").count() == 1
    rewrite(page, place())
    inner.wait_for_selector("#note[data-kind=hint]")
    rewrite(page, "")
    page.wait_for_selector("iframe", state="detached")


@pytest.mark.parametrize("page", [place()], indirect=True)
def test_before_the_first_result_there_is_a_sentence(page: Any) -> None:
    assert frame(page).inner_text("#note") == "The picture before and after the work will appear here."


def test_look_and_language_follow_the_host(page: Any) -> None:
    inner = frame(page)
    assert "theme=dark" in inner.url and inner.evaluate("document.documentElement.dataset.theme") == "dark"
    page.evaluate("document.body.className = ''")
    inner.wait_for_function("document.documentElement.dataset.theme === 'light'")
    page.evaluate("window.opts = {localization: 'ko_KR'}; awaiting.forEach((callback) => callback())")
    inner.wait_for_function("document.documentElement.lang === 'ko'")
    assert inner.get_attribute("#stage", "aria-label") == "전후 비교"
    page.evaluate("window.opts = {localization: 'None'}; awaiting.forEach((callback) => callback())")
    inner.wait_for_function("document.documentElement.lang === 'en'")


@pytest.mark.parametrize("page", [place(OLD, "http://localhost:9/atelier/pages/x/upscaler/index.html")], indirect=True)
def test_a_page_from_elsewhere_gets_no_frame(page: Any) -> None:
    page.evaluate("window.atelier.refresh()")
    assert page.locator("iframe").count() == 0


SEND = f"""([field, button]) => import("{PAGES}stage/bridge.mjs").then(({{connect}}) =>
    connect("test", {{}}).ask({{type: "send", field, value: "hello", button}}))"""


def test_a_page_writes_into_a_textbox_and_presses_a_button(page: Any) -> None:
    answer = frame(page).evaluate(SEND, ["atelier_upscaler_taken", "atelier_upscaler_go"])
    assert answer["ok"] is True
    assert page.evaluate("changes") == [["atelier_upscaler_taken", "hello"]] and page.evaluate("clicks") == ["go"]


@pytest.mark.parametrize(
    "target", [["prompt", None], ["atelier_upscaler_none", None], ["atelier_upscaler_taken", "tabs"]]
)
def test_a_page_reaches_nothing_else(page: Any, target: list[str | None]) -> None:
    assert frame(page).evaluate(SEND, target)["ok"] is False
    assert page.evaluate("[changes, clicks]") == [[], []]


STEER = """([picture, tab, unit]) => new Promise((done) => {
  addEventListener("message", (event) => event.data.type === "answer" && done(event.data));
  parent.postMessage({ atelier: 1, type: "control", id: 8, picture, tab, unit }, location.origin);
})"""


def test_a_page_gives_a_map_to_a_unit_of_the_hosts_controlnet(page: Any, server: PageServer) -> None:
    unit = "txt2img_controlnet_ControlNet-1"
    for _ in range(2):
        assert frame(page).evaluate(STEER, ["blue", "txt2img", 1]) == {
            "atelier": 1,
            "type": "answer",
            "id": 8,
            "ok": True,
        }
    given = [f"{unit}_input_image", "image/png", len(server.pictures["blue"])]
    assert [one for one in page.evaluate("changes") if "image" in one[0]] == [given, given]
    checked = f"document.querySelector('#{unit}_controlnet_enable_checkbox input').checked"
    assert page.evaluate(checked) is True


@pytest.mark.parametrize("target", [["blue", "txt2img", 0], ["blue", "extras", 1], ["blue", "txt2img", "1_x"]])
def test_a_map_for_a_unit_that_is_not_there_is_told(page: Any, target: list[Any]) -> None:
    assert frame(page).evaluate(STEER, target)["ok"] is False
    assert page.evaluate("changes") == []


def test_messages_from_elsewhere_are_not_heard(page: Any) -> None:
    frame(page)
    told = """([origin, ours]) => window.dispatchEvent(new MessageEvent("message", {
        origin: origin ?? location.origin, source: ours ? document.querySelector("iframe").contentWindow : window,
        data: {atelier: 1, type: "send", field: "atelier_upscaler_taken", value: "x"}}))"""
    page.evaluate(told, ["http://evil.test", True])
    page.evaluate(told, [None, False])
    page.wait_for_timeout(150)
    assert page.evaluate("changes") == []
    page.evaluate(told, [None, True])
    page.wait_for_function("changes.length === 1")


def test_tabs_open_by_name_whatever_their_language(page: Any) -> None:
    assert page.evaluate("window.atelier.switchTo('img2img', [1, 2])") == [1, 2]
    page.evaluate("window.atelier.switchTo('atelier_upscaler'); window.atelier.switchTo('tab_txt2img')")
    page.evaluate("window.atelier.switchTo('nothing')")
    assert page.evaluate("clicks") == ["그림그림", "우리", "글그림"]


def test_a_run_takes_the_hosts_progress_bar_where_there_is_one(page: Any) -> None:
    run = "window.atelier.submitTo('atelier_upscaler_progress')('', 'x', 3)"
    assert page.evaluate(run) == ["", "x", 3]
    page.evaluate("() => { window.requestProgress = (...given) => { window.given = given } }")
    first = page.evaluate(run)
    second = page.evaluate("window.atelier.submit('atelier_upscaler_progress', ['', 'x', 3])")
    assert first[0] != second[0] and first[0].startswith("task(") and first[1:] == second[1:] == ["x", 3]
    seen = page.evaluate("[given[0], given[1].id, given[2].id, typeof given[3]]")
    assert seen == [second[0], "atelier_upscaler_progress", "atelier_upscaler_gallery", "function"]


@pytest.mark.parametrize("target", [("img2img", "img2img_image", "하나"), ("inpaint", "img2maskimg", "둘")])
def test_the_result_is_sent_to_a_tab(page: Any, server: PageServer, target: tuple[str, str, str]) -> None:
    name, image, mode = target
    page.evaluate(f"window.atelier.send('atelier_upscaler_page', '{name}')")
    page.wait_for_function("changes.length === 1")
    assert page.evaluate("changes") == [[image, "image/png", len(server.pictures["blue"])]]
    assert page.evaluate("clicks") == ["그림그림", mode]


def test_a_result_is_taken_from_a_tab_byte_by_byte(page: Any, server: PageServer) -> None:
    inner = frame(page)
    page.evaluate("window.atelier.take('txt2img', 'atelier_upscaler_taken')")
    inner.wait_for_selector(".toast")
    assert inner.inner_text(".toast") == "There is no result in txt2img yet."
    for name, kind in (("red", ""), ("green", "selected")):
        thumbnail = f'<button class="{kind}"><img src="atelier/v1/core/pictures/{name}"></button>'
        page.evaluate("html => txt2img_gallery.innerHTML += html", thumbnail)
    page.evaluate("window.atelier.take('txt2img', 'atelier_upscaler_taken')")
    page.wait_for_function("changes.length === 1")
    assert server.uploads == [server.pictures["green"]]
    assert page.evaluate("changes") == [["atelier_upscaler_taken", "up1"]]


@pytest.mark.parametrize("page", [place()], indirect=True)
def test_nothing_to_send_is_a_sentence(page: Any) -> None:
    inner = frame(page)
    page.evaluate("window.atelier.send('atelier_upscaler_page', 'img2img')")
    inner.wait_for_selector(".toast")
    assert inner.inner_text(".toast") == "There is no picture to send yet." and page.evaluate("clicks") == []


def test_it_leaves_one_global_and_runs_once(page: Any) -> None:
    known = page.evaluate("Object.keys(window.atelier)")
    assert known == ["flush", "refresh", "send", "submit", "submitAfter", "submitTo", "switchTo", "take"]
    page.add_script_tag(url="javascript/atelier.mjs?again", type="module")
    page.evaluate("window.atelier.submit = null")
    assert page.evaluate("typeof window.atelier.submit") == "function"
    frame(page)
    assert page.locator("iframe").count() == 1


FIRST = {"document": "{'a': \"<1>\"}", "picture": "red", "options": None, "stamp": 1}


@pytest.mark.parametrize("page", [editor(FIRST)], indirect=True)
def test_an_editor_is_told_what_to_open_once_and_again_when_it_changes(page: Any) -> None:
    inner = frame(page)
    inner.wait_for_function("opens.length === 1")
    assert inner.evaluate("opens[0]") == FIRST | {"atelier": 1, "type": "open"}
    for _ in range(2):
        rewrite(page, editor(FIRST))
        page.evaluate("window.atelier.refresh()")
    place = "document.querySelector('.atelier-page')"
    page.evaluate(f"told => {{ {place}.dataset.open = told }}", json.dumps(FIRST | {"stamp": 2}))
    inner.wait_for_function("opens.length > 1")
    rewrite(page, editor())
    page.evaluate("window.atelier.refresh()")
    page.wait_for_timeout(150)
    assert inner.evaluate("opens.map(({ stamp }) => stamp)") == [1, 2]


@pytest.mark.parametrize("page", [editor({"document": "x" * 1_900_000})], indirect=True)
def test_a_long_document_arrives_whole(page: Any) -> None:
    inner = frame(page)
    inner.wait_for_function("opens.length === 1")
    assert inner.evaluate("opens[0].document.length") == 1_900_000
    assert inner.evaluate("opens[0].document === 'x'.repeat(1900000)")


AFTER = "window.atelier.submitAfter('atelier_upscaler_progress', 'atelier_upscaler_page', 'atelier_upscaler_run')"


@pytest.mark.parametrize("page", [editor()], indirect=True)
def test_a_run_waits_for_the_last_edits(page: Any) -> None:
    inner = frame(page)
    page.evaluate("addEventListener('click', () => changes.push(['run']), true)")
    busy = "document.querySelector('#atelier_upscaler_progress').ariaBusy"
    twice = page.evaluate(
        f"async () => {{ const one = {AFTER}; const two = {AFTER}; const during = {busy};"
        f" return [await one, await two, during, {busy}] }}"
    )
    assert twice == [[], [], "true", None]
    assert page.evaluate("changes") == [["atelier_upscaler_taken", "the last edit"], ["run"]]
    assert page.evaluate("clicks") == ["run"]
    page.evaluate(AFTER)
    assert page.evaluate("clicks") == ["run", "run"] and inner.evaluate("window.said ?? null") is None


@pytest.mark.parametrize("page", [editor()], indirect=True)
def test_edits_that_do_not_arrive_are_said_and_the_run_goes_on(page: Any) -> None:
    inner = frame(page)
    inner.evaluate("() => { window.way = 'hang' }")
    page.evaluate(AFTER)
    assert page.evaluate("clicks") == ["run"]
    inner.wait_for_function("window.said === 'The last edits did not arrive and are not part of this run.'")


@pytest.mark.parametrize("page", [editor()], indirect=True)
def test_a_flush_tells_how_it_ended_and_only_its_own_page_ends_it(page: Any) -> None:
    inner = frame(page)
    flush = "window.atelier.flush('atelier_upscaler_page')"
    assert page.evaluate(flush) is True
    inner.evaluate("() => { window.way = 'fail'; addEventListener('unhandledrejection', (e) => e.preventDefault()) }")
    assert page.evaluate(flush) is False
    inner.evaluate("() => { window.way = 'hang' }")
    forged = """() => { const done = %s; for (let id = 1; id < 9; id++) window.dispatchEvent(new MessageEvent("message",
        {origin: location.origin, source: window, data: {atelier: 1, type: "flushed", id, ok: true}})); return done }"""
    assert page.evaluate(forged % flush) is False
    assert page.evaluate("window.atelier.flush('nothing')") is True
    assert page.evaluate("window.atelier.submitAfter('', 'nothing', 'tabs')") == [] and page.evaluate("clicks") == []
