"""How the autoencoder begins: its latents are the mean colours of cells of 8 × 8, its pictures those cells enlarged.

A network of this depth loses colours at random weights and takes long to find them again. So three groups of channels
carry them from the first layer to the last, each beside a constant of either sign, which keeps a group's spread from
depending on the picture; every block begins as next to nothing; and the two last layers are solved for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from dollhouse import nets

Tensor = torch.Tensor
CONSTANT = 3.0  # far more than a colour, so that it alone sets a group's spread
LINEAR = 4.0  # where SiLU is next to straight
QUIET = 0.05  # of the blocks' first answers, and of the latent's own noise
SMOOTH = (0.15, 0.7, 0.15)


@torch.no_grad()
def begin(net: Any, pictures: Tensor) -> None:
    """`pictures` [n, 3, H, W], -1..1, from which the last layers are solved; sixteen do."""
    box, corner, middle = torch.zeros(3, 3, 3).unbind()
    box[:2, :2], corner[0, 0], middle[1, 1] = 0.25, 1, 1
    line = torch.tensor(SMOOTH)
    ways = {"Downsample2D": (box, corner), "Upsample2D": (line[:, None] * line, middle)}
    for part in net.modules():
        kind = type(part).__name__
        if kind == "ResnetBlock2D":
            _quiet(part)
        elif kind == "Attention":
            nn.init.zeros_(part.to_out[0].weight)
        elif kind in ways:
            _carry(part.conv, *ways[kind])
    _enter(net.encoder.conv_in, 1.0)
    _enter(net.decoder.conv_in, nets.LATENT_SCALE)
    for norm in (net.encoder.conv_norm_out, net.decoder.conv_norm_out):
        norm.bias[: _own(norm.num_channels)] = LINEAR
    for point in (net.quant_conv, net.post_quant_conv):
        nn.init.dirac_(point.weight), nn.init.zeros_(point.bias)
    _solve_encoder(net, pictures)
    _solve_decoder(net, pictures)


def _places(channels: int) -> list[list[int]]:
    """For each colour its channel and those of the two constants."""
    size = channels // nets.VAE_GROUPS
    return [[group * size + slot for slot in range(3)] for group in range(3)]


def _own(channels: int) -> int:
    """So many channels from the first are in the colours' groups."""
    return 3 * (channels // nets.VAE_GROUPS)


def _cleared(conv: nn.Conv2d) -> list[list[int]]:
    """What else is in the colours' groups stays faint."""
    assert conv.bias is not None
    conv.weight[: _own(conv.out_channels)] *= 0.1
    conv.bias[: _own(conv.out_channels)] = 0
    return _places(conv.out_channels)


def _carry(conv: nn.Conv2d, colour: Tensor, constant: Tensor) -> None:
    for into, out_of in zip(_cleared(conv), _places(conv.in_channels), strict=True):
        for slot, (row, column) in enumerate(zip(into, out_of, strict=True)):
            conv.weight[row] = 0
            conv.weight[row, column] = constant if slot else colour


def _enter(conv: nn.Conv2d, scale: float) -> None:
    """The first layer: colours as they come, constants from the bias."""
    assert conv.bias is not None
    for source, rows in enumerate(_cleared(conv)):
        conv.weight[rows] = 0
        conv.weight[rows[0], source, 1, 1] = scale
        conv.bias[rows[1]], conv.bias[rows[2]] = CONSTANT, -CONSTANT


def _quiet(block: Any) -> None:
    block.conv2.weight *= QUIET
    block.conv2.weight[: _own(block.conv2.out_channels)] = 0
    nn.init.zeros_(block.conv2.bias)
    if block.conv_shortcut is not None:
        _carry(block.conv_shortcut, torch.ones(1, 1), torch.ones(1, 1))


def _answer(part: nn.Module, run: Callable[[], Any]) -> Tensor:
    """What a layer answers while `run` runs."""
    kept: list[Tensor] = []
    hook = part.register_forward_hook(lambda module, inputs, output: kept.append(output))
    try:
        run()
    finally:
        hook.remove()
    return kept[0]


def _flat(maps: Tensor) -> Tensor:
    """[n, c, h, w] -> a row for each place, and a one at its end."""
    rows = maps.movedim(1, -1).reshape(-1, maps.shape[1])
    return torch.cat([rows, rows.new_ones(len(rows), 1)], 1)


def _solve_encoder(net: Any, pictures: Tensor) -> None:
    """Three latents: the cells' colours along their own axes, each of unit variance; the fourth as chance has it."""
    last = net.encoder.conv_out
    features = _flat(_answer(net.encoder.conv_act, lambda: net.encoder(pictures)))
    cells = _flat(F.avg_pool2d(pictures, 8))[:, :-1]
    spread, axes = torch.linalg.eigh(torch.cov(cells.T))
    wanted = (cells - cells.mean(0)) @ axes.flip(1) / spread.flip(0).sqrt() / nets.LATENT_SCALE
    solved = torch.linalg.lstsq(features, wanted).solution
    nn.init.zeros_(last.weight[:3]), nn.init.zeros_(last.weight[4:])
    last.weight[:3, :, 1, 1], last.bias[:3] = solved[:-1].T, solved[-1]
    last.bias[4:] = 2 * math.log(QUIET / nets.LATENT_SCALE)
    free = net.encoder(pictures)[:, 3]
    scale = float(free.std()) * nets.LATENT_SCALE
    last.weight[3] /= scale
    last.bias[3] = (last.bias[3] - free.mean()) / scale


def _solve_decoder(net: Any, pictures: Tensor) -> None:
    last, latents = net.decoder.conv_out, net.encoder(pictures)[:, :4]
    answer = _answer(net.decoder.conv_act, lambda: net.decoder(latents))
    seen = F.unfold(answer, 3, padding=1).unflatten(-1, pictures.shape[-2:])
    rows, wanted = _flat(seen).double(), _flat(pictures)[:, :-1].double()
    normal = rows.T @ rows + 1e-4 * len(rows) * torch.eye(rows.shape[1], dtype=torch.double)
    solved = torch.linalg.solve(normal, rows.T @ wanted).float()
    last.weight.copy_(solved[:-1].T.reshape(last.weight.shape))
    last.bias.copy_(solved[-1])
