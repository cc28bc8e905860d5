"""A drawing, whatever its colours and its ground: what is drawn in it, as white lines on black."""

from __future__ import annotations

import cv2
import numpy as np

_ROWS = 256  # made opaque at once
_SAMPLED = 1 << 20  # pixels that are asked for the colour of the ground


def is_drawn(picture: np.ndarray) -> bool:
    """Not when it is see-through all over or one colour all over; a single pixel is a picture."""
    if _alpha(picture) is not None:
        return True
    if picture.shape[2] == 4 and not picture[0, 0, 3]:
        return False
    return picture[..., 0].size == 1 or bool((picture != picture[0, 0]).any())


def as_lines(picture: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8. A layer with see-through places speaks through its alpha; in any other picture the most common
    colour is the ground, and a line is as white as its colour is far from it."""
    alpha = _alpha(picture)
    if alpha is not None:
        return cv2.cvtColor(alpha, cv2.COLOR_GRAY2RGB)
    if picture.shape[2] == 4 and not picture[0, 0, 3]:
        return np.zeros((*picture.shape[:2], 3), np.uint8)
    opaque = on_white(picture)
    ground = _ground(opaque)
    far = np.zeros(opaque.shape[:2], np.uint8)
    for channel, colour in zip(cv2.split(opaque), ground, strict=True):
        cv2.max(far, _distances(colour)[channel], dst=far)
    farthest = int(max(*ground, *(255 - ground)))
    whiter = (np.arange(256) * 255 + farthest // 2) // farthest
    return cv2.cvtColor(np.minimum(whiter, 255).astype(np.uint8)[far], cv2.COLOR_GRAY2RGB)


def on_white(picture: np.ndarray) -> np.ndarray:
    """[H, W, 3] uint8, RGBA laid on white with the hosts' rounding."""
    if picture.shape[2] == 3:
        return picture
    opaque = np.empty((*picture.shape[:2], 3), np.uint8)
    for top in range(0, len(picture), _ROWS):
        part = picture[top : top + _ROWS].astype(np.float32)
        share = part[..., 3:] / 255.0
        opaque[top : top + _ROWS] = (part[..., :3] * share + 255.0 * (1.0 - share)).clip(0, 255)
    return opaque


def _alpha(picture: np.ndarray) -> np.ndarray | None:
    """Where it says something: it is not the same all over."""
    if picture.shape[2] == 3:
        return None
    alpha = np.ascontiguousarray(picture[..., 3])
    return alpha if alpha.min() < alpha.max() else None


def _ground(opaque: np.ndarray) -> np.ndarray:
    """[3] int64: the most common colour; of equally common ones the darkest."""
    step = max(1, int(np.ceil(np.sqrt(opaque.shape[0] * opaque.shape[1] / _SAMPLED))))
    sample = opaque[::step, ::step].reshape(-1, 3).astype(np.int64)
    codes, counts = np.unique((sample[:, 0] << 16) | (sample[:, 1] << 8) | sample[:, 2], return_counts=True)
    code = codes[counts.argmax()]
    return np.array([code >> 16, code >> 8 & 255, code & 255], np.int64)


def _distances(colour: int) -> np.ndarray:  # [256] uint8
    return np.abs(np.arange(256) - colour).astype(np.uint8)
