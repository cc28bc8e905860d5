"""Four ways to turn a raster and a light into a picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dollhouse.colours import INK
from dollhouse.light import SHADOW, Light
from dollhouse.raster import Raster

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]

_STEPS = 16_384  # of linear light from 0 to 1


def _decoding() -> Array:
    code = np.arange(256) / 255
    return np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoding() -> Bytes:
    """sRGB bytes of linear 0..4; highlights roll off above 0.8."""
    linear: NDArray[Any] = np.arange(4 * _STEPS) / _STEPS
    over = np.maximum(linear - 0.8, 0)
    linear = np.minimum(linear, 0.8) + 0.2 * over / (over + 0.2)
    curve = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(curve * 255).astype(np.uint8)


_TO_LINEAR, _TO_SRGB = _decoding(), _encoding()


def encoded(linear: Array) -> Bytes:
    return np.take(_TO_SRGB, np.minimum(linear * _STEPS, 4 * _STEPS - 1).astype(np.uint16), mode="clip")


@lru_cache(8)
def grain(size: int) -> Array:
    """Fixed noise of mean 0 and deviation 1, blurred by a pixel, [size, size]."""
    white = np.random.Generator(np.random.PCG64(20)).standard_normal((size, size)).astype(np.float32)
    soft = np.asarray(cv2.GaussianBlur(white, (0, 0), 0.8), np.float32)
    return soft / soft.std()


def noise(extent: tuple[int, int], seed: int) -> Array:
    """A window into the fixed noise, [H, W]."""
    size = 64 + max(extent)
    left, top = seed * 7 % 64, seed * 13 % 64
    return grain(size)[top : top + extent[1], left : left + extent[0]]


def lit(raster: Raster, light: Light, amount: Array, hidden: Array) -> Array:
    """Linear light on every pixel, [H, W, 3]: ambient, the direct share `amount`, less what is `hidden`."""
    direct = amount * (1 - SHADOW[light.kind] * hidden)
    if light.kind == "lamp":
        direct *= _falloff(raster.extent, light)
    glow = raster.by_shape("glow", np.float32)
    glows = glow[raster.ids]
    even = light.ambient + (1 - light.ambient) * glows
    return (direct * (1 - glows))[..., None] * np.array(light.rgb, np.float32) + even[..., None]


def _falloff(extent: tuple[int, int], light: Light) -> Array:
    """A near lamp: brighter on its side of the picture, [H, W]."""
    x, y, _ = light.vector
    across = np.linspace(-1, 1, extent[0], dtype=np.float32) - x * 1.1
    down = np.linspace(1, -1, extent[1], dtype=np.float32) - y * 1.1
    return 1.55 / (0.9 + across[None] ** 2 + down[:, None] ** 2)


def shadows(raster: Raster, light: Light) -> Array:
    """Cast shadow on what receives one: the ground and the wall, 0..1, [H, W]."""
    return raster.shadow(light) * raster.receives


def _lines(colour: Bytes, line: Bytes, ink: tuple[int, int, int], strength: float) -> Bytes:
    share = (line.astype(np.float32) * (strength / 255))[..., None]
    return (colour + (np.array(ink, np.float32) - colour) * share).astype(np.uint8)


def flat(raster: Raster, light: Light, seed: int) -> Bytes:
    """Cartoon: two tones and an outline."""
    cosine = raster.lambert(light)
    tone = np.where(
        raster.owner > 0, np.clip((cosine - 0.16) * 8, 0, 1) * 0.58 + 0.2, np.maximum(cosine, 0) * 0.5 + 0.28
    )
    hidden = np.clip((shadows(raster, light) - 0.35) * 4, 0, 1)
    shading = lit(raster, light, tone, hidden) * (1 - 0.4 * raster.contact() * raster.receives)[..., None]
    picture = encoded(np.take(_TO_LINEAR, raster.albedo[..., :3], mode="clip") * shading)
    return _lines(picture, raster.outline, INK, 0.82)


def photo(raster: Raster, light: Light, seed: int) -> Bytes:
    """Shaded: smooth light, gloss, dark creases, a soft background and a little grain."""
    cosine = raster.lambert(light)
    amount = np.maximum(cosine, 0) * 0.95 + 0.05
    hidden = shadows(raster, light)
    shading = lit(raster, light, amount, hidden)
    crease = cv2.GaussianBlur(raster.outline, (0, 0), max(0.8, min(raster.extent) * 0.011)).astype(np.float32) / 255
    dark = (1 - 0.5 * raster.contact() * raster.receives) * (1 - 0.55 * crease)
    dark = dark * (1.08 + 0.022 * noise(raster.extent, seed))
    linear = np.take(_TO_LINEAR, raster.albedo[..., :3], mode="clip") * (shading * dark[..., None])
    glossy = (cosine > 0.82) & (raster.owner > 0)
    linear[glossy] += ((cosine[glossy] - 0.82) ** 2 * 2.2)[:, None] * np.array(light.rgb, np.float32)
    return _defocused(encoded(linear), raster)


def _defocused(picture: Bytes, raster: Raster) -> Bytes:
    soft = cv2.GaussianBlur(picture, (0, 0), max(0.5, min(raster.extent) * 0.0065))
    share = raster.albedo[..., 3:].astype(np.float32) / 255
    return (soft + (picture.astype(np.float32) - soft) * share).astype(np.uint8)


def sketch(raster: Raster, light: Light, seed: int) -> Bytes:
    """Pencil on paper with a thin wash of colour; shade is hatched."""
    cosine, hidden = raster.lambert(light), shadows(raster, light)
    paper = 249 + noise(raster.extent, seed) * 2
    share = 0.56 * raster.albedo[..., 3:].astype(np.float32) / 255 + 0.3
    colour = raster.albedo[..., :3] * share + paper[..., None] * np.array([1, 0.99, 0.96], np.float32) * (1 - share)
    dark = np.clip((0.3 - cosine) * 2.5, 0, 1) * (raster.owner > 0) * 0.62 + hidden * 0.9
    pencil = 1 - 0.42 * np.minimum(dark, 1) * _hatching(raster.extent)
    line = raster.outline.astype(np.float32) * np.clip(0.95 + 0.22 * noise(raster.extent, seed + 3), 0, 1.1) / 255
    return np.clip(colour * (pencil * (1 - 0.8 * np.minimum(line, 1)))[..., None], 0, 255).astype(np.uint8)


@lru_cache(8)
def _hatching(extent: tuple[int, int]) -> Array:
    y, x = np.mgrid[: extent[1], : extent[0]].astype(np.float32)
    step = max(3.2, min(extent) * 0.026)
    return np.clip(0.5 + 0.9 * np.sin((x + y) * (2 * np.pi / step / 1.414)), 0, 1)


def watercolour(raster: Raster, light: Light, seed: int) -> Bytes:
    """Thin paint: wandering edges, pigment that gathers at them, granulation, and paper at the border."""
    amount = np.clip(raster.lambert(light) * 0.7 + 0.3, 0, 1)
    shading = lit(raster, light, amount, shadows(raster, light)) * 1.12
    picture: NDArray[Any] = encoded(np.take(_TO_LINEAR, raster.albedo[..., :3], mode="clip") * shading)
    unit = min(raster.extent) / 128
    wander = cv2.GaussianBlur(noise(raster.extent, seed), (0, 0), 2.2 * unit) * (1.4 * unit)
    across, down = _grid(raster.extent)
    picture = cv2.remap(
        picture, across + wander, down + np.roll(wander, 9, 0), cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )
    pooled = raster.outline.astype(np.float32) / 255
    paint = 1 - picture.astype(np.float32) / 255
    wash = cv2.GaussianBlur(noise(raster.extent, seed + 5), (0, 0), 2.5 * unit) * (3 * unit)
    strength = 0.88 + 0.26 * pooled + wash * 0.035 + noise(raster.extent, seed + 9) * 0.02
    paint = paint * (strength * _paper(raster.extent))[..., None]
    return np.clip(253 - 255 * paint, 0, 255).astype(np.uint8)


@lru_cache(8)
def _grid(extent: tuple[int, int]) -> tuple[Array, Array]:
    y, x = np.mgrid[: extent[1], : extent[0]].astype(np.float32)
    return x, y


@lru_cache(8)
def _paper(extent: tuple[int, int]) -> Array:
    """How much paint the paper takes: none at its ragged border."""
    x, y = _grid(extent)
    width, height = extent
    edge = np.minimum(np.minimum(x, width - 1 - x), np.minimum(y, height - 1 - y)) / min(extent)
    ragged = cv2.GaussianBlur(grain(64 + max(extent))[:height, :width], (0, 0), 3) * 0.02
    return np.clip((edge + ragged) / 0.035, 0, 1)


STYLES: dict[str, Callable[[Raster, Light, int], Bytes]] = {
    "cartoon": flat,
    "photo": photo,
    "sketch": sketch,
    "watercolour": watercolour,
}
