"""Small lessons: pictures that differ, and arguments that take seconds on the tiny model."""

from __future__ import annotations

from typing import Any

import numpy as np
from atelier_concept_lock.teach.crops import Source, source
from atelier_concept_lock.teach.options import TeachArgs
from PIL import Image


def pictured(seed: int, width: int = 80, height: int = 72) -> Image.Image:
    """A patch of one colour on a ground of another."""
    luck = np.random.default_rng(seed)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = luck.integers(0, 256, 3)
    pixels[height // 4 : height // 2, width // 4 : width // 2] = luck.integers(0, 256, 3)
    return Image.fromarray(pixels)


def pair(*captions: str) -> list[Source]:
    told = captions or ("", "")
    return [source(pictured(n), None, None, caption) for n, caption in enumerate(told, 1)]


def small(name: str = "doll", **more: Any) -> TeachArgs:
    plain: dict[str, Any] = {
        "noun": "woman",
        "size": 64,
        "rank": 4,
        "alpha": 4.0,
        "rate": 2e-3,
        "steps": 6,
        "schedule": "constant",
        "prior": 0.0,
        "class_pictures": 2,
        "sample_every": 0,
        "sample_steps": 2,
        "save_every": 2,
    }
    return TeachArgs(name, **{**plain, **more})
