"""Backgrounds under the sky."""

from __future__ import annotations

from dollhouse.colours import RGB, mix, shade
from dollhouse.scenery import SKY_Z, Scenery

_HAZE: RGB = (214, 230, 226)


def beach(s: Scenery) -> None:
    rng = s.rng
    dusk = rng.random() < 0.25
    s.sky(s.varied((96, 172, 238)) if not dusk else (126, 112, 196), (206, 236, 248) if not dusk else (252, 196, 148))
    s.use("sky")
    sun = (rng.uniform(-24, 24), rng.uniform(10, 24), SKY_Z + 1, 4.5)
    s.stage.blob((sun,), (255, 246, 196), s.stage.plane((0, 0, SKY_Z)), glow=1.0)
    s.cloud(rng.uniform(-34, 0), rng.uniform(14, 30), rng.uniform(4, 7))
    s.cloud(rng.uniform(8, 34), rng.uniform(8, 22), rng.uniform(3, 5))
    _sea(s)
    side = rng.choice((-1, 1))
    if rng.random() < 0.75:
        _palm(s, side * rng.uniform(0.95, 1.45), rng.uniform(-3.4, -2.2), rng.uniform(2.1, 2.7))
    if rng.random() < 0.6:
        _parasol(s, -side * rng.uniform(1.0, 1.5), rng.uniform(-3.4, -2.0))
    s.use("scenery")
    for _ in range(4):  # shells
        shell = (rng.uniform(-2, 2), 0.01, rng.uniform(-2, 1.6), rng.uniform(0.02, 0.045))
        s.stage.blob((shell,), rng.choice([(250, 240, 226), (236, 158, 120), (222, 196, 150)]))


def _sea(s: Scenery) -> None:
    rng = s.rng
    if rng.random() < 0.6:
        _island(s, rng.uniform(-32, 32), rng.uniform(6, 10))
    sand = s.ground(s.varied((240, 216, 160), 8))
    shore = rng.uniform(-9, -5.5)
    for near, far, colour in (  # from the shore, metres
        *((0.0, -190.0, (116, 196, 214)), (-2.5, -190.0, (70, 164, 210)), (-12.0, -190.0, (44, 130, 196))),
        *((-50.0, -190.0, (36, 108, 178)), (0.25, -0.15, (250, 252, 250)), (-3.4, -3.7, (196, 230, 236))),
        (0.8, 0.25, (214, 188, 134)),
    ):
        s.strip(sand, -500, 500, shore + near, max(shore + far, SKY_Z), colour)
    if rng.random() < 0.7:
        _sail(s, rng.uniform(-10, 10), -60.0)


def _island(s: Scenery, x: float, size: float) -> None:
    s.use("scenery")
    z = -180.0
    hill = ((x - size * 1.6, -6.0, z, 7.0), (x + size * 1.5, -6.0, z, 7.0), (x, 1.5, z, size * 0.7))
    s.stage.blob(hill, (120, 168, 150), s.stage.plane((0, 0, z)))


