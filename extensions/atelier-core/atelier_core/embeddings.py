"""Words whose vectors were learnt (textual inversion), in every form in which webuis and trainers keep them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from . import weights
from .errors import UserError

MOST_BYTES = 64 * 2**20
MOST_VECTORS = 75  # a prompt is read in pieces of so many
ENCODERS = {"clip_l": "te1", "clip_g": "te2"}  # names in files for SDXL
Vectors = Mapping[str, torch.Tensor]


def read(path: Path) -> Vectors:
    """Text encoder, "te1" or "te2" -> [vectors, C], float32."""
    try:
        size = path.stat().st_size
    except OSError as error:
        raise UserError("The model file {name} cannot be read.", name=path.name) from error
    if size > MOST_BYTES:
        raise UserError("{name} is too large for a textual inversion.", name=path.name)
    return sorted_out(weights.read(path), path.name)


def sorted_out(state: Mapping[str, Any], name: str) -> Vectors:
    inner = state.get("string_to_param", state)
    found = {
        str(key).removeprefix("string_to_param."): one
        for key, one in (inner if isinstance(inner, Mapping) else {}).items()
        if isinstance(one, torch.Tensor) and one.is_floating_point()
    }
    if found and set(found) <= set(ENCODERS):
        vectors = {ENCODERS[key]: _checked(one, name) for key, one in found.items()}
    elif len(found) == 1:
        vectors = {"te1": _checked(next(iter(found.values())), name)}
    else:
        raise UserError("{name} is no textual inversion of one word.", name=name)
    if len({len(one) for one in vectors.values()}) > 1:
        raise UserError("{name} is no textual inversion of one word.", name=name)
    return vectors


def _checked(tensor: torch.Tensor, name: str) -> torch.Tensor:
    made = tensor.detach().float().clone()  # the file may go away
    made = made[None] if made.ndim == 1 else made
    if made.ndim != 2 or not made.numel():
        raise UserError("{name} is no textual inversion of one word.", name=name)
    if len(made) > MOST_VECTORS:
        raise UserError("{name} has {count} vectors; a word has at most {most}.", name=name, count=len(made),
                        most=MOST_VECTORS)  # fmt: skip
    if not torch.isfinite(made).all():
        raise UserError("{name} holds invalid numbers.", name=name)
    return made
