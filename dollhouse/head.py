"""Draws a doll's head: skull, hair and what is worn on it. The face is drawn by `face`."""

from __future__ import annotations

from math import atan2, cos, hypot, pi, sin

from dollhouse.colours import CLOTH, HAIR, RGB, fold, mix
from dollhouse.face import crescent, draw_face
from dollhouse.figure import Figure
from dollhouse.vectors import Vector

Line = tuple[tuple[float, float], ...]  # local x, y on the head's ball

_FRINGE: Line = (
    *((-0.99, -0.3), (-0.84, 0.12), (-0.56, 0.34), (-0.3, 0.27), (-0.02, 0.36), (0.26, 0.27), (0.54, 0.34)),
    *((0.84, 0.12), (0.99, -0.3)),
)
_SWEPT: Line = (
    *((-0.99, -0.12), (-0.9, 0.22), (-0.62, 0.32), (-0.3, 0.5), (0.1, 0.46), (0.42, 0.36), (0.66, 0.28)),
    *((0.9, 0.14), (0.99, -0.12)),
)
_PARTED: Line = (
    *((-0.99, -0.42), (-0.88, 0.06), (-0.66, 0.32), (-0.34, 0.52), (-0.04, 0.7), (0.3, 0.52), (0.66, 0.32)),
    *((0.88, 0.06), (0.99, -0.42)),
)
_JAGGED: Line = (
    *((-0.99, -0.12), (-0.86, 0.3), (-0.62, 0.2), (-0.42, 0.42), (-0.14, 0.24), (0.1, 0.44), (0.4, 0.24)),
    *((0.62, 0.42), (0.84, 0.2), (0.99, -0.12)),
)
_BAND: Line = ((-1.0, 0.34), (-0.6, 0.42), (0.0, 0.44), (0.6, 0.42), (1.0, 0.34))
_HAIRLINES = {
    "short": _SWEPT,
    "long": _PARTED,
    "bob": _FRINGE,
    "ponytail": _SWEPT,
    "pigtails": _FRINGE,
    "bun": _PARTED,
    "curly": _JAGGED,
    "spiky": _JAGGED,
}
_LOCKS = ("long", "bob")


def draw_head(f: Figure) -> None:
    key = f.head_key
    f.skull = f.stage.cone(f.head.ball(0, 0, 0, 1.05))
    _back_hair(f, key)
    f.pen("head", "skin")
    f.stage.blob(
        (f.head.ball(0, 0.1, 0, 0.93), f.head.ball(0, -0.46, 0.06, 0.52)),
        f.skin,
        f.skull,
        key,
        f.line("head"),
        casts=True,
    )
    _ears(f, key)
    draw_face(f, key)
    _front_hair(f, key)
    if f.doll.hat:
        _HATS[f.doll.hat_kind](f, key + 0.012, CLOTH[f.doll.hat])


def hair_colour(f: Figure, side: float = 0.0) -> RGB:
    split = f.doll.mark("split hair")
    return CLOTH[split] if split and side > 0 else HAIR[f.doll.hair]


def _ears(f: Figure, key: float) -> None:
    if f.doll.hair_style in ("long", "bob", "curly"):
        return
    for side in (-1, 1):
        place = f.head.ball(side * 0.95, -0.12, 0, 0.2)
        near = place[2] > f.head.origin[2] + 0.25 * f.build.head
        f.stage.blob((place,), f.skin, f.skull, key + (0.006 if near else -0.001), f.line("head"))


def _back_hair(f: Figure, key: float) -> None:
    head, style = f.head, f.doll.hair_style
    f.pen("hair", "hair")
    behind = min(f.head.origin[2], f.points[1][2], f.points[19][2]) - 0.045 * f.build.height
    line = f.line("hair")
    solid = f.stage.cone(head.ball(0, 0, 0, 1.3))
    dark = mix(HAIR[f.doll.hair], (20, 14, 24), 0.22)
    if style in ("long", "bob"):
        low = -2.3 if style == "long" else -0.52
        for side in (-1, 1):
            colour = mix(hair_colour(f, side), (20, 14, 24), 0.22)
            tip = head.ball(side * 0.72, low, -0.4, 0.42)
            f.stage.blob(
                (head.ball(0, 0.1, -0.2, 1.05), head.ball(side * 0.72, -0.3, -0.25, 0.46), tip),
                colour,
                solid,
                behind,
                line,
                casts=True,
            )
            _tip(f, (head.ball(side * 0.72, low * 0.72, -0.4, 0.42), tip), behind + 0.001, solid)
    full = style in ("long", "bob", "curly")
    cap = head.ball(0, 0.12, -0.1, 1.04) if full else head.ball(0, 0.2, -0.16, 0.95)
    f.stage.blob((cap,), dark, solid, key - 0.004, line, casts=True)
    tails = {"ponytail": _ponytail, "pigtails": _pigtails, "bun": _bun, "curly": _curls}
    if style in tails:
        tails[style](f, key, solid)


