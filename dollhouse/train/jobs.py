"""The trainings by name: what each needs, and how it is run alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import torch

from dollhouse.train.store import Plan, Store

Train = Callable[[Store, Path, float, torch.device], None]
POSES_FIRST = 500_000_000
READERS_FIRST = 1_000_000_000  # from this seed on are scenes that no painter ever sees
SHARP_FIRST = 2_000_000_000


JOBS = {  # training, the module of its name -> the store that it learns from
    "vae": "scenes",
    "painter": "scenes",
    "control": "scenes",
    "openpose": "poses",
    "inpaint": "scenes",
    "readers": "others",
    "detector": "others",
    "upscaler": "sharp",
}


def training(name: str) -> Train:
    """Imported only when it is needed: one needs packages that the others do without."""
    return import_module(f"dollhouse.train.{name}").train


def plans(scenes: int, facts: int, core: bool = False) -> dict[str, Plan]:
    """What is drawn for the trainings, in proportion to `scenes`. `core`: all that the painter sees."""
    whole = Plan(scenes, min(facts, scenes), twins="moods")
    learnt = replace(whole, core=1.0, people=(0.5, 0.5, 0.0)) if core else whole
    return {
        "scenes": learnt,
        "poses": replace(learnt, count=learnt.facts, first=POSES_FIRST, twins="poses"),
        "others": Plan(scenes // 4, scenes // 4, first=READERS_FIRST, split="test", cast=0.3, core=0.5),
        "sharp": Plan(max(200, scenes // 60), first=SHARP_FIRST, side=512),
    }


def run(name: str, work: Path, out: Path, until: float) -> None:
    """Ends at that moment of the monotonic clock, however long a process takes to begin."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.set_float32_matmul_precision("high")
    train, store = training(name), Store.opened(work / JOBS[name])
    train(store, out, until - time.monotonic(), device)
