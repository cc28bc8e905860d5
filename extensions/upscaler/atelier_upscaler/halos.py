"""How wide a halo a network needs in fast mode: measured once on each network, and remembered.

A trained network looks much less far than it could. One difficult strip goes through it whole, and again with either
end cut off; how far from the cuts the results differ is the halo.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy as np
import torch

from .networks import Network

CHOICES = (8, 16, 24, 32, 48, 64)
TOLERANCE = 0.5 / 255  # of the result, at the worst place of the strip
_ROWS, _KEPT = 48, 80  # pixels: the strip's width, its length behind a cut


class Halos:
    """Measured halos by the digest of the network's file, kept in a file of their own."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known: dict[str, int] = {}

    def of(self, network: Network) -> int:
        if not network.digest:
            return measured_halo(network)
        if network.digest not in self._known:
            self._known.update(self._read())
        if network.digest not in self._known:
            self._known[network.digest] = measured_halo(network)
            self._write()
        return self._known[network.digest]

    def _read(self) -> dict[str, int]:
        try:
            told = json.loads(self._file.read_text("utf-8")) if self._file else {}
        except (OSError, ValueError):  # absent, or not ours any more: measured anew
            return {}
        return {digest: halo for digest, halo in told.items() if halo in CHOICES} if isinstance(told, dict) else {}

    def _write(self) -> None:
        if self._file is None:
            return
        with suppress(OSError):  # a folder that cannot be written: measured anew at each start
            self._file.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._file.with_suffix(".tmp")
            fresh.write_text(json.dumps(self._known, indent=1, sort_keys=True), "utf-8")
            fresh.replace(self._file)


def measured_halo(network: Network) -> int:
    """The smallest choice at which no cut is seen, or the largest of them."""
    strip = _strip(network).to(network.device)
    with torch.inference_mode():
        errors = torch.maximum(_errors(network, strip, vertical=False), _errors(network, strip, vertical=True))
    seen = (errors > TOLERANCE).nonzero()
    farthest = int(seen.max()) + 1 if len(seen) else 0
    return next((choice for choice in CHOICES if choice >= farthest), CHOICES[-1])


def _errors(network: Network, strip: torch.Tensor, *, vertical: bool) -> torch.Tensor:
    """The largest difference at each distance from a cut, in input pixels."""

    def result(x: torch.Tensor) -> torch.Tensor:
        y = network.forward(network.module, x.transpose(2, 3) if vertical else x)
        return y.transpose(2, 3) if vertical else y

    cut = _rounded(CHOICES[-1], network.step)
    whole = result(strip)
    left = result(strip[..., cut:]) - whole[..., cut * network.scale :]
    right = result(strip[..., :-cut]) - whole[..., : -cut * network.scale]
    error = torch.maximum(left.abs(), right.abs().flip(-1)).amax((0, 1, 2))
    return error.reshape(-1, network.scale).amax(1)


def _strip(network: Network) -> torch.Tensor:  # [1, C, rows, length], 0..1
    rows = _rounded(max(_ROWS, network.least), network.multiple)
    length = _rounded(CHOICES[-1], network.step) + _rounded(max(_KEPT, network.least), network.step)
    random = np.random.default_rng(0)
    y, x = np.mgrid[0:rows, 0:length].astype(np.float32)
    contents = np.stack(
        [
            np.full_like(x, 0.5),
            x / length,
            random.random(x.shape, np.float32),
            ((x // 3 + y // 3) % 2),
            np.ones_like(x),
            ((x // 16) % 2) * 0.9,
        ]
    )
    grey = np.take_along_axis(contents, (y // 8 % 6).astype(np.int64)[None], axis=0)[0]
    tint = np.array([1.0, 0.8, 0.6, 1.0], np.float32)[: network.channels]
    return torch.from_numpy((grey[..., None] * tint).astype(np.float32)).unsqueeze(0).permute(0, 3, 1, 2)


def _rounded(length: int, step: int) -> int:
    return -(-length // step) * step
