"""Draws the traits that no caption can say (some are drawn where they belong: hair, socks, arm)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dollhouse.colours import CLOTH, RGB, fold
from dollhouse.face import _lay, disc
from dollhouse.figure import Figure
from dollhouse.parts import PART
from dollhouse.skeleton import (
    L_ANKLE,
    L_HIP,
    L_KNEE,
    L_SHOULDER,
    NECK,
    PELVIS,
    R_ANKLE,
    R_HIP,
    R_KNEE,
    R_SHOULDER,
    WAIST,
)
from dollhouse.stage import Array
from dollhouse.vectors import ball, lerp


def _star() -> Array:
    angles = np.pi / 2 + np.arange(10) * np.pi / 5
    radius = np.where(np.arange(10) % 2 == 0, 1.0, 0.45)
    return np.stack([np.cos(angles) * radius, np.sin(angles) * radius], -1).astype(np.float32)


def _heart() -> Array:
    t = np.arange(20) * 2 * np.pi / 20
    x, y = 16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return (np.stack([x, y], -1) / 16).astype(np.float32)


_STAR, _HEART, _DISC = _star(), _heart(), disc()
_BAR = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)


def _on_chest(f: Figure, template: Array, x: float, y: float, size: float, colour: RGB, tall: float = 1.0) -> None:
    """Lay a figure onto the front of the torso; x, y and size in torso lengths."""
    if f.torso.z[2] < 0.1:
        return
    deep = f.build.waist_r / f.build.torso
    f.pen("torso", "top")
    key = f.points[WAIST][2] + 0.016 * f.build.height
    frame = (f.torso.at(x, y, deep * 0.9), f.torso.way(size, 0, 0), f.torso.way(0, size * tall, 0))
    f.stage.patch(template, frame, colour, f.chest, key, f.line("torso"))


def _star_top(f: Figure, colour: RGB) -> None:
    _on_chest(f, _STAR, 0, -0.42, 0.25, colour)


def _heart_top(f: Figure, colour: RGB) -> None:
    _on_chest(f, _HEART, 0, -0.42, 0.22, colour)


def _half_top(f: Figure, colour: RGB) -> None:
    p, b = f.points, f.build
    f.pen("torso", "top")
    key, seam = p[WAIST][2] + 0.0155 * b.height, b.height * 0.002
    middle = lerp(p[WAIST], p[PELVIS], 0.8)
    halves = (
        (ball(f.torso.at(0, -0.05, 0), seam), ball(lerp(p[NECK], p[L_SHOULDER], 0.82), b.arm_r * 1.25), p[WAIST]),
        (ball(middle, seam), ball(lerp(p[WAIST], p[L_HIP], 0.8), b.thigh_r * 1.1), p[WAIST]),
    )
    side = (p[L_SHOULDER][0] - p[R_SHOULDER][0]) / (2 * b.shoulder)
    for end, corner, waist in halves:
        edge = ball((waist[0] + side * b.waist_r * 0.6, waist[1], waist[2]), b.waist_r * 0.4)
        f.stage.blob((end, corner, edge, ball(waist, seam)), colour, f.chest, key, f.line("torso"))


def _striped_top(f: Figure, colour: RGB) -> None:
    p, b = f.points, f.build
    f.pen("torso", "top")
    key = p[WAIST][2] + 0.0155 * b.height
    for share in (0.12, 0.42, 0.72):
        middle = lerp(p[NECK], p[WAIST], share + 0.12)
        half = (1 - share) * b.shoulder * 0.9 + share * b.waist_r * 0.72
        ends = [
            ball((middle[0] + s * f.torso.x[0] * half, middle[1] + s * f.torso.x[1] * half, middle[2]), b.torso * 0.05)
            for s in (-1, 1)
        ]
        f.stage.blob(ends, colour, f.chest, key, f.line("torso"))
    for side, shoulder in ((R_SHOULDER, R_SHOULDER + 1), (L_SHOULDER, L_SHOULDER + 1)):
        f.pen("r_upper_arm" if side == R_SHOULDER else "l_upper_arm", "top")
        place = lerp(p[side], p[shoulder], 0.34)
        low = lerp(p[side], p[shoulder], 0.42)
        above = p[side][2] / 2 + p[shoulder][2] / 2 + 0.045 * b.height
        f.stage.blob((ball(place, b.arm_r * 1.3), ball(low, b.arm_r * 1.3)), colour, None, above, f.line("torso"))


def _dotted_top(f: Figure, colour: RGB) -> None:
    for x, y in ((-0.2, -0.25), (0.2, -0.25), (0.0, -0.45), (-0.2, -0.65), (0.2, -0.65), (0, -0.84)):
        _on_chest(f, _DISC, x, y, 0.07, colour)


def _striped_trousers(f: Figure, colour: RGB) -> None:
    p, b = f.points, f.build
    for side, hip, knee, ankle in (("r", R_HIP, R_KNEE, R_ANKLE), ("l", L_HIP, L_KNEE, L_ANKLE)):
        for part, top, low, r0, r1, above in (
            ("thigh", hip, knee, b.thigh_r * 1.1, b.thigh_r * 0.95, -0.0195),
            ("shin", knee, ankle, b.thigh_r * 0.93, b.ankle_r * 1.25, -0.0235),
        ):
            f.pen(f"{side}_{part}", "bottom")
            key = (p[top][2] + p[low][2]) / 2 + above * b.height
            for share in (0.3, 0.68):
                one, two = lerp(p[top], p[low], share), lerp(p[top], p[low], share + 0.12)
                r = r0 + (r1 - r0) * share
                f.stage.polygon(
                    _band(one, two, r),
                    colour,
                    f.stage.cone(ball(p[top], r0), ball(p[low], r1)),
                    key,
                    f.line(f"{side}_thigh"),
                )


def _band(one: tuple, two: tuple, r: float) -> list[tuple[float, float, float]]:
    """A stripe across a limb that runs from `one` to `two`."""
    dx, dy = two[0] - one[0], two[1] - one[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-6)
    x, y = -dy / length * r, dx / length * r
    return [
        (one[0] + x, one[1] + y, one[2]),
        (two[0] + x, two[1] + y, two[2]),
        (two[0] - x, two[1] - y, two[2]),
        (one[0] - x, one[1] - y, one[2]),
    ]


def _dotted_skirt(f: Figure, colour: RGB) -> None:
    p, b = f.points, f.build
    f.pen("skirt", "bottom")
    long = f.doll.bottom_kind == "long skirt"
    key = f.skirt_key + 0.001
    for across, down in ((0.2, 0.25), (0.8, 0.3), (0.5, 0.5), (0.1, 0.65), (0.9, 0.7), (0.5, 0.88)):
        ends = [
            lerp(p[hip], p[knee], down * (1.45 if long else 0.85)) for hip, knee in ((R_HIP, R_KNEE), (L_HIP, L_KNEE))
        ]
        place = lerp(ends[0], ends[1], 0.5 + (across - 0.5) * (1.0 + down))
        f.stage.blob((ball(place, b.height * 0.013),), colour, None, key, f.line("skirt"))


def _eye_patch(f: Figure, colour: RGB) -> None:
    key = f.head_key + 0.0045
    f.pen("head", "extra")
    _lay(f, _BAR * [0.62, 0.035], 0.2, 0.12, colour, key, -22.0)
    _lay(f, _DISC * [0.3, 0.32], 0.42, -0.06, colour, key + 0.0002)


def _face_paint(f: Figure, colour: RGB) -> None:
    f.pen("head", "extra")
    for side in (-1, 1):
        for y in (-0.34, -0.52):
            _lay(f, _BAR * [0.2, 0.05], side * 0.58, y, colour, f.head_key + 0.0009, side * 14.0)


def _glasses(f: Figure, colour: RGB) -> None:
    f.pen("head", "extra")
    ring = np.concatenate([disc(16), disc(16)[:1], disc(16)[:1] * 0.74, disc(16)[::-1] * 0.74]).astype(np.float32)
    for side in (-1, 1):
        _lay(f, ring * 0.36, side * 0.41, -0.05, colour, f.head_key + 0.0048)
    _lay(f, _BAR * [0.1, 0.045], 0, -0.02, colour, f.head_key + 0.0048)


def _moustache(f: Figure, colour: RGB) -> None:
    f.pen("head", "extra")
    for side in (-1, 1):
        _lay(f, _DISC * [0.24, 0.1], side * 0.19, -0.36, colour, f.head_key + 0.002, side * -16.0)


def _freckles(f: Figure, colour: RGB) -> None:
    f.pen("head", "extra")
    for x, y in ((-0.62, -0.28), (-0.48, -0.36), (-0.66, -0.42), (0.62, -0.28), (0.48, -0.36), (0.66, -0.42)):
        _lay(f, _DISC * 0.055, x, y, colour, f.head_key + 0.0008)


def _cat_ears(f: Figure, colour: RGB) -> None:
    f.pen("hair", "extra")
    for side in (-1, 1):
        for size, tone, above in ((1.0, colour, 0.0), (0.55, (244, 150, 170), 0.0004)):
            ear = [
                f.head.at(side * (0.6 + x * size), 1.02 + y * size, 0.1)
                for x, y in ((-0.34, -0.14), (0.34, -0.34), (0.16, 0.62))
            ]
            f.stage.polygon(ear, tone, f.skull, f.head_key + 0.0052 + above, f.line("hat"))


def _horns(f: Figure, colour: RGB) -> None:
    f.pen("hair", "extra")
    for side in (-1, 1):
        root, bend, tip = (
            f.head.ball(side * x, y, 0.1, r) for x, y, r in ((0.5, 0.98, 0.18), (0.8, 1.3, 0.13), (0.78, 1.62, 0.03))
        )
        for pair in ((root, bend), (bend, tip)):
            f.stage.blob(pair, colour, None, f.head_key + 0.0052, f.line("hat"), casts=True)


def _cape(f: Figure, colour: RGB) -> None:
    p, b = f.points, f.build
    f.pen("extra", "extra")
    behind = min(p[NECK][2], p[WAIST][2]) - 0.06 * b.height
    back = -b.waist_r * 1.2
    low = [
        (p[i][0] + f.torso.z[0] * back + s * b.shoulder * 0.55, p[i][1] * 0.75, p[i][2] + f.torso.z[2] * back)
        for i, s in ((R_KNEE, -1), (L_KNEE, 1))
    ]
    f.stage.blob(
        [ball(p[R_SHOULDER], b.arm_r), ball(p[L_SHOULDER], b.arm_r), *(ball(q, b.arm_r) for q in low)],
        colour,
        None,
        behind,
        f.line("extra"),
        casts=True,
    )
    f.pen("scarf", "extra")
    collar = [ball(f.torso.at(x, 0.0, z), b.head * 0.16) for x, z in ((-0.28, 0), (0.28, 0), (0.0, 0.2))]
    f.stage.blob(collar, fold(colour), None, p[NECK][2] + 0.05 * b.height, f.line("scarf"))


def _bow(f: Figure, colour: RGB) -> None:
    f.pen("hair", "extra")
    centre, key = f.head.ball(0.62, 0.86, 0.4, 0.12), f.head_key + 0.0054
    for side in (-1, 1):
        f.stage.blob((centre, f.head.ball(0.62 + side * 0.4, 0.92, 0.3, 0.2)), colour, None, key, f.line("hat"))
    f.stage.blob((centre,), fold(colour), None, key + 0.0002, f.line("hat") + len(PART))


def _crown_mark(f: Figure, colour: RGB) -> None:
    f.pen("hat", "extra")
    shape = ((-0.72, 0.66), (0.72, 0.66), (0.86, 1.4), (0.4, 1.04), (0.0, 1.5), (-0.4, 1.04), (-0.86, 1.4))
    f.stage.polygon([f.head.at(x, y, 0.2) for x, y in shape], colour, f.skull, f.head_key + 0.012, f.line("hat"))


_DRAWN: dict[str, Callable[[Figure, RGB], None]] = {
    "star top": _star_top,
    "heart top": _heart_top,
    "half top": _half_top,
    "striped top": _striped_top,
    "dotted top": _dotted_top,
    "striped trousers": _striped_trousers,
    "dotted skirt": _dotted_skirt,
    "eye patch": _eye_patch,
    "face paint": _face_paint,
    "glasses": _glasses,
    "moustache": _moustache,
    "freckles": _freckles,
    "cat ears": _cat_ears,
    "horns": _horns,
    "cape": _cape,
    "bow": _bow,
    "crown": _crown_mark,
}


def draw_marks(f: Figure) -> None:
    for mark in f.doll.marks:
        if mark.kind in _DRAWN:
            _DRAWN[mark.kind](f, CLOTH[mark.colour])