def _sail(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    solid = s.stage.plane((x, 0, z))
    line = s.stage.fresh_line()
    s.stage.polygon([(x, 1.0, z), (x + 4.2, 1.0, z), (x, 8.5, z)], (252, 250, 244), solid, line=line)
    hull = [(x - 2.4, 0.9, z), (x + 3.8, 0.9, z), (x + 2.6, -0.2, z), (x - 1.6, -0.2, z)]
    s.stage.polygon(hull, (196, 72, 62), solid)


def _palm(s: Scenery, x: float, z: float, height: float) -> None:
    s.use("scenery")
    stage, lean = s.stage, s.rng.uniform(-0.5, 0.5)
    middle, top = (x + lean * 0.35, height * 0.5, z), (x + lean, height, z)
    line = stage.fresh_line()
    stage.blob(((x, 0, z, 0.13), (*middle, 0.1)), (156, 116, 76), line=line, casts=True)
    stage.blob(((*middle, 0.1), (*top, 0.08)), (166, 124, 80), line=line, casts=True)
    leaves = stage.fresh_line()
    for dx, dy in ((-1.0, -0.05), (1.0, -0.05), (-0.75, 0.42), (0.75, 0.42), (-0.62, -0.55), (0.62, -0.55)):
        end = (top[0] + dx, top[1] + dy, z)
        bend = (top[0] + dx * 0.55, top[1] + dy * 0.5 + 0.3, z)
        colour = shade((62, 148, 74), 0.85 + 0.2 * s.rng.random())
        stage.blob(((*top, 0.05), (*bend, 0.13)), colour, line=leaves, casts=True)
        stage.blob(((*bend, 0.13), (*end, 0.02)), colour, line=leaves, casts=True)
    stage.blob(((top[0] - 0.08, top[1] - 0.1, z, 0.09),), (118, 78, 46), line=leaves)


def _parasol(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    stage = s.stage
    s.pole((x, 0, z), (x, 1.75, z), 0.025, (236, 232, 224), 1.0, casts=True)
    one, two = s.rng.choice(
        [((226, 84, 76), (250, 244, 232)), ((64, 140, 200), (250, 244, 232)), ((246, 190, 70), (250, 244, 232))]
    )
    solid, line = stage.cone((x, 1.5, z, 0.95)), stage.fresh_line()
    edges = (-0.95, -0.57, -0.2, 0.2, 0.57, 0.95)
    for number in range(5):
        left, right = edges[number], edges[number + 1]
        stage.polygon(
            [
                (x + left, 1.52, z),
                (x + right, 1.52, z),
                (x + right * 0.55, 1.92, z),
                (x, 2.05, z),
                (x + left * 0.55, 1.92, z),
            ],
            one if number % 2 == 0 else two,
            solid,
            line=line,
        )


def forest(s: Scenery) -> None:
    rng, stage = s.rng, s.stage
    s.sky(s.varied((150, 208, 214)), (232, 242, 214))
    s.use("scenery")
    green = s.varied((74, 140, 74), 14)
    haze = stage.plane((0, 0, -60))
    for number in range(9):
        x = -60 + number * 15 + rng.uniform(-4, 4)
        stage.blob(((x, 2, -70, 9), (x, rng.uniform(6, 13), -70, 6)), mix(green, _HAZE, 0.55), haze)
    s.ground(mix(green, (150, 190, 90), 0.5))
    _path(s)
    kinds = (s.fir, s.round_tree)
    for z, share, step in ((-26.0, 0.36, 6.0), (-13.0, 0.2, 4.6)):
        x = -13.0 * (_spread(z)) + rng.uniform(0, 2)
        while x < 13 * _spread(z):
            leaf = mix(s.varied(green, 14), _HAZE, share)
            kinds[rng.random() < 0.35](
                x, z + rng.uniform(-2, 2), rng.uniform(5, 8), leaf, mix((98, 70, 50), _HAZE, share)
            )
            x += step * rng.uniform(0.6, 1.2)
    for side in (-1, 1):
        _trunk(s, side * rng.uniform(1.0, 1.8), rng.uniform(-4.6, -2.6))
    for _ in range(3):
        s.bush(
            rng.choice((-1, 1)) * rng.uniform(0.7, 2.2),
            rng.uniform(-5.5, -2.2),
            rng.uniform(0.28, 0.46),
            shade(green, 0.94),
        )
    for _ in range(7):
        _tuft(s, rng.uniform(-2.2, 2.2), rng.uniform(-2.4, 1.4), shade(green, rng.uniform(0.82, 1.0)))
    if rng.random() < 0.7:
        _mushroom(s, rng.choice((-1, 1)) * rng.uniform(0.7, 1.6), rng.uniform(-1.4, 0.6))


def _spread(z: float) -> float:
    return (5 - z) / 22


def _path(s: Scenery) -> None:
    s.use("ground")
    solid = s.stage.plane((0, 0, 0), (0, 1, 0))
    drift = s.rng.uniform(-3, 3)
    near, far = s.rng.uniform(0.5, 0.9), 0.8
    s.stage.polygon(
        [
            (-near, 0, 4.2),
            (near, 0, 4.2),
            (drift * 0.4 + far, 0, -8),
            (drift + far, 0, -40),
            (drift - far, 0, -40),
            (drift * 0.4 - far, 0, -8),
        ],
        s.varied((204, 176, 126)),
        solid,
    )


def _trunk(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    bark = s.varied((104, 76, 54))
    s.pole((x, 0, z), (x + 0.1, 6, z), s.rng.uniform(0.2, 0.3), bark, 0.8, casts=True)
    for _ in range(2):
        y = s.rng.uniform(0.4, 2.2)
        s.stage.blob(((x - 0.08, y, z + 0.2, 0.03), (x - 0.07, y + 0.3, z + 0.2, 0.02)), shade(bark, 0.72))


def _tuft(s: Scenery, x: float, z: float, colour: RGB) -> None:
    s.use("ground")
    solid = s.stage.plane((x, 0, z), (0, 1, 0))
    s.stage.polygon(
        [
            (x - 0.08, 0, z),
            (x - 0.1, 0.1, z),
            (x - 0.03, 0.03, z),
            (x, 0.13, z),
            (x + 0.03, 0.03, z),
            (x + 0.09, 0.09, z),
            (x + 0.07, 0, z),
        ],
        colour,
        solid,
    )


def _mushroom(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    line = s.stage.fresh_line()
    s.stage.blob(((x, 0.02, z, 0.03), (x, 0.1, z, 0.025)), (244, 236, 220), line=line, casts=True)
    solid = s.stage.blob(
        ((x - 0.06, 0.12, z, 0.03), (x + 0.06, 0.12, z, 0.03), (x, 0.17, z, 0.04)), (206, 54, 48), line=line, casts=True
    )
    s.stage.blob(((x + 0.02, 0.16, z + 0.03, 0.015),), (252, 246, 238), solid, line=line)


def street(s: Scenery) -> None:
    rng = s.rng
    s.sky(s.varied((126, 186, 236)), (226, 238, 244))
    s.cloud(rng.uniform(-20, 20), rng.uniform(14, 30), rng.uniform(3, 5))
    s.use("scenery")
    x = -70.0
    while x < 70:  # the end of the street
        wide, high = rng.uniform(12, 20), rng.uniform(14, 34)
        s.panel(x, x + wide, 0, high, -90, mix(rng.choice(_FACADES), (214, 224, 232), 0.55))
        x += wide
    asphalt = s.ground((128, 130, 136))
    s.strip(asphalt, -0.09, 0.09, 4.2, -80, (150, 152, 156))
    for number in range(7):
        z = 2.4 - number * 3.2
        s.strip(asphalt, -0.07, 0.07, z, z - 1.5, (244, 238, 214))
    for side in (-1, 1):
        s.strip(asphalt, side * 2.5, side * 4.6, 4.2, -80, (196, 192, 184))
        s.strip(asphalt, side * 2.42, side * 2.5, 4.2, -80, (224, 220, 210))
        _houses(s, side)
    side = rng.choice((-1, 1))
    _street_lamp(s, side * rng.uniform(1.1, 1.6), rng.uniform(-3.5, -2), False)
    if rng.random() < 0.6:
        s.round_tree(-side * rng.uniform(1.5, 2.1), rng.uniform(-6, -4), rng.uniform(2.4, 3.0), s.varied((92, 160, 84)))
    if rng.random() < 0.6:
        _car(s, -side * rng.uniform(1.5, 2.0), rng.uniform(-12, -7))


_FACADES: tuple[RGB, ...] = (
    (222, 152, 120),
    (236, 208, 150),
    (168, 190, 204),
    (204, 166, 172),
    (186, 204, 168),
    (232, 224, 210),
)


def _houses(s: Scenery, side: int) -> None:
    rng, stage = s.rng, s.stage
    x, z = side * 4.6, 4.2
    for _ in range(5):
        s.use("scenery")
        deep, high = rng.uniform(6, 9), rng.uniform(6, 11)
        colour, far = s.varied(rng.choice(_FACADES)), z - deep
        solid = stage.plane((x, 0, z), (-1.0 * side, 0, 0))
        line = stage.fresh_line()
        stage.polygon(
            [(x, 0, z), (x, 0, far), (x, high, far), (x, high, z)],
            mix(colour, (226, 230, 236), min(0.5, -far / 60)),
            solid,
            line=line,
        )
        if far < -2:
            pane = (104, 132, 160) if rng.random() < 0.6 else (244, 232, 178)
            for row in range(2):
                for column in range(2):
                    a = z - deep * (0.18 + 0.42 * column)
                    y = 1.0 + row * 2.2
                    stage.polygon(
                        [(x, y, a), (x, y, a - deep * 0.24), (x, y + 1.25, a - deep * 0.24), (x, y + 1.25, a)],
                        pane,
                        solid,
                        line=line,
                    )
        z = far


def _street_lamp(s: Scenery, x: float, z: float, on: bool) -> None:
    s.use("scenery")
    s.pole((x, 0, z), (x, 2.3, z), 0.05, (70, 76, 84), 0.7, casts=True)
    bulb = (255, 232, 160) if on else (240, 240, 226)
    if on:
        s.stage.blob(((x, 2.4, z - 0.05, 0.3),), (92, 84, 112), s.stage.plane((x, 3, z)), glow=0.8)
    s.stage.blob(((x, 2.4, z, 0.15),), bulb, line=s.stage.fresh_line(), glow=1.0 if on else 0.2)


def _car(s: Scenery, x: float, z: float) -> None:
    s.use("scenery")
    colour = s.varied(s.rng.choice([(206, 70, 66), (70, 120, 190), (240, 196, 80), (110, 160, 120)]))
    stage, line = s.stage, s.stage.fresh_line()
    body = [(x + dx, y, z, 0.16) for dx, y in ((-0.72, 0.4), (0.72, 0.4), (0.68, 0.75), (-0.68, 0.75))]
    stage.blob(
        [(x + dx, y, z - 0.5, 0.12) for dx, y in ((-0.62, 0.8), (0.62, 0.8), (0.45, 1.25), (-0.45, 1.25))],
        colour,
        line=line,
    )
    stage.blob(
        [(x + dx, y, z - 0.4, 0.05) for dx, y in ((-0.55, 0.9), (0.55, 0.9), (0.42, 1.24), (-0.42, 1.24))],
        (188, 218, 232),
        line=stage.fresh_line(),
    )
    stage.blob(body, colour, line=line, casts=True)
    for side in (-1, 1):
        stage.blob(((x + side * 0.6, 0.16, z, 0.17),), (46, 46, 52), casts=True)
        stage.blob(((x + side * 0.6, 0.58, z + 0.16, 0.1),), (252, 244, 200), line=line)


def night_city(s: Scenery) -> None:
    rng, stage = s.rng, s.stage
    s.sky((14, 18, 52), (62, 48, 104))
    s.use("sky")
    far = stage.plane((0, 0, SKY_Z))
    moon, up = rng.uniform(-24, 24), rng.uniform(20, 32)
    stage.blob(((moon, up, SKY_Z + 1, 3.6),), (250, 246, 220), far, glow=1.0)
    stage.blob(((moon + 1.7, up + 1, SKY_Z + 2, 3.0),), (24, 26, 64), far, glow=0.85)
    for _ in range(12):
        stage.blob(
            ((rng.uniform(-34, 34), rng.uniform(14, 44), SKY_Z + 1, rng.uniform(0.25, 0.45)),),
            (244, 244, 255),
            far,
            glow=1.0,
        )
    for z, tone, low, high, step in ((-120.0, (58, 58, 116), 9, 24, 7.0), (-40.0, (36, 38, 84), 3, 7.5, 3.4)):
        _skyline(s, z, tone, low, high, step)
    road = s.ground((74, 72, 104))
    s.strip(road, -500, 500, -9, -10, (112, 108, 142))
    s.use("ground")
    for _ in range(7):  # light on the wet road
        x, z = rng.uniform(-3, 3), rng.uniform(-7, 0.5)
        wide = rng.uniform(0.05, 0.16)
        s.strip(road, x - wide, x + wide, z, z - rng.uniform(1, 2.4), mix((74, 72, 104), rng.choice(_NEON), 0.42))
    side = rng.choice((-1, 1))
    _neon_sign(s, side)
    _street_lamp(s, -side * rng.uniform(0.9, 1.4), rng.uniform(-3.4, -2), True)


_NEON: tuple[RGB, ...] = ((255, 82, 150), (84, 220, 240), (255, 208, 92), (160, 110, 255))


def _skyline(s: Scenery, z: float, tone: RGB, low: float, high: float, step: float) -> None:
    s.use("scenery")
    rng, x = s.rng, -step * 3.2
    while x < step * 3.2:
        wide, tall = step * rng.uniform(0.7, 1.1), rng.uniform(low, high)
        solid = s.panel(x, x + wide, 0, tall, z, s.varied(tone, 8), glow=0.5, line=True)
        colour = rng.choice([(255, 220, 130), (255, 196, 104), (170, 214, 255)])
        for row in range(4):
            y = tall * (0.2 + 0.19 * row)
            for a in (x + wide * 0.16, x + wide * 0.56):
                if rng.random() < 0.62:
                    edge = [
                        (a, y, z),
                        (a + wide * 0.24, y, z),
                        (a + wide * 0.24, y + tall * 0.09, z),
                        (a, y + tall * 0.09, z),
                    ]
                    s.stage.polygon(edge, colour, solid, glow=1.0)
        x += wide


def _neon_sign(s: Scenery, side: int) -> None:
    s.use("scenery")
    rng = s.rng
    inner, outer = side * rng.uniform(0.9, 1.5), side * 6.5
    left, right = min(inner, outer), max(inner, outer)
    s.box(left, right, 0, 7, -3.2, -9, s.varied((52, 46, 86), 6), glow=0.3)
    colour = rng.choice(_NEON)
    a = inner + side * 0.25
    b = a + side * 0.9
    s.panel(min(a, b), max(a, b), 1.95, 2.35, -3.18, colour, glow=1.0)
    s.panel(min(a, b) + 0.07, max(a, b) - 0.07, 2.02, 2.28, -3.17, (36, 26, 56), glow=0.8)
    s.panel(min(a, b) + 0.16, max(a, b) - 0.16, 2.1, 2.2, -3.16, colour, glow=1.0)
    s.panel(min(a, b), max(a, b), 0.75, 1.65, -3.18, (255, 224, 150), glow=0.9)
    s.panel(min(a, b) + 0.4, min(a, b) + 0.46, 0.75, 1.65, -3.17, (60, 50, 80))


def plain(s: Scenery) -> None:
    """A studio's paper: the floor runs into the wall."""
    tone = s.varied(
        s.rng.choice([(226, 224, 220), (206, 222, 232), (236, 220, 206), (214, 228, 210), (224, 214, 232)]), 6
    )
    s.use("wall")
    z = -2.6
    s.stage.wall = z
    solid = s.stage.plane((0, 0, z))
    steps = 6
    for step in range(steps):
        low = -30.0 if step == 0 else 0.5 * step
        edge = [(-60.0, low), (60.0, low), (60.0, 60.0), (-60.0, 60.0)]
        s.stage.polygon([(x, y, z) for x, y in edge], mix(tone, shade(tone, 0.86), step / (steps - 1)), solid)
    s.ground(tone, to=z)
