"""Teaching in the tab, in a real browser: pictures in, a LoRA out."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from chromium import launched, opened
from embedded_app import GRADIO, started
from lesson_files import pictured
from playwright.sync_api import Page, expect

TAG = "#atelier_concept_lock_teach"
LONG = 120_000  # ms


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("teaching")
    tiny.tiny_sd15(made / "models" / "Stable-diffusion" / "tiny.safetensors")
    for n in (1, 2):
        pictured(n).save(made / f"{n}.png")
    return made


@pytest.fixture(scope="module")
def url(root: Path) -> Iterator[str]:
    with started(root, OMP_NUM_THREADS="1", LANG="C") as app:
        yield app.url


def fill(page: Page, name: str, value: str) -> None:
    field = page.locator(f"{TAG}_{name} textarea, {TAG}_{name} input").first
    field.fill(value)
    field.blur()


def test_pictures_go_in_and_a_lora_comes_out(url: str, root: Path) -> None:
    with launched() as browser, opened(browser, url, size=(1280, 1400), complaints=GRADIO) as page:
        page.get_by_role("tab", name="Concept lock").click()
        page.locator(TAG).get_by_text("Teach a concept from a few pictures").click()
        page.locator(f"{TAG}_files input[type=file]").set_input_files([root / "1.png", root / "2.png"])
        expect(page.locator(f"{TAG}_files").get_by_role("button", name="Remove this file")).to_have_count(2)
        fill(page, "captions", "red\nblue")
        for name, value in {"name": "doll", "noun": "woman", "rank": "4", "steps": "6", "size": "64"}.items():
            fill(page, name, value)
        fill(page, "prior", "0")
        page.locator(f"{TAG}_estimate").click()
        expect(page.locator(f"{TAG}_said")).to_contain_text("GB of memory", timeout=LONG)
        page.locator(f"{TAG}_run").click()
        expect(page.locator(f"{TAG}_said")).to_contain_text("doll.safetensors is ready", timeout=LONG)
        expect(page.locator(f"{TAG}_shown svg polyline")).to_have_count(1)
        expect(page.locator(f"{TAG}_shown")).to_contain_text("step 6 of 6")
        page.locator(f"{TAG}_look").click()
        expect(page.locator(f"{TAG}_lesson input")).to_have_value("doll")
        if shot := os.environ.get("ATELIER_SHOT"):
            page.screenshot(path=shot, full_page=True)
    assert sorted(path.name for path in (root / "models" / "Lora").iterdir()) == [
        "doll.json",
        "doll.png",
        "doll.safetensors",
    ]
