"""Whether what was read of a picture is what was asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any, Protocol

from dollhouse.grammar import attributes
from dollhouse.scene import Scene

COLOURED = ("hair", "top", "bottom")  # what could be taken from one doll to another
_NOT_READ = ("place", "objects", "people")


class Read(Protocol):
    """A doll that was read."""

    @property
    def traits(self) -> Mapping[str, str]: ...

    @property
    def identity(self) -> str: ...


class ReadScene(Protocol):
    @property
    def traits(self) -> Mapping[str, str]: ...

    @property
    def people(self) -> Sequence[Any]: ...


def said_of(scene: Scene) -> dict[str, Any]:
    """The attributes of a scene with its people from the left, as captions say and readers find them."""
    said = attributes(scene)
    order = sorted(range(len(scene.people)), key=lambda i: scene.people[i].x)
    return {**said, "people": [said["people"][i] for i in order]}


def agreement(found: Mapping[str, str], said: Mapping[str, Any]) -> dict[str, bool]:
    """For every trait that is said and can be read, whether it is so."""
    return {trait: found.get(trait) == value for trait, value in said.items() if trait not in _NOT_READ}


def paired(found: Sequence[Read], said: Sequence[Mapping[str, str]]) -> list[Read | None]:
    """For every doll that is said, from the left, the one that was read; those that fit best, if not all can."""
    few = min(len(found), len(said))
    ways = product(combinations(range(len(found)), few), combinations(range(len(said)), few))
    mine, yours = max(ways, key=lambda way: sum(_fits(found[i], said[j]) for i, j in zip(*way, strict=True)))
    who = dict(zip(yours, mine, strict=True))
    return [found[who[j]] if j in who else None for j in range(len(said))]


def _fits(found: Read, said: Mapping[str, str]) -> int:
    return sum(agreement(found.traits, said).values())


def attribute_accuracy(found: ReadScene, said: Mapping[str, Any]) -> dict[str, list[bool]]:
    """Trait by trait, whether a picture shows what is said (by `said_of` a scene or by `parse` of a caption).

    Of a doll that is missing everything is wrong.
    """
    rows = {trait: [right] for trait, right in agreement(found.traits, said).items()}
    for person, wanted in zip(paired(found.people, said["people"]), said["people"], strict=True):
        for trait, right in agreement(person.traits if person else {}, wanted).items():
            rows.setdefault(trait, []).append(right)
    return rows


def identity_matches(found: Iterable[Read | None], names: Iterable[str]) -> list[bool]:
    """Whether each doll is read as the held-out one of that name."""
    return [who is not None and who.identity == name for who, name in zip(found, names, strict=True)]


def expression_matches(found: Iterable[Read | None], wanted: Iterable[str]) -> list[bool]:
    return [who is not None and who.traits.get("expression") == one for who, one in zip(found, wanted, strict=True)]


def bleed(
    found: Sequence[Read | None], said: Sequence[Mapping[str, str]], traits: Sequence[str] = COLOURED
) -> list[bool]:
    """For every trait in which two dolls should differ, and each of the two, whether it was read with the other's.

    A doll that is missing gives no answer.
    """
    rows = []
    for mine, other in ((0, 1), (1, 0)):
        who = found[mine]
        for trait in traits if who else ():
            if said[mine].get(trait, "") and said[other].get(trait, "") and said[mine][trait] != said[other][trait]:
                rows.append(who is not None and who.traits.get(trait) == said[other][trait])
    return rows
