"""`/atelier/v1/pose-editor/…`"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from atelier_core import picture
from atelier_core.api.pictures import source, store
from atelier_core.api.routes import Route
from atelier_core.args import arg
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.host import Host
from atelier_core.sides import first_side, upright
from PIL import Image

from . import dialects, document, draw, frame, hull, run, shapes, svg
from .options import STICKS, PoseArgs
from .skeleton import Person, Pose

MOST_OF_MASKS = 1 << 28  # pixels


@dataclass(frozen=True)
class PictureArgs:
    picture: str = arg(about="id of an uploaded picture, or base64 of its file", picture=True)


@dataclass(frozen=True)
class PoseOnly:
    document: str = arg(about="the pose, as JSON text of any dialect")


@dataclass(frozen=True)
class DrawArgs(PoseOnly):
    stick: str = arg("standard", "wide: for ControlNets that were trained on thicker sticks", choices=STICKS)


@dataclass(frozen=True)
class CompleteArgs:
    document: str = arg(about="the pose, in pixels of the picture")
    picture: str = arg("", "the picture, for its size; else the pose's own", picture=True)
    margin: int = arg(32, "pixels beyond feet and head", least=0, most=2048)


@dataclass(frozen=True)
class ReadArgs:
    text: str = arg("", "a file's text: JSON of any dialect, SVG, or the code of an infotext")
    picture: str = arg("", "a picture of skeletons, or one with a pose in its infotext", picture=True)


@dataclass(frozen=True)
class MapArgs:
    picture: str = arg(about="id or base64 of a picture or of a drawing", picture=True)
    map: str = arg(about="name of a map as the list gives it")
    drawn: bool = arg(False, "the picture is a drawing")
    parameters: str = arg("{}", "the map's own settings, as a JSON object of numbers")


@dataclass(frozen=True)
class NameArgs:
    name: str = arg(about="of a preset that was kept")


@dataclass(frozen=True)
class KeepArgs:
    document: str = arg(about="the pose")
    name: str = arg(about="of the new preset")
    kind: str = arg("body", choices=("body", "hand", "face"))
    person: int = arg(0, "whose pose, from 0", least=0, most=99)
    part: str = arg("", "which hand", choices=("", "left", "right"))


def generate(host: Host, args: PoseArgs) -> dict[str, Any]:
    made = list(run.generate(host, args, run.seen(source, args)))
    return {
        "pictures": [
            {
                "id": store.put(one.path),
                "file": one.path.name,
                "width": one.extent.width,
                "height": one.extent.height,
                "infotext": one.infotext,
                "seed": one.seed,
                "notes": list(one.notes),
                "certificate": one.certificate,
            }
            for one in made
        ]
    }


def presets(host: Host) -> dict[str, Any]:
    return {"presets": [shapes.as_json(one) for one in run.every_preset(host)]}


def keep(host: Host, args: KeepArgs) -> dict[str, Any]:
    pose = run.read_pose(args.document)
    if args.person >= len(pose.people):
        raise UserError("There is no person {number}.", number=args.person + 1)
    return {"name": run.keep_preset(host, pose.people[args.person], args.name, args.kind, args.part)}  # type: ignore[arg-type]


def forget(host: Host, args: NameArgs) -> dict[str, Any]:
    run.remove_preset(host, args.name)
    return {"name": args.name}


def detect(host: Host, args: PictureArgs) -> dict[str, Any]:
    pose, said = run.detected(host, picture.read(source(args.picture)))
    return {"document": document.to_document(pose), "said": " ".join(said), "ghosts": []}


def complete(host: Host, args: CompleteArgs) -> dict[str, Any]:
    pose = run.read_pose(args.document)
    size = picture.read(source(args.picture)).extent if args.picture else pose.size
    made, ghosts = run.complete(Pose(size, pose.people), size)
    room = frame.padding_for(made, size, args.margin)
    return {"document": document.to_document(made), "ghosts": ghosts, "padding": room._asdict()}


def read(host: Host, args: ReadArgs) -> dict[str, Any]:
    pose, notes = run.read_any(args.text, source(args.picture) if args.picture else None)
    return {"document": document.to_document(pose), "notes": [host.translate(note) for note in notes]}


def draw_map(host: Host, args: DrawArgs) -> dict[str, Any]:
    drawn = draw.map_of(run.read_pose(args.document), args.stick)  # type: ignore[arg-type]
    return {"id": store.put(_png(drawn))}


def structure(host: Host, args: MapArgs) -> dict[str, Any]:
    given = document.parsed(args.parameters)
    if not isinstance(given, dict) or not all(isinstance(value, int | float) for value in given.values()):
        raise UserError("The settings of a map are numbers.")
    made, kind = run.structure(host, args.map, picture.read(source(args.picture)), args.drawn, given)
    return {"id": store.put(_png(np.asarray(made))), "kind": kind}


def map_names(host: Host) -> dict[str, Any]:
    return {"maps": [{"name": name, "title": title} for title, name in run.map_names(host)]}


def openpose(host: Host, args: PoseOnly) -> dict[str, Any]:
    return dialects.openpose(run.read_pose(args.document))


def to_svg(host: Host, args: PoseOnly) -> dict[str, Any]:
    return {"svg": svg.to_svg(run.read_pose(args.document))}


def regions(host: Host, args: PoseOnly) -> dict[str, Any]:
    """Each person as a region: a mask of the pose's size, and what is to be there."""
    pose = run.read_pose(args.document)
    if len(pose.people) * pose.size.area > MOST_OF_MASKS:
        raise UserError("These are too many people on so large a picture to make a mask of each.")
    return {"regions": [_region(one, pose.size) for one in pose.people if one.on]}


def _region(person: Person, size: Extent) -> dict[str, Any]:
    mask = store.put(_png(hull.person_mask(person, size)))
    return {"name": person.name, "concept": person.concept, "prompt": person.prompt, "mask": mask}


def canvas(host: Host) -> dict[str, Any]:
    return upright(first_side(host))._asdict()


def interrupt(host: Host) -> dict[str, Any]:
    host.interrupt()
    return {"stopping": True}


def _png(pixels: np.ndarray) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


ROUTES = (
    Route("POST", "generate", generate, PoseArgs, about="Pictures by a pose, a drawing or a picture's structure"),
    Route("POST", "interrupt", interrupt, about="Stop the run that is under way"),
    Route("GET", "canvas", canvas, about="The size that a new pose begins with, fit for the loaded model", page=True),
    Route("GET", "presets", presets, about="Poses, hands and faces that are there, with their points", page=True),
    Route("POST", "keep", keep, KeepArgs, about="Keep a person's pose as a preset", page=True),
    Route("POST", "forget", forget, NameArgs, about="Remove a preset that was kept", page=True),
    Route("POST", "detect", detect, PictureArgs, about="The people of a picture", page=True),
    Route("POST", "complete", complete, CompleteArgs, about="Propose joints that the frame cuts off", page=True),
    Route("POST", "read", read, ReadArgs, about="A pose from a file of another program, or from a picture", page=True),
    Route("POST", "draw", draw_map, DrawArgs, about="The map that the ControlNet gets", page=True),
    Route("POST", "map", structure, MapArgs, about="A structure map of a picture or of a drawing", page=True),
    Route("GET", "maps", map_names, about="The structure maps that can be made here", page=True),
    Route("POST", "openpose", openpose, PoseOnly, about="The pose as OpenPose JSON", page=True),
    Route("POST", "svg", to_svg, PoseOnly, about="The pose as SVG", page=True),
    Route("POST", "regions", regions, PoseOnly, about="Each person's mask, concept and prompt", page=True),
)
