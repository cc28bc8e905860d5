"""The small networks that come along, as this host's one preprocessor: they find the dollhouse's people."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from ...host import Annotated, Annotator
from ...units import CORE

if TYPE_CHECKING:
    from .host import EmbeddedHost

PACK = CORE.parents[1]
FOLDER = PACK / "models" / "dollhouse"
NEED = 256 * 2**20  # bytes
SURE = 0.5  # that a joint can be seen, 0..1
NAME = "dollhouse"


def annotators() -> tuple[Annotator, ...]:
    there = (FOLDER / "readers.safetensors").is_file() and (PACK / "dollhouse").is_dir()
    return (Annotator(NAME, "openpose"),) if there else ()


def annotated(host: EmbeddedHost, picture: Image.Image) -> Annotated:
    readers, pixels = _readers(), np.asarray(picture.convert("RGB"))
    with host.working("annotate"), host.lend(readers.nets, NEED) as lent:
        readers.device = lent.device
        (read,) = readers.read([pixels])
    people = [_person(one.joints, one.visible) for one in read.people]
    pose = {"people": people, "canvas_width": picture.width, "canvas_height": picture.height}
    return Annotated(Image.new("RGB", picture.size), (pose,))


def _person(joints: np.ndarray, visible: np.ndarray) -> dict[str, Any]:
    """Where a joint is not seen these networks say nothing of worth."""
    triples = np.concatenate([joints, visible[:, None]], 1) * (visible >= SURE)[:, None]
    return {"pose_keypoints_2d": [round(float(number), 2) for number in triples.ravel()]}


@lru_cache(maxsize=1)
def _readers() -> Any:
    if str(PACK) not in sys.path:  # this host may have been started from anywhere
        sys.path.append(str(PACK))
    from dollhouse.readers import Readers

    return Readers.load(FOLDER)
