"""The loss as a small picture in the page."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT = 360, 96


def smooth(losses: Sequence[float], keep: float = 0.95) -> list[float]:
    """A running mean that begins unbiased."""
    made, total, weight = [], 0.0, 0.0
    for one in losses:
        total, weight = total * keep + one * (1 - keep), weight * keep + (1 - keep)
        made.append(total / weight)
    return made


def svg(losses: Sequence[float], label: str) -> str:
    """`label`: read by screen readers; plain text without marks."""
    if len(losses) < 2:
        return ""
    line = smooth(losses)
    low, high = min(line), max(line)
    step, room = WIDTH / (len(line) - 1), (high - low) or 1.0
    points = " ".join(f"{i * step:.1f},{HEIGHT - 4 - (one - low) / room * (HEIGHT - 8):.1f}" for i, one in _thin(line))
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" style="width:100%;max-width:480px">'
        f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.5"/>'
        f'<text x="2" y="10" font-size="9" fill="currentColor">{high:.4f}</text>'
        f'<text x="2" y="{HEIGHT - 1}" font-size="9" fill="currentColor">{low:.4f}</text></svg>'
    )


def _thin(line: Sequence[float]) -> list[tuple[int, float]]:
    """At most a point for each unit of width; the last one always."""
    every = max(1, len(line) // WIDTH)
    chosen = list(enumerate(line))[::every]
    return chosen if chosen[-1][0] == len(line) - 1 else [*chosen, (len(line) - 1, line[-1])]
