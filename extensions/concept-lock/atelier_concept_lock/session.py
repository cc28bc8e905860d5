"""A lock on a denoiser for one run: where it stands, which rows it may touch, and the hooks for layers with a place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import torch
from atelier_core.errors import UserError
from atelier_core.job import Denoiser

from .branches import Field, Layer
from .levels import Levels
from .regions import Lock
from .report import Report

Tensor = torch.Tensor
FIRST = "input_blocks.0.0"  # runs once in every call of the denoiser
REPLACED = "Another extension replaces the model's cross-attention: there regions read the whole picture's prompt."


class Session:
    def __init__(self, denoiser: Denoiser, lock: Lock, levels: Levels, report: Report) -> None:
        self.denoiser, self.lock, self.levels, self.report = denoiser, lock, levels, report
        self._measured: set[str] = set()
        self._spread: dict[Any, Any] = {}
        self.crossings: set[str] = set()  # attentions that must come by in every call
        self.crossed: set[str] = set()
        self._aside = False
        self._began = 0.0
        self._nested = 0

    @property
    def acting(self) -> bool:
        now = self.denoiser.now
        share = now.step / max(1, now.steps)
        return self.lock.start <= share and (share < self.lock.end or self.lock.end >= 1)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Layers are asked by us: all rows are the concept's own."""
        self._aside = True
        try:
            yield
        finally:
            self._aside = False

    @property
    def is_aside(self) -> bool:
        return self._aside

    def rows(self, batch: int) -> list[tuple[str, slice]]:
        """Runs of rows that concepts act on: "cond", and "uncond" where the lock says so."""
        if self._aside:
            return [("cond", slice(None))]
        told = self.denoiser.now.rows or ("cond",)
        if batch % len(told):
            return [("cond", slice(None))]
        each, at, runs = batch // len(told), 0, []
        for kind, run in groupby(told):
            end = at + each * len(list(run))
            if kind == "cond" or self.lock.uncond:
                runs.append((kind, slice(at, end)))
            at = end
        return runs

    def field(self, x: Tensor, tokens: bool) -> Field:
        """Shares at a layer: maps tell their size themselves, tokens by their number among the latent's levels."""
        latent = self.denoiser.now.latent
        chain = self.levels.of(latent, x.device)
        if tokens:
            shares = next((one for size, one in chain.items() if size[0] * size[1] == x.shape[-2]), None)
        else:
            shares = chain.get((x.shape[-2], x.shape[-1]))
        if shares is None:
            raise UserError(
                "The model divides the picture in a way that the concept lock does not know. Turn off token merging, "
                "HyperTile and the like."
            )
        return Field(shares, tokens, latent, self._spread)

    def hook(self, layer: str, after: Callable[..., Any], options: bool = False) -> None:
        """Only while the lock acts; the time spent counts as its cost."""

        def guarded(*told: Any) -> Any:
            if not self.acting:
                return None
            began = time.perf_counter()
            self._nested += 1
            try:
                return after(*told)
            finally:
                self._nested -= 1
                if not self._nested:
                    self.report.spent += time.perf_counter() - began

        self.denoiser.hook(layer, guarded, options)

    def watch(self) -> None:
        """Counts the calls of the denoiser and their time, from the first one's start to the last layer's end."""
        self._began = time.perf_counter()
        self.report.timed = not torch.cuda.is_available()
        if FIRST in self.denoiser.layers:
            self.denoiser.before(FIRST, self._called)
        last = "out.2" if "out.2" in self.denoiser.layers else next(iter(self.denoiser.layers))
        self.denoiser.hook(last, self._ended)

    def _called(self, module: Any, inputs: tuple[Any, ...]) -> None:
        if not self.report.calls:
            self._began = time.perf_counter()
        self.report.calls += 1

    def _ended(self, module: Any, inputs: tuple[Any, ...], output: Any) -> None:
        self.report.total = time.perf_counter() - self._began
        if self.acting and self.crossings - self.crossed:
            self.report.note(UserError(REPLACED))
        self.crossed.clear()

    def measures(self, layer: str) -> bool:
        """True once for each layer: the first step is enough to see what reaches where."""
        first = layer not in self._measured
        self._measured.add(layer)
        return first

    def place(self, name: str, layer: Layer) -> None:
        """Branches on a layer whose outputs have a place in the picture."""

        def after(module: Any, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
            for kind, rows in self.rows(output.shape[0]):
                self._add(name, layer, inputs[0][rows], output[rows], kind)
            return output

        self.hook(name, after)

    def _add(self, name: str, layer: Layer, x: Tensor, output: Tensor, kind: str) -> None:
        field = self.field(output, output.ndim == 3) if layer.zoned else None
        delta = layer.delta(x, output, field)
        if field is not None and kind == "cond" and not self._aside and self.measures(name):
            self._count(layer, output)
            for entry, zone in layer.entries().items():
                change = (delta - layer.delta(x, output, field, twist=entry)).abs()
                self.report.measure(entry, change, field.of(zone))
        output += delta

    def _count(self, layer: Layer, output: Tensor) -> None:
        places = output.shape[0] * (output.shape[-2] if output.ndim == 3 else output.shape[-2] * output.shape[-1])
        added, own = layer.macs()
        self.report.added += added * places
        self.report.own += own * places
