"""Backgrounds between walls."""

from __future__ import annotations

from math import cos, pi, sin

from dollhouse.colours import RGB, mix, shade
from dollhouse.scenery import FRONT, Scenery

_WOOD: RGB = (190, 140, 94)


def _shell(s: Scenery, z: float, wall: RGB, floor: RGB, side: int) -> int:
    """Floor, back wall, skirting board and one side wall. Gives the floor's solid."""
    s.back_wall(z, wall)
    solid = s.ground(floor, to=z, line=s.stage.fresh_line())
    if side:
        s.side_wall(side * s.rng.uniform(2.0, 2.6), z, shade(wall, 0.94))
    s.use("wall")
    s.panel(-9, 9, 0, 0.1, z + 0.01, mix(wall, (255, 255, 255), 0.6), line=True)
    return solid


def _boards(s: Scenery, solid: int, z: float, colour: RGB, step: float) -> None:
    s.use("ground")
    x = -6 * step - s.rng.uniform(0, step)
    while x < 7 * step:
        s.strip(solid, x, x + 0.018, FRONT, z, shade(colour, 0.84))
        x += step


def room(s: Scenery) -> None:
    rng = s.rng
    z = rng.uniform(-3.0, -2.3)
    wall = s.varied(rng.choice([(240, 222, 190), (198, 218, 206), (226, 204, 204), (196, 210, 228)]), 6)
    floor, side = s.varied((206, 164, 118), 8), rng.choice((-1, 1))
    solid = _shell(s, z, wall, floor, side)
    _boards(s, solid, z, floor, 0.42)
    _rug(s, solid, rng.uniform(-0.3, 0.3), rng.uniform(-0.9, -0.2))
    x = side * rng.uniform(0.5, 0.9)
    s.window(x - 0.42, x + 0.42, 1.05, 2.0, z + 0.02, (176, 220, 244), (252, 250, 244))
    _curtains(s, x, z, s.varied(rng.choice([(220, 104, 92), (96, 142, 176), (238, 190, 96)])))
    s.picture_frame(x - side * 1.25, rng.uniform(1.5, 1.75), z + 0.02, rng.uniform(0.2, 0.28))
    _sofa(s, -side * rng.uniform(1.0, 1.5), z, s.varied(rng.choice([(92, 132, 150), (196, 112, 96), (138, 150, 106)])))
    if rng.random() < 0.7:
        _floor_lamp(s, side * rng.uniform(1.5, 1.8), z + 0.5)


def _rug(s: Scenery, solid: int, x: float, z: float) -> None:
    s.use("ground")
    outer = s.varied(s.rng.choice([(188, 84, 80), (84, 112, 150), (214, 168, 92), (132, 148, 112)]))
    for radius, colour in ((1.25, outer), (1.05, mix(outer, (255, 246, 226), 0.65)), (0.85, outer)):
        ring = [(x + radius * 1.25 * cos(a * pi / 12), 0.0, z + radius * 0.8 * sin(a * pi / 12)) for a in range(24)]
        s.stage.polygon(ring, colour, solid)


def _curtains(s: Scenery, x: float, z: float, colour: RGB) -> None:
    for side in (-1, 1):
        inner, outer = x + side * 0.3, x + side * 0.66
        s.panel(min(inner, outer), max(inner, outer), 0.8, 2.15, z + 0.05, colour, line=True)
        fold = x + side * 0.48
        s.panel(fold - 0.02, fold + 0.02, 0.8, 2.15, z + 0.06, shade(colour, 0.82))
    s.panel(x - 0.78, x + 0.78, 2.13, 2.2, z + 0.07, (128, 88, 58))


def _sofa(s: Scenery, x: float, z: float, colour: RGB) -> None:
    s.use("scenery")
    near = z + 0.85
    s.box(x - 0.85, x + 0.85, 0.08, 0.95, z + 0.3, z + 0.05, shade(colour, 0.9))
    s.box(x - 0.8, x + 0.8, 0.1, 0.48, near, z + 0.25, colour)
    for side in (-1, 1):
        a, b = x + side * 0.72, x + side * 0.92
        s.box(min(a, b), max(a, b), 0.05, 0.66, near + 0.02, z + 0.1, shade(colour, 0.94))
    s.panel(x - 0.01, x + 0.01, 0.12, 0.46, near + 0.005, shade(colour, 0.76))


