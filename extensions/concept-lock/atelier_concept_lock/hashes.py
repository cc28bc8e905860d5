"""The names that a file has by its content, all from one read.

AutoV1 hashes 64 kB of it, AutoV2 the whole, AutoV3 the tensors alone: only this survives an edit of the metadata.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from atelier_core.errors import UserError

from .files import read_header

BLOCK = 2**20  # bytes
V1_FROM, V1_LENGTH = 0x100000, 0x10000


@dataclass(frozen=True)
class Hashes:
    whole: str  # sha256 of the file
    tensors: str  # sha256 of what follows the header
    v1: str

    @property
    def v2(self) -> str:
        return self.whole[:10]

    @property
    def v3(self) -> str:
        """As infotexts carry it."""
        return self.tensors[:12]


def hashes(path: Path) -> Hashes:
    """Read once for each version of a file. What is no safetensors file counts whole."""
    try:
        stat = path.stat()
        start = read_header(path).start if path.suffix.lower() == ".safetensors" else 0
        return _hashes(path, stat.st_size, stat.st_mtime_ns, start)
    except OSError as error:
        raise UserError("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror or "?") from error


@lru_cache(maxsize=4096)
def _hashes(path: Path, _size: int, _changed: int, start: int) -> Hashes:
    whole, tensors, v1, at = hashlib.sha256(), hashlib.sha256(), hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            whole.update(block)
            tensors.update(block[max(0, start - at) :])
            v1.update(block[max(0, V1_FROM - at) : max(0, V1_FROM + V1_LENGTH - at)])
            at += len(block)
    return Hashes(whole.hexdigest(), tensors.hexdigest(), v1.hexdigest()[:8])


def trusted(path: Path, told: str) -> bool:
    """Whether a file's own word for its hash (`sshs_model_hash`) is true; some tools write it wrong."""
    return hashes(path).tensors == told
