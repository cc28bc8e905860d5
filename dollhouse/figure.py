"""Draws one posed doll below the neck: limbs, torso and clothes."""

from __future__ import annotations

from dataclasses import dataclass

from dollhouse.colours import CLOTH, RGB, SKIN, fold
from dollhouse.doll import Doll
from dollhouse.parts import PART, SURFACE
from dollhouse.skeleton import (
    HEAD,
    L_ANKLE,
    L_ELBOW,
    L_HAND,
    L_HEEL,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    L_TOE,
    L_WRIST,
    NECK,
    PELVIS,
    R_ANKLE,
    R_ELBOW,
    R_HAND,
    R_HEEL,
    R_HIP,
    R_KNEE,
    R_SHOULDER,
    R_TOE,
    R_WRIST,
    WAIST,
    Body,
    Build,
)
from dollhouse.stage import Pen, Stage
from dollhouse.vectors import Circle, Frame, Vector, ball, lerp

_SIDES = {
    "r": (R_SHOULDER, R_ELBOW, R_WRIST, R_HAND, R_HIP, R_KNEE, R_ANKLE, R_HEEL, R_TOE),
    "l": (L_SHOULDER, L_ELBOW, L_WRIST, L_HAND, L_HIP, L_KNEE, L_ANKLE, L_HEEL, L_TOE),
}


@dataclass
class Figure:
    """A doll on its way to the stage: its points in the world, and one outline number for each region of it."""

    stage: Stage
    doll: Doll
    build: Build
    points: list[Vector]
    torso: Frame  # origin at the neck's base, unit the torso's length
    head: Frame  # origin at the head's middle, unit its radius
    owner: int
    hips_ahead: Vector  # where the pelvis faces
    expression: str
    base: int  # outline numbers of this doll start here
    chest: int = 0  # the torso's solid
    skull: int = 0
    skirt_key: float = 0.0

    def pen(self, part: str, surface: str) -> None:
        self.stage.pen = Pen(self.owner, PART[part], SURFACE[surface])

    @property
    def head_key(self) -> float:
        """Where the skull stands in the order: before the torso, however far the doll leans back."""
        return max(self.points[i][2] for i in (HEAD, NECK, WAIST)) + 0.06 * self.build.height

    def line(self, part: str) -> int:
        return self.base + PART[part]

    @property
    def skin(self) -> RGB:
        return SKIN[self.doll.skin]


def figure(stage: Stage, doll: Doll, body: Body, place: tuple[float, float], owner: int, expression: str) -> Figure:
    x, z = place
    points = [(p[0] + x, p[1], p[2] + z) for p in body.points.tolist()]
    base = stage.lines + 1
    stage.lines += 2 * len(PART)
    torso = Frame(points[NECK], body.torso.tolist(), body.build.torso)
    head = Frame(points[HEAD], body.head.tolist(), body.build.head)
    ahead = tuple(body.hips[:, 2].tolist())
    return Figure(stage, doll, body.build, points, torso, head, owner, ahead, expression, base)


def draw_figure(f: Figure) -> None:
    for side in "rl":
        _leg(f, side)
        _foot(f, side)
    _bottom(f)
    _torso(f)
    for side in "rl":
        _arm(f, side)


def _tube(
    f: Figure,
    start: Circle,
    stop: Circle,
    colour: RGB,
    part: str,
    surface: str,
    above: float,
    line: str = "",
    within: tuple[Vector, Vector] | None = None,
) -> int:
    """A limb, or what covers the limb `within` two points; `above` orders things at one depth, in body heights."""
    f.pen(part, surface)
    first, last = within or (start, stop)
    key = (first[2] + last[2]) / 2 + above * f.build.height
    return f.stage.blob((start, stop), colour, key=key, line=f.line(line or part), casts=True)


