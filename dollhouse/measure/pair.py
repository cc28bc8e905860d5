"""Two held-out dolls that are to meet: the scenes they stand in, what is said of these, and what must be read.

Scenes are of the core of the world, which every family knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dollhouse import Doll, Scene, caption, core, heldout_dolls
from dollhouse.measure.people import COLOURED, agreement, bleed, identity_matches, paired, said_of
from dollhouse.measure.rows import Row
from dollhouse.readers import Reading
from dollhouse.train.store import LONGEST

DOLLS = ("Juno", "Oona")  # of one kind, and no colour of one is a colour of the other
FIRST = 9_000_000_000  # the seed of a scene that nothing is trained on
SHOWN = 8_000_000_000  # of pictures that dolls are taught from
ALIKE = 2  # seeds that draw one scene, so that they may be drawn at once
REST = ("background", "style")


@dataclass(frozen=True)
class Concept:
    """A doll as a prompt calls it."""

    doll: Doll
    file: str = ""  # of its LoRA

    @property
    def trigger(self) -> str:
        return self.doll.name.lower()

    @property
    def kind(self) -> str:
        return f"a {self.doll.kind}"

    @property
    def called(self) -> str:
        return f"a {self.trigger} {self.doll.kind}"


def concepts(names: Sequence[str]) -> tuple[Concept, Concept]:
    one, other = (heldout_dolls()[name] for name in names)
    if any(getattr(one, trait) == getattr(other, trait) for trait in COLOURED):
        raise ValueError(f"{one.name} and {other.name} share a colour: nothing would tell whose it is")
    return Concept(one), Concept(other)


@dataclass(frozen=True)
class Meeting:
    """The concepts in one scene, the first one on its left."""

    scene: Scene
    both: tuple[Concept, Concept]

    def prompt(self, *named: int) -> str:
        """The whole scene, in which these are called by their trigger and others by their kind alone."""
        calls = {n: one.called if n in named else one.kind for n, one in enumerate(self.both)}
        return caption(self.scene, names=calls, limit=LONGEST)

    def alone(self, who: int) -> Scene:
        return replace(self.scene, people=(self.scene.people[who],))

    def prompt_alone(self, who: int) -> str:
        return caption(self.alone(who), names={0: self.both[who].called}, limit=LONGEST)


def meeting(seed: int, both: tuple[Concept, Concept]) -> Meeting:
    """Of a picture's seed. Each of the two stands on the left as often as on the right."""
    number = seed // ALIKE
    order = both if number % 2 == 0 else (both[1], both[0])
    return Meeting(core.sampled(FIRST + number, "train", 2, [one.doll for one in order]), order)


def lone(seed: int, concept: Concept) -> Scene:
    return core.sampled(FIRST + seed // ALIKE, "train", 1, [concept.doll])


def judged(found: Reading, shown: Scene) -> Row:
    """What a picture gives, against a scene of held-out dolls: answers by what they answer."""
    said = said_of(shown)
    names = [actor.doll.name for actor in sorted(shown.people, key=lambda actor: actor.x)]
    who = paired(found.people, said["people"])
    row = {"id": identity_matches(who, names), "own": _own(who, said["people"])}
    row["rest"] = [found.traits.get(trait) == said[trait] for trait in REST]
    row["count"] = [len(found.people) == len(names)]
    if len(names) == 2:
        row["bleed"] = bleed(who, said["people"])
    return row


def _own(who: Sequence[Any], said: Sequence[Mapping[str, str]]) -> list[bool]:
    """For each coloured trait that can be seen, whether it is the doll's own."""
    wanted = [{trait: one[trait] for trait in COLOURED if trait in one} for one in said]
    return [
        right
        for person, traits in zip(who, wanted, strict=True)
        for right in agreement(person.traits if person else {}, traits).values()
    ]


def joined(rows: Sequence[Row]) -> Row:
    """Of several pictures of one seed."""
    made: Row = {}
    for name, answers in ((name, answers) for row in rows for name, answers in row.items()):
        made[name] = [*made.get(name, []), *answers]
    return made
