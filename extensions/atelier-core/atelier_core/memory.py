"""How much room there is, on a card and on the machine."""

from __future__ import annotations

from dataclasses import dataclass

import psutil
import torch


def available() -> int:
    """Bytes of main memory that may be taken."""
    return int(psutil.virtual_memory().available)


def free(device: torch.device) -> int:
    """Bytes a computation may take; on the processor half of what the machine has left."""
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else available() // 2


@dataclass
class Lent:
    """Where a borrowed network computes, as `Host.lend` tells it."""

    device: torch.device

    def free(self) -> int:
        return free(self.device)
