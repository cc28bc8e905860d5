"""What a training will take, measured on a few of its own steps."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from atelier_core.memory import free

from .learner import Learner
from .loss import noised
from .luck import luck
from .options import TeachArgs

TIMES = (100, 500, 900)  # of 1000, at which the drift is looked at
STEPS = 3  # the first one warms up and does not count
KEPT = 4 * 4  # bytes for each trained number: itself, its gradient, two moments


@dataclass(frozen=True)
class Estimate:
    step: float  # seconds
    whole: float  # seconds, of the steps that are left; sample pictures not counted
    memory: int  # bytes beside the model
    free: int  # bytes at the moment
    pictures: int  # that the webui draws for it, which takes time of its own

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
    return Estimate(each, each * (learner.args.steps - learner.step), memory + own, room, drawn_for(learner.args))


def drawn_for(args: TeachArgs) -> int:
    """Pictures of the noun, samples and the preview."""
    samples = args.steps // args.sample_every if args.sample_every else 0
    return samples + 1 + (args.class_pictures if args.prior else 0)


@torch.no_grad()
def drift(learner: Learner) -> float:
    """How far the answer to the noun alone has moved, over the untaught answer's own size."""
    studio, one = learner.studio, (learner.known or learner.shown)[0]
    moved, size = 0.0, 0.0
    for time_ in TIMES:
        noise = torch.randn(one.latents[0].shape, generator=luck(learner.args.seed, "drift", time_))
        noisy = noised(one.latents[0], noise, studio.alphas[[time_]]).to(studio.device)
        asked = noisy, torch.tensor([time_], device=studio.device), one.sizes.to(studio.device)
        taught, untaught = learner.answers(learner.args.noun, *asked)
        moved += float((taught - untaught).square().mean())
        size += float(untaught.square().mean())
    return (moved / max(size, 1e-12)) ** 0.5
