"""Files by the names that cards give them: "anne", or with the kind before it "embedding:anne".

Without a kind it is a LoRA, and only where there is none of that name one of the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, get_args

from atelier_core.errors import UserError
from atelier_core.host import Host, Kind, ModelFile

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .adapters import Adapter

TWICE = "“{name}” is in the prompt and on a card: it would act twice. Take it out of one."
KINDS: tuple[Kind, ...] = ("lora", "embedding", "hypernetwork", "checkpoint")


def files(host: Host) -> Iterator[tuple[str, ModelFile]]:
    """All that a card can name, LoRAs first. The loaded checkpoint differs from itself in nothing."""
    loaded = host.loaded()
    for kind in KINDS:
        for file in host.models(kind):
            if file.path is not None and file != loaded:
                yield (file.name if kind == "lora" else f"{kind}:{file.name}"), file


def bare(said: str) -> str:
    kind, colon, name = said.partition(":")
    return name if colon and kind in get_args(Kind) else said


def found(host: Host, said: str) -> ModelFile:
    kind, colon, name = said.partition(":")
    wanted, name = ((kind,), name) if colon and kind in KINDS else (KINDS, said)
    for kind in wanted:
        for file in host.models(kind):
            if file.name == name and file.path is not None:
                return file
    raise UserError("There is no LoRA “{name}” in the webui's list.", name=said)


def read(host: Host, said: str) -> Adapter:
    from . import adapters

    file = found(host, said)
    assert file.path is not None
    ways = {"embedding": adapters.read_word, "hypernetwork": adapters.read_hypernetwork}
    return ways.get(file.kind, adapters.read)(file.path)
