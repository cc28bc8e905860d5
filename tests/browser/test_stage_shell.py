"""The stage that editors stand on, in a real browser: a page with one tool that drags two points."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.chromium import drawn, opened
from tests.support.page_server import PAGES, ROOT, PageServer, serving

SCRIPT = """
import { openAutosave } from "STAGE/autosave.mjs";
import { openHistory } from "STAGE/history.mjs";
import { openMenu } from "STAGE/menu.mjs";
import { openStage } from "STAGE/shell.mjs";

const debounce = Number(new URLSearchParams(location.search).get("debounce") ?? 30);
const part = (name) => document.getElementById(name);
const past = openHistory([{ id: "a", x: 50, y: 30 }, { id: "b", x: 150, y: 80 }]);
const save = openAutosave("test", { read: () => past.dump(), debounce });
const log = [];
let stage = null;
let held = null;

const moved = (id, dx, dy, base = past.state) =>
  base.map((one) => (one.id === id ? { ...one, x: one.x + dx, y: one.y + dy } : one));

const tool = {
  cursor: "crosshair",
  create: (one) => (stage = one),
  grab: ({ grip }) => (held = { base: past.state, merge: {}, id: grip }),
  drag({ point, start }) {
    past.push(moved(held.id, point.x - start.x, point.y - start.y, held.base), "Move", { merge: held.merge });
  },
  drop: ({ cancelled }) => cancelled && past.state !== held.base && past.undo(),
  tap: ({ point }) => log.push(["tap", Math.round(point.x), Math.round(point.y)]),
  hold: ({ grip }) => log.push(["hold", grip]),
  async menu({ grip, at }) {
    const items = [{ id: "copy", label: "Copy" }, null, { id: "hide", label: "Hide", checked: true }];
    log.push(["menu", grip, await openMenu(stage.toWindow(at), items)]);
  },
  nudge: ({ id, dx, dy }) => past.push(moved(id, dx, dy), "Nudge", { merge: `nudge ${id}` }),
  choose: ({ id }) => log.push(["choose", id]),
};

window.stage = openStage({
  stage: part("stage"),
  canvas: part("canvas"),
  svg: part("svg"),
  size: { width: 200, height: 100 },
  tools: { point: tool, other: { cursor: "help", gripAt: () => null } },
  keys: { "mod+KeyZ": () => past.undo(), "mod+shift+KeyZ": () => past.redo(), KeyF: "fit" },
  changed: () => (window.told = (window.told ?? 0) + 1),
  draw(context, surface, view) {
    const { scale } = view;
    context.setTransform(surface.ratio, 0, 0, surface.ratio, 0, 0);
    context.fillRect(0, 0, scale, scale);
  },
});
const handle = (one) => ({ ...one, name: `Point ${one.id}`, shape: "dot", state: "on" });
const show = () => window.stage.showHandles(past.state.map(handle));
past.changed(show);
past.changed(save.touch);
past.restore(await save.load());
save.onForeign(({ when }) => log.push(["foreign", typeof when]));
show();
Object.assign(window, { log, past, save });
document.documentElement.dataset.ready = "";
""".replace("STAGE", f"{PAGES}stage")

PAGE = f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="{PAGES}stage/stage.css"></head><body>
<main id="stage" class="stage" tabindex="0"><canvas id="canvas" class="surface"></canvas>
<svg id="svg" class="handles"></svg></main>
<div class="bar"><button data-do="fit">fit</button><button data-do="turn-right">turn</button>
<button data-do="larger" data-read="zoom"></button><input id="text"></div>
<script type="module">{SCRIPT}</script></body></html>"""


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as server:
        server.documents["/stage"] = PAGE
        yield server


@contextmanager
def stage(server: PageServer, browser: Any, query: str = "", **how: Any) -> Iterator[Any]:
    with opened(browser, f"{server.origin}{ROOT}/stage{query}", **how) as page:
        ready(page)
        yield page


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    drawn(page)


@pytest.fixture
def page(server: PageServer, browser: Any) -> Iterator[Any]:
    with stage(server, browser) as page:
        yield page


def on_screen(page: Any, name: str) -> tuple[float, float]:
    """Where a point is in the window."""
    found = page.evaluate("id => stage.toWindow(stage.toScreen(past.state.find((one) => one.id === id)))", name)
    return found["x"], found["y"]


def point(page: Any, name: str) -> tuple[float, float]:
    found = page.evaluate("id => past.state.find((one) => one.id === id)", name)
    return found["x"], found["y"]


