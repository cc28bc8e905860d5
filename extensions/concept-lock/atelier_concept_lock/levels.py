"""Region masks at the size of every level of the network, together with what lies outside them all."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from atelier_core.geometry import Extent
from atelier_core.job import Window

LEAST = 1e-9  # below this a share is rounding


class Levels:
    """`masks` [N, H, W] in 0…1 over the picture, whose last row and column go on over the canvas the model paints on.

    Every level's shares [N + 1, h, w] sum to 1 in each cell; the last one is the background.
    """

    def __init__(self, masks: np.ndarray) -> None:
        height, width = masks.shape[1:]
        self._drawn = masks
        self.masks = np.pad(masks, [(0, 0), (0, -height % 8), (0, -width % 8)], mode="edge")
        self._made: dict[tuple[Extent, torch.device], dict[tuple[int, int], torch.Tensor]] = {}

    def within(self, window: Window) -> Levels:
        """The same over a part of the picture alone."""
        if window == Window():
            return self
        height, width = self._drawn.shape[1:]
        rows = slice(round(window.top * height), round(window.bottom * height))
        return Levels(self._drawn[:, rows, round(window.left * width) : round(window.right * width)])

    @property
    def count(self) -> int:
        return len(self.masks)

    def of(self, latent: Extent, device: Any) -> dict[tuple[int, int], torch.Tensor]:
        """(h, w) -> shares, from the latent's own size down to a single cell."""
        key = (latent, torch.device(device))
        if key not in self._made:
            chain = {size: torch.from_numpy(shares).to(device) for size, shares in self._chain(latent).items()}
            self._made[key] = chain
        return self._made[key]

    def _chain(self, latent: Extent) -> dict[tuple[int, int], np.ndarray]:
        shares = _with_background(by_area(self.masks, latent))
        chain: dict[tuple[int, int], np.ndarray] = {}
        for step in range(16):
            small = _pooled(shares, 2**step)
            size = small.shape[1], small.shape[2]
            chain[size] = _snapped(small).astype(np.float32)
            if size == (1, 1):
                break
        return chain


def sizes(latent: Extent) -> list[tuple[int, int]]:
    """(h, w) of every level of the network: each half of the last, rounded up."""
    made = [(latent.height, latent.width)]
    while max(made[-1]) > 1:
        made.append(((made[-1][0] + 1) // 2, (made[-1][1] + 1) // 2))
    return made


def by_area(masks: np.ndarray, size: Extent) -> np.ndarray:
    """[N, h, w]: each cell's mean over the area that it covers, to fractions of a pixel."""
    rows, columns = overlaps(masks.shape[1], size.height), overlaps(masks.shape[2], size.width)
    return np.einsum("yh,nhw,xw->nyx", rows, masks, columns, optimize=True)


@lru_cache(maxsize=64)
def overlaps(source: int, cells: int) -> np.ndarray:
    """[cells, source]: what share of a cell each source pixel takes."""
    edges = np.arange(cells + 1) * source / cells
    left, right = np.arange(source), np.arange(1, source + 1)
    shared = np.minimum(right, edges[1:, None]) - np.maximum(left, edges[:-1, None])
    return shared.clip(min=0) * cells / source


def _with_background(masks: np.ndarray) -> np.ndarray:
    """Where regions overlap they share the cell; what none of them takes is the background's."""
    shares = masks / np.maximum(masks.sum(axis=0, keepdims=True), 1)
    shares = _snapped(shares)
    return np.concatenate([shares, 1 - shares.sum(axis=0, keepdims=True)])


def _snapped(shares: np.ndarray) -> np.ndarray:
    """Nothing and everything exactly: these decide what may be touched at all."""
    return np.where(shares < LEAST, 0.0, np.where(shares > 1 - LEAST, 1.0, shares))


def _pooled(shares: np.ndarray, side: int) -> np.ndarray:
    """Cells of `side` by `side`; the last ones are smaller where it does not divide, as sizes follow ceil(h / 2)."""
    if side == 1:
        return shares
    rows, columns = (np.arange(0, length, side) for length in shares.shape[1:])
    summed = np.add.reduceat(np.add.reduceat(shares, rows, axis=1), columns, axis=2)
    heights = np.diff([*rows, shares.shape[1]])[:, None]
    return summed / (heights * np.diff([*columns, shares.shape[2]]))
