"""The rows of a panel: to each region of the board a prompt and up to three concepts, beside a style for everywhere.

Values go by names: "prompt0", and of each concept "file0_0", "triggers0_0", "unet0_0", "text0_0"; "file_0" is the
style's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .board import COLOURS, Board, BoardRegion
from .cards import ConceptCard
from .options import REGIONS
from .regions import Lock, Region

CONCEPTS = 3  # of a region
CARD = ("file", "triggers", "unet", "text")
EMPTY: dict[str, Any] = {"file": "", "triggers": "", "unet": 1.0, "text": 1.0}


def card_names(row: str, concept: int) -> list[str]:
    return [f"{part}{row}_{concept}" for part in CARD]


def row_names(row: int) -> list[str]:
    return [f"prompt{row}", *(name for k in range(CONCEPTS) for name in card_names(str(row), k))]


BLANK = {"prompt0": "", **{f"{part}0_{k}": EMPTY[part] for k in range(CONCEPTS) for part in CARD}}
MOST_KNOWN = 64
NAMES = (*(name for row in range(REGIONS) for name in row_names(row)), *card_names("", 0))


def cards_of(values: Mapping[str, Any], row: str, count: int = CONCEPTS) -> tuple[ConceptCard, ...]:
    made = []
    for k in range(count):
        file, triggers, unet, text = (values.get(name) for name in card_names(row, k))
        if file:
            made.append(ConceptCard(file, (file,), triggers or "", unet=_weight(unet), text=_weight(text)))
    return tuple(made)


def _weight(said: Any) -> Any:
    return 1.0 if said in (None, "") else said


def lock_from_rows(board: Board, values: Mapping[str, Any], **more: Any) -> Lock:
    regions = tuple(
        Region(one.mask, values.get(f"prompt{n}") or "", cards_of(values, str(n)), one.name, one.on)
        for n, one in enumerate(board.regions)
    )
    return Lock(cards=cards_of(values, "", 1), regions=regions, **more)


def board_from(lock: Lock, size: Extent) -> Board:
    """Its regions keep the ids that they would have at any other time: who reads the same lock twice gets one board."""
    mark = hashlib.sha256(lock.text().encode()).hexdigest()[:10]
    regions = tuple(
        BoardRegion(f"r{mark}-{n}", region.name, COLOURS[n], region.on, region.mask)
        for n, region in enumerate(lock.regions[:REGIONS])
    )
    return Board(size, regions)


def values_from(lock: Lock) -> dict[str, Any]:
    """One for each of NAMES. A card of several files takes as many places."""
    found: dict[str, Any] = {}
    for n in range(REGIONS):
        prompt, cards = (lock.regions[n].prompt, lock.regions[n].cards) if n < len(lock.regions) else ("", ())
        found |= {f"prompt{n}": prompt, **_told(str(n), cards, CONCEPTS)}
    return found | _told("", lock.cards, 1)


def _told(row: str, cards: Sequence[ConceptCard], count: int) -> dict[str, Any]:
    places = list(_places(cards))[:count]
    places += [EMPTY] * (count - len(places))
    return {
        name: place[part] for k, place in enumerate(places) for part, name in zip(CARD, card_names(row, k), strict=True)
    }


def _places(cards: Sequence[ConceptCard]) -> Iterator[dict[str, Any]]:
    for card in cards:
        for n, file in enumerate(card.files):
            yield {"file": file, "triggers": "" if n else card.triggers, "unet": card.unet, "text": card.text}


def beyond(lock: Lock) -> tuple[UserError, ...]:
    """What a panel has no place for."""
    counts = [len(list(_places(region.cards))) for region in lock.regions]
    fits = len(counts) <= REGIONS and max(counts, default=0) <= CONCEPTS and len(list(_places(lock.cards))) <= 1
    return () if fits else (UserError("This lock has more regions or concepts than the panel shows."),)


@dataclass(frozen=True)
class Known:
    """The regions of a board in their order, and the rows of those that were there before: one may come back."""

    ids: tuple[str, ...] = ()
    rows: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # id -> values by their names in row 0


def followed(known: Known, ids: Sequence[str], values: Mapping[str, Any]) -> tuple[Known, dict[str, Any] | None]:
    """What becomes of rows when regions have come, gone or changed places: only of those that another region had, as
    the user may be writing in the others. None: all stay, also when no region is known: another board came then, and
    brought its rows."""
    if not set(ids) & set(known.ids):
        return Known(tuple(ids)), None
    rows = {**known.rows, **{one: _lifted(values, n) for n, one in enumerate(known.ids)}}
    now = Known(tuple(ids), dict(list(rows.items())[-MOST_KNOWN:]))
    made: dict[str, Any] = {}
    for n, (old, new) in enumerate(zip_longest(known.ids, ids)):
        if old != new and (old or new in rows):
            own = rows.get(new or "", BLANK)
            made |= {name: own[first] for name, first in zip(row_names(n), row_names(0), strict=True)}
    return now, made or None


def _lifted(values: Mapping[str, Any], row: int) -> dict[str, Any]:
    return {first: values[name] for first, name in zip(row_names(0), row_names(row), strict=True)}
