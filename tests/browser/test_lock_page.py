"""The page on which regions are drawn, in a real browser: real drags, fingers, keys; judged by board and pixels."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import drawn, opened
from tests.support.page_server import ROOT, PageServer, serving

Place = tuple[float, float]
HALVES = [[0, 0, 0.5, 1], [0.5, 0, 1, 1]]


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as server:
        yield server


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    drawn(page)


def regions(page: Any) -> list[dict[str, Any]]:
    return page.evaluate("atelierEditor.state().regions")


def masks(page: Any) -> list[Any]:
    return [one["mask"] for one in regions(page)]


def frame(page: Any, n: int, size: int = 512) -> list[float]:
    """Edges of a box in pixels of the picture."""
    return [round(edge * size, 3) for edge in masks(page)[n]]


def pixels(mask: dict[str, Any]) -> np.ndarray:
    """[H, W] bool of a drawn mask."""
    made = np.zeros((mask["height"], mask["width"]), bool)
    for y, row in enumerate(mask["rows"]):
        for start, end in zip(row[::2], row[1::2], strict=True):
            made[y, start:end] = True
    return made


def seen(page: Any, x: float, y: float) -> Place:
    """Where a place of the picture is in the window."""
    place = page.evaluate("place => atelierEditor.seen(place)", {"x": x, "y": y})
    return place["x"], place["y"]


def zoom_to(page: Any, zoom: float, at: Place) -> None:
    """By the wheel, so that what lies under `at` stays there."""
    page.mouse.move(*at)
    for _ in range(60):
        now = page.evaluate("atelierEditor.view().zoom")
        if abs(now / zoom - 1) < 0.002:
            return
        page.mouse.wheel(0, max(-300.0, min(300.0, -np.log(zoom / now) / 0.002)))
        page.wait_for_function("old => atelierEditor.view().zoom !== old", arg=now)
    raise AssertionError("the zoom was not reached")


def drag(page: Any, start: Place, end: Place, steps: int = 6) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()
    drawn(page)


def snap(page: Any, on: bool) -> None:
    page.evaluate("on => { if (snap.checked !== on) snap.click(); }", on)


def handle(page: Any, name: str) -> Place:
    drawn(page)
    return tuple(
        page.evaluate(
            """name => {
              const place = document.querySelector(`[data-handle="${name}"]`).getAttribute("transform");
              const [x, y] = place.match(/-?[\\d.]+/g);
              const { left, top } = document.getElementById("stage").getBoundingClientRect();
              return [Number(x) + left, Number(y) + top];
            }""",
            name,
        )
    )


def canvas(page: Any) -> np.ndarray:
    drawn(page)
    url = page.evaluate("canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def give(page: Any, name: str, kind: str, data: bytes) -> None:
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})


def png(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


def board(*found: dict[str, Any], width: int = 512, height: int = 512) -> str:
    return json.dumps({"atelier_board": 1, "width": width, "height": height, "regions": found})


# ---- boxes


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("zoom", [0.5, 1, 3])
def test_an_edge_lands_where_it_is_let_go(server: PageServer, browser: Any, zoom: float, ratio: int) -> None:
    with opened(browser, server.page("concept-lock"), ratio=ratio, size=(1100, 800)) as page:
        ready(page)
        snap(page, False)
        page.evaluate(
            "atelierEditor.open(JSON.stringify({atelier_board: 1, width: 512, height: 512, "
            "regions: [{id: 'a', mask: [0.25, 0.25, 0.5, 0.5]}]}))"
        )
        drawn(page)
        zoom_to(page, zoom, seen(page, 250, 250))
        scale = page.evaluate("atelierEditor.view().scale")
        for name, off, way in [
            ("scale-se", (0, 0), (41, 27)),
            ("scale-se", (4, -3), (-13.5, 22)),
            ("scale-n", (1, 2), (9, 17)),
        ]:
            x, y = handle(page, name)
            before = frame(page, 0)
            drag(page, (x + off[0], y + off[1]), (x + off[0] + way[0], y + off[1] + way[1]))
            wanted = list(before)
            for side, edge, distance in [("w", 0, 0), ("n", 1, 1), ("e", 2, 0), ("s", 3, 1)]:
                if side in name.removeprefix("scale-"):
                    wanted[edge] += way[distance] / scale
            assert frame(page, 0) == pytest.approx(wanted, abs=0.51)
        before = frame(page, 0)
        start = seen(page, (before[0] + before[2]) / 2, (before[1] + before[3]) / 2)
        drag(page, start, (start[0] + 33, start[1] + 12))
        assert frame(page, 0) == pytest.approx(
            [edge + (33, 12)[n % 2] / scale for n, edge in enumerate(before)], abs=0.51
        )


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("zoom", [0.5, 1, 3])
def test_a_box_is_drawn_where_the_mouse_goes(server: PageServer, browser: Any, zoom: float, ratio: int) -> None:
    with opened(browser, server.page("concept-lock"), ratio=ratio, size=(1100, 800)) as page:
        ready(page)
        snap(page, False)
        zoom_to(page, zoom, seen(page, 150, 160))
        a, b = seen(page, 121, 133), seen(page, 187.5, 201)
        page.keyboard.press("r")
        drag(page, a, b)
        assert frame(page, 2) == pytest.approx([121, 133, 187.5, 201], abs=0.51)
        assert (
            page.get_attribute("#stage", "data-tool") == "move"
            and page.evaluate("atelierEditor.chosen()") == regions(page)[2]["id"]
        )
        page.keyboard.press("Control+z")
        assert masks(page) == HALVES


def test_the_canvas_shows_what_the_board_says(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.evaluate(
            "text => atelierEditor.open(text)", board({"id": "a", "colour": "#ff0000", "mask": [0.25, 0.5, 0.75, 1]})
        )
        page.focus("#stage")
        page.keyboard.press("1")
        picture, view = canvas(page).astype(int), page.evaluate("atelierEditor.view()")
        left, top = int(view["x"] + 0.5), int(view["y"] + 0.5)
        red = picture[top : top + 512, left : left + 512, 0] - picture[top : top + 512, left : left + 512, 2] > 40
        ys, xs = np.nonzero(red)
        assert abs(xs.min() - 128) <= 3 and abs(xs.max() - 383) <= 3 and abs(ys.min() - 256) <= 3 and ys.max() >= 508


def test_boxes_snap_to_thirds_and_to_each_other(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        x, y = handle(page, "scale-e")
        third, _ = seen(page, 512 / 3, 0)
        drag(page, (x, y), (third + 4, y + 2))
        assert masks(page)[0] == pytest.approx([0, 0, 171 / 512, 1], abs=1e-6)
        page.keyboard.press("Control+z")
        page.keyboard.down("Control")
        drag(page, (x, y), (third + 4, y + 2))
        page.keyboard.up("Control")
        assert 174 <= frame(page, 0)[2] <= 176
        page.mouse.click(*seen(page, 400, 100))
        x, y = handle(page, "scale-w")
        edge, _ = seen(page, frame(page, 0)[2], 0)
        drag(page, (x, y), (edge + 5, y))
        assert masks(page)[1][0] == masks(page)[0][2]


def test_shift_and_alt(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        snap(page, False)
        page.keyboard.press("r")
        page.keyboard.down("Shift")
        drag(page, seen(page, 100, 100), seen(page, 180, 130))
        page.keyboard.up("Shift")
        assert frame(page, 2) == pytest.approx([100, 100, 180, 180], abs=0.51)
        start = seen(page, 140, 140)
        page.keyboard.down("Shift")
        drag(page, start, seen(page, 190, 150))
        page.keyboard.up("Shift")
        assert frame(page, 2) == pytest.approx([150, 100, 230, 180], abs=0.51)
        page.keyboard.press("r")
        page.keyboard.down("Alt")
        drag(page, seen(page, 300, 300), seen(page, 340, 320))
        page.keyboard.up("Alt")
        assert frame(page, 3) == pytest.approx([260, 280, 340, 320], abs=0.51)


def test_a_press_chooses_and_once_more_goes_below(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.evaluate(
            "text => atelierEditor.open(text)",
            board({"id": "a", "mask": [0, 0, 1, 1]}, {"id": "b", "mask": [0.25, 0.25, 0.75, 0.75]}),
        )
        drawn(page)
        chosen = []
        for at in [(40, 40), (200, 200), (200, 200), (200, 200)]:
            page.mouse.click(*seen(page, *at))
            chosen.append(page.evaluate("atelierEditor.chosen()"))
        assert chosen == ["a", "b", "a", "b"]
        page.keyboard.press("Escape")
        assert page.evaluate("atelierEditor.chosen()") is None


def test_a_fifth_region_is_a_sentence(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.click("[data-do=split-quarters]")
        assert len(masks(page)) == 4 and page.get_by_role("button", name="Add a region").is_disabled()
        page.keyboard.press("r")
        drag(page, seen(page, 100, 100), seen(page, 180, 130))
        assert page.inner_text(".toast") == "A picture takes up to 4 regions." and len(masks(page)) == 4
        page.keyboard.press("v")
        page.keyboard.press("Control+d")
        assert len(masks(page)) == 4


# ---- drawn masks


def test_the_brush_paints_and_the_eraser_rubs_out_to_the_pixel(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("Escape")
        page.keyboard.press("b")
        page.evaluate("document.getElementById('brush-size').value = 40")
        clean = canvas(page)
        drag(page, seen(page, 100, 200), seen(page, 300, 260), steps=10)
        mask = pixels(masks(page)[2])
        y, x = np.mgrid[:512, :512] + 0.5
        share = np.clip(((x - 100) * 200 + (y - 200) * 60) / (200**2 + 60**2), 0, 1)
        away = np.hypot(100 + 200 * share - x, 200 + 60 * share - y)
        assert (mask == (away <= 20))[np.abs(away - 20) > 0.6].all()
        page.keyboard.press("e")
        drag(page, seen(page, 200, 150), seen(page, 200, 350))
        rubbed = pixels(masks(page)[2])
        assert (
            rubbed.any()
            and not rubbed[(np.abs(x - 200) < 19) & (y > 150) & (y < 350)].any()
            and not (rubbed & ~mask).any()
        )
        page.keyboard.press("Control+z")
        assert np.array_equal(pixels(masks(page)[2]), mask)
        page.keyboard.press("Control+z")
        assert masks(page) == HALVES
        page.mouse.move(10, 400)
        page.mouse.move(seen(page, 0, 0)[0], 60)
        page.keyboard.press("b")
        page.evaluate("dispatchEvent(new Event('blur'))")
        page.locator("#stage").dispatch_event("pointerleave")
        assert np.array_equal(canvas(page), clean)


def test_alt_turns_the_brush_into_an_eraser(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("b")
        page.keyboard.down("Alt")
        drag(page, seen(page, 60, 60), seen(page, 120, 60))
        page.keyboard.up("Alt")
        mask = pixels(masks(page)[0])
        assert not mask[60, 90] and mask[200, 90] and not mask[:, 256:].any()
        page.keyboard.press("Escape")
        page.keyboard.press("e")
        drag(page, seen(page, 60, 60), seen(page, 120, 60))
        assert page.inner_text(".toast") == "Choose a region first."


def test_a_stroke_beside_the_picture_makes_no_region_and_one_goes_on_without_its_own(
    server: PageServer, browser: Any
) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("n")
        page.keyboard.press("b")
        drag(page, seen(page, -50, 60), seen(page, -45, 300))
        assert masks(page) == HALVES and page.locator("[data-do=undo]").is_disabled()
        page.mouse.move(*seen(page, -50, 60))
        page.mouse.down()
        page.mouse.move(*seen(page, 100, 60), steps=8)
        assert len(masks(page)) == 3
        page.keyboard.press("Delete")
        page.mouse.move(*seen(page, 200, 60), steps=4)
        page.mouse.up()
        assert masks(page) == HALVES
        page.keyboard.press("v")
        page.mouse.move(*seen(page, 100, 300))
        page.mouse.down()
        page.mouse.move(*seen(page, 120, 300), steps=4)
        page.keyboard.press("Delete")
        page.mouse.move(*seen(page, 180, 300), steps=4)
        page.mouse.up()
        assert len(masks(page)) == 1


def test_the_ring_of_the_brush_goes_with_its_size(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("b")
        page.mouse.move(*seen(page, 250, 250))
        before = canvas(page)
        page.keyboard.press("]")
        assert not np.array_equal(canvas(page), before)


def test_a_lasso_by_a_line_and_by_corners(server: PageServer, browser: Any) -> None:
    corners = [(100, 100), (300, 120), (200, 320)]
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("n")
        page.keyboard.press("l")
        page.mouse.move(*seen(page, *corners[0]))
        page.mouse.down()
        for corner in [*corners[1:], corners[0]]:
            page.mouse.move(*seen(page, *corner), steps=8)
        page.mouse.up()
        free = pixels(masks(page)[2])
        page.keyboard.press("Control+z")
        page.keyboard.press("n")
        for corner in [*corners, (101, 102)]:
            page.mouse.click(*seen(page, *corner))
        clicked = pixels(masks(page)[2])
        page.keyboard.press("Control+z")
        page.keyboard.press("n")
        for corner in corners[:2]:
            page.mouse.click(*seen(page, *corner))
        page.mouse.dblclick(*seen(page, *corners[2]))
        assert np.array_equal(pixels(masks(page)[2]), clicked)
        x, y = np.meshgrid(np.arange(512) + 0.5, np.arange(512) + 0.5)
        sides = [
            (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
            for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)
        ]
        inside, near = np.all([side > 0 for side in sides], axis=0), np.min(np.abs(sides), axis=0) < 300
        assert (clicked == inside)[~near].all() and (free == inside)[~near].all()
        page.mouse.click(*seen(page, 150, 50))
        page.keyboard.press("Escape")
        assert page.evaluate("atelierEditor.chosen()") == regions(page)[2]["id"]


def test_a_drawn_region_is_moved_and_stretched_by_its_frame(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        snap(page, False)
        page.keyboard.press("n")
        page.keyboard.press("b")
        drag(page, seen(page, 100, 100), seen(page, 160, 140))
        was = pixels(masks(page)[2])
        page.keyboard.press("v")
        a, b = seen(page, 130, 120), seen(page, 173, 151)
        drag(page, a, b)
        moved = pixels(masks(page)[2])
        shift = np.argwhere(moved).min(axis=0) - np.argwhere(was).min(axis=0)
        assert abs(shift[1] - 43) <= 1 and abs(shift[0] - 31) <= 1
        assert np.array_equal(np.roll(was, shift, (0, 1)), moved)
        x, y = handle(page, "scale-se")
        scale = page.evaluate("atelierEditor.view().scale")
        drag(page, (x, y), (x + 50 * scale, y + 20 * scale))
        (top, left), (bottom, right) = (part(np.argwhere(pixels(masks(page)[2])), axis=0) for part in (np.min, np.max))
        old = tuple(part(np.argwhere(moved), axis=0) for part in (np.min, np.max))
        assert (top, left) == tuple(old[0])
        assert abs(right - old[1][1] - 50) <= 1 and abs(bottom - old[1][0] - 20) <= 1


def test_the_rest_by_a_key_and_by_the_menu(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        x, y = handle(page, "scale-e")
        drag(page, (x, y), (seen(page, 512 / 3, 0)[0], y))
        page.mouse.click(*seen(page, 400, 100))
        page.keyboard.press("f")
        assert masks(page)[1] == [masks(page)[0][2], 0, 1, 1]
        page.mouse.click(*seen(page, 400, 100), button="right")
        page.get_by_role("menuitem", name="Duplicate").click()
        page.keyboard.press("Control+z")
        page.mouse.click(*seen(page, 400, 100), button="right")
        page.get_by_role("menuitem", name="Remove the region").click()
        assert len(masks(page)) == 1


# ---- keys and fingers


def test_the_keyboard_alone(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.evaluate("text => atelierEditor.open(text)", board({"id": "a", "mask": [0.25, 0.25, 0.5, 0.5]}))
        page.focus("#stage")
        for key in ["ArrowRight", "Shift+ArrowDown", "ArrowLeft", "ArrowLeft"]:
            page.keyboard.press(key)
        assert frame(page, 0) == [127, 138, 255, 266]
        page.get_by_role("button", name="Right edge").focus()
        page.keyboard.press("Shift+ArrowRight")
        page.keyboard.press("ArrowUp")
        assert frame(page, 0) == [127, 138, 265, 266]
        page.keyboard.press("Control+d")
        assert len(masks(page)) == 2
        page.keyboard.press("PageDown")
        assert [one["id"] for one in regions(page)][1] == "a"
        page.keyboard.press("Delete")
        assert [one["id"] for one in regions(page)] == ["a"]
        page.keyboard.press("Delete")
        assert masks(page) == [] and page.locator("#empty").is_visible()
        for _ in range(9):
            page.keyboard.press("Control+z")
        assert masks(page) == HALVES and page.locator("[data-do=undo]").is_disabled()
        page.keyboard.press("Control+Shift+z")
        page.keyboard.press("Control+y")
        assert frame(page, 0)[0] == 129 or frame(page, 0)[0] == 127
        page.keyboard.press("b")
        size = int(page.input_value("#brush-size"))
        page.keyboard.press("]")
        assert int(page.input_value("#brush-size")) > size
        page.keyboard.press("[")
        page.keyboard.press("[")
        assert int(page.input_value("#brush-size")) < size


def test_fingers(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(390, 844), ratio=2, touch=True) as page:
        ready(page)
        for tool in ("brush", "move"):
            page.tap(f"[data-tool={tool}]")
            page.wait_for_selector(f"#stage[data-tool={tool}]")
        snap(page, False)
        cdp = page.context.new_cdp_session(page)

        def touch(kind: str, *points: Place) -> None:
            fingers = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
            cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        x, y = handle(page, "scale-e")
        scale = page.evaluate("atelierEditor.view().scale")
        touch("touchStart", (x - 4, y + 3))
        for step in range(1, 6):
            touch("touchMove", (x - 4 - 10 * step, y))
        touch("touchEnd")
        assert frame(page, 0) == pytest.approx([0, 0, 256 - 50 / scale, 512], abs=0.51)
        page.keyboard.press("b")
        before = masks(page)
        x, y = seen(page, 256, 256)
        touch("touchStart", (x - 40, y))
        touch("touchStart", (x - 40, y), (x + 40, y))
        touch("touchMove", (x - 70, y), (x + 70, y))
        touch("touchEnd")
        assert masks(page) == before and page.evaluate("atelierEditor.view().scale") > 1.5 * scale
        x, y = seen(page, 240, 256)
        touch("touchStart", (x, y))
        touch("touchMove", (x + 30, y + 10))
        touch("touchEnd")
        assert pixels(masks(page)[0])[256, 240]
        page.keyboard.press("v")
        x, y = seen(page, 240, 256)
        touch("touchStart", (x, y))
        page.wait_for_selector("[role=menu]")
        touch("touchEnd")
        assert page.get_by_role("menuitem", name="Fill the rest").is_visible()


# ---- files, memory, the panel


def test_a_picture_lies_behind_and_gives_its_size(server: PageServer, browser: Any) -> None:
    teal = png(np.full((90, 120, 3), (0, 128, 128), np.uint8))
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        give(page, "p.png", "image/png", teal)
        page.wait_for_function("atelierEditor.state().width === 120")
        assert page.inner_text("#size") == "120 × 90" and masks(page) == HALVES
        for _ in range(2):
            page.keyboard.press("Delete")
        page.keyboard.press("1")
        x, y = seen(page, 60, 20)
        box = page.locator("#stage").bounding_box()
        assert canvas(page)[int(y - box["y"]), int(x - box["x"])].tolist() == [0, 128, 128]
        page.click("[data-do=unpicture]")
        assert page.evaluate("atelierEditor.state().picture") is None


def test_a_board_goes_out_as_a_file_and_comes_back_to_the_pixel(server: PageServer, browser: Any) -> None:
    random = np.random.default_rng(3)
    mask = (random.random((37, 53)) < 0.4).astype(np.uint8) * 255
    coded = base64.b64encode(png(mask)).decode()
    given = board(
        {"id": "q", "name": "Ann", "colour": "#123456", "on": False, "mask": coded},
        {"id": "w", "mask": [0, 0, 0.25, 1]},
        width=53,
        height=37,
    )
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        give(page, "b.json", "application/json", given.encode())
        page.wait_for_function("atelierEditor.state().width === 53")
        assert np.array_equal(pixels(masks(page)[0]), mask > 0)
        with page.expect_download() as waiting:
            page.click("[data-do=save]")
        text = json.loads(waiting.value.path().read_bytes())
        first, second = text["regions"]
        assert [first[key] for key in ("id", "name", "colour", "on")] == ["q", "Ann", "#123456", False]
        back = Image.open(io.BytesIO(base64.b64decode(first["mask"])))
        assert back.mode == "L" and np.array_equal(np.asarray(back), mask)
        assert second["mask"] == [0, 0, 0.25, 1] and (text["width"], text["height"]) == (53, 37)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("b.json", "[" * 100000),
        ("c.json", board({"mask": [0, 0, 2, 1]})),
        ("d.json", board({"mask": "bm90IGEgcG5n"})),
        ("e.json", board({"mask": "*"})),
        ("wide.json", board({"mask": base64.b64encode(png(np.zeros((1, 8193), np.uint8))).decode()})),
        ("f.json", board(*[{"mask": [0, 0, 1, 1]}] * 5)),
        ("g.json", board(width=10**9)),
    ],
)
def test_a_bad_file_is_a_sentence(server: PageServer, browser: Any, name: str, text: str) -> None:
    with opened(browser, server.page("concept-lock")) as page:
        ready(page)
        give(page, name, "application/json", text.encode())
        page.wait_for_selector(".said .toast")
        assert re.fullmatch(r"[A-Z][^{}]*\.", page.inner_text(".toast"))
        assert masks(page) == HALVES and page.locator("[data-do=undo]").is_disabled()


def test_a_reload_restores_the_work_and_its_history(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("concept-lock"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("b")
        drag(page, seen(page, 250, 250), seen(page, 320, 280))
        painted = regions(page)
        page.locator("#regions input.name").nth(1).fill("Ann")
        named = regions(page)
        assert named[1]["name"] == "Ann"
        page.reload()  # at once: what a database would not take any more is kept all the same
        ready(page)
        assert regions(page) == named
        page.keyboard.press("Control+z")
        assert regions(page) == painted
        page.keyboard.press("Control+z")
        assert masks(page) == HALVES


PANEL = """<!doctype html><iframe id="page" src="{page}" style="width: 700px; height: {height}px"></iframe><script>
  window.heard = [];
  window.post = (message) => page.contentWindow.postMessage({{ atelier: 1, ...message }}, location.origin);
  addEventListener("message", ({{ data }}) => {{
    heard.push(data);
    if (data.type !== "send" || data.id === undefined) return;
    post({{ type: "answer", id: data.id, ok: window.deaf !== true }});
  }});
