"""What an adapter does to one layer, as a change of its weight.

`delta_weight(W)` is the change at strength 1. The additive low-rank kinds also have factors, which cost far less to
apply than a full weight. Formulas follow LyCORIS, kohya's scripts and PEFT.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod

import torch

Tensor = torch.Tensor
Tensors = Mapping[str, Tensor]


@dataclass(frozen=True)
class Factors:
    """ΔW = scale * up @ down. `down` [r, in, …kernel], `up` [out, r]."""

    down: Tensor
    up: Tensor
    scale: float


@dataclass(frozen=True)
class Part(ABC):
    """What a file does to one layer."""

    w: Tensors
    scale: float = 1.0
    kind = ""

    @abstractmethod
    def raw(self, weight: Tensor) -> Tensor:
        """The change before any magnitude is applied, of the weight's shape."""

    @abstractmethod
    def outline(self) -> tuple[int, int]:
        """(outputs, inputs times kernel) of the layer it is for; 0: any."""

    @property
    def magnitude(self) -> tuple[Tensor, bool] | None:
        """DoRA's norms, and whether they are those of the outputs. A square layer's shape alone would not tell."""
        if "magnitude" in self.w:
            return self.w["magnitude"].flatten(), True
        if "dora_scale" not in self.w:
            return None
        norms = self.w["dora_scale"]
        return norms.flatten(), norms.ndim == 1 or norms.shape[0] != 1

    def fits(self, shape: tuple[int, ...]) -> bool:
        outs, ins = self.outline()
        return outs in (0, shape[0]) and ins in (0, prod(shape[1:]))

    def coheres(self, shape: tuple[int, ...]) -> bool:
        """Whether its own tensors make a change of that shape; nothing is computed."""
        outline = type(self)({k: t.to("meta") if t.is_floating_point() else t for k, t in self.w.items()}, self.scale)
        try:
            made, bias = outline.delta_weight(torch.empty(shape, device="meta")), outline.delta_bias()
        except (RuntimeError, IndexError):
            return False
        return tuple(made.shape) == shape and (bias is None or tuple(bias.shape) == shape[:1])

    def factors(self) -> Factors | None:
        return None

    def delta_weight(self, weight: Tensor) -> Tensor:
        wide = weight if weight.dtype == torch.float64 else weight.float()
        delta = self.raw(wide)
        return delta if self.magnitude is None else decomposed(wide, delta, *self.magnitude)

    def delta_bias(self) -> Tensor | None:
        if "up_bias" in self.w:
            return self.w["up_bias"] * self.scale
        return self.w.get("diff_b")


def decomposed(weight: Tensor, delta: Tensor, norms: Tensor, of_outputs: bool) -> Tensor:
    """DoRA: the direction of W + ΔW with norms of its own, less W."""
    merged = weight + delta
    along = tuple(range(1, merged.ndim)) if of_outputs else (0, *range(2, merged.ndim))
    shape = [-1, 1] if of_outputs else [1, -1]
    wanted = norms.to(merged).reshape(shape + [1] * (merged.ndim - 2))
    return merged * (wanted / merged.square().sum(along, keepdim=True).sqrt()) - weight


def alike(tensor: Tensor, like: Tensor) -> Tensor:
    return tensor.to(like.device, like.dtype)
