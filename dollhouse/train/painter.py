"""Trains the text encoder and the UNet together: noise prediction on the usual schedule.

First the early steps of the noise count most, in which words matter; then the late ones, in which faces and edges come,
and those between, in which a mood is decided, on pairs of scenes that nothing but a mood tells apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from dollhouse import home, nets
from dollhouse.train.latents import Latents, alike
from dollhouse.train.pace import Keeper, Mean, Pace, adam, amp, descend, placed, sized
from dollhouse.train.replay import learn, quickest
from dollhouse.train.store import WORDS, Store, pending, tokenized

BATCH = 256
RATE = 1e-3
WORDS_RATE = 0.2  # of the rate, for the text encoder: seen, at the whole rate it comes to say the same of every caption
ENOUGH = 8_000  # scenes to begin with
SNR_MOST = 5.0
FINE_FROM = 0.6  # of the time
LATE, LATE_SHARE = 450, 0.6  # steps of the noise below this one are the late ones; how many of the unpaired they are
EARLY_MOST = 4.0  # weight of the others then


@dataclass(frozen=True)
class Twins:
    """Scenes that come in pairs which one thing tells apart."""

    # steps of the noise in which that is undecided: it shows through by four or five sigmas at most
    open: tuple[int, int]
    cell: float  # times that a cell counts in which it may show
    apart: float  # the same in the difference of what is said of the two
    share: float = 3 / 8  # so many of a batch are followed by their twins
    strays: float = 0.0  # so many of the rest are seen part of the way to their twins, but meant as they are
    same_words: float = 0.0  # of so many pairs the same is said, so that words cannot tell them apart
    louder: float = 0.0  # a map is to add so much more than it truly does to what is said without it


ASTRAY = (350, 950)  # the strays' steps of the noise: earlier ones show nothing yet, later ones too much
ALL_THE_WAY = 3 / 8  # of the strays, are seen as their twins
LOUD = 350  # the step of the noise from which on a map is to add all of that; the earlier, the less
MOODS = Twins((450, 950), 9.0, 41.0)


class Noise:
    """The schedule, on a device. Min-SNR, and where there is more noise than picture the root of that more: it is there
    that words matter, and by the error of the noise alone they would hardly count.

    With `twins` the late steps count in full: seen, without that eyes and mouths stay a blur. Twins have the same
    noise, so that all else which is unsure falls out of the difference of what is said of the two: seen, moods are
    learnt several times as fast as from faces that count more alone.

    Who is drawn step by step is seen where the steps before have put him, not where he should be. So some are seen
    astray: with true pictures alone a ControlNet learns to trust them more than its map, as soon as they show anything.
    Guidance makes words count several times, with all that they say of how one usually stands; a map should not be
    outvoted. Seen: with the ControlNet counted twice more joints are drawn right, and backgrounds are spoilt. So it is
    taught to add more, and only where its map shows something.
    """

    def __init__(self, device: torch.device, twins: Twins | None = None) -> None:
        self.alphas, self.twins = nets.alphas().to(device), twins
        signal = self.alphas / (1 - self.alphas)
        self.weights = signal.clamp_max(SNR_MOST) / signal / signal.clamp_max(1).sqrt()
        if twins:
            self.weights = self.weights.clamp_max(EARLY_MOST)
            self.weights[:LATE] = 1

    def pairs(self, size: int) -> int:
        return int(size * self.twins.share) if self.twins else 0

    def strays(self, size: int) -> slice:
        """The rows of a batch that are seen astray."""
        first = 2 * self.pairs(size)
        return slice(first, first + int((size - first) * self.twins.strays) if self.twins else first)

    def added(
        self, latents: torch.Tensor, twins: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Noisy latents, their steps, and the noise that leads back from there. `twins`: of the strays."""
        times, noise, pairs = self._times(len(latents)), torch.randn_like(latents), self.pairs(len(latents))
        alike(pairs, times, noise)
        alpha = self.alphas[times][:, None, None, None]
        noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
        if twins is not None:
            rows = self.strays(len(latents))
            far = (torch.rand_like(latents[rows, :1, :1, :1]) / (1 - ALL_THE_WAY)).clamp(max=1)
            off = alpha[rows].sqrt() * far * (twins - latents[rows])
            noisy[rows] += off
            noise[rows] += off / (1 - alpha[rows]).sqrt()
        return noisy, times, noise

    def said_alike(self, words: torch.Tensor) -> torch.Tensor:
        """Of some pairs' twins the same is said as of the first."""
        if not (self.twins and self.twins.same_words):
            return words
        pairs = self.pairs(len(words))
        same = torch.rand(pairs, 1, device=words.device) < self.twins.same_words
        twins = torch.where(same, words[:pairs], words[pairs : 2 * pairs])
        return torch.cat([words[:pairs], twins, words[2 * pairs :]])

    def louder(
        self, wanted: torch.Tensor, alone: torch.Tensor, times: torch.Tensor, cells: torch.Tensor
    ) -> torch.Tensor:
        """What is wanted, further away from what is said without a map, `alone`, in those cells."""
        most = self.twins.louder if self.twins else 0.0
        more = most * (times / LOUD).clamp(max=1)[:, None, None, None]
        return wanted + more * F.avg_pool2d(cells.float(), 3, 1, 1, count_include_pad=False) * (wanted - alone)

    def _times(self, count: int) -> torch.Tensor:
        device, steps = self.alphas.device, len(self.alphas)
        if not self.twins:
            return torch.randint(steps, (count,), device=device)
        late, early, paired = (
            torch.randint(*span, (count,), device=device) for span in ((0, LATE), (LATE, steps), self.twins.open)
        )
        unpaired = torch.where(torch.rand(count, device=device) < LATE_SHARE, late, early)
        rows = self.strays(count)
        unpaired[rows] = torch.randint(*ASTRAY, (rows.stop - rows.start,), device=device)
        return torch.where(torch.arange(count, device=device) < self.pairs(count), paired, unpaired)

    def loss(
        self, said: torch.Tensor, noise: torch.Tensor, times: torch.Tensor, cells: torch.Tensor | None = None
    ) -> torch.Tensor:
        """`cells`: [B, 1, h, w], where twins may differ."""
        off, weights, pairs = said.float() - noise, self.weights[times], self.pairs(len(said))
        wrong, apart = off.square(), (off[:pairs] - off[pairs : 2 * pairs]).square()
        if self.twins and cells is not None:
            either = cells[:pairs] | cells[pairs : 2 * pairs]
            wrong, apart = wrong * (1 + (self.twins.cell - 1) * cells), apart * (1 + (self.twins.apart - 1) * either)
        lost = (wrong.mean((1, 2, 3)) * weights).sum() + (apart.mean((1, 2, 3)) * weights[:pairs]).sum()
        return lost / len(said)


