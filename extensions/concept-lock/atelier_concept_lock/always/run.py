"""A lock for the picture that the webui itself is about to make: its prompt is the base, all else stays its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from atelier_core.entries import Additions, Found
from atelier_core.geometry import Extent
from atelier_core.host import Host

from .. import rows, run
from ..board import beginning, board_of
from ..cards import ConceptCard
from ..options import LABEL
from ..regions import Lock, lock_of

SIZED = re.compile(r"([1-9]\d{1,3})x([1-9]\d{1,3})")  # pixels
OF_LOCK = ("feather", "dial", "start", "end", "uncond")


def additions(host: Host, values: Mapping[str, Any], size: Extent) -> Additions:
    if not values.get("on"):
        return Additions()
    lock = run.settled(lock_from(values, size))
    adapters = run.adapters_of(host, lock)
    from ..patch import LockPatch

    patch = LockPatch(lock, size, adapters)

    def found() -> Found:
        return Found({f"{LABEL} report": patch.report.short()}, tuple(patch.report.told(host.translate)))

    return Additions(info={LABEL: run.lock_text(host, lock)}, patches=(patch,), found=found)


def lock_from(values: Mapping[str, Any], size: Extent) -> Lock:
    """`strength`: what an X/Y/Z plot multiplies the weights of all concepts with."""
    board = board_of(values["state"]) if values.get("state") else beginning(size)
    own = {name: values[name] for name in OF_LOCK if values.get(name) not in (None, "")}
    lock = lock_of(rows.lock_from_rows(board, values, **own).text())  # whose values may come from anywhere
    factor = float(values.get("strength", 1))
    return lock if factor == 1 else _weakened(lock, factor)


def _weakened(lock: Lock, factor: float) -> Lock:
    def less(cards: tuple[ConceptCard, ...]) -> tuple[ConceptCard, ...]:
        return tuple(replace(card, unet=card.unet * factor) for card in cards)

    regions = tuple(replace(region, cards=less(region.cards)) for region in lock.regions)
    return replace(lock, cards=less(lock.cards), regions=regions)


def lock_in(host: Host, entries: Mapping[str, str]) -> tuple[Lock, tuple[str, ...]] | None:
    """What an infotext's settings carry, and sentences on what is missing of it."""
    if LABEL not in entries:
        return None
    lock, missing = run.lock_in(host, entries[LABEL])
    return lock, tuple(one.told(host.translate) for one in (*missing, *rows.beyond(lock)))


def size_in(entries: Mapping[str, str]) -> Extent:
    """Of the picture; a webui may have split the entry in two."""
    both = entries.get("Size") or f"{entries.get('Size-1')}x{entries.get('Size-2')}"
    found = SIZED.fullmatch(both)
    return Extent(int(found[1]), int(found[2])) if found else Extent(512, 512)
