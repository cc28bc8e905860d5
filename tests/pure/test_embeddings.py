"""Textual inversions in every form, and files that are none."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from atelier_core import embeddings
from atelier_core.errors import UserError
from safetensors.torch import save_file

TWO = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
WIDE = torch.tensor([[7.0, 8.0, 9.0, 0.5], [1.5, 2.5, 3.5, 4.5]])
ONE = torch.tensor([1.0, -2.0, 3.0])


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ({"string_to_token": {"*": 265}, "string_to_param": {"*": TWO}, "name": "x", "step": 9}, {"te1": TWO}),
        ({"string_to_param": {"*": TWO.requires_grad_()}}, {"te1": TWO}),
        ({"emb_params": TWO}, {"te1": TWO}),
        ({"<cat>": ONE}, {"te1": ONE[None]}),
        ({"clip_l": TWO, "clip_g": WIDE}, {"te1": TWO, "te2": WIDE}),
        ({"emb_params": TWO.half()}, {"te1": TWO}),
    ],
)
@pytest.mark.parametrize("ending", ["pt", "bin", "safetensors", "old.pt"])
def test_every_form_is_read(
    state: dict[str, Any], wanted: dict[str, torch.Tensor], ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"x.{ending}"
    if ending == "safetensors":
        inner = state.get("string_to_param")
        save_file({f"string_to_param.{k}": v for k, v in inner.items()} if inner else state, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=ending != "old.pt")
    found = embeddings.read(path)
    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[key], wanted[key].detach()) and found[key].dtype == torch.float32 for key in wanted)


class Program:
    def __reduce__(self) -> Any:
        return print, ("run!",)


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"string_to_param": {"*": TWO, "+": TWO}}, "no textual inversion of one word"),
        ({"name": "x"}, "no textual inversion of one word"),
        ({"string_to_param": 3}, "no textual inversion of one word"),
        ({"x": torch.tensor([3, 4])}, "no textual inversion of one word"),
        ({"x": torch.zeros(2, 3, 4)}, "no textual inversion of one word"),
        ({"x": torch.zeros(0, 3)}, "no textual inversion of one word"),
        ({"clip_l": TWO, "clip_g": WIDE[:1]}, "no textual inversion of one word"),
        ({"x": torch.zeros(76, 3)}, "76 vectors"),
        ({"x": TWO * float("nan")}, "invalid numbers"),
        ({"x": TWO, "y": Program()}, "program code"),
    ],
)
def test_what_is_none_is_one_sentence(state: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "x.pt")
    with pytest.raises(UserError, match=sentence):
        embeddings.read(tmp_path / "x.pt")


def test_damaged_files_are_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"emb_params": TWO}, whole := tmp_path / "whole.pt")
    (tmp_path / "cut.pt").write_bytes(whole.read_bytes()[:-200])
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "page.pt").write_bytes(b"<!DOCTYPE html><title>404</title>")
    (tmp_path / "bare.bin").write_bytes(pickle.dumps(Program(), 2))
    for name in ("cut.pt", "empty.pt", "page.pt", "bare.bin", "gone.pt"):
        with pytest.raises(UserError, match=name):
            embeddings.read(tmp_path / name)
    assert "run!" not in capsys.readouterr().out


def test_a_file_of_another_size_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "x.pt").open("wb") as file:
        file.truncate(embeddings.MOST_BYTES + 1)
    with pytest.raises(UserError, match="too large"):
        embeddings.read(tmp_path / "x.pt")
