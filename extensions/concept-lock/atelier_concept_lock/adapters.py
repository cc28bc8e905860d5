"""A file of any adapter kind, read whole: its parts by the layer they change."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from atelier_core import embeddings
from atelier_core.embeddings import Vectors
from atelier_core.errors import UserError

from . import counted, hypernet
from .files import Header, read_header, read_tensors
from .hypernet import Nets
from .keys import Place, parse
from .kinds import part_of
from .part import Part

BUNDLED = re.compile(r"^bundle_emb\.(?P<name>.+?)\.(?P<role>string_to_param\..*|emb_params|clip_[lg])$")
COUNTED = re.compile(r"^(?P<net>unet|text_encoder):(?P<n>\d+):(?P<role>up|down)$")  # cloneofsimo: by order, not name
WORD = re.compile(r"^<[^<>]+>$")


@dataclass(frozen=True)
class Adapter:
    name: str
    parts: Mapping[Place, Part] = field(default_factory=dict)
    words: Mapping[str, Vectors] = field(default_factory=dict)  # textual inversions
    of_host: bool = False  # whether the webui reads its words by itself, wherever they stand
    nets: Nets = field(default_factory=dict)  # of a hypernetwork
    note: UserError | None = None  # what a user should know of it

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(
            sorted({part.kind + ("+DoRA" if part.magnitude is not None else "") for part in self.parts.values()})
        )


def read(path: Path) -> Adapter:
    header = read_header(path)
    roles, words = sorted_out(header)  # by their names alone: what cannot be read is said before anything is loaded
    tensors = read_tensors(header)
    parts = {
        place: part_of({role: tensors[key] for role, key in own.items()}, _told(place), told_scale(header, place))
        for place, own in roles.items()
    }
    if not parts and not words:
        raise UserError("{name} holds nothing that is an adapter.", name=path.name)
    return Adapter(path.stem, parts, {word: _vectors(tensors, own, path) for word, own in words.items()})


def read_word(path: Path) -> Adapter:
    """A textual inversion: its word is the file's name, as in webuis."""
    return Adapter(path.stem, words={path.stem: embeddings.read(path)}, of_host=True)


def read_hypernetwork(path: Path) -> Adapter:
    return Adapter(path.stem, nets=hypernet.read(path))


def _vectors(tensors: Mapping[str, torch.Tensor], keys: Mapping[str, str], path: Path) -> Vectors:
    return embeddings.sorted_out({role: tensors[key] for role, key in keys.items()}, path.name)


def sorted_out(header: Header) -> tuple[dict[Place, dict[str, str]], dict[str, dict[str, str]]]:
    """Place -> role -> key, and word -> role -> key. An unknown key is an error that names it."""
    roles: dict[Place, dict[str, str]] = {}
    words: dict[str, dict[str, str]] = {}
    if any(COUNTED.match(key) for key in header.shapes):
        order = counted.places(header)
    for key in header.shapes:
        if found := BUNDLED.match(key):
            words.setdefault(found["name"], {})[found["role"]] = key
        elif WORD.match(key):
            words[key] = {"string_to_param.*": key}
        elif found := COUNTED.match(key):
            _put(roles, order[found["net"], int(found["n"])], found["role"], key)
        else:
            _put(roles, *parse(key), key)
    return roles, words


def _put(roles: dict[Place, dict[str, str]], place: Place, role: str, key: str) -> None:
    known = roles.setdefault(place, {})
    if role in known:
        raise UserError("“{one}” and “{other}” say the same of one layer.", one=known[role], other=key)
    known[role] = key


def _told(place: Place) -> str:
    return f"{place.target}: {place.layer}"


def told_scale(header: Header, place: Place) -> float | None:
    """Diffusers writes PEFT's alpha and rank into the metadata, not into tensors."""
    try:
        about: Any = json.loads(header.metadata.get("lora_adapter_metadata", "null"))
    except (ValueError, RecursionError):
        return None
    net = {"unet": "unet", "te1": "text_encoder", "te2": "text_encoder_2"}[place.target]
    if not isinstance(about, dict) or not isinstance(about.get(f"{net}.lora_alpha"), (int, float)):
        return None
    rank = about.get(f"{net}.r")
    if not isinstance(rank, int) or rank < 1:
        return None
    return float(about[f"{net}.lora_alpha"]) / (rank**0.5 if about.get(f"{net}.use_rslora") else rank)
