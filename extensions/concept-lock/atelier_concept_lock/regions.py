"""Where each concept acts: regions of the picture, each with a prompt and cards; and the lock that holds them all."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from atelier_core import mask
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from PIL import Image

from .cards import ConceptCard, card_from, entries, number, text

VERSION = 1
USUAL_DIAL = 0.75  # measured: there each of two taught dolls in one picture stays itself most often
MOST_REGIONS = 16
MOST_MASK = 64 * 2**20  # pixels of a drawn mask
PNG = ("PNG",)  # of what Pillow knows some kinds start programs


class Box(NamedTuple):
    """In shares of the picture."""

    left: float
    top: float
    right: float
    bottom: float

    def drawn(self, size: Extent) -> np.ndarray:
        """[H, W] uint8, 255 inside; edges fall on the nearest pixel."""
        made = np.zeros((size.height, size.width), np.uint8)
        rows = slice(round(self.top * size.height), round(self.bottom * size.height))
        columns = slice(round(self.left * size.width), round(self.right * size.width))
        made[rows, columns] = 255
        return made


@dataclass(frozen=True)
class Drawn:
    """A mask as the bytes of a PNG: it compares, hashes and travels."""

    png: bytes

    def drawn(self, size: Extent) -> np.ndarray:
        picture = Image.open(io.BytesIO(self.png), formats=PNG)
        fitted = picture if picture.size == size else picture.resize(size, Image.Resampling.BOX)
        return mask.normalised(fitted, size)


@dataclass(frozen=True)
class Region:
    mask: Box | Drawn
    prompt: str = ""
    cards: tuple[ConceptCard, ...] = ()
    name: str = ""
    on: bool = True

    def to_json(self) -> dict[str, Any]:
        made = {"mask": mask_text(self.mask), "prompt": self.prompt, "cards": [card.to_json() for card in self.cards]}
        return made | ({"name": self.name} if self.name else {}) | ({} if self.on else {"on": False})


@dataclass(frozen=True)
class Lock:
    prompt: str = ""  # of the whole picture
    cards: tuple[ConceptCard, ...] = ()  # that act everywhere
    regions: tuple[Region, ...] = ()
    feather: int = 0  # pixels inwards from a region's edge
    dial: float = 0.0  # against indirect leaks; 0: plain
    uncond: bool = False  # whether concepts act on the negative prompt's rows too, as the host's own LoRAs do
    start: float = 0.0  # share of the steps
    end: float = 1.0

    def to_json(self) -> dict[str, Any]:
        return {
            "atelier_lock": VERSION,
            "prompt": self.prompt,
            "cards": [card.to_json() for card in self.cards],
            "regions": [region.to_json() for region in self.regions],
            "feather": self.feather,
            "dial": self.dial,
            "uncond": self.uncond,
            "start": self.start,
            "end": self.end,
        }

    def text(self) -> str:
        return json.dumps(self.to_json(), ensure_ascii=False)

    def all_cards(self) -> tuple[ConceptCard, ...]:
        """Of what acts."""
        return (*self.cards, *(card for region in self.regions if region.on for card in region.cards))

    def masks(self, size: Extent) -> np.ndarray:
        """[regions, H, W] in 0…1, feathered inwards: no region grows beyond what was drawn."""
        drawn = [mask.feathered(region.mask.drawn(size), self.feather) for region in self.regions]
        stacked = np.stack(drawn) if drawn else np.zeros((0, size.height, size.width), np.uint8)
        return stacked.astype(np.float64) / 255


def lock_of(said: str) -> Lock:
    return lock_from(parsed(said))


def parsed(said: str) -> Any:
    try:
        return json.loads(said)
    except (ValueError, RecursionError) as error:
        raise UserError("The lock is not valid JSON.") from error


def lock_from(body: Any) -> Lock:
    if not isinstance(body, Mapping) or body.get("atelier_lock", VERSION) != VERSION:
        raise UserError("This is not a lock of version {version}.", version=VERSION)
    known = entries({key: value for key, value in body.items() if key != "atelier_lock"}, Lock)
    start, end = number(known, "start", 0.0, 0, 1), number(known, "end", 1.0, 0, 1)
    if start > end:
        raise UserError("The lock ends before it begins.")
    return Lock(
        prompt=text(known, "prompt", ""),
        cards=_list(known, "cards", card_from),
        regions=_list(known, "regions", region_from),
        feather=round(number(known, "feather", 0, 0, 1024)),
        dial=number(known, "dial", 0.0, 0, 1),
        uncond=_truth(known, "uncond", False),
        start=start,
        end=end,
    )


def _list(body: Mapping[str, Any], key: str, make: Any) -> tuple[Any, ...]:
    found = body.get(key, [])
    if not isinstance(found, list):
        raise UserError("“{key}” must be a list.", key=key)
    if len(found) > MOST_REGIONS:
        raise UserError("“{key}” has more than {most} entries.", key=key, most=MOST_REGIONS)
    return tuple(make(one) for one in found)


def _truth(body: Mapping[str, Any], key: str, default: bool) -> bool:
    found = body.get(key, default)
    if not isinstance(found, bool):
        raise UserError("“{key}” must be true or false.", key=key)
    return found


def region_from(body: Any) -> Region:
    known = entries(body, Region)
    cards = _list(known, "cards", card_from)
    area, on = mask_from(known.get("mask")), _truth(known, "on", True)
    return Region(area, text(known, "prompt", ""), cards, text(known, "name", ""), on)


def mask_from(where: Any) -> Box | Drawn:
    return _drawn(where) if isinstance(where, str) else box_from(where)


def mask_text(area: Box | Drawn) -> list[float] | str:
    return list(area) if isinstance(area, Box) else base64.b64encode(area.png).decode()


def box_from(edges: Any) -> Box:
    numbers = isinstance(edges, list) and len(edges) == 4
    if not numbers or not all(isinstance(e, (int, float)) and not isinstance(e, bool) for e in edges):
        raise UserError("A region needs a box of four numbers or a drawn mask.")
    left, top, right, bottom = map(float, edges)
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UserError("A box lies between 0 and 1, its left before its right and its top above its bottom.")
    return Box(left, top, right, bottom)


def _drawn(coded: str) -> Drawn:
    try:
        png = base64.b64decode(coded, validate=True)
        with Image.open(io.BytesIO(png), formats=PNG) as picture:
            if picture.width * picture.height > MOST_MASK:
                raise UserError("The mask is too large.")
            picture.load()
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError("The mask is no picture that can be read.") from error
    return Drawn(png)
