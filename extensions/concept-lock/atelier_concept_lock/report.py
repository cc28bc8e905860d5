"""What a lock did, measured while it ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from atelier_core.errors import UserError

from .branches import Branch

SHOWN = 5  # names of layers in one line


@dataclass
class Line:
    """One card in one place."""

    card: str
    region: int | None  # counted from 1; None: everywhere
    matched: int = 0
    off: int = 0  # layers without a place in the picture: time and size
    missed: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)  # textual inversions in its files
    outside: float = 0.0  # largest change of a layer's answer where the region is not, on the first step
    inside: float = 0.0
    indirect: float | None = None  # change of the picture outside over inside; measured by runs without the card

    def told(self, translate: Callable[[str], str]) -> str:
        where = translate("everywhere") if self.region is None else translate("region {n}").format(n=self.region)
        said = translate("{card}, {where}: {matched} layers, {missed} without a place here").format(
            card=self.card, where=where, matched=self.matched, missed=len(self.missed)
        )
        if self.region is not None:
            direct = translate("direct influence outside {outside:.3g}, inside {inside:.3g}")
            said += "; " + direct.format(outside=self.outside, inside=self.inside)
        if self.indirect is not None:
            said += "; " + translate("indirect share {share:.0%}").format(share=self.indirect)
        return said


@dataclass
class Report:
    lines: list[Line] = field(default_factory=list)
    calls: int = 0  # of the denoiser
    added: int = 0  # multiplications of the branches in one call, and of the layers they sit on
    own: int = 0
    spent: float = 0.0  # seconds in our hooks
    total: float = 0.0
    timed: bool = True  # only where computing waits for its answers
    notes: list[UserError] = field(default_factory=list)

    def begin(self) -> None:
        """A host attaches a patch anew for each batch."""
        self.lines.clear()
        self.calls = self.added = self.own = 0
        self.spent = self.total = 0.0

    def note(self, sentence: UserError) -> None:
        if str(sentence) not in map(str, self.notes):
            self.notes.append(sentence)

    def order(self, branch: Branch) -> tuple[str, int]:
        """By name, not by the order of cards: the same cards in another order add up to the same bits."""
        line = self.lines[branch.entry]
        return line.card, line.region or 0

    @property
    def clean(self) -> bool:
        return all(line.outside == 0 for line in self.lines)

    @property
    def cost(self) -> float | None:
        """Time beyond a plain run, as a share of it."""
        plain = self.total - self.spent
        return self.spent / plain if self.timed and plain > 0 else None

    def measure(self, line: int, change: torch.Tensor, share: torch.Tensor) -> None:
        """`change` of an answer when only this line's branches were altered; `share` broadcasts onto it."""
        where = (share != 0).expand_as(change)
        inside, outside = change[where], change[~where]
        one = self.lines[line]
        one.inside = max(one.inside, float(inside.max()) if inside.numel() else 0.0)
        one.outside = max(one.outside, float(outside.max()) if outside.numel() else 0.0)

    def told(self, translate: Callable[[str], str]) -> list[str]:
        lines = [line.told(translate) for line in self.lines] + self.remarks(translate)
        if self.cost is not None:
            lines.append(translate("cost: {share:.0%} more time than without").format(share=self.cost))
        return lines

    def remarks(self, translate: Callable[[str], str]) -> list[str]:
        """What numbers do not say."""
        lines = []
        for line in self.lines:
            if line.missed:
                names = ", ".join(line.missed[:SHOWN]) + (", …" if len(line.missed) > SHOWN else "")
                lines.append(translate("{card} lacks a place for: {names}").format(card=line.card, names=names))
            if line.words:
                told = translate("{card} brings words of its own: {names}")
                lines.append(told.format(card=line.card, names=", ".join(line.words)))
        return lines + [note.told(translate) for note in self.notes]

    def short(self) -> str:
        """For the infotext."""
        parts = [
            f"{line.card}@{line.region or 'all'} {line.matched}/{line.matched + len(line.missed)}"
            for line in self.lines
        ]
        return "; ".join([*parts, f"outside {max((line.outside for line in self.lines), default=0.0):.3g}"])

    def to_json(self) -> dict[str, Any]:
        return {
            "cards": [vars(line) for line in self.lines],
            "clean": self.clean,
            "calls": self.calls,
            "added": self.added,
            "own": self.own,
            "cost": self.cost,
            "notes": [str(note) for note in self.notes],
        }
