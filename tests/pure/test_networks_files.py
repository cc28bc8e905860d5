"""Model files of every kind, and files that are none."""

import io
import os
import pickle
import re
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from atelier_core.errors import UserError
from atelier_upscaler import networks, weights
from atelier_upscaler.engine import upscale
from atelier_upscaler.networks import load
from PIL import Image
from safetensors.torch import save_file
from shiftnet import picture, random_weights, rrdb, srvgg
from spandrel.architectures.DRUNet import DRUNet
from spandrel.architectures.SCUNet import SCUNet
from torch import nn

State = dict[str, torch.Tensor]


@pytest.fixture(autouse=True)
def forgotten() -> None:
    networks._kept.clear()


@pytest.fixture(scope="module")
def small() -> State:
    return random_weights(srvgg(2, features=8)).state_dict()


def named_as_real_esrgan_names_them(state: State) -> State:
    """The keys of Real-ESRGAN's own RRDBNet files for a network of one block."""
    rules = [
        (r"^model\.0\.", "conv_first."),
        (r"^model\.1\.sub\.(\d+)\.RDB(\d)\.conv(\d)\.0\.", r"body.\1.rdb\2.conv\3."),
        (r"^model\.1\.sub\.\d+\.", "conv_body."),
        (r"^model\.3\.", "conv_up1."),
        (r"^model\.6\.", "conv_up2."),
        (r"^model\.8\.", "conv_hr."),
        (r"^model\.10\.", "conv_last."),
    ]
    renamed = {}
    for key, value in state.items():
        new = key
        for pattern, name in rules:
            if re.match(pattern, new):
                new = re.sub(pattern, name, new)
                break
        renamed[new] = value
    return renamed


def save(state: Any, path: Path, kind: str) -> Path:
    if kind == "safetensors":
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=kind == "zip")
    return path


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors", ".bin"])  # the content decides
def test_every_kind_of_file(tmp_path: Path, small: State, kind: str, suffix: str) -> None:
    net = load(save(small, tmp_path / f"4x small{suffix}", kind))
    assert (net.name, net.scale, net.channels) == ("4x small", 4, 3)
    assert np.array_equal(net.module.state_dict()["body.0.weight"], small["body.0.weight"])
    assert upscale(net, picture(20, 10)).pixels.shape == (40, 80, 3)


@pytest.mark.parametrize("nest", ["params_ema", "params", "state_dict"])
def test_real_esrgan_files(tmp_path: Path, nest: str) -> None:
    state = random_weights(rrdb(1)).state_dict()
    file = save({nest: named_as_real_esrgan_names_them(state)}, tmp_path / "RealESRGAN_x4plus.pth", "zip")
    net = load(file)
    assert (net.architecture, net.scale, net.step, net.reach.radius) == ("ESRGAN", 4, 1, 19)
    assert {torch.float16, torch.bfloat16} < set(net.dtypes)
    assert not any(weight.requires_grad for weight in net.module.parameters())


def test_a_file_of_the_2x_kind(tmp_path: Path) -> None:
    state = random_weights(rrdb(1, unshuffle=2)).state_dict()
    net = load(save({"params_ema": named_as_real_esrgan_names_them(state)}, tmp_path / "x2plus.pth", "zip"))
    assert (net.scale, net.channels, net.step) == (2, 3, 4)


@pytest.mark.filterwarnings("ignore:`torch.jit:FutureWarning", "ignore:`torch.jit:DeprecationWarning")
def test_weights_out_of_a_torchscript_file_without_running_it(tmp_path: Path, monkeypatch) -> None:
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = srvgg(2, features=8).body
            self.sizes = [1, 2]

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.body[0](x)

    holder = random_weights_in(Holder())
    file = tmp_path / "script.pt"
    torch.jit.trace(holder, torch.zeros(1, 3, 8, 8), check_trace=False).save(str(file))
    monkeypatch.setattr(torch.jit, "load", None)
    net = load(file)
    assert np.array_equal(net.module.state_dict()["body.2.weight"], holder.state_dict()["body.2.weight"])


def random_weights_in(module: nn.Module) -> nn.Module:
    for weight in module.parameters():
        weight.data = torch.rand(weight.shape)
    return module