def drag(page: Any, name: str, dx: float, dy: float, off: float = 0) -> None:
    """By the mouse, in CSS pixels, caught `off` beside its middle."""
    x, y = on_screen(page, name)
    page.mouse.move(x + off, y)
    page.mouse.down()
    page.mouse.move(x + off + dx / 2, y + dy)
    page.mouse.move(x + off + dx, y + dy)
    page.mouse.up()
    drawn(page)


def zoom(page: Any) -> str:
    drawn(page)
    return page.inner_text("[data-read=zoom]")


@pytest.mark.parametrize(("ratio", "clicks"), [(1, 0), (2, 0), (1, 1), (2, 2)])
def test_a_drag_moves_a_point_by_the_way_of_the_pointer(
    server: PageServer, browser: Any, ratio: int, clicks: int
) -> None:
    with stage(server, browser, ratio=ratio) as page:
        page.evaluate("turned => turned && stage.commands.actual()", clicks)
        for _ in range(clicks):
            page.click("[data-do=larger]")
            page.click("[data-do=turn-right]")
        drawn(page)
        scale, turn = page.evaluate("[stage.view.scale, stage.view.turn ?? 0]")
        assert math.isclose(turn, clicks * math.pi / 12, abs_tol=1e-9)
        start = point(page, "a")
        drag(page, "a", 60, -36, off=5)
        x, y = point(page, "a")
        along = (60 * math.cos(turn) - 36 * math.sin(turn), -36 * math.cos(turn) - 60 * math.sin(turn))
        assert (x - start[0], y - start[1]) == pytest.approx((along[0] / scale, along[1] / scale), abs=0.5)
        handle = page.locator("[data-handle=a] .mark").bounding_box()
        middle = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        assert middle == pytest.approx(on_screen(page, "a"), abs=0.6)


def test_a_drag_is_one_step_back_and_one_forward(page: Any) -> None:
    start = point(page, "a")
    drag(page, "a", 80, 10)
    there = point(page, "a")
    assert there != start
    page.keyboard.press("Control+z")
    assert point(page, "a") == start and not page.evaluate("past.canUndo")
    page.keyboard.press("Control+Shift+Z")
    assert point(page, "a") == there


def test_the_keyboard_reaches_moves_and_leaves_every_handle(page: Any) -> None:
    page.focus("#stage")
    page.keyboard.press("Tab")
    focused = "document.activeElement.getAttribute('aria-label')"
    assert page.evaluate(focused) == "Point a"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert point(page, "a") == (51, 40)
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "Point b"
    page.keyboard.press("Enter")
    page.keyboard.press("Space")
    page.keyboard.press("Control+z")
    assert point(page, "a") == (50, 30)
    assert page.evaluate("log") == [["choose", "b"], ["choose", "b"]]
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.do") == "fit"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "stage"


def test_only_the_keyboard_draws_rings(page: Any) -> None:
    ring = "getComputedStyle(document.activeElement).outlineStyle"
    halo = "getComputedStyle(document.activeElement.querySelector('.halo')).strokeWidth"
    page.mouse.click(300, 200)
    assert page.evaluate(f"[document.activeElement.id, {ring}]") == ["stage", "none"]
    page.mouse.click(*on_screen(page, "b"))
    assert page.evaluate(f"[document.activeElement.dataset.handle, {ring}, {halo}]") == ["b", "none", "2px"]
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(f"[document.activeElement.dataset.handle, {ring}, {halo}]") == ["a", "none", "3px"]
    page.keyboard.press("Escape")
    assert page.evaluate(f"[document.activeElement.id, {ring}]") == ["stage", "solid"]


def test_what_moves_the_view_moves_no_point(page: Any) -> None:
    before = page.evaluate("JSON.stringify(past.state)")
    x, y = on_screen(page, "a")
    page.mouse.move(x, y)
    page.keyboard.down(" ")
    assert page.evaluate("document.querySelector('#stage').style.cursor") == "grab"
    page.mouse.down()
    page.mouse.move(x + 30, y + 5)
    page.mouse.up()
    page.keyboard.up(" ")
    assert on_screen(page, "a") == pytest.approx((x + 30, y + 5), abs=0.5)
    page.mouse.move(x + 30, y + 5)
    page.mouse.down(button="middle")
    page.mouse.move(x, y)
    page.mouse.up(button="middle")
    assert on_screen(page, "a") == pytest.approx((x, y), abs=0.5)
    page.mouse.wheel(0, -200)
    page.wait_for_function("stage.zoom > 5")
    assert on_screen(page, "a") == pytest.approx((x, y), abs=0.5)
    assert page.evaluate("[JSON.stringify(past.state), log]") == [before, []]
    page.keyboard.press("f")
    assert zoom(page) == f"{round(100 * (900 - 32) / 200)} %"


