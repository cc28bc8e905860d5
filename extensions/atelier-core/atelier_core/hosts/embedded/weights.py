"""Tensors from files, and networks filled with them: every tensor finds its place or the file is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors import SafetensorError, safe_open

from ...errors import UserError
from . import names
from .shapes import Shapes

Tensors = Mapping[str, torch.Tensor]


class TensorFile:
    """A safetensors file: the shapes at once, the tensors when asked for."""

    def __init__(self, path: Path) -> None:
        if path.suffix != ".safetensors":
            raise UserError(
                "{name} is not a .safetensors file. Other formats can carry programs and are not opened.",
                name=path.name,
            )
        self.path = path
        try:
            self._file = safe_open(path, framework="pt", device="cpu")
        except (SafetensorError, OSError) as error:
            raise UserError("{name} is damaged or no safetensors file.", name=path.name) from error
        self.metadata: dict[str, str] = self._file.metadata() or {}
        self.shapes: Shapes = {key: tuple(self._file.get_slice(key).get_shape()) for key in self._file.keys()}  # noqa: SIM118

    def tensors(self, prefix: str = "") -> dict[str, torch.Tensor]:
        """All whose name begins with `prefix`, under the rest of the name."""
        return {key[len(prefix) :]: self._file.get_tensor(key) for key in self.shapes if key.startswith(prefix)}


def built(make: Callable[[], Any], tensors: Tensors, dtype: torch.dtype, source: Path) -> Any:
    """The network that `make` describes, holding copies of `tensors`: a file is only mapped and may change."""
    with init_empty_weights(include_buffers=False):
        network = make()
    own = {key: t.to(dtype if t.is_floating_point() else t.dtype, copy=True) for key, t in tensors.items()}
    expected = network.state_dict()
    wrong = set(own) ^ set(expected) | {k for k in set(own) & set(expected) if own[k].shape != expected[k].shape}
    if wrong:
        raise UserError(
            "{name} does not fit the kind of model it looks like ({count} parts differ, such as {part}).",
            name=source.name,
            count=len(wrong),
            part=min(wrong),
        )
    network.load_state_dict(own, assign=True)
    return network.eval().requires_grad_(False)


def in_diffusers_names(tensors: Tensors, table: Mapping[str, str]) -> dict[str, torch.Tensor]:
    return {names.renamed(key, table) or key: tensor for key, tensor in tensors.items()}


def digest(path: Path) -> str:
    """sha256, as webuis show it; read once per file and process."""
    stat = path.stat()
    return _digest(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _digest(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return _sha256(file)


def _sha256(file: Any) -> str:
    total = hashlib.sha256()
    while block := file.read(1 << 20):
        total.update(block)
    return total.hexdigest()
