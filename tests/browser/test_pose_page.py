"""The editor of poses and sketches in a real browser: real drags, touch, keys, files; judged by its pose and pixels."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from atelier_pose_editor import document, draw, svg
from PIL import Image

from tests.support.chromium import drawn, opened
from tests.support.page_server import PageServer, serving

LIMBS = [(1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0)]
R_ELBOW, L_WRIST, R_KNEE, L_ANKLE = 3, 7, 9, 13


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as server:
        yield server


def ready(page: Any) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    drawn(page)


def pose(page: Any) -> dict[str, Any]:
    return page.evaluate("atelierEditor.pose()")


def joint(page: Any, index: int, part: str = "body", person: int = 0) -> tuple[float, float]:
    """Where a joint is, in pixels of the picture."""
    found = pose(page)["people"][person][part][index]
    return found["x"], found["y"]


def seen(page: Any, index: int, part: str = "body", person: int = 0) -> tuple[float, float]:
    """Where a joint is in the window."""
    place = page.evaluate("ref => atelierEditor.joint(ref)", {"person": person, "part": part, "index": index})
    return place["x"], place["y"]


def zoom_to(page: Any, percent: int, at: tuple[float, float]) -> None:
    """By the wheel, so that what lies under `at` stays there."""
    page.mouse.move(*at)
    for _ in range(60):
        now = page.evaluate("atelierEditor.view().zoom")
        wanted = percent / 100
        if abs(now / wanted - 1) < 0.002:
            return
        step = max(-300.0, min(300.0, -np.log(wanted / now) / 0.002))
        page.mouse.wheel(0, step)
        page.wait_for_function("old => atelierEditor.view().zoom !== old", arg=now)
    raise AssertionError("the zoom was not reached")


def drag(page: Any, start: tuple[float, float], end: tuple[float, float], steps: int = 6) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=steps)
    page.mouse.up()


def handles(page: Any, kind: str = "") -> int:
    drawn(page)
    return page.locator(f".handle[data-handle^='{kind}']" if kind else ".handle").count()


def lengths(page: Any, person: int = 0) -> list[float]:
    body = pose(page)["people"][person]["body"]
    return [float(np.hypot(body[a]["x"] - body[b]["x"], body[a]["y"] - body[b]["y"])) for a, b in LIMBS]


def option(page: Any, text: str, on: bool) -> None:
    box = page.locator("label.check", has_text=text).locator("input")
    if box.is_checked() != on:
        page.locator("label.check", has_text=text).click()


def openpose(page: Any, text: str) -> None:
    page.evaluate("text => atelierEditor.open(text)", text)


def written(page: Any) -> str:
    """The pose as the page would save it."""
    return page.evaluate(
        "async () => (await import(new URL('document.mjs', location.href))).toText(atelierEditor.pose())"
    )


# ---- a drag


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("percent", [50, 100, 300])
def test_a_joint_lands_where_it_is_let_go(server: PageServer, browser: Any, percent: int, ratio: int) -> None:
    with opened(browser, server.page("pose-editor"), ratio=ratio, size=(1100, 800)) as page:
        ready(page)
        option(page, "Keep the lengths", False)
        x, y = seen(page, L_WRIST)
        zoom_to(page, percent, (x, y))
        for off, way in [((0, 0), (37, -21)), ((3, -2), (-20.5, 14))]:
            x, y = seen(page, L_WRIST)
            before = joint(page, L_WRIST)
            scale = page.evaluate("atelierEditor.view().scale")
            drag(page, (x + off[0], y + off[1]), (x + off[0] + way[0], y + off[1] + way[1]))
            after = joint(page, L_WRIST)
            assert abs(after[0] - (before[0] + way[0] / scale)) <= 0.5
            assert abs(after[1] - (before[1] + way[1] / scale)) <= 0.5
            assert max(abs(a - b) for a, b in zip(seen(page, L_WRIST), (x + way[0], y + way[1]), strict=True)) <= max(
                0.5, 0.06 * scale
            )


def test_limbs_keep_their_lengths_over_many_drags(server: PageServer, browser: Any) -> None:
    random = np.random.default_rng(7)
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        start, first = lengths(page), pose(page)
        for turn in range(200):
            index = int(random.choice([0, 2, 3, 4, 5, 6, 7, 9, 10, 12, 13]))
            x, y = seen(page, index)
            there = np.clip(np.array([x, y]) + random.normal(0, 70, 2), [60, 60], [780, 690])
            drag(page, (x, y), (float(there[0]), float(there[1])), steps=2)
            assert np.abs(np.array(lengths(page)) - start).max() <= 0.5, (turn, index)
        assert pose(page) != first
        for _ in range(200):
            page.keyboard.press("Control+z")
        assert pose(page) == first
        assert page.locator("[data-do=undo]").is_disabled() and not page.locator("[data-do=redo]").is_disabled()


def test_the_elbow_follows_a_hand_with_the_lock_and_stays_without(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        elbow = joint(page, 6)
        x, y = seen(page, L_WRIST)
        drag(page, (x, y), (x + 40, y - 140))
        assert joint(page, 6) != elbow and lengths(page)[5] == pytest.approx(lengths(page)[3], abs=0.5)
        elbow, old = joint(page, 6), lengths(page)
        option(page, "Keep the lengths", False)
        x, y = seen(page, L_WRIST)
        drag(page, (x, y), (x + 50, y + 30))
        assert joint(page, 6) == elbow and abs(lengths(page)[5] - old[5]) > 5


def test_a_pinned_joint_stays(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.mouse.click(*seen(page, L_ANKLE))
        page.keyboard.press("k")
        ankle = joint(page, L_ANKLE)
        x, y = seen(page, 12)
        drag(page, (x, y), (x + 60, y - 30))
        assert joint(page, L_ANKLE) == ankle
        x, y = seen(page, L_ANKLE)
        drag(page, (x, y), (x + 60, y - 30))
        assert joint(page, L_ANKLE) == ankle


def test_a_limb_moves_its_person(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("a")
        first, second = pose(page)["people"]
        (x1, y1), (x2, y2) = seen(page, 8, person=0), seen(page, R_KNEE, person=0)
        scale = page.evaluate("atelierEditor.view().scale")
        middle = ((x1 + x2) / 2, (y1 + y2) / 2)
        drag(page, middle, (middle[0] - 30, middle[1] + 12))
        moved = pose(page)["people"]
        for old, new in zip(first["body"], moved[0]["body"], strict=True):
            assert abs(new["x"] - old["x"] + 30 / scale) <= 0.2 and abs(new["y"] - old["y"] - 12 / scale) <= 0.2
        assert moved[1] == second


def test_marquee_and_frame(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("m")
        xs = [seen(page, n) for n in (9, 10, 12, 13)]
        left, right = min(x for x, _ in xs) - 25, max(x for x, _ in xs) + 25
        drag(page, (left, min(y for _, y in xs) - 20), (right, max(y for _, y in xs) + 12))
        assert handles(page, "scale-") == 8
        old = pose(page)["people"][0]["body"]
        turn = page.locator(".handle[data-handle=turn]").bounding_box()
        at = (turn["x"] + turn["width"] / 2, turn["y"] + turn["height"] / 2)
        drag(page, at, (at[0] + 80, at[1] + 40))
        new = pose(page)["people"][0]["body"]
        assert new[:9] == old[:9] and new[9] != old[9] and new[13] != old[13]
        box = page.locator(".handle[data-handle=scale-se]").bounding_box()
        at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        drag(page, at, (at[0] - 20, at[1] - 20))
        smaller = pose(page)["people"][0]["body"]
        span = [max(p["y"] for p in body[9:14]) - min(p["y"] for p in body[9:14]) for body in (new, smaller)]
        assert span[1] < span[0] - 5


def test_a_turned_view_changes_nothing_of_a_drag(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        option(page, "Keep the lengths", False)
        for _ in range(3):
            page.click("[data-do=turn-right]")
        assert page.evaluate("atelierEditor.view().turn") == pytest.approx(np.pi / 4)
        x, y = seen(page, L_WRIST)
        before, scale = joint(page, L_WRIST), page.evaluate("atelierEditor.view().scale")
        drag(page, (x, y), (x + 40, y))
        after = joint(page, L_WRIST)
        way = 40 / scale / np.sqrt(2)
        assert after == pytest.approx((before[0] + way, before[1] - way), abs=0.5)
        assert seen(page, L_WRIST) == pytest.approx((x + 40, y), abs=0.5)


def test_the_menu_of_a_joint(server: PageServer, browser: Any) -> None:
    def choose(name: str) -> None:
        page.mouse.click(*seen(page, 12), button="right")
        page.get_by_role("menuitem", name=re.compile(f"^{name}")).click()

    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        choose("Hide the limb")
        one = pose(page)["people"][0]
        assert [n for n, j in enumerate(one["body"]) if not j["on"]] == [12, 13]
        assert [n for n, j in enumerate(one["feet"]) if not j["on"]] == [0, 1, 2]
        choose("Show the limb")
        one = pose(page)["people"][0]
        assert all(j["on"] for part in ("body", "feet") for j in one[part])
        x, y = seen(page, L_WRIST)
        drag(page, (x, y), (x + 30, y - 90))
        raised = pose(page)["people"][0]["body"]
        choose("Flip")
        flipped = pose(page)["people"][0]["body"]
        assert flipped[4]["y"] == raised[7]["y"] and flipped[7]["y"] == raised[4]["y"] != flipped[4]["y"]
        assert flipped[4]["x"] < flipped[7]["x"]
        choose("Duplicate")
        choose("Remove the person")
        assert len(pose(page)["people"]) == 1


def test_the_menu_of_the_empty_canvas(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        before, (x, y) = len(pose(page)["people"]), seen(page, R_KNEE)
        page.mouse.click(x - 120, y, button="right")
        page.get_by_role("menuitem", name="Add a person here").click()
        assert len(pose(page)["people"]) == before + 1


def test_a_picture_gives_the_canvas_its_size_until_it_is_removed(server: PageServer, browser: Any) -> None:
    def give(name: str, kind: str, data: bytes) -> None:
        page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})

    out = io.BytesIO()
    Image.new("RGB", (120, 90), "teal").save(out, "PNG")
    body = [30, 15, 1] * 17 + [0, 0, 0]
    one = {"name": "Ann", "colour": "", "on": True, "concept": "", "prompt": "", "body": body}
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        give("p.png", "image/png", out.getvalue())
        page.get_by_role("menuitem", name="Use as the picture").click()
        page.wait_for_function("atelierEditor.pose().width === 120")
        assert pose(page)["people"] == []
        text = {"atelier_pose": 1, "width": 60, "height": 45, "people": [one]}
        give("p.json", "application/json", json.dumps(text).encode())
        page.wait_for_function("atelierEditor.pose().people.length === 1")
        assert (pose(page)["width"], pose(page)["height"]) == (120, 90) and joint(page, 0) == (60, 30)
        assert handles(page) == 17
        page.click("[data-do=size]")
        page.get_by_text("Remove the picture in the layers first.").wait_for()
        page.evaluate("document.getElementById('section-layers').open = true")
        give("p.json", "application/json", json.dumps(text | {"height": 60}).encode())
        page.wait_for_function("atelierEditor.pose().height === 60")
        assert page.evaluate("atelierEditor.state().picture") is None
        page.click("[data-do=undo]")
        assert page.evaluate("atelierEditor.state().picture.height") == 90
        page.get_by_role("button", name="Remove the picture").click()
        assert page.evaluate("atelierEditor.state().picture") is None
        assert page.get_by_role("button", name="Remove the picture").count() == 0


def test_the_length_of_a_limb(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.mouse.click(*seen(page, R_KNEE))
        before = lengths(page)
        slider = page.locator("label.slide", has_text="Length of the limb").locator("input")
        slider.evaluate(
            "(one) => { for (const [value, type] of [[90, 'input'], [60, 'input'], [60, 'change']])"
            "{ one.value = value; one.dispatchEvent(new Event(type)); } }"
        )
        after = lengths(page)
        assert after[7] == pytest.approx(0.6 * before[7], abs=0.3) and after[8] == pytest.approx(before[8], abs=0.3)
        page.evaluate("document.activeElement.blur()")
        page.keyboard.press("Control+z")
        assert lengths(page) == before


def test_between_two_people(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("a")
        first, second = (one["body"][1]["x"] for one in pose(page)["people"])
        page.click("[data-do=presets]")
        page.click("summary:has-text('Between two people')")
        page.fill("input[type=number]", "5")
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save the frames").click()
        frames = json.loads(waiting.value.path().read_bytes())
        xs = [document.from_document(frame).people[0].body[1].x for frame in frames]
        assert xs == pytest.approx(list(np.linspace(first, second, 5)), abs=0.1)


def test_a_locked_layer_is_left_alone(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.evaluate("document.getElementById('section-layers').open = true")
        at = seen(page, L_WRIST)
        page.locator("[data-list=layers] li", has_text="Poses").get_by_role("button", name="Poses: lock").click()
        before = pose(page)
        assert handles(page) == 0
        drag(page, at, (at[0] + 50, at[1]))
        assert pose(page) == before


def test_the_menu_of_a_hand_and_of_a_head(server: PageServer, browser: Any) -> None:
    def flip(index: int, name: str) -> None:
        page.mouse.click(*seen(page, index), button="right")
        page.get_by_role("menuitem", name=name).click()

    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.mouse.click(*seen(page, L_WRIST), button="right")
        assert page.get_by_role("menuitem", name="Flip the hand").count() == 0  # there is none
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Add this part").filter(has_text="left hand").click()
        thumb, wrist = joint(page, 4, "left"), joint(page, L_WRIST)
        flip(L_WRIST, "Flip the hand")
        assert abs(joint(page, 4, "left")[0] - thumb[0]) > 3 and joint(page, L_WRIST) == wrist
        page.mouse.click(*seen(page, 0))
        page.keyboard.press("Shift+ArrowRight")
        nose, (middle, _) = joint(page, 0), joint(page, 1)
        flip(0, "Flip the head")
        assert nose[0] - middle > 5 and joint(page, 0) == pytest.approx((2 * middle - nose[0], nose[1]), abs=0.2)


def test_every_row_has_names_of_its_own(server: PageServer, browser: Any) -> None:
    names = """[...document.querySelectorAll(".rows :is(button:not(.part), input[type=range])[aria-label]")]
        .map((one) => one.getAttribute("aria-label"))"""
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.evaluate("document.getElementById('section-layers').open = true")
        page.keyboard.press("a")
        found = page.evaluate(names)
        assert len(found) > 20 and len(set(found)) == len(found)
        for name in ("Person 2: show or hide", "Reference: show or hide", "Strokes: lock", "Picture: opacity"):
            assert name in found
        page.locator("input.name").first.fill("Ann")
        assert "Ann: show or hide" in page.evaluate(names)


def test_texts_of_several_lines_are_as_high_as_they_are_pulled(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        looks = page.evaluate(
            """() => [document.querySelector(".row textarea"), ...["#options", "dialog"].map((place) => {
                 const field = document.createElement("textarea");
                 field.rows = 4;
                 if (place === "dialog") document.body.append(document.createElement("dialog"));
                 document.querySelector(place).append(field);
                 document.querySelector("dialog")?.show();
                 return field;
               })].map((one) => {
                 const { resize, paddingTop } = getComputedStyle(one);
                 return [resize, paddingTop, one.offsetHeight];
               })"""
        )
        assert [look[:2] for look in looks] == [["vertical", "7px"]] * 3
        assert looks[0][2] >= 52 and looks[1][2] == looks[2][2] > 70


# ---- fingers and keys


def test_fingers_do_the_same(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(390, 844), ratio=2, touch=True) as page:
        ready(page)
        cdp = page.context.new_cdp_session(page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            fingers = [{"x": x, "y": y, "id": n} for n, (x, y) in enumerate(points)]
            cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        start, first = lengths(page), pose(page)
        x, y = seen(page, L_WRIST)
        touch("touchStart", (x, y))
        for step in range(1, 6):
            touch("touchMove", (x + 8 * step, y - 20 * step))
        touch("touchEnd")
        assert joint(page, L_WRIST) != (first["people"][0]["body"][7]["x"], first["people"][0]["body"][7]["y"])
        assert np.abs(np.array(lengths(page)) - start).max() <= 0.5
        moved, zoom = pose(page), page.evaluate("atelierEditor.view().zoom")
        touch("touchStart", (150, 300), (240, 300))
        for grown in (10, 30, 50):
            touch("touchMove", (150 - grown, 300), (240 + grown, 300))
        touch("touchEnd")
        assert page.evaluate("atelierEditor.view().zoom") > 1.5 * zoom and pose(page) == moved
        page.tap(".head [data-do=undo]")
        assert pose(page) == first
        x, y = seen(page, R_KNEE)
        touch("touchStart", (x, y))
        page.wait_for_selector("[role=menu]")
        touch("touchEnd")
        assert page.get_by_role("menuitem", name="Pin").is_visible()


def test_the_keyboard_alone(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        option(page, "Keep the lengths", False)
        handle = page.get_by_role("button", name="right elbow", exact=True)
        handle.focus()
        x, y = joint(page, R_ELBOW)
        for key, way in [("ArrowLeft", (-1, 0)), ("Shift+ArrowDown", (0, 10)), ("ArrowRight", (1, 0))]:
            page.keyboard.press(key)
            x, y = x + way[0], y + way[1]
            assert joint(page, R_ELBOW) == pytest.approx((x, y), abs=0.05)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "right wrist"
        page.keyboard.press("Delete")
        assert pose(page)["people"][0]["body"][4]["on"] is False
        page.keyboard.press("Delete")
        assert pose(page)["people"][0]["body"][4]["on"] is True
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+z")
        page.keyboard.press("Control+Shift+z")
        page.keyboard.press("d")  # means nothing
        page.keyboard.press("Control+d")
        assert len(pose(page)["people"]) == 2
        page.keyboard.press("Control+Delete")
        assert len(pose(page)["people"]) == 1


# ---- what is shown


def canvas(page: Any) -> np.ndarray:
    drawn(page)
    url = page.evaluate("canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))


def full(width: int, height: int, count: int, seed: int) -> str:
    """A document of people with hands, faces and feet, some joints hidden or outside."""
    random = np.random.default_rng(seed)
    people = []
    for n in range(count):
        where = random.uniform([0.1 * width, 0.1 * height], [0.9 * width, 0.9 * height])

        def part(size: int, spread: float, where: np.ndarray = where) -> list[float]:
            points = where + random.normal(0, spread, (size, 2))
            shown = random.random(size) < 0.9
            return [float(v) for p, on in zip(points.round(1), shown, strict=True) for v in (p[0], p[1], int(on))]

        body, feet = part(18, 0.2 * height), part(6, 30)
        people.append(
            {
                "name": f"P{n}",
                "colour": "#e6a23c",
                "on": n != 1,
                "concept": "",
                "prompt": "",
                "body": body,
                "feet": feet,
            }
            | {"left": part(21, 25), "right": part(21, 25), "face": part(70, 30)}
        )
    return json.dumps({"atelier_pose": 1, "width": width, "height": height, "people": people})


def test_the_map_is_the_one_that_python_draws(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 900)) as page:
        ready(page)
        for seed in range(3):
            openpose(page, full(601, 443, 4, seed))
            page.keyboard.press("Escape")
            page.keyboard.press("Escape")
            if page.get_attribute("[data-do=map]", "aria-pressed") == "false":
                page.click("[data-do=map]")
            page.focus("#stage")
            page.keyboard.press("1")
            pixels = canvas(page)
            view = page.evaluate("atelierEditor.view()")
            left, top = int(view["x"] + 0.5), int(view["y"] + 0.5)
            expected = draw.map_of(document.from_text(written(page)))
            assert expected.any()
            assert np.array_equal(pixels[top : top + 443, left : left + 601], expected)


def test_hands_and_faces_get_handles_when_they_are_large(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        count = handles(page)
        assert count == 24
        page.get_by_role("button", name="Add this part").filter(has_text="left hand").click()
        assert handles(page) == count + 21
        assert page.get_by_role("button", name="left hand: thumb 4").count() == 1
        x, y = seen(page, 4, "left")
        drag(page, (x, y), (x + 9, y - 7))
        page.get_by_role("button", name="Show the handles of this part").filter(has_text="left hand").click()
        assert handles(page) == count
        zoom_to(page, 400, seen(page, 9, "left"))
        assert handles(page) == count + 21


def test_strokes_are_drawn_and_taken_back_to_the_pixel(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.keyboard.press("b")
        clean = canvas(page)
        drag(page, (300, 300), (420, 380), steps=12)
        inked = canvas(page)
        assert (inked != clean).any(axis=-1).sum() > 200
        page.keyboard.press("e")
        drag(page, (360, 300), (360, 420), steps=12)
        erased = canvas(page)
        assert (erased != inked).any()
        page.keyboard.press("Control+z")
        assert np.array_equal(canvas(page), inked)
        page.keyboard.press("Control+z")
        assert np.array_equal(canvas(page), clean)
        page.keyboard.press("Control+Shift+z")
        assert np.array_equal(canvas(page), inked)


# ---- files, memory, languages


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.json", "{"),
        ("b.json", "[" * 100000),
        ("c.json", '{"people": [{"pose_keypoints_2d": [1e99, 0, 1]}], "canvas_width": 10, "canvas_height": 10}'),
        ("d.json", json.dumps({"atelier_pose": 1, "width": 9, "height": 9, "people": [{}] * 10000})),
        ("e.json", json.dumps({"atelier_pose": 1, "width": 9e9, "height": 9, "people": []})),
    ],
)
def test_a_bad_file_is_a_sentence(server: PageServer, browser: Any, name: str, text: str) -> None:
    with opened(browser, server.page("pose-editor")) as page:
        ready(page)
        before = pose(page)
        assert page.locator(".said[role=status]").count() == 1  # a screen reader knows it before it says something
        page.set_input_files("#file", {"name": name, "mimeType": "application/json", "buffer": text.encode()})
        page.wait_for_selector(".said .toast")
        assert re.fullmatch(r"[A-Z][^{}]*\.", page.inner_text(".toast"))
        assert pose(page) == before and page.locator("[data-do=undo]").is_disabled()


def test_a_file_comes_in_and_goes_out(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor")) as page:
        ready(page)
        given = full(601, 443, 2, 5)
        page.set_input_files("#file", {"name": "p.json", "mimeType": "application/json", "buffer": given.encode()})
        page.wait_for_function("atelierEditor.pose().width === 601")
        for kind in ("Pose (JSON)", "OpenPose JSON", "Map (PNG)", "Map (SVG)"):
            page.click("[data-do=export]")
            with page.expect_download() as waiting:
                page.get_by_role("menuitem", name=kind, exact=True).click()
            content = waiting.value.path().read_bytes()
            if kind == "Pose (JSON)":
                assert document.from_text(content.decode()) == document.from_text(given)
            if kind == "OpenPose JSON":
                assert json.loads(content)["canvas_width"] == 601
            if kind == "Map (PNG)":
                drawn_ = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
                assert np.array_equal(drawn_, draw.map_of(document.from_text(given)))
            if kind == "Map (SVG)":
                back = svg.from_svg(content)
                for ours, theirs in zip(back.people, document.from_text(given).people, strict=True):
                    assert [part for _, part in ours.parts()] == [part for _, part in theirs.parts()]


def test_a_reload_restores_the_work_and_its_history(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        first = pose(page)
        x, y = seen(page, R_KNEE)
        drag(page, (x, y), (x - 30, y - 20))
        moved = pose(page)
        assert moved != first
        page.wait_for_timeout(900)  # the memory is written a moment after the last change
        page.reload()
        ready(page)
        assert pose(page) == moved and page.evaluate("atelierEditor.state().picture.blob.size") > 1000
        page.keyboard.press("Control+z")
        assert pose(page) == first


def test_two_tabs_on_one_work_are_warned(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        other = page.context.new_page()
        other.goto(server.page("pose-editor"))
        ready(other)
        other.keyboard.press("a")
        page.wait_for_selector(".toast")
        assert "another tab" in page.inner_text(".toast")
        other.close()


def test_in_korean(server: PageServer, browser: Any) -> None:
    latin = """() => {
      const seen = [];
      const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      while (walk.nextNode()) seen.push(walk.currentNode.textContent);
      for (const one of document.querySelectorAll("[aria-label], [placeholder], [title]"))
        seen.push(...["aria-label", "placeholder", "title"].map((name) => one.getAttribute(name) ?? ""));
      return seen.filter((text) => /[A-Za-z]{3}/.test(text.replace(/Ctrl|Delete|PgUp|PgDn|xinsir|SDXL/g, "")));
    }"""
    with opened(browser, server.page("pose-editor", "lang=ko"), size=(1100, 800)) as page:
        ready(page)
        assert page.title() == "포즈와 스케치"
        for section in ("library", "layers"):
            page.evaluate(f"document.getElementById('section-{section}').open = true")
        page.wait_for_selector(".cards button")
        for part in ("왼손", "얼굴"):
            page.get_by_role("button", name="이 부분 추가").filter(has_text=part).click()
        page.mouse.click(*seen(page, R_KNEE), button="right")
        page.wait_for_selector("[role=menu]")
        assert page.evaluate(latin) == []
        assert page.get_attribute("#handles > g", "aria-label") == "조절점"
        assert re.fullmatch(r"\d+ %: 100%로 보기", page.get_attribute("#zoom", "aria-label"))


@pytest.mark.parametrize("dark", [True, False])
def test_a_phone_has_a_sheet_and_both_looks(server: PageServer, browser: Any, dark: bool) -> None:
    with opened(browser, server.page("pose-editor"), size=(390, 844), touch=True, dark=dark) as page:
        ready(page)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
        assert (ground < 60) is dark and not page.locator("#panel").is_visible()
        page.tap(".head [data-do=panel]")
        sheet, tools = page.locator("#panel").bounding_box(), page.locator(".column").bounding_box()
        assert sheet["width"] == 390 and sheet["height"] < 500
        assert abs(sheet["y"] + sheet["height"] - tools["y"]) <= 1 and tools["y"] + tools["height"] == 844
        small = page.evaluate("""[...document.querySelectorAll(".head button, .column button, .side button")]
            .filter((one) => one.offsetParent && (one.offsetWidth < 40 || one.offsetHeight < 44)
                && !one.matches(".grabber, .tabs button")).map((one) => one.title || one.textContent)""")
        assert small == []


def test_presets_are_found_and_fitted(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        page.click("[data-do=presets]")
        page.wait_for_selector(".cards button")
        every = page.locator(".cards button").count()
        page.fill("#library input[type=search]", "앉")
        assert 0 < page.locator(".cards button").count() < every
        before = pose(page)
        page.locator(".cards button").first.click()
        after = pose(page)
        assert after["people"][0]["body"] != before["people"][0]["body"]
        assert abs(np.hypot(*(np.subtract(joint(page, 10), joint(page, 9))))) > 5
        page.keyboard.press("Control+z")
        assert pose(page) == before and page.locator("[data-do=undo]").is_disabled()


def part_seen(page: Any, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the canvas shows in its middle at 100 %, and the same part of a map."""
    pixels, view = canvas(page), page.evaluate("atelierEditor.view()")
    middle, size = (pixels.shape[0] // 2, pixels.shape[1] // 2), 250
    left, top = (middle[1] - size - int(view["x"] + 0.5), middle[0] - size - int(view["y"] + 0.5))
    shown = pixels[middle[0] - size : middle[0] + size, middle[1] - size : middle[1] + size]
    return shown, whole[top : top + 2 * size, left : left + 2 * size]


def flat(pixels: np.ndarray) -> np.ndarray:
    """Where the colour is the same for two pixels around: edges may be softer in what is traced."""
    padded = np.pad(pixels, ((2, 2), (2, 2), (0, 0)), mode="edge")
    height, width = pixels.shape[:2]
    around = [padded[y : y + height, x : x + width] for y in range(5) for x in range(5)]
    return np.all([(one == pixels).all(axis=-1) for one in around], axis=0)


def test_a_vast_canvas_with_many_people(server: PageServer, browser: Any) -> None:
    with opened(browser, server.page("pose-editor"), size=(1100, 800)) as page:
        ready(page)
        openpose(page, full(8192, 8192, 20, 3))
        assert len(pose(page)["people"]) == 20
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.click("[data-do=map]")
        page.focus("#stage")
        page.keyboard.press("1")
        drawn(page)
        page.wait_for_timeout(300)
        traced, expected = part_seen(page, draw.map_of(document.from_text(written(page))))
        for whole in (flat(expected) & expected.any(axis=-1), flat(expected) & ~expected.any(axis=-1)):
            assert whole.sum() > 1000
            assert (np.abs(traced.astype(int) - expected).max(axis=-1) > 8)[whole].mean() < 0.002
        before = joint(page, 3)
        page.evaluate("atelierEditor.select({person: 0, part: 'body', index: 3})")
        page.focus("#stage")
        page.keyboard.press("ArrowRight")
        assert joint(page, 3) != before
