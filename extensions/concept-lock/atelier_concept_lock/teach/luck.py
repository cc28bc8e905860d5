"""Chance that depends on a seed and a place alone: a training that goes on draws what it would have drawn."""

from __future__ import annotations

import hashlib

import torch


def luck(seed: int, *place: str | int) -> torch.Generator:
    """Always on the CPU: the same draws on every machine."""
    told = hashlib.sha256("\n".join(map(str, (seed, *place))).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(told[:7], "little"))


def order(count: int, generator: torch.Generator) -> list[int]:
    return [int(n) for n in torch.randperm(count, generator=generator)]


def signs(count: int, *place: str | int) -> torch.Tensor:
    """+1 and -1 from the bits of a hash: equal on every release of everything."""
    text = "\n".join(map(str, place)).encode()
    bits = hashlib.shake_256(text).digest(-(-count // 8))
    return torch.tensor([1.0 if bits[i // 8] >> i % 8 & 1 else -1.0 for i in range(count)])


def ranked(count: int, *place: str | int) -> list[int]:
    """An order of 0 … count-1 from a hash."""
    text = "\n".join(map(str, place)).encode()
    keys = hashlib.shake_256(b"order\n" + text).digest(8 * count)
    return sorted(range(count), key=lambda i: (keys[8 * i : 8 * i + 8], i))