class Painter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.text, self.unet = nets.text(), nets.unet()

    def forward(self, noisy: torch.Tensor, times: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        return self.unet(noisy, times, self.text(words).last_hidden_state, return_dict=False)[0]


def empty_words(device: torch.device) -> torch.Tensor:
    return torch.from_numpy(tokenized([""]).astype("int32")).to(device)


def train(store: Store, out: Path, seconds: float, device: torch.device, rate: float = RATE) -> None:
    """`seconds` in all, those included in which it waits for the autoencoder."""
    deadline = time.monotonic() + seconds
    torch.manual_seed(2)
    torch.set_float32_matmul_precision("high")
    painter = Painter()
    home.taken("text", painter.text, out)
    home.taken("unet", painter.unet, out)
    painter = placed(painter, device)
    ask = quickest("painter", painter, sample(BATCH, 4, store.plan.side // 8, device), seconds)
    latents = waited(store, out, device)
    _run(painter, ask, latents, out, deadline - time.monotonic(), rate)


def sample(count: int, channels: int, side: int, device: torch.device) -> tuple[torch.Tensor, ...]:
    """What a painter is asked in a step: noisy latents, their steps and words."""
    noisy, times = torch.randn(count, channels, side, side, device=device), torch.randint(1000, (count,), device=device)
    return noisy, times, torch.zeros(count, WORDS, dtype=torch.int32, device=device)


def waited(store: Store, out: Path, device: torch.device, facts_only: bool = False) -> Latents:
    """Begins once the autoencoder and enough scenes are there."""
    while pending(store.folder.parent, "vae").exists():
        time.sleep(0.2)
    latents = Latents(store, placed(home.opened("vae", out), device), device, store.plan.facts if facts_only else None)
    while latents.count < min(sized(ENOUGH, device), len(latents.values)):
        if not latents.grow():
            time.sleep(0.2)
    return latents


def step_of(
    latents: Latents,
    size: int,
    noise: Noise,
    ask: Any,
    optimizer: torch.optim.Optimizer,
    cells: Callable[[torch.Tensor], torch.Tensor] | None = None,
    alone: Any = None,
) -> Any:
    """A step against the error of the noise. `ask` is told places, noisy latents, their steps and words; `cells`, where
    in those places twins may differ: in faces, unless it says otherwise. `alone` is told noisy latents, their steps and
    words, and says what is said without a map, if that is to be louder."""
    empty = empty_words(latents.device)

    def step() -> torch.Tensor:
        places, clean, words = latents.batch(size, empty, noise.pairs(size))
        words = noise.said_alike(words)
        twins = latents.values[latents.twins[places[noise.strays(size)]]]
        noisy, times, wanted = noise.added(clean, twins)
        with amp(latents.device):
            said = ask(places, noisy, times, words)
        told = cells(places) if cells else latents.faces[places]
        if alone:
            with torch.no_grad(), amp(latents.device):
                plain = alone(noisy, times, words)
            wanted = noise.louder(wanted, plain.float(), times, told)
        loss = noise.loss(said, wanted, times, told)
        descend(loss, optimizer)
        return loss.detach()

    return step


def _run(painter: Painter, ask: Any, latents: Latents, out: Path, seconds: float, rate: float) -> None:
    device = latents.device
    size, keeper = sized(BATCH, device), Keeper(Mean(painter, 0.999), lambda: _kept(painter, out))
    slow = {"params": painter.text.parameters(), "lr": rate * WORDS_RATE}
    pace = Pace(seconds, adam([{"params": painter.unet.parameters()}, slow], rate, 0.0))
    parts = [
        (start, step_of(latents, size, noise, lambda _, *asked: ask(*asked), pace.optimizer))
        for start, noise in ((0.0, Noise(device)), (FINE_FROM, Noise(device, MOODS)))
    ]
    learn("painter", pace, parts, size, latents, keeper, device)
    pending(latents.store.folder.parent, "painter").unlink(missing_ok=True)


def _kept(painter: Painter, out: Path) -> None:
    home.kept("text", painter.text, out)
    home.kept("unet", painter.unet, out)
