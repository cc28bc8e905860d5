"""Kinds that turn, scale or replace the weight as a whole: OFT, BOFT, IA3, full differences, norms."""

from __future__ import annotations

from math import prod

import torch

from .part import Part, Tensor, alike


class Oft(Part):
    """Turns the outputs in blocks; with four axes BOFT, whose factors mix ever farther channels."""

    kind = "OFT"

    def outline(self) -> tuple[int, int]:
        blocks = self.w.get("oft_blocks", self.w.get("oft_diag"))
        assert blocks is not None
        return blocks.shape[-3] * blocks.shape[-1], 0

    def rotations(self) -> Tensor:
        """[…, blocks, b, b] in float64: the inverse loses digits."""
        if "oft_diag" in self.w:  # older files hold the turned blocks themselves
            return self.w["oft_diag"].double()
        blocks = self.w["oft_blocks"].double()
        skew = blocks - blocks.mT
        most = self.scale * self.outline()[0]
        if most > 0:
            norm = skew.norm()
            skew = skew * ((norm.clamp(max=most) + 1e-8) / (norm + 1e-8))
        eye = torch.eye(blocks.shape[-1], dtype=torch.float64, device=blocks.device)
        return (eye + skew) @ torch.linalg.inv(eye - skew)

    def raw(self, weight: Tensor) -> Tensor:
        turns, flat = alike(self.rotations(), weight), weight.flatten(1)
        turned = _butterfly(turns, flat) if turns.ndim == 4 else _turned(turns, flat)
        if "rescale" in self.w:
            turned = turned * alike(self.w["rescale"], weight).reshape(-1, 1)
        return (turned - flat).reshape(weight.shape)


def _turned(turns: Tensor, flat: Tensor) -> Tensor:
    """A row vector times R, as the trainers apply it to a layer's output: its weight is turned by R's transpose."""
    blocks, size = turns.shape[0], turns.shape[1]
    return torch.einsum("knm,knx->kmx", turns, flat.reshape(blocks, size, -1)).reshape(flat.shape)


def _butterfly(turns: Tensor, flat: Tensor) -> Tensor:
    half = turns.shape[-1] // 2
    for i, blocks in enumerate(turns):
        reach = 2**i * half
        mixed = flat.reshape(-1, 2, reach, flat.shape[1]).transpose(1, 2)  # pairs that are `reach` apart side by side
        inner = mixed.reshape(blocks.shape[0], blocks.shape[-1], -1)
        turned = torch.einsum("bij,bjx->bix", blocks, inner).reshape(-1, reach, 2, flat.shape[1])
        flat = turned.transpose(1, 2).reshape(flat.shape)
    return flat


class Ia3(Part):
    kind = "IA3"

    def outline(self) -> tuple[int, int]:
        count = self.w["ia3"].numel()
        return (0, 0) if self._on_input else (count, 0)

    @property
    def _on_input(self) -> bool:
        return bool(self.w["on_input"].item())

    def fits(self, shape: tuple[int, ...]) -> bool:
        return self.w["ia3"].numel() == shape[1 if self._on_input else 0]

    def raw(self, weight: Tensor) -> Tensor:
        shape = [1, -1] if self._on_input else [-1, 1]
        return weight * alike(self.w["ia3"], weight).reshape(shape + [1] * (weight.ndim - 2))


class Full(Part):
    kind = "full"

    def outline(self) -> tuple[int, int]:
        whole = self.w.get("diff")
        if whole is None:
            return self.w["diff_b"].shape[0], 0
        return whole.shape[0], prod(whole.shape[1:])

    def raw(self, weight: Tensor) -> Tensor:
        whole = self.w.get("diff")
        return torch.zeros_like(weight) if whole is None else alike(whole, weight).reshape(weight.shape)


class Norm(Part):
    """Weight and bias of a normalisation, added."""

    kind = "norm"

    def outline(self) -> tuple[int, int]:
        return next(iter(self.w.values())).shape[0], 1

    def raw(self, weight: Tensor) -> Tensor:
        change = self.w.get("w_norm", self.w.get("diff"))
        return torch.zeros_like(weight) if change is None else alike(change, weight).reshape(weight.shape)

    def delta_bias(self) -> Tensor | None:
        return self.w.get("b_norm", self.w.get("diff_b"))
