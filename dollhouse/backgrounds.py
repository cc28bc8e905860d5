"""The eight places by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from dollhouse.indoors import kitchen, office, room
from dollhouse.outdoors import beach, forest, night_city, plain, street
from dollhouse.scenery import Scenery
from dollhouse.stage import Stage

_DRAWN: dict[str, Callable[[Scenery], None]] = {
    "beach": beach,
    "forest": forest,
    "street": street,
    "room": room,
    "office": office,
    "kitchen": kitchen,
    "night city": night_city,
    "plain": plain,
}
BACKGROUNDS = tuple(_DRAWN)


@dataclass(frozen=True)
class Background:
    """A place; its seed says which furniture, colours and trees."""

    name: str
    seed: int = 0

    def __post_init__(self) -> None:
        if self.name not in _DRAWN:
            raise ValueError(f"no such background: {self.name}")


def draw_background(stage: Stage, background: Background, eye: float) -> None:
    rng = Random(f"{background.name}:{background.seed}")
    _DRAWN[background.name](Scenery(stage, rng, eye))
