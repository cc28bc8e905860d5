"""Lanczos, for what no network makes: the last step to an exact size, and all of it where no network is chosen."""

from __future__ import annotations

import numpy as np
from atelier_core.geometry import Extent
from PIL import Image

Box = tuple[float, float, float, float]  # left, top, right, bottom


def resized(pixels: np.ndarray, size: Extent, box: Box | None = None) -> np.ndarray:
    """`box` of the picture, or all of it, at exactly `size`. # [H, W, 1|3|4], uint8, uint16 or float 0..1

    Transparent pixels lend no colour to their neighbours.
    """
    height, width = pixels.shape[:2]
    box = box or (0, 0, width, height)
    if tuple(size) == (width, height) and box == (0, 0, width, height):
        return pixels
    if pixels.dtype == np.uint8:
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        return np.asarray(image.resize(size, Image.Resampling.LANCZOS, box)).reshape(size.height, size.width, -1)
    return _deep(pixels, size, box)


def _deep(pixels: np.ndarray, size: Extent, box: Box) -> np.ndarray:
    most = 65535 if pixels.dtype == np.uint16 else 1
    result = np.empty((size.height, size.width, pixels.shape[2]), pixels.dtype)
    weight = pixels[..., 3].astype(np.float32) if pixels.shape[2] == 4 else np.ones(pixels.shape[:2], np.float32)
    cover = _plane(weight, size, box)
    for channel in range(pixels.shape[2]):
        plane = cover
        if channel < 3:
            plane = _plane(pixels[..., channel].astype(np.float32) * weight, size, box)
            plane = np.divide(plane, cover, where=cover > 0, out=np.zeros_like(plane))
        result[..., channel] = (plane + 0.5 * (most > 1)).clip(0, most)
    return result


def _plane(plane: np.ndarray, size: Extent, box: Box) -> np.ndarray:
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.LANCZOS, box))
