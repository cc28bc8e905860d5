"""The carpenter of backgrounds: grounds, walls, boxes, trees and clouds at their distance."""

from __future__ import annotations

from random import Random

from dollhouse.colours import RGB, fold, mix, shade
from dollhouse.parts import SURFACE
from dollhouse.stage import REACH, Pen, Point, Stage

SKY_Z = -195.0  # 200 m from the eye
FRONT = REACH - 0.75  # where the ground begins, just before the eye
_UP = (0.0, 1.0, 0.0)


class Scenery:
    def __init__(self, stage: Stage, rng: Random, eye: float) -> None:
        self.stage = stage
        self.rng = rng
        self.eye = eye

    def use(self, surface: str) -> None:
        self.stage.pen = Pen(0, 0, SURFACE[surface])

    def varied(self, colour: RGB, spread: int = 10) -> RGB:
        r, g, b = (min(255, max(0, c + self.rng.randint(-spread, spread))) for c in colour)
        return r, g, b

    def sky(self, top: RGB, low: RGB, bands: int = 14, height: float = 42.0) -> None:
        self.use("sky")
        solid = self.stage.plane((0.0, 0.0, SKY_Z))
        for band in range(bands):
            colour = mix(low, top, (band / (bands - 1)) ** 0.8)
            low_edge = -400.0 if band == 0 else height * band / bands
            high_edge = 900.0 if band == bands - 1 else height * (band + 1) / bands
            edge = [(-500.0, low_edge), (500.0, low_edge), (500.0, high_edge), (-500.0, high_edge)]
            self.stage.polygon([(x, y, SKY_Z) for x, y in edge], colour, solid, glow=0.93)

    def ground(self, colour: RGB, to: float = SKY_Z, line: int = 0) -> int:
        self.use("ground")
        solid = self.stage.plane((0.0, 0.0, 0.0), _UP)
        wide = 500.0
        self.stage.polygon(
            [(-wide, 0, FRONT), (wide, 0, FRONT), (wide, 0, to), (-wide, 0, to)], colour, solid, line=line
        )
        return solid

    def strip(self, solid: int, left: float, right: float, near: float, far: float, colour: RGB) -> None:
        """A rectangle that lies on the ground."""
        self.stage.polygon([(left, 0, near), (right, 0, near), (right, 0, far), (left, 0, far)], colour, solid)

    def back_wall(self, z: float, colour: RGB, line: int = 0) -> int:
        self.use("wall")
        self.stage.wall = z
        solid = self.stage.plane((0.0, 0.0, z))
        self.stage.polygon([(-9, 0, z), (9, 0, z), (9, 9, z), (-9, 9, z)], colour, solid, line=line)
        return solid

    def side_wall(self, x: float, z: float, colour: RGB) -> int:
        self.use("wall")
        solid = self.stage.plane((x, 0.0, 0.0), (1.0 if x < 0 else -1.0, 0.0, 0.0))
        self.stage.polygon(
            [(x, 0, z), (x, 0, FRONT), (x, 9, FRONT), (x, 9, z)], colour, solid, line=self.stage.fresh_line()
        )
        return solid

    def panel(
        self,
        left: float,
        right: float,
        low: float,
        high: float,
        z: float,
        colour: RGB,
        glow: float = 0.0,
        line: bool = False,
    ) -> int:
        """An upright rectangle that faces us."""
        solid = self.stage.plane((left, low, z))
        number = self.stage.fresh_line() if line else 0
        edge = [(left, low, z), (right, low, z), (right, high, z), (left, high, z)]
        self.stage.polygon(edge, colour, solid, line=number, glow=glow)
        return solid

    def box(
        self,
        left: float,
        right: float,
        low: float,
        high: float,
        near: float,
        far: float,
        colour: RGB,
        glow: float = 0.0,
    ) -> None:
        """A block: the side, the top and the front that the eye sees."""
        line = self.stage.fresh_line()
        x = left if left > 0 else right if right < 0 else None
        if x is not None:
            solid = self.stage.plane((x, low, near), (-1.0 if x > 0 else 1.0, 0.0, 0.0))
            side = [(x, low, near), (x, low, far), (x, high, far), (x, high, near)]
            self.stage.polygon(side, shade(colour, 0.86), solid, line=line, glow=glow)
        if high < self.eye:
            solid = self.stage.plane((left, high, near), _UP)
            top = [(left, high, near), (right, high, near), (right, high, far), (left, high, far)]
            self.stage.polygon(top, mix(colour, (255, 255, 255), 0.14), solid, line=line, glow=glow)
        solid = self.stage.plane((left, low, near))
        front = [(left, low, near), (right, low, near), (right, high, near), (left, high, near)]
        self.stage.polygon(front, colour, solid, line=line, glow=glow)

    def cloud(self, x: float, y: float, size: float, colour: RGB = (255, 255, 255)) -> None:
        self.use("sky")
        solid = self.stage.plane((0.0, 0.0, SKY_Z))
        z = SKY_Z + 1
        for dx, dy, r in ((-1.1, 0.0, 0.5), (-0.4, 0.3, 0.72), (0.45, 0.2, 0.62), (1.1, 0.0, 0.45)):
            self.stage.blob(((x + dx * size, y + dy * size, z, r * size),), colour, solid, glow=0.9)
        self.stage.blob(
            ((x - 1.1 * size, y - 0.3 * size, z, 0.22 * size), (x + 1.1 * size, y - 0.3 * size, z, 0.22 * size)),
            colour,
            solid,
            glow=0.9,
        )

    def pole(
        self, foot: Point, top: Point, radius: float, colour: RGB, taper: float = 0.8, casts: bool = False
    ) -> None:
        self.stage.blob(((*foot, radius), (*top, radius * taper)), colour, line=self.stage.fresh_line(), casts=casts)

    def round_tree(self, x: float, z: float, height: float, leaf: RGB, trunk: RGB = (112, 78, 52)) -> None:
        self.use("scenery")
        self.pole((x, 0, z), (x, height * 0.55, z), height * 0.045, trunk)
        line = self.stage.fresh_line()
        for dx, dy, r, tone in (
            (-0.17, 0.62, 0.2, 0.85),
            (0.18, 0.6, 0.2, 0.85),
            (0.0, 0.8, 0.23, 1.0),
            (0.02, 0.62, 0.22, 1.0),
        ):
            self.stage.blob(((x + dx * height, dy * height, z, r * height),), shade(leaf, tone), line=line)

    def fir(self, x: float, z: float, height: float, leaf: RGB, trunk: RGB = (92, 66, 48)) -> None:
        self.use("scenery")
        self.pole((x, 0, z), (x, height * 0.3, z), height * 0.035, trunk)
        line = self.stage.fresh_line()
        for low, high, wide, tone in ((0.14, 0.6, 0.25, 0.86), (0.38, 0.8, 0.2, 0.94), (0.6, 1.0, 0.14, 1.04)):
            solid = self.stage.cone((x, low * height, z, wide * height), (x, high * height, z, 0.01))
            tier = [
                (x - wide * height, low * height, z),
                (x, (low - 0.03) * height, z),
                (x + wide * height, low * height, z),
                (x, high * height, z),
            ]
            self.stage.polygon(tier, shade(leaf, tone), solid, line=line)

    def bush(self, x: float, z: float, size: float, leaf: RGB) -> None:
        self.use("scenery")
        line = self.stage.fresh_line()
        for dx, r, tone in ((-0.7, 0.5, 0.9), (0.65, 0.52, 0.9), (0.0, 0.68, 1.0)):
            self.stage.blob(((x + dx * size, r * size * 0.7, z, r * size),), shade(leaf, tone), line=line)

    def window(self, left: float, right: float, low: float, high: float, z: float, view: RGB, frame: RGB) -> None:
        """A pane with a cross; the view shines."""
        self.use("scenery")
        self.panel(left - 0.06, right + 0.06, low - 0.06, high + 0.06, z, frame, line=True)
        self.panel(left, right, low, high, z + 0.01, view, glow=0.7)
        self.panel(left, right, low, low + (high - low) * 0.32, z + 0.012, mix(view, (126, 178, 110), 0.55), glow=0.6)
        middle, half = (left + right) / 2, (low + high) / 2
        self.panel(middle - 0.022, middle + 0.022, low, high, z + 0.02, frame)
        self.panel(left, right, half - 0.022, half + 0.022, z + 0.02, frame)
        self.panel(left - 0.1, right + 0.1, low - 0.11, low - 0.05, z + 0.03, fold(frame), line=True)

    def picture_frame(self, x: float, y: float, z: float, size: float) -> None:
        self.use("scenery")
        rng = self.rng
        self.panel(x - size, x + size, y - size * 0.8, y + size * 0.8, z, (138, 98, 62), line=True)
        inner = self.varied(rng.choice([(250, 226, 170), (176, 214, 232), (236, 196, 190)]))
        self.panel(x - size * 0.82, x + size * 0.82, y - size * 0.62, y + size * 0.62, z + 0.01, inner)
        hill = self.varied(rng.choice([(118, 164, 106), (214, 128, 96), (92, 118, 168)]))
        self.panel(x - size * 0.82, x + size * 0.82, y - size * 0.62, y - size * 0.1, z + 0.02, hill)
