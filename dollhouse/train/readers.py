"""Trains the readers on drawn scenes."""

from __future__ import annotations

import random
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dollhouse.home import filled, write
from dollhouse.reader_nets import (
    BODY_ROWS,
    FACE_ROWS,
    doll_crops,
    doll_windows,
    face_crops,
    hottest,
    known,
    networks,
    places,
)
from dollhouse.readers import FILE
from dollhouse.train.pace import Pace, adam, amp, descend, halves, sized
from dollhouse.train.reader_checks import checked
from dollhouse.train.reader_losses import (
    box_loss,
    floats,
    jittered,
    joint_loss,
    mirrored,
    swung,
    trait_loss,
    worsened,
)
from dollhouse.train.shelf import Gathering
from dollhouse.train.store import Store

ENOUGH = 400  # scenes to begin with
BATCH = 96  # scenes in a step; a third of them on a processor
RATE = 2e-3  # with all of them; it goes with the root of their number


def train(store: Store, out: Path, seconds: float, device: torch.device, batch: int | None = None) -> None:
    """Goes on from what lies in `out` and ends by the clock; begins when some scenes are drawn."""
    batch = batch or sized(BATCH, device, 3)
    started = time.monotonic()
    torch.backends.cudnn.benchmark = True
    shelves = Gathering(store, device)
    nets = networks().to(device).train()
    filled(nets, out / FILE)
    while shelves.learnt.count < min(ENOUGH, store.plan.facts // 2):
        shelves.more()
        time.sleep(0.1)
    waited = time.monotonic() - started
    print(f"readers: waited {waited:.0f} s for {shelves.learnt.count} scenes", flush=True)
    optimizer = adam(nets.parameters(), RATE * (batch / BATCH) ** 0.5, 0.02)
    _learn(nets, optimizer, Pace(max(1.0, seconds * 0.97 - waited), optimizer), shelves, out / FILE, batch)
    write(out / FILE, nets.state_dict())
    shelves.close()
    torch.backends.cudnn.benchmark = False  # the last look has batches of many sizes
    print(f"readers: {shelves.learnt.count} scenes learnt from, {shelves.kept.count} kept out", flush=True)
    for name, value in checked(nets.eval(), shelves.kept).items():
        print(f"readers: {name}={value:.4f}", flush=True)


def _learn(
    nets: nn.ModuleDict, optimizer: torch.optim.Optimizer, pace: Pace, shelves: Gathering, file: Path, batch: int
) -> None:
    saved = time.monotonic()
    for _ in pace.ticks():
        if pace.steps % 5 == 0:
            shelves.more()
        losses = step_losses(nets, shelves.learnt.some(batch))
        descend(torch.stack(list(losses.values())).sum(), optimizer, 5.0)
        told: dict[str, Any] = {name: loss.detach() for name, loss in losses.items()}
        pace.said("readers", scenes=shelves.learnt.count, **told)
        if time.monotonic() - saved > 30:
            write(file, nets.state_dict())
            saved = time.monotonic()


def step_losses(nets: nn.ModuleDict, batch: dict[str, Tensor]) -> dict[str, Tensor]:
    """One look at a batch by all networks."""
    batch = mirrored(batch) if random.random() < 0.5 else batch
    x = worsened(floats(batch["picture"])).contiguous(memory_format=torch.channels_last)
    boxes = batch["boxes"].flatten(0, 1)  # [B * dolls, 2, 4]
    real = (boxes[:, 0, 2:] - boxes[:, 0, :2]).amin(1) >= 8
    pick = torch.multinomial(real.float(), len(x) * 4 // 3, replacement=True)
    which = pick // batch["boxes"].shape[1]
    edges = jittered(boxes[pick, 0])
    windows = swung(doll_windows(edges))
    seen = doll_crops(x, which, edges, windows)
    faces = face_crops(x, which, jittered(boxes[pick, 1], 0.08))
    meant = batch["dolls"].flatten(0, 1)[pick]
    looks = torch.where(known(boxes[pick, 1])[:, None], meant[:, FACE_ROWS], -1)
    joints, visible = (batch[name].flatten(0, 1)[pick] for name in ("joints", "visible"))
    with amp(x.device) if halves(x.device) else nullcontext():
        said, light, maps = nets["scene"](x)
        traits, faced = nets["doll"](seen), nets["face"](faces)
        coarse, fine, shown = nets["joints"](seen)
    told = nets["body"](places(hottest(fine.detach())), shown.detach())
    return {
        "scene": trait_loss(said, batch["scene"]),
        "light": 2 * (1 - F.cosine_similarity(light, batch["light"]).mean()),
        "boxes": 0.3 * box_loss(maps, batch["boxes"]),
        "doll": 2 * trait_loss(traits, meant),
        "body": trait_loss(told, meant[:, BODY_ROWS]),
        "joints": joint_loss((coarse, fine), shown, windows, joints, visible),
        "face": trait_loss(faced, looks),
    }
