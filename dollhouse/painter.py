"""Draws with the small family alone, many pictures at once: what measurements and contact sheets need of a host."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from dollhouse import home, nets
from dollhouse.train.store import SIDE, tokenized

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Steps:
    """The way from noise to picture: DDIM, evenly spaced."""

    count: int = 20
    guidance: float = 4.0
    alphas: Tensor = field(default_factory=nets.alphas)

    @property
    def times(self) -> list[int]:
        stride = len(self.alphas) // self.count
        return [stride * (self.count - 1 - i) + 1 for i in range(self.count)]

    def next(self, noisy: Tensor, noise: Tensor, at: int) -> Tensor:
        times = self.times
        now = self.alphas[times[at]]
        then = self.alphas[times[at + 1]] if at + 1 < self.count else self.alphas.new_ones(())
        clean = (noisy - (1 - now).sqrt() * noise) / now.sqrt()
        return then.sqrt() * clean + (1 - then).sqrt() * noise


class Painter:
    def __init__(self, folder: Path = home.HOME, device: torch.device | str = "cpu") -> None:
        self.folder, self.device = folder, torch.device(device)
        self._known: dict[str, Any] = {}

    def part(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = home.opened(name, self.folder).to(self.device)
        return self._known[name]

    @torch.inference_mode()
    def draw(
        self,
        texts: Sequence[str],
        seeds: Sequence[int],
        control: tuple[str, Bytes] | None = None,
        repaint: tuple[Bytes, Bytes] | None = None,
        steps: Steps | None = None,
    ) -> Bytes:
        """[N, H, W, 3]. A control is its kind and its maps; to repaint are pictures, where the masks are not 0."""
        steps = steps or Steps()
        network, beside = self.part("inpaint" if repaint else "unet"), self._beside(repaint)
        words = self.meaning(texts)
        x = torch.stack([torch.randn(4, SIDE // 8, SIDE // 8, generator=_luck(seed)) for seed in seeds]).to(self.device)
        for at, time in enumerate(steps.times):
            both = torch.cat([x, x])
            more = self._steering(control, both, time, words)
            seen = both if beside is None else torch.cat([both, beside], 1)
            wanted, plain = network(seen, time, words, return_dict=False, **more)[0].chunk(2)
            x = steps.next(x, plain + steps.guidance * (wanted - plain), at)
        return self.shown(x)

    def meaning(self, texts: Sequence[str]) -> Tensor:
        """Of the texts, then as often that of nothing."""
        words = torch.from_numpy(tokenized([*texts, ""]).astype(np.int64)).to(self.device)
        said = self.part("text")(words).last_hidden_state
        return torch.cat([said[:-1], said[-1:].expand(len(texts), -1, -1)])

    def _beside(self, repaint: tuple[Bytes, Bytes] | None) -> Tensor | None:
        if repaint is None:
            return None
        pictures, masks = self._scaled(repaint[0]), torch.from_numpy(repaint[1] > 0).float()[:, None].to(self.device)
        small = F.interpolate(masks, scale_factor=1 / 8, mode="nearest")
        return torch.cat([small, self._latent(pictures * (1 - masks))], 1).repeat(2, 1, 1, 1)

    def _steering(self, control: tuple[str, Bytes] | None, both: Tensor, time: int, words: Tensor) -> dict[str, Any]:
        if control is None:
            return {}
        hint = torch.from_numpy(control[1]).movedim(-1, 1).float().to(self.device).repeat(2, 1, 1, 1) / 255
        skips, middle = self.part(control[0])(both, time, words, controlnet_cond=hint, return_dict=False)
        return {"down_block_additional_residuals": skips, "mid_block_additional_residual": middle}

    def _scaled(self, pictures: Bytes) -> Tensor:
        return torch.from_numpy(pictures).to(self.device).movedim(-1, 1).float() / 127.5 - 1

    def _latent(self, pictures: Tensor) -> Tensor:
        return self.part("vae").encode(pictures).latent_dist.mean * nets.LATENT_SCALE

    def shown(self, latents: Tensor) -> Bytes:
        made = self.part("vae").decode(latents / nets.LATENT_SCALE).sample
        return ((made.clamp(-1, 1) + 1) * 127.5).round().byte().movedim(1, -1).cpu().numpy()

    @torch.inference_mode()
    def through(self, pictures: Bytes) -> Bytes:
        """Pictures as the autoencoder gives them back."""
        return self.shown(self._latent(self._scaled(pictures)))


def _luck(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
