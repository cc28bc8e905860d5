"""`/atelier/v1/concept-lock/…`"""

from __future__ import annotations

from typing import Any

from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import Route
from atelier_core.host import Host

from . import run
from .options import FileArgs, LockArgs
from .teach.intake import sources_of
from .teach.options import LessonArgs, PictureArgs, TeachArgs


def files(host: Host) -> dict[str, Any]:
    return {"files": run.listed(host)}


def inspect(host: Host, args: FileArgs) -> dict[str, Any]:
    return run.inspect(host, args.file)


def generate(host: Host, args: LockArgs) -> dict[str, Any]:
    init = picture.read(source(args.picture)).to_pil().convert("RGB") if args.picture else None
    done = run.generate(host, args, init)
    return {
        "pictures": [{"id": store.put(path), "file": path.name} for path in done.paths],
        "infotexts": list(done.infotexts),
        "seeds": list(done.seeds),
        "report": done.report.to_json(),
        "notes": list(done.notes),
    }


def interrupt(host: Host) -> dict[str, Any]:
    host.interrupt()
    return {"stopping": True}


def lessons(host: Host) -> dict[str, Any]:
    return {"lessons": [_told(host, name) for name in run.lesson_names(host)]}


def lesson(host: Host, args: LessonArgs) -> dict[str, Any]:
    return _told(host, args.name)


def _told(host: Host, name: str) -> dict[str, Any]:
    found = run.lesson_status(host, name)
    samples = [{"id": store.put(path), "file": path.name} for path in found["samples"]]
    return {**found, "samples": samples}


def estimate(host: Host, args: TeachArgs) -> dict[str, Any]:
    return run.estimate(host, args, sources_of(args.pictures, source)).to_json()


def teach(host: Host, args: TeachArgs) -> dict[str, Any]:
    name = run.prepared(host, args, sources_of(args.pictures, source))
    run.in_background(host, name)
    return _told(host, name)


def resume(host: Host, args: LessonArgs) -> dict[str, Any]:
    run.in_background(host, args.name)
    return _told(host, args.name)


def pause(host: Host, args: LessonArgs) -> dict[str, Any]:
    run.wish(args.name, "pause")
    return _told(host, args.name)


def stop(host: Host, args: LessonArgs) -> dict[str, Any]:
    """A lesson that rests is opened once more, for its file alone."""
    run.stop(host, args.name)
    return _told(host, args.name)


def caption(host: Host, args: PictureArgs) -> dict[str, Any]:
    return {"caption": host.caption(picture.read(source(args.picture)).to_pil().convert("RGB"))}


ROUTES = (
    Route("GET", "list", files, about="The webui's LoRAs, for which model each is and whether it can be locked"),
    Route("POST", "inspect", inspect, FileArgs, about="All that one file says of itself, with its hashes"),
    Route("POST", "generate", generate, LockArgs, about="A picture in which each concept keeps to its region"),
    Route("POST", "interrupt", interrupt, about="Stop the run that is under way"),
    Route("POST", "estimate", estimate, TeachArgs, about="Time and memory that a training takes, measured on it"),
    Route("POST", "teach", teach, TeachArgs, about="Begin to teach a concept from pictures; it goes on by itself"),
    Route("GET", "lessons", lessons, about="Everything that is or was taught here"),
    Route("POST", "lesson", lesson, LessonArgs, about="How far a lesson is: steps, losses, sample pictures"),
    Route("POST", "pause", pause, LessonArgs, about="Let a lesson rest; all it learnt is kept on disk"),
    Route("POST", "resume", resume, LessonArgs, about="Go on with a lesson, also after a restart"),
    Route("POST", "stop", stop, LessonArgs, about="End a lesson now and write its file"),
    Route("POST", "caption", caption, PictureArgs, about="What the webui's caption model says of a picture"),
)