def _tip(f: Figure, circles: tuple, key: float, solid: int) -> None:
    tips = f.doll.mark("hair tips")
    if tips:
        f.stage.blob(circles, CLOTH[tips], solid, key, f.line("hair"))


def _ponytail(f: Figure, key: float, solid: int) -> None:
    head, colour = f.head, hair_colour(f, 1)
    swing = (head.ball(0.3, 0.95, -0.8, 0.34), head.ball(1.25, 0.55, -0.75, 0.36), head.ball(1.5, -0.75, -0.6, 0.12))
    behind = key - 0.006
    f.stage.blob(swing[:2], colour, None, behind, f.line("hair"), casts=True)
    f.stage.blob(swing[1:], colour, None, behind, f.line("hair"), casts=True)
    f.stage.blob(
        (head.ball(0.42, 0.98, -0.7, 0.2), head.ball(0.62, 0.72, -0.7, 0.2)),
        (236, 70, 90),
        None,
        key - 0.0045,
        f.line("bag"),
    )


def _pigtails(f: Figure, key: float, solid: int) -> None:
    for side in (-1, 1):
        colour = hair_colour(f, side)
        top, end = f.head.ball(side * 1.36, 0.12, -0.1, 0.34), f.head.ball(side * 1.55, -1.15, 0, 0.13)
        near = top[2] > f.head.origin[2] + 0.2 * f.build.head
        above = key + 0.0052 if near else key - 0.003
        f.stage.blob((top, end), colour, None, above, f.line("hair") + side, casts=True)
        tie = f.head.ball(side * 1.06, 0.3, -0.05, 0.17)
        f.stage.blob((tie,), (236, 70, 90), None, above + 0.0001, f.line("bag"))


def _bun(f: Figure, key: float, solid: int) -> None:
    f.stage.blob((f.head.ball(0, 1.28, -0.2, 0.44),), hair_colour(f), None, key - 0.005, f.line("bag"), casts=True)
    f.stage.blob(
        (f.head.ball(-0.3, 1.0, -0.1, 0.1), f.head.ball(0.3, 1.0, -0.1, 0.1)),
        (236, 70, 90),
        None,
        key - 0.0045,
        f.line("bag"),
    )


def _curls(f: Figure, key: float, solid: int) -> None:
    for number in range(9):
        angle = pi * (-0.24 + number * 1.48 / 8)
        x, y = 1.08 * cos(angle), 0.16 + 1.02 * sin(angle)
        f.stage.blob(
            (f.head.ball(x, y, -0.1, 0.4),), hair_colour(f, x), None, key - 0.003, f.line("hair"), casts=number % 2 == 0
        )


def _front_hair(f: Figure, key: float) -> None:
    f.pen("hair", "hair")
    style = f.doll.hair_style
    solid = f.stage.cone(f.head.ball(0, 0.05, 0, 1.2))
    line, above = f.line("hair"), key + 0.004
    spikes = 0.34 if style == "spiky" and not f.doll.hat else 0.0
    hairline = _HAIRLINES[style]
    reach = 0.54 if style == "short" else 0.63
    f.stage.polygon(_crown(f, hairline, 1.1, spikes, reach=reach), hair_colour(f), solid, above, line)
    if f.doll.mark("split hair"):
        f.stage.polygon(_crown(f, hairline, 1.1, spikes, half=True), hair_colour(f, 1), solid, above + 0.0005, line)
    if style in _LOCKS:
        for side in (-1, 1):
            low = -1.5 if style == "long" else -0.66
            lock = (f.head.ball(side * 0.96, 0.1, 0.16, 0.17), f.head.ball(side * 0.98, low, 0.14, 0.16))
            f.stage.blob(lock, hair_colour(f, side), None, above + 0.0003, line)
            _tip(f, (f.head.ball(side * 0.98, low * 0.7, 0.14, 0.17), lock[1]), above + 0.0004, solid)
    if not f.doll.hat:
        bright = mix(hair_colour(f), (255, 255, 255), 0.34)
        frame = (f.head.at(-0.34, 0.66, 0.66), f.head.way(0.3, 0.12, 0.1), f.head.way(-0.08, 0.3, -0.2))
        f.stage.patch(_GLOSS, frame, bright, solid, above + 0.0008, line)


