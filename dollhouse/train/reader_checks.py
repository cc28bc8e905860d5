"""How often the readers are right on scenes they have not learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from dollhouse.reader_nets import DOLL_READ, SCENE_READ, dolls_read, scenes_read, torsos
from dollhouse.readers import boxes_of, overlap
from dollhouse.train.reader_losses import floats
from dollhouse.train.shelf import Shelf


@torch.inference_mode()
def checked(nets: nn.ModuleDict, shelf: Shelf) -> dict[str, float]:
    """The share that is right, trait by trait; where joints and boxes are; degrees to the light."""
    rows: dict[str, list[Tensor]] = {}
    for part in torch.arange(shelf.count, device=shelf.device).split(64):
        batch = shelf.taken(part)
        x = floats(batch["picture"]).contiguous(memory_format=torch.channels_last)
        for name, values in {**_scenes(nets, x, batch), **_dolls(nets, x, batch)}.items():
            rows.setdefault(name, []).append(values.float().flatten().cpu())
    return {name: float(torch.cat(values).mean()) for name, values in rows.items()}


def _right(said: Tensor, meant: Tensor, traits: Mapping[str, Sequence[str]], who: str) -> dict[str, Tensor]:
    same, told = said.argmax(-1) == meant, meant >= 0
    return {f"{who}.{trait}": same[:, i][told[:, i]] for i, trait in enumerate(traits)}


def _scenes(nets: nn.ModuleDict, x: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    said, light, maps = scenes_read(nets, x)
    degrees = (light * batch["light"]).sum(1).clamp(-1, 1).acos().rad2deg()
    return {**_right(said, batch["scene"], SCENE_READ, "scene"), "light_degrees": degrees, **_boxes(maps, batch)}


def _boxes(maps: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of the true boxes those found, and of those found the true ones, at half overlap."""
    rows: dict[str, list[bool]] = {f"{kind}_{what}": [] for kind in ("dolls", "faces") for what in ("found", "true")}
    for found, truth in zip(boxes_of(maps), batch["boxes"].tolist(), strict=True):
        for place, kind in enumerate(("dolls", "faces")):
            real = [doll[place] for doll in truth if doll[place][2] - doll[place][0] >= 8]
            told = [box for box, _ in getattr(found, kind)]
            rows[f"{kind}_found"] += [any(overlap(tuple(r), t) > 0.5 for t in told) for r in real]
            rows[f"{kind}_true"] += [any(overlap(tuple(r), t) > 0.5 for r in real) for t in told]
    return {name: torch.tensor(values) for name, values in rows.items()}


def _dolls(nets: nn.ModuleDict, x: Tensor, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    boxes = batch["boxes"].flatten(0, 1)
    pick = torch.nonzero((boxes[:, 0, 2:] - boxes[:, 0, :2]).amin(1) >= 8).flatten()
    which, meant = pick // batch["boxes"].shape[1], batch["dolls"].flatten(0, 1)[pick]
    said, found, _ = dolls_read(nets, x, which, boxes[pick, 0], boxes[pick, 1])
    joints, visible = (batch[name].flatten(0, 1)[pick] for name in ("joints", "visible"))
    return {**_right(said, meant, DOLL_READ, "doll"), "pck": _near(found, joints, visible)}


def _near(found: Tensor, joints: Tensor, visible: Tensor) -> Tensor:
    """Of the visible joints, those off by less than a tenth of the torso's length."""
    return ((found - joints).norm(dim=-1) < 0.1 * torsos(joints)[:, None])[visible]
