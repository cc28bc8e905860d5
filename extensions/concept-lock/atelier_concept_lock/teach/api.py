"""The routes of teaching, `/atelier/v1/concept-lock/…`"""

from __future__ import annotations

from typing import Any

from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import Route
from atelier_core.host import Host
from PIL import Image

from . import run
from .intake import sources_of
from .options import LessonArgs, PictureArgs, TeachArgs

MOST_SAMPLES = 24  # the newest: every one of them is held as a picture


def lessons(host: Host) -> dict[str, Any]:
    return {"lessons": run.lesson_glances(host)}


def lesson(host: Host, args: LessonArgs) -> dict[str, Any]:
    found = run.lesson_status(host, args.name, args.since)
    samples = [{"id": store.put(path), "file": path.name} for path in found["samples"][-MOST_SAMPLES:]]
    return {**found, "samples": samples, "preview": found["preview"] and store.put(found["preview"])}


def estimate(host: Host, args: TeachArgs) -> dict[str, Any]:
    return run.estimate(host, args, sources_of(args.pictures, source)).to_json()


def teach(host: Host, args: TeachArgs) -> dict[str, Any]:
    name = run.prepared(host, args, sources_of(args.pictures, source))
    run.in_background(host, name)
    return lesson(host, LessonArgs(name))


def resume(host: Host, args: LessonArgs) -> dict[str, Any]:
    run.in_background(host, args.name)
    return lesson(host, args)


def pause(host: Host, args: LessonArgs) -> dict[str, Any]:
    run.wish(args.name, "pause")
    return lesson(host, args)


def stop(host: Host, args: LessonArgs) -> dict[str, Any]:
    """A lesson that rests is opened once more, for its file alone."""
    run.stop(host, args.name)
    return lesson(host, args)


def discard(host: Host, args: LessonArgs) -> dict[str, Any]:
    run.discard(host, args.name)
    return lessons(host)


def caption(host: Host, args: PictureArgs) -> dict[str, Any]:
    return {"caption": host.caption(_read(args))}


def face(host: Host, args: PictureArgs) -> dict[str, Any]:
    return {"crop": run.face_in(host, _read(args))}


def _read(args: PictureArgs) -> Image.Image:
    return picture.read(source(args.picture)).to_pil().convert("RGB")


ROUTES = (
    Route("POST", "estimate", estimate, TeachArgs, about="Time and memory that a training takes, measured on it"),
    Route("POST", "teach", teach, TeachArgs, about="Begin to teach a concept from pictures; it goes on by itself"),
    Route("GET", "lessons", lessons, about="Everything that is or was taught here", page=True),
    Route("POST", "lesson", lesson, LessonArgs, about="How far a lesson is: steps, losses, sample pictures", page=True),
    Route("POST", "pause", pause, LessonArgs, about="Let a lesson rest; all it learnt is kept on disk", page=True),
    Route("POST", "resume", resume, LessonArgs, about="Go on with a lesson, also after a restart", page=True),
    Route("POST", "stop", stop, LessonArgs, about="End a lesson now and write its file", page=True),
    Route("POST", "discard", discard, LessonArgs, about="Forget a lesson; a file that it wrote stays", page=True),
    Route("POST", "caption", caption, PictureArgs, about="What the webui's caption model says", page=True),
    Route("POST", "face", face, PictureArgs, about="The box of the largest face in a picture, if any", page=True),
)
