"""Teaching in the tab, in a real browser: pictures in, a LoRA out, and what goes on meanwhile."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny
from atelier_concept_lock.teach.crops import Source, bucket_of, buckets, fitted
from atelier_core.geometry import Extent
from chromium import drawn, opened
from embedded_app import GRADIO, started
from lesson_files import pictured
from page_server import PAGES, PageServer, serving
from PIL import Image
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect

import dollhouse

TAG = "#atelier_concept_lock_teach"
LONG = 120_000  # ms
PATH = re.compile(r"^M0\.0,[\d.]+(L[\d.]+,[\d.]+){5}$")  # of six steps
SIZES = ((80, 72), (60, 90))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("teaching")
    tiny.tiny_sd15(made / "models" / "Stable-diffusion" / "tiny.safetensors")
    for n, size in enumerate(SIZES, 1):
        pictured(n, *size).save(made / f"{n}.png")
    return made


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    with started(root, OMP_NUM_THREADS="1", LANG="C") as app:
        yield app.url


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f"{TAG}_{name} textarea, {TAG}_{name} input").first
    field.fill(value)
    field.blur()


def to_teaching(page: Page) -> tuple[FrameLocator, FrameLocator]:
    """The pages of the pictures and of the lesson."""
    page.get_by_role("tab", name="Concept lock").click()
    page.locator(TAG).get_by_text("Teach a concept from a few pictures").click()
    frames = [page.frame_locator(f"{TAG}_{name} iframe") for name in ("view", "lesson_view")]
    for frame in frames:
        expect(frame.locator("html[data-ready]")).to_be_attached(timeout=LONG)
    page.locator(f"{TAG}_view").evaluate("view => view.scrollIntoView()")
    return frames[0], frames[1]


def post(url: str, verb: str, **body: Any) -> Any:
    asked = urllib.request.Request(f"{url}/atelier/v1/concept-lock/{verb}", json.dumps(body).encode())
    with urllib.request.urlopen(asked, timeout=60) as answer:
        return json.loads(answer.read())


def test_pictures_go_in_and_a_lora_comes_out_and_into_a_region(browser: Browser, url: str, root: Path) -> None:
    with opened(browser, url, size=(1280, 1400), complaints=GRADIO) as page:
        album, lesson = to_teaching(page)
        album.locator("#file").set_input_files([root / "1.png", root / "2.png"])
        expect(album.locator("#strip li")).to_have_count(2)
        album.get_by_label("Caption", exact=True).fill("red")
        for name, value in {"name": "doll", "noun": "woman", "rank": "4", "steps": "6", "size": "64"}.items():
            fill(page, name, value)
        fill(page, "prior", "0")
        expect(album.locator("#panel")).to_contain_text("Taught at 64 × 64; 10 % is cut off.")  # 80 x 72
        page.locator(f"{TAG}_estimate_first").click()
        expect(page.locator(f"{TAG}_said")).to_contain_text("GB of memory", timeout=LONG)
        page.locator(f"{TAG}_run_first").click()
        expect(lesson.locator("#taught")).to_contain_text("doll.safetensors", timeout=LONG)
        expect(lesson.locator("#taught")).to_contain_text("Call it “doll woman”")
        expect(lesson.locator("#stands")).to_contain_text("At its end · step 6 of 6", timeout=LONG)
        expect(lesson.locator("#curve path.line")).to_have_attribute("d", PATH)
        assert lesson.locator("#taught img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
        lesson.get_by_role("button", name="Use in region 2").click()
        expect(lesson.locator(".toast")).to_contain_text("Region 2 uses “doll” now.", timeout=LONG)
        expect(page.locator("#atelier_concept_lock_file1_0 input")).to_have_value("doll", timeout=LONG)
        expect(page.locator("#atelier_concept_lock_triggers1_0 textarea")).to_have_value("doll woman")
        if shot := os.environ.get("ATELIER_SHOT"):
            page.screenshot(path=shot, full_page=True)
    made = sorted(path.name for path in (root / "models" / "Lora").glob("doll*"))
    assert made == ["doll.json", "doll.png", "doll.safetensors"]
    record = json.loads((root / "outputs/concept-lock/lessons/doll/lesson.json").read_text("utf-8"))
    assert record["captions"] == ["red", ""]
    kept = root / "outputs/concept-lock/lessons/doll/pictures"
    assert [Image.open(kept / f"00{n}.png").size for n in (0, 1)] == list(SIZES)


def test_a_lesson_that_another_program_began_is_watched_and_steered(browser: Browser, url: str, root: Path) -> None:
    pictures = json.dumps([{"picture": base64.b64encode((root / "1.png").read_bytes()).decode()}])
    given = {"size": 64, "rank": 4, "steps": 100_000, "sample_every": 4, "sample_steps": 2, "prior": 0}
    with opened(browser, url, size=(1280, 1400), complaints=GRADIO) as page:
        _, lesson = to_teaching(page)
        post(url, "teach", name="far", pictures=pictures, **given)
        stands = lesson.locator("#stands")
        expect(stands).to_contain_text("far · Running · step", timeout=LONG)
        expect(lesson.locator("#samples img").first).to_be_visible(timeout=LONG)
        expect(stands).to_contain_text("left", timeout=LONG)
        page.reload()
        _, lesson = to_teaching(page)
        stands = lesson.locator("#stands")
        expect(stands).to_contain_text("far · Running", timeout=LONG)
        length = "path => path.getAttribute('d').length"
        before = lesson.locator("#curve path.line").evaluate(length)
        page.wait_for_function(
            "([before, tag]) => document.querySelector(`${tag} iframe`).contentDocument"
            ".querySelector('path.line').getAttribute('d').length > before",
            arg=[before, f"{TAG}_lesson_view"],
            timeout=LONG,
        )
        lesson.get_by_role("button", name="Pause").click()
        expect(stands).to_contain_text("far · Resting", timeout=LONG)
        lesson.get_by_role("button", name="Resume").click()
        expect(stands).to_contain_text("far · Running", timeout=LONG)
        lesson.get_by_role("button", name="Stop and keep").click()
        expect(lesson.locator("#taught")).to_contain_text("far.safetensors", timeout=LONG)
        lesson.get_by_role("button", name="Forget").click()
        lesson.locator("dialog").get_by_role("button", name="Forget").click()
        expect(stands.filter(has_text="far", visible=True)).to_have_count(0, timeout=LONG)
    assert (root / "models" / "Lora" / "far.safetensors").is_file()
    assert not (root / "outputs/concept-lock/lessons/far").exists()


def test_faces_are_cropped_to_and_people_masked(browser: Browser, url: str) -> None:
    """By the embedded host's own detector, on people of the small world; what it cannot see is said."""
    known = [dollhouse.truth(dollhouse.scene(seed, "test", people=1), 192) for seed in (3, 4)]
    pictures = [np.full((192, 192, 3), 90, np.uint8), *(one.picture for one in known)]
    with opened(browser, url, size=(1280, 1400), complaints=(*GRADIO, "status of 400", "400")) as page:
        album, _ = to_teaching(page)
        album.locator("#file").set_input_files([named(n, Image.fromarray(one)) for n, one in enumerate(pictures)])
        expect(album.locator("#strip li")).to_have_count(3)
        frame = next(one for one in page.frames if one.url.partition("?")[0].endswith("teach/index.html"))
        for button, field, found in (("Crop to the face", "crop", 2), ("Mask the subject", "mask", 2)):
            album.get_by_role("button", name=button).click()
            album.get_by_role("menuitem", name="All pictures").click()
            script = f"atelierAlbum.state().pictures.filter(({{ {field} }}) => {field}).length >= {found}"
            frame.wait_for_function(script, timeout=LONG)
        expect(album.locator(".toast")).to_contain_text("no person was found: 1.")
        state = frame.evaluate("atelierAlbum.state().pictures.map(({ crop, mask }) => ({ crop, mask }))")
    for one, told in zip(known, state[1:], strict=True):
        left, top, right, bottom = (192 * side for side in told["crop"])
        x, y = one.joints[0][0]  # the nose
        assert left < x < right and top < y < bottom and right - left < 150
        painted = np.zeros((192, 192), bool)
        for y_, row in enumerate(told["mask"]["rows"]):
            for start, end in zip(row[::2], row[1::2], strict=True):
                painted[y_, start:end] = True
        joints = one.joints[0][one.visible[0]].round().astype(int).clip(0, 191)
        assert painted[joints[:, 1], joints[:, 0]].mean() > 0.7 and painted.mean() < 0.6


