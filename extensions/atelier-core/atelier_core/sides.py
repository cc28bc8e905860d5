"""The sizes that tabs begin with: those of the pictures that the loaded checkpoint was made for, as its file says."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from .geometry import Extent

USUAL, LARGE = 512, 1024  # pixels
LEAST, MOST = 64, 2048  # pixels that can be meant
STEP = 64  # pixels that sides are told in
CELL = 8  # pixels of a picture in a cell of its latent
_LARGE = ("conditioner.embedders.", "double_blocks.", "joint_blocks.")  # in names of SDXL, of Flux, of SD 3
_SAID = re.compile(r"""^ {4,}["']?image_size["']?: *(\d+)""", re.MULTILINE)  # cells, in a checkpoint's own .yaml
_MOST_HEADER = 100_000_000  # bytes, the format's own limit


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
        stat = path.stat()
        side = _side(path, stat.st_mtime_ns, stat.st_size)
    except (OSError, ValueError, AttributeError):  # nothing there, or nothing that makes sense
        return USUAL
    return side if LEAST <= side <= MOST else USUAL


def upright(side: int) -> Extent:
    """A sheet for somebody who stands, of what a model for such squares draws well; small ones know squares alone."""
    if side < USUAL:
        return Extent(side, side)
    if side < LARGE:
        return Extent(side, side * 3 // 2)
    return Extent(*(round(side * share / STEP) * STEP for share in (0.8125, 1.1875)))  # 832 × 1216 for SDXL


@lru_cache(maxsize=64)
def _side(path: Path, changed: int, size: int) -> int:
    if path.is_dir():
        said = json.loads((path / "unet" / "config.json").read_text(encoding="utf-8")).get("sample_size")
        return said * CELL if isinstance(said, int) else USUAL
    recipe = path.with_suffix(".yaml")
    found = _SAID.search(recipe.read_text(encoding="utf-8")) if recipe.is_file() else None
    if found:
        return int(found[1]) * CELL
    return LARGE if any(part in name for name in _names(path) for part in _LARGE) else USUAL


def _names(path: Path) -> list[str]:
    """Of a safetensors file's tensors; of any other file none."""
    with path.open("rb") as file:
        head = file.read(9)
        length = int.from_bytes(head[:8], "little")
        if head[8:] != b"{" or length > _MOST_HEADER:
            return []
        return list(json.loads(b"{" + file.read(length - 1)))
