"""A LoRA that can be trained, on layers of a network that is not."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from atelier_core.errors import UserError

from ..keys import Place
from . import basis, kohya
from .luck import luck

Tensor = torch.Tensor
ATTENTION = re.compile(
    r"transformer_blocks\.\d+\.(attn[12]\.to_(q|k|v|out\.0)|ff\.net\.(0\.proj|2))$|\.1\.proj_(in|out)$"
)
CONVOLUTION = re.compile(r"(in_layers\.2|out_layers\.3|skip_connection|\d\.op|\d\.conv)$")
TEXT = re.compile(r"te[12]\.encoder\.layers\.\d+\.(self_attn\.(q|k|v|out)_proj|mlp\.fc[12])$")


@dataclass(frozen=True)
class Ranks:
    rank: int
    alpha: float
    conv_rank: int = 0
    text: bool = False
    slot: int | None = None  # of the shared basis; None: each has a `down` of its own, which is trained too


class Pair:
    """What is added to one layer: up @ down, times alpha / rank."""

    def __init__(self, module: Any, place: Place, rank: int, ratio: float, seed: int, slot: int | None) -> None:
        self.module, self.place = module, place
        outs, ins = shape_of(module)
        wide = math.prod(ins)
        self.rank = min(rank, wide, outs)
        self.alpha = ratio * self.rank
        self.scale = ratio
        told = ".".join(place)
        if slot is None:
            first = (torch.rand(self.rank, wide, generator=luck(seed, "down", told)) * 2 - 1) / math.sqrt(wide)
        else:
            first = basis.down(wide, self.rank, slot, told)
        self.down = torch.nn.Parameter(first.reshape(self.rank, *ins), requires_grad=slot is None)
        self.up = torch.nn.Parameter(torch.zeros(outs, self.rank))

    def to(self, device: Any) -> None:
        for one in (self.down, self.up):
            one.data = one.data.to(device)

    def added(self, x: Tensor) -> Tensor:
        down, up = self.down.to(x.dtype), self.up.to(x.dtype)
        if down.ndim == 2:
            return F.linear(F.linear(x, down), up) * self.scale
        return F.conv2d(self.module._conv_forward(x, down, None), up[..., None, None]) * self.scale

    def tensors(self) -> dict[str, Tensor]:
        """In kohya's roles and shapes."""
        up = self.up.detach()
        return {
            "lora_down.weight": self.down.detach(),
            "lora_up.weight": up if self.down.ndim == 2 else up[..., None, None],
            "alpha": torch.tensor(self.alpha),
        }


def shape_of(module: Any) -> tuple[int, tuple[int, ...]]:
    """(outputs, (inputs, …kernel)). Told by what a layer says of itself: hosts have Linear layers of their own."""
    if hasattr(module, "kernel_size"):
        return module.out_channels, (module.in_channels // module.groups, *module.kernel_size)
    return module.out_features, (module.in_features,)


def is_layer(module: Any) -> bool:
    plain = hasattr(module, "in_features") and hasattr(module, "out_features")
    return plain or (hasattr(module, "_conv_forward") and len(module.kernel_size) == 2 and module.groups == 1)


class LowRank:
    """All pairs of a concept. `on`: whether they act."""

    def __init__(self, layers: Mapping[str, Any], texts: Mapping[str, Any], ranks: Ranks, seed: int) -> None:
        self.on = True
        self.pairs: dict[str, Pair] = {}
        for name, module in layers.items():
            rank = _rank(name, module, ranks)
            if rank:
                ratio = ranks.alpha / ranks.rank
                self.pairs[name] = Pair(module, Place("unet", name), rank, ratio, seed, ranks.slot)
        if not self.pairs:
            raise UserError("The loaded model has no layers that a LoRA could be taught on.")
        self.texts = {name: m for name, m in texts.items() if ranks.text and TEXT.match(name) and is_layer(m)}
        for name, module in self.texts.items():
            target, layer = name.split(".", 1)
            place = Place(target, layer)  # type: ignore[arg-type]
            self.pairs[name] = Pair(module, place, ranks.rank, ranks.alpha / ranks.rank, seed, None)

    def to(self, device: Any) -> LowRank:
        for pair in self.pairs.values():
            pair.to(device)
        return self

    def parameters(self) -> dict[str, torch.nn.Parameter]:
        """What is trained, by its name in the state."""
        both = ((f"{name}.{end}", getattr(pair, end)) for name, pair in self.pairs.items() for end in ("down", "up"))
        return {name: one for name, one in both if one.requires_grad}

    def is_text(self, name: str) -> bool:
        return name.rpartition(".")[0] in self.texts

    def tensors(self, family: str) -> dict[str, Tensor]:
        """As a kohya file has them."""
        return {
            f"{kohya.name_of(pair.place, family)}.{role}": tensor
            for pair in self.pairs.values()
            for role, tensor in pair.tensors().items()
        }

    @contextmanager
    def attached(self) -> Iterator[None]:
        with ExitStack() as hooks:
            for pair in self.pairs.values():
                hooks.callback(pair.module.register_forward_hook(self._hook(pair)).remove)
            yield

    def _hook(self, pair: Pair) -> Any:
        def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor | None:
            return output + pair.added(inputs[0]).to(output.dtype) if self.on else None

        return after


def _rank(name: str, module: Any, ranks: Ranks) -> int:
    if not is_layer(module) or not kohya.is_known(name):
        return 0
    if ATTENTION.search(name):
        return ranks.rank
    return ranks.conv_rank if CONVOLUTION.search(name) else 0
