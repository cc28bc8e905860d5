"""Optimizers whose memory is a quarter, where the user's machine has them: bitsandbytes on a graphics card."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any

import torch


def is_there() -> bool:
    return torch.cuda.is_available() and importlib.util.find_spec("bitsandbytes") is not None


def kinds() -> Any:
    """The module that holds AdamW8bit and PagedAdamW8bit."""
    return importlib.import_module("bitsandbytes.optim")