def _leg(f: Figure, side: str) -> None:
    _, _, _, _, hip, knee, ankle, _, _ = (f.points[i] for i in _SIDES[side])
    b, thigh, shin = f.build, f"{side}_thigh", f"{side}_shin"
    knee_r = (b.thigh_r + b.ankle_r) / 2
    if f.doll.bottom_kind == "trousers":
        cloth = CLOTH[f.doll.bottom]
        _tube(f, ball(hip, b.thigh_r * 1.12), ball(knee, knee_r * 1.14), cloth, thigh, "bottom", -0.02)
        hem = lerp(knee, ankle, 0.93)
        _tube(f, ball(knee, knee_r * 1.12), ball(hem, b.ankle_r * 1.3), cloth, shin, "bottom", -0.024, thigh)
        return
    _tube(f, ball(hip, b.thigh_r), ball(knee, knee_r), f.skin, thigh, "skin", -0.03)
    _tube(f, ball(knee, knee_r), ball(ankle, b.ankle_r), f.skin, shin, "skin", -0.034, thigh)
    if f.doll.shoes_kind == "shoes":
        _sock(f, side, knee, ankle)
    if f.doll.bottom_kind == "shorts":
        hem = lerp(hip, knee, 0.62)
        cloth = CLOTH[f.doll.bottom]
        _tube(
            f,
            ball(hip, b.thigh_r * 1.15),
            ball(hem, b.thigh_r * 1.22),
            cloth,
            thigh,
            "bottom",
            -0.026,
            "pelvis",
            (hip, knee),
        )


def _sock(f: Figure, side: str, knee: Vector, ankle: Vector) -> None:
    odd = f.doll.mark("odd socks")
    colour = CLOTH[odd] if odd and side == "l" else (70, 200, 190) if odd else (240, 240, 236)
    high = 0.42 if odd else 0.72
    r = f.build.ankle_r
    _tube(
        f,
        ball(lerp(knee, ankle, high), r * 1.15),
        ball(ankle, r * 1.12),
        colour,
        f"{side}_shin",
        "socks",
        -0.03,
        "",
        (knee, ankle),
    )


def _foot(f: Figure, side: str) -> None:
    _, _, _, _, _, knee, ankle, heel, toe = (f.points[i] for i in _SIDES[side])
    b, part = f.build, f"{side}_foot"
    odd = f.doll.mark("odd shoes")
    colour = CLOTH[odd if odd and side == "l" else f.doll.shoes]
    f.pen(part, "shoes")
    key = ankle[2] - 0.01 * b.height + (toe[2] - heel[2]) * 0.3
    line = f.line(part)
    r = b.sole * 0.64
    f.stage.blob(
        (ball(heel, r), ball(lerp(heel, ankle, 0.6), r * 1.02), ball(toe, r * 1.12)),
        colour,
        None,
        key,
        line,
        casts=True,
    )
    low, front = lerp(heel, (heel[0], 0, heel[2]), 0.2), lerp(toe, (toe[0], 0, toe[2]), 0.2)
    if f.doll.shoes_kind == "boots":
        top = lerp(ankle, knee, 0.42)
        f.stage.blob((ball(ankle, b.ankle_r * 1.25), ball(top, b.ankle_r * 1.5)), colour, None, key - 0.001, line)
        cuff = lerp(ankle, knee, 0.36)
        f.stage.blob((ball(cuff, b.ankle_r * 1.45), ball(top, b.ankle_r * 1.5)), fold(colour), None, key - 0.0005, line)
    else:
        sole = (236, 234, 226) if f.doll.shoes != "white" else (150, 150, 156)
        f.stage.blob((ball(low, r * 0.7), ball(front, r * 0.85)), sole, None, key - 0.0005, line)


def _bottom(f: Figure) -> None:
    b, p = f.build, f.points
    colour = CLOTH[f.doll.bottom]
    hips = ball(p[R_HIP], b.thigh_r * 1.1), ball(p[L_HIP], b.thigh_r * 1.1)
    waist = ball(lerp(p[PELVIS], p[WAIST], 0.55), b.waist_r)
    f.pen("pelvis", "bottom")
    line = f.line("r_thigh" if f.doll.bottom_kind == "trousers" else "pelvis")
    solid = f.stage.cone(waist, ball(p[PELVIS], b.waist_r * 1.05))
    f.stage.blob((waist, *hips), colour, solid, p[PELVIS][2] - 0.012 * b.height, line, casts=True)
    if "skirt" in f.doll.bottom_kind:
        _skirt(f, waist)


