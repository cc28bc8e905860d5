"""A head from the few marks that a skeleton has of it: where its middle is, how large it is, and which way it looks."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .skeleton import Part

# x to the person's left, y down, z ahead, in radii of the head from its middle
_MARKS = {
    0: (0, 0.24, 0.97),
    1: (0, 1.22, -0.1),
    14: (-0.4, 0.04, 0.9),
    15: (0.4, 0.04, 0.9),
    16: (-0.95, 0.12, 0),
    17: (0.95, 0.12, 0),
}
_SKULL = (0, -0.1, -0.12)  # with hair on it
_TRUST = {1: 0.5}  # the neck bends
_LEAST = 3  # marks that tell a turn
_SHY = (
    0.004  # how much a mark may be off, in squared radii, before a turned head is believed rather than a straight one
)
_YAWS, _NODS = np.deg2rad(np.arange(-90, 91, 10)), np.deg2rad(np.arange(-40, 41, 10))


class Head(NamedTuple):
    x: float  # of the middle of the skull
    y: float
    radius: float
    yaw: float  # radians; positive: looks to the picture's right


def head_of(body: Part) -> Head | None:
    """The turn at which a round head fits best; nothing when fewer than three marks are on."""
    marks = [mark for mark in _MARKS if body[mark].on]
    if len(marks) < _LEAST or marks == [0, 1]:
        return None
    seen = np.array([complex(body[mark].x, body[mark].y) for mark in marks])
    weights = np.array([_TRUST.get(mark, 1.0) for mark in marks])
    yaws, nods = (grid.ravel() for grid in np.meshgrid(_YAWS, _NODS))
    model = _turned(np.array([_MARKS[mark] for mark in marks]), yaws, nods)  # [turns, marks]
    return _best(seen, model, weights / weights.sum(), yaws, nods)


def _turned(marks: np.ndarray, yaws: np.ndarray, nods: np.ndarray) -> np.ndarray:
    """Seen from in front, as complex numbers: first nodded about x, then turned about y."""
    x, y, z = marks.T
    up = y * np.cos(nods)[:, None] + z * np.sin(nods)[:, None]
    ahead = z * np.cos(nods)[:, None] - y * np.sin(nods)[:, None]
    return x * np.cos(yaws)[:, None] + ahead * np.sin(yaws)[:, None] + 1j * up


def _best(seen: np.ndarray, model: np.ndarray, weights: np.ndarray, yaws: np.ndarray, nods: np.ndarray) -> Head | None:
    """For each turn the middle, size and tilt by least squares; then the turn with the least that is left over."""
    middle, middles = (weights * seen).sum(), (weights * model).sum(axis=1)
    data, shapes = seen - middle, model - middles[:, None]
    spread = (weights * abs(shapes) ** 2).sum(axis=1)
    factors = (weights * data * shapes.conj()).sum(axis=1) / spread  # a complex number scales and tilts
    scales = np.maximum(abs(factors), 1e-6)
    left = (weights * abs(data - factors[:, None] * shapes) ** 2).sum(axis=1) / scales**2
    best = int(np.argmin(left + _SHY * (yaws**2 + nods**2)))
    skull = _turned(np.array([_SKULL]), yaws[[best]], nods[[best]])[0, 0]
    centre = middle + factors[best] * (skull - middles[best])
    return Head(float(centre.real), float(centre.imag), float(scales[best]), float(yaws[best]))
