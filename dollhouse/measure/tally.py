"""Gathers, picture by picture, whether what was asked for is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dollhouse.measure.people import attribute_accuracy, bleed, identity_matches, paired
from dollhouse.measure.pixels import light_degrees
from dollhouse.measure.stats import Figure, mean_of, share_by_picture
from dollhouse.readers import Reading

Rows = dict[str, list[list[bool]]]


class Tally:
    """Of many pictures; `prefix` begins the names of its figures."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix, self.seeds = prefix, list[int]()
        self._rows: Rows = {"attr": []}
        self._degrees: list[float] = []

    def add(self, seed: int, found: Reading, said: Mapping[str, Any], names: Mapping[int, str] | None = None) -> None:
        """A picture: what was read, what was said (people from the left), and which of them are held-out dolls."""
        self.seeds.append(seed)
        rows = attribute_accuracy(found, said)
        self._rows["attr"].append([right for some in rows.values() for right in some])
        for trait, some in rows.items():
            self._rows.setdefault(f"attr.{trait}", []).append(some)
        people = paired(found.people, said["people"])
        if len(people) == 2:
            self._rows.setdefault("bleed", []).append(bleed(people, said["people"]))
        if names:
            right = identity_matches((people[place] for place in names), names.values())
            self._rows.setdefault("identity", []).append(right)

    def add_light(self, found: Reading, vector: tuple[float, float, float]) -> None:
        self._degrees.append(light_degrees(found.light, vector))

    def figures(self, bars: Mapping[str, float] | None = None) -> list[Figure]:
        """All that was gathered; bars by name without the prefix."""
        bars = bars or {}
        made = [
            share_by_picture(
                self.prefix + name, rows, bars.get(name), "lower" if name == "bleed" else "higher", self.seeds
            )
            for name, rows in self._rows.items()
        ]
        if self._degrees:
            name = self.prefix + "light_deg"
            made.append(mean_of(name, self._degrees, bars.get("light_deg"), "lower", self.seeds))
        return made
