"""Reads pictures of this world: what is in them, who, where and lit from where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor

from dollhouse.reader_nets import (
    DOLL_READ,
    SCENE_READ,
    STRIDE,
    dolls_read,
    networks,
    scenes_read,
)

Box = tuple[float, float, float, float]  # left, top, right, bottom, pixels
Bytes = NDArray[np.uint8]
FILE = "readers.safetensors"
SIDE = 192  # pixels of a picture's shorter side while it is read
_SURE = 0.3  # of a box that is told


@dataclass(frozen=True)
class Person:
    """A doll that was read."""

    traits: dict[str, str]
    identity: str  # the name of a held-out doll, or nothing
    likely: dict[str, float]  # of every held-out doll, and of "" for none of them, 0..1
    joints: NDArray[np.float32]  # [18, 2], pixels
    visible: NDArray[np.float32]  # [18], 0..1
    box: Box
    face: Box | None


@dataclass(frozen=True)
class Reading:
    traits: dict[str, str]  # of the scene, and `count`
    light: tuple[float, float, float]  # toward the light, as in dollhouse.light
    people: list[Person]  # in the order of the boxes that were given, else from the left


@dataclass(frozen=True)
class Found:
    """Boxes in one picture, each with how sure it is, the surest first."""

    dolls: list[tuple[Box, float]] = field(default_factory=list)
    faces: list[tuple[Box, float]] = field(default_factory=list)


def boxes_of(maps: Tensor, most: int = 6, sure: float = _SURE) -> list[Found]:
    """The boxes in maps [B, 2, 5, h, w], pixels."""
    heat = maps[:, :, 0].sigmoid()
    peaks = heat * (heat == F.max_pool2d(heat, 3, 1, 1))
    scores, spots = peaks.flatten(2).topk(most)  # [B, 2, most]
    told = maps[:, :, 1:].flatten(3).gather(3, spots[:, :, None].expand(-1, -1, 4, -1)).transpose(2, 3)
    cells = torch.stack([spots % heat.shape[-1], spots // heat.shape[-1]], -1)
    middle, half = (cells + told[..., :2]) * STRIDE, told[..., 2:].exp() * STRIDE / 2
    edges, shares = torch.cat([middle - half, middle + half], -1).tolist(), scores.tolist()
    return [Found(*(_apart(*kind, sure) for kind in zip(*one, strict=True))) for one in zip(edges, shares, strict=True)]


def _apart(edges: list[list[float]], shares: list[float], sure: float) -> list[tuple[Box, float]]:
    """Those sure enough, without any that lies on a surer one."""
    kept: list[tuple[Box, float]] = []
    for (a, b, c, d), share in zip(edges, shares, strict=True):
        if share >= sure and all(overlap((a, b, c, d), other) < 0.6 for other, _ in kept):
            kept.append(((a, b, c, d), share))
    return kept


def overlap(one: Box, other: Box) -> float:
    """Of two boxes, what they share over what they cover, 0..1."""
    width, height = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    both = max(width, 0) * max(height, 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return both / max(sum(areas) - both, 1e-9)


def words_of(said: Tensor, traits: Mapping[str, Sequence[str]]) -> list[dict[str, str]]:
    """The likeliest value of each trait, from logits [B, traits, values]."""
    return [
        {trait: values[i] for (trait, values), i in zip(traits.items(), row, strict=True)}
        for row in said.argmax(-1).tolist()
    ]


class Readers:
    """Pictures are [N, H, W, 3], red green blue, 0..255, of one size."""

    def __init__(self, nets: torch.nn.ModuleDict, device: torch.device) -> None:
        self.nets, self.device = nets.eval().to(device), device

    @staticmethod
    def load(folder: Path | str, device: torch.device | str = "cpu") -> Readers:
        nets = networks()
        kept = load_file(Path(folder) / FILE)
        nets.load_state_dict({n: t.float() if t.is_floating_point() else t for n, t in kept.items()})
        return Readers(nets, torch.device(device))

    def find(self, pictures: Bytes | Sequence[Bytes]) -> list[Found]:
        """Where the dolls and their faces are."""
        x, scale = self._fitted(pictures)
        with torch.inference_mode():
            found = [one for part in x.split(32) for one in boxes_of(self.nets["scene"](part)[2])]
        return [Found(*([(_scaled(b, 1 / scale), s) for b, s in kind] for kind in (f.dolls, f.faces))) for f in found]

    @torch.inference_mode()
    def read(self, pictures: Bytes | Sequence[Bytes], boxes: Sequence[Sequence[Box]] | None = None) -> list[Reading]:
        """Everything; `boxes` says where each picture's dolls are, where that is known."""
        x, scale = self._fitted(pictures)
        made = []
        for start in range(0, len(x), 32):
            given = [[_scaled(b, scale) for b in some] for some in boxes[start : start + 32]] if boxes else None
            made += self._read(x[start : start + 32], given, scale)
        return made

    def _read(self, x: Tensor, given: list[list[Box]] | None, scale: float) -> list[Reading]:
        said, light, maps = scenes_read(self.nets, x)
        found = boxes_of(maps)
        boxes = given or [sorted((box for box, _ in one.dolls), key=lambda b: b[0] + b[2]) for one in found]
        which = [i for i, some in enumerate(boxes) for _ in some]
        flat = [box for some in boxes for box in some]
        faces = [_face_in(box, found[i]) for i, box in zip(which, flat, strict=True)]
        people = iter(self._people(x, which, flat, faces, scale))
        scenes = zip(words_of(said, SCENE_READ), light.tolist(), boxes, strict=True)
        return [Reading(traits, tuple(way), [next(people) for _ in some]) for traits, way, some in scenes]

    def _people(
        self, x: Tensor, which: list[int], boxes: list[Box], faces: list[Box | None], scale: float
    ) -> Iterator[Person]:
        if not boxes:
            return
        rows = torch.tensor(which, device=self.device)
        nowhere = (0.0, 0.0, 0.0, 0.0)
        edges = [torch.tensor(some, device=self.device) for some in (boxes, [face or nowhere for face in faces])]
        said, found, visible = dolls_read(self.nets, x, rows, *edges)
        joints = (found / scale).float().cpu().numpy()
        identity = list(DOLL_READ).index("identity")
        likely = said[:, identity, : len(DOLL_READ["identity"])].softmax(-1).tolist()
        for i, traits in enumerate(words_of(said, DOLL_READ)):
            name, face = traits.pop("identity"), faces[i]
            shares = dict(zip(DOLL_READ["identity"], likely[i], strict=True))
            shown = visible[i].sigmoid().cpu().numpy()
            box, near = _scaled(boxes[i], 1 / scale), _scaled(face, 1 / scale) if face else None
            yield Person(traits, name, shares, joints[i], shown, box, near)

    def _fitted(self, pictures: Any) -> tuple[Tensor, float]:
        """[N, 3, H, W], -1..1, of a size to read, and that size over their own."""
        height, width = pictures[0].shape[:2]
        scale = SIDE / min(height, width)
        extent, how = (round(width * scale), round(height * scale)), cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        fitted = pictures if scale == 1 else [cv2.resize(p, extent, interpolation=how) for p in pictures]
        x = torch.from_numpy(np.stack(fitted)).to(self.device).permute(0, 3, 1, 2).float() / 127.5 - 1
        return x.contiguous(memory_format=torch.channels_last), scale


def _scaled(box: Box, scale: float) -> Box:
    a, b, c, d = box
    return a * scale, b * scale, c * scale, d * scale


def _face_in(doll: Box, found: Found) -> Box | None:
    """The surest face whose middle is in the upper part of a doll's box and that no other doll is nearer to."""
    a, b, c, d = doll
    for face, _ in found.faces:
        x, y = (face[0] + face[2]) / 2, (face[1] + face[3]) / 2
        nearest = min((box for box, _ in found.dolls), key=lambda box: abs(box[0] + box[2] - 2 * x), default=doll)
        if a < x < c and b < y < (b + d) / 2 + (d - b) * 0.15 and (overlap(nearest, doll) > 0.5 or nearest == doll):
            return face
    return None
