"""How far a network looks, measured on the loaded module itself.

A NaN in one pixel of a strip spoils exactly the outputs that depend on that pixel, whatever the weights are. While the
strip passes, every operation is looked at: one that could look further on another picture, or differently at another
place, makes the figure worthless, and then there is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

if TYPE_CHECKING:
    from .networks import Network

LONGEST = 2048  # pixels of the longest strip: it shows a radius below half of that
_SHORTEST = 128
_ROWS = 4  # of a strip: enough for a layer that mirrors three of its rows


@dataclass(frozen=True)
class Reach:
    """A pixel of the result depends on at most `radius` input pixels to each side of its place."""

    radius: int | None
    why: str = ""  # what stands against a radius, when there is none


# What gives each pixel from the same pixel, or only moves pixels about as upscalers do.
_LOCAL_NAMES = """
_to_copy _unsafe_view abs add add_ alias as_strided cat celu chunk clamp clamp_ clamp_max clamp_min clone
constant_pad_nd contiguous convolution copy_ detach div div_ elu empty empty_like exp expand full_like gelu gelu_
hardsigmoid hardswish hardtanh hardtanh_ leaky_relu leaky_relu_ mish mish_ mkldnn_convolution mul mul_
_native_batch_norm_legit_no_training neg ones_like permute pixel_shuffle pixel_unshuffle pow prelu _prelu_kernel
reflection_pad2d relu relu_ replication_pad2d reshape rsub select sigmoid sigmoid_ silu silu_ slice softplus split
split_with_sizes sqrt squeeze stack sub sub_ tanh tanh_ transpose unbind unsqueeze upsample_nearest2d view zeros
zeros_like
"""
_LOCAL = frozenset(_LOCAL_NAMES.split())


class _UnboundedError(Exception):
    """Why there can be no radius."""


class _Watched(TorchDispatchMode):
    """Stops at what rules a radius out, and counts in what steps the network takes pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.strides = 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        if not _is_local(name, args):
            raise _UnboundedError(f"its operation “{name}” can look anywhere")
        if name == "convolution" and not args[6]:  # not transposed
            self.strides *= max(args[3])
        if name == "pixel_unshuffle":
            self.strides *= args[1]
        return func(*args, **(kwargs or {}))


def _is_local(name: str, args: Any) -> bool:
    if name in ("upsample_bilinear2d", "upsample_bicubic2d"):
        return not args[2]  # corners aligned: the places depend on the size
    if name == "native_batch_norm":
        return not args[5]  # training: by what the picture itself is like
    if name == "mean":
        return args[0].dim() == 4 and tuple(args[1]) == (1,)  # over the channels
    return name in _LOCAL


def reach_of(network: Network) -> Reach:
    module = network.on_cpu()  # other devices may mix neighbours in one multiplication
    try:
        across, length = _along(network, module, False, _SHORTEST)
        down, _ = _along(network, module, True, length)
        return Reach(max(across, down))
    except _UnboundedError as why:
        return Reach(None, str(why))
    except RuntimeError:  # of a network that insists on sizes nobody declared
        return Reach(None, "it does not run on a strip")


def _along(network: Network, module: torch.nn.Module, vertical: bool, length: int) -> tuple[int, int]:
    """The radius in one direction, and the length of a strip that showed it."""
    while length <= LONGEST:
        length = -(-max(length, 4 * network.step, 2 * network.least) // network.step) * network.step
        spoilt = _spoilt(network, module, length, vertical)
        if not (spoilt[:, 0].any() or spoilt[:, -1].any()):
            return _farthest(spoilt, length), length
        length *= 4
    raise _UnboundedError(f"it looks further than {LONGEST // 2} pixels")


def _spoilt(network: Network, module: torch.nn.Module, length: int, vertical: bool) -> torch.Tensor:
    """For a NaN at each of `step` places in the middle: which pixels of the result it reaches. # [step, length]"""
    rows = -(-max(_ROWS, network.least) // network.multiple) * network.multiple
    x = torch.full((network.step, network.channels, rows, length), 0.5)
    for place in range(network.step):
        x[place, :, :, length // 2 // network.step * network.step + place] = float("nan")
    watched = _Watched()
    with torch.no_grad(), watched:
        y = network.forward(module, x.transpose(2, 3) if vertical else x)
    if network.step % watched.strides:
        raise _UnboundedError(f"it takes pixels in steps of {watched.strides}")
    spoilt = (y.transpose(2, 3) if vertical else y).isnan().any(2).any(1)
    return spoilt.reshape(network.step, length, network.scale).any(2)


def _farthest(spoilt: torch.Tensor, length: int) -> int:
    step = spoilt.shape[0]
    places = [row.nonzero().flatten() for row in spoilt]
    middle = length // 2 // step * step
    return max(
        max(middle + place - int(reached.min()), int(reached.max()) - middle - place)
        for place, reached in enumerate(places)
    )
