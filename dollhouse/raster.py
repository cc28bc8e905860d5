"""From a stage to pictures of its facts: who is where, albedo, normals, depth, shadow, outlines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from dollhouse.light import BLUR, Light
from dollhouse.stage import REACH, SIDES, Camera, Shape, Stage, whole

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]
_ANGLES = np.arange(SIDES) * 2 * np.pi / SIDES
_COS, _SIN = np.cos(_ANGLES)[:, None].astype(np.float32), np.sin(_ANGLES)[:, None].astype(np.float32)


def samples_per_pixel(extent: tuple[int, int]) -> int:
    """Along one side. A power of two, so that halving is exact and fast."""
    return 4 if min(extent) <= 192 else 2


@dataclass
class Raster:
    stage: Stage
    camera: Camera
    extent: tuple[int, int]  # width, height

    @cached_property
    def samples(self) -> NDArray[np.uint16]:
        """The front shape's number, [H * f, W * f]."""
        f = samples_per_pixel(self.extent)
        return self.stage.ids(self.camera, (self.extent[0] * f, self.extent[1] * f))

    @cached_property
    def ids(self) -> NDArray[np.uint16]:
        """The front shape's number in the middle of every pixel, [H, W]."""
        f = samples_per_pixel(self.extent)
        return np.ascontiguousarray(self.samples[f // 2 :: f, f // 2 :: f])

    def by_shape(self, name: str, kind: type) -> NDArray:
        return np.array([getattr(shape, name) for shape in self.stage.shapes], kind)

    @cached_property
    def solid_of(self) -> NDArray[np.uint16]:
        return self.by_shape("solid", np.uint16)

    @cached_property
    def owner_of(self) -> Bytes:
        return np.array([shape.pen.owner for shape in self.stage.shapes], np.uint8)

    @cached_property
    def owner(self) -> Bytes:
        return self.owner_of[self.ids]

    @cached_property
    def receives(self) -> Array:
        """1 where a cast shadow can be seen: on the ground and on the wall."""
        ground = [shape.pen.surface < 2 and not shape.pen.owner for shape in self.stage.shapes]
        return np.array(ground, np.float32)[self.ids]

    def averaged(self, table: NDArray[np.uint32]) -> Bytes:
        """[n] packed bytes for each shape -> the mean over each pixel's samples, [H, W, 4]."""
        fine = np.take(table, self.samples, mode="clip")
        packed: NDArray[Any] = fine.view(np.uint8).reshape(*fine.shape, 4)
        while packed.shape[1] > self.extent[0]:
            packed = cv2.resize(packed, (packed.shape[1] // 2, packed.shape[0] // 2), interpolation=cv2.INTER_AREA)
        return packed

    @cached_property
    def albedo(self) -> Bytes:
        """Red, green, blue and, in the fourth place, how much of the pixel is figure: [H, W, 4]."""
        packed = [
            r | g << 8 | b << 16 | (255 << 24 if shape.pen.owner else 0)
            for shape in self.stage.shapes
            for r, g, b in [shape.colour]
        ]
        return self.averaged(np.array(packed, np.uint32))

    @cached_property
    def labels(self) -> Bytes:
        """Owner, part and surface of every pixel, [3, H, W]."""
        return np.array([shape.pen for shape in self.stage.shapes], np.uint8).T.copy()[:, self.ids]

    @cached_property
    def outline(self) -> Bytes:
        """How much of each pixel is a line between two regions, 0..255, [H, W]; scenery's lines are half as strong."""
        return self._edges(self.by_shape("line", np.int64))

    @property
    def line_art(self) -> Bytes:
        """Like `outline`, and what is painted on the figures: eyes, mouths, patterns, [H, W]."""
        lines = [shape.line + (_spread(shape.colour) if shape.pen.owner else 0) for shape in self.stage.shapes]
        return self._edges(np.array(lines, np.int64))

    def _edges(self, regions: NDArray[np.int64]) -> Bytes:
        f = samples_per_pixel(self.extent) // 2
        codes = (regions * 7919 % 251).astype(np.uint8)  # neighbours in a picture rarely share a remainder
        strength = np.where(self.owner_of > 0, 255, 110).astype(np.uint8)
        coarse = self.samples[::f, ::f]
        region, strong = np.take(codes, coarse, mode="clip"), np.take(strength, coarse, mode="clip")
        edge: NDArray[Any] = np.zeros_like(region)
        edge[:, 1:] = region[:, 1:] != region[:, :-1]
        edge[1:] |= region[1:] != region[:-1]
        edge *= np.maximum(strong, _shifted(strong))
        edge = cv2.dilate(edge, _CROSS) if min(self.extent) >= 96 else edge
        return np.asarray(cv2.resize(edge, self.extent, interpolation=cv2.INTER_AREA), np.uint8)

    @cached_property
    def cones(self) -> Array:
        """Every solid in pixels: start x y, axis x y, 1 / length², radius, its growth, curve, [n, 8]."""
        solids = self.stage.solid_table()
        starts, stops = solids[:, :4], solids[:, 4:8]
        first, scale = self.camera.project(starts[:, :3], self.extent)
        last, scale2 = self.camera.project(stops[:, :3], self.extent)
        axis = last - first
        length = (axis**2).sum(1, keepdims=True)
        radius = (starts[:, 3] * scale)[:, None]
        growth = (stops[:, 3] * scale2)[:, None] - radius
        short = 1 / np.maximum(length, 1e-3)
        return np.concatenate([first, axis, short, radius, growth, solids[:, 8:9]], 1).astype(np.float32)

    @cached_property
    def curved(self) -> tuple[NDArray[np.intp], Array, Array, Array]:
        """Pixels on round solids: flat places, normals x and y [n], and the share of the way along the axis [n]."""
        round_shape = self.cones[:, 7][self.solid_of] > 0
        places = np.flatnonzero(round_shape[self.ids])
        row = np.take(self.cones, self.solid_of[self.ids.ravel()[places]], axis=0, mode="clip").T.copy()
        y, x = np.divmod(places, self.extent[0])
        dx, dy = x.astype(np.float32) + 0.5 - row[0], y.astype(np.float32) + 0.5 - row[1]
        along = np.clip((dx * row[2] + dy * row[3]) * row[4], 0, 1)
        radius = np.maximum(row[5] + along * row[6], 1e-3)
        dx, dy = (dx - along * row[2]) / radius, (dy - along * row[3]) / radius
        shrink = row[7] / np.maximum(np.sqrt(dx * dx + dy * dy), 1)
        return places, dx * shrink, -dy * shrink, along

    @cached_property
    def normals(self) -> Array:
        """Unit vectors: x right, y up, z toward the camera, [H, W, 3]."""
        flat = self.stage.solid_table()[:, 9:]
        found = flat[self.solid_of][self.ids].reshape(-1, 3)
        places, x, y, _ = self.curved
        found[places] = np.stack([x, y, np.sqrt(np.maximum(1 - x * x - y * y, 0))], -1)
        return found.reshape(*self.ids.shape, 3)

    def lambert(self, light: Light) -> Array:
        """Cosine between the normal and the light, -1..1, [H, W]."""
        vector = np.array(light.vector, np.float32)
        flat = self.stage.solid_table()[:, 9:] @ vector
        found = flat[self.solid_of][self.ids]
        places, x, y, _ = self.curved
        z = np.sqrt(np.maximum(1 - x * x - y * y, 0))
        found.ravel()[places] = x * vector[0] + y * vector[1] + z * vector[2]
        return found

    def _casting(self) -> list[Shape]:
        return [shape for shape in self.stage.shapes if shape.casts]

    def shadow(self, light: Light) -> Array:
        """How much of the lamp is hidden from the ground and the wall, 0..1, [H, W]; figures receive none."""
        mask = np.zeros(self.ids.shape, np.uint8)
        shapes = self._casting()
        if shapes:
            circles = self.stage.rounds()
            outline = whole(self.camera.project(self._thrown(circles, light), self.extent)[0])
            for shape in shapes:
                points = outline[shape.start * SIDES : shape.stop * SIDES]
                cv2.fillConvexPoly(mask, cv2.convexHull(points), (255,))
        sigma = max(0.6, BLUR[light.kind] * min(self.extent))
        return cv2.GaussianBlur(mask, (0, 0), sigma).astype(np.float32) / 255

    def _thrown(self, circles: Array, light: Light) -> Array:
        """Where the balls' outlines, as the light sees them, fall on the ground or the wall: [n * SIDES, 3]."""
        vector = np.array(light.vector, np.float32)
        side = np.array([vector[2], 0, -vector[0]], np.float32) / max(np.hypot(vector[0], vector[2]), 1e-6)
        other = np.cross(vector, side)
        rim = (_COS * side + _SIN * other)[None] * circles[:, 3, None, None] + circles[:, None, :3]
        rim = rim.reshape(-1, 3)
        rim[:, 1] = np.maximum(rim[:, 1], 0)
        way = rim[:, 1] / vector[1]
        if vector[2] > 0:
            way = np.minimum(way, np.maximum(rim[:, 2] - self.stage.wall, 0) / vector[2])
        return rim - vector * way[:, None]

    def contact(self) -> Array:
        """Darkness where something touches the ground, 0..1, [H, W]."""
        mask = np.zeros(self.ids.shape, np.uint8)
        circles = self.stage.rounds()
        used = np.zeros(len(circles), bool)
        for shape in self._casting():
            used[shape.start : shape.stop] = True
        low = circles[used & (circles[:, 1] - circles[:, 3] < 0.05)]
        if len(low):
            ground = low[:, None, :3] * np.array([1, 0, 1], np.float32) + (
                np.concatenate([_COS, 0 * _COS, _SIN], 1)[None] * low[:, 3, None, None] * 1.5
            )
            outline = whole(self.camera.project(ground.reshape(-1, 3), self.extent)[0]).reshape(-1, SIDES, 2)
            for points in outline:
                cv2.fillConvexPoly(mask, points, (255,))
        return cv2.GaussianBlur(mask, (0, 0), max(0.7, min(self.extent) * 0.009)).astype(np.float32) / 255


def depth(raster: Raster) -> Array:
    """Distance from the eye's plane in metres, [H, W]; the sky is 200 m away."""
    camera, (width, height) = raster.camera, raster.extent
    unit = min(raster.extent) / camera.size
    y, x = np.mgrid[:height, :width].astype(np.float32) + 0.5
    ray_x = ((x - width / 2) / unit + camera.x) / REACH
    ray_y = ((height / 2 - y) / unit + camera.y - camera.eye) / REACH
    solids = raster.stage.solid_table()
    normal = solids[:, 9:]
    point = solids[:, :3] - np.array([0, camera.eye, REACH], np.float32)
    offset = (normal * point).sum(1, keepdims=True)
    offset = np.where(np.abs(offset) < 1e-3, -1e-3, offset)
    plane = (normal / offset)[raster.solid_of[raster.ids]]
    inverse = plane[..., 0] * ray_x + plane[..., 1] * ray_y - plane[..., 2]
    found = 1 / np.maximum(inverse, 1 / 200)
    places, nx, ny, along = raster.curved
    nearest = raster.solid_of[raster.ids.ravel()[places]]
    z0, r0, z1, r1, curve = solids[:, [2, 3, 6, 7, 8]][nearest].T
    bulge = np.sqrt(np.maximum(1 - (nx * nx + ny * ny) / (curve * curve), 0))
    found.ravel()[places] = REACH - (z0 + (z1 - z0) * along) - (r0 + (r1 - r0) * along) * bulge * 0.6
    return found


def _shifted(values: Bytes) -> Bytes:
    moved = values.copy()
    moved[1:, 1:] = values[:-1, :-1]
    return moved


_CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def _spread(colour: tuple[int, int, int]) -> int:
    return colour[0] * 131 + colour[1] * 31 + colour[2] * 7
