"""The web app around the embedded host: routes, panels, and the page in a browser."""

import os
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import chromium
import httpx
import numpy as np
import pytest
import tiny
import uvicorn
from atelier_core import units
from atelier_core.api.pictures import store
from atelier_core.errors import UserError
from atelier_core.hosts.embedded import browse, drawing, page
from atelier_core.hosts.embedded.app import make_app
from atelier_core.hosts.embedded.host import EmbeddedHost
from PIL import Image


@dataclass
class Site:
    host: EmbeddedHost
    url: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tiny.tiny_root(tmp_path_factory.mktemp("site"))
    host = EmbeddedHost(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", os.fspath(root / "temporary"))
        app = make_app(host, units.load_all(page.PACK / "extensions"))
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.05)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield Site(host, f"http://127.0.0.1:{port}")
        server.should_exit = True
        thread.join(30)


VALUES: dict[str, Any] = {
    "prompt": "a red house",
    "negative": "",
    "sampler": "Euler",
    "scheduler": "Automatic",
    "steps": 2,
    "width": 64.0,
    "height": 48.0,
    "count": 1,
    "batch": 1,
    "cfg": 5,
    "seed": 7,
    "control": "",
    "map": None,
    "weight": 1.0,
}


def drawn(host: EmbeddedHost, tab: drawing.Tab, **change: Any) -> tuple[list[str], int, str]:
    values = VALUES | change
    gallery, seed, said = drawing.draw(host, tab, tuple(values), (), *values.values())
    return gallery["value"], seed, said


def test_the_page_leaves_without_links_to_other_servers(site: Site) -> None:
    answer = httpx.get(site.url)
    assert answer.status_code == 200 and "default-src 'self'" in answer.headers["content-security-policy"]
    assert not re.search(r"<(script|link)[^>]*https?://", answer.text)
    for name in re.findall(r'(?:src|href)=\\?"(atelier/page/[^"\\]+)', answer.text):
        assert httpx.get(f"{site.url}/{name}").status_code == 200
    assert {"page.js", "painter.js", "atelier.mjs", "page.css"} <= set(
        re.findall(r"atelier/page/([\w.]+)", answer.text)
    )


def test_only_known_files_are_served(site: Site) -> None:
    for name in ("config.json", "..%2f..%2fhost.py", "%2e%2e/host.py", "tokenizer.py"):
        assert httpx.get(f"{site.url}/atelier/page/{name}").status_code == 404


def test_the_routes_of_the_units_answer_on_the_same_server(site: Site) -> None:
    paths = httpx.get(f"{site.url}/openapi.json").json()["paths"]
    assert any(path.startswith("/atelier/v1/upscaler/") for path in paths)
    refused = httpx.get(f"{site.url}/atelier/v1/core/pictures/{'x' * 22}", headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403


def test_progress_tells_running_waiting_done_and_unknown(site: Site) -> None:
    queue = site.host.queue

    def ask(task: str) -> dict[str, Any]:
        return httpx.post(f"{site.url}/internal/progress", json={"id_task": task, "id_live_preview": -1}).json()

    with queue.task("task(1)"), queue.working("Drawing") as work:
        waiting = threading.Thread(target=_pass, args=(site.host, "task(2)"))
        waiting.start()
        while queue.place("task(2)") is None:
            time.sleep(0.01)
        work.step(3, 12, "half way")
        work.preview(Image.new("RGB", (16, 8), "red"))
        one, two = ask("task(1)"), ask("task(2)")
    waiting.join(10)
    assert one["active"] and one["progress"] == 0.25 and one["textinfo"] == "half way"
    assert one["live_preview"].startswith("data:image/png;base64,")
    assert two["queued"] and not two["active"] and "1" in two["textinfo"]
    assert ask("task(1)")["completed"] and ask("task(2)")["completed"]
    assert ask("task(3)") == {"active": False, "queued": False, "completed": False}


def _pass(host: EmbeddedHost, task: str) -> None:
    with host.queue.task(task):
        pass


def test_drawing_saves_the_picture_with_its_parameters(site: Site) -> None:
    (path,), seed, said = drawn(site.host, "txt2img")
    assert seed == 7 and "Seed: 7" in said
    with Image.open(path) as picture:
        assert picture.size == (64, 48) and picture.info["parameters"].startswith("a red house\nSteps: 2, ")
    saved = sorted((site.host.root / "outputs" / "txt2img-images").glob("*-7.png"))
    assert saved and str(saved[0]) in browse.newest(site.host)


def test_inpainting_from_the_panel_keeps_what_is_not_painted(site: Site) -> None:
    init = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8))
    mask = Image.new("L", (64, 48))
    mask.paste(255, (0, 0, 24, 48))
    key = store.put(_png(mask))
    change = {"mode": "inpaint", "init": None, "painted": init, "mask": key, "fill": "noise", "blur": 0, "denoise": 1.0}
    (path,), _, _ = drawn(site.host, "img2img", **change)
    made = np.asarray(Image.open(path), int)
    assert (made[:, 24:] == np.asarray(init)[:, 24:]).all() and (made[:, :24] != np.asarray(init)[:, :24]).any()
    for lack, sentence in (({"mask": ""}, "Paint over"), ({"painted": None}, "start picture")):
        with pytest.raises(UserError, match=sentence):
            drawn(site.host, "img2img", **(change | lack))


