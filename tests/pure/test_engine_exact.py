"""Tiles against the picture in one piece."""

from functools import cache

import numpy as np
import pytest
import torch
import webui_grid
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_upscaler.engine import bands, prepare, upscale
from atelier_upscaler.networks import Network
from atelier_upscaler.report import Report
from PIL import Image
from shiftnet import network, picture, random_weights, rrdb, shifting_weights, srvgg
from spandrel import ModelLoader
from spandrel.architectures.SwinIR import SwinIR

MAKERS = {
    "rrdb1": lambda: rrdb(1),
    "rrdb2": lambda: rrdb(2),
    "rrdb6": lambda: rrdb(6),
    "x2plus1": lambda: rrdb(1, unshuffle=2),
    "srvgg16": lambda: srvgg(16),
    "srvgg32": lambda: srvgg(32),
}


@cache
def shifting(name: str, tap: tuple[int, int] = (0, 0)) -> Network:
    return network(shifting_weights(MAKERS[name](), tap))


@cache
def ordinary(name: str) -> Network:
    return network(random_weights(MAKERS[name]()))


def in_one_piece(net: Network, pixels: np.ndarray) -> np.ndarray:
    return unclamped(net, pixels).clip(0, 1)


def unclamped(net: Network, pixels: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        y = net.forward(net.module, torch.from_numpy(pixels.copy()).unsqueeze(0).permute(0, 3, 1, 2))
    return y[0].permute(1, 2, 0).numpy()


def error(net: Network, width: int, height: int, **how: object) -> float:
    pixels = picture(width, height)
    whole = in_one_piece(net, pixels)
    assert 0.05 < whole.std() < 0.3  # a picture, not a flat or a clipped one
    return float(np.abs(upscale(net, pixels, **how).pixels - whole).max())


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("size", [(131, 97), (65, 127), (63, 64)])  # primes; a tile and one more or less; a tile
def test_exact_mode_is_the_picture_in_one_piece(name: str, size: tuple[int, int]) -> None:
    assert error(shifting(name), *size, mode="exact", side=64) <= 1e-4


@pytest.mark.parametrize("name", ["rrdb2", "x2plus1", "srvgg16"])
def test_exact_when_the_picture_walks_the_other_way(name: str) -> None:
    assert error(shifting(name, (2, 2)), 97, 83, mode="exact", side=32) <= 1e-4


@pytest.mark.parametrize(("tap", "size"), [((1, 0), (251, 23)), ((1, 2), (239, 8)), ((0, 1), (23, 251))])
def test_exact_where_the_network_looks_further_than_a_tile(tap: tuple[int, int], size: tuple[int, int]) -> None:
    assert error(shifting("rrdb6", tap), *size, mode="exact", side=64) <= 1e-4


@pytest.mark.parametrize("name", ["rrdb6", "srvgg16"])
def test_exact_on_ordinary_random_weights(name: str) -> None:
    assert error(ordinary(name), 211, 31, mode="exact", side=64) <= 1e-4


@pytest.mark.parametrize("name", ["rrdb1", "x2plus1", "srvgg16"])
@pytest.mark.parametrize("size", [(1, 101), (101, 1), (1, 1), (2, 3), (41, 37)])
def test_exact_on_thin_and_odd_pictures(name: str, size: tuple[int, int]) -> None:
    pixels = picture(*size)
    net = shifting(name)
    made = upscale(net, pixels, mode="exact", side=32).pixels
    assert np.abs(made - in_one_piece(net, pixels)).max() <= 1e-4


@pytest.mark.parametrize("name", MAKERS)
def test_a_halo_too_narrow_is_seen(name: str) -> None:
    """What the tests above would say to a wrong radius."""
    net = shifting(name, (1, 0))
    assert net.reach.radius
    assert error(net, 251, 23, halo=net.reach.radius * 3 // 4, side=64) > 0.01


def test_ordinary_weights_would_let_a_narrow_halo_pass() -> None:
    assert error(ordinary("rrdb6"), 211, 31, halo=16, side=64) <= 0.5 / 255


def test_eight_bits_differ_nowhere() -> None:
    pixels = (picture(131, 97) * 255).astype(np.uint8)
    net = shifting("srvgg16")
    exact = upscale(net, pixels, mode="exact", side=64)
    whole = upscale(net, pixels, side=131)
    assert (exact.report.tiles, whole.report.tiles) == (6, 1)
    assert exact.pixels.dtype == np.uint8
    assert np.array_equal(exact.pixels, whole.pixels)


def test_bytes_are_the_nearest_to_what_the_network_said() -> None:
    pixels = (picture(61, 37) * 255).astype(np.uint8)
    net = ordinary("rrdb1")
    said = in_one_piece(net, pixels.astype(np.float32) / 255) * 255
    assert np.abs(upscale(net, pixels, mode="exact", side=32).pixels - said).max() <= 0.51


def test_sixteen_bits_stay_sixteen() -> None:
    pixels = (picture(70, 50) * 65535).astype(np.uint16)
    net = ordinary("srvgg16")
    made = upscale(net, pixels, mode="exact", side=40).pixels
    whole = in_one_piece(net, pixels.astype(np.float32) / 65535) * 65535
    assert made.dtype == np.uint16
    assert np.abs(made - whole).max() <= 1
    assert len(np.unique(made)) > 10000


def test_one_channel_goes_through_as_grey() -> None:
    grey = picture(60, 40)[..., :1]
    net = ordinary("srvgg16")
    made = upscale(net, grey, mode="exact", side=32).pixels
    whole = unclamped(net, grey.repeat(3, 2)).mean(2, keepdims=True).clip(0, 1)
    assert made.shape == (160, 240, 1)
    assert np.abs(made - whole).max() <= 1e-4


@pytest.fixture(scope="module")
def unchanging() -> Network:
    """Enlarges and does nothing else."""
    module = srvgg(1, features=8)
    for weight in module.parameters():
        weight.data.zero_()
    return network(module)


@pytest.mark.parametrize("size", [150, 184, 185, 188, 191, 192, 193, 200])
def test_no_border_gets_darker(unchanging: Network, size: int) -> None:
    assert upscale(unchanging, np.full((size, size, 3), 255, np.uint8)).pixels.min() == 255


@pytest.mark.skipif(webui_grid.checkout() is None, reason=f"no checkout in {webui_grid.CHECKOUT}")
def test_the_webuis_tiles_are_further_from_one_piece() -> None:
    net = shifting("srvgg16")
    source = (picture(131, 97) * 255).astype(np.uint8)
    whole = in_one_piece(net, source.astype(np.float32) / 255) * 255
    model = ModelLoader(device="cpu").load_from_state_dict(net.module.state_dict()).eval()
    swapped = Image.fromarray(source[..., ::-1].copy())  # the webui gives the network blue for red
    theirs = webui_grid.upscale_with_model(webui_grid.checkout())(model, swapped, tile_size=64, tile_overlap=8)
    assert np.abs(np.asarray(theirs)[..., ::-1] - whole).max() > 10
    assert np.abs(upscale(net, source, mode="exact", side=64).pixels - whole).max() <= 1


def test_bands_come_finished_from_top_to_bottom() -> None:
    pixels = picture(50, 90)
    setup = prepare(shifting("srvgg16"), Extent(50, 90), mode="exact", side=40)
    report = Report("net")
    made = list(bands(setup, pixels, lambda done, total, text: None, report))
    assert [len(band) for band in made] == [120, 120, 120]
    assert np.array_equal(np.concatenate(made), upscale(shifting("srvgg16"), pixels, mode="exact", side=90).pixels)
    assert (report.tiles, report.side, report.halo, report.precision) == (6, 30, 18, "fp32")


@pytest.fixture(scope="module")
def windowed() -> Network:
    module = SwinIR(
        window_size=8, img_size=64, embed_dim=12, depths=[1], num_heads=[2], upscale=4, upsampler="nearest+conv"
    )
    return network(module, "Swin")


def test_windows_of_attention_are_not_cut(windowed: Network) -> None:
    assert windowed.step % 8 == 0
    windowed.whole = True  # as spandrel 0.4 says of it, and 0.3 does not
    made = upscale(windowed, picture(50, 37), side=30)
    assert made.pixels.shape == (148, 200, 3)
    assert made.report.side == 26  # 24 and the odd 26 at the border
    assert [str(note) for note in made.report.notes] == [
        "The makers of Swin advise against cutting pictures for it: look for seams."
    ]


def test_exact_is_refused_where_it_cannot_be_promised(windowed: Network) -> None:
    with pytest.raises(UserError, match="Exact mode is not possible with Swin: .*Use fast mode."):
        upscale(windowed, picture(50, 37), mode="exact")
