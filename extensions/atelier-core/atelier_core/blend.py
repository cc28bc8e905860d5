"""Putting a result onto its source in whole numbers: weight 0 is the source and weight 255 the result, to the bit."""

from __future__ import annotations

import numpy as np

_BAND = 256  # rows computed at once; they need wider numbers for a while


def compose(source: np.ndarray, result: np.ndarray, weights: np.ndarray, *, alpha_too: bool = False) -> np.ndarray:
    """`source` and `result` [H, W, 3|4] of one size and depth, `weights` [H, W] uint8. A new array like `source`: its
    alpha stays unless `alpha_too`."""
    if source.shape[:2] != result.shape[:2] or weights.shape != source.shape[:2] or source.dtype != result.dtype:
        raise ValueError(f"{source.shape} {source.dtype}, {result.shape} {result.dtype}, {weights.shape}")
    composed = source.copy()
    channels = 4 if alpha_too and source.shape[2] == result.shape[2] == 4 else 3
    for top in range(0, source.shape[0], _BAND):
        rows = slice(top, top + _BAND)
        change = weights[rows] > 0
        weight = weights[rows][change][:, None].astype(np.uint32)
        old = source[rows, :, :channels][change]  # [n, channels]
        new = result[rows, :, :channels][change]
        composed[rows, :, :channels][change] = (old * (255 - weight) + new * weight + 127) // 255
    return composed
