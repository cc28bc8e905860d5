"""One pass of a picture through a network, tile by tile, in finished bands from top to bottom.

A tile that the machine refuses is tried again, in smaller pieces or in a wider number format; what is finished stays.
Whatever `watch` raises ends the run, and nothing is given out as its result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from atelier_core.errors import UserError
from atelier_core.geometry import Bounds, Extent
from atelier_core.tiles import Plan, Tile, plan

from .attempts import FLOOR, Attempts
from .networks import Network
from .report import Report, Upscaled

Mode = Literal["fast", "exact"]
Precision = Literal["auto", "fp32", "bf16", "fp16"]
Watch = Callable[[int, int, str], None]  # tiles done, tiles in all, a word; may raise

HALO = 16  # where none was measured
_SIDES = {"cpu": 192}  # cores as large as a CPU's caches like; pixels
_SIDE = 512
_SHARE = 0.7  # of the free memory; the rest is for what nobody measured
_UNKNOWN = 4 << 30  # bytes that a tile may need where nobody tells what is free
_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Setup:
    """A pass, decided: what will be computed, where and in what pieces."""

    network: Network
    picture: Extent
    device: torch.device
    mode: Mode
    halo: int
    side: int
    dtypes: tuple[torch.dtype, ...]  # to try in this order
    plan: Plan

    @property
    def result(self) -> Extent:
        return Extent(self.picture.width * self.network.scale, self.picture.height * self.network.scale)

    @property
    def need(self) -> int:
        """Bytes on the device for the largest tile."""
        return _need(self.network, self.plan, self.dtypes[0])


def prepare(
    network: Network,
    picture: Extent,
    *,
    device: torch.device | str = "cpu",
    mode: Mode = "fast",
    halo: int | None = None,
    side: int | None = None,
    free: Callable[[], int] | None = None,
    precision: Precision = "auto",
) -> Setup:
    """`halo` and `side` are pixels of the input. `free` tells the device's free bytes."""
    device = torch.device(device)
    dtypes = _precisions(network, device, precision)
    halo = _exact_halo(network) if mode == "exact" else HALO if halo is None else halo
    wanted = side or max(_SIDES.get(device.type, _SIDE), 2 * halo * (mode == "exact"))
    tiles = _fitting(network, picture, wanted, halo, dtypes[0], free() if free else None)
    side = max(max(tile.core.extent) for row in tiles.rows for tile in row)
    return Setup(network, picture, device, mode, halo, side, dtypes, tiles)


def _precisions(network: Network, device: torch.device, precision: Precision) -> tuple[torch.dtype, ...]:
    if precision == "auto":
        if device.type != "cuda":
            return (torch.float32,)
        fits = torch.cuda.get_device_capability(device)[0] >= 8  # cards before Ampere only imitate bf16, slowly
        return tuple(dtype for dtype in network.dtypes if fits or dtype != torch.bfloat16)
    dtype = _DTYPES[precision]
    if dtype == torch.float16 and device.type == "cpu":
        raise UserError("fp16 needs a graphics card. Choose bf16 or fp32.")
    if dtype not in network.dtypes:
        raise UserError("The model {name} cannot be computed in {precision}.", name=network.name, precision=precision)
    return network.dtypes[network.dtypes.index(dtype) :]


def _exact_halo(network: Network) -> int:
    reach = network.reach
    if reach.radius is None:
        raise UserError(
            "Exact mode is not possible with {name}: {why}. Use fast mode.", name=network.name, why=reach.why
        )
    return reach.radius


def _need(network: Network, tiles: Plan, dtype: torch.dtype) -> int:
    return tiles.largest.area * network.footprint * dtype.itemsize // torch.float32.itemsize


def _fitting(network: Network, picture: Extent, side: int, halo: int, dtype: torch.dtype, free: int | None) -> Plan:
    """Tiles as large as wanted, or as the memory allows."""
    while True:
        side = max(side, FLOOR) // network.step * network.step or network.step
        tiles = plan(picture, side, halo, step=network.step, least=network.least)
        need = _need(network, tiles, dtype)
        smallest = side <= max(FLOOR, network.step)
        if need <= (_UNKNOWN if free is None else free * _SHARE) or (smallest and free is None):
            return tiles
        if smallest:
            assert free is not None
            raise UserError(
                "The model {name} needs {need:.1f} GB of free memory here, and {free:.1f} GB are free.",
                name=network.name,
                need=need / _SHARE / 1e9,
                free=free / 1e9,
            )
        side = side * 3 // 4


def upscale(
    network: Network,
    pixels: np.ndarray,  # [H, W, 1|3], uint8, uint16 or float 0..1
    *,
    device: torch.device | str = "cpu",
    mode: Mode = "fast",
    halo: int | None = None,
    side: int | None = None,
    free: Callable[[], int] | None = None,
    precision: Precision = "auto",
    watch: Watch = lambda done, total, text: None,
) -> Upscaled:
    picture = Extent(pixels.shape[1], pixels.shape[0])
    setup = prepare(network, picture, device=device, mode=mode, halo=halo, side=side, free=free, precision=precision)
    report = Report(network.name)
    return Upscaled(assembled(setup, pixels, watch, report), report)


def assembled(setup: Setup, pixels: np.ndarray, watch: Watch, report: Report) -> np.ndarray:
    result = np.empty((setup.result.height, setup.result.width, pixels.shape[2]), pixels.dtype)
    top = 0
    for band in bands(setup, pixels, watch, report):
        result[top : top + len(band)] = band
        top += len(band)
    return result


def bands(setup: Setup, pixels: np.ndarray, watch: Watch, report: Report) -> Iterator[np.ndarray]:
    """The result in bands of full width, each finished before it is given out. # [rows, W * scale, C]"""
    attempts = Attempts(setup.network, setup.device, setup.dtypes, setup.side, report)
    report.passes += 1
    report.mode, report.halo, report.side = setup.mode, setup.halo, setup.side
    if setup.network.whole and setup.plan.count > 1:
        report.note("The makers of {name} advise against cutting pictures for it: look for seams.", name=report.network)
    done = 0
    for row in setup.plan.rows:
        height = row[0].core.extent.height * setup.network.scale
        band = np.empty((height, setup.result.width, pixels.shape[2]), pixels.dtype)
        for tile in row:
            before = partial(watch, done, setup.plan.count, f"{done + 1}/{setup.plan.count}")
            _fill(band, tile, setup, pixels, attempts, before)
            done += 1
        report.tiles += len(row)
        report.precision, report.device = attempts.precision, str(attempts.device)
        yield band
    watch(done, setup.plan.count, "")


def _fill(
    band: np.ndarray, tile: Tile, setup: Setup, pixels: np.ndarray, attempts: Attempts, before: Callable[[], None]
) -> None:
    """One tile, in as many pieces as it takes."""
    scale = setup.network.scale
    origin = Bounds(0, tile.core.top, 0, 0)
    todo = [tile]
    while todo:
        piece = todo.pop()
        if max(piece.core.extent) > attempts.side:
            todo += _pieces(piece, setup, attempts.side)
            continue
        before()
        result = attempts.at(pixels[piece.crop.slices], piece.core.within(piece.crop))
        if result is None:
            todo.append(piece)
        else:
            band[piece.core.within(origin).times(scale).slices] = result


def _pieces(tile: Tile, setup: Setup, side: int) -> list[Tile]:
    network = setup.network
    smaller = plan(setup.picture, side, setup.halo, step=network.step, least=network.least, area=tile.core)
    return [piece for row in smaller.rows for piece in row]
