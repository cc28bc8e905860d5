import re
from pathlib import Path

import gradio as gr
import pytest
from atelier_core import units
from atelier_core.api.pictures import store
from atelier_core.errors import UserError
from atelier_core.hosts.fake import FakeHost
from atelier_core.ui import tabs
from atelier_upscaler import panel, run
from atelier_upscaler.options import UpscaleArgs
from PIL import Image

HOME = Path(__file__).parents[2] / "extensions" / "upscaler"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    assert units.load(HOME) is not None
    return FakeHost(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> str:
    Image.new("RGB", (20, 10), "teal").save(tmp_path / "small.png")
    return str(tmp_path / "small.png")


def values(**more: object) -> list[object]:
    args = UpscaleArgs(**more)
    return [getattr(args, name) for name in panel.NAMES]


def test_the_tab_is_built_with_every_option(host: FakeHost) -> None:
    block, title, elem_id = tabs.tab(units.loaded.units["upscaler"], host)
    ids = {component.elem_id for component in block.blocks.values() if getattr(component, "elem_id", None)}
    assert (title, elem_id) == ("Upscaler", "atelier_upscaler")
    assert {f"atelier_upscaler_{name}" for name in panel.NAMES} <= ids
    assert all(one.startswith("atelier_upscaler") for one in ids)


def test_a_run_shows_both_pictures_and_the_file(host: FakeHost, small: str) -> None:
    page, lines = panel._run(host, [small], "", *values(factor=3.0))
    before, after = re.findall(r"&quot;(?:before|after)&quot;: &quot;([\w-]{22})&quot;", page)
    assert store.get(before) == Path(small)
    assert Image.open(store.get(after)).size == (60, 30)
    assert "00001-small.png" in lines and "60 × 30" in lines


def test_several_pictures_and_a_bad_one(host: FakeHost, small: str, tmp_path: Path) -> None:
    bad = tmp_path / "<b>.png"
    bad.write_bytes(b"")
    _, lines = panel._run(host, [small, str(bad), small], "", *values())
    assert lines.count("atelier-result") == 2
    assert "&lt;b&gt;: The file is empty." in lines


def test_without_a_picture_it_says_so(host: FakeHost) -> None:
    with pytest.raises(UserError, match="Choose a picture first"):
        panel._run(host, None, "", *values())


def test_settings_come_back_from_a_result(host: FakeHost, small: str) -> None:
    args = UpscaleArgs(target="size", width=64, height=48, fit="crop", tile=96, format="tiff")
    done = run.upscale_file(host, panel.picture.read(Path(small)), args, "x")
    *restored, said = panel._restored(host, [str(done.path)], "")
    assert said == ""
    assert [update["value"] for update in restored] == [getattr(args, name) for name in panel.NAMES]
    assert "carries no settings" in panel._restored(host, [small], "")[-1]


def test_opening_says_what_is_wrong(host: FakeHost, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"not a picture")
    page, said = panel._opened(host, [str(tmp_path / "no.png")], "")
    assert "atelier-error" in said and "before" not in page


def test_the_extras_entry_is_off_until_switched_on(host: FakeHost) -> None:
    image = Image.new("RGB", (20, 10))
    with gr.Blocks():
        controls = panel.EXTRAS.controls(host)
    off = {name: getattr(control, "value", None) for name, control in controls.items()}
    assert panel.EXTRAS.process(host, image, dict(off)) == (image, {})
    made, info = panel.EXTRAS.process(host, image, {**off, "on": True, "model": "Lanczos", "factor": 2})
    assert made.size == (40, 20) and info["Atelier upscale factor"] == "2.0"
