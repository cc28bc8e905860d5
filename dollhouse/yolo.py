"""The detectors' networks: ultralytics' blocks in an order of our own, kept in files without pickles."""

from __future__ import annotations

import os
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml
from safetensors import safe_open
from torch import Tensor, nn

KINDS = ("seg", "pose")
SIDE = 256  # pixels of the longer side, as a network sees it
STRIDE = 32
_BLOCKS = {"Conv", "C3k2", "SPPF", "Concat", "nn.Upsample", "Segment", "Pose"}  # what a file's design may name
_QUIET = {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}


def file_of(kind: str) -> str:
    return f"detector-{kind}.safetensors"


def design_of(kind: str) -> str:
    return (Path(__file__).parent / f"detector-{kind}.yaml").read_text()


@cache
def _settings() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="dollhouse-")  # gone when the program ends


def tasks() -> Any:
    """ultralytics' models, imported so that nothing is sent, fetched, installed or written beside the user's files."""
    if "ultralytics" not in sys.modules:
        for name, value in _QUIET.items():
            os.environ.setdefault(name, value)
        os.environ.setdefault("YOLO_CONFIG_DIR", _settings().name)
    from ultralytics.nn import tasks

    return tasks


def build(design: str) -> nn.Module:
    parts = yaml.safe_load(design)
    _check(parts)
    names = {row[2] for row in parts["head"]}
    made = tasks().PoseModel if "Pose" in names else tasks().SegmentationModel
    return made(parts, verbose=False)


def _check(parts: dict[str, Any]) -> None:
    """A design comes out of a file, and ultralytics evaluates some of what it says."""
    unknown = {row[2] for row in parts["backbone"] + parts["head"]} - _BLOCKS
    if unknown or "activation" in parts:
        raise ValueError(f"a detector's design may not name {', '.join(sorted(unknown)) or 'an activation'}")


def tensors(network: nn.Module) -> dict[str, Tensor]:
    """All that a file has to keep."""
    return {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}


def fill(network: nn.Module, values: dict[str, Tensor]) -> None:
    given = {name: value.float() for name, value in values.items()}
    missing, unknown = network.load_state_dict(given, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unknown:
        raise ValueError(f"the file does not fit its design: {(missing or unknown)[0]}")


def opened(path: Path) -> nn.Module:
    with safe_open(path, "pt") as file:
        network = build(file.metadata()["yaml"])
        fill(network, {name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
    return network.eval()


@torch.no_grad()
def outputs(network: nn.Module, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
    """Of pictures, [B, 3, H, W], 0..1: boxes with scores and more, [B, n, 4 + names + more], and masks' bases.

    The boxes are left, top, right, bottom in pixels."""
    made = network(pictures)[0]
    rows, bases = made if isinstance(made, tuple) else (made, None)
    rows = rows.transpose(1, 2).float()
    centre, half = rows[..., :2], rows[..., 2:4] / 2
    return torch.cat((centre - half, centre + half, rows[..., 4:]), -1), bases
