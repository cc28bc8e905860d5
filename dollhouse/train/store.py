"""Drawn scenes on disk, made by many processes at once and read while they are still at it."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from random import Random
from typing import Any, Literal

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from dollhouse.doll import EXPRESSIONS, Doll, heldout_dolls, sampled_doll
from dollhouse.lightball import light_map
from dollhouse.poses import TRAIN_POSES, nudged_pose, sampled_pose
from dollhouse.scene import Scene, faces_cleared, hiding, upright

SIDE = 192  # pixels; the size the models are made for
WORDS = 77  # tokens of a caption
DROPOUTS = (0.0, 0.15, 0.35, 0.6)  # the share of a scene that each of its captions leaves unsaid
LONGEST = 70  # words of a caption, so that its tokens fit
LIGHT_SIDE = 48  # of the map that steers the light; it is smooth
MOST = 3  # dolls in a scene
LOOSE = (1.0, 2.5)  # of the joints of twins in other poses, where the whole world has 1
NUDGES, BESIDE = (0.3, 1.5), 0.03  # how far twins are off that are but a little so; metres, for one


@dataclass(frozen=True)
class Plan:
    """Which scenes a store holds: `count` seeds from `first` on, the first `facts` of them with all that is known."""

    count: int
    facts: int = 0
    first: int = 0
    split: str = "train"
    people: tuple[float, float, float] = (0.6, 0.35, 0.05)  # how often one, two and three dolls
    cast: float = 0.0  # the share of dolls that are held-out ones
    side: int = SIDE
    core: float = 0.0  # the share of scenes that are of the world's core or around it
    # every scene of an odd number is the one before it, but for a doll's mood, or for poses and steps aside
    twins: Literal["", "moods", "poses"] = ""

    def scene(self, number: int) -> Scene:
        from dollhouse import core, scene

        seed = self.seed(number)
        sampled = core.mixed if Random(f"world:{seed}").random() < self.core else scene
        people = Random(f"plan:{seed}").choices((1, 2, 3), self.people)[0]
        made = sampled(seed, self.split, people, self._dolls(number) if self.cast else ())
        return TWINS[self.twins](made, seed) if self.twins and number % 2 else made

    def seed(self, number: int) -> int:
        """Of all that is by chance in a scene and in its captions' wording; twins share it."""
        return self.first + (number // 2 if self.twins else number)

    def _dolls(self, number: int) -> list[Doll]:
        made = Random(f"dolls:{self.seed(number)}")
        return [_held_out()[who] if who >= 0 else sampled_doll(made) for who in self.cast_of(number)]

    def cast_of(self, number: int) -> list[int]:
        """For each place in the row the number of a held-out doll, or -1 for one that the seed makes."""
        rng = Random(f"cast:{self.seed(number)}")
        names = rng.sample(range(len(_held_out())), MOST)
        return [name if rng.random() < self.cast else -1 for name in names]

    def fields(self) -> dict[str, tuple[tuple[int, ...], type]]:
        side, facts = self.side, self.facts
        return {
            "ready": ((self.count,), np.uint8),
            "picture": ((self.count, side, side, 3), np.uint8),
            "tokens": ((self.count, len(DROPOUTS), WORDS), np.uint16),
            "owner": ((facts, side, side), np.uint8),
            "part": ((facts, side, side), np.uint8),
            "skeleton": ((facts, side, side), np.uint8),
            "line": ((facts, side, side), np.uint8),
            "canny": ((facts, side, side), np.uint8),
            "light": ((facts, LIGHT_SIDE, LIGHT_SIDE, 3), np.uint8),
            "joints": ((facts, MOST, 18, 2), np.float32),
            "visible": ((facts, MOST, 18), np.bool_),
            "boxes": ((facts, MOST, 2, 4), np.int16),  # of the doll and of its face; zeros where there is none
        }

    @property
    def size(self) -> int:
        """Bytes of the whole of it."""
        return sum(prod(shape) * np.dtype(kind).itemsize for shape, kind in self.fields().values())


def other_mood(one: Scene, seed: int) -> Scene:
    """The same, but that one doll is of another mood."""
    rng = Random(f"twin:{seed}")
    who = rng.randrange(len(one.people))
    return one.with_expression(who, rng.choice([mood for mood in EXPRESSIONS if mood != one.people[who].expression]))


def other_poses(one: Scene, seed: int) -> Scene:
    """The same, but that dolls stand otherwise: one of them or all, further from the named poses than elsewhere; or all
    of them a little, and a little beside where they were."""
    rng = Random(f"twin:{seed}")
    if rng.random() < 0.5:
        return _nudged(one, rng)
    names = TRAIN_POSES if one.camera.framing == "full body" else upright(TRAIN_POSES)
    alone = rng.choice((None, *range(len(one.people))))
    actors = [
        replace(actor, pose=sampled_pose(rng, names, rng.uniform(*LOOSE))) if alone in (None, who) else actor
        for who, actor in enumerate(one.people)
    ]
    return replace(one, people=tuple(faces_cleared(rng, actors, names)))


def _nudged(one: Scene, rng: Random) -> Scene:
    """Each by less and less, while it hides a face."""
    actors = list(one.people)
    for who, actor in enumerate(one.people):
        much, step = rng.uniform(*NUDGES), rng.gauss(0, BESIDE)
        for less in (1.0, 0.5, 0.2, 0.05, 0.0):
            pose = nudged_pose(rng, actor.pose, much * less)
            actors[who] = replace(actor, pose=pose, x=actor.x + step * much * less)
            if not hiding(actors):
                break
    return replace(one, people=tuple(actors))


TWINS = {"moods": other_mood, "poses": other_poses}


def _held_out() -> list[Doll]:
    return list(heldout_dolls().values())


class Store:
    """`store["picture"][i]` and the like; `store.ready()` says which are drawn."""

    def __init__(self, folder: Path, plan: Plan, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.folder, self.plan, self._arrays = folder, plan, arrays

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def ready(self, facts: bool = False) -> NDArray[np.intp]:
        flags = self["ready"][: self.plan.facts] if facts else self["ready"]
        return np.flatnonzero(np.array(flags))  # a copy: other processes write into them meanwhile

    def faces(self, numbers: NDArray[np.intp]) -> NDArray[np.int16]:
        """Boxes of these scenes' faces, [n, MOST, 4]; zeros where there is none, or none is known."""
        boxes, known = np.zeros((len(numbers), MOST, 4), np.int16), numbers < self.plan.facts
        if known.any():
            boxes[known] = self["boxes"][numbers[known], :, 1]
        return boxes

    @staticmethod
    def made(folder: Path, plan: Plan) -> Store:
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            name: open_memmap(folder / f"{name}.npy", "w+", dtype=kind, shape=shape)
            for name, (shape, kind) in plan.fields().items()
            if shape[0]
        }
        (folder / "plan.json").write_text(json.dumps(asdict(plan)))
        return Store(folder, plan, arrays)

    @staticmethod
    def opened(folder: Path, writing: bool = False) -> Store:
        record = json.loads((folder / "plan.json").read_text())
        plan = Plan(**{**record, "people": tuple(record["people"])})
        mode: Any = "r+" if writing else "r"
        arrays = {file.stem: np.load(file, mmap_mode=mode) for file in folder.glob("*.npy")}
        return Store(folder, plan, arrays)


def pending(work: Path, job: str) -> Path:
    """Lies beside the stores while a training goes on that others wait for."""
    return work / f"{job}.pending"


def fill(folder: Path, worker: int, workers: int) -> None:
    """One process's share of a store: every `workers`-th scene from `worker` on."""
    store = Store.opened(folder, writing=True)
    for number in range(worker, store.plan.count, workers):
        if not store["ready"][number]:
            _draw(store, number)


def _draw(store: Store, number: int) -> None:
    from dollhouse import render

    made = store.plan.scene(number)
    if number < store.plan.facts:
        _put_facts(store, number, made)
    else:
        store["picture"][number] = render(made, store.plan.side)
    store["tokens"][number] = tokens_of(made, store.plan.seed(number))
    store["ready"][number] = 1


def _put_facts(store: Store, number: int, made: Scene) -> None:
    from dollhouse import truth

    known, people = truth(made, store.plan.side), range(len(made.people))
    store["picture"][number] = known.picture
    for name in ("owner", "part", "line", "canny"):
        store[name][number] = getattr(known, name)
    store["light"][number] = light_map(made.light, LIGHT_SIDE)
    store["skeleton"][number] = coded(known.skeleton)
    store["joints"][number, : len(people)] = known.joints
    store["visible"][number, : len(people)] = known.visible
    for doll in people:
        boxes = known.boxes(doll)
        store["boxes"][number, doll] = [boxes.get(name, (0, 0, 0, 0)) for name in ("doll", "face")]


def palette() -> NDArray[np.uint8]:
    """The colours that a skeleton map can have, black first, [n, 3]."""
    from dollhouse.openpose import COLOURS

    sticks = [tuple(int(c * 0.6) for c in colour) for colour in COLOURS]
    return np.array([(0, 0, 0), *COLOURS, *sticks], np.uint8)


def coded(skeleton: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A skeleton map as numbers of its palette's colours, [H, W]."""
    packed = palette().astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    order = np.argsort(packed)
    seen = skeleton.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    return order[np.searchsorted(packed[order], seen)].astype(np.uint8)


def tokens_of(made: Scene, seed: int) -> NDArray[np.uint16]:
    """The scene's captions, [4, 77]."""
    from dollhouse import caption

    said = [caption(made, seed * 8 + i if share else None, share, limit=LONGEST) for i, share in enumerate(DROPOUTS)]
    return tokenized(said)


def tokenized(texts: list[str]) -> NDArray[np.uint16]:
    from atelier_core.hosts.embedded.tokenizer import clip_tokenizer

    found = clip_tokenizer()(texts, padding="max_length", max_length=WORDS, truncation=True)["input_ids"]
    return np.array(found, np.uint16)


def _filling(folder: Path, worker: int, workers: int) -> None:
    """In a process of its own."""
    import cv2

    os.nice(5)  # what is trained comes first; seen: any nicer, next to nothing was drawn where trainings fill all cores
    cv2.setNumThreads(1)
    fill(folder, worker, workers)


def filling(folder: Path, workers: int) -> list[Any]:
    """Starts the processes that fill a store, each with a single thread."""
    context = multiprocessing.get_context("spawn")
    crew = [context.Process(target=_filling, args=(folder, i, workers), daemon=True) for i in range(workers)]
    with alone():
        for one in crew:
            one.start()
    return crew


@contextmanager
def alone() -> Iterator[None]:
    """Processes started meanwhile compute with one thread: more would fight over the cores that others fill."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