def test_a_drag_goes_on_over_a_wheel(page: Any) -> None:
    """The point stays under the pointer although the view has changed since it was caught."""
    x, y = on_screen(page, "a")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y + 20)
    page.mouse.wheel(0, -300)
    page.wait_for_function("stage.zoom > 5")
    page.mouse.move(x + 41, y + 20)
    page.mouse.up()
    assert on_screen(page, "a") == pytest.approx((x + 41, y + 20), abs=0.5)


def test_another_tool_lets_go_of_what_is_held(page: Any) -> None:
    x, y = on_screen(page, "a")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20)
    assert point(page, "a") != (50, 30)
    page.evaluate("() => stage.setTool('other')")
    assert point(page, "a") == (50, 30)
    page.evaluate("() => stage.setTool('point')")
    page.mouse.move(x + 60, y + 40)
    page.mouse.up()
    assert point(page, "a") == (50, 30)
    drag(page, "a", 40, 0)
    assert point(page, "a")[0] > 50


def test_a_stage_out_of_sight_keeps_its_view(page: Any) -> None:
    page.evaluate("() => { stage.commands.larger(); stage.setView({ ...stage.view, x: 300, y: 200 }) }")
    drawn(page)
    view = page.evaluate("stage.view")
    for display in ("none", ""):
        page.evaluate("display => { document.getElementById('stage').style.display = display }", display)
        drawn(page)
    assert page.evaluate("stage.view") == view


def test_keys_in_a_field_are_the_fields(page: Any) -> None:
    drag(page, "a", 30, 0)
    page.fill("#text", "x")
    page.press("#text", "Control+z")
    page.press("#text", "f")
    assert page.evaluate("past.canUndo")


def test_the_right_button_opens_a_menu_that_keys_lead_through(page: Any) -> None:
    x, y = on_screen(page, "b")
    page.mouse.click(x, y, button="right")
    page.wait_for_selector("[role=menu]")
    assert page.evaluate("document.activeElement.textContent") == "Copy"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("log.length === 1")
    for leave in ("Escape", "elsewhere"):
        page.mouse.click(x, y, button="right")
        page.wait_for_selector("[role=menu]")
        page.keyboard.press("Escape") if leave == "Escape" else page.mouse.click(5, 5)
        page.wait_for_selector("[role=menu]", state="detached")
    page.wait_for_function("log.filter(([act]) => act === 'menu').length === 3")
    answers = page.evaluate("log.filter(([act]) => act === 'menu')")
    assert answers == [["menu", "b", "hide"], ["menu", "b", None], ["menu", "b", None]]
    assert page.evaluate("document.activeElement.dataset.handle ?? document.activeElement.id") in ("b", "stage")


def test_the_press_that_opened_a_menu_clicks_nothing_when_it_ends(page: Any) -> None:
    lifted = "document.querySelector('%s').dispatchEvent(new MouseEvent('click', {bubbles: true, detail: 1}))"
    page.evaluate("document.querySelector('[data-do=larger]').addEventListener('click', () => log.push('pressed'))")
    page.mouse.click(*on_screen(page, "b"), button="right")
    page.wait_for_selector("[role=menu]")
    for below in ("[role=menu] button", "[data-do=larger]"):
        page.evaluate(lifted % below)
    assert page.evaluate("log") == [] and page.locator("[role=menu]").is_visible()
    page.locator("[role=menu] button").first.click()
    page.wait_for_function("log.length === 1")
    assert page.evaluate("log[0]") == ["menu", "b", "copy"]


def test_a_menu_stays_inside_the_window(page: Any) -> None:
    page.mouse.click(890, 590, button="right")
    box = page.locator("[role=menu]").bounding_box()
    assert box["x"] + box["width"] <= 900 and box["y"] + box["height"] <= 600


def touches(page: Any, kind: str, *points: tuple[float, float]) -> None:
    session = getattr(page, "touch_session", None) or page.context.new_cdp_session(page)
    page.touch_session = session
    given = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})


