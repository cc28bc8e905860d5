"""The dial against indirect leaks: what one region's concept does to another by way of the network itself.

Two ways have a remedy that costs no pass: the statistics of group norms, taken region by region, and attention of the
picture to itself, by a bias between different regions. The first half of the dial is the first, which keeps most of
what leaks at little harm; the bias comes in with the second half, for regions that do not look at each other are soon
lit and furnished each for itself. Layout is made early, so both fade out over the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from .attention import attend_biased
from .session import Session

Tensor = torch.Tensor
STRONGEST = 4.0  # of the bias: e^-4 of the attention is left
EPSILON = 1e-6


@dataclass(frozen=True)
class Dial:
    attention: float = 0.0  # bias between regions, subtracted before the softmax
    statistics: float = 0.0  # share of the regional statistics

    @staticmethod
    def of(dial: float) -> Dial:
        return Dial(STRONGEST * max(0.0, 2 * dial - 1), min(1.0, 2 * dial))


def faded(step: int, steps: int) -> float:
    """Whole in the first third of the steps, none in the last."""
    return min(1.0, max(0.0, 2 - 3 * step / max(1, steps)))


class SelfAttention:
    def __init__(self, session: Session, name: str, strength: float) -> None:
        self.session, self.name, self.strength = session, name, strength
        self.out = session.denoiser.layers[f"{name}.to_out.0"]
        self._kept: dict[str, Tensor] = {}

    def attach(self) -> None:
        for part in ("to_q", "to_k", "to_v"):
            self.session.hook(f"{self.name}.{part}", self._keeper(part))
        self.session.hook(self.name, self.after, options=True)

    def _keeper(self, part: str) -> Any:
        def keep(module: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
            self._kept[part] = output

        return keep

    def after(self, module: Any, inputs: tuple[Any, ...], options: Mapping[str, Any], output: Tensor) -> Tensor:
        now = self.session.denoiser.now
        strength = self.strength * faded(now.step, now.steps)
        if strength:
            shares = self.session.field(output, tokens=True).shares[:-1].flatten(1).T  # [T, regions]
            of_q = strength * (shares - shares.sum(dim=1, keepdim=True))  # against each other region's cells
            for _, rows in self.session.rows(output.shape[0]):
                q, k, v = (self._kept[part][rows] for part in ("to_q", "to_k", "to_v"))
                answer = attend_biased(q, k, v, module.heads, of_q, shares)
                with self.session.aside():
                    output[rows] = self.out(answer)
        self._kept.clear()
        return output


class Statistics:
    """A group norm whose mean and variance are each region's own."""

    def __init__(self, session: Session, name: str, share: float) -> None:
        self.session, self.name, self.share = session, name, share

    def attach(self) -> None:
        self.session.hook(self.name, self.after)

    def after(self, module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        now = self.session.denoiser.now
        share = self.share * faded(now.step, now.steps)
        if share:
            shares = self.session.field(output, tokens=False).shares.flatten(1)  # [regions and background, T]
            for _, rows in self.session.rows(output.shape[0]):
                made = regional_norm(module, inputs[0][rows], shares).to(output.dtype)
                output[rows] = torch.lerp(output[rows], made, share)
        return output


def regional_norm(module: Any, x: Tensor, shares: Tensor) -> Tensor:
    """A group norm in which each cell goes by the mean and spread of the regions that it belongs to, and by no other
    cell's. # x [b, C, h, w], shares [n, h * w], their sum in each cell 1"""
    grouped = x.float().reshape(x.shape[0], module.num_groups, -1, shares.shape[1])  # [b, groups, C / groups, T]
    shares = shares.float()
    weights = (shares / shares.sum(dim=1, keepdim=True).clamp(min=EPSILON)).T
    mean = grouped.mean(dim=2) @ weights @ shares  # [b, groups, T]
    centred = grouped - mean[:, :, None]
    spread = centred.square().mean(dim=2) @ weights  # [b, groups, n]
    normed = (centred * (spread.add(module.eps).rsqrt() @ shares)[:, :, None]).reshape(x.shape)
    if module.weight is None:
        return normed
    return normed * module.weight.float()[:, None, None] + module.bias.float()[:, None, None]
