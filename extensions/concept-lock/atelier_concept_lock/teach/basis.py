"""One orthogonal basis for each width of input, shared by all concepts that are to meet in one picture.

Each concept looks at a few directions of its own and learns only what follows from them (Orthogonal Adaptation). The
basis is a cosine transform with signs from a hash: equal on every machine, and a row of it costs its own length.
"""

from __future__ import annotations

import math

import torch

from .luck import ranked, signs

SEED = 20240229  # of the basis; a file says it, for others to share


def rows(width: int, numbers: list[int], layer: str, seed: int = SEED) -> torch.Tensor:
    """[len(numbers), width], orthonormal."""
    k = torch.tensor(numbers, dtype=torch.float64)[:, None]
    n = torch.arange(width, dtype=torch.float64)[None]
    waves = torch.cos(math.pi * (2 * n + 1) * k / (2 * width)) * math.sqrt(2 / width)
    waves = torch.where(k == 0, torch.full_like(waves, math.sqrt(1 / width)), waves)
    return (waves * signs(width, "basis", seed, layer)).float()


def numbers(width: int, rank: int, slot: int, layer: str, seed: int = SEED) -> list[int]:
    """Which rows a slot has. Slots share none until the width is used up."""
    among = ranked(width, "slot", seed, layer)
    return [among[(slot * rank + i) % width] for i in range(rank)]


def down(width: int, rank: int, slot: int, layer: str, seed: int = SEED) -> torch.Tensor:
    return rows(width, numbers(width, rank, slot, layer, seed), layer, seed)
