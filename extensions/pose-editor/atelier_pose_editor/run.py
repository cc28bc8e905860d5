"""The use cases: pictures by poses and drawings, people found in a picture, and people completed beyond its frame."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from atelier_core import files, keep, picture
from atelier_core.args import from_infotext, parse, read_entries, split_infotext
from atelier_core.entries import Additions
from atelier_core.errors import Interrupted, UserError
from atelier_core.geometry import Extent
from atelier_core.host import Annotator, Host
from atelier_core.job import Control
from atelier_core.picture import Picture
from PIL import Image

from . import detect, dialects, document, fit, library, maps, plan, readback, svg
from .mediapipe_people import MediapipePeople
from .options import ELSEWHERE, LABEL, PoseArgs, infotext
from .skeleton import Person, Pose, resized
from .solve import Ghosts, completed

UNIT = "pose-editor"
OFFERED = ("openpose",)  # kinds of preprocessors that find people


@dataclass(frozen=True)
class Done:
    path: Path
    extent: Extent
    infotext: str
    seed: int
    notes: tuple[str, ...]
    certificate: Mapping[str, Any] | None = None


def given(values: Mapping[str, Any]) -> PoseArgs:
    """The options from a panel's controls, under the same bounds as over REST; an emptied one has its default."""
    return parse(PoseArgs, {name: value for name, value in values.items() if value not in (None, "")})


# ---- drawing


@dataclass(frozen=True, eq=False)
class Seen:
    """The pictures that the options name, opened."""

    picture: Picture | None = None
    drawing: Picture | None = None


def seen(picture_of: Callable[[str], bytes | Path], args: PoseArgs) -> Seen:
    shown, drawing = (picture.read(picture_of(name)) if name else None for name in (args.picture, args.sketch))
    return Seen(shown, drawing)


def generate(host: Host, args: PoseArgs, pictures: Seen) -> Iterator[Done]:
    """One after the other, each saved before the next is begun; a stop later on ends the series with what there is."""
    with host.working(host.translate("Pose")) as work:
        wanted = _read(host, args, pictures)
        planned = plan.planned(wanted)
        for number, job in enumerate(planned.jobs):
            try:
                work.step(number, len(planned.jobs))
                result = host.generate(job)
            except Interrupted:
                if number == 0:
                    raise
                return
            for made, text, seed in zip(result.pictures, result.infotexts, result.seeds, strict=True):
                yield _saved(host, planned, np.asarray(made), text, seed, result.notes)
                _beside(host, args, pictures.drawing)


def _read(host: Host, args: PoseArgs, pictures: Seen) -> plan.Given:
    shown, drawing = pictures.picture, pictures.drawing
    pose = read_pose(args.document, shown.extent if shown else None) if args.document else None
    size = plan.size_of(pose, shown, drawing)
    if pose is not None and pose.size != size:
        pose = resized(pose, size)
    controls = tuple(_maps(host, args, size, shown, drawing))
    code = document.code(pose) if pose and pose.people else ""
    further = {"Atelier pose drawing": _fingerprint(drawing)} if drawing is not None and args.sketch_map else {}
    return plan.Given(args, pose, shown, controls, {**infotext(args, code), **further})


def read_pose(text: str, size: Extent | None = None) -> Pose:
    """From a document, an OpenPose file or the code of an infotext."""
    return document.from_code(text) if text.startswith("ap") else dialects.read(text, size)[0]


def _fingerprint(drawing: Picture) -> str:
    return hashlib.sha256(drawing.pixels.tobytes()).hexdigest()[:16]


def _maps(
    host: Host, args: PoseArgs, size: Extent, shown: Picture | None, drawing: Picture | None
) -> Iterator[Control]:
    for name, seen in (("sketch", drawing), ("picture", shown)):
        chosen = getattr(args, f"{name}_map")
        if not chosen and name == "picture" and args.way == "expression":
            chosen = plan.EXPRESSION_MAP
        if not chosen or getattr(args, f"{name}_weight") == 0:
            continue
        if seen is None and name == "picture":
            raise UserError("Choose a picture first.")
        if seen is None:
            raise UserError("There is no drawing to make a map of.")
        made, kind = structure(host, chosen, seen, drawn=name == "sketch")
        weight, start, end = (getattr(args, f"{name}_{part}") for part in ("weight", "start", "end"))
        fitting = made if made.size == tuple(size) else made.resize(size, Image.Resampling.LANCZOS)
        yield Control(kind, fitting, weight, start, end, getattr(args, f"{name}_model"))


def structure(
    host: Host, name: str, seen: Picture, drawn: bool, parameters: Mapping[str, float] | None = None
) -> tuple[Image.Image, str]:
    """A map by its name, ours or one of the host's preprocessors, and the kind of ControlNet that reads it."""
    pixels = picture.at_depth(seen.pixels, 8)
    if name in maps.MAPS:
        make = maps.made_of_drawing if drawn else maps.made
        return Image.fromarray(make(name, pixels, **(parameters or {}))), (*maps.MAPS[name].kinds, "")[0]
    for one in host.annotators():
        if one.name == name:
            return host.annotate(name, plan.rgb(seen)).map, one.kind
    raise UserError("There is no map {name}.", name=name)


