"""From what the user said to jobs: what is drawn, what steers it, and what of a picture stays."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from atelier_core.job import MAX_SIDE, Control, Job, sampling_of
from atelier_core.picture import Picture, at_depth
from PIL import Image

from . import document, draw, faces, looks
from .frame import Padding, padding_for, shifted
from .interpolate import between
from .options import LABEL, PoseArgs
from .skeleton import Person, Pose, moved, resized

DEFAULT = Extent(512, 512)
LEAST_SIDE = 64  # pixels; on less no model draws
EXPRESSION_MAP = "canny"
_PIXELS = re.compile(r"\s*[0-9]{1,5}\s*")


@dataclass(frozen=True, eq=False)
class Plan:
    """Jobs to draw, one after the other; where `source` is there, results are composed onto it under `mask`."""

    jobs: tuple[Job, ...]
    source: Picture | None = None
    mask: np.ndarray | None = None  # [H, W] uint8, 255 where the source may change
    feather: int = 0
    start: Picture | None = None  # what the results were made from, where nothing of it is kept


@dataclass(frozen=True, eq=False)
class Given:
    """All that was said, found and read."""

    args: PoseArgs
    pose: Pose | None
    picture: Picture | None
    maps: tuple[Control, ...]  # of the drawing and of the picture, of the picture's size
    info: Mapping[str, str]


def size_of(pose: Pose | None, picture: Picture | None, drawing: Picture | None) -> Extent:
    """Of the result, before anything is added to it."""
    sized = next((one for one in (picture, drawing) if one is not None), None)
    if sized is not None:
        return sized.extent
    return pose.size if pose else DEFAULT


def planned(given: Given) -> Plan:
    ways = {"new": _new, "picture": _from_picture, "complete": _completed, "expression": _expression}
    plan = ways[given.args.way](given)
    if given.args.frames > 1:
        return replace(plan, jobs=_series(given, plan.jobs[0]))
    return plan


def _new(given: Given) -> Plan:
    size = size_of(given.pose, None, None) if not given.maps else Extent(*given.maps[0].map.size)
    return Plan((_job(given, size, controls=(*posed(given, given.pose), *given.maps)),))


def _from_picture(given: Given) -> Plan:
    picture = _needed(given)
    job = _job(given, picture.extent, init=rgb(picture), denoise=given.args.denoise)
    return Plan((replace(job, controls=(*posed(given, given.pose), *given.maps)),), start=picture)


def _completed(given: Given) -> Plan:
    """The picture on a larger canvas: the new part is painted, and a seam inside the old frame may join it."""
    picture = _needed(given)
    if given.pose is None or not given.pose.people:
        raise UserError("There is nobody to complete: find the people of the picture first.")
    room = _room(given.args, given.pose, picture.extent)
    if not any(room):
        raise UserError("Everybody is inside the frame already, with the margin.")
    source, mask = extended(picture, room), new_part(picture.extent, room, given.args.seam)
    job = _job(given, source.extent, init=rgb(source), mask=Image.fromarray(mask), denoise=1.0, mask_blur=0)
    controls = (*posed(given, shifted(given.pose, room)), *(_shifted_map(one, room) for one in given.maps))
    return Plan((replace(job, controls=controls),), source, mask, given.args.seam)


def _room(args: PoseArgs, pose: Pose, size: Extent) -> Padding:
    if not args.padding:
        return padding_for(pose, size, args.margin)
    sides = [int(side) for side in args.padding.split(",") if _PIXELS.fullmatch(side)]
    if args.padding.count(",") != 3 or len(sides) != 4 or Padding(*sides).around(size).longer > MAX_SIDE:
        raise UserError("“{name}” must be four numbers of pixels: left, top, right, bottom.", name="padding")
    return Padding(*sides)


def _expression(given: Given) -> Plan:
    picture, chosen = _needed(given), looks.EXPRESSIONS.get(given.args.expression)
    if chosen is None:
        raise UserError("There is no expression “{name}”.", name=given.args.expression)
    people = [person for person in (given.pose.people if given.pose else ()) if person.on]
    if not people:
        raise UserError("There is no face in the pose: find the people of the picture first.")
    masks = _face_masks(people, picture.extent)
    mask, feather = np.bitwise_or.reduce(masks), min(faces.feather_of(one, chosen.feather) for one in masks)
    job = _job(given, picture.extent, init=rgb(picture), mask=Image.fromarray(mask), denoise=chosen.denoise)
    hint = chosen.hint
    controls = [
        one if given.args.picture_map else replace(one, weight=hint.weight, start=hint.start, end=hint.end)
        for one in given.maps
    ]
    return Plan((replace(job, controls=tuple(controls)),), picture, mask, feather)


def _face_masks(people: Sequence[Person], size: Extent) -> list[np.ndarray]:
    """Of everybody whose face is seen; where nobody's is, why."""
    masks, refused = [], None
    for person in people:
        try:
            masks.append(faces.face_mask(person, size))
        except UserError as error:
            refused = error
    if refused and not masks:
        raise refused
    return masks


