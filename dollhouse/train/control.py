"""Trains the ControlNets for lines and light on the finished painter; that for skeletons is in openpose.py."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from dollhouse import home, nets
from dollhouse.train.latents import Facts, Latents
from dollhouse.train.pace import Keeper, Mean, Pace, adam, placed, sized
from dollhouse.train.painter import Noise, Painter, sample, step_of, waited
from dollhouse.train.replay import learn, quickest
from dollhouse.train.store import Store, pending

BATCH = 192
RATE = 1e-3
Maps = Callable[[torch.Tensor], torch.Tensor]  # places in the latents -> [B, 3, H, W], 0..1


class Known(Facts):
    """The maps."""

    def __init__(self, latents: Latents) -> None:
        super().__init__(latents, "line", "canny", "light")

    def scribble(self, places: torch.Tensor) -> torch.Tensor:
        """White lines on black: drawn lines or found edges, whole or with parts rubbed out."""
        drawn = torch.rand(len(places), 1, 1, device=places.device) < 0.6
        lines = torch.where(drawn, self["line"][places], self["canny"][places]).float() / 255
        coarse = torch.rand(len(places), 1, 8, 8, device=places.device)
        share = torch.rand(len(places), 1, 1, 1, device=places.device) * 0.5 - 0.2
        kept = nn.functional.interpolate((coarse > share).float(), lines.shape[-2:], mode="nearest")
        return (lines[:, None] * kept).expand(-1, 3, -1, -1)

    def light(self, places: torch.Tensor) -> torch.Tensor:
        side, lights = self.latents.store.plan.side, self["light"][places].movedim(-1, 1).float() / 255
        return nn.functional.interpolate(lights, (side, side), mode="bilinear")


class Steered(nn.Module):
    """A painter that is not trained, and the ControlNet that is."""

    def __init__(self, painter: Painter) -> None:
        super().__init__()
        self.painter = painter.requires_grad_(False)
        self.control = nets.controlnet_of(painter.unet)

    def begin(self) -> None:
        """The ControlNet anew, as a copy of what the painter is now."""
        self.control.load_state_dict(nets.controlnet_of(self.painter.unet).state_dict())

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor, hint: torch.Tensor) -> Any:
        with torch.no_grad():
            meaning = self.painter.text(words).last_hidden_state
        skips, middle = self.control(noisy, times, meaning, controlnet_cond=hint, return_dict=False)
        return self.painter.unet(
            noisy,
            times,
            meaning,
            down_block_additional_residuals=skips,
            mid_block_additional_residual=middle,
            return_dict=False,
        )[0]


def trained_painter(store: Store, out: Path) -> Painter:
    """The painter, once nobody trains it any more."""
    while pending(store.folder.parent, "painter").exists():
        time.sleep(0.2)
    painter = Painter()
    painter.text, painter.unet = home.opened("text", out), home.opened("unet", out)
    return painter


def begun(name: str, store: Store, out: Path, seconds: float, device: torch.device) -> tuple[Steered, Any, Latents]:
    """The finished painter with a ControlNet, what asks it quickest, and what it learns from."""
    net = placed(Steered(Painter().eval()), device)
    hint = torch.zeros(BATCH, 3, store.plan.side, store.plan.side, device=device)
    ask = quickest(name, net, (*sample(BATCH, 4, store.plan.side // 8, device), hint), seconds)
    latents = waited(store, out, device, facts_only=True)
    net.painter.load_state_dict(trained_painter(store, out).state_dict())
    return net, ask, latents


def train(
    store: Store, out: Path, seconds: float, device: torch.device, kinds: tuple[str, ...] = ("scribble", "light")
) -> None:
    """One after the other on one set of maps; `seconds` in all, those included in which it waits for the painter."""
    torch.manual_seed(3)
    deadline = time.monotonic() + seconds
    net, ask, latents = begun("control", store, out, seconds, device)
    known = Known(latents)
    for place, kind in enumerate(kinds):
        left = (deadline - time.monotonic()) / (len(kinds) - place)
        net.begin()
        _run(kind, net, ask, known, out, left)


def _run(kind: str, net: Steered, ask: Any, known: Known, out: Path, seconds: float) -> None:
    device, maps = known.latents.device, getattr(known, kind)
    home.taken(kind, net.control, out)
    size, keeper = sized(BATCH, device), Keeper(Mean(net.control, 0.995), lambda: home.kept(kind, net.control, out))
    pace = Pace(seconds, adam(net.control.parameters(), RATE, 0.0))

    def asked(places: torch.Tensor, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return ask(noisy, times, words, maps(places).contiguous())

    step = step_of(known.latents, size, Noise(device), asked, pace.optimizer)
    learn(f"control {kind}", pace, [(0.0, step)], size, known, keeper, device)
