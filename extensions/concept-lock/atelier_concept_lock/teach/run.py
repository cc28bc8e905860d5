"""The use case of teaching: a host and pictures, to a lesson that can rest, go on and end with a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host, Kind, Work
from atelier_core.job import Job
from PIL import Image

from ..cards import ConceptCard, card_from

if TYPE_CHECKING:  # torch takes seconds that a webui's start must not pay for
    from .course import Hands, Progress
    from .crops import Box, Source
    from .desk import Sitting
    from .lessons import Lesson
    from .measure import Estimate
    from .options import TeachArgs


def lessons_in(host: Host) -> Path:
    return host.outputs("concept-lock") / "lessons"


def prepared(host: Host, args: TeachArgs, sources: Sequence[Source]) -> str:
    """A lesson on disk, ready to be taught; its name."""
    from . import lessons, options

    args = options.settled(args)
    if _file_of(host, args).exists():
        raise UserError("There is a file “{name}” already. Take another name.", name=args.name)
    if args.faces:
        sources = _faced(host, sources)
    return lessons.begin(lessons_in(host), args, sources).args.name


def _file_of(host: Host, args: TeachArgs) -> Path:
    return host.folder(_home(args.kind)) / f"{args.name}.safetensors"


def _home(kind: str) -> Kind:
    return "embedding" if kind == "words" else "lora"


def face_in(host: Host, picture: Image.Image) -> Box | None:
    """None: nobody's face can be told."""
    from .faces import face_box

    names = [one.name for one in host.annotators() if one.kind == "openpose" and not one.missing]
    if not names:
        raise UserError("The webui has no preprocessor that finds people. Crop the pictures by hand.")
    return face_box(host.annotate(names[0], picture).poses, Extent(*picture.size))


def _faced(host: Host, sources: Sequence[Source]) -> list[Source]:
    """A picture without a face that can be found stays whole."""
    from .crops import cropped, made_fit

    boxes = [face_in(host, one.picture) for one in sources]
    pairs = zip(sources, boxes, strict=True)
    return [one if box is None else made_fit(cropped(one, box)) for one, box in pairs]


def teach(host: Host, args: TeachArgs, sources: Sequence[Source]) -> Iterator[Progress]:
    yield from resume(host, prepared(host, args, sources))


def resume(host: Host, name: str, wish: str = "") -> Iterator[Progress]:
    """Goes on where a lesson stands. `wish` "stop": no further step, only the file. Refuses at once what cannot be;
    what comes back must be used up, in one thread."""
    from . import lessons, state
    from .desk import desk

    lesson = lessons.opened(lessons_in(host), name)
    if lesson.is_done:
        raise UserError("The lesson “{name}” is at its end.", name=name)
    return _taught(host, lesson, desk.take(name, wish, state.glance(lesson.state)[1]))


def _taught(host: Host, lesson: Lesson, sitting: Sitting) -> Iterator[Progress]:
    from .course import course
    from .desk import desk
    from .recompute import enough_memory

    kept = desk.kept(lesson.args.name)
    with kept, host.working("Concept lock") as work, host.studio() as studio, enough_memory():
        for progress in course(studio, lesson, _hands(host, work, lesson, sitting)):
            sitting.hear(progress)
            yield progress


def in_background(host: Host, name: str, wish: str = "") -> None:
    """`resume` in a thread of its own; `lesson_status` tells how far it is."""
    from .desk import desk

    steps = resume(host, name, wish)
    desk.in_background(name, lambda: deque(steps, maxlen=0))


def _hands(host: Host, work: Work, lesson: Lesson, sitting: Sitting) -> Hands:
    from .course import Hands

    def draw(prompt: str, size: Extent, steps: int, seed: int) -> Image.Image:
        job = Job(prompt, size=size, steps=steps, seed=seed, sampler=host.samplers()[0], title="Concept lock")
        return host.generate(job).pictures[0]

    home = host.folder(_home(lesson.args.kind))
    return Hands(draw, work.step, work.preview, lambda: sitting.wish, home, host.translate)


