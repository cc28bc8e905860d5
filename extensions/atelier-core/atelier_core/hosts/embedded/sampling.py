"""The loop from noise to picture; patches, controls, masks, previews and the stop all meet here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ...geometry import Extent
from ...patches import Now
from .checkpoint import Model
from .controls import Steering, residuals
from .encode import Meaning
from .samplers import Course

Watch = Callable[[int, torch.Tensor], None]  # step, guess [B, 4, h, w]; raises when the user stops


@dataclass(frozen=True)
class Kept:
    """What inpainting keeps."""

    picture: torch.Tensor  # [B, 4, h, w], latent of the original
    open: torch.Tensor  # [1, 1, h, w], 1 where the picture may change

    def blend(self, made: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
        return made * self.open + kept * (1 - self.open)


@dataclass(frozen=True)
class Scene:
    """All that stays the same during one run."""

    model: Model
    wanted: Meaning
    unwanted: Meaning
    cfg: float
    canvas: Extent
    steerings: Sequence[Steering] = ()
    kept: Kept | None = None
    beside: torch.Tensor | None = None  # [1, 5, h, w]: mask and hidden picture, for a network of 9 channels

    @property
    def guided(self) -> bool:
        return self.cfg != 1.0

    def rows(self, batch: int) -> tuple[str, ...]:
        return ("cond",) * batch + ("uncond",) * (batch if self.guided else 0)

    def call(self, batch: int) -> dict[str, Any]:
        """What the network reads besides the latent, for each row."""
        meanings = (self.wanted, self.unwanted) if self.guided else (self.wanted,)
        call: dict[str, Any] = {"encoder_hidden_states": torch.cat([m.context.expand(batch, -1, -1) for m in meanings])}
        if self.wanted.pooled is not None:
            pooled = torch.cat([m.pooled.expand(batch, -1) for m in meanings])  # type: ignore[union-attr]
            # of SDXL: the size of the source, its cut-off corner, the size of the result
            sizes = (self.canvas.height, self.canvas.width, 0, 0, self.canvas.height, self.canvas.width)
            told = torch.tensor([sizes], device=pooled.device, dtype=pooled.dtype).expand(len(pooled), -1)
            call["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": told}
        return call


def denoise(
    scene: Scene, course: Course, x: torch.Tensor, first: int, draws: Sequence[torch.Generator], now: Now, watch: Watch
) -> torch.Tensor:
    """Walks from step `first` to the end. `x` [B, 4, h, w] is the start, noise and all; back comes the clean latent."""
    call = scene.call(len(x))
    now.steps, now.rows, now.latent = len(course) - first, scene.rows(len(x)), Extent(x.shape[-1], x.shape[-2])
    course.begin(first)
    for at in range(first, len(course)):
        now.step, now.sigma = at - first, course.sigmas[at]
        answer = _answer(scene, course, x, at, now, call)
        if scene.kept is not None:
            answer = scene.kept.blend(answer, course.leading_to(scene.kept.picture, x, at))
        watch(now.step, course.guess(answer, x, at))
        x = course.step(answer, x, at, draws)
    return x if scene.kept is None else scene.kept.blend(x, scene.kept.picture)


def _answer(scene: Scene, course: Course, x: torch.Tensor, at: int, now: Now, call: dict[str, Any]) -> torch.Tensor:
    """What the network says of `x`, once wanted and unwanted are weighed."""
    unet, time = scene.model.unet, course.times[at].to(x.device)
    seen = course.scaled(x, at).repeat(2 if scene.guided else 1, 1, 1, 1)
    if scene.beside is not None:
        seen = torch.cat([seen, scene.beside.expand(len(seen), -1, -1, -1)], dim=1)
    seen = seen.to(scene.model.dtype)
    extra = residuals(scene.steerings, seen, time, call, now.step, now.steps)
    said = unet(seen, time, return_dict=False, **call, **extra)[0].float()
    if not scene.guided:
        return said
    wanted, unwanted = said.chunk(2)
    return unwanted + scene.cfg * (wanted - unwanted)
