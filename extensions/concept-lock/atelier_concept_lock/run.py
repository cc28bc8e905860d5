"""The use case: a host and a lock, to pictures in which each concept keeps to its region, and the report."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from atelier_core import files, picture
from atelier_core.args import add_entries
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host, Kind, Work
from atelier_core.job import Job, Result, sampling_of
from PIL import Image

from .cards import ConceptCard
from .options import LABEL, LockArgs
from .regions import Drawn, Lock, Region, lock_of

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .adapters import Adapter
    from .report import Report
    from .teach.course import Hands, Progress
    from .teach.crops import Source
    from .teach.lessons import Lesson
    from .teach.measure import Estimate
    from .teach.options import TeachArgs

NAMED = re.compile(r"<(?:lora|lyco):([^:>]+)")
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

    return inspected(file, _path(host, file))


def listed(host: Host) -> list[dict[str, Any]]:
    """Every LoRA of the host with what its header says."""
    from .shelf import verdict

    return [verdict(model.name, model.path).to_json() for model in host.models("lora") if model.path]


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
    named = {name.strip() for name in NAMED.findall(prompt)}
    for name in sorted(named & {file for card in lock.all_cards() for file in card.files}):
        raise UserError("“{name}” is in the prompt and on a card: it would act twice. Take it out of one.", name=name)
    if named and prompt != lock.prompt:
        raise UserError("A region's prompt names “{name}”. Give the region a card instead.", name=min(named))


def _path(host: Host, name: str) -> Path:
    for model in host.models("lora"):
        if model.name == name and model.path is not None:
            return model.path
    raise UserError("There is no LoRA “{name}” in the webui's list.", name=name)


def _adapters(host: Host, lock: Lock) -> dict[str, Adapter]:
    from .adapters import read

    names = dict.fromkeys(name for card in lock.all_cards() for name in card.files)
    paths = {name: _path(host, name) for name in names}  # all there before any is read
    return {name: read(path) for name, path in paths.items()}


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


# teaching


def lessons_in(host: Host) -> Path:
    return host.outputs("concept-lock") / "lessons"


def prepared(host: Host, args: TeachArgs, sources: Sequence[Source]) -> str:
    """A lesson on disk, ready to be taught; its name."""
    from .teach import lessons, options

    args = options.settled(args)
    if (host.folder(_home(args.kind)) / f"{args.name}.safetensors").exists():
        raise UserError("There is a file “{name}” already. Take another name.", name=args.name)
    if args.faces:
        sources = _faced(host, sources)
    return lessons.begin(lessons_in(host), args, sources).args.name


def _faced(host: Host, sources: Sequence[Source]) -> list[Source]:
    """A picture without a face that can be found stays whole."""
    from .teach.crops import cropped, made_fit
    from .teach.faces import face_box

    names = [one.name for one in host.annotators() if one.kind == "openpose" and not one.missing]
    if not names:
        raise UserError("The webui has no preprocessor that finds people. Crop the pictures by hand.")
    made = []
    for one in sources:
        box = face_box(host.annotate(names[0], one.picture).poses, Extent(*one.picture.size))
        made.append(one if box is None else made_fit(cropped(one, box)))
    return made


def teach(host: Host, args: TeachArgs, sources: Sequence[Source]) -> Iterator[Progress]:
    yield from resume(host, prepared(host, args, sources))


def resume(host: Host, name: str, wish: str = "") -> Iterator[Progress]:
    """Goes on where a lesson stands. `wish` "stop": no further step, only the file. Refuses at once what cannot be;
    what comes back must be used up, in one thread."""
    from .teach import lessons
    from .teach.desk import desk

    lesson = lessons.opened(lessons_in(host), name)
    if lesson.is_done:
        raise UserError("The lesson “{name}” is at its end.", name=name)
    desk.take(name, wish)
    return _taught(host, lesson)


def _taught(host: Host, lesson: Lesson) -> Iterator[Progress]:
    from .teach.course import course
    from .teach.desk import desk

    name = lesson.args.name
    try:
        with host.working("Concept lock") as work, host.studio() as studio:
            for progress in course(studio, lesson, _hands(host, work, lesson)):
                desk.latest[name] = progress
                yield progress
    finally:
        desk.release(name)


def in_background(host: Host, name: str, wish: str = "") -> None:
    """`resume` in a thread of its own; `lesson_status` tells how far it is."""
    from .teach.desk import desk

    steps = resume(host, name, wish)
    desk.in_background(name, lambda: deque(steps, maxlen=0))


def _hands(host: Host, work: Work, lesson: Lesson) -> Hands:
    from .teach.course import Hands
    from .teach.desk import desk

    def draw(prompt: str, size: Extent, steps: int, seed: int) -> Image.Image:
        job = Job(prompt, size=size, steps=steps, seed=seed, sampler=host.samplers()[0], title="Concept lock")
        return host.generate(job).pictures[0]

    def wish() -> str:
        return desk.wishes.get(lesson.args.name, "")

    home = host.folder(_home(lesson.args.kind))
    return Hands(draw, work.step, work.preview, wish, home, host.translate)


def _home(kind: str) -> Kind:
    return "embedding" if kind == "words" else "lora"


def estimate(host: Host, args: TeachArgs, sources: Sequence[Source]) -> Estimate:
    """Measured on a few steps of the same lesson, of which nothing stays; without its pictures of the noun."""
    from tempfile import TemporaryDirectory

    from .teach import lessons
    from .teach.course import opened, wants_recompute
    from .teach.measure import estimate as measured
    from .teach.recompute import recomputed

    with TemporaryDirectory(prefix="atelier-") as folder, host.working("Concept lock"), host.studio() as studio:
        lesson = lessons.begin(Path(folder), args, sources)
        if lesson.args.prior:
            lesson.keep_known(0, lesson.sources()[0].picture)  # any picture takes the same time
        learner, again = opened(studio, lesson), wants_recompute(studio, lesson.args)
        with learner.trained.attached(), recomputed(studio.layers if again else {}):
            return measured(learner)


def lesson_status(host: Host, name: str) -> dict[str, Any]:
    from .teach import lessons, state
    from .teach.desk import desk

    lesson, trouble = lessons.opened(lessons_in(host), name), desk.troubles.get(name)
    step, losses = state.glance(lesson.state)
    stands = "running" if desk.runs(name) else "finished" if lesson.is_done else "paused"
    now = desk.latest.get(name) if stands == "running" else None
    return {
        "name": name,
        "state": stands,
        "step": now.step if now else step,
        "steps": lesson.args.steps,
        "loss": now.loss if now else (losses[-1] if losses else None),
        "losses": losses,
        "samples": lesson.samples(),
        "trouble": trouble.told(host.translate) if trouble else None,
    }


def lesson_names(host: Host) -> list[str]:
    from .teach import lessons

    return list(lessons.all_in(lessons_in(host)))


def wish(name: str, what: str) -> None:
    """ "pause" or "stop", at the next step of a lesson that runs."""
    from .teach.desk import desk

    desk.wish(name, what)


def stop(host: Host, name: str) -> None:
    """Ends a lesson with its file: at its next step if it runs, else it is opened once more for that."""
    from .teach.desk import desk

    if desk.runs(name):
        desk.wish(name, "stop")
    else:
        in_background(host, name, "stop")