def estimate(host: Host, args: TeachArgs, sources: Sequence[Source]) -> Estimate:
    """Measured on a few steps of the same lesson, of which nothing stays; without its pictures of the noun."""
    from tempfile import TemporaryDirectory

    from . import lessons
    from .course import opened, wants_recompute
    from .measure import estimate as measured
    from .recompute import enough_memory, recomputed

    with ExitStack() as inside:
        folder = inside.enter_context(TemporaryDirectory(prefix="atelier-"))
        inside.enter_context(host.working("Concept lock"))
        studio = inside.enter_context(host.studio())
        inside.enter_context(enough_memory())
        lesson = lessons.begin(Path(folder), args, sources)
        if lesson.args.prior:
            lesson.keep_known(0, lesson.sources()[0].picture)  # any picture takes the same time
        learner, again = opened(studio, lesson), wants_recompute(studio, lesson.args)
        with learner.trained.attached(), recomputed(studio.layers if again else {}):
            return measured(learner)


def lesson_names(host: Host) -> list[str]:
    from . import lessons

    return list(lessons.all_in(lessons_in(host)))


def lesson_glance(host: Host, name: str) -> dict[str, Any]:
    """Where a lesson stands, in brief."""
    from . import lessons, state
    from .desk import desk

    lesson, sitting = lessons.opened(lessons_in(host), name), desk.sittings.get(name)
    now = sitting.latest if sitting else None
    stands = "running" if sitting else "finished" if lesson.is_done else "paused"
    step = now.step if now else state.glance(lesson.state)[0]
    return {"name": name, "state": stands, "step": step, "steps": lesson.args.steps, "changed": lesson.changed}


def lesson_status(host: Host, name: str, since: int = 0) -> dict[str, Any]:
    """`since`: only the losses after so many steps. "note": what goes on before the first step."""
    from . import lessons, state
    from .desk import desk

    lesson, sitting, trouble = (
        lessons.opened(lessons_in(host), name), desk.sittings.get(name), desk.troubles.get(name)
    )  # fmt: skip
    losses = sitting.losses[:] if sitting else state.glance(lesson.state)[1]
    now, left = (sitting.latest, sitting.left) if sitting else (None, None)
    return {
        **lesson_glance(host, name),
        "note": host.translate(now.note) if now else "",
        "loss": losses[-1] if losses else None,
        "losses": losses[since:],
        "left": left,
        "samples": lesson.samples(),
        "trouble": trouble.told(host.translate) if trouble else None,
        "taught": lesson.taught(),
        "preview": _preview(host, lesson),
        "noun": lesson.args.noun,
    }


def card(host: Host, name: str) -> ConceptCard:
    """Of what a lesson that is at its end has taught."""
    from . import lessons

    told = lessons.opened(lessons_in(host), name).taught()
    if told is None:
        raise UserError("The lesson “{name}” is not at its end.", name=name)
    return card_from(told["card"])


def _preview(host: Host, lesson: Lesson) -> Path | None:
    path = _file_of(host, lesson.args).with_suffix(".png")
    return path if lesson.is_done and path.is_file() else None


def lesson_glances(host: Host) -> list[dict[str, Any]]:
    """Of all lessons; a damaged one says so and does not hide the others."""
    found = []
    for name in lesson_names(host):
        try:
            found.append(lesson_glance(host, name))
        except UserError as error:
            found.append({"name": name, "state": "damaged", "trouble": error.told(host.translate)})
    return found


def discard(host: Host, name: str) -> None:
    """Forgets a lesson with its pictures; a file that it wrote stays."""
    from . import lessons
    from .desk import desk

    if desk.runs(name):
        raise UserError("The lesson “{name}” runs already.", name=name)
    lessons.remove(lessons_in(host), name)


def wish(name: str, what: str) -> None:
    """ "pause" or "stop", at the next step of a lesson that runs."""
    from .desk import desk

    desk.wish(name, what)


def stop(host: Host, name: str) -> None:
    """Ends a lesson with its file: at its next step if it runs, else it is opened once more for that."""
    from .desk import desk

    if desk.runs(name):
        desk.wish(name, "stop")
    else:
        in_background(host, name, "stop")