def _needed(given: Given) -> Picture:
    if given.picture is None:
        raise UserError("Choose a picture first.")
    return given.picture


def _series(given: Given, first: Job) -> tuple[Job, ...]:
    """The same job, seed included, on poses between the first person's and the second's, which are the ends."""
    people = [person for person in given.pose.people if person.on] if given.pose else []
    if len(people) != 2 or given.args.way != "new" or given.args.pose_weight == 0:
        raise UserError("A series needs exactly two people who are shown: from the first one's pose to the second's.")
    start, end = (Pose(given.pose.size, (one,)) for one in people)  # type: ignore[union-attr]
    poses = between(start, end, given.args.frames)
    same = replace(first, seed=secrets.randbelow(2**32) if first.seed < 0 else first.seed)
    return tuple(
        replace(same, controls=(*posed(given, pose), *given.maps), info={**given.info, LABEL: document.code(pose)})
        for pose in poses
    )


def posed(given: Given, pose: Pose | None) -> tuple[Control, ...]:
    args = given.args
    if pose is None or args.pose_weight == 0 or not any(person.on for person in pose.people):
        return ()
    picture = Image.fromarray(draw.map_of(pose, args.stick))  # type: ignore[arg-type]
    return (Control("openpose", picture, args.pose_weight, args.pose_start, args.pose_end, args.pose_model),)


def _job(given: Given, size: Extent, **more: Any) -> Job:
    args = given.args
    if min(size) < LEAST_SIDE:
        raise UserError("A picture must have at least {least} pixels on each side.", least=LEAST_SIDE)
    if args.look and args.look not in (*looks.LOOKS, *looks.ROOM_STYLES):
        raise UserError("There is no look “{name}”.", name=args.look)
    prompt, negative = words_of(args.look, args.expression if args.way == "expression" else "")
    return Job(
        prompt=", ".join(filter(None, (args.prompt, *reversed(prompt)))),
        negative=", ".join(filter(None, (args.negative, *reversed(negative)))),
        size=size,
        info=given.info,
        title="Pose",
        **sampling_of(args),
        **more,
    )


def words_of(look: str, expression: str) -> tuple[list[str], list[str]]:
    """What these add to the prompt and to the negative one, the last first."""
    found = looks.EXPRESSIONS.get(expression), looks.LOOKS.get(look) or looks.ROOM_STYLES.get(look)
    return [one.prompt for one in found if one], [one.negative for one in found if one]


def rgb(picture: Picture) -> Image.Image:
    """Through alpha, white."""
    pixels = at_depth(picture.pixels, 8)
    if pixels.shape[2] == 3:
        return Image.fromarray(pixels)
    alpha = pixels[..., 3:].astype(np.uint16)
    return Image.fromarray(((pixels[..., :3] * alpha + 255 * (255 - alpha)) // 255).astype(np.uint8))


def extended(picture: Picture, room: Padding) -> Picture:
    """The picture's pixels as they are, and around them its border goes on, opaque."""
    sides = (room.top, room.bottom, room.left, room.right)
    larger = cv2.copyMakeBorder(picture.pixels, *sides, cv2.BORDER_REPLICATE)
    if picture.has_alpha:
        new = new_part(picture.extent, room, 0) > 0
        larger[new, 3] = np.iinfo(picture.pixels.dtype).max
    return picture.with_pixels(larger)


def new_part(size: Extent, room: Padding, seam: int) -> np.ndarray:
    """[H, W] uint8: 255 beyond the old frame, and over `seam` pixels inside of it where the picture grew."""
    mask = np.full((size.height + room.top + room.bottom, size.width + room.left + room.right), 255, np.uint8)
    left, top = (bool(side) * min(seam, most // 4) for side, most in ((room.left, size.width), (room.top, size.height)))
    right = bool(room.right) * min(seam, size.width // 4)
    bottom = bool(room.bottom) * min(seam, size.height // 4)
    rows = slice(room.top + top, room.top + size.height - bottom)
    mask[rows, room.left + left : room.left + size.width - right] = 0
    return mask


def _shifted_map(control: Control, room: Padding) -> Control:
    """A map says nothing of what lies beyond its picture."""
    width, height = control.map.size
    larger = Image.new(control.map.mode, (width + room.left + room.right, height + room.top + room.bottom))
    larger.paste(control.map, (room.left, room.top))
    return replace(control, map=larger)


def fitted(pose: Pose, size: Extent) -> Pose:
    """As large as fits into a picture of another shape, in its middle."""
    factor = min(size.width / pose.size.width, size.height / pose.size.height)
    inner = Extent(max(1, round(pose.size.width * factor)), max(1, round(pose.size.height * factor)))
    dx, dy = (size.width - inner.width) / 2, (size.height - inner.height) / 2
    return Pose(size, tuple(moved(person, dx, dy) for person in resized(pose, inner).people))
