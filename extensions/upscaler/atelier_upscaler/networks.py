"""Super-resolution networks: read through spandrel, kept for the next call, called on any picture."""

from __future__ import annotations

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import spandrel
import torch
from atelier_core.errors import UserError
from torch.nn import functional as F

from . import weights
from .footprint import footprint_of
from .radius import Reach, reach_of

KEPT = 2  # networks in memory between calls; RRDBNet has 67 MB
_MISFIT = (RuntimeError, LookupError, ValueError, TypeError, AttributeError, ArithmeticError, AssertionError)


@dataclass(eq=False)
class Network:
    name: str
    architecture: str
    module: torch.nn.Module  # float32; whoever lends memory moves it
    scale: int
    channels: int  # of its input and its output: 1, 3 or 4
    dtypes: tuple[torch.dtype, ...] = (torch.float32,)  # what it computes well in, best for speed first
    multiple: int = 1  # its input's sides are multiples of this,
    least: int = 1  # and at least this
    step: int = 1  # tiles begin at multiples of this: `multiple`, or its attention windows
    layout: torch.memory_format = torch.channels_last  # which its operations are fastest in
    whole: bool = False  # its makers advise against tiles
    digest: str = ""  # sha256 of its file
    call: Callable[[torch.nn.Module, torch.Tensor], torch.Tensor] = lambda module, x: module(x)

    @property
    def device(self) -> torch.device:
        return next((weight.device for weight in self.module.parameters()), torch.device("cpu"))

    def on_cpu(self) -> torch.nn.Module:
        return self.module if self.device.type == "cpu" else deepcopy(self.module).cpu()

    @cached_property
    def reach(self) -> Reach:
        """How far it looks. Measured at first use, on a CPU: seconds for the largest."""
        return reach_of(self)

    @cached_property
    def footprint(self) -> int:
        """Bytes it needs per input pixel while it runs in float32. Measured at first use, on a CPU."""
        return footprint_of(self)

    def forward(self, module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:  # [B, C, H, W], 0..1
        """`module` is this network's own or a copy of it. C may be 1 or 3. Nothing is clamped."""
        channels = x.shape[1]
        if channels != self.channels:
            x = _as_grey_pictures(x) if self.channels == 1 else _widened(x, self.channels)
        y = self._sized(module, x)
        if self.channels == 1:
            return y.reshape(-1, channels, *y.shape[2:])
        return y.mean(1, keepdim=True) if channels == 1 else y[:, :channels]

    def _sized(self, module: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        x = _padded(x, self._room(width), self._room(height))
        x = x.contiguous(memory_format=self.layout if x.device.type in ("cpu", "cuda") else torch.contiguous_format)
        return self.call(module, x)[..., : height * self.scale, : width * self.scale]

    def _room(self, side: int) -> int:
        return -(-max(side, self.least) // self.multiple) * self.multiple - side


def _as_grey_pictures(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, 1, *x.shape[2:])


def _widened(x: torch.Tensor, channels: int) -> torch.Tensor:
    """Grey as three equal colours; a fourth channel is alpha: opaque."""
    colours = x.expand(-1, 3, -1, -1)
    return colours if channels == 3 else torch.cat([colours, torch.ones_like(colours[:, :1])], dim=1)


def _padded(x: torch.Tensor, right: int, below: int) -> torch.Tensor:
    """Mirrored, and where the picture is too small for that, its last pixels go on; as spandrel does it."""
    if not (right or below):
        return x
    height, width = x.shape[2:]
    across, down = min(right, width - 1), min(below, height - 1)
    x = F.pad(x, (0, across, 0, down), mode="reflect")
    return F.pad(x, (0, right - across, 0, below - down), mode="replicate")


def from_state(state: dict[str, Any], name: str, digest: str = "") -> Network:
    """Whatever spandrel recognises in the weights, as far as it makes a picture out of a picture."""
    try:
        found = spandrel.ModelLoader(device="cpu").load_from_state_dict(state)
    except spandrel.UnsupportedModelError as error:
        raise UserError("{name} is not an upscale model of a kind that spandrel reads.", name=name) from error
    except _MISFIT as error:  # spandrel reads sizes out of whatever has the right names
        raise UserError(
            "{name} looks like an upscale model, but its weights do not fit together.", name=name
        ) from error
    if not _makes_pictures(found):
        raise UserError(
            "{name} is a {purpose} model and does not make pictures larger.", name=name, purpose=found.purpose
        )
    return _network(found, name, digest)


def _makes_pictures(found: Any) -> bool:
    return (
        isinstance(found, spandrel.ImageModelDescriptor)
        and found.purpose in ("SR", "Restoration")
        and found.input_channels == found.output_channels
        and found.input_channels in (1, 3, 4)
        and not found.size_requirements.square
    )


def _network(found: Any, name: str, digest: str) -> Network:
    module = found.model.eval().requires_grad_(False).float()
    half = [torch.float16] * found.supports_half + [torch.bfloat16] * found.supports_bfloat16
    multiple = found.size_requirements.multiple_of
    return Network(
        name=name,
        architecture=found.architecture.name,
        module=module,
        scale=found.scale,
        channels=found.input_channels,
        dtypes=(*half, torch.float32),
        multiple=multiple,
        least=max(1, found.size_requirements.minimum),
        step=math.lcm(multiple, *_windows(module)),
        layout=_layout(module),
        whole=found.tiling is not spandrel.ModelTiling.SUPPORTED,
        digest=digest,
        call=getattr(found, "_call_fn", Network.call),  # without spandrel's clamp, which would hide an overflow
    )


def _layout(module: torch.nn.Module) -> torch.memory_format:
    """Channels last is what convolutions are fastest in; some networks with attention cannot take it."""
    attends = any(isinstance(layer, torch.nn.Linear) for layer in module.modules())
    return torch.contiguous_format if attends else torch.channels_last


def _windows(module: torch.nn.Module) -> list[int]:
    """Sides of attention windows, as networks of this kind name them."""
    sides: set[int] = set()
    for layer in module.modules():
        for name in ("window_size", "split_size"):
            side = getattr(layer, name, ())
            sides.update(int(s) for s in (side if isinstance(side, Iterable) else (side,)) if isinstance(s, int))
    return [side for side in sides if 1 < side <= 64]


_kept: OrderedDict[tuple[Path, int, int], Network] = OrderedDict()
_keeping = threading.Lock()


def load(path: Path) -> Network:
    """From memory when the file has not changed since the last call."""
    path = Path(path).resolve()
    try:
        stat = path.stat()
    except OSError as error:
        raise UserError("There is no model file {name}.", name=path.name) from error
    key = (path, stat.st_mtime_ns, stat.st_size)
    with _keeping:
        if key not in _kept:
            _kept[key] = from_state(weights.read(path), path.stem, _digest(path))
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
        return _kept[key]


def _digest(path: Path) -> str:
    sha = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha.update(block)
    return sha.hexdigest()
