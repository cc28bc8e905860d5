"""Three-component arithmetic on plain tuples: a doll is a few hundred of these, too few for arrays to pay."""

from __future__ import annotations

Vector = tuple[float, float, float]
Circle = tuple[float, float, float, float]


def lerp(a: Vector, b: Vector, share: float) -> Vector:
    keep = 1 - share
    return a[0] * keep + b[0] * share, a[1] * keep + b[1] * share, a[2] * keep + b[2] * share


def along(a: Vector, direction: Vector, length: float) -> Vector:
    return a[0] + direction[0] * length, a[1] + direction[1] * length, a[2] + direction[2] * length


def scaled(a: Vector, factor: float) -> Vector:
    return a[0] * factor, a[1] * factor, a[2] * factor


def ball(centre: Vector, radius: float) -> Circle:
    return centre[0], centre[1], centre[2], radius


class Frame:
    """An origin with three axes; `at` and `way` turn local coordinates, in units of `unit` metres, into the world's."""

    __slots__ = ("origin", "unit", "x", "y", "z")

    def __init__(self, origin: Vector, axes: list[list[float]], unit: float) -> None:
        self.origin = origin
        self.unit = unit
        self.x, self.y, self.z = ((row[0], row[1], row[2]) for row in zip(*axes, strict=True))

    def way(self, x: float, y: float, z: float) -> Vector:
        ax, ay, az, k = self.x, self.y, self.z, self.unit
        return (
            (ax[0] * x + ay[0] * y + az[0] * z) * k,
            (ax[1] * x + ay[1] * y + az[1] * z) * k,
            (ax[2] * x + ay[2] * y + az[2] * z) * k,
        )

    def at(self, x: float, y: float, z: float) -> Vector:
        px, py, pz = self.way(x, y, z)
        return self.origin[0] + px, self.origin[1] + py, self.origin[2] + pz

    def ball(self, x: float, y: float, z: float, radius: float) -> Circle:
        return (*self.at(x, y, z), radius * self.unit)
