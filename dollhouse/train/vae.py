"""Trains the autoencoder on crops of drawn scenes."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dollhouse import nets
from dollhouse.train.pace import Feed, Mean, Pace, adam, amp, resumed, save, sized
from dollhouse.train.store import Store

CROP, BATCH = 128, 96
RATE = 1.5e-3
CLOSENESS = 3e-4  # weight of the latent's distance from a normal distribution


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    torch.manual_seed(1)
    size = sized(BATCH, device)
    net = nets.vae().to(device).to(memory_format=torch.channels_last)
    resumed(net, out / "vae.safetensors")
    mean = Mean(net, 0.998)
    feed = Feed(lambda: _batch(store, size), threads=4)
    pace = Pace(seconds, adam(net.parameters(), RATE, 0.0))
    losses = None
    for share in pace.ticks():
        losses = step(net, _seen(feed(), device, whole=share > 0.8), pace.optimizer, device)
        mean.update()
        pace.said("vae", error=losses[0], square_db=-10 * losses[1].log10(), closeness=losses[2])
    feed.close()
    mean.swap()
    settle(net, store, device)
    save(out / "vae.safetensors", net.state_dict())
    print(f"vae: {psnr(net, store, device):.2f} dB after {pace.steps} steps of {size}", flush=True)


def _batch(store: Store, size: int) -> torch.Tensor:
    while not len(ready := store.ready()) >= 64:
        time.sleep(0.2)
    chosen = np.random.default_rng().choice(ready, size)
    return torch.from_numpy(store["picture"][np.sort(chosen)])


def _seen(pictures: torch.Tensor, device: torch.device, whole: bool) -> torch.Tensor:
    """[B, 3, h, w], -1..1: crops, and toward the end whole pictures, fewer of them."""
    if whole:
        pictures = pictures[: max(1, len(pictures) * CROP**2 // pictures.shape[1] ** 2)]
    else:
        top, left = np.random.default_rng().integers(0, pictures.shape[1] - CROP + 1, 2)
        pictures = pictures[:, top : top + CROP, left : left + CROP]
    return scaled(pictures.to(device, non_blocking=True))


def scaled(pictures: torch.Tensor) -> torch.Tensor:
    """[B, H, W, 3] bytes -> [B, 3, H, W], -1..1."""
    return pictures.movedim(-1, 1).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)


def step(net: Any, pictures: torch.Tensor, optimizer: torch.optim.Optimizer, device: torch.device) -> Any:
    with amp(device):
        spread = net.encode(pictures).latent_dist
        made = net.decode(spread.sample()).sample.float()
    error = made - pictures
    square = error.square().mean()
    closeness = 0.5 * (spread.mean.float().square() + spread.var.float() - 1 - spread.logvar.float()).mean()
    loss = error.abs().mean() + 2 * square + 0.5 * _edges(error) + CLOSENESS * closeness
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    return loss.detach(), square.detach() / 4, closeness.detach()


def _edges(error: torch.Tensor) -> torch.Tensor:
    """How wrong the steps between neighbours are."""
    return error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()


@torch.no_grad()
def settle(net: Any, store: Store, device: torch.device) -> None:
    """Folds the latent's mean and spread into the network, so that the usual scale makes it of unit variance."""
    latents = torch.cat([encoded(net, part, device).float() for part in _sample(store, 512).split(64)])
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
def psnr(net: Any, store: Store, device: torch.device, count: int = 256) -> float:
    """The mean over pictures, in the shipped precision's range 0..255."""
    found = []
    for part in _sample(store, count).split(32):
        latent = encoded(net, part, device).float() / nets.LATENT_SCALE
        made = net.decode(latent).sample.clamp(-1, 1)
        error = (made - scaled(part.to(device))).square().mean((1, 2, 3)) / 4
        found += (-10 * error.log10()).tolist()
    return math.fsum(found) / len(found)
