"""The trainings by name: what each needs, and how it is run alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from dollhouse.train.store import Plan, Store

Train = Callable[[Store, Path, float, torch.device], None]
READERS_FIRST = 1_000_000_000  # from this seed on are scenes that no painter ever sees
SHARP_FIRST = 2_000_000_000


@dataclass(frozen=True)
class Job:
    train: Callable[[], Train]  # imported when it is needed
    store: str


def _vae() -> Train:
    from dollhouse.train.vae import train

    return train


def _painter() -> Train:
    from dollhouse.train.painter import train

    return train


def _control() -> Train:
    from dollhouse.train.control import train

    return train


def _inpaint() -> Train:
    from dollhouse.train.inpaint import train

    return train


def _readers() -> Train:
    from dollhouse.train.readers import train

    return train


def _detector() -> Train:
    from dollhouse.train.detector import train

    return train


def _upscaler() -> Train:
    from dollhouse.train.upscaler import train

    return train


JOBS = {
    "vae": Job(_vae, "scenes"),
    "painter": Job(_painter, "scenes"),
    "control": Job(_control, "scenes"),
    "inpaint": Job(_inpaint, "scenes"),
    "readers": Job(_readers, "others"),
    "detector": Job(_detector, "others"),
    "upscaler": Job(_upscaler, "sharp"),
}


def plans(scenes: int, facts: int) -> dict[str, Plan]:
    """What is drawn for the trainings; the whole of it is in proportion to `scenes`."""
    return {
        "scenes": Plan(scenes, min(facts, scenes)),
        "others": Plan(scenes // 4, scenes // 4, first=READERS_FIRST, split="test", cast=0.3),
        "sharp": Plan(max(200, scenes // 60), first=SHARP_FIRST, side=512),
    }


def run(name: str, work: Path, out: Path, until: float) -> None:
    """Ends at that moment of the monotonic clock, however long a process takes to begin."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    train, store = JOBS[name].train(), Store.opened(work / JOBS[name].store)
    train(store, out, until - time.monotonic(), device)
