"""Trains the ControlNet for skeletons on the finished painter.

First what reads the map learns alone to say which bone is where; then all of it learns on pairs of scenes that nothing
but their dolls' poses tells apart, half of them with the same words for both.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from dollhouse import home, nets
from dollhouse.train.control import Steered, trained_painter
from dollhouse.train.latents import Facts, Latents
from dollhouse.train.pace import Keeper, Mean, Pace, adam, descend, placed, sized
from dollhouse.train.painter import Noise, Painter, Twins, empty_words, sample, step_of, waited
from dollhouse.train.replay import learn, quickest
from dollhouse.train.store import Store, palette

BATCH = 192
RATE, HINT_RATE = 8e-4, 2e-3
DOORS_RATE = 2.0  # times the rate, for the convolutions by which a ControlNet enters the painter: they begin at nothing
ALONE = 0.06  # of the time, for what reads the map
POSES = Twins((650, 1000), 4.0, 24.0, share=5 / 16)
SAME_WORDS = 0.5
KIND = "openpose"


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
        """The cells that a skeleton touches and those beside them, [B, 1, h, w]."""
        touched = F.max_pool2d((self["skeleton"][places] > 0).float()[:, None], 8)
        return F.max_pool2d(touched, 3, 1, 1) > 0


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    torch.manual_seed(5)
    deadline = time.monotonic() + seconds
    net = placed(Steered(Painter().eval()), device)
    hint = torch.zeros(BATCH, 3, store.plan.side, store.plan.side, device=device)
    ask = quickest("openpose", net, (*sample(BATCH, 4, store.plan.side // 8, device), hint), seconds)
    known = Skeletons(waited(store, out, device, facts_only=True))
    net.painter.load_state_dict(trained_painter(store, out).state_dict())
    net.control.load_state_dict(nets.controlnet_of(net.painter.unet).state_dict())
    begun = home.taken(KIND, net.control, out)
    _run(net, ask, known, out, deadline - time.monotonic(), begun)


def _run(net: Steered, ask: Any, known: Skeletons, out: Path, seconds: float, begun: bool) -> None:
    latents, control = known.latents, net.control
    device, size = latents.device, sized(BATCH, latents.device)
    noise, empty, kinds = Noise(device, POSES), empty_words(device), len(known.colours) - 1
    pairs = noise.pairs(size)
    hint = control.controlnet_cond_embedding
    if not begun:
        nn.init.kaiming_normal_(hint.conv_out.weight)
    reads = placed(nn.Sequential(hint, nn.Conv2d(nets.WIDTHS[0], kinds, 1)), device)
    doors = [*control.controlnet_down_blocks.parameters(), *control.controlnet_mid_block.parameters()]
    rest = [value for value in control.parameters() if not any(value is door for door in doors)]
    groups = [{"params": rest}, {"params": doors, "lr": RATE * DOORS_RATE}]
    pace, alone = Pace(seconds, adam(groups, RATE, 0.0)), adam(reads.parameters(), HINT_RATE, 0.0)
    keeper = Keeper(Mean(control, 0.995), lambda: home.kept(KIND, control, out))

    def read() -> torch.Tensor:
        places = latents.batch(size, empty)[0]
        loss = kinds * F.binary_cross_entropy_with_logits(reads(known.maps(places)), known.bones(places))
        descend(loss, alone)
        return loss.detach()

    def asked(places: torch.Tensor, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        same = torch.rand(pairs, 1, device=device) < SAME_WORDS
        words[pairs : 2 * pairs] = torch.where(same, words[:pairs], words[pairs : 2 * pairs])
        return ask(noisy, times, words, known.maps(places).contiguous())

    step = step_of(latents, size, noise, asked, pace.optimizer, known.near)
    parts = [(0.0, step)] if begun else [(0.0, read), (ALONE, step)]
    learn(f"control {KIND}", pace, parts, size, known, keeper, device)
