"""The small detector that comes along, as this host's one preprocessor: it finds the dollhouse's people."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ...errors import UserError
from ...host import Annotated, Annotator
from ...units import CORE

if TYPE_CHECKING:
    from .host import EmbeddedHost

PACK = CORE.parents[1]
FOLDER = PACK / "models" / "dollhouse"
NEED = 256 * 2**20  # bytes
LEAST = 0.35  # how surely a doll or a joint is there, 0..1
NAME = "dollhouse"


def annotators() -> tuple[Annotator, ...]:
    if not (FOLDER / "detector-pose.safetensors").is_file() or not (PACK / "dollhouse").is_dir():
        return ()
    return (Annotator(NAME, "openpose", "" if find_spec("ultralytics") else "ultralytics"),)


def annotated(host: EmbeddedHost, picture: Image.Image) -> Annotated:
    if find_spec("ultralytics") is None:
        raise UserError("The detector of the small model needs the package ultralytics: pip install ultralytics")
    detector, pixels = _detector(), np.asarray(picture.convert("RGB"))
    with host.working("annotate"), host.lend(detector, NEED):
        found = [one for one in detector.detect(pixels, LEAST) if one.name == "doll" and one.joints is not None]
    people = [_person(one.joints) for one in sorted(found, key=lambda one: one.box[0])]
    pose = {"people": people, "canvas_width": picture.width, "canvas_height": picture.height}
    return Annotated(Image.new("RGB", picture.size), (pose,))


def _person(joints: np.ndarray) -> dict[str, Any]:
    """Joints below the threshold keep their place with the confidence 0: a guess, for who wants one."""
    triples = [[float(x), float(y), float(sure) if sure >= LEAST else 0.0] for x, y, sure in joints]
    return {"pose_keypoints_2d": [number for triple in triples for number in triple]}


@lru_cache(maxsize=1)
def _detector() -> Any:
    if str(PACK) not in sys.path:  # this host may have been started from anywhere
        sys.path.append(str(PACK))
    from dollhouse.detector import Detector

    return Detector.load(FOLDER)
