"""What all trainings share: a clock that sets the rate, batches made ahead, averaged weights, half-size files."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn


class Pace:
    """A training that ends by the clock: the rate rises for the first 3 %, then falls along a cosine."""

    def __init__(self, seconds: float, optimizer: torch.optim.Optimizer, floor: float = 0.02) -> None:
        self.seconds, self.optimizer, self.floor = seconds, optimizer, floor
        self.started, self.steps = time.monotonic(), 0
        self._rates = [float(group["lr"]) for group in optimizer.param_groups]
        self._said = 0.0
        self._slow_down()

    @property
    def share(self) -> float:
        return min(1.0, (time.monotonic() - self.started) / self.seconds) if self.seconds > 0 else 1.0

    def factor(self) -> float:
        share = self.share
        return min(1.0, share / 0.03 + 0.02, self.floor + (1 - self.floor) * (0.5 + 0.5 * math.cos(math.pi * share)))

    def ticks(self) -> Iterator[float]:
        """One for each step until the time is over, with the share of it that has passed."""
        while self.share < 1:
            self._slow_down()
            yield self.share
            self.steps += 1

    def _slow_down(self) -> None:
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            _set(group, rate * self.factor())

    def said(self, name: str, every: float = 10.0, **figures: Any) -> None:
        """Prints the figures now and then; they are read from the device only then."""
        passed = time.monotonic() - self.started
        if passed - self._said < every:
            return
        self._said = passed
        told = " ".join(f"{key}={float(torch.as_tensor(value).detach()):.4f}" for key, value in figures.items())
        print(f"{name}: {passed:.0f} s, step {self.steps}, {told}", flush=True)


def _set(group: dict[str, Any], rate: float) -> None:
    if isinstance(group["lr"], torch.Tensor):
        group["lr"].fill_(rate)
    else:
        group["lr"] = rate


class Feed:
    """Batches made by threads while the device works on others."""

    def __init__(self, make: Callable[[], Any], threads: int = 2, depth: int = 4) -> None:
        self._queue: queue.Queue[Any] = queue.Queue(depth)
        self._make, self._over = make, threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._over.is_set():
            made = self._make()
            while not self._over.is_set():
                try:
                    self._queue.put(made, timeout=0.2)
                    break
                except queue.Full:
                    continue

    def __call__(self) -> Any:
        while True:
            try:
                return self._queue.get(timeout=5)
            except queue.Empty:
                if not any(thread.is_alive() for thread in self._threads):
                    raise RuntimeError("the threads that make batches have failed") from None

    def close(self) -> None:
        self._over.set()


class Mean:
    """The running mean of a network's weights; the first steps count for less."""

    def __init__(self, network: nn.Module, keep: float = 0.999) -> None:
        self.keep, self.count = keep, 0
        self._own = list(network.parameters())
        self.values = [value.detach().clone() for value in self._own]

    @torch.no_grad()
    def update(self) -> None:
        self.count += 1
        keep = min(self.keep, (1 + self.count) / (10 + self.count))
        torch._foreach_lerp_(self.values, [value.detach() for value in self._own], 1 - keep)

    @torch.no_grad()
    def swap(self) -> None:
        """The means into the network and its weights out of it; a second call puts them back."""
        for own, mean in zip(self._own, self.values, strict=True):
            held = own.detach().clone()
            own.copy_(mean)
            mean.copy_(held)


class Keeper:
    """Writes the running mean now and then: a training may be ended at any moment."""

    def __init__(self, mean: Mean, write: Callable[[], None], every: float = 60.0) -> None:
        self.mean, self.write, self.every = mean, write, every
        self._last = time.monotonic()

    def maybe(self) -> None:
        if time.monotonic() - self._last > self.every:
            self.now()

    def now(self) -> None:
        self.mean.swap()
        self.write()
        self.mean.swap()
        self._last = time.monotonic()


def adam(groups: Any, rate: float, decay: float = 0.01) -> torch.optim.AdamW:
    quick = torch.cuda.is_available()
    made = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.99), weight_decay=decay, fused=quick, capturable=quick)
    for group in made.param_groups if quick else ():
        group["lr"] = torch.tensor(float(group["lr"]), device="cuda")  # where a recorded step looks for it each time
    return made


def descend(loss: torch.Tensor, optimizer: torch.optim.Optimizer, most: float = 1.0) -> None:
    """A step against the gradient, which is made no longer than `most`."""
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_([value for group in optimizer.param_groups for value in group["params"]], most)
    optimizer.step()


def sized(batch: int, device: torch.device, parts: int = 8) -> int:
    """A batch for that device: a processor takes one part of it, for the sake of more steps."""
    return batch if device.type == "cuda" else max(4, batch // parts)


def placed(network: Any, device: torch.device) -> Any:
    """On the device, in the layout that is quickest there: seen, processors want channels first with halves."""
    network = network.to(device)
    return network.to(memory_format=torch.channels_last) if device.type == "cuda" else network


def amp(device: torch.device) -> Any:
    return torch.autocast(device.type, torch.bfloat16)


def halves(device: torch.device) -> bool:
    """Whether the device has instructions for them; where there are none convolutions of halves are slower."""
    return device.type == "cuda" or bool(torch.cpu._is_avx512_bf16_supported())
