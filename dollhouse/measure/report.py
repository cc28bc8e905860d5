"""Figures as a table, and as one line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from dollhouse.measure.stats import Figure

LINE = ("vae_psnr", "attr", "inpaint", "pck", "light_deg", "map50_doll", "map50_face", "upscale_db", "bleed_plain")
_HEAD = ("figure", "value", "95 %", "count", "bar", "met", "seeds")


def table(figures: Sequence[Figure]) -> str:
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)


def _row(f: Figure) -> tuple[str, ...]:
    span = f"{_short(f.low)} to {_short(f.high)}" if isfinite(f.low) and isfinite(f.high) else ""
    bar = "" if f.bar is None else f"{'>=' if f.better == 'higher' else '<='} {_short(f.bar)}"
    return f.name, _short(f.value), span, str(f.count), bar, f.verdict, spans(f.seeds)


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 10 else f"{value:.3f}"


def spans(seeds: Iterable[int]) -> str:
    """Seeds as few words: 3-7 12."""
    told: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if told and told[-1][1] == seed - 1:
            told[-1][1] = seed
        else:
            told.append([seed, seed])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in told)


def line(figures: Iterable[Figure], names: Sequence[str] = LINE, head: str = "measure") -> str:
    """The last line of a measurement; a figure that was not taken is `-`."""
    values = {figure.name: _short(figure.value) for figure in figures}
    return f"{head}: " + " ".join(f"{name}={values.get(name, '-')}" for name in names)
