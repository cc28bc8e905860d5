"""What a training needs of a host's loaded model, host-neutral. Given by `Host.studio`.

Nothing of the host is trained: its weights take no gradients inside and are bit-equal afterwards, however it ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch

Tensor = torch.Tensor
LONGEST_WAVE = 10_000


@dataclass(frozen=True)
class Meaning:
    """Prompts as the denoiser reads them."""

    context: Tensor  # [B, tokens, C]
    pooled: Tensor | None = None  # [B, P] of SDXL

    def rows(self, at: Sequence[int]) -> Meaning:
        return Meaning(self.context[list(at)], None if self.pooled is None else self.pooled[list(at)])

    def to(self, device: Any) -> Meaning:
        return Meaning(self.context.to(device), None if self.pooled is None else self.pooled.to(device))


@dataclass(frozen=True)
class Studio:
    """Gradients flow through `predict`, and through `encode` where the caller has them on. Layers are the host's own
    modules: what hooks on them add is trained, they are not."""

    checkpoint: str
    digest: str  # of the checkpoint, as webuis show it; empty: unknown
    layers: Mapping[str, Any]  # of the UNet, by their ldm names
    text_layers: Mapping[str, Any]  # by transformers' names, as `Denoiser` has them
    alphas: Tensor  # [1000], share of the picture at each time, falling
    prediction: Literal["epsilon", "v"]
    device: Any  # torch.device
    dtype: Any  # torch.dtype of the UNet
    encode: Callable[[Sequence[str]], Meaning]
    tokens: Callable[[str], tuple[int, ...]]  # CLIP's numbers for a text, without start and end
    latents: Callable[[Tensor], Tensor]  # [B, 3, H, W], -1..1 -> [B, 4, h, w], scaled
    predict: Callable[[Tensor, Tensor, Meaning, Tensor], Tensor]
    """(noisy [B, 4, h, w], times [B], meaning, sizes [B, 6]) -> the network's answer, float32.

    `sizes`, which only SDXL reads: height and width of the source, top and left of what was cut off, height and width
    of the result."""
    cell: int = 8  # pixels per latent pixel
    trains_text: bool = True  # False: this host, as it was started, cannot

    @property
    def family(self) -> str:
        """ "SD 1.5", "SD 2" or "SDXL", by what the network has."""
        if "label_emb.0.0" in self.layers:
            return "SDXL"
        width = next((m.in_features for name, m in self.layers.items() if name.endswith("attn2.to_k")), 0)
        return "SD 2" if width == 1024 else "SD 1.5"


def waves(sizes: Tensor, width: int = 256) -> Tensor:
    """[B, N] -> [B, N * width]: each number as cosines and sines, as SDXL's vector has the sizes."""
    half = width // 2
    falling = torch.exp(-math.log(LONGEST_WAVE) * torch.arange(half, device=sizes.device) / half)
    angles = sizes.float()[..., None] * falling
    return torch.cat([angles.cos(), angles.sin()], dim=-1).flatten(1)


@contextmanager
def untrained(modules: Sequence[Any]) -> Iterator[None]:
    """No weight of `modules` takes gradients inside; flags and gradients are as before afterwards."""
    found = [p for module in modules for p in module.parameters() if p.requires_grad]
    try:
        for parameter in found:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in found:
            parameter.requires_grad_(True)


@contextmanager
def set_aside(modules: Sequence[Any], names: Sequence[str], value: Any) -> Iterator[None]:
    """Attributes of those names, where a module has them, hold `value` inside."""
    with ExitStack() as back:
        for module in (part for one in modules for part in one.modules()):
            for name in names:
                if name in vars(module):
                    back.callback(setattr, module, name, getattr(module, name))
                    setattr(module, name, value)
        yield
