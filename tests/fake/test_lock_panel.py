"""The lock's tab and accordion on the fake host: what their controls make, and what they are given back."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from atelier_concept_lock import panel, rows, run, tables
from atelier_concept_lock.always import panel as always
from atelier_concept_lock.always import run as always_run
from atelier_concept_lock.board import board_of
from atelier_concept_lock.merging import panel as merging
from atelier_concept_lock.regions import lock_of
from atelier_concept_lock.stage import panel as stage
from atelier_core import picture, units
from atelier_core.args import read_entries, split_infotext
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.hosts.fake import WIDTH, FakeHost
from atelier_core.ui import tabs, widgets
from atelier_core.ui.widgets import NOTHING
from PIL import Image
from safetensors.torch import load_file, save_file

HOME = Path(__file__).parents[2] / "extensions" / "concept-lock"
Q = "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q"


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    assert units.load(HOME) is not None
    host = FakeHost(tmp_path)
    for seed, name in enumerate(("anne", "beth")):
        luck = torch.Generator().manual_seed(seed)
        down, up = torch.randn(2, WIDTH, generator=luck), torch.randn(WIDTH, 2, generator=luck)
        path = host.folder("lora") / f"{name}.safetensors"
        save_file({f"{Q}.lora_down.weight": down, f"{Q}.lora_up.weight": up}, path)
    (host.folder("lora") / "anne.json").write_text(json.dumps({"activation text": "anne woman"}))
    (host.folder("lora") / "beth.json").write_text("<html>")
    (host.folder("lora") / "broken <b>.safetensors").write_bytes(b"")
    return host


def noisy() -> str:
    pixels = np.zeros((64, 128), np.uint8)
    pixels[:, :64] = np.random.default_rng(1).integers(1, 255, (64, 64))
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


def board(*masks: Any) -> str:
    made = [{"id": f"r{n}", "name": f"n{n}", "colour": "#112233", "on": True, "mask": m} for n, m in enumerate(masks)]
    return json.dumps({"atelier_board": 1, "width": 128, "height": 64, "regions": made})


TWO = board([0, 0, 0.5, 1], [0.5, 0, 1, 1])


def values(**more: Any) -> list[Any]:
    usual: dict[str, Any] = {
        "way": "new",
        "prompt": "two women",
        "negative": "ugly",
        "width": 128,
        "height": 64,
        "steps": 4,
        "cfg": 7,
        "sampler": "Euler",
        "scheduler": "Karras",
        "seed": 5,
        "batch": 1,
        "count": 1,
        "denoise": 0.5,
        "measure": False,
        "feather": 3,
        "dial": 0,
        "start": 0.25,
        "end": 1,
        "uncond": True,
        **{name: 1 if name.startswith(("unet", "text")) else "" for name in rows.NAMES},
        **{name: NOTHING for name in rows.NAMES if name.startswith("file")},
        "prompt0": "reading",
        "file0_0": "anne",
        "triggers0_0": "anne woman",
        "unet0_0": 0.8,
        "file_0": "beth",
    }
    return [{**usual, **more}[name] for name in panel.CONTROLS]


def value(update: Any) -> Any:
    return update.get("value") if isinstance(update, dict) else update


def test_tab_and_accordions_are_built_together(host: FakeHost) -> None:
    with gr.Blocks() as block:
        panel.build(host)
        made = [panel.ALWAYS.controls(host, tab) for tab in ("txt2img", "img2img")]
    ids = [one.elem_id for one in block.blocks.values() if getattr(one, "elem_id", None)]
    assert len(ids) == len(set(ids)) and all(one.startswith("atelier_concept_lock") for one in ids)
    assert list(made[0]) == list(made[1]) and list(made[0])[:4] == ["on", "page", "hint", "state"]
    assert all(one.value for one in block.blocks.values() if isinstance(one, gr.Dropdown))


def test_what_is_kept_by_its_label_has_a_label_of_its_own(host: FakeHost) -> None:
    block, title, elem_id = tabs.tab(units.loaded.units["concept-lock"], host)
    assert (title, elem_id) == ("Concept lock", "atelier_concept_lock")
    kept = [one.label for one in block.blocks.values()
            if getattr(one, "label", None) and not getattr(one, "do_not_save_to_config", False)]  # fmt: skip
    assert len(kept) == len(set(kept)) and "Steps" not in kept and "Sampling steps" in kept


@pytest.mark.parametrize(
    ("said", "side", "taught"), [("1024x1024", 1024, 1024), ("2048x2048", 2048, 1536), ("", 512, 512)]
)
def test_tab_and_lesson_begin_with_what_the_checkpoint_was_made_for(
    host: FakeHost, said: str, side: int, taught: int
) -> None:
    if said:
        head = json.dumps({"__metadata__": {"modelspec.resolution": said}}).encode()
        (host.folder("checkpoint") / "0.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    with gr.Blocks() as block:
        panel.build(host)
    parts = {one.elem_id: one for one in block.blocks.values() if getattr(one, "elem_id", None)}
    sides = [parts[f"atelier_concept_lock_{name}"] for name in ("width", "height", "teach_size")]
    assert [one.value for one in sides] == [side, side, taught]
    assert all(one.do_not_save_to_config for one in sides)  # or the webui brings back those of its first start
    for view, told in (("view", {"width": side, "height": side}), ("teach_view", {"size": taught})):
        page = html.unescape(parts[f"atelier_concept_lock_{view}"].value)
        options = json.loads(page.partition('data-open="')[2].partition('" data-lang')[0])["options"]
        assert told.items() <= json.loads(options).items()


def test_the_tab_s_values_make_the_lock(host: FakeHost) -> None:
    page, said = panel._run(host, TWO, *values())
    assert said.count("<img") == 1 and "data-show" in page
    assert "<td>anne</td><td>region 1</td><td>1</td>" in said and "<td>beth</td><td>everywhere</td>" in said
    assert "Nothing leaks directly." in said and "Region 2" not in said
    (path,) = host.outputs("concept-lock").glob("*.png")
    lock = lock_of(infotext(path)["Atelier lock"])
    assert (lock.prompt, lock.regions[0].prompt, lock.regions[0].name) == ("two women", "reading", "n0")
    given = dict(zip(panel.CONTROLS, values(dial=0.5, seed=None), strict=True))
    args = panel._args({name: "" if one == NOTHING else one for name, one in given.items()}, TWO)
    assert (args.negative, args.width, args.sampler, args.scheduler, args.seed) == ("ugly", 128, "Euler", "Karras", -1)
    lock = lock_of(args.lock)
    assert (lock.feather, lock.dial, lock.uncond, lock.start, len(lock.regions)) == (3, 0.5, True, 0.25, 2)
    (card,) = lock.regions[0].cards
    assert (card.files, card.triggers, card.unet, card.text) == (("anne",), "anne woman", 0.8, 1.0)


def infotext(path: Path) -> dict[str, str]:
    return read_entries(split_infotext(picture.read(path).texts["parameters"])[1])


def test_a_page_that_was_never_opened_means_two_halves(host: FakeHost) -> None:
    panel._run(host, "", *values())
    (path,) = host.outputs("concept-lock").glob("*.png")
    assert [one.mask for one in lock_of(infotext(path)["Atelier lock"]).regions] == [(0, 0, 0.5, 1), (0.5, 0, 1, 1)]


def test_from_a_picture_its_picture_is_the_start(host: FakeHost, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Choose a picture first"):
        panel._run(host, TWO, *values(way="picture"))
    Image.new("RGB", (32, 32), (200, 0, 0)).save(tmp_path / "red.png")
    page, *_ = panel._opened(host, str(tmp_path / "red.png"), "")
    behind = json.loads(html.unescape(page).partition('data-open="')[2].partition('" data-lang')[0])["picture"]
    panel._run(host, json.dumps({**json.loads(TWO), "picture": behind}), *values(way="picture", denoise=0.0))
    (path,) = host.outputs("concept-lock").glob("*.png")
    assert np.asarray(Image.open(path)).reshape(-1, 3).tolist() == [[200, 0, 0]] * (128 * 64)


def test_a_new_size_leaves_the_regions_to_the_page_by_one_event_for_both_sides(host: FakeHost) -> None:
    page = panel._resized(host, 640.0, 384.0)
    told = json.loads(html.unescape(page).partition('data-open="')[2].partition('" data-lang')[0])
    assert told["document"] is None and told["picture"] is None
    assert {"width": 640, "height": 384}.items() <= json.loads(told["options"]).items()
    with gr.Blocks() as blocks:
        sides = [gr.Slider(64, 128), gr.Slider(64, 128)]
        widgets.let_go(sides, lambda *given: str(given), [gr.HTML()])
    (event,) = [one for one in blocks.fns.values() if one.targets]
    assert event.targets == [(side._id, "release") for side in sides] and event.inputs == sides


def test_a_result_brings_everything_back_masks_included(host: FakeHost) -> None:
    state = board(noisy(), [0.5, 0, 1, 1])
    panel._run(host, state, *values(file1_0="beth"))
    (path,) = host.outputs("concept-lock").glob("*.png")
    assert "sha256:" in infotext(path)["Atelier lock"]
    page, *told, said = panel._opened(host, str(path), "")
    assert said == "" and "atelier_board" in page
    back = dict(zip(panel.CONTROLS, map(value, told), strict=True))
    asked = dict(zip(panel.CONTROLS, values(file1_0="beth"), strict=True))
    left = {"way", "batch", "count", "denoise", "measure", "scheduler"}  # the fake host tells of no schedule
    assert {name for name, one in back.items() if one is None} == left
    assert {name: one for name, one in back.items() if name not in left} == {
        name: one for name, one in asked.items() if name not in left
    }
    lock, _ = run.lock_in(host, infotext(path)["Atelier lock"])
    assert [one.mask for one in lock.regions] == [one.mask for one in board_of(state).regions]


def test_a_mask_that_is_gone_is_said_when_settings_come_back(host: FakeHost) -> None:
    panel._run(host, board(noisy()), *values())
    (path,) = host.outputs("concept-lock").glob("*.png")
    for file in (host.data("concept-lock") / "masks").iterdir():
        file.unlink()
    page, *_, said = panel._opened(host, str(path), "")
    assert "The drawn mask of region 1 is not on this machine" in said and "[0.0, 0.0, 0.5, 1.0]" in page.replace(
        "&quot;", '"'
    )


def test_a_picture_of_someone_else_s_lies_behind_the_regions_and_sets_the_size(host: FakeHost, tmp_path: Path) -> None:
    Image.new("RGB", (96, 160)).save(tmp_path / "a.png")
    page, *told, said = panel._opened(host, str(tmp_path / "a.png"), "")
    found = dict(zip(panel.CONTROLS, map(value, told), strict=True))
    assert (found["width"], found["height"], found["prompt"], said) == (96, 160, None, "")
    (tmp_path / "b.png").write_text("x")
    assert "atelier-error" in panel._opened(host, str(tmp_path / "b.png"), "")[-1]
    assert "no longer held" in panel._opened(host, None, "A" * 22)[-1]


def test_rows_are_seen_for_the_regions_that_there_are(host: FakeHost) -> None:
    order, *groups = stage._seen(host, board([0, 0, 1, 0.5], [0, 0.5, 1, 1], [0, 0, 1, 1]))
    assert order == "r0,r1,r2" and [one["visible"] for one in groups] == [True, True, True, False]
    assert groups[1]["label"] == "Region 2: n1"
    assert all("visible" not in one for one in stage._seen(host, "{"))


def test_rows_move_with_their_regions(host: FakeHost) -> None:
    given = dict(zip(panel.CONTROLS, values(), strict=True))
    parts = [given[name] for name in rows.NAMES]
    known, *same = stage._moved(rows.Known(), "r0,r1", *parts)
    assert all("value" not in one for one in same)
    _, *moved = stage._moved(known, "r1,r0", *parts)
    found = dict(zip(rows.NAMES, map(value, moved), strict=True))
    assert (found["prompt0"], found["file0_0"], found["prompt1"], found["file1_0"]) == ("", NOTHING, "reading", "anne")


def test_a_chosen_file_says_by_which_words_it_is_called(host: FakeHost) -> None:
    assert [stage._called(host, name) for name in ("anne", "beth", NOTHING, None)] == ["anne woman", "", "", ""]
    assert value(stage._called(host, "nobody")) is None


def test_names_are_escaped_in_the_table(host: FakeHost) -> None:
    table = panel._table(host)
    assert "broken &lt;b&gt;" in table and "<b>" not in table and "unknown model · LoRA · 1 layers" in table


# the accordion


def in_accordion(**more: Any) -> dict[str, Any]:
    given = dict(zip(panel.CONTROLS, values(), strict=True))
    own = {name: given[name] for name in (*rows.NAMES, *always_run.OF_LOCK)}
    return {"on": True, "page": "", "hint": "", "state": TWO, **own, **more}


def test_off_the_accordion_adds_nothing_and_reads_nothing(host: FakeHost) -> None:
    added = panel.ALWAYS.add(host, in_accordion(on=False, state="{", file0_0="nobody"), Extent(64, 64))
    assert (added.controls, added.patches, dict(added.info)) == ((), (), {})


def test_on_it_adds_a_patch_and_its_lock(host: FakeHost) -> None:
    added = panel.ALWAYS.add(host, in_accordion(dial=0), Extent(128, 64))
    assert len(added.patches) == 1 and lock_of(added.info["Atelier lock"]).regions[0].prompt == "reading"
    stepped = panel.ALWAYS.add(host, in_accordion(strength=0.5, dial=0.75, feather=9), Extent(128, 64))
    lock = lock_of(stepped.info["Atelier lock"])
    assert (lock.dial, lock.feather, lock.regions[0].cards[0].unet, lock.cards[0].unet) == (0.75, 9, 0.4, 0.5)


def test_an_infotext_fills_the_accordion(host: FakeHost) -> None:
    given = in_accordion(state=board(noisy()), file0_1="beth", unet0_1=-0.5)
    info = dict(panel.ALWAYS.add(host, given, Extent(128, 64)).info) | {"Size-1": "128", "Size-2": "64"}
    back = {name: panel.ALWAYS.read(host, "img2img", name, info) for name in given}
    assert back["on"] is True and "small" in back["page"] and "img2img_state" in back["page"]
    assert board_of(back["state"]).size == (128, 64)
    rest = set(given) - {"on", "page", "hint", "state"}
    assert {name: value(back[name]) for name in rest} == {name: given[name] for name in rest}
    again = panel.ALWAYS.add(host, {**given, "state": back["state"]}, Extent(128, 64))
    named = [one["mask"] for one in json.loads(again.info["Atelier lock"])["regions"]]
    assert named == [one["mask"] for one in json.loads(info["Atelier lock"])["regions"]]


def test_settings_without_a_lock_or_with_a_spoilt_one_turn_it_off(host: FakeHost) -> None:
    def back(name: str, **entries: str) -> Any:
        return panel.ALWAYS.read(host, "txt2img", name, entries)

    assert back("on") is None and back("hint") is None  # a prompt alone says nothing of it
    plain, spoilt = {"Steps": "3"}, {"Steps": "3", "Atelier lock": "{"}
    assert back("on", **plain) is False and back("on", **spoilt) is False
    assert back("state", **plain) is None and back("state", **spoilt) is None
    assert back("hint", **plain).count("<p") == 1
    assert back("hint", **spoilt).count("<p") == 2


def test_a_file_that_is_not_here_stays_in_sight(host: FakeHost) -> None:
    told = stage.restored(host, "file0_0", "gone")
    assert told["value"] == "gone" and ("gone", "gone") in told["choices"]
    assert stage.restored(host, "file0_0", "anne") == "anne" and stage.restored(host, "prompt0", "gone") == "gone"


def test_so_it_does_on_gradio_3_which_knows_only_texts(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(widgets, "JS", "_js")
    told = stage.restored(host, "file0_0", "gone")
    assert told["value"] == "gone" and told["choices"][-1] == "gone" and told["choices"][0] == "none"


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"unet0_0": float("nan")}, "“unet” must be a number from -10.0 to 10.0"),
        ({"text0_0": "much"}, "“text” must be a number"),
        ({"dial": 7}, "“dial” must be a number from 0 to 1"),
        ({"feather": "x"}, "“feather” must be a number"),
        ({"start": 0.5, "end": 0.25}, "ends before it begins"),
        ({"prompt0": "x" * 30_000}, "“prompt” must be a text"),
    ],
)
def test_values_that_a_program_sends_are_checked_as_any_lock_s(
    host: FakeHost, more: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        panel.ALWAYS.add(host, in_accordion(**more), Extent(128, 64))


def test_the_axes_are_numbers(host: FakeHost) -> None:
    assert [(axis.label, axis.name, axis.kind) for axis in always.ALWAYS.axes] == [
        ("Lock weight", "strength", float),
        ("Lock against leaks", "dial", float),
        ("Lock soft edge", "feather", int),
    ]


# merging


def merged(host: FakeHost, **more: Any) -> str:
    usual = {"first": "anne", "second": "beth", "name": "both", "first_weight": 1, "second_weight": -0.5}
    given = {**usual, "way": "exact", "rank": 1, "anyway": False, **more}
    (said,) = merging._merged(host, *(given[name] for name in merging.ASKED))
    return said


def product(path: Path) -> torch.Tensor:
    found = load_file(path)
    up, down = found[f"{Q}.lora_up.weight"], found[f"{Q}.lora_down.weight"]
    return up @ down * (found.get(f"{Q}.alpha", torch.tensor(float(len(down)))) / len(down))


def test_two_files_become_one_that_does_what_both_do(host: FakeHost) -> None:
    said = merged(host)
    assert "1 layers, rank 4" in said and "both.safetensors is written." in said and "error" not in said
    one, other, both = (product(host.folder("lora") / f"{name}.safetensors") for name in ("anne", "beth", "both"))
    assert (both - (one - 0.5 * other)).abs().max() < 1e-5


@pytest.mark.parametrize("way", ["reduced", "elements"])
def test_what_is_off_is_said_before_anything_is_written(host: FakeHost, way: str) -> None:
    said = merged(host, way=way)
    assert "it is off by up to" in said and "Nothing was written." in said
    assert not (host.folder("lora") / "both.safetensors").exists()
    said = merged(host, way=way, anyway=True)
    assert "it is off by up to" in said and (host.folder("lora") / "both.safetensors").is_file()


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"name": "../x"}, "“../x” is no name for a file."),
        ({"name": ""}, "“” is no name"),
        ({"name": "anne"}, "There is a file “anne” already"),
        ({"first": NOTHING}, "There is no LoRA “”"),
        ({"second": "broken <b>"}, "is empty"),
    ],
)
def test_a_merge_that_cannot_be_is_one_sentence(host: FakeHost, more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        merged(host, **more)
    assert not (host.folder("lora") / "both.safetensors").exists()


def test_files_of_different_models_are_not_merged(host: FakeHost) -> None:
    wide = {f"{Q}.lora_down.weight": torch.ones(2, WIDTH + 1), f"{Q}.lora_up.weight": torch.ones(WIDTH, 2)}
    save_file(wide, host.folder("lora") / "wide.safetensors")
    with pytest.raises(UserError, match="are made for different models"):
        merged(host, second="wide")


def test_a_leak_is_said_as_a_fault() -> None:
    card = {"card": "anne", "region": 1, "missed": [], "matched": 3, "inside": 2.0, "outside": 0.5, "indirect": None}
    said = tables.report({"cards": [card], "clean": False, "cost": None}, str)
    assert '<p class="atelier-error">Something leaks: outside must be 0.</p>' in said
    assert tables.report({"cards": [], "clean": True, "cost": None}, str) == ""
