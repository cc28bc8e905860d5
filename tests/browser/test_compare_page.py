"""The before/after page in a real browser: real drags, wheel, keys and fingers; judged by the pixels of its canvas."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.chromium import drawn, opened
from tests.support.page_server import PICTURES, PageServer, serving

WIDTH, HEIGHT = 640, 480
SHOW = "before=small&after=large&lang=en"


def coded() -> np.ndarray:
    """[H, W, 3] where each pixel says where it is; blue is 200 or more."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x % 256, y % 256, 200 + 10 * (x // 256) + 5 * (y // 256)], -1).astype(np.uint8)


def place(pixel: list[int]) -> tuple[int, int]:
    """Where in the picture a pixel of `coded` comes from."""
    red, green, blue, _ = pixel
    high = round((blue - 200) / 5)
    return red + 256 * (high // 2), green + 256 * (high % 2)


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as server:
        server.pictures["large"] = png(coded())
        server.pictures["small"] = png(np.full((120, 160, 3), 60, np.uint8))
        server.pictures["broken"] = server.pictures["broken?longest=4096"] = b"\x89PNG\r\n\x1a\n" + bytes(60)
        server.pictures["cut"] = server.pictures["cut?longest=4096"] = server.pictures["large"][:900]
        server.pictures["vast"] = _claiming(20000, 15000)
        server.pictures["vast?longest=4096"] = png(coded())
        yield server


def _claiming(width: int, height: int) -> bytes:
    """The head of a PNG of that size; its pixels must never be asked for."""
    return png(coded())[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes(5000)


def settled(page: Any) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    page.wait_for_function("document.querySelector('#note').hidden")
    drawn(page)


def pixel(page: Any, x: float, y: float) -> list[int]:
    """RGBA under a point in CSS pixels."""
    drawn(page)
    at = "[Math.floor(x * devicePixelRatio), Math.floor(y * devicePixelRatio), 1, 1]"
    return page.evaluate(f"([x, y]) => [...canvas.getContext('2d').getImageData(...{at}).data]", [x, y])


def canvas(page: Any) -> np.ndarray:
    """[H, W, 3] of the whole stage in device pixels, black where nothing is drawn."""
    drawn(page)
    url = page.evaluate("canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def line(page: Any, y: float) -> float:
    """Where the picture after begins, in CSS pixels from the left."""
    row = canvas(page)[int(y * page.evaluate("devicePixelRatio"))]
    return float(np.argmax(row[:, 2] >= 190)) / page.evaluate("devicePixelRatio")


def zoom_to(page: Any, percent: int) -> None:
    page.keyboard.press("1")
    while (now := shown_percent(page)) != percent:
        page.keyboard.press("+" if now < percent else "-")


def shown_percent(page: Any) -> int:
    drawn(page)
    return int(page.inner_text("#zoom").split()[0])


def knob(page: Any) -> tuple[float, float]:
    drawn(page)
    box = page.locator("#wipe").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("percent", [50, 100, 300])
def test_the_line_lands_where_the_mouse_lets_it_go(server: PageServer, browser: Any, percent: int, ratio: int) -> None:
    with opened(browser, server.page("upscaler", SHOW), ratio=ratio) as page:
        settled(page)
        zoom_to(page, percent)
        x, y = knob(page)
        for grab, way in [((3, 4), 37), ((-9, 2), -61), ((0, 0), 20.5)]:
            x, _ = knob(page)
            page.mouse.move(x + grab[0], y + grab[1])
            page.mouse.down()
            page.mouse.move(x + grab[0] + way / 3, y)
            page.mouse.move(x + grab[0] + way, y + 50)
            page.mouse.up()
            assert abs(knob(page)[0] - (x + way)) <= 0.5
            assert abs(line(page, y) - (x + way)) <= 0.5


@pytest.mark.parametrize("ratio", [1, 1.5, 2])
def test_a_hundred_percent_is_an_exact_copy(server: PageServer, browser: Any, ratio: float) -> None:
    with opened(browser, server.page("upscaler", "after=large"), ratio=ratio, size=(901, 601)) as page:
        settled(page)
        page.keyboard.press("1")
        seen = canvas(page)
        ys, xs = np.nonzero(seen[:, :, 2] >= 200)
        top, left, bottom, right = ys.min(), xs.min(), ys.max() + 1, xs.max() + 1
        assert (bottom - top, right - left) == (HEIGHT, WIDTH)
        assert np.array_equal(seen[top:bottom, left:right], coded())


def test_the_wheel_zooms_at_the_cursor(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", SHOW)) as page:
        settled(page)
        page.keyboard.press("p")
        page.focus("#wipe")
        page.keyboard.press("Home")
        for x, y in [(250, 120), (640, 400), (450, 300)]:
            page.mouse.move(x, y)
            page.keyboard.press("0")
            before, start = place(pixel(page, x, y)), shown_percent(page)
            for turn in (-240, -120, -360, 500):
                old = shown_percent(page)
                page.mouse.wheel(0, turn)
                page.wait_for_function("old => parseInt(zoom.textContent) !== old", arg=old)
                after = place(pixel(page, x, y))
                assert max(abs(after[0] - before[0]), abs(after[1] - before[1])) <= 1
            assert shown_percent(page) != start


def test_a_drag_beside_the_handle_pans(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", SHOW)) as page:
        settled(page)
        zoom_to(page, 200)
        was = place(pixel(page, 700, 300))
        page.mouse.move(700, 300)
        page.mouse.down()
        page.mouse.move(650, 280, steps=4)
        page.mouse.up()
        assert place(pixel(page, 650, 280)) == was
        assert abs(line(page, 300) - 450) <= 0.5
        page.mouse.dblclick(700, 300)
        assert shown_percent(page) < 200


def test_the_keyboard_alone(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", SHOW), size=(1000, 600)) as page:
        settled(page)
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        handle = page.get_by_role("slider", name="Line between before and after")
        assert handle.evaluate("one => one === document.activeElement")
        for key, share in [("ArrowRight", 51), ("Shift+ArrowRight", 61), ("ArrowLeft", 60), ("Home", 0), ("End", 100)]:
            page.keyboard.press(key)
            assert abs(knob(page)[0] - share * 10) <= 0.5
            assert float(handle.get_attribute("aria-valuenow")) == share
        page.keyboard.press("Home")
        assert pixel(page, 500, 300)[2] >= 200
        page.keyboard.down("b")
        assert pixel(page, 500, 300)[:3] == [60, 60, 60]
        page.keyboard.up("b")
        assert pixel(page, 500, 300)[2] >= 200
        page.keyboard.press("1")
        was = place(pixel(page, 500, 300))
        page.evaluate("stage.focus()")
        page.keyboard.press("Shift+ArrowRight")
        assert place(pixel(page, 500, 300)) == (was[0] + 200, was[1])
        page.keyboard.press("+")
        assert shown_percent(page) == 150


def test_the_toolbar(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", SHOW)) as page:
        settled(page)
        assert page.inner_text("#sizes") == "Before 160×120 → after 640×480"
        page.get_by_role("button", name="Show at 100 %").click()
        assert shown_percent(page) == 100
        page.get_by_role("button", name="Larger").click()
        assert shown_percent(page) == 150
        page.get_by_role("button", name="Side by side").click()
        assert pixel(page, 225, 250)[:3] == [60, 60, 60] and pixel(page, 675, 250)[2] >= 200
        eye = page.get_by_role("button", name="Hold to see only the picture before").bounding_box()
        page.mouse.move(eye["x"] + 9, eye["y"] + 9)
        page.mouse.down()
        assert pixel(page, 675, 250)[:3] == [60, 60, 60]
        page.mouse.up()
        assert pixel(page, 675, 250)[2] >= 200


def test_hard_and_smooth_pixels(server: PageServer, browser: Any) -> None:
    server.pictures["dots"] = png(np.array([[[0] * 3, [250] * 3]], np.uint8))
    with opened(browser, server.page("upscaler", "before=dots")) as page:
        settled(page)
        levels = [np.unique(canvas(page)[250, 20:880, 0]).size]
        page.get_by_role("button", name="Hard pixels when magnified").click()
        levels.append(np.unique(canvas(page)[250, 20:880, 0]).size)
        assert levels[0] > 50 and levels[1] == 2


def test_fingers(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", SHOW), size=(390, 844), ratio=2, touch=True) as page:
        settled(page)
        cdp = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            fingers = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
            cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        page.keyboard.press("p")
        x, y = knob(page)
        touch("touchStart", (x + 6, y))
        touch("touchMove", (x - 60, y))
        touch("touchMove", (x - 144, y + 5))
        touch("touchEnd")
        assert abs(knob(page)[0] - (x - 150)) <= 0.5 and abs(line(page, 370) - (x - 150)) <= 0.5

        middle, start = place(pixel(page, 260, 380)), shown_percent(page)
        touch("touchStart", (220, 380), (300, 380))
        for grown in (60, 90, 120):
            touch("touchMove", (260 - grown, 380), (260 + grown, 380))
        assert abs(shown_percent(page) - 3 * start) <= 2
        after = place(pixel(page, 260, 380))
        assert max(abs(after[0] - middle[0]), abs(after[1] - middle[1])) <= 1
        touch("touchMove", (160, 430), (400, 430))
        after = place(pixel(page, 280, 430))
        assert max(abs(after[0] - middle[0]), abs(after[1] - middle[1])) <= 1
        touch("touchEnd")

        was = place(pixel(page, 200, 400))
        touch("touchStart", (200, 400))
        touch("touchMove", (230, 440))
        touch("touchMove", (260, 460))
        touch("touchEnd")
        after = place(pixel(page, 260, 460))
        assert max(abs(after[0] - was[0]), abs(after[1] - was[1])) <= 1

        for _ in range(2):
            touch("touchStart", (200, 300))
            touch("touchEnd")
        assert abs(shown_percent(page) - start) <= 1


def test_alone_it_shows_its_sample(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler"), locale="ko-KR") as page:
        settled(page)
        assert page.inner_text("#sizes") == "전 160×120 → 후 640×480"
        assert np.unique(canvas(page).reshape(-1, 3), axis=0).shape[0] > 1000


def test_in_korean_when_the_address_asks(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", "before=small&after=large&lang=ko")) as page:
        settled(page)
        assert page.title() == "전후 비교" and page.evaluate("document.documentElement.lang") == "ko"
        assert page.get_by_role("slider").get_attribute("aria-label") == "전과 후를 나누는 선"
        named = page.locator("button").evaluate_all("all => all.map((one) => one.ariaLabel)")
        assert all(any("가" <= letter <= "힣" for letter in name) for name in named)


@pytest.mark.parametrize("dark", [True, False])
def test_dark_and_light(server: PageServer, browser: Any, dark: bool) -> None:
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]"
    with opened(browser, server.page("upscaler"), dark=dark) as page:
        settled(page)
        assert (page.evaluate(ground) < 60) is dark
    with opened(browser, server.page("upscaler", f"theme={'light' if dark else 'dark'}"), dark=dark) as page:
        settled(page)
        assert (page.evaluate(ground) < 60) is not dark


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("after=gone&lang=en", "This picture is no longer there. Make it once more."),
        ("before=small&after=gone&lang=ko", "이 그림은 더 이상 없습니다. 다시 만들어 주세요."),
        ("after=broken&lang=en", "The picture is broken and cannot be shown."),
        ("after=..%2Fx&lang=en", "This is not a picture of the webui."),
    ],
)
def test_a_fault_is_one_sentence(server: PageServer, browser: Any, query: str, sentence: str) -> None:
    with opened(browser, server.page("upscaler", query), complaints=("404",)) as page:
        page.wait_for_selector("#note[data-kind=fault]")
        assert page.inner_text("#note") == sentence
        assert not page.locator("#stage").is_visible()


def test_a_vast_picture_comes_reduced(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("upscaler", "before=small&after=vast&lang=en")) as page:
        settled(page)
        assert page.inner_text("#sizes") == "Before 160×120 → after 20000×15000"
        assert page.locator("#reduced").is_visible()
        assert pixel(page, 600, 250)[2] >= 190
        assert f"{PICTURES}/vast?longest=4096" in server.asked
