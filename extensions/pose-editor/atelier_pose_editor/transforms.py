"""Lengths and transforms as SVG writes them."""

from __future__ import annotations

import re
from math import cos, radians, sin, tan

from atelier_core.errors import UserError

Matrix = tuple[float, float, float, float, float, float]  # a, b, c, d, e, f: x' = a x + c y + e, y' = b x + d y + f
SAME: Matrix = (1, 0, 0, 1, 0, 0)
_LONGEST = 2000  # letters of an attribute that is looked into
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})(?:px)?\s*")
_STEP = re.compile(r"\s*,?\s*(matrix|translate|scale|rotate|skewX|skewY)\s*\(([^()]*)\)")


def length(text: str) -> float:
    found = _LENGTH.fullmatch(text) if len(text) <= _LONGEST else None
    if not found:
        raise UserError("A length in this drawing is not in pixels.")
    return float(found[1])


def numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(_NUMBER, text[:_LONGEST])]


def matrix_of(text: str) -> Matrix:
    """A transform attribute as one matrix (a, b, c, d, e, f), as SVG names them."""
    whole, at = SAME, 0
    if len(text) > _LONGEST:
        raise UserError("A transform in this drawing cannot be read.")
    while step := _STEP.match(text, at):
        whole, at = within(whole, _matrix(step[1], numbers(step[2]))), step.end()
    if text[at:].strip():
        raise UserError("A transform in this drawing cannot be read.")
    return whole


def _matrix(kind: str, given: list[float]) -> Matrix:
    wanted = {"matrix": (6,), "translate": (1, 2), "scale": (1, 2), "rotate": (1, 3)}.get(kind, (1,))
    if len(given) not in wanted:
        raise UserError("A transform in this drawing cannot be read.")
    first, last = given[0], given[-1]
    if kind == "matrix":
        return given[0], given[1], given[2], given[3], given[4], given[5]
    if kind == "translate":
        return 1, 0, 0, 1, first, last if len(given) == 2 else 0
    if kind == "scale":
        return first, 0, 0, last, 0, 0
    if kind == "rotate":
        x, y = given[1:] or (0.0, 0.0)
        c, s = cos(radians(first)), sin(radians(first))
        return c, s, -s, c, x - c * x + s * y, y - s * x - c * y
    slope = tan(radians(first))
    return (1, 0, slope, 1, 0, 0) if kind == "skewX" else (1, slope, 0, 1, 0, 0)


def within(outer: Matrix, inner: Matrix) -> Matrix:
    a, b = apply((*outer[:4], 0, 0), *inner[:2])
    c, d = apply((*outer[:4], 0, 0), *inner[2:4])
    e, f = apply(outer, *inner[4:])
    return a, b, c, d, e, f


def apply(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return a * x + c * y + e, b * x + d * y + f
