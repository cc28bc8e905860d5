"""Finds dolls, their faces, hands and joints in a picture, with a pair of small networks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torchvision.ops import batched_nms, box_iou

from dollhouse import yolo

NAMES = ("doll", "face", "hand")
GREY = 114  # of what surrounds a picture that is not square
OVERLAP = 0.6  # boxes of one name that share more than this are the same thing
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Found:
    name: str
    score: float
    box: tuple[float, float, float, float]  # left, top, right, bottom, in pixels
    mask: NDArray[np.bool_] | None = None  # [H, W]
    joints: NDArray[np.float32] | None = None  # [18, 3]: x, y and how surely it is there, 0..1


class Detector:
    def __init__(self, networks: dict[str, nn.Module]) -> None:
        self.networks = networks

    @staticmethod
    def load(folder: Path) -> Detector:
        """With what the folder has: the masks' network, the joints' or both."""
        files = {kind: folder / yolo.file_of(kind) for kind in yolo.KINDS}
        found = {kind: yolo.opened(file) for kind, file in files.items() if file.exists()}
        if not found:
            raise FileNotFoundError(f"{folder} has no {' and no '.join(file.name for file in files.values())}")
        return Detector(found)

    def to(self, device: torch.device | str) -> Detector:
        for network in self.networks.values():
            network.to(device)
        return self

    def detect(self, picture: Bytes, least: float = 0.25) -> list[Found]:
        """What is in a picture, [H, W, 3], with at least this score, surest first."""
        seen = View.of(picture)
        found = {kind: self._found(kind, seen, least) for kind in self.networks}
        if len(found) == 2:
            return _joined(found["seg"], found["pose"])
        return next(iter(found.values()))

    def _found(self, kind: str, seen: View, least: float) -> list[Found]:
        network = self.networks[kind]
        rows, bases = yolo.outputs(network, seen.tensor.to(next(network.parameters()).device))
        kept = best(rows[0].cpu(), 1 if kind == "pose" else len(NAMES), least)
        masks = seen.masks(kept, bases[0].cpu()) if bases is not None else None
        return [_one(kind, row, seen, masks[i] if masks is not None else None) for i, row in enumerate(kept)]


def _one(kind: str, row: Tensor, seen: View, mask: NDArray[np.bool_] | None) -> Found:
    left, top, right, bottom = seen.back(row[:4].reshape(2, 2)).clip((0, 0), seen.extent).ravel().tolist()
    joints = None
    if kind == "pose":
        given = row[6:].reshape(18, 3)
        joints = np.concatenate((seen.back(given[:, :2]), given[:, 2:].numpy()), 1).astype(np.float32)
    return Found(NAMES[int(row[5])], float(row[4]), (left, top, right, bottom), mask, joints)


def best(rows: Tensor, names: int, least: float, most: int = 50) -> Tensor:
    """The boxes that remain where many overlap, [n, 6 + more]: box, score, number of the name, and the rest."""
    score, name = rows[:, 4 : 4 + names].max(1)
    chosen = score >= least
    rows, score, name = rows[chosen], score[chosen], name[chosen]
    kept = batched_nms(rows[:, :4], score, name, OVERLAP)[:most]
    return torch.cat((rows[kept, :4], score[kept, None], name[kept, None].float(), rows[kept, 4 + names :]), 1)


def _joined(masked: list[Found], jointed: list[Found]) -> list[Found]:
    """Each doll with the joints of the box that it shares most with."""
    if not jointed:
        return masked
    others = torch.tensor([one.box for one in jointed])
    made = []
    for one in masked:
        share, which = box_iou(torch.tensor([one.box]), others)[0].max(0)
        fits = one.name == "doll" and share > 0.5
        made.append(replace(one, joints=jointed[int(which)].joints) if fits else one)
    return made


@dataclass(frozen=True)
class View:
    """A picture as a network sees it: its longer side at the network's size, the rest grey."""

    tensor: Tensor  # [1, 3, H, W], 0..1
    scale: float
    extent: tuple[int, int]  # width and height of the picture

    @staticmethod
    def of(picture: Bytes, side: int = yolo.SIDE) -> View:
        height, width = picture.shape[:2]
        scale = side / max(height, width)
        w, h = max(1, round(width * scale)), max(1, round(height * scale))
        small = cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        padded = np.full((-(-h // yolo.STRIDE) * yolo.STRIDE, -(-w // yolo.STRIDE) * yolo.STRIDE, 3), GREY, np.uint8)
        padded[:h, :w] = small
        return View(torch.from_numpy(padded).permute(2, 0, 1)[None].float() / 255, scale, (width, height))

    def back(self, points: Tensor) -> NDArray[np.float32]:
        """Places in the picture of places in the view."""
        return (points / self.scale).numpy()

    def masks(self, kept: Tensor, bases: Tensor) -> NDArray[np.bool_]:
        """[n, H, W] at the picture's size, each within its box."""
        width, height = self.extent
        if not len(kept):
            return np.zeros((0, height, width), bool)
        made = torch.einsum("nc,chw->nhw", kept[:, 6:], bases.float())
        large = interpolate(made[None], self.tensor.shape[2:], mode="bilinear")[0] * within(kept[:, :4], self.tensor)
        large = large[:, : round(height * self.scale), : round(width * self.scale)]
        return (interpolate(large[None], (height, width), mode="bilinear")[0] > 0).numpy()


def within(boxes: Tensor, like: Tensor) -> Tensor:
    """1 in each box and 0 outside of it, [n, H, W]."""
    y, x = (torch.arange(size, device=boxes.device) + 0.5 for size in like.shape[-2:])
    left, top, right, bottom = boxes.T[..., None]
    across, down = (x >= left) & (x < right), (y >= top) & (y < bottom)
    return (down[:, :, None] & across[:, None]).float()
