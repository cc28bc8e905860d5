"""Files by the names that cards give them: "anne", or with the kind before it "embedding:anne".

Without a kind it is a LoRA, and only where there is none of that name one of the others. What a checkpoint differs from
the loaded one in may be given a rank, "checkpoint:anne.safetensors@32", or "@full".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from atelier_core.errors import UserError

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .adapters import Adapter

TWICE = "“{name}” is in the prompt and among the concepts: it would act twice. Take it out of one."
RANKED = re.compile(r"^(.+)@(full|[1-9]\d{0,2})$")
KINDS = ("lora", "embedding", "hypernetwork", "checkpoint")


class File(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def path(self) -> Path | None: ...

    @property
    def kind(self) -> str: ...


class Models(Protocol):
    """What of a host is asked here."""

    def models(self, kind: Any) -> Sequence[File]: ...

    def loaded(self) -> File | None: ...

    def data(self, unit: str) -> Path: ...

    def working(self, title: str) -> AbstractContextManager[Any]: ...


def files(host: Models) -> Iterator[tuple[str, File]]:
    """All that a card can name, LoRAs first. The loaded checkpoint differs from itself in nothing."""
    loaded = host.loaded()
    for kind in KINDS:
        for file in host.models(kind):
            if file.path is not None and file != loaded:
                yield (file.name if kind == "lora" else f"{kind}:{file.name}"), file


def bare(said: str) -> str:
    kind, colon, name = said.partition(":")
    return name if colon and kind in KINDS else said


def found(host: Models, said: str) -> File:
    kind, colon, name = said.partition(":")
    wanted, name = ((kind,), name) if colon and kind in KINDS else (KINDS, said)
    for kind in wanted:
        for file in host.models(kind):
            if file.name == name and file.path is not None:
                return file
    if "checkpoint" in wanted and (plain := _ranked(said)[0]) != said:
        return found(host, plain)
    raise UserError("There is no LoRA “{name}” in the webui's list.", name=said)


def read(host: Models, said: str) -> Adapter:
    from . import adapters

    file = found(host, said)
    assert file.path is not None
    if file.kind == "checkpoint":
        rank = None if bare(said) == file.name else _ranked(said)[1]
        return _difference(host, file.path, rank)
    ways = {"embedding": adapters.read_word, "hypernetwork": adapters.read_hypernetwork}
    return ways.get(file.kind, adapters.read)(file.path)


def _difference(host: Models, path: Path, rank: int | None) -> Adapter:
    from . import difference

    base = host.loaded()
    if base is None or base.path is None:
        raise UserError("There is no loaded model that {name} could be compared with.", name=path.name)
    kept = host.data("concept-lock") / "differences"
    with host.working("Concept lock") as work:
        return difference.read(base.path, path, difference.RANK if rank is None else rank, kept, work.step)


def _ranked(said: str) -> tuple[str, int | None]:
    """ "name@32" -> its rank; "name@full": 0."""
    ranked = RANKED.match(said)
    if ranked is None:
        return said, None
    return ranked[1], 0 if ranked[2] == "full" else int(ranked[2])
