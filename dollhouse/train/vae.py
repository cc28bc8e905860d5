"""Trains the autoencoder on crops of drawn scenes.

Faces are a fiftieth of a picture and all that tells a mood: they count more, and every other crop holds one. Once a
painter has learnt the latents, these stay near what they were when the training goes on.
"""

from __future__ import annotations

import math
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dollhouse import home, nets
from dollhouse.train import pyramid
from dollhouse.train.pace import Keeper, Mean, Pace, adam, amp, descend, placed, sized
from dollhouse.train.replay import phases, places
from dollhouse.train.store import MOST, Store, pending

CROP, BATCH = 96, 32
ENOUGH = 256  # scenes to begin with
TOLD = 16  # pictures that the first weights are solved from
RATE = 5e-4
WHOLE_FROM = 0.8  # of the time: whole pictures
FACE = 8.0  # times that a pixel of a face counts
NEARNESS = 0.5  # weight of the latents' distance from those that a painter knows
CLOSENESS = 3e-4  # weight of the latent's distance from a normal distribution


class Pictures:
    """The scenes drawn so far, on the device: nothing but the device then holds up a step."""

    def __init__(self, store: Store, device: torch.device, most: int = 100_000) -> None:
        self.store, side = store, store.plan.side
        room = min(most, store.plan.count)
        self.values = torch.empty((room, side, side, 3), dtype=torch.uint8, device=device)
        self.faces = torch.zeros((room, MOST, 4), device=device)  # boxes, where they are known
        self._known = np.zeros(store.plan.count, bool)
        self.count, self._held = 0, torch.zeros((), dtype=torch.double, device=device)

    def grow(self, most: int = 256) -> None:
        """Takes in that many more, once they are drawn: every copy holds up the device."""
        room = min(most, len(self.values) - self.count)
        new = np.flatnonzero((np.array(self.store["ready"]) > 0) & ~self._known)[:room]
        if room and len(new) == room:
            place = slice(self.count, self.count + len(new))
            self.values[place] = torch.from_numpy(self.store["picture"][new]).to(self.values.device)
            self.faces[place] = torch.from_numpy(self.store.faces(new)).to(self.faces.device)
            self._known[new] = True
            self.count += len(new)
            self._held.fill_(self.count)

    def crops(self, size: int, side: int) -> tuple[torch.Tensor, torch.Tensor]:
        """[size, 3, side, side], -1..1, and how much each pixel counts, [size, 1, side, side]."""
        device, reach = self.values.device, self.values.shape[1] - side + 1
        chosen = places(size, self._held)
        faces = self.faces[chosen]
        starts = self._starts(faces, side, reach)
        line = torch.arange(side, device=device)
        rows, columns = (starts[:, axis, None] + line for axis in (1, 0))
        seen = scaled(self.values[chosen[:, None, None], rows[:, :, None], columns[:, None, :]])
        low, high = faces[..., :2, None], faces[..., 2:, None]
        across, down = (
            (low[:, :, i] <= at[:, None]) & (at[:, None] < high[:, :, i]) for i, at in ((0, columns), (1, rows))
        )
        inside = (down[:, :, :, None] & across[:, :, None, :]).any(1)
        return seen, 1 + (FACE - 1) * inside[:, None].float()

    def _starts(self, faces: torch.Tensor, side: int, reach: int) -> torch.Tensor:
        """Left and upper edges: anywhere, or in every other one where a doll's face is in the middle."""
        size, device = len(faces), faces.device
        there = faces[..., 2] > faces[..., 0]
        who = (there * torch.rand(size, MOST, device=device)).argmax(1)
        box = faces[torch.arange(size, device=device), who]
        luck = torch.rand(size, 2, device=device)
        about = (box[:, :2] + box[:, 2:]) / 2 - side * (0.25 + 0.5 * luck)
        faced = (torch.rand(size, 1, device=device) < 0.5) & there.any(1, keepdim=True)
        return torch.where(faced, about, luck * reach).long().clamp(0, reach - 1)


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    """Crops, and in the last fifth whole pictures, fewer of them; `seconds` in all."""
    deadline = time.monotonic() + seconds
    torch.manual_seed(1)
    size, pictures = sized(BATCH, device), Pictures(store, device)
    while pictures.count < min(ENOUGH, len(pictures.values)):
        pictures.grow()
        time.sleep(0.01)
    net = home.made("vae")
    if not home.taken("vae", net, out):
        pyramid.begin(net, scaled(pictures.values[:TOLD].cpu()))
    net = placed(net, device)
    known = deepcopy(net).requires_grad_(False) if home.has("unet", out) else None
    mean, pace = Mean(net, 0.998), Pace(deadline - time.monotonic(), adam(net.parameters(), RATE, 0.0))
    keeper = Keeper(mean, lambda: home.kept("vae", net, out))

    def steps(count: int, side: int) -> Any:
        return lambda: step(net, known, pictures.crops(count, side), pace.optimizer, device)

    parts = [(0.0, steps(size, CROP)), (WHOLE_FROM, steps(max(1, size // 8), store.plan.side))]
    for losses in phases(pace, parts, device):
        mean.update()
        keeper.maybe()
        pictures.grow()
        pace.said("vae", error=losses[0], square_db=-10 * losses[1].log10(), closeness=losses[2])
    mean.swap()
    if known is None:
        settle(net, store, device)
    home.kept("vae", net, out)
    pending(store.folder.parent, "vae").unlink(missing_ok=True)
    print(f"vae: {psnr(net, store, device):.2f} dB after {pace.steps} steps of {size}", flush=True)


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """[B, H, W, 3] bytes -> [B, 3, H, W], -1..1."""
    return pictures.movedim(-1, 1).float().div(127.5).sub(1).contiguous()


def step(
    net: Any,
    known: Any,
    crops: tuple[torch.Tensor, torch.Tensor],
    optimizer: torch.optim.Optimizer,
    device: torch.device,
) -> Any:
    """`known`: the network whose latents a painter has learnt."""
    pictures, weights = crops
    with amp(device):
        spread = net.encode(pictures).latent_dist
        made = net.decode(spread.sample()).sample.float()
    error = made - pictures
    square = error.square()
    centre, width = spread.mean.float() * nets.LATENT_SCALE, spread.var.float() * nets.LATENT_SCALE**2
    closeness = 0.5 * (centre.square() + width - 1 - width.log()).mean()
    loss = (weights * (error.abs() + 2 * square)).mean() + 0.5 * _edges(error, weights) + CLOSENESS * closeness
    if known is not None:
        with torch.no_grad(), amp(device):
            before = known.encode(pictures).latent_dist.mean.float() * nets.LATENT_SCALE
        loss = loss + NEARNESS * (centre - before).square().mean()
    descend(loss, optimizer)
    return loss.detach(), square.detach().mean() / 4, closeness.detach()


def _edges(error: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """How wrong the steps between neighbours are."""
    across, down = weights[..., 1:] * error.diff(dim=-1).abs(), weights[..., 1:, :] * error.diff(dim=-2).abs()
    return across.mean() + down.mean()


@torch.no_grad()
def settle(net: Any, store: Store, device: torch.device) -> None:
    """Folds the latent's mean and spread into the network, so that the usual scale makes it of unit variance."""
    latents = torch.cat([encoded(net, part, device).float() for part in _sample(store, 256).split(32)])
    centre = latents.mean((0, 2, 3)) / nets.LATENT_SCALE
    factor = latents.std((0, 2, 3)).clamp_min(1e-3)
    inner, outer = net.quant_conv, net.post_quant_conv
    inner.bias[:4] -= centre
    inner.weight[:4] /= factor[:, None, None, None]
    inner.bias[:4] /= factor
    inner.bias[4:] -= 2 * factor.log()
    outer.bias += outer.weight[:, :, 0, 0] @ centre
    outer.weight *= factor[None, :, None, None]


def _sample(store: Store, count: int) -> torch.Tensor:
    ready = store.ready()
    return torch.from_numpy(store["picture"][ready[-min(count, len(ready)) :]])


@torch.no_grad()
def encoded(net: Any, pictures: torch.Tensor, device: torch.device) -> torch.Tensor:
    """Bytes [B, H, W, 3] -> scaled latents [B, 4, h, w], half."""
    with amp(device):
        spread = net.encode(scaled(pictures.to(device, non_blocking=True))).latent_dist
    return (spread.mean.float() * nets.LATENT_SCALE).half()


@torch.no_grad()
def psnr(net: Any, store: Store, device: torch.device, count: int = 64) -> float:
    """The mean over pictures, in the shipped precision's range 0..255."""
    found = []
    for part in _sample(store, count).split(32):
        latent = encoded(net, part, device).float() / nets.LATENT_SCALE
        made = net.decode(latent).sample.clamp(-1, 1)
        error = (made - scaled(part.to(device))).square().mean((1, 2, 3)) / 4
        found += (-10 * error.log10()).tolist()
    return math.fsum(found) / len(found)