def _png(picture: Image.Image) -> bytes:
    from io import BytesIO

    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def test_parameters_are_read_back_from_an_infotext(site: Site) -> None:
    job = drawing.job_of(site.host, "txt2img", VALUES | {"prompt": "a cat\nin two lines", "negative": "dog, fog"})
    text = site.host.generate(job).infotexts[0]
    names = ("prompt", "negative", "steps", "sampler", "scheduler", "cfg", "seed", "width", "height")
    assert drawing.pasted(names, text) == ["a cat\nin two lines", "dog, fog", 2, "Euler", "Uniform", 5, 7, 64, 48]
    alone = drawing.pasted(names, "only words")
    assert alone[0] == "only words" and all("value" not in update for update in alone[1:])


def test_every_setting_is_on_the_page_once(site: Site) -> None:
    shown = [setting.key for _, group in browse.groups(site.host) for setting in group]
    assert sorted(shown) == sorted(s.key for s in site.host.config.declared if s.key != browse.ON_TOP)
    assert "class=" in browse.kept(site.host, {"atelier_embedded_precision": "fp8"})
    assert site.host.settings["atelier_embedded_precision"] == "auto"


def test_a_unit_that_is_off_has_no_tab_and_no_routes(tmp_path: Path) -> None:
    host = EmbeddedHost(tmp_path)
    host.config.keep({"atelier_upscaler_on": False})
    app = make_app(host, units.load_all(page.PACK / "extensions"))
    paths = [getattr(route, "path", "") for route in app.routes]
    assert not any(path.startswith("/atelier/v1/upscaler") for path in paths)
    assert any(path.startswith("/atelier/v1/core") for path in paths)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium.launched() as found:
        yield found


def set_number(view: Any, elem_id: str, value: int) -> None:
    view.fill(f"#{elem_id} input[type=number]", str(value))
    view.press(f"#{elem_id} input[type=number]", "Tab")


def test_a_creator_draws_stops_and_paints(site: Site, browser: Any) -> None:
    with chromium.opened(browser, site.url, size=(1280, 1000)) as view:
        view.wait_for_selector("#txt2img_generate")
        view.fill("#txt2img_prompt textarea", "a red house")
        for name, value in (("steps", 3), ("width", 64), ("height", 64)):
            set_number(view, f"txt2img_{name}", value)
        view.press("#txt2img_prompt textarea", "Control+Enter")
        view.wait_for_selector("#html_info_txt2img :text('Steps: 3')", timeout=60_000)
        view.wait_for_selector("#txt2img_gallery img")

        set_number(view, "txt2img_steps", 150)
        set_number(view, "txt2img_width", 512)
        view.click("#txt2img_generate")
        view.wait_for_selector(".atelier-live-preview", timeout=60_000)
        view.click("#txt2img_interrupt")
        view.wait_for_selector("#html_info_txt2img .atelier-error", timeout=60_000)
        view.wait_for_selector(".atelier-progress", state="detached")

        view.click("#txt2img_to_inpaint")
        painter = view.wait_for_selector(".atelier-painter", timeout=30_000)
        view.wait_for_timeout(500)
        box = painter.bounding_box()
        view.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] / 2)
        view.mouse.down()
        view.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] / 2, steps=4)
        view.mouse.up()
        view.wait_for_function("document.querySelector('#img2img_mask textarea').value.length > 10")
        mask = np.asarray(Image.open(store.get(view.input_value("#img2img_mask textarea"))).convert("L"))
        assert mask.shape == (64, 64) and mask[32, 28] == 255 and mask[4, 4] == 0
        set_number(view, "img2img_steps", 2)
        view.click("#img2img_generate")
        view.wait_for_selector("#html_info_img2img :text('Masked content')", timeout=60_000)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(site: Site, browser: Any, width: int) -> None:
    with chromium.opened(browser, site.url, size=(width, 900), touch=width < 500) as view:
        view.wait_for_selector("#txt2img_generate")
        view.wait_for_timeout(500)
        assert view.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
