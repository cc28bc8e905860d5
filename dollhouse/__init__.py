"""A small world of dolls, drawn by rule, in which everything about a picture is known."""

from __future__ import annotations

from collections.abc import Sequence

from dollhouse.actor import FRAMINGS, Actor
from dollhouse.backgrounds import BACKGROUNDS, Background
from dollhouse.doll import EXPRESSIONS, Doll, Mark, heldout_dolls
from dollhouse.grammar import attributes, caption, negative, parse
from dollhouse.light import DIRECTIONS, Light, light
from dollhouse.poses import TEST_POSES, TRAIN_POSES, pose
from dollhouse.render import Size, render
from dollhouse.scene import HELD_OUT_PAIRS, STYLE_NAMES, Scene
from dollhouse.scene import sampled as _sampled
from dollhouse.skeleton import LIMITS, Pose
from dollhouse.truth import Truth, truth

__all__ = [
    "BACKGROUNDS",
    "DIRECTIONS",
    "EXPRESSIONS",
    "FRAMINGS",
    "HELD_OUT_PAIRS",
    "LIMITS",
    "STYLE_NAMES",
    "TEST_POSES",
    "TRAIN_POSES",
    "Actor",
    "Background",
    "Doll",
    "Light",
    "Mark",
    "Pose",
    "Scene",
    "Size",
    "Truth",
    "attributes",
    "caption",
    "heldout_dolls",
    "light",
    "negative",
    "parse",
    "pose",
    "render",
    "scene",
    "truth",
]


def scene(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """The scene of a seed; `people` fixes how many dolls it has, `dolls` who they are."""
    return _sampled(seed, split, people, dolls)
