"""Transparency on the way through a network that knows only colours.

Alpha goes through the network as a grey picture of its own, so that its edges become as sharp as those of the colours.
Where it is the same all around, it stays exactly what it was.
"""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

_AROUND = 5  # pixels: a square in which alpha must be one value to be kept as it is


def is_plain(alpha: np.ndarray) -> bool:
    return bool(alpha.size) and bool((alpha == alpha.flat[0]).all())


def with_hidden_filled(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:  # [H, W, 3], [H, W, 1]
    """Fully transparent pixels take the colours around them: what they hide would show at the edges as a fringe."""
    seen = alpha > 0
    if seen.all() or not seen.any():
        return colours
    cover = torch.from_numpy(seen.astype(np.float32)).permute(2, 0, 1)[None]
    known = torch.from_numpy(colours.astype(np.float32)).permute(2, 0, 1)[None] * cover
    spread = _spread(known, cover)[0].permute(1, 2, 0).numpy()
    return np.where(seen, colours, spread.round().astype(colours.dtype))


def _spread(colours: torch.Tensor, cover: torch.Tensor) -> torch.Tensor:
    """The mean of what is covered, from the nearest neighbourhood that has any."""
    known = cover > 0
    if known.all():
        return colours / cover
    coarse = _spread(F.avg_pool2d(colours, 2, ceil_mode=True), F.avg_pool2d(cover, 2, ceil_mode=True))
    height, width = cover.shape[2:]
    around = F.interpolate(coarse, scale_factor=2, mode="nearest")[..., :height, :width]
    return torch.where(known, colours / cover.clamp(min=1e-6), around)


def keep_plain_places(made: np.ndarray, alpha: np.ndarray) -> None:  # [sH, sW, 1], [H, W, 1]
    """In place: alpha a network made, where the source's does not vary."""
    scale = made.shape[0] // alpha.shape[0]
    values = torch.from_numpy(alpha.astype(np.float32)).permute(2, 0, 1)[None]
    most = F.max_pool2d(values, _AROUND, 1, _AROUND // 2)
    least = -F.max_pool2d(-values, _AROUND, 1, _AROUND // 2)
    plain = (most == least)[0].permute(1, 2, 0).numpy()
    for row, (keep, value) in enumerate(zip(plain, alpha, strict=True)):
        rows = made[row * scale : (row + 1) * scale]
        np.copyto(rows, value.repeat(scale, 0), where=keep.repeat(scale, 0))
