"""The whole way: transparency, several passes, exact sizes, Lanczos."""

import numpy as np
import pytest
import torch
from atelier_core.errors import Interrupted
from atelier_core.geometry import Extent
from atelier_upscaler.alpha import with_hidden_filled
from atelier_upscaler.enlarge import Choices, enlarge, way
from atelier_upscaler.halos import Halos
from atelier_upscaler.networks import Network
from atelier_upscaler.resize import resized
from atelier_upscaler.targets import by_factor, by_size
from shiftnet import network, picture, random_weights, srvgg
from torch import nn


class Blurring(nn.Module):
    """Twice as large, each pixel blurred with its neighbours, and nowhere quite white."""

    def __init__(self) -> None:
        super().__init__()
        self.blur = nn.Conv2d(3, 3, 3, padding=1, groups=3, bias=False)
        nn.init.constant_(self.blur.weight, 0.99 / 9)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.blur(nn.functional.interpolate(x, scale_factor=2.0))


@pytest.fixture
def blurring() -> Network:
    return Network("Blur", "Blur", Blurring().eval(), scale=2, channels=3, digest="ab")


def bytes_of(width: int, height: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("factor", [1.5, 2, 3.7, 8])
def test_any_factor_gives_its_size(blurring: Network, factor: float) -> None:
    source = bytes_of(31, 23)
    made = enlarge(source, by_factor(Extent(31, 23), factor), blurring)
    assert made.pixels.shape == (round(23 * factor), round(31 * factor), 3)
    assert made.report.passes == {1.5: 1, 2: 1, 3.7: 2, 8: 3}[factor]


def test_a_crop_is_the_middle_of_the_picture(blurring: Network) -> None:
    source = np.zeros((20, 60, 3), np.uint8)
    source[:, 20:40] = 255
    made = enlarge(source, by_size(Extent(60, 20), Extent(37, 37), "crop"), blurring)
    assert made.pixels.shape == (37, 37, 3)
    assert made.pixels[3:-3, 3:-3].min() > 245


def test_lanczos_needs_no_network() -> None:
    made = enlarge(bytes_of(30, 20, 4), by_factor(Extent(30, 20), 2.5), None)
    assert made.pixels.shape == (50, 75, 4)
    assert (made.report.network, made.report.passes, made.report.tiles) == ("Lanczos", 0, 0)


def test_a_factor_of_one_changes_nothing(blurring: Network) -> None:
    source = bytes_of(30, 20, 4)
    assert np.array_equal(enlarge(source, by_factor(Extent(30, 20), 1), blurring).pixels, source)


def sticker(hidden: int) -> np.ndarray:
    """A white square; what is around it is transparent and hides black or anything."""
    source = np.full((24, 32, 4), hidden, np.uint8)
    source[..., 3] = 0
    source[6:18, 8:24] = 255
    return source


@pytest.mark.parametrize("factor", [2, 4, 3])
def test_no_dark_fringe_comes_out_of_transparency(blurring: Network, factor: float) -> None:
    made = enlarge(sticker(0), by_factor(Extent(32, 24), factor), blurring).pixels
    visible = made[..., 3] > 40
    assert visible.any()
    assert made[..., :3][visible].min() >= 245
    assert np.array_equal(
        made[..., 3], enlarge(sticker(90), by_factor(Extent(32, 24), factor), blurring).pixels[..., 3]
    )


def test_alpha_is_kept_where_it_does_not_vary(blurring: Network) -> None:
    alpha = enlarge(sticker(0), by_factor(Extent(32, 24), 2), blurring).pixels[..., 3]
    assert (alpha[18:30, 24:40] == 255).all()  # the network alone would give 252
    assert (alpha[:4] == 0).all()
    assert set(np.unique(alpha[11:13, 30:34])) - {0, 255}  # its edge went through the network


def test_an_opaque_picture_stays_opaque_and_costs_one_run(blurring: Network) -> None:
    source = bytes_of(40, 30, 4)
    source[..., 3] = 200
    told: list[int] = []
    made = enlarge(source, by_factor(Extent(40, 30), 2), blurring, watch=lambda done, total, text: told.append(total))
    assert (made.pixels[..., 3] == 200).all()
    assert set(told) == {1}


def test_hidden_pixels_take_the_colours_around_them() -> None:
    colours = np.array([[[10], [77], [77], [30]]], np.uint8).repeat(3, 2)
    alpha = np.array([[[255], [0], [0], [1]]], np.uint8)
    assert with_hidden_filled(colours, alpha)[0, :, 0].tolist() == [10, 10, 30, 30]
    assert np.array_equal(with_hidden_filled(colours, alpha * 0), colours)


def test_progress_runs_through_passes_and_transparency(blurring: Network) -> None:
    told: list[tuple[int, int, str]] = []
    choices = Choices(side=32, halo=4)
    enlarge(sticker(0).repeat(2, 1), by_factor(Extent(64, 24), 4), blurring, choices, watch=lambda *w: told.append(w))
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {total for _, total, _ in told} == {2 * (2 + 8)}
    assert told[0] == (0, 20, "1/20")
    assert told[-1][0] == 20


def test_a_stop_in_the_second_pass_gives_nothing(blurring: Network) -> None:
    def watch(done: int, total: int, text: str) -> None:
        if done == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        enlarge(bytes_of(64, 24), by_factor(Extent(64, 24), 4), blurring, Choices(side=32, halo=4), watch=watch)


def test_the_way_is_told_before_it_is_gone(blurring: Network) -> None:
    told = way(blurring, by_factor(Extent(64, 24), 3), Choices(side=32))
    assert [setup.result for setup in told.setups] == [Extent(128, 48), Extent(256, 96)]
    assert told.tiles == 2 + 8
    assert told.memory() == 7 * (256 * 96 + 192 * 72)
    assert told.need == told.setups[1].need > 0


def test_a_cut_picture_gets_the_measured_halo(blurring: Network, monkeypatch) -> None:
    monkeypatch.setattr("atelier_upscaler.halos.measured_halo", lambda network: 24)
    halos = Halos()
    assert enlarge(bytes_of(64, 24), by_factor(Extent(64, 24), 2), blurring, halos=halos).report.halo == 16  # no cut
    cut = Choices(side=32)
    assert enlarge(bytes_of(64, 24), by_factor(Extent(64, 24), 2), blurring, cut, halos=halos).report.halo == 24
    given = Choices(side=32, halo=9)
    assert enlarge(bytes_of(64, 24), by_factor(Extent(64, 24), 2), blurring, given, halos=halos).report.halo == 9
    exact = Choices("exact", side=32)
    assert enlarge(bytes_of(64, 24), by_factor(Extent(64, 24), 2), blurring, exact, halos=halos).report.halo == 1


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_resize_like_eight(channels: int) -> None:
    smooth = np.concatenate([picture(40, 30), picture(40, 30, seed=1)], axis=2)[..., 2 : 2 + channels]
    source = (smooth * 200 + 28).astype(np.uint8)
    eight = resized(source, Extent(53, 17)).astype(int)
    sixteen = resized(source.astype(np.uint16) * 257, Extent(53, 17))
    assert sixteen.dtype == np.uint16
    assert np.abs(sixteen / 257 - eight).max() < (8 if channels == 4 else 2)  # Pillow rounds colours times alpha


def test_a_flat_picture_stays_flat() -> None:
    for value in (0, 255):
        assert (resized(np.full((9, 7, 4), value, np.uint8), Extent(31, 40)) == value).all()
    assert (resized(np.full((9, 7, 4), 65535, np.uint16), Extent(31, 40)) == 65535).all()


def test_sixteen_bits_survive_the_whole_way() -> None:
    net = network(random_weights(srvgg(16)))
    source = (picture(40, 30) * 65535).astype(np.uint16)
    made = enlarge(source, by_factor(Extent(40, 30), 3), net).pixels
    assert made.dtype == np.uint16
    assert made.shape == (90, 120, 3)
    assert len(np.unique(made)) > 5000
