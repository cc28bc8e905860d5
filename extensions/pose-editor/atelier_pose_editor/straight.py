"""The straight lines of a picture, for a ControlNet of the kind mlsd: white, one pixel wide, on black."""

from __future__ import annotations

import cv2
import numpy as np

from .lines import on_white

_SIDE = 2048  # pixels: lines of a larger picture are looked for in a smaller one
_MOST = 4000  # lines: a picture with more has no straight lines, it has a grain
_STROKE = 12.0  # pixels: the two edges of a drawn line lie nearer to each other
_PARALLEL = np.cos(np.radians(4))


def straight_lines(picture: np.ndarray, shortest: float) -> np.ndarray:
    """[H, W, 3] uint8 with the lines of at least `shortest` pixels."""
    height, width = picture.shape[:2]
    grey = cv2.cvtColor(on_white(picture), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _SIDE / max(height, width))
    if scale < 1:
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(grey, small, interpolation=cv2.INTER_AREA)
    found = _longest_first(_segments(grey), shortest * scale)
    lines = np.zeros((height, width), np.uint8)
    for line in np.rint((centred(found) + 0.5) / scale - 0.5).astype(int):
        cv2.line(lines, line[:2].tolist(), line[2:].tolist(), (255,), 1)
    return cv2.cvtColor(lines, cv2.COLOR_GRAY2RGB)


def _longest_first(segments: np.ndarray, shortest: float) -> np.ndarray:
    lengths = np.hypot(*(segments[:, 2:] - segments[:, :2]).T)
    order = np.argsort(-lengths, kind="stable")
    return segments[order[lengths[order] >= shortest][:_MOST]]


def centred(longest_first: np.ndarray) -> np.ndarray:
    """[N, 4] with the two edges of a drawn line made one: they run against each other, near and beside each other."""
    left, kept = longest_first, []
    while len(left):
        longest, left = left[0].copy(), left[1:]
        start, along, length = _course(longest)
        beside = _opposite(left, start, along, length)
        if beside.any():
            shift = np.median(_offsets(left[beside], start, along)) / 2
            longest = longest + np.tile([-along[1] * shift, along[0] * shift], 2)
        kept.append(longest)
        left = left[~beside]
    return np.array(kept).reshape(-1, 4)


def _course(segment: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    way = segment[2:] - segment[:2]
    length = float(np.hypot(*way))
    return segment[:2], way / max(length, 1e-9), length


def _opposite(others: np.ndarray, start: np.ndarray, along: np.ndarray, length: float) -> np.ndarray:  # [N] bool
    ways = others[:, 2:] - others[:, :2]
    against = ways @ along < -_PARALLEL * np.hypot(*ways.T)
    near = np.abs(_offsets(others, start, along)) < _STROKE
    middles = ((others[:, :2] + others[:, 2:]) / 2 - start) @ along
    return against & near & (middles > 0) & (middles < length)


def _offsets(others: np.ndarray, start: np.ndarray, along: np.ndarray) -> np.ndarray:
    """How far to the side their middles lie."""
    middles = (others[:, :2] + others[:, 2:]) / 2 - start
    return middles[:, 1] * along[0] - middles[:, 0] * along[1]


def _segments(grey: np.ndarray) -> np.ndarray:  # [N, 4] float64: x, y, x, y
    try:
        found = cv2.createLineSegmentDetector().detect(grey)[0]
    except (AttributeError, cv2.error):  # OpenCV 4.1 to 4.5.3 came without it
        found = cv2.HoughLinesP(cv2.Canny(grey, 100, 200), 1, np.pi / 180, 30, minLineLength=10, maxLineGap=4)
    return np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(np.float64)
