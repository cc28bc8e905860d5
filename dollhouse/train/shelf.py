"""Drawn scenes on the device, with what the readers are to say of them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dollhouse.grammar import attributes
from dollhouse.parts import FIRST_DOLL, PARTS, hidden
from dollhouse.reader_nets import DOLL_READ, JOINTS, SCENE_READ
from dollhouse.train.store import MOST, Store

Labels = dict[str, NDArray[Any]]
KEPT_OUT = 9  # every ninth scene is for the last look only; odd, so that some are of the core and some around it
_LEAST = 400  # pixels of a doll of which anything is said


def labels(folder: str, numbers: Sequence[int]) -> Labels:
    """What is to be read of these scenes; -1 where it cannot be."""
    store = Store.opened(Path(folder))
    found = [_labels(store, number) for number in numbers]
    return {name: np.stack([one[name] for one in found]) for name in found[0]}


def _labels(store: Store, number: int) -> Labels:
    made = store.plan.scene(number)
    said = {"count": str(len(made.people)), **attributes(made)}
    dolls = np.full((MOST, len(DOLL_READ)), -1, np.int64)
    cut = np.asarray(store["owner"][number]), np.asarray(store["part"][number])
    for place, traits in enumerate(said["people"]):
        who = {"identity": made.people[place].doll.name, **traits}
        counts = np.bincount(cut[1][cut[0] == FIRST_DOLL + place], minlength=len(PARTS))
        if counts.sum() >= _LEAST:
            unseen = hidden(who, counts)
            dolls[place] = _numbers({trait: who[trait] for trait in who if trait not in unseen}, DOLL_READ)
    known = {name: np.asarray(store[name][number]) for name in ("joints", "visible", "boxes")}
    scene = np.array(_numbers(said, SCENE_READ))
    return {"scene": scene, "light": np.array(made.light.vector, np.float32), "dolls": dolls, **known}


def _numbers(shown: Mapping[str, str], traits: Mapping[str, Sequence[str]]) -> list[int]:
    return [values.index(shown[trait]) if trait in shown else -1 for trait, values in traits.items()]


class Shelf:
    """A growing set of scenes in the device's memory."""

    def __init__(self, room: int, side: int, device: torch.device) -> None:
        self.count, self.room, self.device = 0, room, device
        shapes: dict[str, tuple[tuple[int, ...], torch.dtype]] = {
            "picture": ((side, side, 3), torch.uint8),
            "scene": ((len(SCENE_READ),), torch.int64),
            "light": ((3,), torch.float32),
            "dolls": ((MOST, len(DOLL_READ)), torch.int64),
            "joints": ((MOST, JOINTS, 2), torch.float32),
            "visible": ((MOST, JOINTS), torch.bool),
            "boxes": ((MOST, 2, 4), torch.float32),
        }
        self._held = {n: torch.zeros((room, *s), dtype=kind, device=device) for n, (s, kind) in shapes.items()}

    def put(self, rows: Labels) -> None:
        start = self.count
        more = min(len(rows["picture"]), self.room - start)
        for name, values in rows.items():
            self._held[name][start : start + more] = torch.from_numpy(values[:more]).to(self.device)
        self.count += more

    def taken(self, rows: Tensor) -> dict[str, Tensor]:
        return {name: values[rows] for name, values in self._held.items()}

    def some(self, count: int) -> dict[str, Tensor]:
        return self.taken(torch.randint(self.count, (count,), device=self.device))


class Gathering:
    """Moves what is drawn onto two shelves, one of them for the last look, without holding up who trains."""

    def __init__(self, store: Store, device: torch.device, room: int = 24_000, helpers: int = 3) -> None:
        side, room = store.plan.side, min(room, store.plan.facts)
        self.store = store
        self.learnt, self.kept = Shelf(room, side, device), Shelf(min(2000, -(-room // KEPT_OUT)), side, device)
        self._asked = np.zeros(store.plan.facts, np.bool_)
        self._pool = ProcessPoolExecutor(helpers, multiprocessing.get_context("spawn"))
        self._open: list[tuple[NDArray[np.intp], Future[Labels]]] = []

    def more(self, most: int = 4) -> None:
        """Puts what has been worked out on the shelves and asks for what is drawn since."""
        asked, self._open = self._open, []
        for numbers, future in asked:
            if future.done():
                self._put(numbers, future.result())
            else:
                self._open.append((numbers, future))
        fresh = np.flatnonzero((self.store["ready"][: self.store.plan.facts] == 1) & ~self._asked)
        fresh = fresh[: 128 * max(0, most - len(self._open))] if self.learnt.count < self.learnt.room else fresh[:0]
        for numbers in np.array_split(fresh, -(-len(fresh) // 128)) if len(fresh) else []:
            self._asked[numbers] = True
            self._open.append((numbers, self._pool.submit(labels, str(self.store.folder), numbers.tolist())))

    def _put(self, numbers: NDArray[np.intp], rows: Labels) -> None:
        rows["picture"] = self.store["picture"][numbers]
        out = numbers % KEPT_OUT == KEPT_OUT - 1
        for shelf, chosen in ((self.kept, out), (self.learnt, ~out)):
            if chosen.any():
                shelf.put({name: values[chosen] for name, values in rows.items()})

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
