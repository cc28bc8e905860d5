"""What a training will take, measured on a few of its own steps."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from atelier_core.memory import free

from .learner import Learner

STEPS = 3  # the first one warms up and does not count
KEPT = 4 * 4  # bytes for each trained number: itself, its gradient, two moments


@dataclass(frozen=True)
class Estimate:
    step: float  # seconds
    whole: float  # seconds, of the steps that are left; sample pictures not counted
    memory: int  # bytes beside the model
    free: int  # bytes at the moment

    @property
    def fits(self) -> bool:
        return self.memory <= self.free

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "fits": self.fits}


class Counter:
    """Bytes that a way forth keeps for the way back: each storage once, and none of the model's own."""

    def __init__(self, layers: Iterable[Any]) -> None:
        own = (one for layer in layers for one in layer.parameters(recurse=False))
        self.own = {one.untyped_storage().data_ptr() for one in own}
        self.seen: dict[int, int] = {}

    def keep(self, tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.own:
            self.seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    @property
    def most(self) -> int:
        return sum(self.seen.values())


def estimate(learner: Learner) -> Estimate:
    """Nothing moves: the steps' gradients are thrown away."""
    device, times = learner.studio.device, []
    counter = Counter([*learner.studio.layers.values(), *learner.studio.text_layers.values()])
    room = free(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
    for step in range(STEPS):
        began = time.perf_counter()
        if step:
            learner.gradients(step)
        else:
            with torch.autograd.graph.saved_tensors_hooks(counter.keep, lambda kept: kept):
                learner.gradients(step)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - began)
        learner.optimizer.zero_grad(set_to_none=True)
    own = sum(one.numel() for one in learner.parameters.values()) * KEPT
    memory = torch.cuda.max_memory_allocated(device) - before if device.type == "cuda" else counter.most
    each = sum(times[1:]) / (STEPS - 1)
    return Estimate(each, each * (learner.args.steps - learner.step), memory + own, room)