class Bomb:
    """What a pickle of this runs when it is read without care."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".safetensors"])
@pytest.mark.parametrize("kind", ["zip", "legacy", "bare", "script"])
def test_code_in_a_file_never_runs(tmp_path: Path, small: State, kind: str, suffix: str) -> None:
    file, trace = tmp_path / f"evil{suffix}", tmp_path / "it ran"
    evil = {"params": small, "more": Bomb(trace)}
    if kind == "bare":
        file.write_bytes(pickle.dumps(Bomb(trace), protocol=2))
    elif kind == "script":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("evil/data.pkl", pickle.dumps(Bomb(trace), protocol=2))
            archive.writestr("evil/constants.pkl", pickle.dumps(Bomb(trace), protocol=2))
    else:
        save(evil, file, kind)
    with pytest.raises(UserError) as told:
        load(file)
    assert not trace.exists()
    assert "was not run" in str(told.value) or (kind == "bare" and "damaged" in str(told.value))


def test_the_old_tar_format_is_not_unpacked(tmp_path: Path) -> None:
    file, trace = tmp_path / "evil.pth", tmp_path / "it ran"
    with tarfile.open(file, "w") as archive:
        content = pickle.dumps(Bomb(trace))
        entry = tarfile.TarInfo("storages")
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    with pytest.raises(UserError, match="is not a model"):
        load(file)
    assert not trace.exists()


def test_a_webui_that_guards_torch_load_does_not_stand_between(tmp_path: Path, small: State, monkeypatch) -> None:
    monkeypatch.setattr(torch, "load", lambda *_, **__: None)
    assert load(save(small, tmp_path / "small.pth", "zip")).scale == 4


def cut(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


@pytest.mark.parametrize("kind", ["zip", "legacy", "safetensors"])
def test_half_a_download(tmp_path: Path, small: State, kind: str) -> None:
    with pytest.raises(UserError, match="The model file half.pth is damaged or incomplete"):
        load(cut(save(small, tmp_path / "half.pth", kind)))


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def a_picture() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "PNG")
    return buffer.getvalue()


def an_archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors"])
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"x", "is not a model"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "is not a model"),
        (a_picture(), "is not a model"),
        (an_archive(), "is not a model"),
        (b"\x80\x02garbage that goes nowhere", "is damaged"),
        (pickle.dumps([1, 2, 3], protocol=2), "is damaged"),
    ],
)
def test_what_is_no_model(tmp_path: Path, content: bytes, sentence: str, suffix: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load(written(tmp_path / f"file{suffix}", content))


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no model file gone.pth"):
        load(tmp_path / "gone.pth")


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ({"some.weight": torch.zeros(3)}, "is not an upscale model of a kind that spandrel reads"),
        ({}, "is not an upscale model"),
        ([torch.zeros(3)], "is not a model"),
        ({"body.0.weight": torch.zeros(1), "body.1.weight": torch.zeros(1)}, "do not fit together"),
    ],
)
def test_weights_of_something_else(tmp_path: Path, state: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        load(save(state, tmp_path / "other.pth", "zip"))


def test_a_model_of_another_purpose() -> None:
    state = DRUNet(nc=[8, 8, 8, 8], nb=2).state_dict()  # takes a noise level beside the colours
    with pytest.raises(UserError, match="denoise is a Restoration model and does not make pictures larger."):
        networks.from_state(state, "denoise")


def test_a_model_that_only_cleans_is_taken_at_scale_one() -> None:
    net = networks.from_state(SCUNet(in_nc=3, config=[1, 1, 1, 1, 1, 1, 1], dim=16).state_dict(), "clean")
    assert (net.scale, net.whole, net.step) == (1, True, 8)
    assert net.reach.radius is None


def test_a_model_is_read_once_until_its_file_changes(tmp_path: Path, small: State, monkeypatch) -> None:
    file = save(small, tmp_path / "small.pth", "zip")
    first = load(file)
    assert load(file) is first
    os.utime(file, ns=(1, 1))
    second = load(file)
    assert second is not first
    assert second.digest == first.digest
    for name in ("a.pth", "b.pth"):
        load(save(small, tmp_path / name, "zip"))
    assert len(networks._kept) == networks.KEPT
    monkeypatch.setattr(weights, "read", lambda path: 1 / 0)
    load(tmp_path / "b.pth")
    with pytest.raises(ZeroDivisionError):
        load(file)
