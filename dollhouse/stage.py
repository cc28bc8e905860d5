"""What a scene draws, as a list of shapes in metres, and its raster: one shape's number at every sample.

The world: x to the picture's right, y up from the ground, z toward the camera; z = 0 is the reference plane, where the
camera's `size` metres fill the shorter side of the picture.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from dollhouse.colours import RGB

Point = tuple[float, float, float]
Circle = tuple[float, float, float, float]  # centre, radius
Array = NDArray[np.float32]

REACH = 5.0  # metres from the eye to the reference plane
NEAR = 0.6  # nothing is drawn nearer to the eye
SIDES, MORE_SIDES = 12, 28  # points on a circle in a small and in a large picture
FAR_AWAY = 20_000  # samples: beyond this a coordinate is clipped before it becomes an integer


@dataclass(frozen=True)
class Camera:
    """An upright camera at (0, eye, REACH) that looks along -z through a window that may be shifted, not turned."""

    framing: str
    size: float  # metres of the reference plane on the shorter side
    x: float  # the window's middle on the reference plane
    y: float
    eye: float = 1.3

    def project(self, points: Array, extent: tuple[int, int]) -> tuple[Array, Array]:
        """[n, 3] metres -> [n, 2] pixels of a picture of (width, height), and pixels per metre there."""
        width, height = extent
        unit = min(extent) / self.size
        nearer = REACH / np.maximum(REACH - points[:, 2], NEAR)
        flat = np.empty((len(points), 2), np.float32)
        flat[:, 0] = width / 2 + (points[:, 0] * nearer - self.x) * unit
        flat[:, 1] = height / 2 - (self.eye + (points[:, 1] - self.eye) * nearer - self.y) * unit
        return flat, nearer * unit


class Pen(NamedTuple):
    """To whom and to what the next shapes belong."""

    owner: int = 0  # 0 background, 1 object, 2 + i the doll i
    part: int = 0
    surface: int = 0


class Shape(NamedTuple):
    key: float  # within one doll: larger is drawn later
    kind: int  # BLOB, POLYGON or PATCH
    start: int
    stop: int
    colour: RGB
    solid: int
    pen: Pen
    line: int  # no outline between shapes of the same number
    glow: float  # share of the colour that light does not change, 0..1
    casts: bool


BLOB, POLYGON, PATCH = range(3)


SOLID = 12  # numbers that say what a shape is the picture of: a round cone between two balls, or a plane (curve 0)
Floats = array  # of C floats


def _floats() -> Floats:
    return array("f")


@dataclass
class Stage:
    pen: Pen = Pen()
    shapes: list[Shape] = field(default_factory=list)
    circles: Floats = field(default_factory=_floats)  # 4 for each
    points: Floats = field(default_factory=_floats)  # 3 for each
    templates: list[Array] = field(default_factory=list)  # [k, 2] each
    frames: Floats = field(default_factory=_floats)  # 9 for each template: origin and both axes
    template_points: int = 0
    solids: Floats = field(default_factory=_floats)  # SOLID for each
    wall: float = -1e4  # z of the wall behind the dolls, where shadows climb
    lines: int = 0

    def fresh_line(self) -> int:
        self.lines += 1
        return self.lines

    def cone(self, start: Circle, stop: Circle | None = None, curve: float = 0.92) -> int:
        stop = stop or start
        self.solids.extend((*start, *stop, curve, 0.0, 0.0, 1.0))
        return len(self.solids) // SOLID - 1

    def plane(self, point: Point, normal: Point = (0.0, 0.0, 1.0)) -> int:
        self.solids.extend((*point, 1e3, *point, 1e3, 0.0, *normal))
        return len(self.solids) // SOLID - 1

    def _add(
        self, key: float, kind: int, start: int, stop: int, colour: RGB, solid: int, line: int, glow: float, casts: bool
    ) -> None:
        self.shapes.append(Shape(key, kind, start, stop, colour, solid, self.pen, line, glow, casts))

    def blob(
        self,
        circles: Sequence[Circle],
        colour: RGB,
        solid: int | None = None,
        key: float = 0.0,
        line: int = 0,
        glow: float = 0.0,
        casts: bool = False,
    ) -> int:
        """The hull of one to four balls. Without a solid it is the round cone of the first and the last."""
        solid = self.cone(circles[0], circles[-1]) if solid is None else solid
        start = len(self.circles) // 4
        for circle in circles:
            self.circles.extend(circle)
        self._add(key, BLOB, start, start + len(circles), colour, solid, line, glow, casts)
        return solid

    def polygon(
        self, points: Sequence[Point], colour: RGB, solid: int, key: float = 0.0, line: int = 0, glow: float = 0.0
    ) -> None:
        start = len(self.points) // 3
        for point in points:
            self.points.extend(point)
        self._add(key, POLYGON, start, start + len(points), colour, solid, line, glow, False)

    def patch(
        self,
        template: Array,
        frame: tuple[Point, Point, Point],
        colour: RGB,
        solid: int,
        key: float = 0.0,
        line: int = 0,
        glow: float = 0.0,
    ) -> None:
        """A flat figure [k, 2] laid into the plane of a frame (origin, x axis, y axis)."""
        start = self.template_points
        self.templates.append(template)
        for vector in frame:
            self.frames.extend(vector)
        self.template_points += len(template)
        self._add(key, PATCH, start, self.template_points, colour, solid, line, glow, False)

    def sort_from(self, start: int) -> None:
        """Put one doll's shapes, which were added since `start`, in the order of their keys."""
        self.shapes[start:] = sorted(self.shapes[start:], key=lambda shape: shape.key)

    def rounds(self) -> Array:
        """Centre and radius of every circle, [n, 4]."""
        return np.frombuffer(self.circles, np.float32).reshape(-1, 4)

    def solid_table(self) -> Array:
        """[n, SOLID]: start and radius 0-3, stop and radius 4-7, curve 8, normal 9-11."""
        return np.frombuffer(self.solids, np.float32).reshape(-1, SOLID)

    def patch_points(self) -> Array:
        if not self.templates:
            return np.zeros((0, 3), np.float32)
        each = np.frombuffer(self.frames, np.float32).reshape(-1, 3, 3)
        frames = np.repeat(each, [len(t) for t in self.templates], axis=0)
        flat = np.concatenate(self.templates)
        return frames[:, 0] + frames[:, 1] * flat[:, :1] + frames[:, 2] * flat[:, 1:]

    def outlines(self, camera: Camera, extent: tuple[int, int]) -> list[NDArray[np.int32]]:
        """The integer points of every blob's circles, every polygon and every patch, by kind."""
        circles = self.rounds()
        centres, scale = camera.project(circles[:, :3], extent)
        rounds = centres[:, None] + (circles[:, 3] * scale)[:, None, None] * _ROUNDS[_sides(extent)]
        polygons = camera.project(np.frombuffer(self.points, np.float32).reshape(-1, 3), extent)[0]
        patches = camera.project(self.patch_points(), extent)[0]
        return [whole(points.reshape(-1, 2)) for points in (rounds, polygons, patches)]

    def ids(self, camera: Camera, extent: tuple[int, int]) -> NDArray[np.uint16]:
        """The number of the front shape at every sample, [H, W]."""
        outlines, sides = self.outlines(camera, extent), _sides(extent)
        canvas = np.zeros((extent[1], extent[0]), np.uint16)
        for number, shape in enumerate(self.shapes):
            if shape.kind == BLOB:
                points: NDArray[Any] = outlines[0][shape.start * sides : shape.stop * sides]
                if shape.stop - shape.start > 1:
                    points = cv2.convexHull(points)
                cv2.fillConvexPoly(canvas, points, (number,))
            else:
                cv2.fillPoly(canvas, [outlines[shape.kind][shape.start : shape.stop]], (number,))
        return canvas


def _sides(samples: tuple[int, int]) -> int:
    return SIDES if min(samples) <= 640 else MORE_SIDES


def _round(sides: int) -> Array:
    angles = np.arange(sides) * 2 * np.pi / sides
    return np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32) / np.float32(np.cos(np.pi / sides) ** 0.5)


_ROUNDS = {sides: _round(sides) for sides in (SIDES, MORE_SIDES)}


def whole(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Sample coordinates: the sample i covers i..i+1."""
    return np.floor(np.clip(points, -FAR_AWAY, FAR_AWAY)).astype(np.int32)
