"""A doll taught from five pictures: whether it is known again, and what the lesson cost the rest of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from atelier_core.hosts.embedded.host import EmbeddedHost

from dollhouse import caption
from dollhouse.measure.pair import Concept, judged, lone
from dollhouse.measure.report import line
from dollhouse.measure.rows import Draw, Row, Rows
from dollhouse.measure.stats import Figure, mean_of, share_by_picture
from dollhouse.measure.ways import Brush, Bytes, called, drawn
from dollhouse.readers import Readers
from dollhouse.train.store import LONGEST

LEAST = 0.8  # of the pictures that are to show it
LINE = ("identity", "drift_prior", "drift_plain", "minutes")


@dataclass(frozen=True)
class Pupil:
    """The same doll, taught in two ways."""

    host: EmbeddedHost
    readers: Readers
    brush: Brush
    prior: Concept  # with pictures of its kind beside
    plain: Concept

    def ways(self) -> dict[str, Draw]:
        both = {"prior": self.prior, "plain": self.plain}
        asked = {"called": self.called, "noun": self.noun, "kind": self.kind}
        return {f"{what}_{name}": partial(ask, one) for what, ask in asked.items() for name, one in both.items()}

    def called(self, concept: Concept, seeds: Sequence[int]) -> list[Row]:
        """The doll by its name."""
        scene = lone(seeds[0], concept)
        prompt = caption(scene, names={0: concept.called}, limit=LONGEST)
        made = drawn(self.host, self.brush.job(prompt + called(concept), seeds))
        return [judged(found, scene) for found in self.readers.read(made)]

    def noun(self, concept: Concept, seeds: Sequence[int]) -> list[Row]:
        """Its kind and nothing else, which is what the pictures beside show."""
        return self._moved(concept, concept.kind, seeds)

    def kind(self, concept: Concept, seeds: Sequence[int]) -> list[Row]:
        """Another of its kind, in a whole caption."""
        return self._moved(concept, caption(lone(seeds[0], concept), names={0: concept.kind}, limit=LONGEST), seeds)

    def _moved(self, concept: Concept, prompt: str, seeds: Sequence[int]) -> list[Row]:
        """With what was learnt and without."""
        before, after = (drawn(self.host, self.brush.job(prompt + more, seeds)) for more in ("", called(concept)))
        off = [difference(a, b) for a, b in zip(before, after, strict=True)]
        who = [[one.identity == concept.doll.name for one in found.people] for found in self.readers.read(after)]
        return [{"off": [one], "taken": taken} for one, taken in zip(off, who, strict=True)]


def difference(one: Bytes, other: Bytes) -> float:
    """Mean over pixels and channels, 0..1."""
    return float(np.abs(one.astype(np.float64) - other.astype(np.float64)).mean() / 255)


def figures(rows: Rows, told: Sequence[str], seeds: Sequence[int], minutes: float) -> list[Figure]:
    whole = rows.whole(told, seeds)
    made = [share_by_picture("identity", rows.of("called_prior", whole, "id"), LEAST, seeds=whole)]
    made.append(share_by_picture("identity_plain", rows.of("called_plain", whole, "id"), LEAST, seeds=whole))
    for way in ("prior", "plain"):
        for asked, more in (("noun", ""), ("kind", "_in_captions")):
            off = [one for some in rows.of(f"{asked}_{way}", whole, "off") for one in some]
            taken = rows.of(f"{asked}_{way}", whole, "taken")
            made.append(mean_of(f"drift_{way}{more}", off, None, "lower", whole))
            made.append(share_by_picture(f"taken_{way}{more}", taken, None, "lower", whole))
    return [*made, Figure("minutes", minutes, minutes, minutes, 1, 15.0, "lower")]


def last_line(found: Sequence[Figure]) -> str:
    return line(found, LINE, "teach")
