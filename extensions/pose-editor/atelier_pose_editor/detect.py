"""People in a picture, by the first detector that can be asked and finds some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from numpy.typing import NDArray

from .skeleton import MOST_PEOPLE, MOST_SIDE, Person, Pose

Bytes = NDArray[np.uint8]  # [H, W, 3], RGB
SHADES = ("#e6a23c", "#3ca2e6", "#67c23a", "#e65c8c", "#9b6ce6", "#2fb8a8", "#d0653a", "#8a9a2f")  # of persons in turn


class Detector(Protocol):
    @property
    def name(self) -> str: ...

    def available(self) -> str:
        """Empty, or the English sentence that says why it cannot be asked."""
        ...

    def find(self, picture: Bytes) -> list[Person]:
        """Joints that it does not really see are off and keep the place where it supposes them."""
        ...


def people_in(picture: Bytes, detectors: Sequence[Detector]) -> tuple[Pose, tuple[UserError, ...]]:
    """The people from left to right, and what to say about it: who found them, who did not, who could not be asked."""
    size = Extent(picture.shape[1], picture.shape[0])
    if size.longer > MOST_SIDE:
        raise UserError("People are looked for in pictures of at most {most} pixels per side.", most=MOST_SIDE)
    said: list[UserError] = []
    for detector in detectors:
        if reason := detector.available():
            said.append(UserError("{name} was not asked: {reason}", name=detector.name, reason=reason))
        elif people := detector.find(picture):
            found = UserError("{name} found people: {count}.", name=detector.name, count=len(people))
            return Pose(size, named(people)), (found, *said)
        else:
            said.append(UserError("{name} found nobody.", name=detector.name))
    raise none_found(said)


def none_found(said: Sequence[UserError]) -> UserError:
    """The one sentence when nobody could say where the people are; with a single cause, that cause."""
    if len(said) == 1:
        return said[0]
    names = ", ".join(str(one.values["name"]) for one in said)
    asked = any("reason" not in one.values for one in said)
    if asked:
        return UserError("Nobody was found in this picture. Asked or not to be had: {names}.", names=names)
    return UserError("Nothing that finds people is to be had here: {names}.", names=names)


def named(people: Sequence[Person]) -> tuple[Person, ...]:
    """From left to right, each with a name and a colour."""
    ordered = sorted(people, key=_middle)[:MOST_PEOPLE]
    return tuple(
        replace(person, name=f"Person {number + 1}", colour=SHADES[number % len(SHADES)])
        for number, person in enumerate(ordered)
    )


def _middle(person: Person) -> float:
    places = [joint.x for joint in person.body if joint.on] or [joint.x for joint in person.body]
    return sum(places) / len(places)