def _skirt(f: Figure, waist: Circle) -> None:
    b, p, colour = f.build, f.points, CLOTH[f.doll.bottom]
    long = f.doll.bottom_kind == "long skirt"
    hem, flare = [], 1.25 if long else 1.7
    for hip, knee, ankle in ((R_HIP, R_KNEE, R_ANKLE), (L_HIP, L_KNEE, L_ANKLE)):
        hem.append(ball(lerp(p[knee], p[ankle], 0.55) if long else lerp(p[hip], p[knee], 0.78), b.thigh_r * flare))
    knees = (ball(p[R_KNEE], b.thigh_r * 1.3), ball(p[L_KNEE], b.thigh_r * 1.3)) if long else ()
    f.pen("skirt", "bottom")
    legs = [(p[knee][2] + p[end][2]) / 2 for knee in (R_KNEE, L_KNEE) for end in (knee - 1, knee + 1)]  # hip and ankle
    key = max(p[PELVIS][2], *(legs if long else legs[::2])) + 0.004 * b.height
    low = lerp(hem[0][:3], hem[1][:3], 0.5)
    spread = abs(hem[0][0] - hem[1][0]) / 2 + b.thigh_r * flare
    solid = f.stage.cone(ball(waist[:3], b.waist_r * 1.1), ball(low, spread))
    f.skirt_key = key
    shape = (waist, *(ball(p[hip], b.thigh_r * 1.12) for hip in (R_HIP, L_HIP)), *knees, *hem)
    f.stage.blob(shape, colour, solid, key, f.line("skirt"), casts=True)
    for share in (-0.4, 0.05, 0.45):  # pleats
        end = lerp(hem[0][:3], hem[1][:3], 0.5 + share)
        start = lerp(waist[:3], end, 0.45)
        f.stage.blob(
            (ball(start, b.height * 0.003), ball(lerp(waist[:3], end, 1.02), b.height * 0.006)),
            fold(colour),
            solid,
            key + 0.0005,
            f.line("skirt"),
        )


def _torso(f: Figure) -> None:
    b, p, kind = f.build, f.points, f.doll.top_kind
    colour = CLOTH[f.doll.top]
    z, line = p[WAIST][2], f.line("torso")
    inset = 0.82
    shoulders = [
        ball(lerp(p[NECK], p[i], inset), b.arm_r * (1.05 if kind == "tank top" else 1.3))
        for i in (R_SHOULDER, L_SHOULDER)
    ]
    waist, rise = ball(p[WAIST], b.waist_r * 1.02), 0.012 * b.height
    half = abs(f.torso.x[0]) * b.shoulder + abs(f.torso.z[0]) * b.waist_r + b.arm_r * 0.6
    low = abs(f.torso.x[0]) * b.hip + b.thigh_r
    f.chest = f.stage.cone(ball(f.torso.at(0, -0.1, 0), half), ball(p[PELVIS], max(low, b.waist_r * 1.05)), 0.9)
    f.pen("torso", "top")
    f.stage.blob((*shoulders, waist), colour, f.chest, z + rise, line, casts=True)
    hips = [ball(lerp(p[WAIST], p[i], 0.8), b.thigh_r * 1.12) for i in (R_HIP, L_HIP)]
    f.stage.blob((waist, *hips), colour, f.chest, z + rise - 0.001, line, casts=True)
    if kind in ("sweater", "jacket"):
        hems = [ball(lerp(p[WAIST], p[i], 0.96), b.thigh_r * 1.08) for i in (R_HIP, L_HIP)]
        f.stage.blob(hems, fold(colour), f.chest, z + rise - 0.002, line)
    _neck(f, z + rise)


def _neck(f: Figure, key: float) -> None:
    b = f.build
    f.pen("neck", "skin")
    base = f.torso.at(0, -0.06, 0.08)
    f.stage.blob(
        (ball(base, b.head * 0.36), ball(f.head.at(0, -0.5, 0), b.head * 0.34)),
        f.skin,
        None,
        f.head_key - 0.0065,
        f.line("neck"),
    )
    if f.doll.top_kind == "jacket":
        _jacket_front(f, key)
    elif f.doll.top_kind == "sweater":
        f.pen("torso", "top")
        collar = (ball(f.torso.at(-0.12, -0.02, 0.1), b.head * 0.2), ball(f.torso.at(0.12, -0.02, 0.1), b.head * 0.2))
        f.stage.blob(collar, fold(CLOTH[f.doll.top]), f.chest, key + 0.006, f.line("torso"))


