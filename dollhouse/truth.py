"""What is true about a picture: who and what every pixel is, how far, facing where, and where the joints are."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dollhouse import openpose
from dollhouse.actor import posed
from dollhouse.parts import FIRST_DOLL, OBJECT, PART, PARTS, SURFACE, SURFACES
from dollhouse.raster import depth
from dollhouse.render import Size, picture_of, raster
from dollhouse.scene import Scene
from dollhouse.skeleton import HEAD, L_EAR, L_EYE, R_EAR, R_EYE, Body
from dollhouse.stage import REACH

Array = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]  # left, top, right, bottom; right and bottom are outside
_HIDING_PARTS = tuple(PART[name] for name in ("hair", "hat", "scarf", "bag", "skirt", "extra"))


@dataclass(frozen=True)
class Truth:
    picture: Bytes  # [H, W, 3]
    owner: Bytes  # [H, W]: 0 background, 1 object, 2 + i the doll i
    part: Bytes  # [H, W]: codes of parts.PARTS
    surface: Bytes  # [H, W]: codes of parts.SURFACES
    depth: Array  # [H, W], metres from the eye's plane
    normals: Array  # [H, W, 3], unit: x right, y up, z toward the camera
    shadow: Array  # [H, W], 0..1: the cast shadow on ground and wall
    canny: Bytes  # [H, W], 0 or 255
    line: Bytes  # [H, W], white lines on black
    joints: Array  # [n, 18, 2], pixels, also outside of the picture
    visible: Mask  # [n, 18]: in the picture and with nothing before it
    openpose: dict
    light: dict

    def doll(self, number: int) -> Mask:
        return self.owner == FIRST_DOLL + number

    @property
    def objects(self) -> Mask:
        return self.owner == OBJECT

    def of_part(self, number: int, name: str) -> Mask:
        return self.doll(number) & (self.part == PART[name])

    def of_surface(self, number: int, name: str) -> Mask:
        return self.doll(number) & (self.surface == SURFACE[name])

    def face(self, number: int) -> Mask:
        return self.of_part(number, "head")

    def boxes(self, number: int) -> dict[str, Box]:
        """Around what is visible: the doll, its face, and every part and surface that it shows."""
        doll = self.doll(number)
        masks = {"doll": doll, "face": self.face(number)}
        masks |= {PARTS[code]: self.of_part(number, PARTS[code]) for code in np.unique(self.part[doll])}
        masks |= {SURFACES[code]: self.of_surface(number, SURFACES[code]) for code in np.unique(self.surface[doll])}
        return {name: box for name, mask in masks.items() if (box := box_of(mask))}

    @property
    def depth_map(self) -> Bytes:
        """Nearer is lighter, by inverse depth, [H, W]."""
        inverse = 1 / self.depth
        low, high = inverse.min(), inverse.max()
        return ((inverse - low) / max(high - low, 1e-6) * 255).astype(np.uint8)

    @property
    def normal_map(self) -> Bytes:
        """[H, W, 3], red right, green up, blue toward the camera."""
        return np.round((self.normals + 1) * 127.5).astype(np.uint8)

    @property
    def skeleton(self) -> Bytes:
        """The official map; in a picture smaller than 512 its sticks are thinner in proportion."""
        return openpose.map_of(self.openpose, max(1, round(openpose.STICK * min(self.owner.shape) / 512)))


def box_of(mask: Mask) -> Box | None:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if not len(columns):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def truth(scene: Scene, size: Size = 128) -> Truth:
    drawn = raster(scene, size)
    picture = picture_of(drawn, scene)
    distance = depth(drawn)
    everybody = posed(scene.people)
    joints, shown, visible = [], [], []
    labels = drawn.labels
    for number, body in enumerate(everybody):
        actor = scene.people[number]
        places = (body.points[:18] + [actor.x, 0, actor.z]).astype(np.float32)
        flat = scene.camera.project(places, drawn.extent)[0]
        inside = _inside(flat, drawn.extent) & _facing(body)
        joints.append(flat)
        shown.append(inside)
        visible.append(inside & _uncovered(flat, places, inside, number, labels, distance, body))
    return Truth(
        picture=picture,
        owner=labels[0],
        part=labels[1],
        surface=labels[2],
        depth=distance,
        normals=drawn.normals,
        shadow=drawn.shadow(scene.light) * drawn.receives,
        canny=np.asarray(cv2.Canny(picture, 100, 200), np.uint8),
        line=drawn.line_art,
        joints=np.stack(joints),
        visible=np.stack(visible),
        openpose=openpose.to_json(joints, shown, drawn.extent),
        light={**asdict(scene.light), "vector": scene.light.vector, "direction": scene.light.direction},
    )


def _inside(points: Array, extent: tuple[int, int]) -> Mask:
    return ((points >= 0) & (points < np.array(extent))).all(1)


def _facing(body: Body) -> Mask:
    """False for an eye or ear on the far side of the head: detectors do not report it."""
    found = np.ones(18, bool)
    for joint, least in ((R_EYE, 0.1), (L_EYE, 0.1), (R_EAR, -0.45), (L_EAR, -0.45)):
        found[joint] = body.points[joint, 2] - body.points[HEAD, 2] > least * body.build.head
    return found


def _uncovered(
    flat: Array, places: Array, inside: Mask, number: int, labels: Bytes, distance: Array, body: Body
) -> Mask:
    """Whether the doll itself is seen at the joint, and nothing much nearer than the joint."""
    found = np.zeros(18, bool)
    x, y = flat[inside].astype(int).T
    near = REACH - places[inside, 2] - distance[y, x]
    bare = ~np.isin(labels[1][y, x], _HIDING_PARTS)
    found[inside] = (labels[0][y, x] == FIRST_DOLL + number) & (near < 0.085 * body.build.height) & bare
    return found
