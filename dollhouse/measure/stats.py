"""Figures with the span in which the true one lies nineteen times in twenty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt
from statistics import fmean
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SURE = 1.959964  # standard deviations to either side: 95 %
_AGAIN = 2000  # samples drawn anew


@dataclass(frozen=True)
class Figure:
    """One measured figure; `bar` is what it should reach, or stay under where lower is better."""

    name: str
    value: float
    low: float
    high: float
    count: int
    bar: float | None = None
    better: Literal["higher", "lower"] = "higher"
    seeds: tuple[int, ...] = ()

    @property
    def verdict(self) -> str:
        """Unsure where the bar lies within the span."""
        if self.bar is None or isnan(self.value):
            return ""
        worse, best = (self.low, self.high) if self.better == "higher" else (-self.high, -self.low)
        bar = self.bar if self.better == "higher" else -self.bar
        return "yes" if worse >= bar else "no" if best < bar else "unsure"


def wilson(right: int, count: int) -> tuple[float, float]:
    """The span of a share, after Wilson."""
    if not count:
        return 0.0, 1.0
    share, z = right / count, SURE * SURE / count
    middle, half = share + z / 2, SURE * sqrt(share * (1 - share) / count + z / count / 4)
    return max(0.0, (middle - half) / (1 + z)), min(1.0, (middle + half) / (1 + z))


def resampled(groups: Sequence[Sequence[float]], seed: int = 0) -> tuple[float, float]:
    """The span of the mean over everything in groups (all that one picture gives, say), which are drawn anew whole."""
    kept = [group for group in groups if len(group)]
    if len(kept) < 2:
        return -np.inf, np.inf
    sums, counts = np.array([float(sum(g)) for g in kept]), np.array([float(len(g)) for g in kept])
    drawn = np.random.default_rng(seed).integers(len(kept), size=(_AGAIN, len(kept)))
    low, high = np.percentile(sums[drawn].sum(1) / counts[drawn].sum(1), (2.5, 97.5))
    return float(low), float(high)


def share_of(
    name: str,
    right: Iterable[bool],
    bar: float | None = None,
    better: Literal["higher", "lower"] = "higher",
    seeds: Iterable[int] = (),
) -> Figure:
    """Of answers that have nothing to do with each other, one a picture."""
    rows = [bool(one) for one in right]
    value = sum(rows) / len(rows) if rows else nan
    return Figure(name, value, *wilson(sum(rows), len(rows)), len(rows), bar, better, tuple(seeds))


def share_by_picture(
    name: str,
    right: Sequence[Sequence[bool]],
    bar: float | None = None,
    better: Literal["higher", "lower"] = "higher",
    seeds: Iterable[int] = (),
) -> Figure:
    """Of answers of which every picture gives several; where all are alike, the span is Wilson's over pictures."""
    rows = [bool(one) for some in right for one in some]
    value, pictures = (sum(rows) / len(rows) if rows else nan), sum(1 for some in right if len(some))
    alike = value in (0.0, 1.0) or pictures < 2
    span = wilson(round(value * pictures), pictures) if alike and rows else resampled(right) if rows else (0.0, 1.0)
    return Figure(name, value, *span, len(rows), bar, better, tuple(seeds))


def mean_of(
    name: str,
    values: Iterable[float],
    bar: float | None = None,
    better: Literal["higher", "lower"] = "higher",
    seeds: Iterable[int] = (),
) -> Figure:
    rows = [float(value) for value in values]
    span = resampled([[value] for value in rows])
    return Figure(name, fmean(rows) if rows else nan, *span, len(rows), bar, better, tuple(seeds))


def ratio_by_picture(
    name: str,
    over: Sequence[Sequence[bool]],
    under: Sequence[Sequence[bool]],
    bar: float | None = None,
    better: Literal["higher", "lower"] = "higher",
    seeds: Iterable[int] = (),
) -> Figure:
    """Of two shares over the same pictures, drawn anew together; no number where the lower one is 0."""
    sums = np.array([[sum(a), len(a), sum(b), len(b)] for a, b in zip(over, under, strict=True)], float).reshape(-1, 4)
    drawn = np.random.default_rng(0).integers(max(1, len(sums)), size=(_AGAIN, len(sums)))
    with np.errstate(divide="ignore", invalid="ignore"):
        value, again = _ratio(sums.sum(0)), _ratio(sums[drawn].sum(1))
    told = again[np.isfinite(again)]
    low, high = np.percentile(told, (2.5, 97.5)) if len(sums) > 1 and len(told) else (-np.inf, np.inf)
    finite = float(value) if np.isfinite(value) else nan
    return Figure(name, finite, float(low), float(high), len(sums), bar, better, tuple(seeds))


def _ratio(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    return (sums[..., 0] / sums[..., 1]) / (sums[..., 2] / sums[..., 3])
