"""Tensors out of model files, also of TorchScript: a program with weights in it, of which only the weights are read."""

from __future__ import annotations

import io
import pickle
import re
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from atelier_core import weights

_STORAGES = {
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "ShortStorage": torch.int16,
    "IntStorage": torch.int32,
    "LongStorage": torch.int64,
    "BoolStorage": torch.bool,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
}


def read(path: Path) -> dict[str, Any]:
    """The state dict in the file, perhaps nested as its trainer left it."""
    return weights.read(path, lambda archive: dict(_tensors(_Scripted.root(archive))))


class _Scripted(pickle.Unpickler):
    """Reads what a TorchScript archive pickles: modules become `_Module`s, their code stays closed."""

    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(io.BytesIO(archive.read(folder + "data.pkl")))
        self._archive = archive
        self._folder = folder
        self._read: dict[str, torch.Tensor] = {}

    @classmethod
    def root(cls, archive: zipfile.ZipFile) -> Any:
        [data] = [name for name in archive.namelist() if re.fullmatch(r"[^/]+/data\.pkl", name)]
        return cls(archive, data.removesuffix("data.pkl")).load()

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("__torch__"):
            return _Module
        if module == "torch" and name in _STORAGES:
            return _STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _strided
        if module == "torch.jit._pickle":
            return _first
        raise pickle.UnpicklingError(f"forbidden: {module}.{name}")

    def persistent_load(self, pid: Any) -> torch.Tensor:
        _, dtype, key, _, _ = pid
        if key not in self._read:
            content = bytearray(self._archive.read(f"{self._folder}data/{key}"))
            self._read[key] = torch.frombuffer(content, dtype=dtype) if content else torch.empty(0, dtype=dtype)
        return self._read[key]


class _Module:
    values: dict[str, Any] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.values = state


def _strided(storage: torch.Tensor, offset: int, size: Any, stride: Any, *_: object) -> torch.Tensor:
    return storage.as_strided(size, stride, offset)  # refuses to reach beyond the storage


def _first(value: Any, *_: object) -> Any:
    return value


def _tensors(module: _Module, prefix: str = "") -> Iterator[tuple[str, torch.Tensor]]:
    for name, value in module.values.items():
        if isinstance(value, torch.Tensor):
            yield prefix + name, value
        elif isinstance(value, _Module):
            yield from _tensors(value, f"{prefix}{name}.")
