"""Where the network looks for each prompt's words, seen in its cross-attention while it draws."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.job import Denoiser

from ..levels import sizes
from .words import spans

Tensor = torch.Tensor
LEAST, MOST = 6, 40  # cells on the longer side of the levels that are heeded: coarser ones blur, finer ones see texture
SETTLED = 0.2  # share of the steps before which there is nothing but noise to see
BLIND = "Another extension replaces the model's cross-attention: where the model looks cannot be seen."
WORDLESS = "The loaded model has no attention to words: where it looks cannot be seen."


class Watch:
    """A patch that changes nothing. `prompts` are those of the words to look for, of which the picture's prompt is
    made; the first one may be for the whole picture."""

    name = "draft of regions"

    def __init__(self, prompts: Sequence[str]) -> None:
        self.prompts = tuple(prompts)
        self.spans: list[slice] = []
        self._sums: dict[tuple[int, int], Tensor] = {}
        self._counts: dict[tuple[int, int], int] = {}
        self._kept: dict[str, Tensor] = {}

    def attach(self, denoiser: Denoiser) -> None:
        names = [name for name in denoiser.layers if name.endswith(".attn2")]
        if not names:
            raise UserError(WORDLESS)
        self.spans = spans(denoiser.encode, self.prompts)
        for name in names:
            for part in ("to_q", "to_k"):
                denoiser.hook(f"{name}.{part}", self._keeper(part))
            denoiser.hook(name, self._looked(denoiser))

    def _keeper(self, part: str) -> Any:
        def keep(module: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
            self._kept[part] = output

        return keep

    def _looked(self, denoiser: Denoiser) -> Any:
        def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
            now = denoiser.now
            size = self._size(now.latent, output.shape[1])
            if size and now.step >= SETTLED * now.steps and len(self._kept) == 2:
                rows = wanted_rows(now.rows, output.shape[0])
                if rows:  # none where a webui asks for the negative prompt by itself
                    looks = attention(self._kept["to_q"][rows], self._kept["to_k"][rows], module.heads, self.spans)
                    self._add(size, looks.unflatten(-1, size))
            self._kept.clear()

        return after

    def _size(self, latent: Extent, tokens: int) -> tuple[int, int] | None:
        size = next((one for one in sizes(latent) if one[0] * one[1] == tokens), None)
        return size if size and LEAST <= max(size) <= MOST else None

    def _add(self, size: tuple[int, int], looks: Tensor) -> None:
        even = (looks / looks.mean(dim=(1, 2), keepdim=True).clamp(min=1e-12)).cpu()
        self._sums[size] = self._sums.get(size, torch.zeros(())) + even
        self._counts[size] = self._counts.get(size, 0) + 1

    def scores(self) -> np.ndarray:
        """[prompts, h, w]: how much more than on average each cell is looked at for a prompt's words, 1 being that."""
        if not self._sums:
            raise UserError(BLIND)
        finest = max(self._sums)
        maps = [one / self._counts[size] for size, one in self._sums.items()]
        fitted = [F.interpolate(one[None], finest, mode="bilinear", align_corners=False)[0] for one in maps]
        return torch.stack(fitted).mean(0).numpy()


def wanted_rows(told: Sequence[str], batch: int) -> list[int]:
    """Rows of a batch that read the prompt."""
    told = told or ("cond",)
    each = batch // len(told) if batch % len(told) == 0 else 0
    return [n for n in range(batch) if not each or told[n // each] == "cond"]


def attention(q: Tensor, k: Tensor, heads: int, spans: Sequence[slice]) -> Tensor:
    """[prompts, T]: what share of its attention each cell gives a word of a prompt: mean over words, heads, rows."""
    q, k = (one.float().unflatten(-1, (heads, -1)).transpose(1, 2) for one in (q, k))
    shares = (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1).mean(dim=(0, 1))  # [T, L]
    return torch.stack([shares[:, span].mean(dim=1) for span in spans])
