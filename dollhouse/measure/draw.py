"""What the family draws, held against what was asked: of every network that there is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count, islice
from pathlib import Path

import numpy as np

from dollhouse import TEST_POSES, Scene, Truth, caption, core, home, render, truth
from dollhouse.colours import CLOTH
from dollhouse.lightball import light_map
from dollhouse.measure.people import attribute_accuracy, bleed, paired, said_of
from dollhouse.measure.pixels import joints_right, light_degrees, psnr
from dollhouse.measure.stats import Figure, mean_of, share_by_picture, share_of
from dollhouse.painter import Bytes, Painter
from dollhouse.readers import Readers
from dollhouse.train.store import LONGEST, SIDE

FIRST = 5_000_000_000  # a seed that nothing is trained on
TRAITS = ("count", "background", "hair", "top", "expression")
BATCH = 8


@dataclass(frozen=True)
class Asked:
    """Which scenes: so many, of a part of the world. `learnt` is what the shipped painter has seen the like of."""

    number: int
    world: str = core.LEARNT

    @property
    def seeds(self) -> range:
        return range(FIRST, FIRST + self.number)

    def scenes(self, people: int) -> list[Scene]:
        return [core.WORLDS[self.world](seed, "test", people) for seed in self.seeds]

    def posed(self) -> dict[int, Scene]:
        """By their seeds, as many in held-out poses; one doll in each."""
        made = ((seed, core.WORLDS[self.world](seed, "test", 1)) for seed in count(FIRST))
        return dict(islice(((seed, one) for seed, one in made if one.people[0].pose.name in TEST_POSES), self.number))


def figures(folder: Path, asked: Asked) -> Iterator[Figure]:
    """A network that is not there is not measured."""
    painter, readers = Painter(folder), Readers.load(folder)
    parts: dict[Callable[[Painter, Readers, Asked], Iterable[Figure]], tuple[str, ...]] = {
        autoencoder: ("vae",),
        attributes: ("unet", "text", "vae"),
        bleeding: ("unet", "text", "vae"),
        repainting: ("inpaint", "text", "vae"),
        lighting: ("light", "unet", "text", "vae"),
    }
    if asked.world != "core":  # in which all poses are known
        parts[posing] = ("openpose", "unet", "text", "vae")
    for measure, needed in parts.items():
        if all(home.has(name, folder) for name in needed):
            yield from measure(painter, readers, asked)


def said(scenes: Iterable[Scene]) -> list[str]:
    return [caption(one, limit=LONGEST) for one in scenes]


def batches(some: list[Scene]) -> Iterator[list[Scene]]:
    return (some[i : i + BATCH] for i in range(0, len(some), BATCH))


def drawn_of(painter: Painter, some: list[Scene]) -> list[Bytes]:
    """Of their captions alone, each from its own seed."""
    return [made for part in batches(some) for made in painter.draw(said(part), [one.seed for one in part])]


def autoencoder(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    found = []
    for some in batches(asked.scenes(1)):
        pictures = np.stack([render(one, SIDE) for one in some])
        found += [psnr(a, b) for a, b in zip(pictures, painter.through(pictures), strict=True)]
    yield mean_of("vae_psnr", found, 28.0, seeds=asked.seeds)


def attributes(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    """Of pictures with one doll: five traits, and each alone; and how long a picture takes."""
    rows: dict[str, list[list[bool]]] = {trait: [] for trait in TRAITS}
    wished = asked.scenes(1)
    started = time.perf_counter()
    drawn = drawn_of(painter, wished)
    seconds = (time.perf_counter() - started) / asked.number
    for one, picture in zip(wished, drawn, strict=True):
        wanted = said_of(one)
        right = attribute_accuracy(readers.read([picture])[0], {**wanted, "count": str(len(one.people))})
        for trait in TRAITS:
            rows[trait].append(right.get(trait, []))
    together = [[x for trait in TRAITS for x in rows[trait][i]] for i in range(asked.number)]
    yield share_by_picture("attr", together, 0.9, seeds=asked.seeds)
    for trait, answers in rows.items():
        yield share_by_picture(f"attr.{trait}", answers, seeds=asked.seeds)
    yield Figure("seconds", seconds, seconds, seconds, asked.number, 6.0, "lower")


def bleeding(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    """Two dolls by words alone: what lock has to beat."""
    rows, both = [], []
    wished = asked.scenes(2)
    for one, picture in zip(wished, drawn_of(painter, wished), strict=True):
        wanted, found = said_of(one)["people"], readers.read([picture])[0].people
        rows.append(bleed(paired(found, wanted), wanted))
        both.append(len(found) == 2)
    yield share_by_picture("bleed_plain", rows, None, "lower", asked.seeds)
    yield share_of("two_dolls", both, seeds=asked.seeds)


def repainting(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    """The doll is drawn anew with a top of another colour."""
    right = []
    for some in batches(asked.scenes(1)):
        known = [truth(one, SIDE) for one in some]
        others = [_recoloured(one) for one in some]
        masks = np.stack([_around(one.doll(0)) for one in known])
        pictures = np.stack([one.picture for one in known])
        drawn = painter.draw(said(others), [one.seed for one in some], repaint=(pictures, masks))
        for one, picture, mask, before in zip(others, drawn, masks, pictures, strict=True):
            whole = np.where(mask[..., None] > 0, picture, before)
            people = readers.read([whole])[0].people
            right.append(bool(people) and people[0].traits.get("top") == one.people[0].doll.top)
    yield share_of("inpaint", right, 0.85, seeds=asked.seeds)


def _recoloured(one: Scene) -> Scene:
    doll = one.people[0].doll
    colours = [colour for colour in CLOTH if colour not in (doll.top, doll.bottom)]
    return one.with_doll(0, replace(doll, top=colours[one.seed % len(colours)]))


def _around(mask: np.ndarray) -> Bytes:
    import cv2

    return np.asarray(cv2.dilate(mask.astype(np.uint8) * 255, np.ones((13, 13), np.uint8)), np.uint8)


def posing(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    """Held-out poses, with the skeleton and without; and what is read of the same scenes drawn by rule."""
    rows: dict[str, list[list[bool]]] = {"pck": [], "pck_free": [], "pck_true": []}
    wished = asked.posed()
    for some in batches(list(wished.values())):
        known = [truth(one, SIDE) for one in some]
        maps, seeds = np.stack([one.skeleton for one in known]), [one.seed for one in some]
        told = {
            "pck": list(painter.draw(said(some), seeds, ("openpose", maps))),
            "pck_free": list(painter.draw(said(some), seeds)),
            "pck_true": [one.picture for one in known],
        }
        for name, pictures in told.items():
            rows[name] += [joints_read(readers, picture, one) for one, picture in zip(known, pictures, strict=True)]
    for name, answers in rows.items():
        yield share_by_picture(name, answers, 0.85 if name == "pck" else None, seeds=list(wished))


def joints_read(readers: Readers, picture: Bytes, known: Truth, share: float = 0.1) -> list[bool]:
    """For every visible joint of a scene's first doll whether a picture shows it where it should be; none, if there is
    no doll."""
    people, true, visible = readers.read([picture])[0].people, known.joints, known.visible
    if not people:
        return [False] * int(visible[0].sum())
    return joints_right(people[0].joints[None], true[:1], visible[:1], share)


def lighting(painter: Painter, readers: Readers, asked: Asked) -> Iterator[Figure]:
    degrees = []
    for some in batches(asked.scenes(1)):
        maps = np.stack([light_map(one.light, SIDE) for one in some])
        drawn = painter.draw(said(some), [one.seed for one in some], ("light", maps))
        found = readers.read(drawn)
        degrees += [light_degrees(f.light, one.light.vector) for f, one in zip(found, some, strict=True)]
    middle = float(np.median(degrees))
    again = np.median(np.random.default_rng(0).choice(degrees, (2000, len(degrees))), 1)
    low, high = np.percentile(again, (2.5, 97.5))
    yield Figure("light_deg", middle, float(low), float(high), asked.number, 20.0, "lower", tuple(asked.seeds))
