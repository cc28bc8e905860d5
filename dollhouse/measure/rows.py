"""Answers about drawn pictures, on disk."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, list[Any]]  # what was asked -> answers, of one or several dolls
Draw = Callable[[Sequence[int]], list[Row]]  # seeds of one scene -> what each gives


class Rows:
    """What every picture gave, a line each in a file, so that a measurement goes on where it was cut off."""

    def __init__(self, path: Path) -> None:
        self.path, self.known = path, dict[tuple[str, int], Row]()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # the last line may have been cut off
        path.write_text(whole, encoding="utf-8")
        for told in map(json.loads, whole.splitlines()):
            self.known[told["way"], told["seed"]] = told["row"]

    def add(self, way: str, seeds: Sequence[int], rows: Sequence[Row]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            for seed, row in zip(seeds, rows, strict=True):
                self.known[way, seed] = row
                file.write(json.dumps({"way": way, "seed": seed, "row": row}) + "\n")

    def of(self, way: str, seeds: Sequence[int], asked: str) -> list[list[Any]]:
        return [self.known[way, seed].get(asked, []) for seed in seeds]

    def whole(self, told: Iterable[str], seeds: Sequence[int]) -> list[int]:
        """Seeds that have been drawn in each of these ways."""
        return [seed for seed in seeds if all((way, seed) in self.known for way in told)]


def fill(rows: Rows, told: Mapping[str, Draw], seeds: Sequence[int], at_once: int, until: float) -> None:
    """Draws what is lacking, scene by scene, until a moment of the clock."""
    began, count = time.monotonic(), len(seeds)
    for some in (seeds[i : i + at_once] for i in range(0, count, at_once)):
        lacking = [way for way in told if len(rows.whole([way], some)) < len(some)]
        if lacking and time.monotonic() > until:
            print(f"the time is over at seed {some[0]} of {count}", flush=True)
            return
        for way in lacking:
            rows.add(way, some, told[way](some))
        if lacking:
            print(f"seeds to {some[-1]} of {count}, {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
