"""Trains the UNet that repaints: nine channels, the noise, the mask and the picture without what the mask covers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from dollhouse import home, nets
from dollhouse.parts import FIRST_DOLL
from dollhouse.train.control import trained_painter
from dollhouse.train.latents import Facts, Latents
from dollhouse.train.pace import Keeper, Mean, Pace, adam, placed, sized
from dollhouse.train.painter import Noise, Painter, sample, step_of, waited
from dollhouse.train.replay import learn, quickest
from dollhouse.train.store import Store
from dollhouse.train.vae import encoded

BATCH = 192
RATE = 6e-4


def widened(unet: Any) -> Any:
    """The same network with five more channels of input that it does not heed yet."""
    net = nets.unet(9)
    tensors = dict(unet.state_dict())
    first = tensors["conv_in.weight"]
    tensors["conv_in.weight"] = torch.cat([first, torch.zeros(len(first), 5, 3, 3).to(first)], 1)
    net.load_state_dict(tensors)
    return net


class Covers:
    """Masks for a batch, [B, 1, H, W], 1 where the picture is made anew."""

    def __init__(self, owner: torch.Tensor) -> None:
        self.owner = owner  # bytes [n, H, W]

    def __call__(self, places: torch.Tensor) -> torch.Tensor:
        count, side, device = len(places), self.owner.shape[-1], places.device
        kind = torch.rand(count, 1, 1, 1, device=device)
        masks = torch.where(kind < 0.3, self._dolls(places), boxes(count, side, device))
        masks = torch.where(kind > 0.6, blots(count, side, device), masks)
        masks = torch.where(kind > 0.75, margins(count, side, device), masks)
        return torch.where(kind > 0.95, torch.ones_like(masks), masks)

    def _dolls(self, places: torch.Tensor) -> torch.Tensor:
        """One doll with a margin."""
        owner = self.owner[places]
        most = owner.amax((1, 2)).clamp_min(FIRST_DOLL)
        chosen = FIRST_DOLL + (torch.rand(len(places), device=places.device) * (most - FIRST_DOLL + 1)).long()
        doll = (owner == chosen[:, None, None]).float()[:, None]
        return F.max_pool2d(doll, 13, 1, 6)


def boxes(count: int, side: int, device: torch.device) -> torch.Tensor:
    middle = torch.rand(count, 2, 1, 1, device=device)
    half = torch.rand(count, 2, 1, 1, device=device) * 0.3 + 0.06
    line = (torch.arange(side, device=device) + 0.5) / side
    inside = (
        (line[None, None, :] - middle[:, 0]).abs() < half[:, 0],
        (line[None, :, None] - middle[:, 1]).abs() < half[:, 1],
    )
    return (inside[0] & inside[1]).float()[:, None]


def blots(count: int, side: int, device: torch.device) -> torch.Tensor:
    """Round spots, as a brush leaves them."""
    coarse = F.interpolate(torch.randn(count, 1, 5, 5, device=device), (side, side), mode="bicubic")
    return (coarse > torch.rand(count, 1, 1, 1, device=device) * 0.8).float()


def margins(count: int, side: int, device: torch.device) -> torch.Tensor:
    """A strip along one to four sides, as when a picture goes on beyond its frame."""
    line = (torch.arange(side, device=device) + 0.5) / side
    width = torch.rand(count, 4, 1, device=device) * 0.5 * (torch.rand(count, 4, 1, device=device) < 0.5)
    across = (line < width[:, 0]) | (line > 1 - width[:, 1])
    down = (line < width[:, 2]) | (line > 1 - width[:, 3])
    return (across[:, None, :] | down[:, :, None]).float()[:, None]


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    torch.manual_seed(4)
    deadline = time.monotonic() + seconds
    net = Painter()
    net.text, net.unet = net.text.requires_grad_(False), nets.unet(9)
    net = placed(net, device)
    ask = quickest("inpaint", net, sample(BATCH, 9, store.plan.side // 8, device), seconds)
    latents = waited(store, out, device, facts_only=True)
    painter = trained_painter(store, out)
    net.text.load_state_dict(painter.text.state_dict())
    net.unet.load_state_dict(widened(painter.unet).state_dict())
    home.taken("inpaint", net.unet, out)
    _run(net.unet, ask, latents, out, deadline - time.monotonic())


def beside(vae: Any, pictures: torch.Tensor, masks: torch.Tensor, device: torch.device) -> torch.Tensor:
    """[B, 5, h, w]: the mask, and the latent of the picture with grey under the mask."""
    covered = torch.where(masks.movedim(1, -1) > 0.5, 127.5, pictures.float())
    small = F.interpolate(masks, scale_factor=1 / 8, mode="nearest")
    return torch.cat([small, encoded(vae, covered, device).float()], 1)


def _run(net: Any, ask: Any, latents: Latents, out: Path, seconds: float) -> None:
    device = latents.device
    size, keeper = sized(BATCH, device), Keeper(Mean(net, 0.998), lambda: home.kept("inpaint", net, out))
    pace, shown = Pace(seconds, adam(net.parameters(), RATE, 0.0)), Facts(latents, "picture", "owner")
    covers = Covers(shown["owner"])

    def asked(places: torch.Tensor, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        seen = torch.cat([noisy, beside(latents.vae, shown["picture"][places], covers(places), device)], 1)
        return ask(seen.contiguous(), times, words)

    step = step_of(latents, size, Noise(device), asked, pace.optimizer)
    learn("inpaint", pace, [(0.0, step)], size, shown, keeper, device)
