"""Structure maps that need no weights, with the very pixels of the host's own preprocessors at the picture's size.

A host continues a picture to the right and below to a multiple of 64 before it looks for lines. Blurs, edges at the
border and the median of line art feel that, so the same is done here. Maps are white on black but for the colours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from atelier_core.errors import UserError

from .lines import as_lines, is_drawn, on_white
from .straight import straight_lines

t = str  # marks a text of the translations' tables; it is said in the user's language where it is shown
MOST_SIDE = 8192  # pixels
_STEP = 64  # pixels: what the hosts continue a picture to
_ROWS = 512  # blurred at once: three channels in float32 of a picture of 8192² are 805 MB


@dataclass(frozen=True)
class Parameter:
    name: str
    title: str
    least: float
    most: float
    default: float


@dataclass(frozen=True)
class Map:
    name: str
    title: str
    kinds: tuple[str, ...]  # of ControlNet; none: the map is img2img's picture
    draw: Callable[..., np.ndarray]  # of RGB or RGBA
    parameters: tuple[Parameter, ...] = ()
    from_lines: bool = False  # it reads a drawing of black lines on white

    def checked(self, given: dict[str, float]) -> dict[str, float]:
        """Every parameter with its value."""
        known = {one.name: one for one in self.parameters}
        for name, value in given.items():
            if name not in known:
                raise UserError("The map {map} has no setting {name}.", map=self.title, name=name)
            one = known[name]
            if not one.least <= value <= one.most:  # nor NaN
                raise UserError(
                    "{name} must lie between {least} and {most}.", name=one.title, least=one.least, most=one.most
                )
        return {name: given.get(name, one.default) for name, one in known.items()}


def made(name: str, picture: np.ndarray, **parameters: float) -> np.ndarray:
    """[H, W, 3] uint8 of a picture of [H, W, 3|4]; see-through places count as white, as in the hosts."""
    if name not in MAPS:
        raise UserError("There is no map {name}.", name=name)
    height, width = picture.shape[:2]
    if max(height, width) > MOST_SIDE:
        raise UserError(
            "The picture has {width} × {height} pixels; at most {most} per side can be made into a map.",
            width=width,
            height=height,
            most=MOST_SIDE,
        )
    values = MAPS[name].checked(parameters)
    if not is_drawn(picture):
        raise UserError("There is nothing in the drawing yet.")
    return MAPS[name].draw(picture, **values)


def made_of_drawing(name: str, drawing: np.ndarray, **parameters: float) -> np.ndarray:
    """The same of lines in any colours on any ground: a map that reads black on white is shown black on white."""
    reads_lines = name in MAPS and MAPS[name].from_lines and is_drawn(drawing)
    return made(name, 255 - as_lines(drawing) if reads_lines else drawing, **parameters)


def _padded(picture: np.ndarray) -> np.ndarray:
    opaque = on_white(picture)
    down, right = (-side % _STEP for side in opaque.shape[:2])
    return np.pad(opaque, ((0, down), (0, right), (0, 0)), mode="edge") if down or right else opaque


def _three(plane: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """One channel of the padded picture as three of the picture itself."""
    height, width = picture.shape[:2]
    return cv2.cvtColor(np.ascontiguousarray(plane[:height, :width]), cv2.COLOR_GRAY2RGB)


def _white_where(chosen: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(chosen * np.uint8(255), cv2.COLOR_GRAY2RGB)


def _darkest(picture: np.ndarray) -> np.ndarray:
    """The least of the channels."""
    red, green, blue = cv2.split(on_white(picture))
    return cv2.min(cv2.min(red, green), blue)


def _scribble_thr(picture: np.ndarray) -> np.ndarray:
    return _white_where(_darkest(picture) < 127)


def _threshold(picture: np.ndarray, threshold: float) -> np.ndarray:
    return _white_where(_darkest(picture) > threshold)


def _invert(picture: np.ndarray) -> np.ndarray:
    return 255 - on_white(picture)


def _canny(picture: np.ndarray, low: float, high: float) -> np.ndarray:
    return _three(cv2.Canny(_padded(picture), int(low), int(high)), picture)


def _scribble_xdog(picture: np.ndarray, threshold: float) -> np.ndarray:
    padded = _padded(picture)
    lines = np.empty(padded.shape[:2], np.uint8)
    for rows, band, inner in _bands(padded, _radius(5.0)):
        darker = np.min(_blurred(band, 5.0) - _blurred(band, 0.5), axis=2)[inner]
        contrast = np.uint8(255) - (255 - darker).clip(0, 255).astype(np.uint8)
        # twice the contrast in 8 bits, as the hosts count: from 128 on it begins again at 0
        lines[rows] = ((contrast << 1) > threshold) * np.uint8(255)
    return _three(lines, picture)


def _lineart_standard(picture: np.ndarray, gaussian_sigma: float, intensity_threshold: float) -> np.ndarray:
    padded = _padded(picture)
    intensity = np.empty(padded.shape[:2], np.float32)
    for rows, band, inner in _bands(padded, _radius(gaussian_sigma)):
        darker = np.min(_blurred(band, gaussian_sigma) - band.astype(np.float32), axis=2)
        intensity[rows] = darker[inner].clip(0, 255)
    lines = intensity[intensity > intensity_threshold]
    intensity /= max(16, np.median(lines)) if lines.size else 16
    intensity *= 127
    return _three(np.clip(intensity, 0, 255, out=intensity).astype(np.uint8), picture)


def _blurred(pixels: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(pixels.astype(np.float32), (0, 0), sigma)


def _radius(sigma: float) -> int:
    """Of OpenCV's kernel for float32: a few rows beyond it change nothing."""
    return math.ceil(4 * sigma) + 2


