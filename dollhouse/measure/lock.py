"""Two learnt dolls in one picture: how much of one is seen on the other, and whether each is still who it is, for every
way to bring them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from atelier_core.hosts.embedded.host import EmbeddedHost
from numpy.typing import NDArray
from PIL import Image

from dollhouse import Scene, render
from dollhouse.measure import ways
from dollhouse.measure.pair import Concept, Meeting, joined, judged, meeting
from dollhouse.measure.report import line
from dollhouse.measure.rows import Draw, Row, Rows
from dollhouse.measure.stats import Figure, mean_of, ratio_by_picture, share_by_picture
from dollhouse.measure.ways import Brush
from dollhouse.readers import Readers
from dollhouse.train.store import SIDE

ASKED: dict[str, Literal["higher", "lower"]] = {
    "bleed": "lower",
    "id": "higher",
    "own": "higher",
    "rest": "higher",
    "count": "higher",
}
MOST_BLEED, LEAST_IDENTITY = 0.25, 0.9  # the goals: of the plain sum's, and of a single concept's
LINE = ("bleed_plain", "bleed_npass", "bleed_ours", "bleed_ours_dial", "id_ours", "id_single")


def at(dial: float) -> str:
    """What the lock with its dial there is called."""
    return f"ours@{dial:g}"


@dataclass
class Bench:
    """Where it is measured: all ways draw the same scenes from the same noise."""

    host: EmbeddedHost
    readers: Readers
    both: tuple[Concept, Concept]
    brush: Brush = field(default_factory=Brush)
    pictures: Path | None = None  # where they are kept to be looked at

    def ways(self, dials: Sequence[float]) -> dict[str, Draw]:
        told: dict[str, Draw] = {"drawn": self.drawn, "single": self.single}
        told |= {"plain": partial(self.together, "plain", ways.plain)}
        told |= {"npass": partial(self.together, "npass", ways.by_passes)}
        for dial in dials:
            told[at(dial)] = partial(self.together, at(dial), partial(ways.locked, dial))
        return told

    def met(self, seeds: Sequence[int]) -> Meeting:
        return meeting(seeds[0], self.both)

    def drawn(self, seeds: Sequence[int]) -> list[Row]:
        """The scene by rule: what the readers can tell at best."""
        met = self.met(seeds)
        (row,) = self._judged("drawn", [render(met.scene, SIDE)], met.scene, seeds[:1])
        return [row] * len(seeds)

    def single(self, seeds: Sequence[int]) -> list[Row]:
        met = self.met(seeds)
        made = [
            self._judged(f"single-{who}", ways.single(self.host, self.brush, met, who, seeds), met.alone(who), seeds)
            for who in range(2)
        ]
        return [joined(rows) for rows in zip(*made, strict=True)]

    def together(self, name: str, draw: Callable[..., list[Any]], seeds: Sequence[int]) -> list[Row]:
        met = self.met(seeds)
        return self._judged(name, draw(self.host, self.brush, met, seeds), met.scene, seeds)

    def _judged(self, name: str, pictures: Sequence[Any], shown: Scene, seeds: Sequence[int]) -> list[Row]:
        if self.pictures is not None:
            for seed, one in zip(seeds, pictures, strict=True):
                Image.fromarray(np.asarray(one)).save(self.pictures / f"{seed:03}-{name}.png")
        rows = [judged(found, shown) for found in self.readers.read(list(pictures))]
        if len(shown.people) == 2:
            for row, one in zip(rows, pictures, strict=True):
                row["split"] = [split(one)]
        return rows


def split(picture: NDArray[np.uint8]) -> float:
    """How far the mean colours of the two halves are apart, 0..1: regions that know nothing of each other are lit and
    furnished each for itself."""
    middle = picture.shape[1] // 2
    left, right = (half.mean(axis=(0, 1), dtype=np.float64) for half in (picture[:, :middle], picture[:, middle:]))
    return float(np.abs(left - right).mean() / 255)


def figures(rows: Rows, told: Sequence[str], seeds: Sequence[int]) -> list[Figure]:
    """Of the seeds that have been drawn in every way."""
    whole, pairs = rows.whole(told, seeds), [way for way in told if way != "single"]
    made = [
        share_by_picture(f"{asked}_{way}", rows.of(way, whole, asked), None, better, whole)
        for asked, better in ASKED.items()
        for way in (pairs if asked == "bleed" else told)
    ]
    splits = {way: [one for some in rows.of(way, whole, "split") for one in some] for way in pairs}
    return [*made, *(mean_of(f"split_{way}", some, None, "lower", whole) for way, some in splits.items())]


def goals(rows: Rows, told: Sequence[str], seeds: Sequence[int]) -> list[Figure]:
    """What the lock has to reach: against the plain sum, and against a picture with one concept."""
    whole, made = rows.whole(told, seeds), list[Figure]()
    for way in (way for way in told if way.startswith("ours")):
        bleeds, plain = (rows.of(one, whole, "bleed") for one in (way, "plain"))
        names, single = (rows.of(one, whole, "id") for one in (way, "single"))
        made.append(ratio_by_picture(f"bleed_{way}/plain", bleeds, plain, MOST_BLEED, "lower", whole))
        made.append(ratio_by_picture(f"id_{way}/single", names, single, LEAST_IDENTITY, "higher", whole))
    return made


def last_line(found: Sequence[Figure], dial: float, count: int) -> str:
    """In which the lock without its dial is `ours`, and with it `ours_dial`."""
    short = {at(0): "ours", at(dial): "ours_dial"}
    named = [replace(one, name=_renamed(one.name, short)) for one in found]
    return f"{line(named, LINE, 'lock')} n={count}"


def _renamed(name: str, short: Mapping[str, str]) -> str:
    asked, _, way = name.partition("_")
    return f"{asked}_{short.get(way, way)}"


def sweep_line(found: Sequence[Figure], dials: Sequence[float]) -> str:
    names = [f"{asked}_{at(dial)}" for dial in dials for asked in ("bleed", "id", "rest", "split")]
    return line(found, names, "dials")
