"""The core of the world, on which the family learns first: one or two whole dolls that stand, shaded, in even light."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from dollhouse.actor import Actor, framed
from dollhouse.backgrounds import Background
from dollhouse.doll import EXPRESSIONS, Doll, sampled_doll
from dollhouse.light import light
from dollhouse.poses import sampled_pose
from dollhouse.scene import Scene, faces_cleared, places
from dollhouse.skeleton import HEIGHTS

STYLE = "photo"
BACKGROUNDS = ("beach", "forest", "room", "plain")
POSES = ("standing", "waving", "cheering", "hands on hips")
LOOSE = 0.6  # of the joints, where the whole world has 1
LIGHT = light("soft", "front")


def sampled(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """As dollhouse.scene, of the core alone."""
    rng = Random(f"core:{split}:{seed}")
    count = people or len(dolls) or rng.choice((1, 2))
    actors = [
        Actor(
            dolls[number] if number < len(dolls) else sampled_doll(rng),
            sampled_pose(rng, POSES, LOOSE),
            rng.choice(EXPRESSIONS),
            x,
            z,
        )
        for number, (x, z) in enumerate(places(rng, count, "full body"))
    ]
    actors = faces_cleared(rng, actors, POSES)
    tallest = max(HEIGHTS[actor.doll.kind] for actor in actors)
    camera = framed(actors, "full body", round(tallest * rng.uniform(0.72, 0.8), 3), rng)
    background = Background(rng.choice(BACKGROUNDS), rng.randrange(1_000_000))
    return Scene(tuple(actors), background, camera, LIGHT, STYLE, (), rng.randrange(1_000_000))
