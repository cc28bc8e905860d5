"""Steps that an accelerator repeats by itself: recorded once, replayed without Python between its thousands of kernels.

Networks this narrow keep an accelerator busy for a few microseconds a kernel, less than Python takes to ask for one.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from dollhouse.train.attention import written_out
from dollhouse.train.pace import Keeper, Pace, amp

Said = TypeVar("Said")
LONG = 1800.0  # seconds of a training from which on a compiler pays: beside processes that draw it takes minutes
AHEAD = 2  # steps that may wait for the device: a clock that ends a training should not be far ahead of it
WARM = 3  # steps before the recording: optimizers then have their state, and convolutions their ways


class Growing(Protocol):
    count: int

    def grow(self) -> Any: ...


def recorded(step: Callable[[], Said], device: torch.device) -> Callable[[], Said]:
    """The same step. On an accelerator it must always do the same on the same tensors and never look at a value; what
    it returns is overwritten by the next."""
    if device.type != "cuda":
        return step
    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(WARM):
            step()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            said = step()
    except RuntimeError as error:
        print(f"not recorded: {str(error)[:300]}", flush=True)
        torch.cuda.synchronize()
        return step

    marks: deque[torch.cuda.Event] = deque(maxlen=AHEAD)

    def again() -> Said:
        if len(marks) == AHEAD:
            marks[0].synchronize()
        graph.replay()
        marks.append(torch.cuda.Event())
        marks[-1].record()
        return said

    return again


def phases(pace: Pace, parts: Sequence[tuple[float, Callable[[], Said]]], device: torch.device) -> Iterator[Said]:
    """What every step of a training says. Each part begins at its share of the time, the first at once."""
    left = list(parts)
    for share in pace.ticks():
        if left and share >= left[0][0]:
            again = recorded(left.pop(0)[1], device)
        yield again()


def learn(
    name: str,
    pace: Pace,
    parts: Sequence[tuple[float, Callable[[], torch.Tensor]]],
    size: int,
    scenes: Growing,
    keeper: Keeper,
    device: torch.device,
) -> None:
    """A training by the clock on scenes of which there are more and more, to its last file."""
    scenes.grow()
    for loss in phases(pace, parts, device):
        keeper.mean.update()
        keeper.maybe()
        scenes.grow()
        pace.said(name, loss=loss, scenes=scenes.count)
    keeper.now()
    print(f"{name}: {pace.steps} steps of {size} on {scenes.count} scenes", flush=True)


def places(size: int, held: torch.Tensor) -> torch.Tensor:
    """So many at random below a count that lies on the device, where a recorded step sees it grow."""
    return (torch.rand(size, dtype=torch.double, device=held.device) * held).long()


def quickest(name: str, net: nn.Module, asked: tuple[torch.Tensor, ...], seconds: float) -> Any:
    """The network, compiled where that pays, works and is faster; what it is asked keeps its sizes and strides."""
    device = asked[0].device
    if device.type != "cuda":
        return written_out(net)
    if seconds < LONG:
        return net
    plain = _timed(net, asked, device)
    try:
        compiled = torch.compile(net, dynamic=False)
        quick = _timed(compiled, asked, device)
    except Exception as error:  # noqa: BLE001 - any failure of a compiler only costs speed
        print(f"{name}: not compiled: {type(error).__name__}: {str(error)[:300]}", flush=True)
        return net
    print(f"{name}: a step takes {plain:.1f} ms, compiled {quick:.1f} ms", flush=True)
    return compiled if quick < plain else net


def _timed(ask: Any, asked: tuple[torch.Tensor, ...], device: torch.device) -> float:
    """Milliseconds of a step forth and back."""

    def step() -> None:
        with amp(device):
            said = ask(*asked)
        said.float().square().mean().backward()

    again = recorded(step, device)
    torch.cuda.synchronize()
    begun = time.monotonic()
    for _ in range(10):
        again()
    torch.cuda.synchronize()
    return (time.monotonic() - begun) * 100
