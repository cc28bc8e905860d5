"""Networks for tests of tiling.

Random weights spread out so evenly that a pixel hardly feels anything 16 pixels away, and a wrong halo passes. In a
shift net every 3×3 kernel carries nearly all its weight in one place: the picture walks one pixel per layer, as far as
the network can look at all.
"""

from __future__ import annotations

import numpy as np
import spandrel.architectures.Compact
import spandrel.architectures.ESRGAN
import torch
from atelier_upscaler.networks import Network, from_state

_large, _small = spandrel.architectures.ESRGAN, spandrel.architectures.Compact
FEATURES = 16
GAIN = 2.0  # of each layer of a shift net: what has walked far is felt above what has stayed


def rrdb(blocks: int, unshuffle: int | None = None, features: int = FEATURES) -> torch.nn.Module:
    """Real-ESRGAN's large network at scale 4, or at 2 with `unshuffle` 2."""
    channels = 3 * (unshuffle or 1) ** 2
    make = getattr(_large, "ESRGAN", None) or _large.RRDBNet  # the class's name in spandrel 0.4, and in 0.3
    return make(in_nc=channels, num_filters=features, num_blocks=blocks, scale=4, shuffle_factor=unshuffle)


def srvgg(convs: int, features: int = FEATURES) -> torch.nn.Module:
    """Real-ESRGAN's small network."""
    make = getattr(_small, "Compact", None) or _small.SRVGGNetCompact
    return make(num_feat=features, num_conv=convs, upscale=4)


def random_weights(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """As after training: each layer keeps its input's variance."""
    draw = torch.Generator().manual_seed(seed)
    for layer in _convolutions(module):
        spread = (2 / (layer.in_channels * 9)) ** 0.5
        layer.weight.data = torch.randn(layer.weight.shape, generator=draw) * spread
        layer.bias.data.zero_()
    return _in_range(module)


def shifting_weights(module: torch.nn.Module, tap: tuple[int, int] = (0, 0), seed: int = 0) -> torch.nn.Module:
    """`tap` is row and column of the heavy weight: (0, 0) walks the picture down and right, (1, 2) straight left."""
    draw = torch.Generator().manual_seed(seed)
    for layer in _convolutions(module):
        weight = torch.randn(layer.weight.shape, generator=draw) * 0.05
        shape = layer.weight.shape[:2]
        weight[:, :, tap[0], tap[1]] += torch.randn(shape, generator=draw)
        layer.weight.data = weight * (1.3 * GAIN / layer.in_channels**0.5)
        layer.bias.data.zero_()
    return _in_range(module)


def _convolutions(module: torch.nn.Module) -> list[torch.nn.Conv2d]:
    return [layer for layer in module.modules() if isinstance(layer, torch.nn.Conv2d)]


def _in_range(module: torch.nn.Module) -> torch.nn.Module:
    """Its last layer scaled so that pictures come out as pictures, about grey."""
    last = _convolutions(module)[-1]
    with torch.no_grad():
        y = module.eval()(torch.from_numpy(picture(96, 80)).permute(2, 0, 1)[None])
        last.weight.data /= y.std() * 6
        last.bias.data += 0.503  # no tie between two bytes
    return module


def network(module: torch.nn.Module, name: str = "net") -> Network:
    """Through the same door as a file's weights."""
    return from_state(module.state_dict(), name)


def picture(width: int, height: int, seed: int = 0) -> np.ndarray:  # [H, W, 3], 0..1, float32
    """All scales at once: noise with a 1/f spectrum, never flat."""
    draw = np.random.default_rng(seed)
    spectrum = np.fft.fft2(draw.standard_normal((height, width, 3)), axes=(0, 1))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])[..., None]
    noise = np.fft.ifft2(spectrum / np.maximum(frequency, 1 / max(width, height)), axes=(0, 1)).real
    span = np.ptp(noise)
    return ((noise - noise.min()) / (span if span else 1)).astype(np.float32)