</script>"""


def panel(server: PageServer, browser: Any, height: int = 600) -> Any:
    server.documents["/panel.html"] = PANEL.format(page=server.page("concept-lock", "lang=en"), height=height)
    return opened(browser, f"{server.origin}{ROOT}/panel.html", size=(900, 760))


def told(page: Any) -> list[dict[str, Any]]:
    return [json.loads(one["value"]) for one in page.evaluate("heard.filter(({type}) => type === 'send')")]


def test_the_panel_is_told_every_edit_and_opens_what_it_likes(server: PageServer, browser: Any) -> None:
    with panel(server, browser) as page:
        inner = page.frame_locator("#page")
        inside = page.frames[1]
        inside.wait_for_selector("html[data-ready]", state="attached")
        options = json.dumps({"width": 640, "height": 320, "field": "atelier_concept_lock_txt2img_state"})
        page.evaluate(
            "message => post(message)", {"type": "open", "options": '{"width": 192, "height": 192}', "stamp": 0}
        )
        inside.wait_for_function("atelierEditor.state().width === 192")
        assert not inside.evaluate("atelierEditor.history.canUndo")  # nobody has done anything yet
        mask = base64.b64encode(png(np.pad(np.full((20, 30), 255, np.uint8), ((60, 80), (10, 280))))).decode()
        document = board({"id": "k1", "name": "Ann", "mask": [0, 0, 0.5, 1]}, {"id": "k2", "mask": mask})
        page.evaluate(
            "message => post(message)", {"type": "open", "document": document, "options": options, "stamp": 1}
        )
        page.wait_for_function("heard.some(({type, value}) => type === 'send' && value.includes('k2'))")
        first = told(page)[-1]
        assert (first["width"], first["height"]) == (640, 320) and [one["id"] for one in first["regions"]] == [
            "k1",
            "k2",
        ]
        assert first["regions"][0]["mask"] == [0, 0, 0.5, 1]
        back = np.asarray(Image.open(io.BytesIO(base64.b64decode(first["regions"][1]["mask"]))))
        assert back.shape == (160, 320) and (back > 0).sum() == 600 and (back[60:80, 10:40] == 255).all()
        assert page.evaluate("heard.at(-1).field") == "atelier_concept_lock_txt2img_state"

        inner.locator("[data-do=split-thirds]").click()
        page.wait_for_function(
            "heard.some(({type, value}) => type === 'send' && JSON.parse(value).regions.length === 3)"
        )
        assert [one["id"] for one in told(page)[-1]["regions"]][:2] == ["k1", "k2"]

        page.evaluate(
            "message => post(message)", {"type": "open", "options": options.replace("640", "320"), "stamp": 2}
        )
        page.wait_for_function("heard.some(({type, value}) => type === 'send' && JSON.parse(value).width === 320)")
        assert len(told(page)[-1]["regions"]) == 3 and inside.evaluate("atelierEditor.state().width") == 320
        assert inside.evaluate("atelierEditor.history.undoLabel") == "Change the size"

        inner.locator("[data-do=split-halves]").click()
        page.evaluate("post({ type: 'flush', id: 7 })")
        page.wait_for_function("heard.some(({type, id, ok}) => type === 'flushed' && id === 7 && ok)")
        assert len(told(page)[-1]["regions"]) == 2
        page.evaluate("deaf = true; post({ type: 'flush', id: 8 })")
        page.wait_for_function("heard.some(({type, id, ok}) => type === 'flushed' && id === 8 && !ok)")

        page.evaluate("deaf = false")
        page.evaluate(
            "message => post(message)", {"type": "open", "document": board({"mask": 3}), "options": options, "stamp": 3}
        )
        inner.locator(".toast", has_text="This is not a board of regions.").wait_for()
        assert len(inside.evaluate("atelierEditor.state().regions")) == 2


def test_each_panel_keeps_its_work_and_the_same_request_goes_on_with_it(server: PageServer, browser: Any) -> None:
    with panel(server, browser) as page:
        inside = page.frames[1]
        inside.wait_for_selector("html[data-ready]", state="attached")
        request = {
            "type": "open",
            "document": board({"id": "z", "mask": [0, 0, 1, 1]}),
            "options": '{"field": "atelier_x"}',
            "stamp": 1,
        }
        page.evaluate("message => post(message)", request)
        inside.wait_for_function("atelierEditor.state().regions[0].id === 'z'")
        page.frame_locator("#page").locator("[data-do=split-halves]").click()
        page.evaluate("post({ type: 'flush', id: 1 })")
        page.wait_for_function("heard.some(({type}) => type === 'flushed')")
        page.reload()
        inside = page.frames[1]
        inside.wait_for_selector("html[data-ready]", state="attached")
        page.evaluate("message => post(message)", request)
        inside.wait_for_function(
            "atelierEditor.state().regions.length === 2 && atelierEditor.state().regions[0].id === 'z'"
        )
        inside.wait_for_function("atelierEditor.chosen() === 'z'")
        page.evaluate("message => post(message)", request | {"stamp": 2})
        inside.wait_for_function("atelierEditor.state().regions.length === 1")


def test_the_people_of_a_pose_become_regions(server: PageServer, browser: Any) -> None:
    left, right = np.zeros((96, 64), np.uint8), np.zeros((96, 64), np.uint8)
    left[10:90, 5:25], right[20:90, 35:60] = 255, 255
    server.pictures["left"], server.pictures["right"] = png(left), png(right)
    asked: list[dict[str, Any]] = []

    def answer(route: Any) -> None:
        asked.append(route.request.post_data_json)
        people = [{"name": name, "concept": "", "prompt": "", "mask": name} for name in ("left", "right")]
        route.fulfill(json={"regions": people})

    with panel(server, browser) as page:
        page.route("**/v1/pose-editor/regions", answer)
        inside = page.frames[1]
        inside.wait_for_selector("html[data-ready]", state="attached")
        inner = page.frame_locator("#page")
        inner.locator("[data-do=poses]").click()
        inner.locator(".toast", has_text="Pose somebody in the pose editor first").wait_for()
        poses = page.context.new_page()
        poses.goto(server.page("pose-editor"))
        ready(poses)
        poses.keyboard.press("a")
        poses.wait_for_timeout(900)  # the memory is written a moment after the last change
        poses.close()
        inner.locator("[data-do=poses]").click()
        inside.wait_for_function("atelierEditor.state().regions[1].name === 'right'")
        assert [one["id"] for one in regions(inside)] == ["r1", "r2"]
        assert len(json.loads(asked[0]["document"])["people"]) == 2
        mask = pixels(masks(inside)[0])
        assert mask.shape == (512, 512) and abs(mask.sum() / mask.size - 80 * 20 / (96 * 64)) < 0.01
        assert "another shape" in inner.locator(".toast").inner_text()
        assert mask[260, 100] and not mask[260, 300] and pixels(masks(inside)[1])[260, 400]


# ---- looks


@pytest.mark.parametrize("dark", [True, False])
def test_little_room_and_both_looks(server: PageServer, browser: Any, dark: bool) -> None:
    with opened(browser, server.page("concept-lock"), size=(640, 360), dark=dark) as page:
        ready(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
        assert (ground < 60) is dark
        x, y = seen(page, 5, 5)
        box = page.locator("#stage").bounding_box()
        assert (
            box["height"] >= 310 and not page.locator("#bar").is_visible() and not page.locator("#panel").is_visible()
        )
        top, bottom = seen(page, 0, 0)[1], seen(page, 0, 512)[1]
        assert bottom - top > 0.85 * box["height"]
        assert page.locator("#numbers .number").count() == 2
        page.locator("#numbers .number").nth(1).click()
        assert page.evaluate("atelierEditor.chosen()") == "r2"
        page.locator("#numbers .number").nth(1).click()
        page.get_by_role("menuitem", name="Remove the region").click()
        assert len(masks(page)) == 1
        hidden = page.locator(":is(.column, .head) button:not([hidden])").evaluate_all(
            """all => all.map((one) => ({ title: one.title, box: one.getBoundingClientRect() }))
              .filter(({ box }) => box.right > innerWidth || box.bottom > innerHeight).map(({ title }) => title)"""
        )
        assert hidden == []


def test_in_korean(server: PageServer, browser: Any) -> None:
    latin = """() => {
      const seen = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) seen.push(walk.currentNode.textContent);
      for (const one of document.querySelectorAll("[aria-label], [placeholder], [title]"))
        seen.push(...["aria-label", "placeholder", "title"].map((name) => one.getAttribute(name) ?? ""));
      return seen.filter((text) => /[A-Za-z]{3}/.test(text.replace(/Ctrl|Delete|PgUp|PgDn|Esc|Shift|Alt/g, "")));
    }"""
    with opened(browser, server.page("concept-lock", "lang=ko"), size=(1100, 800)) as page:
        ready(page)
        assert page.title() == "영역"
        page.mouse.click(*seen(page, 100, 100), button="right")
        page.wait_for_selector("[role=menu]")
        assert page.evaluate(latin) == []
        names = page.locator("button:not([hidden]), .handle").evaluate_all("all => all.map((one) => one.ariaLabel)")
        assert len(names) > 25 and all(re.search("[가-힣]", name) for name in names if name)
