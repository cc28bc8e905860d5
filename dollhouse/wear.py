"""Draws a scarf and a bag."""

from __future__ import annotations

from dollhouse.colours import CLOTH, fold
from dollhouse.figure import Figure
from dollhouse.skeleton import L_SHOULDER, NECK, R_HIP, WAIST
from dollhouse.vectors import ball, lerp


def draw_scarf(f: Figure) -> None:
    colour, r = CLOTH[f.doll.scarf], f.build.head * 0.26
    key, line = f.points[NECK][2] + 0.05 * f.build.height, f.line("scarf")
    f.pen("scarf", "scarf")
    side = (f.torso.at(0.14, -0.06, 0.22), f.torso.at(0.22, -0.5, 0.3))
    f.stage.blob((ball(side[0], r * 0.7), ball(side[1], r * 0.85)), colour, None, key, line, casts=True)
    end = lerp(side[0], side[1], 0.86)
    f.stage.blob((ball(end, r * 0.84), ball(side[1], r * 0.86)), fold(colour), None, key + 0.0002, line)
    ring = [ball(f.torso.at(x, 0.02, z), r) for x, z in ((-0.2, 0.02), (0.2, 0.02), (0.0, 0.2))]
    f.stage.blob(ring, colour, None, key + 0.0005, line, casts=True)
    crease = (ball(f.torso.at(-0.2, -0.02, 0.22), r * 0.16), ball(f.torso.at(0.2, 0.03, 0.22), r * 0.16))
    f.stage.blob(crease, fold(colour), None, key + 0.0008, line)


def draw_bag(f: Figure) -> None:
    """A satchel at the right hip on a strap from the left shoulder."""
    h, p, colour = f.build.height, f.points, CLOTH[f.doll.bag]
    hip = p[R_HIP]
    deep = f.build.waist_r * 0.9
    side = [f.torso.x[i] * -1.0 for i in range(3)]
    centre = tuple(hip[i] + side[i] * f.build.thigh_r * 1.1 + f.hips_ahead[i] * deep for i in range(3))
    x, y, z = centre[0], centre[1] - 0.015 * h, centre[2]
    key, line = max(z, p[WAIST][2]) + 0.05 * h, f.line("bag")
    f.pen("bag", "bag")
    shoulder = lerp(p[NECK], p[L_SHOULDER], 0.6)
    shoulder = (shoulder[0], shoulder[1] + f.build.arm_r, shoulder[2])
    strap = (ball(shoulder, h * 0.009), ball((x, y + 0.04 * h, z), h * 0.009))
    f.stage.blob(strap, fold(colour), f.chest, p[WAIST][2] + 0.026 * h, line)
    half, r = 0.052 * h, 0.02 * h
    corners = [ball((x + a * half, y + b * half * 0.7, z), r) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    f.stage.blob(corners, colour, f.stage.cone(ball((x, y, z), half * 1.6), curve=0.5), key, line, casts=True)
    flap = [ball((x + a * half, y + half * b, z), r) for a, b in ((-1, 0.75), (1, 0.75), (0, -0.05))]
    f.stage.blob(flap, fold(colour), None, key + 0.0004, line)
    f.stage.blob((ball((x, y - 0.2 * half, z), r * 0.5),), (246, 214, 110), None, key + 0.0008, line)
