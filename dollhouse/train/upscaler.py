"""Trains the small upscaler on crops of large pictures."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from dollhouse.home import UPSCALER, filled, write
from dollhouse.train import pace
from dollhouse.train.rrdb import SCALE, RRDBNet
from dollhouse.train.store import Plan, Store

HELD_OUT = Plan(count=16, first=4_000_000_000, split="test", side=512)
CROP = 160  # pixels of the large picture
LEAST = 100  # pictures, before the first batch is cut
EVERY = 40.0  # seconds between two saved files


def train(store: Store, out: Path, seconds: float, device: torch.device) -> None:
    end = time.monotonic() + seconds
    awaited(store)
    own, plain = judged(learned(store, out, end - time.monotonic(), device), device)
    print(f"upscaler: psnr={own:.2f} bicubic={plain:.2f} gain={own - plain:.2f}", flush=True)


def learned(
    store: Store, out: Path, seconds: float, device: torch.device, batch: int = 64, crop: int = CROP, rate: float = 1e-3
) -> RRDBNet:
    network = RRDBNet().to(device).to(memory_format=torch.channels_last)
    filled(network, out / UPSCALER)
    optimizer = pace.adam(network.parameters(), rate, decay=0.0)
    mean, feed = pace.Mean(network), pace.Feed(Cutter(store, batch, crop))
    clock, keeper = pace.Pace(seconds, optimizer), pace.Keeper(mean, lambda: save(network, out), EVERY)
    for _ in clock.ticks():
        loss = step(network, optimizer, feed().to(device, non_blocking=True))
        mean.update()
        clock.said("upscaler", loss=loss)
        keeper.maybe()
    feed.close()
    keeper.now()
    mean.swap()
    return network


def step(network: RRDBNet, optimizer: torch.optim.Optimizer, cut: Tensor) -> Tensor:
    """One step on crops, [B, H, W, 3], 0..255."""
    large = cut.permute(0, 3, 1, 2).float() / 255
    small = reduced(large).contiguous(memory_format=torch.channels_last)
    with pace.amp(large.device):
        made = network(small)
    loss = torch.sqrt((made.float() - large).square() + 1e-6).mean()
    pace.descend(loss, optimizer)
    return loss.detach()


def reduced(large: Tensor) -> Tensor:
    """A quarter of the size, half of the batch by area and half by cubic, as a file of 8 bits keeps it."""
    half = len(large) // 2
    area = interpolate(large[:half], scale_factor=1 / SCALE, mode="area")
    return eight_bits(torch.cat((area, cubic(large[half:], 1 / SCALE))))


def cubic(picture: Tensor, scale: float) -> Tensor:
    return interpolate(picture, scale_factor=scale, mode="bicubic", antialias=True)


def eight_bits(picture: Tensor) -> Tensor:
    return (picture.clamp(0, 1) * 255).round() / 255


class Cutter:
    """Makes batches of crops, [B, H, W, 3], turned and mirrored at random; threads may share one."""

    def __init__(self, store: Store, batch: int, crop: int) -> None:
        self.store, self.batch, self.crop = store, batch, crop
        self._random = np.random.default_rng(7)
        self._lock = threading.Lock()

    def __call__(self) -> Tensor:
        with self._lock:
            random = np.random.default_rng(self._random.integers(2**63))
        numbers = random.choice(awaited(self.store), self.batch)
        return torch.from_numpy(np.stack([self._cut(int(number), random) for number in numbers]))

    def _cut(self, number: int, random: np.random.Generator) -> NDArray[np.uint8]:
        top, left = random.integers(0, self.store.plan.side - self.crop + 1, 2)
        cut = self.store["picture"][number, top : top + self.crop, left : left + self.crop]
        cut = np.rot90(cut, int(random.integers(4)))
        return cut[:, ::-1] if random.random() < 0.5 else cut


def awaited(store: Store, least: int = LEAST) -> NDArray[np.intp]:
    """The scenes that are ready, once there are enough of them."""
    while len(found := store.ready()) < min(least, store.plan.count):
        time.sleep(0.5)
    return found


def save(network: RRDBNet, out: Path) -> None:
    write(out / UPSCALER, network.state_dict(), {"format": "pt", "architecture": "ESRGAN", "scale": str(SCALE)})


@torch.no_grad()
def judged(network: RRDBNet, device: torch.device, plan: Plan = HELD_OUT) -> tuple[float, float]:
    """The mean PSNR on held-out scenes of the network and of bicubic, in dB."""
    from dollhouse import render

    own, plain = [], []
    for number in range(plan.count):
        picture = np.array(render(plan.scene(number), plan.side))
        large = torch.from_numpy(picture).to(device).permute(2, 0, 1)[None].float() / 255
        small = eight_bits(cubic(large, 1 / SCALE))
        own.append(psnr(eight_bits(network(small)), large))
        plain.append(psnr(eight_bits(cubic(small, SCALE)), large))
    return float(np.mean(own)), float(np.mean(plain))


def psnr(made: Tensor, true: Tensor) -> float:
    return float(-10 * torch.log10((made - true).square().mean()))
