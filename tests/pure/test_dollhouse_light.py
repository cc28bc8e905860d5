"""The lamp: bodies are brighter on its side, shadows fall away from it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import dollhouse
from dollhouse import Light, Scene
from dollhouse.actor import framed, posed
from dollhouse.colours import LIGHT
from dollhouse.parts import SURFACE
from dollhouse.skeleton import HEAD

STYLES = ("cartoon", "photo", "watercolour")


def alone(style: str, background: str = "plain", seed: int = 0, top: str = "orange") -> Scene:
    scene = dollhouse.scene(seed, people=1).with_pose(0, dollhouse.pose("standing"))
    doll = replace(scene.people[0].doll, bag="", scarf="", hat="", hat_kind="", top_kind="t-shirt", top=top)
    scene = replace(scene.with_doll(0, doll), props=())
    scene = replace(scene, camera=replace(framed(scene.people, "full body", 1.3), size=2.6, x=scene.people[0].x))
    return scene.with_background(background).with_style(style)


def luminance(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    linear = (picture / 255.0) ** 2.2
    return linear @ [0.2126, 0.7152, 0.0722]


def slope(scene: Scene, light: Light) -> tuple[float, float]:
    """How the lit torso's brightness grows to the right and upward across its normals: least squares in float64."""
    truth = dollhouse.truth(scene.with_light(light), 160)
    mask = truth.of_part(0, "torso") & truth.of_surface(0, "top")
    normals = truth.normals[mask].astype(np.float64)
    design = np.column_stack([normals, np.ones(len(normals))])
    found = np.linalg.lstsq(design, luminance(truth.picture)[mask], rcond=None)[0]
    return float(found[0]), float(found[1])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("kind", ["sun", "lamp"])
@pytest.mark.parametrize("seed", range(2))
def test_shading_agrees_with_the_direction(style: str, kind: str, seed: int) -> None:
    scene = alone(style, seed=seed)
    left, right = (slope(scene, dollhouse.light(kind, side))[0] for side in ("left", "right"))
    assert left < -0.01
    assert right > 0.01
    assert slope(scene, dollhouse.light(kind, "above"))[1] > 0.01


def test_the_direction_can_be_read_off_a_photo() -> None:
    """Normals and brightness give the azimuth back, for lamps on the camera's side."""
    scene = alone("photo", seed=1, top="purple")  # dark enough for no highlight to be compressed
    for azimuth in (-80, -60, -40, 40, 60, 80):
        light = Light("sun", azimuth, 30)
        truth = dollhouse.truth(scene.with_light(light), 192)
        whole = truth.of_surface(0, "top").astype(np.uint8)
        mask = cv2.erode(whole, np.ones((5, 5), np.uint8)) > 0  # creases at the edges are darker
        lit = mask & (truth.normals @ light.vector > 0.1)
        design = np.column_stack([truth.normals[lit].astype(np.float64), np.ones(lit.sum())])
        x, _, z, _ = np.linalg.lstsq(design, luminance(truth.picture)[lit], rcond=None)[0]
        assert abs(np.degrees(np.arctan2(x, z)) - azimuth) < 8


@pytest.mark.parametrize("style", [*STYLES, "sketch"])
def test_shadows_fall_away_from_the_lamp(style: str) -> None:
    scene = alone(style)
    feet = dollhouse.truth(scene, 160).joints[0, [10, 13], 0].mean()
    columns = np.arange(160)
    for side, sign in (("left", 1), ("right", -1)):
        truth = dollhouse.truth(scene.with_light(dollhouse.light("sun", side)), 160)
        weight = truth.shadow.sum(0)
        assert weight.sum() > 20
        assert sign * ((weight * columns).sum() / weight.sum() - feet) > 10
        ground = truth.surface == SURFACE["ground"]
        dark, bare = ground & (truth.shadow > 0.8), ground & (truth.shadow < 0.02)
        assert luminance(truth.picture)[dark].mean() < luminance(truth.picture)[bare].mean() * 0.95


def test_a_lamp_behind_throws_the_shadow_toward_us() -> None:
    scene = alone("photo")
    places = {}
    for side in ("front", "behind"):
        shadow = dollhouse.truth(scene.with_light(dollhouse.light("sun", side)), 160).shadow
        places[side] = (shadow.sum(1) * np.arange(160)).sum() / shadow.sum()
    assert places["behind"] > places["front"] + 8


def test_the_shadow_of_the_head_is_where_geometry_says() -> None:
    """The head's shadow: down the light's ray from the head's middle to the ground."""
    scene = alone("photo", "beach")
    light = Light("sun", 60, 50)
    truth = dollhouse.truth(scene.with_light(light), 192)
    actor = scene.people[0]
    head = posed(scene.people)[0].points[HEAD] + [actor.x, 0, actor.z]
    x, y, z = light.vector
    ground = head - np.array([x, y, z]) * head[1] / y
    (px, py), *_ = scene.camera.project(ground[None].astype(np.float32), (192, 192))[0].tolist()
    assert truth.owner[int(py), int(px)] == 0
    assert truth.shadow[int(py), int(px)] > 0.8


def test_strength_and_colour() -> None:
    scene = alone("photo")
    dim, normal, bright = (
        luminance(dollhouse.render(scene.with_light(dollhouse.light("sun", "front", "white", s)), 96)).mean()
        for s in ("dim", "normal", "bright")
    )
    assert dim < normal < bright
    tints = {}
    for name in LIGHT:
        picture = dollhouse.render(scene.with_light(dollhouse.light("sun", "front", name)), 96).astype(float)
        tints[name] = picture[..., 0].mean() / picture[..., 2].mean()
    assert tints["cool"] < tints["white"] < tints["warm"]


@pytest.mark.parametrize("direction", dollhouse.DIRECTIONS)
def test_words_and_vectors_agree(direction: str) -> None:
    light = dollhouse.light("sun", direction)
    assert light.direction == direction
    assert np.linalg.norm(light.vector) == pytest.approx(1)
    assert all(
        dollhouse.scene(seed).light.direction in dollhouse.DIRECTIONS and dollhouse.scene(seed).light.vector[1] > 0.2
        for seed in range(20)
    )


def test_a_lamp_below_the_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="degrees high"):
        Light("sun", 0, 5)
