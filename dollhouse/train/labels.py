"""What a detector learns from: batches of drawn scenes with their boxes, moved, mirrored and spoiled at random."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, interpolate

from dollhouse.detector import GREY
from dollhouse.parts import FIRST_DOLL, PART
from dollhouse.skeleton import MIRROR
from dollhouse.train.store import MOST, Store
from dollhouse.truth import box_of

LEAST = 4  # pixels of a drawn scene; what shows less than this in width or height is no thing to find
KEPT = 0.3  # the share of a box that has to stay in the picture when that is moved
HEAD, HANDS = PART["head"], (PART["r_hand"], PART["l_hand"])
FACE_JOINTS = slice(14, 18)  # eyes and ears: counted only where they are seen
MASK = 4  # pixels of a picture for one of a mask

Table = NDArray[np.float32]  # [n, 7]: number of the name, owner and part codes (0: any part), left, top, right, bottom


@dataclass(frozen=True)
class Batch:
    picture: Tensor  # [B, H, W, 3], 0..255
    codes: Tensor  # [B, 2, H, W]: owners and parts
    place: Tensor  # [n]: which picture, in order
    things: Tensor  # [n, 7], a table
    joints: Tensor  # [n, 18, 3]: x, y, and 0 absent, 1 hidden, 2 seen; only of dolls

    def to(self, device: torch.device) -> Batch:
        return Batch(*(value.to(device, non_blocking=True) for value in vars(self).values()))


class Labels:
    """The tables of a store's scenes, each made once."""

    def __init__(self, store: Store, dolls_only: bool = False) -> None:
        self.store, self.dolls_only = store, dolls_only
        self._made: dict[int, Table] = {}

    def table(self, number: int) -> Table:
        if number not in self._made:
            self._made[number] = np.array(list(self._rows(number)), np.float32).reshape(-1, 7)
        return self._made[number]

    def _rows(self, number: int) -> Iterable[tuple[float, ...]]:
        boxes = self.store["boxes"][number]
        for doll in range(MOST):
            owner = FIRST_DOLL + doll
            yield from _row(0, owner, 0, boxes[doll, 0])
            if not self.dolls_only:
                yield from _row(1, owner, HEAD, boxes[doll, 1])
                yield from self._hands(number, owner, boxes[doll, 0])

    def _hands(self, number: int, owner: int, box: Any) -> Iterable[tuple[float, ...]]:
        left, top, right, bottom = (int(side) for side in box)
        own = self.store["owner"][number, top:bottom, left:right] == owner
        part = self.store["part"][number, top:bottom, left:right]
        for hand in HANDS:
            found = box_of(own & (part == hand)) if own.any() else None
            if found:
                yield from _row(2, owner, hand, np.add(found, (left, top, left, top)))

    def batch(self, numbers: NDArray[np.intp]) -> Batch:
        tables = [self.table(int(number)) for number in numbers]
        place = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
        things = np.concatenate(tables)
        joints = joints_of(self.store, numbers[place], things)
        codes = np.stack((self.store["owner"][numbers], self.store["part"][numbers]), 1)
        made = (self.store["picture"][numbers], codes, place, things, joints)
        return Batch(*(torch.from_numpy(np.ascontiguousarray(value)) for value in made))


def _row(name: int, owner: int, part: int, box: Any) -> Iterable[tuple[float, ...]]:
    if min(box[2] - box[0], box[3] - box[1]) >= LEAST:
        yield (name, owner, part, *(float(side) for side in box))


def joints_of(store: Store, numbers: NDArray[np.intp], things: Table) -> NDArray[np.float32]:
    """Of each row's doll, [n, 18, 3]."""
    doll = things[:, 1].astype(int) - FIRST_DOLL
    at, seen = store["joints"][numbers, doll], store["visible"][numbers, doll]
    state = ((at >= 0) & (at < store.plan.side)).all(-1).astype(np.float32) + seen
    state[:, FACE_JOINTS] *= seen[:, FACE_JOINTS]
    return np.concatenate((at, state[..., None]), -1).astype(np.float32)


