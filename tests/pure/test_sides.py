"""The size that a checkpoint's pictures begin with, told from its file alone."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from atelier_core.geometry import Extent
from atelier_core.host import ModelFile
from atelier_core.sides import first_side, upright


def using(path: Path | None) -> SimpleNamespace:
    """A host that draws with this file."""
    return SimpleNamespace(loaded=lambda: ModelFile("mine", path, "checkpoint"))


def checkpoint(path: Path, *names: str) -> SimpleNamespace:
    """The head of such a file: nothing else is read."""
    head = json.dumps({name: {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]} for name in names}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"\0\0")
    return using(path)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("cond_stage_model.transformer.text_model.embeddings.position_ids", 512),
        ("conditioner.embedders.1.model.ln_final.weight", 1024),
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", 1024),
    ],
)
def test_names_of_tensors_tell_large_models_from_usual_ones(tmp_path: Path, name: str, side: int) -> None:
    assert first_side(checkpoint(tmp_path / "a.safetensors", "model.diffusion_model.out.0.bias", name)) == side


def test_what_lies_beside_a_checkpoint_says_more(tmp_path: Path) -> None:
    known = checkpoint(tmp_path / "a.safetensors", "conditioner.embedders.1.model.ln_final.weight")
    recipe = tmp_path / "a.yaml"
    for said in (
        "model:\n  params:\n    image_size: 24\n",
        json.dumps({"model": {"params": {"image_size": 24}}}, indent=2),
    ):
        recipe.write_text(said + "\n    unet_config:\n        image_size: 32\n")
        assert first_side(known) == 192


def test_a_folder_says_so_itself(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text('{"sample_size": 24}')
    assert first_side(using(tmp_path)) == 192


@pytest.mark.parametrize("said", ["[]", '{"sample_size": -3}', '{"sample_size": 9999999}', "{", '{"sample_size": [1]}'])
def test_what_makes_no_sense_is_as_if_nothing_was_said(tmp_path: Path, said: str) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "unet" / "config.json").write_text(said)
    assert first_side(using(tmp_path)) == 512


def test_files_of_any_other_kind_are_taken_for_usual_ones(tmp_path: Path) -> None:
    for name, content in (("a.ckpt", b"PK\3\4 and more"), ("b.safetensors", b"\xff" * 64), ("c.safetensors", b"")):
        (tmp_path / name).write_bytes(content)
        assert first_side(using(tmp_path / name)) == 512
    assert first_side(using(tmp_path / "gone.safetensors")) == 512
    nothing = SimpleNamespace(loaded=lambda: None)
    assert first_side(nothing) == first_side(using(None)) == 512


def test_a_file_that_was_exchanged_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert first_side(checkpoint(path, "x")) == 512
    assert first_side(checkpoint(path, "conditioner.embedders.1.model.ln_final.weight")) == 1024


def test_somebody_who_stands_gets_an_upright_sheet() -> None:
    assert upright(512) == Extent(512, 768)
    assert upright(768) == Extent(768, 1152)
    assert upright(1024) == Extent(832, 1216)
    assert upright(192) == Extent(192, 192)
