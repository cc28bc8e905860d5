"""Which layer of the loaded model each part of a card's files changes, and which parts find none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from atelier_core.errors import UserError

from .adapters import Adapter
from .branches import Branch, shape_of
from .cards import ConceptCard
from .hypernet import Bend, widths
from .keys import Place, alternatives
from .part import Part
from .report import Line
from .textside import PROJECTIONS, place_of
from .words import Word, fits

OFF = ("time_embed.", "label_emb.", ".emb_layers.")  # no place in the picture and no prompt: no region to keep to


@dataclass
class Matched:
    """Branches by the layer's name: of the UNet, and of the text encoders; and words of its own."""

    unet: dict[str, list[Branch]] = field(default_factory=dict)
    texts: dict[str, list[Branch]] = field(default_factory=dict)
    words: list[Word] = field(default_factory=list)
    bends: list[Bend] = field(default_factory=list)

    def take(self, other: Matched) -> None:
        for mine, more in ((self.unet, other.unet), (self.texts, other.texts)):
            for name, branches in more.items():
                mine.setdefault(name, []).extend(branches)
        self.words += other.words
        self.bends += other.bends


def match(
    layers: Mapping[str, Any],
    texts: Mapping[str, Any],
    card: ConceptCard,
    adapters: Sequence[Adapter],
    line: Line,
    at: tuple[int, int | None],
) -> Matched:
    """`at`: the line's number and the region. `line` learns what matched and what did not."""
    found = Matched()
    for adapter in adapters:
        _match_words(found, texts, card, adapter, line)
        _match_nets(found, layers, card, adapter, line, at)
        for place, part in adapter.parts.items():
            name = _name(layers, texts, place, part)
            if name is None:
                line.missed.append(f"{place.target}: {place.layer}")
            elif any(mark in name for mark in OFF):
                line.off += 1
            else:
                line.matched += 1
                _keep(found, place, name, Branch(*at, part, card.unet if place.target == "unet" else card.text))
    if adapters and not line.matched and not line.words and not line.off:
        raise UserError("“{name}” is made for another kind of model than the one that is loaded.", name=card.name)
    return found


def _match_words(found: Matched, texts: Mapping[str, Any], card: ConceptCard, adapter: Adapter, line: Line) -> None:
    for name, vectors in adapter.words.items():
        if not fits(texts, vectors):
            line.missed.append(f"“{name}”")
            continue
        line.words.append(name)
        if card.text:
            found.words.append(Word(name, vectors, card.text, adapter.of_host))


def _match_nets(
    found: Matched,
    layers: Mapping[str, Any],
    card: ConceptCard,
    adapter: Adapter,
    line: Line,
    at: tuple[int, int | None],
) -> None:
    wide = widths(layers)
    line.matched += sum(width in adapter.nets for width in wide.values())
    line.missed += [f"hypernetwork: {width}" for width in adapter.nets if width not in wide.values()]
    if adapter.nets and card.unet:
        found.bends.append(Bend(*at, adapter.nets, card.unet))


def _keep(found: Matched, place: Place, name: str, branch: Branch) -> None:
    if branch.strength:
        table = found.unet if place.target == "unet" else found.texts
        table.setdefault(name, []).append(branch)


def _name(layers: Mapping[str, Any], texts: Mapping[str, Any], place: Place, part: Part) -> str | None:
    if place.target == "unet":
        names = (name for name in alternatives(place.layer) if name in layers)
        return next((name for name in names if _fits(part, shape_of(layers[name]), name)), None)
    name = f"{place.target}.{place.layer}"
    home = place_of(texts, name)
    if home is None:
        return None
    module, projection = home
    shape = (module.embed_dim, module.embed_dim) if projection in PROJECTIONS else shape_of(module)
    return name if _fits(part, shape, name) else None


def _fits(part: Part, shape: tuple[int, ...] | None, layer: str) -> bool:
    if shape is None or (len(shape) == 1) != (part.kind == "norm"):
        return False
    try:
        fits = part.fits(shape)
    except (IndexError, RuntimeError):
        return False
    if fits and not part.coheres(shape):
        raise UserError("The tensors of “{layer}” do not fit together.", layer=layer)
    return fits
