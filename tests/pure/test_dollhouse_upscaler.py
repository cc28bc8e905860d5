"""The upscaler's network and file."""

from __future__ import annotations

from pathlib import Path

import torch
from torch.nn.functional import interpolate

from dollhouse.home import UPSCALER, filled
from dollhouse.train import upscaler
from dollhouse.train.rrdb import RRDBNet
from dollhouse.train.store import Plan, Store, fill


def test_the_network_begins_as_a_bilinear_enlargement() -> None:
    torch.manual_seed(3)
    network = RRDBNet()
    for layer in network.body.parameters():
        torch.nn.init.zeros_(layer)
    torch.nn.init.zeros_(network.conv_body.weight)
    picture = torch.rand(1, 3, 12, 20)
    wanted = picture
    for _ in range(2):
        wanted = interpolate(wanted, scale_factor=2, mode="bilinear")
    assert torch.allclose(network(picture)[..., 8:-8, 8:-8], wanted[..., 8:-8, 8:-8], atol=1e-5)


def test_a_quarter_of_a_picture() -> None:
    picture = torch.rand(4, 3, 32, 32)
    small = upscaler.reduced(picture)
    assert small.shape == (4, 3, 8, 8)
    assert (small[0, 0, 0, 0] - picture[0, 0, :4, :4].mean()).abs() <= 0.5 / 255 + 1e-6
    assert torch.equal((small * 255).round() / 255, small)


def test_spandrel_reads_what_was_learned(tmp_path: Path) -> None:
    import spandrel

    Store.made(tmp_path / "store", Plan(count=2, side=128))
    fill(tmp_path / "store", 0, 1)
    store = Store.opened(tmp_path / "store")
    network = upscaler.learned(store, tmp_path, 2.0, torch.device("cpu"), batch=2, crop=32)
    path = tmp_path / UPSCALER
    assert path.stat().st_size <= 1_500_000
    read = spandrel.ModelLoader().load_from_file(path)
    assert (read.architecture.id, read.scale) == ("ESRGAN", 4)
    picture = torch.rand(1, 3, 10, 14)
    same = RRDBNet()
    assert filled(same, path)
    with torch.no_grad():
        assert torch.allclose(read.model.float()(picture), same(picture), atol=1e-5)
        assert torch.allclose(network(picture), same(picture), atol=0.02)  # after rounding to halves