def named(n: int, picture: Image.Image) -> dict[str, Any]:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return {"name": f"{n}.png", "mimeType": "image/png", "buffer": out.getvalue()}


# ---- the page of pictures by itself


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with serving() as server:
        yield server


@pytest.fixture
def album(browser: Browser, server: PageServer, root: Path) -> Iterator[Page]:
    with opened(browser, f"{server.origin}{PAGES}concept-lock/teach/index.html", size=(1100, 700)) as page:
        ready(page)
        page.locator("#file").set_input_files([large(n) for n in range(3)])
        expect(page.locator("#strip li")).to_have_count(3)
        drawn(page)
        yield page


def large(n: int) -> dict[str, Any]:
    return named(n, pictured(n, 600 + 100 * n, 800))


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")
    drawn(page)


def chosen(page: Page) -> dict[str, Any]:
    return page.evaluate("atelierAlbum.chosen()")


def seen(page: Page, x: float, y: float) -> tuple[float, float]:
    place = page.evaluate("place => atelierAlbum.seen(place)", {"x": x, "y": y})
    return place["x"], place["y"]


def drag(page: Page, start: tuple[float, float], *way: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for x, y in way:
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    drawn(page)


def crop_in_pixels(page: Page) -> list[float]:
    found = chosen(page)
    width, height = found["source"]["width"], found["source"]["height"]
    return [side * size for side, size in zip(found["crop"], (width, height, width, height), strict=True)]


def button(page: Page, name: str) -> Locator:
    return page.locator(f"[data-do={name}]").first


@pytest.mark.parametrize("larger", [0, 3])
def test_a_crop_is_drawn_pulled_moved_and_undone(album: Page, larger: int) -> None:
    for _ in range(larger):
        button(album, "larger").click()
    drawn(album)
    pixel = 1 / album.evaluate("atelierAlbum.view().scale")  # of the screen, in the picture's
    album.keyboard.down("Control")  # no shape catches
    drag(album, seen(album, 200, 300), seen(album, 321, 377))
    assert crop_in_pixels(album) == pytest.approx([200, 300, 321, 377], abs=0.5 + pixel / 2)
    drag(album, seen(album, 321, 377), seen(album, 350, 420))
    assert crop_in_pixels(album) == pytest.approx([200, 300, 350, 420], abs=0.5 + pixel)
    album.keyboard.up("Control")
    drag(album, seen(album, 260, 350), seen(album, 290, 330))
    assert crop_in_pixels(album) == pytest.approx([230, 280, 380, 400], abs=0.5 + 2 * pixel)
    for _ in range(3):
        album.keyboard.press("Control+z")
    assert chosen(album)["crop"] is None
    album.keyboard.press("Control+Shift+z")
    assert crop_in_pixels(album)[:2] == pytest.approx([200, 300], abs=0.5 + pixel / 2)


def test_a_shape_of_the_training_catches_a_crop(album: Page) -> None:
    album.get_by_label("Shape of the crop").select_option("448×576")
    left, top, right, bottom = crop_in_pixels(album)
    assert (right - left) / (bottom - top) == pytest.approx(448 / 576, abs=1e-3) and right - left == pytest.approx(600)
    expect(album.locator("#panel")).to_contain_text("Taught at 448 × 576.")
    album.get_by_role("button", name="Whole picture", exact=True).click()
    assert chosen(album)["crop"] is None
    drag(album, seen(album, 50, 50), seen(album, 500, 626))
    left, top, right, bottom = crop_in_pixels(album)
    assert (right - left) / (bottom - top) == pytest.approx(448 / 576, abs=1e-3)  # not 450 / 576
    assert bottom - top == pytest.approx(576, abs=2)


def test_a_crop_stays_with_the_picture_that_it_was_begun_on(album: Page) -> None:
    album.mouse.move(*seen(album, 100, 100))
    album.mouse.down()
    album.mouse.move(*seen(album, 300, 300), steps=4)
    album.keyboard.press("PageDown")
    album.mouse.move(*seen(album, 300, 400), steps=4)
    album.mouse.up()
    assert chosen(album)["crop"] is None
    album.keyboard.press("PageUp")
    assert chosen(album)["crop"] is not None


def test_the_field_of_the_caption_has_that_of_the_picture_at_hand(album: Page) -> None:
    caption = album.get_by_label("Caption", exact=True)
    album.locator("#strip li").last.click()
    caption.fill("of the last")
    album.evaluate("atelierAlbum.history.undo(), atelierAlbum.history.undo()")  # while the field has the focus
    expect(caption).to_have_value("")
    expect(album.locator("#strip li")).to_have_count(0)
    expect(album.locator("#panel .grabber")).to_be_enabled()


VEIL = """async () => {
  const { veilOf } = await import("./overlay.mjs");
  const spans = await import("../spans.mjs");
  const size = { width: 40, height: 30 };
  const first = spans.withShape(spans.blank(size), spans.box({ x: 3, y: 2, width: 9, height: 5 }, size));
  const second = spans.withShape(first, spans.box({ x: 10, y: 6, width: 20, height: 12 }, size));
  return [first, second, first, spans.blank({ width: 7, height: 5 })].map((mask) => {
    const { data } = veilOf(mask).getContext("2d").getImageData(0, 0, mask.width, mask.height);
    const inside = spans.toBytes(mask);
    return inside.every((one, n) => data[4 * n + 3] === (one ? 0 : 165)) && data.length === 4 * inside.length;
  });
}"""


def test_the_veil_lies_on_what_a_mask_leaves_out_stroke_by_stroke(album: Page) -> None:
    assert album.evaluate(VEIL) == [True] * 4


def test_a_mask_is_painted_erased_and_inverted(album: Page) -> None:
    album.keyboard.press("b")
    slider = album.locator("#brush-size")
    slider.evaluate("input => { input.value = 100; input.dispatchEvent(new Event('input')) }")
    drag(album, seen(album, 200, 200), seen(album, 400, 200))
    assert inside(album, 300, 200) and inside(album, 300, 245) and not inside(album, 300, 256)
    album.keyboard.press("e")
    drag(album, seen(album, 300, 100), seen(album, 300, 300))
    assert not inside(album, 300, 200) and inside(album, 230, 200) and inside(album, 370, 200)
    album.get_by_role("button", name="Invert").click()
    assert inside(album, 300, 200) and not inside(album, 230, 200) and inside(album, 20, 20)
    album.get_by_role("button", name="Everything counts").click()
    assert chosen(album)["mask"] is None
    drag(album, seen(album, 300, 300), seen(album, 310, 310))  # erased first: the rest counts
    assert not inside(album, 305, 305) and inside(album, 20, 20)
    for _ in range(5):
        album.keyboard.press("Control+z")
    assert chosen(album)["mask"] is None


def inside(page: Page, x: float, y: float) -> bool:
    found = chosen(page)
    mask, width = found["mask"], found["source"]["width"]
    row = mask["rows"][int(y * mask["width"] / width)]
    return sum(edge <= x * mask["width"] / width for edge in row) % 2 == 1


def test_pictures_by_keys_captions_order_and_a_reload(album: Page) -> None:
    caption = album.get_by_label("Caption", exact=True)
    for text in ("one", "two", "three"):
        caption.fill(text)
        caption.press("Control+Enter")
    assert captions(album) == ["one", "two", "three"]
    album.locator("#strip li").nth(2).click()
    album.keyboard.press("Control+ArrowLeft")
    assert captions(album) == ["one", "three", "two"] and chosen(album)["caption"] == "three"
    album.keyboard.press("Delete")
    assert captions(album) == ["one", "two"] and chosen(album)["caption"] == "two"
    album.locator("#stage").press("PageUp")
    assert chosen(album)["caption"] == "one"
    album.wait_for_timeout(900)  # the autosave writes when nothing has changed for a while
    album.reload()
    ready(album)
    assert captions(album) == ["one", "two"]
    expect(album.locator("#strip li")).to_have_count(2)
    album.keyboard.press("Control+z")
    assert captions(album) == ["one", "three", "two"]


def captions(page: Page) -> list[str]:
    return page.evaluate("atelierAlbum.state().pictures.map(({ caption }) => caption)")


def test_files_that_are_no_pictures_are_counted(album: Page) -> None:
    broken = {"name": "b.png", "mimeType": "image/png", "buffer": large(0)["buffer"][:300]}
    text = {"name": "a.txt", "mimeType": "text/plain", "buffer": b"no picture"}
    album.locator("#file").set_input_files([broken, text, large(1)])
    expect(album.locator(".toast")).to_contain_text("could not be taken as pictures: 2.")
    expect(album.locator("#strip li")).to_have_count(4)
    album.locator("#file").set_input_files([broken])
    expect(album.locator(".toast")).to_have_text("The picture is broken and cannot be shown.")


FATE = """async ([width, height, side]) => {
  const { bucketOf, buckets, keptOf } = await import("./buckets.mjs");
  const bucket = bucketOf({ width, height }, buckets(side));
  return [bucket, keptOf({ x: 0, y: 0, width, height }, bucket)];
}"""


def test_page_and_webui_agree_on_what_is_taught(album: Page) -> None:
    shapes = [(600, 800), (1600, 900), (333, 1000), (1001, 997), (64, 640)]
    for side in (64, 100, 512, 768, 1000, 1024):
        told = album.evaluate("side => import('./buckets.mjs').then(({ buckets }) => buckets(side))", side)
        ours = buckets(side)
        assert sorted((one["width"], one["height"]) for one in told) == sorted(ours)
        for width, height in shapes:
            bucket, kept = album.evaluate(FATE, [width, height, side])
            assert (bucket["width"], bucket["height"]) == bucket_of(Extent(width, height), ours)
            if side > 100:
                continue
            told_sizes = fitted(Source(Image.fromarray(np.zeros((height, width, 3), np.uint8))), ours).sizes
            scale = max(bucket["width"] / width, bucket["height"] / height)
            assert (round(kept["y"] * scale), round(kept["x"] * scale)) == told_sizes[2:4]
