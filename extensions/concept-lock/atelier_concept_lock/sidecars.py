"""Locks in infotexts: a drawn mask that is too long for one lies in a file of its own, under its SHA-256.

Such a region says {"mask": "sha256:…", "box": [l, t, r, b]}: the box holds the mask, and stands for it when the file
is gone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from atelier_core import files
from atelier_core.errors import UserError
from atelier_core.geometry import Extent

from .regions import Box, Drawn, Lock, lock_from, mask_text, parsed

MOST_IN_TEXT = 1024  # characters of one mask
NAMED = re.compile(r"sha256:([0-9a-f]{64})")
SIDE = 512  # pixels to which a box is told


def written(lock: Lock, folder: Path) -> str:
    """The lock's text for an infotext; its long masks are in the folder then."""
    body = lock.to_json()
    for said, region in zip(body["regions"], lock.regions, strict=True):
        if isinstance(region.mask, Drawn) and len(said["mask"]) > MOST_IN_TEXT:
            said |= {"mask": f"sha256:{_kept(region.mask.png, folder)}", "box": box_around(region.mask)}
    return json.dumps(_lean(body), ensure_ascii=False, separators=(",", ":"))


def _lean(body: Any) -> Any:
    """Without what is empty: it is so by itself."""
    if isinstance(body, list):
        return [_lean(one) for one in body]
    if isinstance(body, dict):
        return {key: _lean(one) for key, one in body.items() if one not in ("", [])}
    return body


def _kept(png: bytes, folder: Path) -> str:
    digest = hashlib.sha256(png).hexdigest()
    path = _path(folder, digest)
    if not path.is_file() or path.read_bytes() != png:
        folder.mkdir(parents=True, exist_ok=True)
        with files.placed(path) as file:
            file.write(png)
    return digest


def _path(folder: Path, digest: str) -> Path:
    return folder / f"{digest}.png"


def box_around(mask: Drawn) -> list[float]:
    """The whole picture for an empty mask."""
    inside = mask.drawn(Extent(SIDE, SIDE)) > 0
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    if not len(rows):
        return [0, 0, 1, 1]
    return [float(edge) / SIDE for edge in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)]


def read(text: str, folder: Path) -> tuple[Lock, tuple[UserError, ...]]:
    """The lock, and what is missing of it."""
    body, notes = parsed(text), list[UserError]()
    regions = body.get("regions") if isinstance(body, Mapping) else None
    for n, region in enumerate(regions if isinstance(regions, list) else (), 1):
        if isinstance(region, dict):
            notes += _found(n, region, folder)
    return lock_from(body), tuple(notes)


def _found(n: int, region: dict[str, Any], folder: Path) -> list[UserError]:
    """Puts the mask where the name of its file stands."""
    box, mask = region.pop("box", None), region.get("mask")
    named = NAMED.fullmatch(mask) if isinstance(mask, str) else None
    if not named:
        return []
    path = _path(folder, named[1])
    png = path.read_bytes() if path.is_file() else b""
    if hashlib.sha256(png).hexdigest() == named[1]:
        region["mask"] = mask_text(Drawn(png))
        return []
    region["mask"] = box if box is not None else list(Box(0, 0, 1, 1))
    return [UserError("The drawn mask of region {n} is not on this machine: its box takes its place.", n=n)]
