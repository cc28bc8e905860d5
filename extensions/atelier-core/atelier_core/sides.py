"""The sizes that tabs begin with: those of the pictures that the loaded checkpoint was made for, as its files say."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from math import isqrt
from pathlib import Path
from typing import Any, Protocol

from .geometry import Extent

USUAL, LARGE = 512, 1024  # pixels
LEAST, MOST = 64, 2048  # pixels that can be meant
STEP = 64  # pixels that sides are multiples of
CELL = 8  # pixels of a picture in a cell of its latent
_LARGE = ("conditioner.embedders.", "double_blocks.", "joint_blocks.")  # in names of SDXL, of Flux, of SD 3
_SAID = re.compile(r"(\d{2,4})x(\d{2,4})")
_MOST_HEADER = 16_000_000  # bytes; those of the largest models have two or three million


class Checkpoint(Protocol):
    @property
    def path(self) -> Path | None: ...


class Drawing(Protocol):
    """Of a host what is asked here."""

    def loaded(self) -> Checkpoint | None: ...


def first_side(host: Drawing) -> int:
    """Of a square that the model draws well. Nothing is loaded to find out."""
    used = host.loaded()
    path = used.path if used else None
    if path is None:
        return USUAL
    try:
        side = _of_folder(path) if path.is_dir() else _of_file(path)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):  # nothing there, or no sense in it
        return USUAL
    return side // STEP * STEP if LEAST <= side <= MOST else USUAL


def upright(side: int) -> Extent:
    """A sheet for somebody who stands, of what a model for such squares draws well; small ones know squares alone."""
    if side < USUAL:
        return Extent(side, side)
    if side < LARGE:
        return Extent(side, side * 3 // 2)
    return Extent(*(round(side * share / STEP) * STEP for share in (0.8125, 1.1875)))  # 832 × 1216 for SDXL


def _of_folder(path: Path) -> int:
    said = json.loads((path / "unet" / "config.json").read_text(encoding="utf-8")).get("sample_size")
    return said * CELL if isinstance(said, int) else USUAL


def _of_file(path: Path) -> int:
    stat = path.stat()
    resolution, large = _head(path, stat.st_mtime_ns, stat.st_size)
    said = _SAID.fullmatch(resolution)
    return isqrt(int(said[1]) * int(said[2])) if said else LARGE if large else USUAL


@lru_cache(maxsize=64)
def _head(path: Path, changed: int, size: int) -> tuple[str, bool]:
    """What a safetensors file says of its resolution, and whether its tensors are a large model's."""
    with path.open("rb") as file:
        start = file.read(9)
        length = int.from_bytes(start[:8], "little")
        if start[8:] != b"{" or length > _MOST_HEADER:
            return "", False
        head: dict[str, Any] = json.loads(b"{" + file.read(length - 1))
    resolution = head.get("__metadata__", {}).get("modelspec.resolution", "")
    return str(resolution), any(part in name for name in head for part in _LARGE)
