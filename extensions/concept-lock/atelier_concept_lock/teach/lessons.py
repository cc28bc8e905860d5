"""Lessons on disk: what is taught, from which pictures, and how far it is. They outlive the process."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from atelier_core.args import parse
from atelier_core.errors import UserError
from PIL import Image

from . import state
from .crops import MOST, Source
from .options import NAME, TeachArgs, settled

RECORD, TAUGHT = "lesson.json", "taught.json"


@dataclass(frozen=True)
class Lesson:
    folder: Path
    args: TeachArgs
    captions: tuple[str, ...]
    checkpoint: str = ""  # that it is taught on; empty: not begun

    @property
    def state(self) -> Path:
        return self.folder / state.STATE

    @property
    def is_done(self) -> bool:
        return (self.folder / TAUGHT).is_file()

    def sources(self) -> list[Source]:
        return [self._source(n, caption) for n, caption in enumerate(self.captions)]

    def _source(self, number: int, caption: str) -> Source:
        at, mask = (self.folder / "pictures" / f"{number:03}{end}.png" for end in ("", "-mask"))
        return Source(_opened(at).convert("RGB"), _opened(mask).convert("L") if mask.is_file() else None, caption)

    def known(self) -> list[Image.Image]:
        """Pictures of the noun that there are by now."""
        return [_opened(path).convert("RGB") for path in sorted((self.folder / "class").glob("*.png"))]

    def keep_known(self, number: int, picture: Image.Image) -> None:
        _saved(picture, self.folder / "class" / f"{number:03}.png")

    def keep_sample(self, step: int, picture: Image.Image) -> Path:
        path = self.folder / "samples" / f"{step:06}.png"
        _saved(picture, path)
        return path

    def samples(self) -> list[Path]:
        return sorted((self.folder / "samples").glob("*.png"))

    def finish(self, told: dict[str, Any]) -> None:
        state.save_json(self.folder / TAUGHT, told)

    def taught(self) -> dict[str, Any] | None:
        """What was told at its end."""
        return state.load_json(self.folder / TAUGHT) if self.is_done else None

    @property
    def changed(self) -> float:
        """When something was last written, in seconds of the clock."""
        return max(path.stat().st_mtime for path in (self.folder / RECORD, self.state) if path.is_file())


def _opened(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture
    except (OSError, ValueError) as error:
        raise UserError("The state of this lesson is damaged: {name}.", name=path.name) from error


def _saved(picture: Image.Image, path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError("{name} could not be saved: {reason}.", name=path.name, reason=str(error)) from error
    state.placed(path, lambda part: picture.save(part, "PNG"))


def begin(root: Path, args: TeachArgs, sources: Sequence[Source]) -> Lesson:
    """A new lesson's folder, whole; one of the same name that is done makes way, any other is refused."""
    args = settled(args)
    if not sources:
        raise UserError("A training needs at least one picture.")
    if len(sources) > MOST:
        raise UserError("A training takes at most {most} pictures.", most=MOST)
    folder = root / args.name
    if (folder / RECORD).is_file() and not opened(root, args.name).is_done:
        raise UserError("There is a lesson “{name}” that is not at its end. Resume it, or take another name.",
                        name=args.name)  # fmt: skip
    shutil.rmtree(folder, ignore_errors=True)
    lesson = Lesson(folder, replace(args, pictures="[]"), tuple(one.caption for one in sources))
    for number, one in enumerate(sources):
        _saved(one.picture, folder / "pictures" / f"{number:03}.png")
        if one.mask is not None:
            _saved(one.mask, folder / "pictures" / f"{number:03}-mask.png")
    _record(lesson)  # last: a folder without it is none
    return lesson


def _record(lesson: Lesson) -> None:
    body = {"atelier_lesson": 1, "args": asdict(lesson.args), "captions": lesson.captions}
    state.save_json(lesson.folder / RECORD, {**body, "checkpoint": lesson.checkpoint})


def bound(lesson: Lesson, checkpoint: str) -> Lesson:
    """A lesson stays with the model that it was begun on."""
    if lesson.checkpoint == checkpoint:
        return lesson
    if lesson.checkpoint:
        raise UserError("This lesson was begun on {model}. Load that model to go on.", model=lesson.checkpoint)
    lesson = replace(lesson, checkpoint=checkpoint)
    _record(lesson)
    return lesson


def opened(root: Path, name: str) -> Lesson:
    folder = root / name
    if not NAME.fullmatch(name) or not (folder / RECORD).is_file():
        raise UserError("There is no lesson “{name}”.", name=name)
    body = state.load_json(folder / RECORD)
    try:
        args = parse(TeachArgs, {"shuffle": False, **body["args"]})  # as lessons were that do not say it
        captions = tuple(str(one) for one in body["captions"])
        return Lesson(folder, args, captions, str(body.get("checkpoint", "")))
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError("The state of this lesson is damaged: {name}.", name=RECORD) from error


def remove(root: Path, name: str) -> None:
    if not NAME.fullmatch(name) or not (root / name / RECORD).is_file():
        raise UserError("There is no lesson “{name}”.", name=name)
    shutil.rmtree(root / name, ignore_errors=True)


def all_in(root: Path) -> Iterator[str]:
    return (path.parent.name for path in sorted(root.glob(f"*/{RECORD}")))
