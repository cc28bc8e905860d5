"""Where an upscale meets the network: loaded once, lent to the device, measured once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from atelier_core import memory
from atelier_core.errors import UserError

from . import networks
from .enlarge import Choices, Way, enlarge, way
from .halos import Halos
from .options import UpscaleArgs
from .report import Upscaled
from .targets import Target

halos = Halos(Path(__file__).parents[1] / "cache" / "halos.json")


Lend = Callable[[torch.nn.Module, int], AbstractContextManager[Any]]  # the port's verb; gives `device` and `free()`


def _room_for(chosen: Way, pixel_bytes: int) -> None:
    """Refuses before the work what the main memory could not hold."""
    need, there = chosen.memory(pixel_bytes), memory.available()
    if need > there:
        text = "The result needs {need:.1f} GB of main memory, and {there:.1f} GB are free. Choose a smaller size."
        raise UserError(text, need=need / 1e9, there=there / 1e9)


def upscaled(
    model: Path | None,  # None: Lanczos
    lend: Lend,
    pixels: np.ndarray,
    target: Target,
    args: UpscaleArgs,
    watch: Callable[..., None],
) -> Upscaled:
    network, choices = networks.load(model) if model else None, _choices(args)
    chosen = way(network, target, choices)
    _room_for(chosen, pixels.itemsize * pixels.shape[2])
    if network is None:
        return enlarge(pixels, target, None, watch=watch)
    with lend(network.module, chosen.need) as lent:
        return enlarge(pixels, target, network, choices, device=lent.device, free=lent.free, halos=halos, watch=watch)


def estimate(model: Path | None, lend: Lend, target: Target, args: UpscaleArgs, pixel_bytes: int) -> dict[str, int]:
    """What an upscale would cost where it would be computed, without doing it."""
    network, choices = networks.load(model) if model else None, _choices(args)
    chosen = way(network, target, choices)
    if network:
        with lend(network.module, 0) as lent:
            chosen = way(network, target, choices, device=lent.device, free=lent.free)
    return {
        **target.size._asdict(),
        "tiles": chosen.tiles,
        "passes": len(chosen.setups),
        "memory_mb": round(chosen.memory(pixel_bytes) / 2**20),
        "device_mb": round(chosen.need / 2**20),
    }


def _choices(args: UpscaleArgs) -> Choices:
    return Choices(args.mode, None, args.tile or None, args.precision)  # type: ignore[arg-type]
