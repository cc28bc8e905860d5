"""Tensors out of model files. No code of a file ever runs, whatever the file is called.

Kinds are told apart by content. A pickle that asks for anything but tensors and plain containers is refused before that
name is looked up.
"""

from __future__ import annotations

import pickle
import re
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors
import torch
from safetensors.torch import load_file

from .errors import UserError

_FORBIDDEN = re.compile(r"unsupported (class|global)|forbidden", re.IGNORECASE)  # torch's own words, 2.1 to 2.14
_DAMAGE = (RuntimeError, EOFError, OSError, ValueError, LookupError, TypeError, AttributeError, zipfile.BadZipFile)
Scripted = Callable[[zipfile.ZipFile], Any]


def _unknown(archive: zipfile.ZipFile) -> None:
    """What becomes of TorchScript: a program with weights in it."""


def read(path: Path, scripted: Scripted = _unknown) -> dict[str, Any]:
    """The state dict in the file, perhaps nested as its trainer left it."""
    try:
        head = _head(path)
    except OSError as error:
        raise UserError("The model file {name} cannot be read.", name=path.name) from error
    if not head:
        raise UserError("The model file {name} is empty. Get it again.", name=path.name)
    try:
        state = _state(path, head, scripted)
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


def _state(path: Path, head: bytes, scripted: Scripted) -> Any:
    if head[8:9] == b"{":
        return load_file(path, device="cpu")
    if head.startswith(b"PK"):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return scripted(archive)
            if not any(name.endswith("/data.pkl") for name in archive.namelist()):
                return None
    elif head[0] != 0x80 or tarfile.is_tarfile(path):  # old releases unpack a tar, weights_only or not
        return None
    # The function itself: a webui may have put its own under torch.load, which answers a refusal with None.
    with path.open("rb") as file:  # and not the path: torch goes by its suffix
        return torch.serialization.load(file, map_location="cpu", weights_only=True)
