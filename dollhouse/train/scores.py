"""How good a detector is on scenes that it has not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dollhouse import yolo
from dollhouse.detector import NAMES, best, within
from dollhouse.precision import average_precision, shared
from dollhouse.train.labels import MASK, Batch, Labels, Move, masks_of, prepared

AT_ONCE = 50  # pictures
LEAST = 0.01  # score of a box that counts
NEAR = 0.05  # of a doll's height: a joint found so near is right
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """One scene: what is there and what was found, boxes in a network's pixels."""

    things: Array  # [m, 5]: number of the name and box
    joints: Array  # [m, 18, 3], in the same pixels
    masks: Tensor  # [m, H, W]
    found: Tensor  # [n, 6 + more]
    bases: Tensor | None

    def pairs(self) -> list[tuple[int, int]]:
        """Each doll with the box that was found for it, if there is one."""
        dolls = np.flatnonzero(self.things[:, 0] == 0)
        boxes = np.flatnonzero((self.found[:, 5] == 0).numpy() & (self.found[:, 4] > 0.1).numpy())
        if not len(boxes):
            return []
        shares = shared(self.things[dolls, 1:], self.found[boxes, :4].numpy())
        return [(int(d), int(boxes[s.argmax()])) for d, s in zip(dolls, shares, strict=True) if s.max() > 0.5]


def judged(network: nn.Module, labels: Labels, numbers: NDArray[np.intp], device: torch.device) -> dict[str, float]:
    """The average precision at half an overlap for each name, and how well masks or joints fit."""
    parts = [numbers[i : i + AT_ONCE] for i in range(0, len(numbers), AT_ONCE)]
    scenes = [scene for part in parts for scene in looked_at(network, labels.batch(part).to(device))]
    told = {name: precision(scenes, i) for i, name in enumerate(NAMES[: 1 if labels.dolls_only else 3])}
    if labels.dolls_only:
        return {**told, "joints": joints_right(scenes)}
    return {**told, "masks": masks_shared(scenes)}


def looked_at(network: nn.Module, batch: Batch) -> list[Seen]:
    move = Move.none(len(batch.picture), batch.picture.device)
    grown = yolo.SIDE / batch.picture.shape[1]
    names = 1 if yolo_has_joints(network) else len(NAMES)
    rows, bases = yolo.outputs(network, prepared(batch, move, yolo.SIDE)["img"])
    masks = masks_of(batch, move, yolo.SIDE // MASK).cpu()
    joints = (batch.joints * torch.tensor((grown, grown, 1.0), device=batch.joints.device)).cpu().double().numpy()
    things = torch.cat((batch.things[:, :1], batch.things[:, 3:] * grown), 1).cpu().double().numpy()
    place, rows, held = batch.place.cpu().numpy(), rows.cpu(), None if bases is None else bases.float().cpu()
    return [
        Seen(things[own], joints[own], masks[own], best(rows[i], names, LEAST), None if held is None else held[i])
        for i in range(len(rows))
        for own in [np.flatnonzero(place == i)]
    ]


def yolo_has_joints(network: nn.Module) -> bool:
    return hasattr(list(network.get_submodule("model").children())[-1], "kpt_shape")


def precision(scenes: list[Seen], name: int) -> float:
    found, true = [], []
    for scene in scenes:
        rows = scene.found[scene.found[:, 5] == name].double().numpy()
        found.append((rows[:, :4], rows[:, 4]))
        true.append(scene.things[scene.things[:, 0] == name, 1:])
    return average_precision(found, true)


def joints_right(scenes: list[Seen]) -> float:
    """The share of the joints seen in the pictures that were found near their place."""
    right = []
    for scene in scenes:
        for doll, box in scene.pairs():
            given, true = scene.found[box, 6:].reshape(18, 3).numpy(), scene.joints[doll]
            height = scene.things[doll, 4] - scene.things[doll, 2]
            far = np.hypot(*(given[:, :2] - true[:, :2]).T)[true[:, 2] == 2]
            right.extend(far < NEAR * height)
    return float(np.mean(right)) if right else 0.0


def masks_shared(scenes: list[Seen]) -> float:
    """The mean intersection over union of the dolls' masks."""
    shares = []
    for scene in scenes:
        for doll, box in scene.pairs():
            assert scene.bases is not None
            row, true = scene.found[box], scene.masks[doll] > 0
            given = torch.einsum("c,chw->hw", row[6:], scene.bases) > 0
            given &= within(row[None, :4] / MASK, given)[0] > 0
            shares.append(float((given & true).sum() / (given | true).sum().clamp(min=1)))
    return float(np.mean(shares)) if shares else 0.0
