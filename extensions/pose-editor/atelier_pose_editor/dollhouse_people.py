"""Dolls, by the small networks of a host that has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from atelier_core.geometry import Extent
from numpy.typing import NDArray

from .detect import Bytes
from .skeleton import Joint, Person, tenth

Look = Callable[[Bytes], Sequence[NDArray[np.float32]]]  # of each one found [18, 3]: x, y and how surely it is there
SURE = 0.5


@dataclass(frozen=True)
class DollhousePeople:
    look: Look | None
    reason: str = ""  # why there is nothing to look with, an English sentence
    name: str = "dollhouse"

    def available(self) -> str:
        return "" if self.look else self.reason or "This webui does not have its networks."

    def find(self, picture: Bytes) -> list[Person]:
        size = Extent(picture.shape[1], picture.shape[0])
        return [_person(joints, size) for joints in self.look(picture)] if self.look else []


def _person(joints: NDArray[np.float32], size: Extent) -> Person:
    return Person(tuple(_joint(float(x), float(y), float(sure), size) for x, y, sure in joints))


def _joint(x: float, y: float, sure: float, size: Extent) -> Joint:
    return Joint(tenth(x), tenth(y), on=sure >= SURE and 0 <= x < size.width and 0 <= y < size.height)
