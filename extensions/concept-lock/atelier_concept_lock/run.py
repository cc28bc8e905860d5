"""The use case: a host and a lock, to pictures in which each concept keeps to its region, and the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from atelier_core import files, picture
from atelier_core.args import add_entries
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.job import Job, Result, sampling_of
from PIL import Image

from . import named, sidecars
from .cards import MOST_TEXT
from .options import LABEL, LockArgs
from .regions import Lock, Region

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .adapters import Adapter
    from .report import Report

NAMED = re.compile(r"<(?:lora|lyco|hypernet):([^:>]+)")
UNIT = "concept-lock"
MOST_BESIDE = 2**20  # bytes of a file that says something of another


@dataclass(frozen=True)
class Done:
    lock: str  # as it stands in the infotexts
    paths: tuple[Path, ...]
    infotexts: tuple[str, ...]
    seeds: tuple[int, ...]
    report: Report
    notes: tuple[str, ...]  # beside the report


def inspect(host: Host, file: str) -> dict[str, Any]:
    from .shelf import inspected

    return inspected(file, named.found(host, file))


def listed(host: Host) -> list[dict[str, Any]]:
    """Every file of the host that a card can name, with what it says of itself."""
    from .shelf import verdict

    return [verdict(name, file).to_json() for name, file in named.files(host)]


def generate(host: Host, args: LockArgs, init: Image.Image | None = None) -> Done:
    lock, missing = lock_in(host, args.lock)
    lock = settled(lock)
    adapters = adapters_of(host, lock)
    job = _job(lock, args, init)
    with host.working("Concept lock"):
        result, report = _run(host, job, lock, adapters)
        if args.measure:
            fixed = replace(job, seed=result.seeds[0])
            _measure(host, fixed, lock, adapters, result, report)
    said = lock_text(host, lock)
    paths, infotexts = _saved(host, {LABEL: said, f"{LABEL} report": report.short()}, result)
    notes = (*result.notes, *(one.told(host.translate) for one in missing))
    return Done(said, paths, infotexts, result.seeds, report, notes)


def lock_in(host: Host, text: str) -> tuple[Lock, tuple[UserError, ...]]:
    """The lock, and what of it is not on this machine."""
    return sidecars.read(text, _masks(host))


def lock_text(host: Host, lock: Lock) -> str:
    """For an infotext: long masks lie in the unit's folder."""
    return sidecars.written(lock, _masks(host))


def _masks(host: Host) -> Path:
    return host.data(UNIT) / "masks"


def settled(lock: Lock) -> Lock:
    """The lock with the trigger words of its global cards in its prompt, once it is known to be sound."""
    regions = [region for region in lock.regions if region.on]
    for prompt in (lock.prompt, *(region.prompt for region in regions)):
        _refuse_twice(prompt, lock)
    if not lock.all_cards() and not any(region.prompt for region in regions):
        raise UserError("There is nothing to lock: give a region a prompt or a concept.")
    for card in lock.cards:
        lock = replace(lock, prompt=card.in_prompt(lock.prompt))
    return lock


def _refuse_twice(prompt: str, lock: Lock) -> None:
    """The host applies what a prompt names, everywhere: that would act beside the card, or outside its region."""
    asked = {name.strip() for name in NAMED.findall(prompt)}
    for name in sorted(asked & {named.bare(file) for card in lock.all_cards() for file in card.files}):
        raise UserError(named.TWICE, name=name)
    if asked and prompt != lock.prompt:
        raise UserError("A region's prompt names “{name}”. Choose it as the region's concept instead.", name=min(asked))


def adapters_of(host: Host, lock: Lock) -> dict[str, Adapter]:
    names = dict.fromkeys(name for card in lock.all_cards() for name in card.files)
    for name in names:
        named.found(host, name)  # all there before any is read
    return {name: named.read(host, name) for name in names}


def _job(lock: Lock, args: LockArgs, init: Image.Image | None) -> Job:
    negatives = dict.fromkeys(card.negative.strip() for card in lock.all_cards())
    return Job(
        prompt=lock.prompt,
        negative=", ".join(filter(None, [args.negative.strip(), *negatives])),
        size=Extent(*init.size) if init else Extent(args.width, args.height),
        init=init,
        denoise=args.denoise,
        title="Concept lock",
        **sampling_of(args),
    )


def _run(host: Host, job: Job, lock: Lock, adapters: dict[str, Adapter]) -> tuple[Result, Report]:
    from .patch import LockPatch

    patch = LockPatch(lock, job.size, adapters, job.negative)
    return host.generate(replace(job, patches=(patch,))), patch.report


def _measure(host: Host, job: Job, lock: Lock, adapters: dict[str, Adapter], result: Result, report: Report) -> None:
    """For each card in a region: the same picture without it, and how much of the difference lies outside."""
    masks = lock.masks(job.size)
    for line, region, less in _without_each(lock, masks):
        other, _ = _run(host, replace(job, batch=1, count=1), less, adapters)
        moved = np.abs(np.asarray(result.pictures[0], float) - np.asarray(other.pictures[0], float)).mean(axis=2)
        inside = masks[region] > 0
        if inside.any() and not inside.all() and moved[inside].mean() > 0:
            report.lines[line].indirect = float(moved[~inside].mean() / moved[inside].mean())


def _without_each(lock: Lock, masks: np.ndarray) -> Iterator[tuple[int, int, Lock]]:
    """Line of the report, region, and the lock without that card; its words stay."""
    line = len(lock.cards)
    acting = [n for n, region in enumerate(lock.regions) if region.on and masks[n].any()]
    for at, region in ((n, lock.regions[n]) for n in acting):
        for n, card in enumerate(region.cards):
            silent = (*region.cards[:n], replace(card, unet=0.0, text=0.0), *region.cards[n + 1 :])
            yield line, at, replace(lock, regions=_replaced(lock.regions, at, replace(region, cards=silent)))
            line += 1


def _replaced(regions: tuple[Region, ...], at: int, region: Region) -> tuple[Region, ...]:
    return (*regions[:at], region, *regions[at + 1 :])


def _saved(host: Host, entries: dict[str, str], result: Result) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    paths, infotexts = [], []
    for made, infotext in zip(result.pictures, result.infotexts, strict=True):
        text = add_entries(infotext, entries)
        path = files.next_path(host.outputs(UNIT), "lock")
        files.write(picture.from_pil(made), path, {"parameters": text})
        paths.append(path)
        infotexts.append(text)
    return tuple(paths), tuple(infotexts)


def triggers_of(host: Host, name: str) -> str:
    """What the file beside it says, as webuis keep it: "activation text"."""
    path = named.found(host, name).path
    beside = path.with_suffix(".json") if path else None
    if beside is None or not beside.is_file() or beside.stat().st_size > MOST_BESIDE:
        return ""
    try:
        body = json.loads(beside.read_text("utf-8", "replace"))
    except (ValueError, RecursionError):
        return ""
    said = body.get("activation text") if isinstance(body, dict) else None
    return said[:MOST_TEXT] if isinstance(said, str) else ""