def kind_of(name: str) -> str:
    """Of the ControlNet that reads one of our maps."""
    return (*maps.MAPS[name].kinds, "")[0] if name in maps.MAPS else ""


def map_names(host: Host) -> list[tuple[str, str]]:
    """Title and name: ours that steer a ControlNet, then the host's preprocessors that can run."""
    own = [(host.translate(one.title), one.name) for one in maps.MAPS.values() if one.kinds]
    return own + [(one.name, one.name) for one in host.annotators() if not one.missing and one.kind not in OFFERED]


def _saved(host: Host, planned: plan.Plan, made: np.ndarray, text: str, seed: int, notes: tuple[str, ...]) -> Done:
    folder = host.outputs(UNIT)
    if planned.source is None or planned.mask is None:
        path = files.write(Picture(made), files.next_path(folder, str(seed)), {"parameters": text})
        return Done(path, Extent(made.shape[1], made.shape[0]), text, seed, notes + _lost(host, planned))
    kept = keep.keep(planned.source, made, planned.mask, planned.feather)
    path = files.next_path(folder, str(seed))
    kept = keep.save_kept(kept, path, {"parameters": text})
    said = host.translate("{kept} pixels stayed exactly as they were.").format(kept=kept.certificate.kept)
    told = tuple(map(host.translate, kept.certificate.notes))
    return Done(path, kept.picture.extent, text, seed, (said, *told, *notes), kept.certificate.as_json())


def _lost(host: Host, planned: plan.Plan) -> tuple[str, ...]:
    """What a picture made from another one does not have of it."""
    start = planned.start
    if start is None or not (start.has_alpha or start.depth > 8 or start.icc):
        return ()
    return (host.translate("The result is plain RGB: transparency, 16 bits and colour profile are not taken over."),)


def _beside(host: Host, args: PoseArgs, drawing: Picture | None) -> None:
    """The drawing, which no infotext can hold, under its fingerprint."""
    if drawing is not None and args.sketch_map:
        path = host.outputs(UNIT) / f"drawing-{_fingerprint(drawing)}.png"
        if not path.exists():
            files.write(drawing, path)


# ---- people


@dataclass(frozen=True)
class HostDetector:
    """One of the host's preprocessors as a detector."""

    host: Host
    annotator: Annotator

    @property
    def name(self) -> str:
        return self.annotator.name

    def available(self) -> str:
        told = self.host.translate("its file {file} is not there.").format(file=self.annotator.missing)
        return told if self.annotator.missing else ""

    def find(self, pixels: np.ndarray) -> Any:
        size = Extent(pixels.shape[1], pixels.shape[0])
        poses = self.host.annotate(self.name, Image.fromarray(pixels)).poses
        return [person for one in poses for person in dialects.read(dict(one), size)[0].people]


def detected(host: Host, seen: Picture) -> tuple[Pose, tuple[str, ...]]:
    """The people of a picture, and what to say about who found them."""
    own = [HostDetector(host, one) for one in host.annotators() if one.kind in OFFERED]
    pixels = np.asarray(plan.rgb(seen))
    with host.working(host.translate("Finding people")):
        pose, said = detect.people_in(pixels, (*own, MediapipePeople()))
    return pose, tuple(one.told(host.translate) for one in said)


def complete(pose: Pose, size: Extent) -> tuple[Pose, list[dict[str, Any]]]:
    """Everybody with the joints that are missing or lie beyond the frame, and which of them are only proposed.

    Those of whom too little is seen stay as they are, unless there is nobody else.
    """
    made: list[tuple[Person, Ghosts]] = []
    refused: UserError | None = None
    for person in pose.people:
        try:
            made.append(completed(person, size, person) if person.on else (person, {}))
        except UserError as error:
            refused = error
            made.append((person, {}))
    if refused and not any(found for _, found in made):
        raise refused
    ghosts = [one for number, (_, found) in enumerate(made) for one in _ghosts(number, found)]
    return replace(pose, people=tuple(person for person, _ in made)), ghosts


def _ghosts(person: int, found: Ghosts) -> Iterator[dict[str, Any]]:
    for (part, index), sure in found.items():
        yield {"person": person, "part": part, "index": index, "confidence": round(sure, 3)}


def read_any(text: str, shown: bytes | Path | None) -> tuple[Pose, tuple[str, ...]]:
    """A pose from a file's text, JSON of any dialect or SVG, or from a picture: of skeletons, or with a pose inside."""
    if shown is not None:
        seen = picture.read(shown)
        inside = pose_in(read_entries(split_infotext(seen.texts.get("parameters", ""))[1]))
        return (inside, ()) if inside else readback.pose_of_map(picture.at_depth(seen.pixels, 8)[..., :3])
    if text.lstrip().startswith("<"):
        return svg.from_svg(text), ()
    return (document.from_code(text), ()) if text.startswith("ap") else dialects.read(text)


# ---- for the host's own tabs and for other units


