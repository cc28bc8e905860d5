"""What a lesson leaves: the file, its preview and its card. Read back before anyone is told it is there."""

from __future__ import annotations

import time
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from PIL import Image

from .. import adapters
from ..cards import ConceptCard
from ..files import read_header, read_tensors
from ..hashes import hashes
from ..keys import Place, alternatives
from . import state
from .learner import Learner
from .lowrank import LowRank, shape_of
from .metadata import Told, hashed, metadata
from .options import TeachArgs, called

DTYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
WEBUI_BASE = {"SD 1.5": "SD1", "SD 2": "SD2", "SDXL": "SDXL"}  # as webuis name them in a file's sidecar


@dataclass(frozen=True)
class Taught:
    path: Path
    card: ConceptCard
    layers: int
    hash: str  # as infotexts carry it

    def to_json(self) -> dict[str, Any]:
        return {"file": self.path.name, "card": self.card.to_json(), "layers": self.layers, "hash": self.hash}


def tensors_of(learner: Learner) -> dict[str, torch.Tensor]:
    dtype = DTYPES[learner.args.precision]
    made = learner.trained.tensors(learner.studio.family)
    return {name: t.to("cpu", dtype if t.is_floating_point() else t.dtype).contiguous() for name, t in made.items()}


def write(learner: Learner, folder: Path, told: Told) -> Taught:
    path = folder / f"{learner.args.name}.safetensors"
    tensors = tensors_of(learner)
    state.save(path, tensors, hashed(tensors, metadata(learner.studio, learner.args, told)))
    try:
        layers = _proved(learner, path)
    except UserError:
        path.unlink(missing_ok=True)
        raise
    card = card_of(learner.args, learner.studio.family)
    _sidecar(path.with_suffix(".json"), learner.args, learner.studio.family, card)
    return Taught(path, card, layers, hashes(path).v3)


def told_of(learner: Learner, captions: Sequence[str], began: float, recomputed: bool) -> Told:
    cell = learner.studio.cell
    sizes = [one.latents[0].shape[-2:] for one in learner.shown]
    return Told(
        captions=captions,
        shapes=[Extent(width * cell, height * cell) for height, width in sizes],
        known=len(learner.known),
        steps=learner.step,
        each=len(learner.epoch(0)),
        loss=sum(learner.losses[-50:]) / max(1, len(learner.losses[-50:])),
        began=began,
        ended=time.time(),
        recomputed=recomputed,
    )


def _proved(learner: Learner, path: Path) -> int:
    """Layers found again by the reader of all adapters; none may be missed."""
    if not isinstance(learner.trained, LowRank):
        read_tensors(read_header(path))
        return 0
    places = {pair.place: shape_of(pair.module) for pair in learner.trained.pairs.values()}
    read = {_home(place, places): part for place, part in adapters.read(path).parts.items()}
    missed = places.keys() ^ read.keys()
    if missed or any(not part.fits(_flat(places[place])) for place, part in read.items()):
        raise UserError(
            "The file that was written cannot be read back ({count} layers). It was taken away again.",
            count=len(missed),
        )
    return len(places)


def _home(place: Place, places: Container[Place]) -> Place:
    names = (alternatives(place.layer) if place.target == "unet" else ()) or (place.layer,)
    return next((one for name in names if (one := Place(place.target, name)) in places), place)


def _flat(shape: tuple[int, tuple[int, ...]]) -> tuple[int, ...]:
    return shape[0], *shape[1]


def card_of(args: TeachArgs, family: str) -> ConceptCard:
    file = f"embedding:{args.name}" if args.kind == "words" else args.name
    return ConceptCard(args.name, (file,), called(args), args.noun, text=1.0, base=family)


def _sidecar(path: Path, args: TeachArgs, family: str, card: ConceptCard) -> None:
    """What webuis read beside a file, with the card under a name of its own."""
    body = {
        "description": "",
        "sd version": WEBUI_BASE[family],
        "activation text": called(args),
        "preferred weight": 1.0,
        "negative text": "",
        "notes": "",
        "atelier card": card.to_json(),
    }
    state.save_json(path, body)


def keep_preview(path: Path, picture: Image.Image) -> None:
    state.placed(path.with_suffix(".png"), lambda part: picture.save(part, "PNG"))