def _jacket_front(f: Figure, key: float) -> None:
    if f.torso.z[2] < 0.15:  # seen from the side
        return
    deep = f.build.waist_r / f.build.torso
    shirt = (246, 246, 242) if f.doll.top not in ("white", "yellow", "grey") else (60, 62, 74)
    f.pen("torso", "extra")
    front = [
        f.torso.at(x, y, deep)
        for x, y in ((-0.2, -0.02), (0.2, -0.02), (0.11, -0.5), (0.15, -0.93), (-0.15, -0.93), (-0.11, -0.5))
    ]
    f.stage.polygon(front, shirt, f.chest, key + 0.003, f.line("torso") + len(PART))
    f.pen("torso", "top")
    for side in (-1, 1):
        lapel = [f.torso.at(side * x, y, deep) for x, y in ((0.17, 0.02), (0.3, -0.02), (0.2, -0.36), (0.1, -0.5))]
        f.stage.polygon(lapel, fold(CLOTH[f.doll.top]), f.chest, key + 0.0035, f.line("torso"))


def _arm(f: Figure, side: str) -> None:
    shoulder, elbow, wrist, hand, *_ = (f.points[i] for i in _SIDES[side])
    b, kind, cloth = f.build, f.doll.top_kind, CLOTH[f.doll.top]
    metal = side == "l" and f.doll.mark("metal arm")
    upper, fore = f"{side}_upper_arm", f"{side}_forearm"
    bare = (168, 178, 190) if metal else f.skin
    elbow_r = (b.arm_r + b.wrist_r) / 2
    above = 0.03 if shoulder[2] > -0.02 else 0.015
    if kind in ("sweater", "jacket") and not metal:
        _tube(f, ball(shoulder, b.arm_r * 1.35), ball(elbow, elbow_r * 1.35), cloth, upper, "top", above)
        cuff = lerp(elbow, wrist, 0.82)
        _tube(
            f,
            ball(elbow, elbow_r * 1.35),
            ball(cuff, b.wrist_r * 1.45),
            cloth,
            fore,
            "top",
            above + 0.006,
            upper,
            (elbow, wrist),
        )
        end = ball(lerp(elbow, wrist, 0.92), b.wrist_r * 1.35)
        _tube(f, ball(cuff, b.wrist_r * 1.35), end, fold(cloth), fore, "top", above + 0.0065, upper, (elbow, wrist))
    else:
        _tube(f, ball(shoulder, b.arm_r), ball(elbow, elbow_r), bare, upper, "skin", above)
        _tube(f, ball(elbow, elbow_r), ball(wrist, b.wrist_r), bare, fore, "skin", above + 0.006, upper)
        if kind == "t-shirt":
            hem = ball(lerp(shoulder, elbow, 0.55), b.arm_r * 1.5)
            _tube(
                f, ball(shoulder, b.arm_r * 1.35), hem, cloth, upper, "top", above + 0.004, "torso", (shoulder, elbow)
            )
    _hand(f, side, wrist, hand, CLOTH[f.doll.mark("glove")] if side == "r" and f.doll.mark("glove") else bare, above)


def _hand(f: Figure, side: str, wrist: Vector, hand: Vector, colour: RGB, above: float) -> None:
    r = f.build.wrist_r
    part = f"{side}_hand"
    long = f.doll.top_kind in ("sweater", "jacket")
    line = part if long else f"{side}_upper_arm"
    _tube(f, ball(wrist, r * 0.95), ball(hand, r * 1.25), colour, part, "skin", above + 0.002, line)
    inward = f.torso.x if side == "r" else (-f.torso.x[0], -f.torso.x[1], -f.torso.x[2])
    thumb = (hand[0] + inward[0] * r, hand[1] + inward[1] * r, hand[2] + inward[2] * r)
    _tube(f, ball(wrist, r * 0.5), ball(thumb, r * 0.55), colour, part, "skin", above + 0.0025, line)
