"""From where the model looks to regions that a hand can correct."""

from __future__ import annotations

import io

import cv2
import numpy as np
from atelier_core.geometry import Extent
from PIL import Image

from ..regions import Box, Drawn

LONGEST = 512  # pixels of a drafted mask
SMOOTH = 0.7  # cells
FLOOR = 1.0  # what is looked at less than on average is nobody's
CLEAR = 1.1  # a prompt that is nowhere looked for more than this was not found, whatever shapes that makes
LEAST = 0.01  # of the picture: a smaller region was not found
CRUMB = 0.2  # of a region's largest part: smaller ones are left out
GROWN = 1 / 48  # of the longer side, around what was found: it falls short of hair and hands

Bytes = np.ndarray  # [H, W] uint8, 0 or 255


def divided(scores: np.ndarray, size: Extent) -> list[Bytes | None]:
    """A mask for each of [N, h, w], no two on the same cell; None for what was not found."""
    fitted = fitting(size)
    smooth = [
        cv2.GaussianBlur(one.astype(np.float32), (0, 0), SMOOTH, borderType=cv2.BORDER_REPLICATE) for one in scores
    ]
    large = np.stack([cv2.resize(one, fitted, interpolation=cv2.INTER_CUBIC) for one in smooth])
    large[large.max(axis=(1, 2)) < CLEAR] = 0
    owner = np.where(large.max(axis=0) > FLOOR, large.argmax(axis=0), -1)
    found = [_whole((owner == n).astype(np.uint8)) for n in range(len(scores))]
    grown = _grown(found, fitted)
    return [big * np.uint8(255) if one.mean() >= LEAST else None for one, big in zip(found, grown, strict=True)]


def fitting(size: Extent) -> Extent:
    scale = min(1.0, LONGEST / size.longer)
    return Extent(max(1, round(size.width * scale)), max(1, round(size.height * scale)))


def _whole(mask: Bytes) -> Bytes:
    """Its chief parts, without holes."""
    _, labels, told, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    areas = told[1:, cv2.CC_STAT_AREA]
    kept = [n for n, area in enumerate(areas, 1) if area >= CRUMB * max(areas)]
    parts = np.isin(labels, kept).astype(np.uint8)
    outlines, _ = cv2.findContours(parts, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(parts, outlines, -1, [1], cv2.FILLED), np.uint8)


def _grown(masks: list[Bytes], size: Extent) -> list[Bytes]:
    """Each into what is nobody's; a place that two reach stays nobody's."""
    reach = max(1, round(size.longer * GROWN))
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    held = sum(masks, np.zeros((size.height, size.width), np.uint8))
    wide = [cv2.dilate(one, brush) for one in masks]
    free = (held == 0) & (sum(wide, np.zeros_like(held)) == 1)
    own = held == 1  # where two fill a hole of each other's, neither has it
    return [one * own + big * free for one, big in zip(masks, wide, strict=True)]


def drawn(mask: Bytes) -> Drawn:
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG", optimize=True)
    return Drawn(out.getvalue())


def column(number: int, count: int) -> Box:
    """A place for what was not found: side by side with the others."""
    return Box(number / count, 0.0, (number + 1) / count, 1.0)
