"""The pose editor's panel on the fake host: what a look sets, what a file brings, what an accordion is given back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from atelier_core.geometry import Extent
from atelier_core.hosts.fake import FakeHost
from atelier_core.ui import tabs
from atelier_core.ui.widgets import NOTHING
from atelier_core.units import load
from atelier_pose_editor import document, looks, panel, run
from atelier_pose_editor.skeleton import Joint, Person, Pose
from PIL import Image

PACK = Path(__file__).parents[2]
POSE = Pose(Extent(64, 96), (Person(tuple(Joint(10.0 + 2 * i, 9.0 + i * i / 5) for i in range(18)), name="Ann"),))


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    load(PACK / "extensions" / "pose-editor")
    return FakeHost(tmp_path)


def value(update: Any) -> Any:
    return update.get("value") if isinstance(update, dict) else update


def test_the_panel_and_its_accordions_are_built(host: FakeHost) -> None:
    with gr.Blocks() as block:
        panel.build(host)
        made = [panel.ALWAYS.controls(host, tab) for tab in ("txt2img", "img2img")]
    ids = [one.elem_id for one in block.blocks.values() if getattr(one, "elem_id", None)]
    assert len(ids) == len(set(ids)) and "atelier_pose_editor_state" in ids
    assert [list(one) for one in made][0][:5] == ["on", "page", "hint", "state", "preset"]


def test_lists_have_a_value_for_nothing_that_every_gradio_shows(host: FakeHost) -> None:
    with gr.Blocks() as block:
        panel.build(host)
        panel.ALWAYS.controls(host, "txt2img")
    lists = [one for one in block.blocks.values() if isinstance(one, gr.Dropdown)]
    assert len(lists) > 6 and all(one.value for one in lists)
    values = {"on": False, "pose_model": NOTHING, "preset": NOTHING}
    assert panel.ALWAYS.add(host, values, Extent(64, 64)).controls == ()
    entries = {"Atelier pose": document.code(POSE)}
    assert panel.ALWAYS.read(host, "txt2img", "pose_model", entries) == NOTHING
    state = panel.ALWAYS.read(host, "txt2img", "state", entries)
    values = {"on": True, "state": state, "preset": NOTHING, "pose_weight": 1, "pose_start": 0, "pose_end": 1}
    (control,) = panel.ALWAYS.add(host, {**values, "pose_model": NOTHING}, Extent(64, 96)).controls
    assert control.model == "" and control.map.size == (64, 96)


def test_controls_that_share_a_label_are_not_kept_by_it(host: FakeHost) -> None:
    block, _, _ = tabs.tab(load(PACK / "extensions" / "pose-editor"), host)
    kept = [
        one.label
        for one in block.blocks.values()
        if getattr(one, "label", None) and not getattr(one, "do_not_save_to_config", False)
    ]
    assert len(kept) == len(set(kept)) and "Prompt" in kept and "Weight" not in kept


def test_a_look_sets_weights_and_ranges(host: FakeHost) -> None:
    look = looks.LOOKS["photo"]
    found = dict(zip(panel.STEERED, panel._looked(host, "photo", "scribble_thr", "canny"), strict=False))
    for source, kind in (("pose", "openpose"), ("sketch", "scribble"), ("picture", "canny")):
        assert value(found[f"{source}_weight"]) == look.hint(kind).weight
        assert value(found[f"{source}_end"]) == look.hint(kind).end


def test_a_room_style_takes_the_lines_of_the_picture(host: FakeHost) -> None:
    found = dict(zip(panel.STEERED, panel._looked(host, "hanok", "", ""), strict=False))
    style = looks.ROOM_STYLES["hanok"]
    assert (value(found["way"]), value(found["picture_map"])) == ("picture", "straight")
    assert value(found["denoise"]) == style.denoise and value(found["picture_end"]) == style.hint.end


def test_no_look_sets_nothing(host: FakeHost) -> None:
    assert all("value" not in one for one in panel._looked(host, "", "", "")[:-1])


def opened(host: FakeHost, file: Path) -> tuple[str, dict[str, Any], str]:
    page, *rest, said = panel._opened(host, str(file), "")
    return page, dict(zip(panel.CONTROLS, rest, strict=True)), said


def test_a_result_brings_its_pose_and_its_settings(host: FakeHost, tmp_path: Path) -> None:
    (host.folder("controlnet") / "openpose.safetensors").write_bytes(b"")
    args = run.given({"document": document.to_text(POSE), "prompt": "a cat", "steps": 4, "pose_weight": 0.6})
    (done,) = run.generate(host, args, run.Seen())
    page, found, said = opened(host, done.path)
    assert "atelier_pose" in page and "Ann" in page and said == ""
    assert (value(found["prompt"]), value(found["steps"]), value(found["pose_weight"])) == ("a cat", 4, 0.6)
    assert value(found["pose_end"]) == 1.0


def test_a_picture_without_a_pose_keeps_the_settings(host: FakeHost, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(tmp_path / "plain.png")
    page, found, said = opened(host, tmp_path / "plain.png")
    assert "data-open" in page and said == "" and all("value" not in one for one in found.values())


@pytest.mark.parametrize(
    ("name", "content"), [("bad.json", "{"), ("bad.svg", "<svg><!DOCTYPE x></svg>"), ("bad.png", "x")]
)
def test_what_is_no_pose_is_a_sentence(host: FakeHost, tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    page, _, said = opened(host, tmp_path / name)
    assert "atelier-error" in said and "value" not in page


def test_an_accordion_gets_its_values_back(host: FakeHost) -> None:
    entries = {"Atelier pose": document.code(POSE), "Atelier pose pose end": "0.4"}
    back = {
        name: panel.ALWAYS.read(host, "txt2img", name, entries) for name in ("on", "state", "pose_end", "pose_start")
    }
    assert (back["on"], back["pose_end"], back["pose_start"]) == (True, 0.4, 0.0)
    assert document.from_document(json.loads(back["state"])["pose"]) == POSE
    assert panel.ALWAYS.read(host, "txt2img", "on", {"Steps": "3"}) is False
    with gr.Blocks():
        names = list(panel.ALWAYS.controls(host, "txt2img"))
    assert {name for name in names if panel.ALWAYS.read(host, "txt2img", name, entries) is None} == {"hint"}
