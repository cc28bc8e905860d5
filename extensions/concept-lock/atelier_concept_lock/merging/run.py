"""The use case: two LoRAs of the webui to one beside them, with the error told before anything is written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_core.errors import UserError
from atelier_core.host import Host

from .. import named
from ..options import MergeArgs

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from ..adapters import Adapter
    from ..merge import Merged

NAME = re.compile(r"[^\W_][\w .()+-]{0,99}")
TOLD = ("ss_base_model_version", "ss_v2", "modelspec.architecture", "modelspec.prediction_type")  # by which model


@dataclass(frozen=True)
class Done:
    error: float  # relative, of the layer that is off by most
    layers: int
    rank: int  # the largest
    path: Path | None  # None: not written
    note: UserError | None  # what is wrong with it


def merge(host: Host, args: MergeArgs) -> Done:
    """Nothing is written over, and nothing that is off by more than a percent without `anyway`."""
    path = _place(host, args.name)
    first, second = named.read(host, args.first), named.read(host, args.second)
    _refuse_strangers(first, second)
    with host.working("Concept lock"):
        made = _made(args, first, second)
        written = made.note is None or args.anyway
        if written:
            _write(path, made, named.found(host, args.first).path)
    rank = max((part.down.shape[0] for part in made.parts.values()), default=0)
    return Done(made.worst, len(made.parts), rank, path if written else None, made.note)


def _place(host: Host, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise UserError("“{name}” is no name for a file.", name=name)
    path = host.folder("lora") / f"{name}.safetensors"
    if path.exists():
        raise UserError("There is a file “{name}” already. Take another name.", name=name)
    return path


def _refuse_strangers(first: Adapter, second: Adapter) -> None:
    for place in set(first.parts) & set(second.parts):
        one, other = first.parts[place].factors(), second.parts[place].factors()
        if one and other and (one.down.shape[1:], one.up.shape[0]) != (other.down.shape[1:], other.up.shape[0]):
            raise UserError("“{first}” and “{second}” are made for different models.",
                            first=first.name, second=second.name)  # fmt: skip


def _made(args: MergeArgs, first: Adapter, second: Adapter) -> Merged:
    from ..merge import element_by_element, exact, reduced

    parts = [(first, args.first_weight), (second, args.second_weight)]
    if args.way == "reduced":
        return reduced(parts, args.rank)
    return exact(parts) if args.way == "exact" else element_by_element(parts)


def _write(path: Path, made: Merged, first: Path | None) -> None:
    from ..files import read_header
    from ..teach.state import save

    said = read_header(first).metadata if first else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, made.tensors(), {key: said[key] for key in TOLD if key in said})
