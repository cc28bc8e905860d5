"""A lesson's state on disk: whole at every moment, and no program in it."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from atelier_core.errors import UserError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

Tensor = torch.Tensor
STATE = "state.safetensors"


def placed(path: Path, write: Callable[[Path], None]) -> None:
    """`write` fills another file, which then takes the place of `path`; on any trouble the old one stays."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        write(part)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise UserError("{name} could not be saved: {reason}.", name=path.name, reason=_reason(error)) from error
    finally:
        part.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def save(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    kept = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    placed(path, lambda part: save_file(kept, part, dict(metadata)))


def save_json(path: Path, body: Any) -> None:
    text = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    placed(path, lambda part: _written(part, text))


def _written(part: Path, text: str) -> None:
    part.write_text(text, encoding="utf-8")


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            # copies: the file is about to be replaced
            return {key: file.get_tensor(key).clone() for key in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError("The state of this lesson is damaged: {name}.", name=path.name) from error


def load_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError("The state of this lesson is damaged: {name}.", name=path.name) from error


def glance(path: Path) -> tuple[int, list[float]]:
    """Steps done and their losses, without the rest."""
    if not path.is_file():
        return 0, []
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return int((file.metadata() or {})["step"]), [float(one) for one in file.get_tensor("losses")]
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise UserError("The state of this lesson is damaged: {name}.", name=path.name) from error
