"""Draws a doll's face: eyes, brows and mouth in one of four expressions."""

from __future__ import annotations

import numpy as np

from dollhouse.colours import CLOTH, HAIR, INK, RGB, mix, shade
from dollhouse.figure import Figure
from dollhouse.stage import Array


def disc(count: int = 14) -> Array:
    angles = np.arange(count) * 2 * np.pi / count
    return np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32)


def crescent(half: float, bend: float, thick: float) -> Array:
    """An arc of half breadth `half`; its middle hangs `bend` below its ends (above, if negative)."""
    x = np.linspace(-1, 1, 9)
    arc = bend * (x**2 - 1)
    width = thick * (0.35 + 0.65 * (1 - x**2))
    upper = np.stack([x * half, arc + width / 2], -1)
    return np.concatenate([upper, np.stack([x * half, arc - width / 2], -1)[::-1]]).astype(np.float32)


def _bowl(half: float, depth: float) -> Array:
    """A laughing mouth: straight above, round below."""
    x = np.linspace(-1, 1, 11)
    low = np.stack([x * half, -depth * np.sqrt(1 - x**2)], -1)
    return np.concatenate([low, [[half, 0.05], [-half, 0.05]]]).astype(np.float32)


def _box(half: float, high: float) -> Array:
    return np.array([(-half, -high), (half, -high), (half * 0.92, high), (-half * 0.92, high)], np.float32)


_DISC = disc()
_BROWS = {"smiling": (-8, 0.46, 0.09), "laughing": (-10, 0.5, 0.09), "angry": (30, 0.34, 0.15), "sad": (-28, 0.44, 0.1)}
_SMILE, _FROWN = crescent(0.42, 0.25, 0.14), crescent(0.26, -0.18, 0.12)
_CLOSED = crescent(0.22, -0.18, 0.1)
_LID, _BROW = crescent(0.24, -0.1, 0.1), crescent(0.25, -0.04, 1.0)
_TEAR = np.array([(0, 0.16), (0.07, 0.0), (0.05, -0.07), (0, -0.1), (-0.05, -0.07), (-0.07, 0.0)], np.float32)
MOUTH_RED: RGB = (142, 34, 44)


def _lay(f: Figure, template: Array, x: float, y: float, colour: RGB, key: float, tilt: float = 0.0) -> None:
    """Put a flat figure, in units of the head's radius, onto the face at local (x, y), if that is turned to us."""
    z = max(0.0, 1 - x * x - y * y) ** 0.5
    origin = f.head.at(x, y, z)
    if origin[2] - f.head.origin[2] < 0.2 * f.head.unit:
        return
    flat = max(z, 0.3)
    norm = (flat * flat + x * x) ** 0.5
    ex, ey = f.head.way(flat / norm, 0, -x / norm), f.head.way(0, 0.96, -y * 0.8)
    if tilt:
        cos, sin = float(np.cos(np.deg2rad(tilt))), float(np.sin(np.deg2rad(tilt)))
        ex, ey = (
            (ex[0] * cos + ey[0] * sin, ex[1] * cos + ey[1] * sin, ex[2] * cos + ey[2] * sin),
            (ey[0] * cos - ex[0] * sin, ey[1] * cos - ex[1] * sin, ey[2] * cos - ex[2] * sin),
        )
    f.stage.patch(template, (origin, ex, ey), colour, f.skull, key, f.line("head"))


def draw_face(f: Figure, key: float) -> None:
    f.pen("head", "skin")
    soft = f.doll.kind in ("girl", "woman")
    if soft or f.expression == "angry":
        blush = mix(f.skin, (236, 60, 70), 0.42 if f.expression == "angry" else 0.3)
        for side in (-1, 1):
            _lay(f, _DISC * [0.17, 0.11], side * 0.58, -0.38, blush, key + 0.0004)
    _lay(f, _DISC * [0.08, 0.06], 0, -0.24, shade(f.skin, 0.8), key + 0.0006)
    for side in (-1, 1):
        _eye(f, side, key + 0.001, soft)
        _brow(f, side, key + 0.005)
    _mouth(f, key + 0.001)


def _eye(f: Figure, side: int, key: float, lashes: bool) -> None:
    f.pen("head", "eyes")
    x, y = side * 0.4, -0.04
    odd = f.doll.mark("odd eyes")
    iris = CLOTH[odd] if odd and side > 0 else (44, 30, 34)
    if f.expression == "laughing":
        _lay(f, _CLOSED, x, y - 0.06, INK, key)
        return
    high = 0.2 if f.expression == "angry" else 0.25
    _lay(f, _DISC * [0.2, high], x, y, (255, 255, 255), key)
    down = -0.05 if f.expression == "sad" else 0.0
    _lay(f, _DISC * [0.135, high * 0.84], x * 0.96, y + down, iris, key + 0.0002)
    _lay(f, _DISC * [0.055, 0.06], x * 0.96 + 0.05, y + 0.09, (255, 255, 255), key + 0.0004)
    _lay(f, _LID, x, y + high * 0.86, INK, key + 0.0005, side * 6.0)
    if lashes:
        _lay(f, _BROW * [0.5, 0.07], x + side * 0.21, y + 0.18, INK, key + 0.0006, side * 32.0)
    if f.expression == "sad":
        _lay(f, _TEAR * 1.6, x + side * 0.08, y - 0.42, (96, 176, 240), key + 0.0008)


def _brow(f: Figure, side: int, key: float) -> None:
    f.pen("head", "hair")
    tilt, y, thick = _BROWS[f.expression]
    thick *= 1.3 if f.doll.kind in ("boy", "man") else 1.0
    colour = mix(HAIR[f.doll.hair], (20, 12, 16), 0.55 if f.doll.skin in ("fair", "tan") else 0.85)
    _lay(f, _BROW * [1.0, thick], side * 0.4, y, colour, key, side * float(tilt))


def _mouth(f: Figure, key: float) -> None:
    f.pen("head", "mouth")
    if f.expression == "smiling":
        _lay(f, _SMILE, 0, -0.37, _lips(f), key)
    elif f.expression == "laughing":
        _lay(f, _bowl_cached, 0, -0.4, MOUTH_RED, key)
        _lay(f, _DISC * [0.2, 0.1], 0, -0.68, (240, 116, 120), key + 0.0002)
        _lay(f, _box_cached, 0, -0.41, (255, 255, 255), key + 0.0003)
    elif f.expression == "angry":
        _lay(f, _grit, 0, -0.56, MOUTH_RED, key)
        _lay(f, _grit * [0.82, 0.62], 0, -0.56, (255, 255, 255), key + 0.0002)
        _lay(f, _grit * [0.82, 0.14], 0, -0.56, MOUTH_RED, key + 0.0003)
    else:
        _lay(f, _FROWN, 0, -0.52, _lips(f), key)


def _lips(f: Figure) -> RGB:
    return MOUTH_RED if f.doll.skin in ("fair", "tan") else (226, 88, 92)


_bowl_cached = _bowl(0.36, 0.36)
_box_cached = _box(0.28, 0.055)
_grit = _box(0.32, 0.13)