_GLOSS = crescent(1.0, 0.35, 0.3)


def _crown(
    f: Figure, hairline: Line, radius: float, spikes: float = 0.0, half: bool = False, reach: float = 0.63
) -> list[Vector]:
    """What covers the head above a line on the face: an arc over the top, `reach` half turns to each side, and back."""
    head, (cx, cy, cz) = f.head, f.head.origin
    up = atan2(head.y[1], head.y[0])
    outer = []
    steps = 16
    for number in range(0 if not half else steps // 2, steps + 1):
        angle = up + pi * reach * (1 - 2 * number / steps)
        r = head.unit * (radius + (spikes if number % 2 and 1 < number < steps - 1 else -spikes * 0.1))
        outer.append((cx + r * cos(angle) + head.y[0] * 0.06 * head.unit, cy + r * sin(angle) + 0.06 * head.unit, cz))
    places = [_on_head(f, x, y) for x, y in hairline]
    places.reverse()  # the arc ends at the doll's left
    return outer + (places[: len(places) // 2 + 1] if half else places)


def _on_head(f: Figure, x: float, y: float) -> Vector:
    """A place on the ball, or on its outline if the head is turned away there."""
    px, py, pz = f.head.way(x, y, max(0.0, 1 - x * x - y * y) ** 0.5)
    if pz < 0:
        stretch = f.head.unit * 1.02 / max(hypot(px, py), 1e-6)
        px, py = px * stretch, py * stretch
    cx, cy, cz = f.head.origin
    return cx + px, cy + py, cz


def _brimmed(f: Figure, key: float, colour: RGB) -> None:
    head, line = f.head, f.line("hat")
    f.pen("hat", "hat")
    solid = f.stage.cone(head.ball(0, 0.9, 0, 1.1))
    crown = [head.ball(x, y, 0, 0.36) for x, y in ((-0.62, 0.7), (0.62, 0.7), (0.46, 1.3), (-0.46, 1.3))]
    f.stage.blob(crown, colour, solid, key, line, casts=True)
    band = [head.ball(x, 0.66, 0.1, 0.12) for x in (-0.9, 0.9)]
    f.stage.blob(band, fold(colour), solid, key + 0.0005, line)
    brim = (head.ball(-1.5, 0.42, 0, 0.1), head.ball(1.5, 0.42, 0, 0.1), head.ball(0, 0.5, 0.3, 0.16))
    f.stage.blob(brim, colour, None, key + 0.001, line, casts=True)


def _cap(f: Figure, key: float, colour: RGB) -> None:
    f.pen("hat", "hat")
    line, solid = f.line("hat"), f.stage.cone(f.head.ball(0, 0.2, 0, 1.2))
    f.stage.polygon(_crown(f, _BAND, 1.17, reach=0.4), colour, solid, key, line)
    visor = (f.head.ball(-0.56, 0.42, 0.9, 0.12), f.head.ball(0.56, 0.42, 0.9, 0.12), f.head.ball(0, 0.36, 1.4, 0.16))
    f.stage.blob(visor, fold(colour), None, key + 0.001, f.stage.fresh_line())
    f.stage.blob((f.head.ball(0, 1.22, 0, 0.1),), fold(colour), None, key + 0.001, line)


def _beanie(f: Figure, key: float, colour: RGB) -> None:
    f.pen("hat", "hat")
    line, solid = f.line("hat"), f.stage.cone(f.head.ball(0, 0.2, 0, 1.2))
    f.stage.blob(
        (f.head.ball(0, 1.36, 0, 0.27),), mix(colour, (255, 255, 255), 0.55), None, key - 0.0005, line, casts=True
    )
    f.stage.polygon(_crown(f, _BAND, 1.2, reach=0.4), colour, solid, key, line)
    band = [f.head.ball(x, 0.5, z, 0.18) for x, z in ((-0.98, 0.1), (0.98, 0.1))]
    f.stage.blob(band, fold(colour), solid, key + 0.0005, line)


_HATS = {"hat": _brimmed, "cap": _cap, "beanie": _beanie}
