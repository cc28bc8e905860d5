"""What a run did, in sentences a user can read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from atelier_core.errors import UserError


@dataclass
class Report:
    network: str  # its name, or "Lanczos"
    passes: int = 0  # how often the picture went through the network
    mode: str = ""  # "fast", "exact"; empty without a network
    halo: int = 0  # pixels around each tile's core
    side: int = 0  # most pixels of a core's side
    tiles: int = 0  # of all passes
    precision: str = ""  # "fp32", "bf16", "fp16": what the last tile was computed in
    device: str = ""
    notes: list[UserError] = field(default_factory=list)  # what went otherwise than planned

    def note(self, text: str, **values: object) -> None:
        self.notes.append(UserError(text, **values))

    def take(self, other: Report) -> None:
        """Another pass of the same picture."""
        self.passes += other.passes
        self.tiles += other.tiles
        self.notes += other.notes
        self.mode, self.halo, self.side = other.mode, other.halo, other.side
        self.precision, self.device = other.precision, other.device


@dataclass(frozen=True)
class Upscaled:
    pixels: np.ndarray  # [H, W, C], of the source's kind
    report: Report
