"""Trains the small detectors, of masks and of joints."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from dollhouse import yolo
from dollhouse.detector import within
from dollhouse.home import write
from dollhouse.train import pace
from dollhouse.train.labels import Batch, Labels, Move, prepared, spoiled
from dollhouse.train.scores import judged
from dollhouse.train.store import Store

GAINS = {"box": 7.5, "cls": 0.5, "dfl": 1.5, "pose": 12.0, "kobj": 1.0, "overlap_mask": False}
LEAST = 200  # scenes, before the first batch is made
HELD_OUT = 50  # one scene in so many is never learned from
JUDGED = 500
MASKED = 1024  # places of a batch whose masks are compared in a step
EVERY = 40.0  # seconds between two saved files


def train(store: Store, out: Path, seconds: float, device: torch.device, kinds: Sequence[str] = yolo.KINDS) -> None:
    end = time.monotonic() + seconds
    awaited(store)
    for number, kind in enumerate(kinds):
        network = learned(store, out, (end - time.monotonic()) / (len(kinds) - number), device, kind)
        numbers = scenes(store, held_out=True)[-JUDGED:]
        told = judged(network, Labels(store, dolls_only=kind == "pose"), numbers, device)
        print(f"detector-{kind}: scenes={len(numbers)}", *(f"{k}={v:.3f}" for k, v in told.items()), flush=True)


def learned(
    store: Store, out: Path, seconds: float, device: torch.device, kind: str, batch: int = 128, rate: float = 2e-3
) -> nn.Module:
    network = started(out, kind).to(device).to(memory_format=torch.channels_last)
    losses = losses_of(network)
    optimizer = pace.adam(groups(network), rate)
    mean, feed = Mean(network), pace.Feed(Batches(store, kind, batch))
    clock, keeper = pace.Pace(seconds, optimizer), pace.Keeper(mean, lambda: save(network, out, kind), EVERY)
    for _ in clock.ticks():
        loss = step(network, losses, optimizer, feed().to(device))
        mean.update()
        clock.said(kind, loss=loss)
        keeper.maybe()
    feed.close()
    keeper.now()
    mean.swap()
    return network.eval()


def started(out: Path, kind: str) -> nn.Module:
    """The network of a file that is there, or a new one."""
    path = out / yolo.file_of(kind)
    return yolo.opened(path).train() if path.exists() else yolo.build(yolo.design_of(kind))


def groups(network: nn.Module) -> list[dict[str, Any]]:
    """Weights decay, biases and norms do not."""
    known = [value for value in network.parameters() if value.requires_grad]
    plain = [value for value in known if value.ndim < 2]
    return [{"params": [v for v in known if v.ndim > 1]}, {"params": plain, "weight_decay": 0.0}]


def step(network: nn.Module, losses: Any, optimizer: torch.optim.Optimizer, batch: Batch) -> Tensor:
    move = Move.random(len(batch.picture), batch.picture.device)
    wanted = prepared(batch, move, yolo.SIDE)
    seen = spoiled(wanted["img"]).contiguous(memory_format=torch.channels_last)
    with pace.amp(seen.device):
        made = network(seen)
    loss = losses(widened(made), wanted)[0].sum() / len(seen)
    pace.descend(loss, optimizer, 10.0)
    return loss.detach()


def widened(made: dict[str, Any]) -> dict[str, Any]:
    """In single precision, which the losses need."""
    return {k: [v.float() for v in value] if isinstance(value, list) else value.float() for k, value in made.items()}


def losses_of(network: Any) -> Any:
    network.args = SimpleNamespace(**GAINS)
    losses = network.init_criterion()
    if hasattr(losses, "calculate_segmentation_loss"):
        losses.calculate_segmentation_loss = mask_loss
    return losses


def mask_loss(
    chosen: Tensor,
    masks: Tensor,
    which: Tensor,
    boxes: Tensor,
    place: Tensor,
    bases: Tensor,
    rows: Tensor,
    side: Tensor,
) -> Tensor:
    """What ultralytics computes picture by picture, for the whole batch at once and for at most `MASKED` places."""
    picture, at = chosen.nonzero(as_tuple=True)
    if len(picture) > MASKED:
        some = torch.randperm(len(picture), device=picture.device)[:MASKED]
        picture, at = picture[some], at[some]
    counts = torch.bincount(place.flatten().long(), minlength=len(chosen))
    true = masks[(counts.cumsum(0) - counts)[picture] + which[picture, at]]
    made = torch.einsum("nc,nchw->nhw", rows[picture, at], bases[picture])
    box = boxes[picture, at] / side[[1, 0, 1, 0]]
    area = (box[:, 2:] - box[:, :2]).prod(1)
    wrong = binary_cross_entropy_with_logits(made, true, reduction="none")
    extent = torch.tensor(made.shape[-2:], device=box.device)[[1, 0, 1, 0]]
    return ((wrong * within(box * extent, made)).mean((1, 2)) / area).mean()


class Mean(pace.Mean):
    """Also of what the norms have seen."""

    def __init__(self, network: nn.Module, keep: float = 0.998) -> None:
        super().__init__(network, keep)
        seen = [value for value in network.buffers() if value.is_floating_point()]
        self._own += seen  # type: ignore[arg-type]
        self.values += [value.clone() for value in seen]


class Batches:
    """Makes batches out of the scenes that are ready; threads may share one."""

    def __init__(self, store: Store, kind: str, batch: int) -> None:
        self.store, self.batch = store, batch
        self.labels = Labels(store, dolls_only=kind == "pose")
        self._random, self._lock = np.random.default_rng(7), threading.Lock()

    def __call__(self) -> Batch:
        learned = scenes(self.store, held_out=False)
        with self._lock:
            numbers = self._random.choice(learned, self.batch)
        return self.labels.batch(np.sort(numbers))


def scenes(store: Store, held_out: bool) -> NDArray[np.intp]:
    """Those that are ready to be learned from, or to be judged by."""
    ready = store.ready(facts=True)
    return ready[(ready % HELD_OUT == HELD_OUT - 1) == held_out]


def awaited(store: Store, least: int = LEAST) -> None:
    while len(store.ready(facts=True)) < min(least, store.plan.facts):
        time.sleep(0.5)


def save(network: nn.Module, out: Path, kind: str) -> None:
    told = {"format": "pt", "kind": kind, "yaml": yolo.design_of(kind)}
    write(out / yolo.file_of(kind), yolo.tensors(network), told)
