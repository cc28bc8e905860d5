"""The webui's own upscaling by tiles, taken as it stands from a checkout, to compare with. No more of it is loaded."""

from __future__ import annotations

import ast
import logging
import math
import os
from collections import namedtuple
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from PIL import Image

CHECKOUT = "ATELIER_A1111"


def checkout() -> Path | None:
    """The webui's folder, when the environment names one."""
    folder = os.environ.get(CHECKOUT)
    return Path(folder) if folder and (Path(folder) / "modules" / "upscaler_utils.py").is_file() else None


def upscale_with_model(webui: Path) -> Callable[..., Image.Image]:
    """`(model, picture, tile_size=, tile_overlap=)`, as the webui calls it."""
    images = _taken(
        webui / "modules" / "images.py",
        {"Grid", "split_grid", "combine_grid"},
        {"namedtuple": namedtuple, "math": math, "np": np, "Image": Image},
    )
    parameters = _taken(webui / "modules" / "torch_utils.py", {"get_param"}, {"torch": torch})
    surroundings = {
        "np": np,
        "torch": torch,
        "Image": Image,
        "Callable": Callable,
        "logger": logging.getLogger("webui"),
        "images": SimpleNamespace(**images),
        "torch_utils": SimpleNamespace(**parameters),
        "devices": SimpleNamespace(without_autocast=nullcontext),
        "shared": SimpleNamespace(
            opts=SimpleNamespace(enable_upscale_progressbar=False), state=SimpleNamespace(interrupted=False)
        ),
        "tqdm": SimpleNamespace(tqdm=lambda **_: nullcontext(SimpleNamespace(update=lambda n: None))),
    }
    wanted = {"pil_image_to_torch_bgr", "torch_bgr_to_pil_image", "upscale_pil_patch", "upscale_with_model"}
    return _taken(webui / "modules" / "upscaler_utils.py", wanted, surroundings)["upscale_with_model"]


def _taken(file: Path, names: set[str], surroundings: dict[str, Any]) -> dict[str, Any]:
    tree = ast.parse(file.read_text("utf-8"))
    tree.body = [part for part in tree.body if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and part.name in names]
    space = dict(surroundings)
    exec(compile(ast.fix_missing_locations(tree), str(file), "exec"), space)
    return {name: space[name] for name in names}