def test_fingers_drag_hold_pinch_and_turn(server: PageServer, browser: Any) -> None:
    with stage(server, browser, touch=True, size=(390, 780)) as page:
        start, (x, y) = point(page, "a"), on_screen(page, "a")
        touches(page, "touchStart", (x + 15, y))
        touches(page, "touchMove", (x + 15, y + 50))
        touches(page, "touchEnd")
        assert on_screen(page, "a") == pytest.approx((x, y + 50), abs=0.5)
        page.evaluate("() => { past.undo() }")

        touches(page, "touchStart", (x, y))
        page.wait_for_function("log.length === 1")
        touches(page, "touchEnd")
        assert page.evaluate("log") == [["hold", "a"]] and point(page, "a") == start

        before = page.evaluate("stage.view.scale")
        touches(page, "touchStart", (100, 400))
        touches(page, "touchStart", (100, 400), (200, 400))
        touches(page, "touchMove", (100, 400), (300, 400))
        touches(page, "touchMove", (100, 400), (100 + 200 * math.cos(0.4), 400 + 200 * math.sin(0.4)))
        touches(page, "touchMove", (100, 400), (100 + 200 * math.cos(0.7), 400 + 200 * math.sin(0.7)))
        touches(page, "touchEnd")
        after = page.evaluate("stage.view")
        assert after["scale"] == pytest.approx(2 * before, rel=0.02)
        assert after["turn"] == pytest.approx(0.3, abs=0.02)
        assert point(page, "a") == start and page.evaluate("log.length") == 1


@pytest.mark.parametrize("debounce", [0, 60_000])
def test_edits_and_their_history_survive_a_reload(server: PageServer, browser: Any, debounce: int) -> None:
    """Also those of the last moment, which are written while the page goes."""
    with stage(server, browser, f"?debounce={debounce}") as page:
        drag(page, "a", 40, 0)
        drag(page, "b", -40, 0)
        page.evaluate("() => { past.undo() }")
        there = point(page, "a")
        page.reload()
        ready(page)
        assert point(page, "a") == there and point(page, "b") == (150, 80)
        assert page.evaluate("[past.undoLabel, past.redoLabel]") == ["Move", "Move"]
        page.evaluate("() => { past.undo() }")
        assert point(page, "a") == (50, 30)


def test_of_many_records_the_oldest_go(page: Any) -> None:
    left = page.evaluate(
        """async (address) => {
          const store = await (await import(address)).openStore(window);
          for (let n = 0; n < 26; n++) await store.put(`place ${n}`, { value: n, when: n === 0 ? 99 : n });
          const found = [];
          for (let n = 0; n < 26; n++) found.push(await store.get(`place ${n}`));
          return [store.slim, found.flatMap((one, n) => (one ? [] : [n]))];
        }""",
        f"{PAGES}stage/store.mjs",
    )
    assert left == [False, [1, 2]]


def test_of_two_tabs_the_other_is_told_and_the_last_one_wins(server: PageServer, browser: Any) -> None:
    with stage(server, browser) as page:
        other = page.context.new_page()
        other.goto(page.url)
        ready(other)
        drag(page, "a", 40, 0)
        other.wait_for_function("log.length > 0")
        assert other.evaluate("log[0]") == ["foreign", "number"] and page.evaluate("log") == []
        drag(other, "b", 20, 0)
        page.wait_for_function("log.length > 0")
        other.reload()
        ready(other)
        assert point(other, "a") == (50, 30) and point(other, "b")[0] > 150


def test_the_stage_is_named_in_another_language_and_the_zoom_is_read_out(page: Any) -> None:
    zoomed = page.locator("[data-read=zoom]")
    zoomed.evaluate("(one) => one.setAttribute('data-t-title', 'Turn')")
    page.evaluate("() => stage.commands.actual()")
    drawn(page)
    group = page.locator("#svg > g")
    assert (group.get_attribute("aria-label"), zoomed.get_attribute("aria-label")) == ("Handles", "100 %: Turn")
    speak = "async ([file, folder]) => (await import(file)).speak('ko', [new URL(folder, location.href)])"
    page.evaluate(speak, [f"{PAGES}stage/i18n.mjs", f"{PAGES}stage/"])
    assert (group.get_attribute("aria-label"), zoomed.get_attribute("aria-label")) == ("조절점", "100 %: 회전")
    page.evaluate("() => stage.commands.larger()")
    drawn(page)
    assert zoomed.get_attribute("aria-label") == f"{zoomed.inner_text()}: 회전" != "100 %: 회전"


def test_a_closed_stage_listens_to_nothing(page: Any) -> None:
    view = page.evaluate("() => { stage.setTool('other'); stage.setTool('nobody'); stage.close(); return stage.view }")
    assert page.evaluate("stage.tool") == "other"
    page.keyboard.press("+")
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -100)
    page.click("[data-do=turn-right]")
    assert page.evaluate("stage.view") == view and page.locator("[data-handle]").count() == 0


def test_handles_are_large_enough_for_what_points_at_them(server: PageServer, browser: Any, page: Any) -> None:
    reach = "parseFloat(getComputedStyle(document.querySelector('[data-handle=a] .reach')).r)"
    assert page.evaluate(reach) == 12
    with stage(server, browser, touch=True) as touched:
        coarse = touched.evaluate("matchMedia('(pointer: coarse)').matches")
        assert touched.evaluate(reach) == (22 if coarse else 12)
