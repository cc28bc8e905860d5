"""The size that a checkpoint's pictures begin with, told from its files alone."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from atelier_core.geometry import Extent
from atelier_core.host import ModelFile
from atelier_core.sides import first_side, upright

SDXL = "conditioner.embedders.1.model.ln_final.weight"
TENSOR = {"dtype": "F16", "shape": [1], "data_offsets": [0, 2]}


def using(path: Path | None) -> SimpleNamespace:
    """A host that draws with this file."""
    return SimpleNamespace(loaded=lambda: ModelFile("mine", path, "checkpoint"))


def checkpoint(path: Path, *names: str, **said: str) -> SimpleNamespace:
    """The head of such a file: nothing else is read."""
    metadata = {"__metadata__": {f"modelspec.{key}": value for key, value in said.items()}} if said else {}
    head = json.dumps({**metadata, **dict.fromkeys(names, TENSOR)}).encode()
    path.write_bytes(len(head).to_bytes(8, "little") + head + b"\0\0")
    return using(path)


def folder(path: Path, config: str) -> SimpleNamespace:
    (path / "unet").mkdir(parents=True, exist_ok=True)
    (path / "unet" / "config.json").write_text(config)
    return using(path)


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("cond_stage_model.transformer.text_model.embeddings.position_ids", 512),
        (SDXL, 1024),
        ("model.diffusion_model.double_blocks.0.img_attn.qkv.weight", 1024),
        ("model.diffusion_model.joint_blocks.0.x_block.attn.qkv.weight", 1024),
    ],
)
def test_names_of_tensors_tell_large_models_from_usual_ones(tmp_path: Path, name: str, side: int) -> None:
    assert first_side(checkpoint(tmp_path / "a.safetensors", "model.diffusion_model.out.0.bias", name)) == side


@pytest.mark.parametrize(
    ("said", "side"),
    [("192x192", 192), ("768x768", 768), ("832x1216", 960), ("999999x999999", 1024), ("large", 1024)],
)
def test_what_a_file_says_of_its_resolution_goes_before(tmp_path: Path, said: str, side: int) -> None:
    assert first_side(checkpoint(tmp_path / "a.safetensors", SDXL, resolution=said)) == side


def test_a_folder_says_so_itself_whenever_it_is_asked(tmp_path: Path) -> None:
    for cells, side in ((24, 192), (128, 1024), (65, 512)):
        assert first_side(folder(tmp_path, json.dumps({"sample_size": cells}))) == side


NONSENSE = [
    "[]",
    '{"sample_size": -3}',
    '{"sample_size": 9999999}',
    "{",
    '{"sample_size": [1]}',
    '{"a":' + "[" * 200_000,
]


@pytest.mark.parametrize("said", NONSENSE, ids=range(len(NONSENSE)))
def test_what_makes_no_sense_is_as_if_nothing_was_said(tmp_path: Path, said: str) -> None:
    assert first_side(folder(tmp_path, said)) == 512
    head = said.encode()
    (tmp_path / "a.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    assert first_side(using(tmp_path / "a.safetensors")) == 512


def test_files_of_any_other_kind_are_taken_for_usual_ones(tmp_path: Path) -> None:
    far = (10**9).to_bytes(8, "little") + json.dumps({SDXL: TENSOR}).encode()
    contents: dict[str, Any] = {"a.ckpt": b"PK\3\4 and more", "b": b"\xff" * 64, "c.safetensors": b"", "far": far}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert first_side(using(tmp_path / name)) == 512
    assert first_side(using(tmp_path / "gone.safetensors")) == 512
    nothing = SimpleNamespace(loaded=lambda: None)
    assert first_side(nothing) == first_side(using(None)) == 512


def test_a_file_that_was_exchanged_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    assert first_side(checkpoint(path, "x")) == 512
    assert first_side(checkpoint(path, SDXL)) == 1024


def test_somebody_who_stands_gets_an_upright_sheet() -> None:
    assert upright(512) == Extent(512, 768)
    assert upright(768) == Extent(768, 1152)
    assert upright(1024) == Extent(832, 1216)
    assert upright(192) == Extent(192, 192)
