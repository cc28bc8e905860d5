"""Trains the ControlNet for skeletons on the finished painter.

First what reads the map learns alone to say which bone is where; then all of it learns on pairs of scenes that nothing
but how their dolls stand tells apart, half of them with the same words for both, and on scenes seen part of the way to
their twins. And it learns to add more than the skeleton truly does to what the painter says without one.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from dollhouse import home, nets
from dollhouse.train.control import BATCH, Steered, begun
from dollhouse.train.latents import Facts, Latents
from dollhouse.train.pace import Keeper, Mean, Pace, adam, descend, placed, sized
from dollhouse.train.painter import Noise, Twins, empty_words, step_of
from dollhouse.train.replay import learn
from dollhouse.train.store import Store, palette

KIND = "openpose"
RATE, READING_RATE = 8e-4, 2e-3
DOORS = 2.0  # times the rate, for the convolutions by which a ControlNet enters the painter: they begin at nothing
READING = 0.06  # of the time, for what reads the map alone
APART = Twins((650, 1000), 4.0, 24.0, share=3 / 16, strays=0.7, same_words=0.5, louder=1.0)


class Skeletons(Facts):
    """The maps, as numbers of the palette's colours."""

    def __init__(self, latents: Latents) -> None:
        super().__init__(latents, "skeleton")
        self.colours = torch.from_numpy(palette()).to(latents.device)

    def maps(self, places: torch.Tensor) -> torch.Tensor:
        """[B, 3, H, W], 0..1."""
        return self.colours[self["skeleton"][places].long()].movedim(-1, 1).float() / 255

    def bones(self, places: torch.Tensor) -> torch.Tensor:
        """Which joints and bones touch a cell, [B, 36, h, w], 0 or 1."""
        numbers = torch.arange(1, len(self.colours), device=self.colours.device)
        shown = self["skeleton"][places][:, None] == numbers[:, None, None]
        return F.max_pool2d(shown.float(), 8)

    def near(self, places: torch.Tensor) -> torch.Tensor:
        """The cells that a skeleton or its twin's touches and those beside them, [B, 1, h, w]."""
        either = (self["skeleton"][places] > 0) | (self["skeleton"][self.latents.twins[places]] > 0)
        return F.max_pool2d(F.max_pool2d(either.float()[:, None], 8), 3, 1, 1) > 0


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    torch.manual_seed(5)
    deadline = time.monotonic() + seconds
    net, ask, latents = begun(KIND, store, out, seconds, device)
    net.begin()
    known, entered = Skeletons(latents), doors(net.control)
    if not (home.taken(KIND, net.control, out) and any(bool(door.any()) for door in entered)):
        nn.init.kaiming_normal_(net.control.controlnet_cond_embedding.conv_out.weight)
        _read(net.control, known, out, READING * (deadline - time.monotonic()))
    _steer(net, ask, known, out, deadline - time.monotonic())


def doors(control: Any) -> list[nn.Parameter]:
    return [*control.controlnet_down_blocks.parameters(), *control.controlnet_mid_block.parameters()]


def _keeper(control: Any, out: Path) -> Keeper:
    return Keeper(Mean(control, 0.995), lambda: home.kept(KIND, control, out))


def _read(control: Any, known: Skeletons, out: Path, seconds: float) -> None:
    latents, hint, kinds = known.latents, control.controlnet_cond_embedding, len(known.colours) - 1
    size, empty = sized(BATCH, latents.device), empty_words(latents.device)
    reads = placed(nn.Sequential(hint, nn.Conv2d(nets.WIDTHS[0], kinds, 1)), latents.device)
    pace = Pace(seconds, adam(reads.parameters(), READING_RATE, 0.0))

    def step() -> torch.Tensor:
        places = latents.batch(size, empty)[0]
        loss = kinds * F.binary_cross_entropy_with_logits(reads(known.maps(places)), known.bones(places))
        descend(loss, pace.optimizer)
        return loss.detach()

    learn(f"control {KIND}, reading", pace, [(0.0, step)], size, known, _keeper(control, out), latents.device)


def _steer(net: Steered, ask: Any, known: Skeletons, out: Path, seconds: float) -> None:
    latents, entered = known.latents, doors(net.control)
    size, noise = sized(BATCH, latents.device), Noise(latents.device, APART)
    rest = [value for value in net.control.parameters() if not any(value is door for door in entered)]
    pace = Pace(seconds, adam([{"params": rest}, {"params": entered, "lr": DOORS * RATE}], RATE, 0.0))

    def asked(places: torch.Tensor, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return ask(noisy, times, words, known.maps(places).contiguous())

    step = step_of(latents, size, noise, asked, pace.optimizer, known.near, net.painter)
    learn(f"control {KIND}", pace, [(0.0, step)], size, known, _keeper(net.control, out), latents.device)
