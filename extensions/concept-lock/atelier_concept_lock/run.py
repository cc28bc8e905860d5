"""The use case: a host and a lock, to pictures in which each concept keeps to its region, and the report."""

from __future__ import annotations

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

from . import named
from .cards import ConceptCard
from .options import LABEL, LockArgs
from .regions import Drawn, Lock, Region, lock_of

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .adapters import Adapter
    from .report import Report

NAMED = re.compile(r"<(?:lora|lyco|hypernet):([^:>]+)")
MOST_IN_INFOTEXT = 8192  # characters of a lock; a drawn mask may be longer


@dataclass(frozen=True)
class Done:
    paths: tuple[Path, ...]
    infotexts: tuple[str, ...]
    seeds: tuple[int, ...]
    report: Report
    notes: tuple[str, ...]


def inspect(host: Host, file: str) -> dict[str, Any]:
    from .shelf import inspected

    return inspected(file, named.found(host, file))


def listed(host: Host) -> list[dict[str, Any]]:
    """Every file of the host that a card can name, with what it says of itself."""
    from .shelf import verdict

    return [verdict(name, file).to_json() for name, file in named.files(host)]


def generate(host: Host, args: LockArgs, init: Image.Image | None = None) -> Done:
    lock = settled(lock_of(args.lock))
    adapters = _adapters(host, lock)
    job = _job(lock, args, init)
    with host.working("Concept lock"):
        result, report = _run(host, job, lock, adapters)
        if args.measure:
            fixed = replace(job, seed=result.seeds[0])
            _measure(host, fixed, lock, adapters, result, report)
    paths, infotexts = _saved(host, lock, result, report)
    notes = (*result.notes, *report.told(host.translate))
    return Done(paths, infotexts, result.seeds, report, notes)


def settled(lock: Lock) -> Lock:
    """The lock with the trigger words of its global cards in its prompt, once it is known to be sound."""
    for prompt in (lock.prompt, *(region.prompt for region in lock.regions)):
        _refuse_twice(prompt, lock)
    if not lock.all_cards() and not any(region.prompt for region in lock.regions):
        raise UserError("There is nothing to lock: give a region a prompt or a card.")
    for card in lock.cards:
        lock = replace(lock, prompt=card.in_prompt(lock.prompt))
    return lock


def _refuse_twice(prompt: str, lock: Lock) -> None:
    """The host applies what a prompt names, everywhere: that would act beside the card, or outside its region."""
    asked = {name.strip() for name in NAMED.findall(prompt)}
    for name in sorted(asked & {named.bare(file) for card in lock.all_cards() for file in card.files}):
        raise UserError("“{name}” is in the prompt and on a card: it would act twice. Take it out of one.", name=name)
    if asked and prompt != lock.prompt:
        raise UserError("A region's prompt names “{name}”. Give the region a card instead.", name=min(asked))


def _adapters(host: Host, lock: Lock) -> dict[str, Adapter]:
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
    for line, region, less in _without_each(lock):
        other, _ = _run(host, replace(job, batch=1, count=1), less, adapters)
        moved = np.abs(np.asarray(result.pictures[0], float) - np.asarray(other.pictures[0], float)).mean(axis=2)
        inside = masks[region] > 0
        if inside.any() and not inside.all() and moved[inside].mean() > 0:
            report.lines[line].indirect = float(moved[~inside].mean() / moved[inside].mean())


def _without_each(lock: Lock) -> Iterator[tuple[int, int, Lock]]:
    """Line of the report, region, and the lock without that card; its words stay."""
    line = len(lock.cards)
    for at, region in enumerate(lock.regions):
        for n, card in enumerate(region.cards):
            silent = (*region.cards[:n], replace(card, unet=0.0, text=0.0), *region.cards[n + 1 :])
            yield line, at, replace(lock, regions=_replaced(lock.regions, at, replace(region, cards=silent)))
            line += 1


def _replaced(regions: tuple[Region, ...], at: int, region: Region) -> tuple[Region, ...]:
    return (*regions[:at], region, *regions[at + 1 :])


def _saved(host: Host, lock: Lock, result: Result, report: Report) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    entries = {LABEL: _said(lock), f"{LABEL} report": report.short()}
    paths, infotexts = [], []
    for made, infotext in zip(result.pictures, result.infotexts, strict=True):
        text = add_entries(infotext, entries)
        path = files.next_path(host.outputs("concept-lock"), "lock")
        files.write(picture.from_pil(made), path, {"parameters": text})
        paths.append(path)
        infotexts.append(text)
    return tuple(paths), tuple(infotexts)


def _said(lock: Lock) -> str:
    """The lock as text; masks that are too long for an infotext are left out, the boxes stay."""
    if len(lock.text()) <= MOST_IN_INFOTEXT:
        return lock.text()
    boxes = tuple(region for region in lock.regions if not isinstance(region.mask, Drawn))
    return replace(lock, regions=boxes).text()


def card_of(file: str, unet: float, text: float, triggers: str = "") -> tuple[ConceptCard, ...]:
    """The card that a row of the panel makes; none without a file."""
    return (ConceptCard(file, (file,), triggers, unet=unet, text=text),) if file else ()
