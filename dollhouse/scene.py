"""The frozen record of a picture: whoever has it can draw the same bytes again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from random import Random
from typing import Any

import numpy as np

from dollhouse.actor import FRAMINGS, Actor, framed, posed
from dollhouse.backgrounds import BACKGROUNDS, Background
from dollhouse.colours import CLOTH
from dollhouse.doll import EXPRESSIONS, Doll, Mark, sampled_doll
from dollhouse.light import DIRECTIONS, Light, sampled_light
from dollhouse.poses import POSES, TRAIN_POSES, pose, sampled_pose
from dollhouse.props import PROPS, Prop
from dollhouse.skeleton import (
    CROWN,
    HEAD,
    HEIGHTS,
    L_ELBOW,
    L_HAND,
    L_WRIST,
    R_ELBOW,
    R_HAND,
    R_WRIST,
    Pose,
)
from dollhouse.stage import Camera
from dollhouse.styles import STYLES

STYLE_NAMES = tuple(STYLES)
SPLITS = ("train", "test")
HELD_OUT_PAIRS = frozenset(  # background and style that meet only in the test split
    {
        ("beach", "sketch"),
        ("forest", "watercolour"),
        ("street", "photo"),
        ("room", "cartoon"),
        ("office", "watercolour"),
    }
    | {("kitchen", "sketch"), ("night city", "photo"), ("plain", "cartoon")}
)
_TALL_POSES = ("sitting", "kneeling", "jumping", "star jump", "bowing", "lunging", "kicking", "running")


@dataclass(frozen=True)
class Scene:
    people: tuple[Actor, ...]
    background: Background
    camera: Camera
    light: Light
    style: str
    props: tuple[Prop, ...] = ()
    seed: int = 0  # of the paper and the grain

    def __post_init__(self) -> None:
        if not 1 <= len(self.people) <= 3:
            raise ValueError(f"a scene has one to three dolls, not {len(self.people)}")
        if self.style not in STYLES:
            raise ValueError(f"no such style: {self.style}")

    def _with_actor(self, number: int, **changes: Any) -> Scene:
        people = list(self.people)
        people[number] = replace(people[number], **changes)
        return replace(self, people=tuple(people))

    def with_pose(self, number: int, pose: Pose) -> Scene:
        return self._with_actor(number, pose=pose)

    def with_expression(self, number: int, expression: str) -> Scene:
        return self._with_actor(number, expression=expression)

    def with_doll(self, number: int, doll: Doll) -> Scene:
        return self._with_actor(number, doll=doll)

    def with_light(self, light: Light) -> Scene:
        return replace(self, light=light)

    def with_background(self, background: Background | str) -> Scene:
        return replace(self, background=Background(background) if isinstance(background, str) else background)

    def with_style(self, style: str) -> Scene:
        return replace(self, style=style)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str) -> Scene:
        record = json.loads(text)
        return Scene(
            tuple(_actor(actor) for actor in record["people"]),
            Background(**record["background"]),
            Camera(**record["camera"]),
            Light(**record["light"]),
            record["style"],
            tuple(Prop(**prop) for prop in record["props"]),
            record["seed"],
        )


def _actor(record: dict) -> Actor:
    doll = {**record["doll"], "marks": tuple(Mark(**mark) for mark in record["doll"]["marks"])}
    pose = {**record["pose"], "angles": tuple(record["pose"]["angles"])}
    return Actor(Doll(**doll), Pose(**pose), record["expression"], record["x"], record["z"])


def sampled(seed: int, split: str = "train", people: int | None = None, dolls: Sequence[Doll] = ()) -> Scene:
    """The scene of a seed. `dolls` puts given ones into it (held-out ones, say); `people` fixes how many there are."""
    if split not in SPLITS:
        raise ValueError(f"no such split: {split}")
    if people is not None and not 1 <= people <= 3:
        raise ValueError(f"a scene has one to three dolls, not {people}")
    rng = Random(f"{split}:{seed}")
    count = people or len(dolls) or rng.choices((1, 2, 3), (5, 4, 2))[0]
    framing = rng.choices(FRAMINGS, ((5, 2, 2, 1), (6, 2, 1, 0), (6, 1, 0, 0))[count - 1])[0]
    names = TRAIN_POSES if split == "train" else POSES
    names = names if framing == "full body" else upright(names)
    actors = []
    for number, (x, z) in enumerate(places(rng, count, framing)):
        doll = dolls[number] if number < len(dolls) else sampled_doll(rng)
        actors.append(Actor(doll, sampled_pose(rng, names), rng.choice(EXPRESSIONS), x, z))
    actors = faces_cleared(rng, actors, names)
    background = Background(rng.choice(BACKGROUNDS), rng.randrange(1_000_000))
    styles = [s for s in STYLE_NAMES if split == "test" or (background.name, s) not in HELD_OUT_PAIRS]
    light = sampled_light(rng, rng.choice(DIRECTIONS))
    tallest = max(HEIGHTS[actor.doll.kind] for actor in actors)
    eye = round(tallest * rng.uniform(0.68, 0.84), 3)
    camera = framed(actors, framing, eye, rng)
    props = _props(rng, actors) if framing == "full body" else ()
    return Scene(tuple(actors), background, camera, light, rng.choice(styles), props, rng.randrange(1_000_000))


def upright(names: Sequence[str]) -> tuple[str, ...]:
    """Those that a picture can hold which is cut off below."""
    return tuple(name for name in names if name not in _TALL_POSES)


def faces_cleared(rng: Random, actors: list[Actor], names: Sequence[str]) -> list[Actor]:
    """Other poses, a few times over, for those who hold an arm before a face; then arms that hang down."""
    for turn in range(5):
        behind = hiding(actors)
        if not behind:
            break
        for number in behind:
            other = sampled_pose(rng, tuple(names)) if turn < 4 else pose("standing")
            actors[number] = replace(actors[number], pose=other)
    return actors


def hiding(actors: Sequence[Actor]) -> list[int]:
    """Who holds a hand or forearm before a face, as seen from the front."""
    points = np.stack([body.points + [a.x, 0, a.z] for a, body in zip(actors, posed(actors), strict=True)])
    heads = points[:, HEAD]
    arms = np.concatenate([points[:, _ARMS], (points[:, _ELBOWS] + points[:, _WRISTS]) / 2], 1)  # [n, 6, 3]
    apart = arms[:, :, None] - heads
    radius = np.linalg.norm(points[:, CROWN] - heads, axis=1)
    before = (np.hypot(apart[..., 0], apart[..., 1]) < radius * 1.15) & (apart[..., 2] > -radius)
    return np.flatnonzero(before.any(axis=(1, 2))).tolist()


_ELBOWS, _WRISTS = [R_ELBOW, L_ELBOW], [R_WRIST, L_WRIST]
_ARMS = [R_HAND, L_HAND, R_WRIST, L_WRIST]


def places(rng: Random, count: int, framing: str) -> list[tuple[float, float]]:
    near = 0.72 if framing != "full body" else 1.0
    spread = [x * near for x in {1: (0.0,), 2: (-0.37, 0.37), 3: (-0.66, 0.0, 0.66)}[count]]
    return [
        (
            round(x + rng.uniform(-0.05, 0.05), 3),
            round(rng.uniform(-0.35, 0.1) - (0.3 if count == 3 and x == 0 else 0), 3),
        )
        for x in spread
    ]


def _props(rng: Random, people: Sequence[Actor]) -> tuple[Prop, ...]:
    if rng.random() < 0.6:
        return ()
    side = rng.choice((-1, 1))
    edge = max(side * actor.x for actor in people)
    return (
        Prop(
            rng.choice(PROPS),
            rng.choice(tuple(CLOTH)),
            round(side * (edge + rng.uniform(0.48, 0.62)), 3),
            round(rng.uniform(-0.5, 0.35), 3),
        ),
    )
