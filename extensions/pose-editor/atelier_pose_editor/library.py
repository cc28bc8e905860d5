"""Poses of bodies, hands and faces to begin with: ours, the user's own, and folders of files of any dialect."""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from . import dialects, document
from .fit import UNITS, in_units
from .skeleton import NO_BODY, Joint, Part, Person, Pose, mapped, mirrored

Kind = Literal["body", "hand", "face"]
DATA = Path(__file__).parent / "data" / "presets.json"
MOST_FILES, MOST_BYTES = 2000, document.MOST_BYTES
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # in file names of one system or another
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
_LONGEST = 120  # bytes of a file's name


@dataclass(frozen=True)
class Preset:
    """`person` is in thousandths. A body: of its height when it stands, the lowest joint at y 0. A hand: of its length,
    from the wrist, fingers up, a right one with its palm seen. A face: of the pupils' distance, from between them."""

    id: str
    kind: Kind
    name: str
    korean: str
    tags: tuple[str, ...]
    korean_tags: tuple[str, ...]
    person: Person
    own: bool = False


class Found(NamedTuple):
    presets: tuple[Preset, ...]
    notes: tuple[UserError, ...]  # files that could not be read


@lru_cache(maxsize=1)
def presets() -> tuple[Preset, ...]:
    told = json.loads(DATA.read_text("utf-8"))
    kinds: tuple[tuple[str, Kind], ...] = (("bodies", "body"), ("hands", "hand"), ("faces", "face"))
    return tuple(_preset(row, kind) for group, kind in kinds for row in told[group])


def _preset(row: dict[str, Any], kind: Kind) -> Preset:
    person = {
        "body": lambda: Person(_triples(row["body"]), feet=_triples(row["feet"])),
        "hand": lambda: Person(NO_BODY, right=_pairs(row["hand"])),
        "face": lambda: Person(NO_BODY, face=_pairs(row["face"])),
    }[kind]()
    tags, korean_tags = tuple(row["tags"]), tuple(row["korean_tags"])
    return Preset(f"{kind}/{row['id']}", kind, row["name"], row["korean"], tags, korean_tags, person)


def _triples(numbers: list[float]) -> Part:
    triples = zip(numbers[::3], numbers[1::3], numbers[2::3], strict=True)
    return tuple(Joint(x, y, on=bool(on)) for x, y, on in triples)


def _pairs(numbers: list[float]) -> Part:
    return tuple(Joint(x, y) for x, y in zip(numbers[::2], numbers[1::2], strict=True))


def saved(person: Person, name: str, folder: Path, *, over: bool = False) -> Path:
    """A file of its own for this person in the user's library, whole or not at all."""
    path = folder / f"{safe_name(name)}.json"
    if path.exists() and not over:
        raise UserError("The library has a pose named {name} already.", name=path.stem)
    named = replace(person, name=name.strip()[:200], on=True)
    body = in_units(named) if kind_of(named) == "body" else named
    text = document.to_text(Pose(Extent(UNITS, UNITS), (body,)))
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(path)
    except OSError as fault:
        part.unlink(missing_ok=True)
        raise UserError("The pose could not be saved: {reason}.", reason=fault.strerror or "") from fault
    return path


def safe_name(name: str) -> str:
    """What every system takes as the name of a file in the folder, and of no other place."""
    plain = (
        _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).encode(errors="replace")[:_LONGEST].decode(errors="ignore")
    )
    plain = plain.strip(" .")
    if not plain:
        raise UserError("Give the pose a name.")
    return f"_{plain}" if _RESERVED.fullmatch(plain) else plain


def removed(name: str, folder: Path) -> None:
    path = folder / f"{safe_name(name)}.json"
    if not path.is_file():
        raise UserError("The library has no pose named {name}.", name=name)
    path.unlink()


def imported(folder: Path) -> Found:
    """Everybody in the files of a folder; each is read as any pose file is, and one that cannot be is named."""
    if not folder.is_dir():
        raise UserError("There is no folder {name}.", name=folder.name)
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".json" and file.is_file())
    if len(files) > MOST_FILES:
        raise UserError("The folder has {count} files; at most {most} are read.", count=len(files), most=MOST_FILES)
    found: list[Preset] = []
    notes: list[UserError] = []
    for file in files:
        try:
            found += _of_file(file)
        except UserError as fault:
            notes.append(UserError("{file} was left out: {reason}", file=file.name, reason=fault.told()))
    return Found(tuple(found), tuple(notes))


def own(folder: Path) -> Found:
    """The user's library; one that nobody has saved to yet is empty."""
    return imported(folder) if folder.is_dir() else Found((), ())


def _of_file(file: Path) -> Iterator[Preset]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UserError("This pose is larger than {most} MB.", most=MOST_BYTES >> 20)
        people = dialects.read(file.read_bytes())[0].people
    except OSError as fault:
        raise UserError("The file cannot be read.") from fault
    if not people:
        raise UserError("There is nobody in it.")
    for number, person in enumerate(people, 1):
        tail = f" {number}" if len(people) > 1 else ""
        name = person.name if person.name and not tail else f"{file.stem}{tail}"
        whole = in_units(person) if any(joint.on for joint in person.body) else person
        yield Preset(f"own/{file.stem}{tail}", kind_of(person), name, name, (), (), whole, own=True)


def kind_of(person: Person) -> Kind:
    """Of what a file holds: somebody without a body is a hand, or else a face."""
    if any(joint.on for joint in person.body):
        return "body"
    return "hand" if person.right else "face"


def part_of(person: Person, kind: Kind, side: str = "") -> Person:
    """What of a person a preset of that kind keeps; a hand as a right one, in the library's units."""
    seen = mirrored(person, 0) if kind == "hand" and side == "left" else person
    kept = {"body": person, "hand": Person(NO_BODY, right=seen.right), "face": Person(NO_BODY, face=seen.face)}[kind]
    if not any(joint.on for joint in kept.joints()):
        raise UserError("This person has no such part to keep.")
    if kind == "body":
        return kept
    first, last = (0, 12) if kind == "hand" else (68, 69)  # wrist and middle finger's tip; pupils
    part = kept.right or kept.face
    length = abs(complex(part[last].x - part[first].x, part[last].y - part[first].y)) or 1.0
    return mapped(kept, lambda x, y: ((x - part[first].x) * UNITS / length, (y - part[first].y) * UNITS / length))
