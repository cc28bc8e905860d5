"""Masks: 255 where the picture may change, 0 where it is kept."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from .errors import UserError
from .geometry import Extent


def normalised(mask: Image.Image | np.ndarray, extent: Extent, threshold: int | None = None) -> np.ndarray:
    """[H, W] uint8. A drawn layer speaks through its alpha, any other picture through its lightness. With a threshold
    whatever reaches it is 255 and the rest 0; without one grey stays grey, a partial change."""
    weights = _plane(mask)
    if weights.shape != (extent.height, extent.width):
        raise UserError(
            "The mask has {width} × {height} pixels, the picture {wanted_width} × {wanted_height}.",
            width=weights.shape[1],
            height=weights.shape[0],
            wanted_width=extent.width,
            wanted_height=extent.height,
        )
    return weights if threshold is None else (weights >= threshold) * np.uint8(255)


def _plane(mask: Image.Image | np.ndarray) -> np.ndarray:
    if isinstance(mask, np.ndarray):
        if mask.dtype == np.bool_:
            return mask * np.uint8(255)
        if mask.dtype != np.uint8:
            raise TypeError(f"a mask of {mask.dtype}")
        if mask.ndim == 2:
            return mask
        mask = Image.fromarray(mask)
    if mask.mode.startswith("I"):
        return ((np.asarray(mask).clip(0, 65535).astype(np.uint32) + 128) // 257).astype(np.uint8)
    if mask.mode in ("RGBA", "LA", "PA") or "transparency" in mask.info:
        alpha = np.array(mask.convert("RGBA").getchannel("A"))
        if alpha.min() < 255:
            return alpha
    return np.array(mask.convert("L"))


def support(weights: np.ndarray) -> np.ndarray:
    """[H, W] bool: the only pixels that may change."""
    return weights > 0


def feathered(weights: np.ndarray, width: int) -> np.ndarray:
    """[H, W] uint8, never above the weights given: over `width` pixels inwards from the edge of the support they are
    held below 255. The border of the picture is no edge: beyond it nothing is kept."""
    inside = support(weights)
    if width <= 0 or inside.all():
        return weights
    depth = cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)  # 1 in the outermost pixel
    ramp = np.minimum(depth * np.float32(255 / (width + 1)) + np.float32(0.5), np.float32(255))
    return np.minimum(weights, ramp.astype(np.uint8))
