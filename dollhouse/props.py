"""Objects that stand beside the dolls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import cos, pi, sin

from dollhouse.colours import CLOTH, RGB, fold, mix, shade
from dollhouse.parts import OBJECT, SURFACE
from dollhouse.stage import Pen, Stage


@dataclass(frozen=True)
class Prop:
    kind: str
    colour: str
    x: float
    z: float

    def __post_init__(self) -> None:
        if self.kind not in PROPS or self.colour not in CLOTH:
            raise ValueError(f"no such object: {self.colour} {self.kind}")


def draw_prop(stage: Stage, prop: Prop) -> None:
    stage.pen = Pen(OBJECT, 0, SURFACE["object"])
    _DRAWN[prop.kind](stage, prop.x, prop.z, CLOTH[prop.colour], stage.fresh_line())


def draw_seat(stage: Stage, x: float, z: float, height: float, half: float) -> None:
    """The stool under somebody who sits."""
    stage.pen = Pen(OBJECT, 0, SURFACE["object"])
    line = stage.fresh_line()
    for side in (-1, 1):
        stage.blob(
            ((x + side * half * 0.8, 0.02, z, 0.025), (x + side * half * 0.6, height * 0.9, z, 0.03)),
            (126, 86, 54),
            line=line,
            casts=True,
        )
    stage.blob(
        ((x - half, height - 0.05, z, 0.05), (x + half, height - 0.05, z, 0.05)), (176, 126, 82), line=line, casts=True
    )


def _ball(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    r = 0.15
    solid = stage.blob(((x, r, z, r),), colour, line=line, casts=True)
    light = mix(colour, (255, 255, 255), 0.7) if sum(colour) < 620 else (90, 150, 220)
    stripe = [
        (x + r * 0.98 * cos(a) * 1.0, r + r * (0.16 * s + 0.3 * sin(a) * s * 0.3), z)
        for s, span in ((1, range(9)), (-1, range(8, -1, -1)))
        for a in [pi - pi * i / 8 for i in span]
    ]
    stage.polygon(stripe, light, solid, line=line)


def _box(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    half, high = 0.17, 0.3
    front = stage.plane((x, 0, z + half))
    top = stage.plane((x, high, z), (0.0, 1.0, 0.0))
    near, far = z + half, z - half
    if abs(x) > half:
        side = -1.0 if x > 0 else 1.0
        edge = x + side * half
        solid = stage.plane((edge, 0, z), (side, 0.0, 0.0))
        stage.polygon(
            [(edge, 0, near), (edge, 0, far), (edge, high, far), (edge, high, near)],
            shade(colour, 0.85),
            solid,
            line=line,
        )
    stage.polygon(
        [(x - half, high, near), (x + half, high, near), (x + half, high, far), (x - half, high, far)],
        mix(colour, (255, 255, 255), 0.2),
        top,
        line=line + 1,
    )
    stage.polygon(
        [(x - half, 0, near), (x + half, 0, near), (x + half, high, near), (x - half, high, near)],
        colour,
        front,
        line=line,
    )
    stage.polygon(
        [(x - 0.03, 0, near), (x + 0.03, 0, near), (x + 0.03, high, near), (x - 0.03, high, near)],
        fold(colour),
        front,
        line=line,
    )
    stage.lines += 1
    stage.blob(
        ((x - half, 0.02, z, 0.01), (x + half, 0.02, z, 0.01), (x + half, high, z, 0.01), (x - half, high, z, 0.01)),
        colour,
        None,
        line=line,
        casts=True,
    )
    stage.shapes.insert(-4, stage.shapes.pop())  # the caster lies behind what is seen


def _chair(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    for dx, dz in ((-0.17, -0.16), (0.17, -0.16), (-0.18, 0.16), (0.18, 0.16)):
        stage.blob(((x + dx, 0.015, z + dz, 0.02), (x + dx, 0.42, z + dz, 0.022)), fold(colour), line=line, casts=True)
    stage.blob(
        (
            (x - 0.17, 0.44, z - 0.17, 0.02),
            (x + 0.17, 0.44, z - 0.17, 0.02),
            (x + 0.17, 0.86, z - 0.2, 0.03),
            (x - 0.17, 0.86, z - 0.2, 0.03),
        ),
        colour,
        stage.plane((x, 0, z - 0.17)),
        line=line,
        casts=True,
    )
    seat = [(x + dx, 0.44, z + dz, 0.03) for dx, dz in ((-0.19, 0.18), (0.19, 0.18), (0.18, -0.16), (-0.18, -0.16))]
    stage.blob(
        seat, mix(colour, (255, 255, 255), 0.12), stage.plane((x, 0.44, z), (0.0, 1.0, 0.0)), line=line + 1, casts=True
    )
    stage.lines += 1


def _plant(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    for angle, reach in ((-1.0, 0.3), (-0.5, 0.42), (0.0, 0.46), (0.5, 0.42), (1.0, 0.3)):
        bend = (x + sin(angle) * reach * 0.5, 0.3 + cos(angle) * reach * 0.6, z)
        tip = (x + sin(angle) * reach, 0.28 + cos(angle) * reach, z)
        green = shade((66, 150, 78), 0.86 + 0.14 * cos(angle * 3))
        stage.blob(((x, 0.26, z, 0.02), (*bend, 0.055)), green, line=line + 1, casts=True)
        stage.blob(((*bend, 0.055), (*tip, 0.012)), green, line=line + 1, casts=True)
    stage.lines += 1
    pot = ((x, 0.07, z, 0.085), (x, 0.24, z, 0.125))
    stage.blob(pot, colour, line=line, casts=True)
    stage.blob(((x - 0.11, 0.285, z, 0.03), (x + 0.11, 0.285, z, 0.03)), fold(colour), line=line)


def _balloon(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    stage.blob(((x, 0.04, z, 0.006), (x + 0.03, 1.1, z, 0.006)), (96, 92, 96), line=line)
    stage.blob(((x, 0.03, z, 0.035),), (96, 92, 96), line=line, casts=True)
    stage.blob(
        ((x + 0.03, 1.32, z, 0.17), (x + 0.03, 1.13, z, 0.03)),
        colour,
        stage.cone((x + 0.03, 1.32, z, 0.18)),
        line=line,
        casts=True,
    )
    stage.blob(
        ((x - 0.03, 1.39, z + 0.1, 0.03), (x - 0.05, 1.33, z + 0.1, 0.02)), mix(colour, (255, 255, 255), 0.6), line=line
    )


def _cat(stage: Stage, x: float, z: float, colour: RGB, line: int) -> None:
    side = -1 if x > 0 else 1  # looks at the dolls
    dark = fold(colour)
    tail = ((x - side * 0.13, 0.06, z, 0.03), (x - side * 0.24, 0.1, z, 0.028), (x - side * 0.26, 0.26, z, 0.02))
    stage.blob(tail[:2], dark, line=line, casts=True)
    stage.blob(tail[1:], dark, line=line, casts=True)
    stage.blob(((x - side * 0.04, 0.11, z, 0.115), (x + side * 0.04, 0.25, z, 0.075)), colour, line=line, casts=True)
    head = (x + side * 0.06, 0.37, z + 0.02, 0.095)
    solid = stage.cone(head)
    for ear in (-1, 1):
        points = [
            (head[0] + ear * 0.09, head[1] + 0.03, z),
            (head[0] + ear * 0.02, head[1] + 0.08, z),
            (head[0] + ear * 0.085, head[1] + 0.16, z),
        ]
        stage.polygon(points, colour, solid, line=line)
    stage.blob((head,), colour, solid, line=line + 1, casts=True)
    stage.lines += 1
    eye = (250, 214, 96) if sum(colour) < 330 else (40, 34, 38)
    for ear in (-1, 1):
        stage.blob(((head[0] + ear * 0.038, head[1] + 0.012, z + 0.1, 0.018),), eye, solid, line=line + 1)
        stage.blob(
            ((x + side * 0.06 + ear * 0.035, 0.03, z + 0.08, 0.03),), mix(colour, (255, 255, 255), 0.5), line=line
        )
    stage.blob(((head[0], head[1] - 0.03, z + 0.1, 0.014),), (226, 116, 126), solid, line=line + 1)


_DRAWN: dict[str, Callable[[Stage, float, float, RGB, int], None]] = {
    "ball": _ball,
    "box": _box,
    "chair": _chair,
    "plant": _plant,
    "balloon": _balloon,
    "cat": _cat,
}
PROPS = tuple(_DRAWN)
