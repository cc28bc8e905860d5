"""ESRGAN's network at a small size, with the names of Real-ESRGAN's files, so that spandrel reads what it writes."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, leaky_relu

GROWTH = 32  # the only growth that spandrel's reader knows
SCALE = 4
POINT = torch.tensor(((0.0, 0, 0), (0, 1, 0), (0, 0, 0)))
TENT = torch.tensor(((1.0, 2, 1), (2, 4, 2), (1, 2, 1))) / 16  # after a doubling of pixels: bilinear


def _conv(taken: int, given: int) -> nn.Conv2d:
    return nn.Conv2d(taken, given, 3, padding=1)


class DenseBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.conv2, self.conv3, self.conv4 = (_conv(width + i * GROWTH, GROWTH) for i in range(4))
        self.conv5 = _conv(width + 4 * GROWTH, width)

    def forward(self, x: Tensor) -> Tensor:
        seen = x
        for conv in (self.conv1, self.conv2, self.conv3, self.conv4):
            seen = torch.cat((seen, leaky_relu(conv(seen), 0.2)), 1)
        return x + 0.2 * self.conv5(seen)


class Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(width) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return x + 0.2 * self.rdb3(self.rdb2(self.rdb1(x)))


class RRDBNet(nn.Module):
    """Four times the size of a picture, [B, 3, H, W] to [B, 3, 4 H, 4 W], 0..1."""

    def __init__(self, width: int = 24, blocks: int = 2) -> None:
        super().__init__()
        self.conv_first = _conv(3, width)
        self.body = nn.Sequential(*(Block(width) for _ in range(blocks)))
        self.conv_body, self.conv_up1, self.conv_up2, self.conv_hr = (_conv(width, width) for _ in range(4))
        self.conv_last = _conv(width, 3)
        self._begin()

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_first(x)
        x = x + self.conv_body(self.body(x))
        for conv in (self.conv_up1, self.conv_up2):
            x = leaky_relu(conv(interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(leaky_relu(self.conv_hr(x), 0.2))

    @torch.no_grad()
    def _begin(self) -> None:
        """Weights with which the network enlarges bilinearly, so that all it has to learn is the rest."""
        for name, layer in self.named_modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.2)
                layer.weight *= 0.1 if name.startswith(("body", "conv_body", "conv_last")) else 1.0
                nn.init.constant_(layer.get_parameter("bias"), 0)
        for layer in (self.conv_first, self.conv_hr, self.conv_last):
            _pass_colours(layer, POINT)
        for layer in (self.conv_up1, self.conv_up2):
            _pass_colours(layer, TENT)


def _pass_colours(layer: nn.Conv2d, kernel: Tensor) -> None:
    for channel in range(3):
        layer.weight[channel] = 0
        layer.weight[channel, channel] = kernel
