"""Draws a scene."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dollhouse.actor import posed
from dollhouse.backgrounds import draw_background
from dollhouse.figure import draw_figure, figure
from dollhouse.head import draw_head
from dollhouse.marks import draw_marks
from dollhouse.parts import FIRST_DOLL
from dollhouse.props import draw_prop, draw_seat
from dollhouse.raster import Raster
from dollhouse.scene import Scene
from dollhouse.skeleton import PELVIS, Body
from dollhouse.stage import Stage
from dollhouse.styles import STYLES
from dollhouse.wear import draw_bag, draw_scarf

Size = int | tuple[int, int]  # a side, or (width, height)


def extent_of(size: Size) -> tuple[int, int]:
    width, height = (size, size) if isinstance(size, int) else size
    if min(width, height) < 16 or max(width, height) > 2048:
        raise ValueError(f"a picture has sides of 16 to 2048 pixels, not {width} x {height}")
    return width, height


def raster(scene: Scene, size: Size) -> Raster:
    """The scene on its stage, far things first."""
    stage = Stage()
    draw_background(stage, scene.background, scene.camera.eye)
    stage.lines += 1
    everybody = posed(scene.people)
    for _, number in sorted(
        [(a.z, i) for i, a in enumerate(scene.people)] + [(p.z, -1 - i) for i, p in enumerate(scene.props)]
    ):
        if number < 0:
            draw_prop(stage, scene.props[-1 - number])
        else:
            _draw_actor(stage, scene, number, everybody[number])
    return Raster(stage, scene.camera, extent_of(size))


def _draw_actor(stage: Stage, scene: Scene, number: int, body: Body) -> None:
    actor = scene.people[number]
    pelvis = float(body.points[PELVIS, 1])
    if actor.pose.name == "sitting":
        draw_seat(stage, actor.x, actor.z - 0.02, pelvis - body.build.thigh_r, body.build.hip * 2.2)
    start = len(stage.shapes)
    f = figure(stage, actor.doll, body, (actor.x, actor.z), FIRST_DOLL + number, actor.expression)
    draw_figure(f)
    draw_head(f)
    if actor.doll.scarf:
        draw_scarf(f)
    if actor.doll.bag:
        draw_bag(f)
    draw_marks(f)
    stage.sort_from(start)


def picture_of(raster: Raster, scene: Scene) -> NDArray[np.uint8]:
    return STYLES[scene.style](raster, scene.light, scene.seed)


def render(scene: Scene, size: Size = 128) -> NDArray[np.uint8]:
    """[H, W, 3], red green blue, 0..255."""
    return picture_of(raster(scene, size), scene)
