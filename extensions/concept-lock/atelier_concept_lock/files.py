"""What a safetensors file says of itself, without its tensors; and its tensors, whole and finite."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from atelier_core.errors import UserError
from safetensors import SafetensorError, safe_open

MOST_HEADER = 64 * 2**20  # bytes; the header of a whole SDXL model has 0.4 MB
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Header:
    path: Path
    metadata: Mapping[str, str]
    shapes: Mapping[str, Shape]
    start: int  # bytes before the first tensor

    @property
    def name(self) -> str:
        return self.path.stem


def read_header(path: Path) -> Header:
    """Refuses, in a sentence, whatever is no whole safetensors file."""
    if path.suffix.lower() != ".safetensors":
        raise UserError(
            "{name} is not a .safetensors file. Other formats can carry programs and are not opened.", name=path.name
        )
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = _length(path, file.read(8), size)
            text = file.read(length)
    except OSError as error:
        raise UserError("{name} cannot be read: {reason}.", name=path.name, reason=error.strerror or "?") from error
    return _header(path, text, size)


def _length(path: Path, head: bytes, size: int) -> int:
    if not size:
        raise UserError("{name} is empty.", name=path.name)
    if len(head) < 8:
        raise UserError("{name} is damaged: it is cut off.", name=path.name)
    length = int(struct.unpack("<Q", head)[0])
    if length > size - 8:
        raise UserError("{name} is damaged: it is cut off.", name=path.name)
    if length > MOST_HEADER:
        raise UserError("{name} is damaged: its list of tensors has {mb} MB.", name=path.name, mb=length // 2**20)
    return length


def _header(path: Path, text: bytes, size: int) -> Header:
    start = 8 + len(text)
    try:
        told = json.loads(text)
        metadata = {str(key): str(value) for key, value in told.pop("__metadata__", {}).items()}
        shapes = {name: tuple(int(n) for n in one["shape"]) for name, one in told.items()}
        end = max((int(one["data_offsets"][1]) for one in told.values()), default=0)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, OverflowError) as error:
        raise UserError("{name} is damaged: its list of tensors cannot be read.", name=path.name) from error
    if start + end > size:
        raise UserError("{name} is damaged: it is cut off.", name=path.name)
    return Header(path, metadata, shapes, start)


def read_tensors(header: Header) -> dict[str, torch.Tensor]:
    """Copies in memory: the file may go away."""
    try:
        with safe_open(header.path, framework="pt", device="cpu") as file:
            tensors = {name: _finite(header, name, file.get_tensor(name)) for name in header.shapes}
    except (SafetensorError, OSError) as error:
        raise UserError("{name} is damaged or no safetensors file.", name=header.path.name) from error
    return tensors


def _finite(header: Header, name: str, tensor: torch.Tensor) -> torch.Tensor:
    kept = tensor.float() if tensor.is_floating_point() and tensor.element_size() == 1 else tensor.clone()
    if kept.is_floating_point() and not torch.isfinite(kept).all():
        raise UserError("{name} holds invalid numbers (in {key}).", name=header.path.name, key=name)
    return kept


def told(header: Header, key: str) -> Any:
    """An entry of the metadata; trainers write lists and tables as JSON."""
    text = header.metadata.get(key, "")
    if not text.startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
