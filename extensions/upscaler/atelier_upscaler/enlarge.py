"""The whole way of a picture to its target: crop, passes through the network, transparency, exact size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from atelier_core.geometry import Bounds

from .alpha import is_plain, keep_plain_places, with_hidden_filled
from .engine import Mode, Precision, Setup, Watch, assembled, prepare
from .halos import Halos
from .networks import Network
from .report import Report, Upscaled
from .resize import Box, resized
from .targets import Target, passes


@dataclass(frozen=True)
class Choices:
    """How to compute; the defaults are what a user gets who chooses nothing."""

    mode: Mode = "fast"
    halo: int | None = None  # pixels; None: as measured on the network, in fast mode
    side: int | None = None  # pixels of a tile's core; None: from the free memory
    precision: Precision = "auto"


@dataclass(frozen=True)
class Way:
    """What will be done, before anything is."""

    target: Target
    setups: tuple[Setup, ...]  # one per pass
    network: Network | None

    @property
    def tiles(self) -> int:
        """Of one run of the passes; a picture with transparency takes two."""
        return sum(setup.plan.count for setup in self.setups)

    @property
    def is_cut(self) -> bool:
        return any(setup.plan.count > 1 for setup in self.setups)

    def memory(self, pixel_bytes: int = 3) -> int:
        """Bytes beside the device's own need: two neighbouring sizes at once, each with Pillow's copy of 4 bytes."""
        sizes = [self.target.crop.extent, *(setup.result for setup in self.setups), self.target.size]
        return max(a.area + b.area for a, b in zip(sizes, sizes[1:], strict=False)) * (pixel_bytes + 4)

    @property
    def need(self) -> int:
        """Bytes on the device."""
        return max((setup.need for setup in self.setups), default=0)


def way(
    network: Network | None,
    target: Target,
    choices: Choices,
    *,
    device: torch.device | str = "cpu",
    free: Callable[[], int] | None = None,
) -> Way:
    """Raises UserError when it cannot be done. Nothing is measured but the network itself."""
    setups: list[Setup] = []
    picture = target.crop.extent
    for _ in range(passes(target, network.scale) if network else 0):
        assert network is not None
        setup = prepare(
            network,
            picture,
            device=device,
            mode=choices.mode,
            halo=choices.halo,
            side=choices.side,
            free=free,
            precision=choices.precision,
        )
        setups.append(setup)
        picture = setup.result
    return Way(target, tuple(setups), network)


def enlarge(
    pixels: np.ndarray,  # [H, W, 1|3|4], uint8, uint16 or float 0..1
    target: Target,
    network: Network | None,  # None: Lanczos
    choices: Choices = Choices(),  # noqa: B008
    *,
    device: torch.device | str = "cpu",
    free: Callable[[], int] | None = None,
    halos: Halos | None = None,
    watch: Watch = lambda done, total, text: None,
) -> Upscaled:
    """`watch(tiles done, of, text)` is called before every tile; what it raises ends the run without a result."""
    chosen = way(network, target, choices, device=device, free=free)
    if network and choices.mode == "fast" and choices.halo is None and halos and chosen.is_cut:
        watch(0, chosen.tiles, "")
        measured = Choices("fast", halos.of(network), choices.side, choices.precision)
        chosen = way(network, target, measured, device=device, free=free)
    report = Report(network.name if network else "Lanczos")
    source = pixels[target.crop.slices]
    if chosen.setups:
        source = _through(chosen, source, report, watch)
    return Upscaled(resized(source, target.size, _box(chosen, source)), report)


def _box(chosen: Way, made: np.ndarray) -> Box:
    """The target's box as seen on the picture that the passes made of its crop."""
    crop: Bounds = chosen.target.crop
    scale = made.shape[1] // crop.extent.width
    left, top, right, bottom = chosen.target.box
    return (
        (left - crop.left) * scale,
        (top - crop.top) * scale,
        (right - crop.left) * scale,
        (bottom - crop.top) * scale,
    )


def _through(chosen: Way, source: np.ndarray, report: Report, watch: Watch) -> np.ndarray:
    if source.shape[2] != 4:
        return _passes(chosen, source, report, watch, 0, chosen.tiles)
    colours, alpha = source[..., :3], source[..., 3:]
    runs = 1 if is_plain(alpha) else 2
    made = _passes(chosen, with_hidden_filled(colours, alpha), report, watch, 0, runs * chosen.tiles)
    if runs == 1:
        made_alpha = np.full((*made.shape[:2], 1), alpha.flat[0])
    else:
        made_alpha = _passes(chosen, alpha, Report(report.network), watch, chosen.tiles, 2 * chosen.tiles)
        keep_plain_places(made_alpha, alpha)
    return np.concatenate([made, made_alpha], axis=2)


def _passes(chosen: Way, pixels: np.ndarray, report: Report, watch: Watch, done_before: int, total: int) -> np.ndarray:
    for setup in chosen.setups:
        one = Report(report.network)
        pixels = assembled(setup, pixels, _later(watch, done_before, total), one)
        report.take(one)
        done_before += setup.plan.count
    return pixels


def _later(watch: Watch, before: int, total: int) -> Watch:
    def later(done: int, _: int, text: str) -> None:
        watch(before + done, total, f"{min(total, before + done + 1)}/{total}")

    return later
