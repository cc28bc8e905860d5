"""The core of the world, on which the family learns first: one or two whole dolls that stand, shaded, in even light;
and what lies around it: flat or shaded, in every pose and light, in two more places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from dollhouse.actor import Actor, framed
from dollhouse.backgrounds import Background
from dollhouse.doll import EXPRESSIONS, Doll, sampled_doll
from dollhouse.light import DIRECTIONS, Light, light, sampled_light
from dollhouse.poses import POSES, TRAIN_POSES, Pose, sampled_pose
from dollhouse.scene import Scene, faces_cleared, places
from dollhouse.skeleton import HEIGHTS

STYLE = "photo"
BACKGROUNDS = ("beach", "forest", "room", "plain")
EASY = ("standing", "waving", "cheering", "hands on hips")
LOOSE = 0.6  # of the joints, where the whole world has 1
LIGHT = light("soft", "front")
STYLES = (STYLE, "cartoon")
AROUND = (*BACKGROUNDS, "street", "night city")


def sampled(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """As dollhouse.scene, of the core alone."""
    rng = Random(f"core:{split}:{seed}")
    return _scene(
        rng, people, dolls, lambda: sampled_pose(rng, EASY, LOOSE), EASY, BACKGROUNDS, (STYLE,), lambda: LIGHT
    )


def around(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """The same of the core with what lies around it; held-out poses are in the split "test" alone."""
    rng = Random(f"around:{split}:{seed}")
    names = TRAIN_POSES if split == "train" else POSES

    def lit() -> Light:
        return sampled_light(rng, rng.choice(DIRECTIONS))

    return _scene(rng, people, dolls, lambda: sampled_pose(rng, names), names, AROUND, STYLES, lit)


def mixed(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """What a painter learns from: every other scene is one of the core."""
    return (around if seed % 2 else sampled)(seed, split, people, dolls)


def _scene(
    rng: Random,
    people: int | None,
    dolls: Sequence[Doll],
    posed: Callable[[], Pose],
    poses: tuple[str, ...],
    backgrounds: tuple[str, ...],
    styles: tuple[str, ...],
    lit: Callable[[], Light],
) -> Scene:
    count = people or len(dolls) or rng.choice((1, 2))
    actors = [
        Actor(dolls[number] if number < len(dolls) else sampled_doll(rng), posed(), rng.choice(EXPRESSIONS), x, z)
        for number, (x, z) in enumerate(places(rng, count, "full body"))
    ]
    actors = faces_cleared(rng, actors, poses)
    tallest = max(HEIGHTS[actor.doll.kind] for actor in actors)
    camera = framed(actors, "full body", round(tallest * rng.uniform(0.72, 0.8), 3), rng)
    background = Background(rng.choice(backgrounds), rng.randrange(1_000_000))
    return Scene(tuple(actors), background, camera, lit(), rng.choice(styles), (), rng.randrange(1_000_000))