def additions(host: Host, values: Mapping[str, Any], size: Extent) -> Additions:
    """The accordion's pose as one more ControlNet of the picture that the host is about to make."""
    if not values.get("on"):
        return Additions()
    names = ("pose_weight", "pose_start", "pose_end", "pose_model")
    stick = state_of(str(values.get("state") or ""))["stick"]
    args = given({**{name: values[name] for name in names}, "stick": stick})
    pose = _chosen(host, values, size)
    if pose.size != size:
        pose = plan.fitted(pose, size)
    wanted = plan.Given(args, pose, None, (), {})
    return Additions(plan.posed(wanted, pose), infotext(args, document.code(pose)))


def _chosen(host: Host, values: Mapping[str, Any], size: Extent) -> Pose:
    """The preset that is named, else the pose on the stage."""
    preset = values.get("preset") or ""
    if preset:
        found = next((one for one in bodies(host) if preset in (one.id, one.name)), None)
        if found is None:
            raise UserError("There is no pose “{name}” in the library.", name=preset)
        return Pose(size, (fit.fit_to(found, size),))
    stage = state_of(str(values.get("state") or ""))
    pose = read_pose(stage["document"]) if stage["document"] else None
    if pose is None or not any(person.on for person in pose.people):
        raise UserError("There is nobody on the stage of the pose editor.")
    return pose


def state_of(text: str) -> dict[str, Any]:
    """What the page last said: the pose as a document, the ids of its picture and of its drawing."""
    found = document.parsed(text) if text else {}
    if not isinstance(found, dict):
        raise UserError("This is not a pose.")
    pose = found.get("pose")
    names = {"picture": found.get("picture"), "sketch": found.get("sketch")}
    texts = {name: value if isinstance(value, str) else "" for name, value in names.items()}
    room = found.get("padding")
    sides = ("left", "top", "right", "bottom")
    padding = ",".join(str(room.get(side, 0)) for side in sides) if isinstance(room, dict) else ""
    texts["stick"] = "wide" if found.get("stick") == "wide" else "standard"
    return {"document": json.dumps(pose, ensure_ascii=False) if pose else "", "padding": padding, **texts}


# ---- the library


def every_preset(host: Host) -> tuple[library.Preset, ...]:
    return (*library.own(host.data(UNIT)).presets, *library.presets())


def bodies(host: Host) -> list[library.Preset]:
    return [one for one in every_preset(host) if one.kind == "body"]


def preset_names(host: Host) -> list[str]:
    return [one.name for one in bodies(host)]


def preset_choices(host: Host) -> list[tuple[str, str]]:
    """What is shown, in the user's language, and the id."""
    korean = host.language == "ko"
    return [(one.korean if korean else one.name, one.id) for one in bodies(host)]


def remove_preset(host: Host, name: str) -> None:
    library.removed(name, host.data(UNIT))


def keep_preset(host: Host, person: Person, name: str, kind: library.Kind = "body", side: str = "") -> str:
    return library.saved(library.part_of(person, kind, side), name, host.data(UNIT)).stem


def text_of(pose: Pose) -> str:
    return document.to_text(pose)


def state_text(pose: Pose, stick: str) -> str:
    """What the page would say of this pose."""
    return json.dumps({"pose": document.to_document(pose), "picture": None, "sketch": None, "stick": stick})


def pose_in(entries: Mapping[str, str]) -> Pose | None:
    """The pose that an infotext's settings carry."""
    code = entries.get(LABEL, "")
    return document.from_code(code) if code else None


HOSTS_OWN = {"Steps": "steps", "Sampler": "sampler", "Schedule type": "scheduler", "CFG scale": "cfg", "Seed": "seed"}


def settings_in(text: str) -> tuple[Pose | None, dict[str, Any], tuple[str, ...]]:
    """What a result's infotext says: its pose, the options it was made with, and what could not be read.

    Words that a look or an expression added are in the prompt already: they are taken out again.
    """
    words, settings = split_infotext(text)
    entries = read_entries(settings)
    own = from_infotext(LABEL, PoseArgs, entries)
    pose, notes = None, list[str]()
    try:
        pose = pose_in(entries)
    except UserError as error:
        notes.append(str(error))
    if not own and LABEL not in entries:
        return pose, {}, tuple(notes)
    usual = {f.name: f.default for f in fields(PoseArgs) if f.name not in ELSEWHERE and not f.metadata.get("picture")}
    prompt, _, negative = words.partition("\nNegative prompt:")
    found = {**usual, **own, "prompt": prompt.strip(), "negative": negative.strip()}
    entries_of_host = {name: entries[key] for key, name in HOSTS_OWN.items() if key in entries}
    found |= from_infotext("", PoseArgs, {f" {name}": value for name, value in entries_of_host.items()})
    added = plan.words_of(found["look"], found["expression"] if found["way"] == "expression" else "")
    for name, more in zip(("prompt", "negative"), added, strict=True):
        for one in more:
            found[name] = found[name].removesuffix(one).removesuffix(", ")
    return pose, found, tuple(notes)
