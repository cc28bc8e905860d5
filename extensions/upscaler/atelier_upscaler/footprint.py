"""How much memory a network takes while it runs, measured on the loaded module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from .networks import Network

_SIDE = 32  # pixels of the picture it is measured on
_HELD = (
    2  # times the largest operation: what waits beside it, and a library's scratch memory; RRDBNet on CUDA has 16 KB
)


class _Largest(TorchDispatchMode):
    """Of all operations, the most bytes that one takes in and gives out."""

    def __init__(self) -> None:
        super().__init__()
        self.bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self.bytes = max(self.bytes, _maps(args) + _maps(result))
        return result


def _maps(value: Any) -> int:
    """Bytes of the maps in it; weights are no maps."""
    if isinstance(value, torch.nn.Parameter):
        return 0
    if isinstance(value, torch.Tensor):
        return value.numel() * value.element_size()
    return sum(_maps(part) for part in value) if isinstance(value, (list, tuple)) else 0


def footprint_of(network: Network) -> int:
    """Bytes per input pixel in float32."""
    side = -(-max(_SIDE, network.least) // network.step) * network.step
    largest = _Largest()
    with torch.no_grad(), largest:
        network.forward(network.on_cpu(), torch.full((1, network.channels, side, side), 0.5))
    return _HELD * largest.bytes // side**2
