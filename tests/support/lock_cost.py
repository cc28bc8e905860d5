"""What a locked call of the denoiser costs: multiplications by torch's own counter, bytes by the tensors alive."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch
from atelier_concept_lock.adapters import Adapter
from atelier_concept_lock.keys import Place
from atelier_concept_lock.products import Lora
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

Tensor = torch.Tensor
Shapes = Mapping[str, tuple[int, ...]]
SINGLE = ("time_embed", "label_emb", "emb_layers")  # layers without a place


def trained(table: Shapes, only: str = "") -> dict[str, tuple[int, ...]]:
    """Layer -> shape of its weight, of all that LoRAs are trained on: by the layouts' own tables."""
    found = {name.removesuffix(".weight"): shape for name, shape in table.items() if len(shape) > 1}
    kept = (k for k in found if k not in ("input_blocks.0.0", "out.2") and only in k)
    return {name: found[name] for name in kept if not any(one in name for one in SINGLE)}


def lora(shapes: Shapes, rank: int, device: str = "cpu", seed: int = 0) -> Adapter:
    torch.manual_seed(seed)
    parts: dict[Place, Lora] = {}
    for name, (out, *ins) in shapes.items():
        down = torch.randn(rank, *ins, device=device) / prod(ins) ** 0.5
        up = torch.randn(out, rank, *[1] * (len(ins) - 1), device=device) * 0.1
        parts[Place("unet", name)] = Lora({"down": down, "up": up})
    return Adapter(str(rank), parts)


def theory(shapes: Shapes, cells: Mapping[str, int], ranks: int) -> int:
    """Σ r (d_in + d_out), a convolution's kernel counted with its inputs. `cells`: places of each layer in one row."""
    return sum(ranks * (prod(shape[1:]) + shape[0]) * cells[name] for name, shape in shapes.items())


def cells_of(layers: Mapping[str, Any], shapes: Shapes, call: Callable[[], Any]) -> dict[str, int]:
    """By a plain call: how many places of one row each layer answers."""
    found: dict[str, int] = {}

    def look(name: str) -> Any:
        def after(module: Any, inputs: Any, output: Tensor) -> None:
            found[name] = output[0].numel() // shapes[name][0]

        return after

    handles = [layers[name].register_forward_hook(look(name)) for name in shapes]
    call()
    for handle in handles:
        handle.remove()
    return found


def multiplications(call: Callable[[], Any]) -> int:
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops() // 2


class Alive(TorchDispatchMode):
    """The most bytes that tensors made inside held at one moment, and the largest of them."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = self.largest = 0
        self._holders: Counter[int] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {one.untyped_storage()._cdata for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)}
        made = func(*args, **(kwargs or {}))
        for one in tree_leaves(made):
            if isinstance(one, Tensor):
                self._hold(one, given)
        return made

    def _hold(self, tensor: Tensor, given: set[int]) -> None:
        key, size = tensor.untyped_storage()._cdata, tensor.untyped_storage().nbytes()
        if key in given and not self._holders[key]:
            return  # a view of what was there before
        if not self._holders[key]:
            self.now += size
            self.most, self.largest = max(self.most, self.now), max(self.largest, size)
        self._holders[key] += 1
        weakref.finalize(tensor, self._drop, key, size)

    def _drop(self, key: int, size: int) -> None:
        self._holders[key] -= 1
        if not self._holders[key]:
            self.now -= size


def bytes_of(adapters: Sequence[Adapter]) -> int:
    return sum(t.nbytes for one in adapters for part in one.parts.values() for t in part.w.values())
