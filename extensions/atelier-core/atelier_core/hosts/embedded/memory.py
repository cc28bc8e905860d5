"""Where to compute and how much room there is."""

from __future__ import annotations

import torch


def best_device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def precision(wanted: str, device: torch.device) -> torch.dtype:
    automatic = torch.float16 if device.type == "cuda" else torch.float32
    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}.get(wanted, automatic)


def emptied(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.empty_cache()