def _floor_lamp(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    s.pole((x, 0, z), (x, 1.5, z), 0.022, (96, 84, 78), 1.0, casts=True)
    solid, line = s.stage.cone((x, 1.6, z, 0.26)), s.stage.fresh_line()
    shape = [(x - 0.26, 1.42, z), (x + 0.26, 1.42, z), (x + 0.16, 1.8, z), (x - 0.16, 1.8, z)]
    s.stage.polygon(shape, (252, 236, 190), solid, line=line, glow=0.5)


def office(s: Scenery) -> None:
    rng = s.rng
    z = rng.uniform(-3.2, -2.6)
    wall, side = s.varied((206, 214, 222), 6), rng.choice((-1, 1))
    solid = _shell(s, z, wall, s.varied((138, 148, 164), 8), side)
    s.use("ground")
    for number in range(6):
        far = 3.6 - number * 1.1
        s.strip(solid, -9, 9, far, far - 0.02, (120, 130, 146))
    for number in range(3):  # a band of windows on the town
        x = -side * 0.25 + (number - 1) * 1.2
        s.use("scenery")
        s.panel(x - 0.56, x + 0.56, 1.0, 2.3, z + 0.02, (244, 246, 248), line=True)
        s.panel(x - 0.5, x + 0.5, 1.05, 2.25, z + 0.03, (168, 206, 236), glow=0.7)
        for tower in range(3):
            a = x - 0.48 + tower * 0.32
            s.panel(
                a, a + 0.24, 1.05, 1.05 + rng.uniform(0.25, 0.8), z + 0.035, s.varied((134, 156, 182), 12), glow=0.5
            )
    _shelf(s, side * rng.uniform(1.35, 1.6), z)
    _desk(s, -side * rng.uniform(0.95, 1.35), z + rng.uniform(0.7, 1.1))


def _shelf(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    s.box(x - 0.42, x + 0.42, 0, 1.9, z + 0.4, z, (226, 222, 214))
    for row in range(4):
        low = 0.12 + row * 0.45
        s.panel(x - 0.37, x + 0.37, low, low + 0.38, z + 0.41, (168, 164, 160))
        a = x - 0.35
        while a < x + 0.28:
            wide = s.rng.uniform(0.06, 0.12)
            colour = s.rng.choice(
                [(196, 76, 70), (66, 112, 170), (232, 182, 78), (94, 146, 104), (240, 238, 230), (70, 74, 88)]
            )
            s.panel(a, a + wide, low, low + s.rng.uniform(0.24, 0.34), z + 0.415, colour)
            a += wide + 0.012


def _desk(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    s.box(x + 0.35, x + 0.66, 0.05, 0.68, z, z - 0.55, (214, 216, 220))
    s.box(x - 0.68, x - 0.62, 0, 0.68, z, z - 0.6, (150, 154, 160))
    s.box(x - 0.75, x + 0.75, 0.68, 0.75, z + 0.05, z - 0.65, (206, 164, 116))
    s.box(x - 0.08, x + 0.08, 0.75, 0.9, z - 0.3, z - 0.34, (60, 64, 72))
    s.box(x - 0.36, x + 0.36, 0.86, 1.3, z - 0.28, z - 0.34, (48, 50, 58))
    s.panel(x - 0.32, x + 0.32, 0.9, 1.26, z - 0.27, (104, 176, 222), glow=0.8)
    s.panel(x - 0.26, x + 0.02, 1.14, 1.2, z - 0.265, (236, 246, 252), glow=0.9)
    s.panel(x - 0.26, x + 0.16, 1.02, 1.07, z - 0.265, (200, 228, 246), glow=0.9)
    s.pole((x + 0.56, 0.76, z - 0.1), (x + 0.56, 0.88, z - 0.1), 0.045, (236, 98, 84), 1.0)


def kitchen(s: Scenery) -> None:
    rng = s.rng
    z = rng.uniform(-2.9, -2.4)
    tile = s.varied((238, 236, 224), 6)
    front = s.varied(rng.choice([(120, 176, 168), (226, 176, 104), (150, 172, 206), (206, 130, 112)]), 8)
    s.back_wall(z, tile)
    solid = s.ground(s.varied((238, 228, 210), 6), to=z, line=s.stage.fresh_line())
    s.use("ground")
    dark = s.varied((196, 140, 112), 10)
    for row in range(9):
        far = 3.4 - row * 0.7
        for column in range(8):
            x = -5.6 + column * 1.4 + (0.7 if row % 2 else 0)
            if far - 0.7 > z - 0.6:
                s.strip(solid, x, x + 0.7, far, max(far - 0.7, z), dark)
    s.use("wall")
    for number in range(12):  # tiles
        s.panel(-3 + number * 0.5, -2.985 + number * 0.5, 0.9, 1.6, z + 0.005, shade(tile, 0.88))
    for y in (1.1, 1.35):
        s.panel(-9, 9, y, y + 0.012, z + 0.005, shade(tile, 0.88))
    side = rng.choice((-1, 1))
    _units(s, z, front, side)
    _cooker(s, -side * rng.uniform(0.4, 0.7), z)
    _fridge(s, side * rng.uniform(1.55, 1.8), z)
    s.window(-side * 1.6 - 0.35, -side * 1.6 + 0.35, 1.2, 1.85, z + 0.02, (184, 224, 244), (250, 248, 242))


def _units(s: Scenery, z: float, colour: RGB, side: int) -> None:
    s.use("scenery")
    s.box(-4, 4, 0.06, 0.84, z + 0.6, z, colour)
    for number in range(8):
        x = -3.2 + number * 0.8
        s.panel(x - 0.37, x + 0.37, 0.14, 0.78, z + 0.605, mix(colour, (255, 255, 255), 0.12), line=True)
        s.panel(x + 0.22, x + 0.3, 0.66, 0.7, z + 0.61, (96, 92, 90))
    s.box(-4, 4, 0.84, 0.9, z + 0.64, z, (246, 240, 228))
    for number in range(3):
        x = side * 0.15 + (number - 1) * 0.72
        s.box(x - 0.34, x + 0.34, 1.68, 2.3, z + 0.3, z, colour)
        s.panel(x - 0.29, x + 0.29, 1.74, 2.24, z + 0.305, mix(colour, (255, 255, 255), 0.12), line=True)


def _cooker(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    near = z + 0.62
    s.panel(x - 0.38, x + 0.38, 0.06, 0.9, near, (226, 228, 230), line=True)
    s.panel(x - 0.28, x + 0.28, 0.2, 0.6, near + 0.005, (58, 60, 68), line=True)
    for number in range(4):
        s.stage.blob(((x - 0.24 + number * 0.16, 0.76, near + 0.01, 0.035),), (70, 70, 76))
    s.pole((x - 0.14, 0.94, near - 0.2), (x + 0.1, 0.94, near - 0.2), 0.09, (206, 74, 62), 1.0)
    s.pole((x + 0.1, 1.0, near - 0.2), (x + 0.34, 1.02, near - 0.2), 0.02, (54, 52, 56), 1.0)


def _fridge(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    s.box(x - 0.38, x + 0.38, 0, 1.75, z + 0.66, z, (228, 236, 240))
    s.panel(x - 0.38, x + 0.38, 1.14, 1.16, z + 0.665, (168, 178, 186))
    for low, high in ((0.7, 1.05), (1.25, 1.5)):
        s.panel(x - 0.3, x - 0.26, low, high, z + 0.67, (140, 148, 156))
    s.panel(x + 0.02, x + 0.18, 1.3, 1.46, z + 0.67, s.rng.choice([(250, 214, 90), (236, 120, 110), (130, 190, 230)]))
