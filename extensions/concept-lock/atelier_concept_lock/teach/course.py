"""A lesson from where it stands to its end, step by step. Whatever stops it, what was learnt is on disk."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from atelier_core.errors import Interrupted
from atelier_core.geometry import Extent
from atelier_core.memory import free
from atelier_core.studio import Studio
from PIL import Image

from . import output, state
from .crops import STEP, buckets, fitted, source
from .learner import Learner, learner_of
from .lessons import Lesson, bound
from .measure import drift
from .options import TeachArgs, base_of
from .recompute import recomputed
from .words import Words

State = Literal["running", "paused", "finished", "stopped"]
ROOM = {"SDXL": 20 * 2**30}  # bytes that a step takes at 512² (SDXL: 1024²) when blocks are kept
USUAL_ROOM = 10 * 2**30


@dataclass(frozen=True)
class Hands:
    """What a course asks of its host."""

    draw: Callable[[str, Extent, int, int], Image.Image]  # prompt, size, steps, seed
    tell: Callable[[int, int, str], None]  # done, of, text; raises Interrupted at the user's stop
    show: Callable[[Image.Image], None]
    wish: Callable[[], str]  # "", "pause" or "stop"
    home: Path  # for the file
    translate: Callable[[str], str] = str


@dataclass(frozen=True)
class Progress:
    name: str
    state: State
    step: int
    steps: int
    loss: float | None = None
    sample: Path | None = None
    taught: output.Taught | None = None
    note: str = ""  # what goes on before the first step


def course(studio: Studio, lesson: Lesson, hands: Hands) -> Iterator[Progress]:
    """Ends with a Progress that is not running."""
    began = time.time()
    lesson = bound(lesson, studio.checkpoint)
    try:
        yield from draw_known(lesson, hands)
    except Interrupted:
        yield _before(lesson, "paused")
        return
    yield _before(lesson, note="The pictures and captions are read.")
    learner = opened(studio, lesson)
    with ExitStack() as inside:
        inside.enter_context(learner.trained.attached())
        again = wants_recompute(studio, lesson.args)
        if again:
            inside.enter_context(recomputed(studio.layers))
        end: State | None = None
        try:
            while end is None:
                end, progress = _step(learner, lesson, hands)
                yield progress
        finally:  # also when nobody asks on
            learner.save(lesson.state)
        if end != "paused":
            yield _finished(learner, lesson, hands, end, began, again)


def opened(studio: Studio, lesson: Lesson) -> Learner:
    """As far as it is."""
    args, among = lesson.args, buckets(lesson.args.size)
    sources = lesson.sources()
    known = [fitted(source(one, None, None, ""), among) for one in lesson.known()] if args.prior else []
    learner = learner_of(studio, args, [fitted(one, among) for one in sources], lesson.captions, known)
    if lesson.state.is_file():
        learner.load(lesson.state)
    return learner


def _before(lesson: Lesson, stands: State = "running", note: str = "") -> Progress:
    return Progress(lesson.args.name, stands, state.glance(lesson.state)[0], lesson.args.steps, note=note)


def draw_known(lesson: Lesson, hands: Hands) -> Iterator[Progress]:
    """Pictures of the noun by the untaught model, as many as are lacking."""
    args = lesson.args
    if not args.prior:
        return
    for number in range(len(lesson.known()), args.class_pictures):
        yield _before(lesson, note="The webui draws pictures of the noun.")
        if hands.wish() == "pause":
            raise Interrupted
        if hands.wish() == "stop":
            return
        hands.tell(number, args.class_pictures, hands.translate("pictures of the noun"))
        lesson.keep_known(number, hands.draw(args.noun, _square(args), args.sample_steps, args.seed + number))


def _square(args: TeachArgs) -> Extent:
    side = max(STEP, args.size // STEP * STEP)
    return Extent(side, side)


def wants_recompute(studio: Studio, args: TeachArgs) -> bool:
    if args.recompute != "auto":
        return args.recompute == "on"
    usual = 1024 if studio.family == "SDXL" else 512
    need = ROOM.get(studio.family, USUAL_ROOM) * args.batch * (args.size / usual) ** 2
    return bool(studio.device.type == "cuda" and free(studio.device) < need)


def _step(learner: Learner, lesson: Lesson, hands: Hands) -> tuple[State | None, Progress]:
    args, sample, loss = lesson.args, None, None
    try:
        wish = hands.wish()
        if learner.step >= args.steps or wish:
            end: State = {"pause": "paused", "stop": "stopped"}.get(wish, "finished")  # type: ignore[assignment]
            return end, Progress(args.name, "paused" if end == "paused" else "running", learner.step, args.steps)
        hands.tell(learner.step, args.steps, _text(learner, hands))
        loss = learner.advance()
        if learner.step % args.save_every == 0:
            learner.save(lesson.state)
        if args.sample_every and learner.step % args.sample_every == 0:
            sample = _sample(learner, lesson, hands)
    except Interrupted:
        return "paused", Progress(args.name, "paused", learner.step, args.steps, loss)
    return None, Progress(args.name, "running", learner.step, args.steps, loss, sample)


def _text(learner: Learner, hands: Hands) -> str:
    if not learner.losses:
        return hands.translate("learning")
    recent = learner.losses[-20:]
    return hands.translate("loss {loss:.4f}").format(loss=sum(recent) / len(recent))


def sample_prompt(learner: Learner) -> str:
    prompt = learner.args.sample_prompt.strip() or base_of(learner.args)
    if isinstance(learner.trained, Words):
        return learner.trained.in_prompt(prompt, learner.args.trigger)
    return prompt


def _drawn(learner: Learner, hands: Hands) -> Image.Image:
    args = learner.args
    return hands.draw(sample_prompt(learner), _square(args), args.sample_steps, args.seed)


def _sample(learner: Learner, lesson: Lesson, hands: Hands) -> Path:
    made = _drawn(learner, hands)
    hands.show(made)
    return lesson.keep_sample(learner.step, made)


def _finished(learner: Learner, lesson: Lesson, hands: Hands, end: State, began: float, again: bool) -> Progress:
    told = output.told_of(learner, lesson.captions, began, again)
    taught = output.write(learner, hands.home, told)
    lesson.finish({**taught.to_json(), "state": end, "steps": learner.step, "drift": drift(learner)})
    with suppress(Interrupted):  # the file is there; only its picture is not
        output.keep_preview(taught.path, _drawn(learner, hands))
    return Progress(learner.args.name, end, learner.step, learner.args.steps, taught=taught)
