"""The core of the world, on which the family learns first: one or two whole dolls that stand, shaded, in even light;
and what lies around it: flat or shaded, in every pose and light, in two more places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from dollhouse.actor import Actor, framed
from dollhouse.backgrounds import Background
from dollhouse.doll import EXPRESSIONS, Doll, sampled_doll
from dollhouse.light import DIRECTIONS, Light, light, sampled_light
from dollhouse.poses import POSES, TRAIN_POSES, sampled_pose
from dollhouse.scene import Scene, faces_cleared, places
from dollhouse.scene import sampled as whole
from dollhouse.skeleton import HEIGHTS

STYLE = "photo"
BACKGROUNDS = ("beach", "forest", "room", "plain")
EASY = ("standing", "waving", "cheering", "hands on hips")
LOOSE = 0.6  # of the joints, where the whole world has 1
LIGHT = light("soft", "front")
STYLES = (STYLE, "cartoon")
AROUND = (*BACKGROUNDS, "street", "night city")


@dataclass(frozen=True)
class Part:
    """What a part of the world has; any light, where none is given."""

    poses: tuple[str, ...]
    loose: float
    backgrounds: tuple[str, ...]
    styles: tuple[str, ...]
    light: Light | None = None


_CORE = Part(EASY, LOOSE, BACKGROUNDS, (STYLE,), LIGHT)


def sampled(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """As dollhouse.scene, of the core alone."""
    return _scene(Random(f"core:{split}:{seed}"), _CORE, people, dolls)


def around(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """The same of the core with what lies around it; held-out poses are in the split "test" alone."""
    part = Part(TRAIN_POSES if split == "train" else POSES, 1.0, AROUND, STYLES)
    return _scene(Random(f"around:{split}:{seed}"), part, people, dolls)


def mixed(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """What a painter learns from: every other scene is one of the core."""
    return (around if seed % 2 else sampled)(seed, split, people, dolls)


LEARNT = "learnt"
WORLDS = {LEARNT: mixed, "core": sampled, "around": around, "whole": whole}  # what can be asked for


def _scene(rng: Random, part: Part, people: int | None, dolls: Sequence[Doll]) -> Scene:
    count = people or len(dolls) or rng.choice((1, 2))
    actors = [
        Actor(
            dolls[number] if number < len(dolls) else sampled_doll(rng),
            sampled_pose(rng, part.poses, part.loose),
            rng.choice(EXPRESSIONS),
            x,
            z,
        )
        for number, (x, z) in enumerate(places(rng, count, "full body"))
    ]
    actors = faces_cleared(rng, actors, part.poses)
    tallest = max(HEIGHTS[actor.doll.kind] for actor in actors)
    camera = framed(actors, "full body", round(tallest * rng.uniform(0.72, 0.8), 3), rng)
    background = Background(rng.choice(part.backgrounds), rng.randrange(1_000_000))
    lit = part.light or sampled_light(rng, rng.choice(DIRECTIONS))
    return Scene(tuple(actors), background, camera, lit, rng.choice(part.styles), (), rng.randrange(1_000_000))
