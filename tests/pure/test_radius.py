"""The measured radius against formulas of the layers and against gradients in float64."""

import copy
from typing import Any

import pytest
import torch
from atelier_upscaler.halos import CHOICES, Halos, measured_halo
from atelier_upscaler.networks import Network
from shiftnet import network, random_weights, rrdb, shifting_weights, srvgg
from torch import nn


@pytest.mark.parametrize("blocks", [1, 2, 6])
def test_rrdb(blocks: int) -> None:
    assert network(rrdb(blocks)).reach.radius == 15 * blocks + 4


def test_rrdb_of_the_usual_depth() -> None:
    assert network(rrdb(23, features=8)).reach.radius == 349


def test_rrdb_that_folds_two_pixels_into_channels() -> None:
    folding = network(rrdb(2, unshuffle=2))
    assert (folding.scale, folding.step, folding.reach.radius) == (2, 4, 68)


@pytest.mark.parametrize("convs", [16, 32])
def test_srvgg(convs: int) -> None:
    assert network(srvgg(convs)).reach.radius == convs + 2


@pytest.mark.parametrize("module", [rrdb(1), rrdb(2), srvgg(16)], ids=["rrdb1", "rrdb2", "srvgg16"])
def test_gradients_reach_exactly_as_far(module: nn.Module) -> None:
    radius = network(module).reach.radius
    assert radius is not None
    positive = copy.deepcopy(module).double()
    for weight in positive.parameters():
        weight.data = weight.data.abs() + 1e-3
    size = 2 * radius + 9
    x = torch.ones(1, 3, 2, size, dtype=torch.float64, requires_grad=True)
    column = size // 2
    positive(x)[..., 4 * column : 4 * column + 4].sum().backward()
    felt = x.grad[0].abs().sum((0, 1)).nonzero().flatten()
    assert (int(felt.min()), int(felt.max())) == (column - radius, column + radius)


class OneConvolution(nn.Module):
    """Enlarges by 2 after `inside`."""

    def __init__(self, inside: nn.Module) -> None:
        super().__init__()
        self.inside = inside
        self.last = nn.Conv2d(3, 3, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.interpolate(self.last(self.inside(x)), scale_factor=2.0)


def made(inside: nn.Module, **facts: Any) -> Network:
    return Network("made", "made", OneConvolution(inside).eval(), scale=2, channels=3, **facts)


@pytest.mark.parametrize(
    ("inside", "radius"),
    [
        (nn.Conv2d(3, 3, 1), 0),
        (nn.Conv2d(3, 3, (1, 7), padding=(0, 3)), 3),
        (nn.Conv2d(3, 3, (7, 1), padding=(3, 0)), 3),
        (nn.Conv2d(3, 3, 3, padding=4, dilation=4), 4),
        (nn.Sequential(nn.Conv2d(3, 3, 5, padding=2, padding_mode="reflect"), nn.GELU(), nn.BatchNorm2d(3)), 2),
    ],
)
def test_layers_of_other_shapes(inside: nn.Module, radius: int) -> None:
    assert made(inside).reach.radius == radius


class Gate(nn.Module):
    """Multiplies by the mean of everything."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * x.mean((2, 3), keepdim=True)


class Swapped(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.flip(-1)


@pytest.mark.parametrize(
    ("inside", "why"),
    [
        (Gate(), "mean"),
        (Swapped(), "flip"),
        (nn.InstanceNorm2d(3), "native_batch_norm"),
        (nn.GroupNorm(1, 3), "native_group_norm"),
        (nn.Softmax(-1), "_softmax"),
        (nn.Sequential(nn.Conv2d(3, 12, 2, 2), nn.PixelShuffle(2)), "steps of 2"),
        (nn.Upsample(scale_factor=1.0, mode="bilinear", align_corners=True), "upsample_bilinear2d"),
    ],
)
def test_no_radius_is_promised_where_none_holds(inside: nn.Module, why: str) -> None:
    reach = made(inside).reach
    assert reach.radius is None
    assert why in reach.why


def test_a_stride_is_fine_where_tiles_begin_at_its_steps() -> None:
    inside = nn.Sequential(nn.Conv2d(3, 12, 2, 2), nn.PixelShuffle(2))
    assert made(inside, multiple=2, step=2).reach.radius == 1


def test_a_far_look_needs_the_widest_halo_and_a_short_one_the_narrowest() -> None:
    assert measured_halo(network(random_weights(rrdb(1)))) == CHOICES[0] == 8
    assert measured_halo(network(shifting_weights(rrdb(6)))) == CHOICES[-1] == 64
    assert measured_halo(network(shifting_weights(srvgg(16)))) == 24
    assert measured_halo(network(shifting_weights(srvgg(16), tap=(2, 2)))) == 24


class Measured:
    """Stands in for the measurement and counts it."""

    def __init__(self, halo: int) -> None:
        self.halo = halo
        self.times = 0

    def __call__(self, network: Network) -> int:
        self.times += 1
        return self.halo


@pytest.fixture
def measured(monkeypatch) -> Measured:
    stand_in = Measured(24)
    monkeypatch.setattr("atelier_upscaler.halos.measured_halo", stand_in)
    return stand_in


def test_a_halo_is_measured_once_per_file(tmp_path, measured: Measured) -> None:
    file = tmp_path / "atelier" / "halos.json"
    assert Halos(file).of(made(nn.Identity(), digest="ab12")) == 24
    measured.halo = 32
    assert Halos(file).of(made(nn.Identity(), digest="ab12")) == 24
    assert Halos(file).of(made(nn.Identity(), digest="cd34")) == 32
    assert measured.times == 2
    assert [path.name for path in file.parent.iterdir()] == ["halos.json"]


def test_networks_without_a_file_are_told_apart(measured: Measured) -> None:
    halos = Halos()
    assert halos.of(made(nn.Identity())) == 24
    measured.halo = 8
    assert halos.of(made(nn.Identity())) == 8


@pytest.mark.parametrize("content", ["", "{", "[8]", '{"ab12": 9}', '{"ab12": "x"}'])
def test_a_damaged_list_of_halos_is_made_anew(tmp_path, measured: Measured, content: str) -> None:
    file = tmp_path / "halos.json"
    file.write_text(content)
    assert Halos(file).of(made(nn.Identity(), digest="ab12")) == 24
    assert Halos(file).of(made(nn.Identity(), digest="ab12")) == 24
    assert measured.times == 1