def _bands(pixels: np.ndarray, halo: int) -> Iterator[tuple[slice, np.ndarray, slice]]:
    """Rows, what is needed to blur them, and where in that they are: the result is the whole picture's, bit for bit."""
    height = pixels.shape[0]
    for top in range(0, height, _ROWS):
        bottom, first = min(top + _ROWS, height), max(0, top - halo)
        yield slice(top, bottom), pixels[first : bottom + halo], slice(top - first, bottom - first)


_ALL = (
    Map("lines", t("Lines as drawn"), ("scribble", "lineart", "softedge", "canny", "mlsd"), as_lines),
    Map("scribble_thr", t("Scribble: by darkness"), ("scribble",), _scribble_thr, from_lines=True),
    Map(
        "scribble_xdog",
        t("Scribble: outlines"),
        ("scribble",),
        _scribble_xdog,
        (Parameter("threshold", t("Contrast of a line"), 1, 64, 32),),
    ),
    Map(
        "canny",
        t("Edges (Canny)"),
        ("canny",),
        _canny,
        (
            Parameter("low", t("Weakest edge"), 1, 255, 100),
            Parameter("high", t("Strong edge"), 1, 255, 200),
        ),
    ),
    Map(
        "lineart_standard",
        t("Line art"),
        ("lineart",),
        _lineart_standard,
        (
            Parameter("gaussian_sigma", t("Widest line"), 1, 32, 6),
            Parameter("intensity_threshold", t("Faintest line"), 1, 64, 8),
        ),
        from_lines=True,
    ),
    Map(
        "threshold",
        t("Light and dark"),
        ("scribble",),
        _threshold,
        (Parameter("threshold", t("Limit of lightness"), 0, 255, 127),),
    ),
    Map("invert", t("Inverted"), ("lineart", "scribble", "canny", "mlsd"), _invert, from_lines=True),
    Map(
        "straight",
        t("Straight lines"),
        ("mlsd",),
        straight_lines,
        (Parameter("shortest", t("Shortest line"), 0, 512, 20),),
    ),
    Map("colour", t("Colours as drawn"), (), on_white),
)
MAPS = {one.name: one for one in _ALL}
