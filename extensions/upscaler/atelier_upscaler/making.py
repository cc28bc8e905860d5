"""Where an upscale meets the network: loaded once, lent to the device, measured once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from . import networks
from .enlarge import Choices, enlarge, way
from .halos import Halos
from .options import UpscaleArgs
from .report import Upscaled
from .targets import Target

halos = Halos(Path(__file__).parents[1] / "cache" / "halos.json")


Lend = Callable[[torch.nn.Module, int], AbstractContextManager[Any]]  # the port's verb; gives `device` and `free()`


def upscaled(
    model: Path | None,  # None: Lanczos
    lend: Lend,
    pixels: np.ndarray,
    target: Target,
    args: UpscaleArgs,
    watch: Callable[..., None],
) -> Upscaled:
    if model is None:
        return enlarge(pixels, target, None, watch=watch)
    network, choices = networks.load(model), _choices(args)
    with lend(network.module, way(network, target, choices).need) as lent:
        return enlarge(pixels, target, network, choices, device=lent.device, free=lent.free, halos=halos, watch=watch)


def estimate(model: Path | None, target: Target, args: UpscaleArgs, pixel_bytes: int) -> dict[str, int]:
    """What an upscale would cost, without doing it."""
    chosen = way(networks.load(model) if model else None, target, _choices(args))
    return {
        **target.size._asdict(),
        "tiles": chosen.tiles,
        "passes": len(chosen.setups),
        "memory_mb": round(chosen.memory(pixel_bytes) / 2**20),
        "device_mb": round(chosen.need / 2**20),
    }


def _choices(args: UpscaleArgs) -> Choices:
    return Choices(args.mode, None, args.tile or None, args.precision)  # type: ignore[arg-type]
