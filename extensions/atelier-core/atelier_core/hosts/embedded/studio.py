"""The loaded model as a training needs it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch

from ...studio import Meaning, Studio, untrained
from . import encode, pictures
from .checkpoint import Model


@contextmanager
def opened(model: Model) -> Iterator[Studio]:
    from diffusers import DDIMScheduler

    schedule: Any = DDIMScheduler(**model.training)
    with untrained(model.parts):
        yield Studio(
            checkpoint=model.name,
            digest=model.digest,
            layers=model.layers,
            text_layers=encode.text_layers(model),
            alphas=schedule.alphas_cumprod,
            prediction="v" if model.training["prediction_type"] == "v_prediction" else "epsilon",
            device=model.device,
            dtype=model.dtype,
            encode=partial(_encode, model),
            tokens=partial(encode.tokens, model),
            latents=partial(_latents, model),
            predict=partial(_predict, model),
            cell=pictures.factor(model),
        )


def _encode(model: Model, texts: Sequence[str]) -> Meaning:
    read = encode.meanings(model, texts)
    pooled = [one.pooled for one in read if one.pooled is not None]
    return Meaning(torch.cat([one.context for one in read]), torch.cat(pooled) if pooled else None)


def _latents(model: Model, shown: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return torch.cat([pictures.encode(model, one[None]) for one in shown])


def _predict(
    model: Model, noisy: torch.Tensor, times: torch.Tensor, read: Meaning, sizes: torch.Tensor
) -> torch.Tensor:
    options: dict[str, Any] = {}
    if read.pooled is not None:
        options["added_cond_kwargs"] = {"text_embeds": read.pooled, "time_ids": sizes.to(read.pooled)}
    said = model.unet(noisy.to(model.dtype), times, read.context.to(model.dtype), return_dict=False, **options)
    return said[0].float()
