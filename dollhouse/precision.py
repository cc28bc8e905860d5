"""How good a detector is: COCO's average precision at a fixed overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def average_precision(found: Sequence[tuple[Array, Array]], true: Sequence[Array], overlap: float = 0.5) -> float:
    """Of one name over many pictures: boxes, [n, 4], with scores, [n], against the true boxes, [m, 4].

    The mean over 101 recalls of the best precision that is reached at that recall or above it."""
    hits = [matched(boxes, scores, truth, overlap) for (boxes, scores), truth in zip(found, true, strict=True)]
    scores = np.concatenate([s for _, s in found]) if found else np.zeros(0)
    hit = np.concatenate(hits)[np.argsort(-scores, kind="stable")] if hits else np.zeros(0, bool)
    wanted = sum(len(truth) for truth in true)
    if not wanted or not len(hit):
        return 0.0
    right = np.cumsum(hit)
    recall, precision = right / wanted, right / np.arange(1, len(hit) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, np.linspace(0, 1, 101) - 1e-12, "left")
    return float(np.append(envelope, 0.0)[places].mean())


def matched(boxes: Array, scores: Array, true: Array, overlap: float) -> NDArray[np.bool_]:
    """Which boxes are right: surest first, each takes the free true box that it shares most with."""
    hit, free = np.zeros(len(boxes), bool), np.ones(len(true), bool)
    shares = shared(boxes, true)
    for number in np.argsort(-scores, kind="stable"):
        share = np.where(free, shares[number], -1.0)
        if len(true) and share.max() >= overlap:
            free[share.argmax()], hit[number] = False, True
    return hit


def shared(one: Array, other: Array) -> Array:
    """Intersection over union of each box with each, [n, m]."""
    one, other = np.reshape(one, (-1, 1, 4)), np.reshape(other, (1, -1, 4))
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    inner = sides.clip(0).prod(-1)
    areas = [(boxes[..., 2:] - boxes[..., :2]).prod(-1) for boxes in (one, other)]
    return inner / np.maximum(areas[0] + areas[1] - inner, 1e-9)
