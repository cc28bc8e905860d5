"""What the readers make of what scenes drawn by rule show: no figure of a generated picture can be surer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from dollhouse import Scene, Truth, attributes, heldout_dolls, scene, truth
from dollhouse.measure.pixels import Bytes, joints_right
from dollhouse.measure.stats import Figure, share_by_picture
from dollhouse.measure.tally import Tally
from dollhouse.parts import PARTS, hidden
from dollhouse.precision import average_precision
from dollhouse.readers import SIDE, Box, Readers, Reading

FIRST = 3_000_000_000  # a seed that nothing is trained on
Through = Callable[[Bytes], Bytes]


def drawn_figures(
    folder: Path, count: int = 300, through: Through | None = None, prefix: str = "drawn_"
) -> list[Figure]:
    """Every third picture shows a held-out doll; `through` changes each picture before it is read."""
    readers, tally = Readers.load(folder), Tally(prefix)
    seeds, near = range(FIRST, FIRST + count), list[list[bool]]()
    boxes: dict[str, tuple[list, list]] = {"doll": ([], []), "face": ([], [])}
    for seed in seeds:
        made = cast(seed)
        known = truth(made, SIDE)
        picture = through(known.picture) if through else known.picture
        found, look = readers.read([picture])[0], readers.find([picture])[0]
        order = sorted(range(len(made.people)), key=lambda i: made.people[i].x)
        names = {place: made.people[i].doll.name for place, i in enumerate(order) if made.people[i].doll.name}
        said = attributes(made)
        shown = [shown_of(known, i, said["people"][i]) for i in order]
        tally.add(seed, found, {**said, "people": shown}, names)
        tally.add_light(found, made.light.vector)
        near.append(pose_right(readers, picture, known))
        for kind, told in (("doll", look.dolls), ("face", look.faces)):
            boxes[kind][0].append(told)
            boxes[kind][1].append(_boxes(known, kind))
    return [
        *tally.figures(),
        share_by_picture(f"{prefix}pck", near, seeds=seeds),
        *(of_boxes(f"{prefix}map50_{kind}", *some, seeds) for kind, some in boxes.items()),
    ]


def shown_of(known: Truth, doll: int, said: Mapping[str, str]) -> dict[str, str]:
    """What the picture shows of a doll's traits: nobody can read the mood of one who bows, or shoes under a skirt."""
    unseen = hidden(said, np.bincount(known.part[known.doll(doll)], minlength=len(PARTS)))
    if not known.of_surface(doll, "mouth").any():
        unseen.add("expression")
    return {trait: value for trait, value in said.items() if trait not in unseen}


def cast(seed: int) -> Scene:
    """The test scene of a seed; in every third its first doll is a held-out one."""
    dolls = list(heldout_dolls().values())
    return scene(seed, "test", dolls=[dolls[seed // 3 % len(dolls)]] if seed % 3 == 0 else ())


def _boxes(known: Truth, kind: str) -> list[Box]:
    boxes = [known.boxes(doll).get(kind) for doll in range(len(known.joints))]
    return [box for box in boxes if box and box[2] - box[0] >= 8]


def pose_right(readers: Readers, picture: Bytes, known: Truth) -> list[bool]:
    """For every visible joint of a picture whether it is read where it is, the dolls' boxes being known."""
    boxes = [known.boxes(doll).get("doll") for doll in range(len(known.joints))]
    rows = [i for i, box in enumerate(boxes) if box]
    found: Reading = readers.read([picture], [[box for box in boxes if box]])[0]
    return joints_right(np.stack([p.joints for p in found.people]), known.joints[rows], known.visible[rows])


def of_boxes(name: str, found: list, true: list, seeds: Sequence[int], bar: float | None = None) -> Figure:
    """Its span is that of pictures drawn anew."""
    boxes = [(np.array([box for box, _ in told]), np.array([sure for _, sure in told])) for told in found]
    real = [np.array(some) for some in true]
    rng, values = np.random.default_rng(0), []
    for _ in range(200):
        rows = rng.integers(len(real), size=len(real))
        values.append(average_precision([boxes[i] for i in rows], [real[i] for i in rows]))
    low, high = np.percentile(values, (2.5, 97.5))
    value, count = average_precision(boxes, real), sum(map(len, real))
    return Figure(name, value, float(low), float(high), count, bar, seeds=tuple(seeds))
