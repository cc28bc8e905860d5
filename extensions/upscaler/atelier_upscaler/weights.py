"""Tensors out of model files. No code of a file ever runs, whatever the file is called.

Kinds are told apart by content. A pickle that asks for anything but tensors and plain containers is refused before that
name is looked up. TorchScript is a program with weights in it: only the weights are read.
"""

from __future__ import annotations

import io
import pickle
import re
import tarfile
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import safetensors
import torch
from atelier_core.errors import UserError
from safetensors.torch import load_file

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
_FORBIDDEN = re.compile(r"unsupported (class|global)|forbidden", re.IGNORECASE)  # torch's own words, 2.1 to 2.14
_DAMAGE = (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile)


def read(path: Path) -> dict[str, Any]:
    """The state dict in the file, perhaps nested as its trainer left it."""
    try:
        head = _head(path)
    except OSError as error:
        raise UserError("The model file {name} cannot be read.", name=path.name) from error
    if not head:
        raise UserError("The model file {name} is empty. Get it again.", name=path.name)
    try:
        state = _state(path, head)
    except pickle.UnpicklingError as error:
        if _FORBIDDEN.search(str(error)):
            raise UserError(
                "The model file {name} has program code in it. It was not run, and the file is not used.",
                name=path.name,
            ) from error
        raise _damaged(path) from error
    except (*_DAMAGE, safetensors.SafetensorError) as error:
        raise _damaged(path) from error
    if not isinstance(state, dict):
        raise UserError("The file {name} is not a model.", name=path.name)
    return state


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _damaged(path: Path) -> UserError:
    return UserError("The model file {name} is damaged or incomplete. Get it again.", name=path.name)


def _state(path: Path, head: bytes) -> Any:
    if head[8:9] == b"{":
        return load_file(path, device="cpu")
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return dict(_tensors(_Scripted.root(archive)))
            if not any(name.endswith("/data.pkl") for name in archive.namelist()):
                return None
    elif head[0] != 0x80 or tarfile.is_tarfile(path):  # old releases unpack a tar, weights_only or not
        return None
    # The function itself: a webui may have put its own under torch.load, which answers a refusal with None.
    with path.open("rb") as file:  # and not the path: torch goes by its suffix
        return torch.serialization.load(file, map_location="cpu", weights_only=True)


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
