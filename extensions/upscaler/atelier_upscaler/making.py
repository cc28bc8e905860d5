"""Where an upscale meets the network: loaded once, lent to the device, measured once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from atelier_core.errors import UserError
from atelier_core.host import Host, ModelFile

from . import networks
from .enlarge import Choices, enlarge, way
from .halos import Halos
from .networks import Network
from .options import UpscaleArgs
from .report import Upscaled
from .targets import Target

halos = Halos(Path(__file__).parents[1] / "cache" / "halos.json")


def upscaled(host: Host, pixels: np.ndarray, target: Target, args: UpscaleArgs, watch: Callable[..., None]) -> Upscaled:
    network, choices = _network(host, args.model), _choices(args)
    need = way(network, target, choices).need
    if network is None:
        return enlarge(pixels, target, None, watch=watch)
    with host.lend(network.module, need) as lent:
        return enlarge(pixels, target, network, choices, device=lent.device, free=lent.free, halos=halos, watch=watch)


def estimate(host: Host, target: Target, args: UpscaleArgs, pixel_bytes: int) -> dict[str, Any]:
    chosen = way(_network(host, args.model), target, _choices(args))
    return {
        "width": target.size.width,
        "height": target.size.height,
        "tiles": chosen.tiles,
        "passes": len(chosen.setups),
        "memory_mb": round(chosen.memory(pixel_bytes) / 2**20),
        "device_mb": round(chosen.need / 2**20),
    }


def _network(host: Host, name: str) -> Network | None:
    model = _model(host.models("upscaler"), name)
    return networks.load(model.path) if model.path else None


def _model(models: Iterable[ModelFile], name: str) -> ModelFile:
    for model in models:
        if model.name == name:
            return model
    raise UserError("There is no upscale model “{name}”.", name=name)


def _choices(args: UpscaleArgs) -> Choices:
    return Choices(args.mode, None, args.tile or None, args.precision)  # type: ignore[arg-type]