@dataclass(frozen=True)
class Move:
    """Pictures mirrored where `flip` is -1, scaled, and moved; in -1..1 as grids are, [B, 1] and `shift` [B, 2]."""

    flip: Tensor
    scale: Tensor
    shift: Tensor

    @staticmethod
    def none(count: int, device: torch.device) -> Move:
        one = torch.ones(count, 1, device=device)
        return Move(one, one, torch.zeros(count, 2, device=device))

    @staticmethod
    def random(count: int, device: torch.device) -> Move:
        draw = torch.rand(count, 4, device=device)
        scale = 0.6 * 2.3 ** draw[:, :1]
        flip = torch.where(draw[:, 1:2] < 0.5, -1.0, 1.0)
        return Move(flip, scale, (2 * draw[:, 2:] - 1) * ((1 - scale).abs() + 0.1))

    def points(self, at: Tensor, place: Tensor) -> Tensor:
        """Where points of the pictures `place` come to lie, [n, k, 2], -1..1."""
        turned = torch.stack((at[..., 0] * self.flip[place], at[..., 1]), -1)
        return turned * self.scale[place, :, None] + self.shift[place, None]

    def sampled(self, pictures: Tensor, side: int, mode: str) -> Tensor:
        steps = (torch.arange(side, device=pictures.device) * 2 + 1) / side - 1
        grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)[None]
        grid = (grid - self.shift[:, None, None]) / self.scale[:, None, None]
        grid = torch.stack((grid[..., 0] * self.flip[:, :, None], grid[..., 1]), -1)
        return grid_sample(pictures, grid, mode=mode, padding_mode="zeros", align_corners=False)


def prepared(batch: Batch, move: Move, side: int) -> dict[str, Tensor]:
    """As ultralytics' losses want it: places and boxes (centre, width, height) in 0..1."""
    drawn = batch.picture.shape[1]
    corners = move.points(batch.things[:, 3:].reshape(-1, 2, 2) / drawn * 2 - 1, batch.place).sort(1).values
    inside = corners.clamp(-1, 1)
    sides, whole = inside[:, 1] - inside[:, 0], corners[:, 1] - corners[:, 0]
    kept = (sides.prod(1) >= KEPT * whole.prod(1)) & (sides.amin(1) >= 2 * LEAST / drawn)
    place = batch.place[kept]
    boxes = torch.cat(((inside[:, 0] + inside[:, 1] + 2) / 4, sides / 2), 1)[kept]
    picture = (batch.picture.permute(0, 3, 1, 2).float() - GREY) / 255
    return {
        "img": move.sampled(picture, side, "bilinear") + GREY / 255,
        "masks": masks_of(batch, move, side // MASK)[kept],
        "keypoints": moved_joints(batch, move)[kept],
        "batch_idx": place.float(),
        "cls": batch.things[kept, :1],
        "bboxes": boxes,
    }


def masks_of(batch: Batch, move: Move, side: int) -> Tensor:
    """[n, H, W], 0 or 1."""
    owner, part = move.sampled(batch.codes.float(), side, "nearest").unbind(1)
    whose, which = batch.things[:, 1, None, None], batch.things[:, 2, None, None]
    return ((owner[batch.place] == whose) & ((which == 0) | (part[batch.place] == which))).float()


def moved_joints(batch: Batch, move: Move) -> Tensor:
    at = move.points(batch.joints[..., :2] / batch.picture.shape[1] * 2 - 1, batch.place)
    seen = batch.joints[..., 2:] * (at.abs() <= 1).all(-1, keepdim=True)
    made = torch.cat(((at + 1) / 2, seen), -1)
    return torch.where(move.flip[batch.place, :, None] < 0, made[:, MIRROR], made)


def spoiled(pictures: Tensor) -> Tensor:
    """Some brighter or darker, some blurred, some with noise of one pixel and of many: as a model makes them."""
    count, _, height, width = pictures.shape
    amount = torch.rand(count, 4, 1, 1, 1, device=pictures.device)
    gain = 0.8 + 0.4 * torch.rand(count, 3, 1, 1, device=pictures.device)
    blurred = pictures
    for _ in range(2):
        blurred = avg_pool2d(blurred, 3, 1, 1, count_include_pad=False)
    pictures = torch.lerp(pictures * gain, blurred * gain, (2 * amount[:, 0] - 0.8).clamp(0, 1))
    coarse = interpolate(torch.randn(count, 3, height // 8, width // 8, device=pictures.device), (height, width))
    for weight, noise in ((amount[:, 1], torch.randn_like(pictures)), (amount[:, 2], coarse)):
        pictures = pictures + noise * 0.08 * (weight - 0.4).clamp(0)
    return pictures.clamp(0, 1)
