"""The preprocessors of the host's ControlNet, run only when their weights are there: by themselves they would fetch."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import UserError
from ...host import Annotated, Annotator

log = logging.getLogger("atelier")
KNOWN = (  # names on one webui or the other, the kind of ControlNet, files of weights; the first that can run is best
    (("dw_openpose_full",), "openpose", ("yolox_l.onnx", "dw-ll_ucoco_384.onnx")),
    (("openpose_full",), "openpose", ("body_pose_model.pth", "hand_pose_model.pth", "facenet.pth")),
    (("lineart", "lineart_realistic"), "lineart", ("sk_model.pth",)),
    (("lineart_anime",), "lineart", ("netG.pth",)),
    (("hed", "softedge_hed"), "softedge", ("ControlNetHED.pth",)),
    (("pidinet", "softedge_pidinet"), "softedge", ("table5_pidinet.pth",)),
    (("mlsd",), "mlsd", ("mlsd_large_512_fp32.pth",)),
    (("depth", "depth_midas"), "depth", ("dpt_hybrid-midas-501f0c75.pt",)),
    (("normal_bae", "normalbae"), "normal", ("scannet.pt",)),
)
FINEST = 2048  # pixels of the shorter side that a preprocessor works at


class Annotators:
    def processors(self) -> Mapping[str, Any]:
        """By name, those of sd-webui-controlnet; none where it is not running."""
        known = sys.modules.get("internal_controlnet.external_code")
        return known.Preprocessor.all_processors_by_name if known else {}

    def weights(self) -> Path | None:
        place = sys.modules.get("annotator.annotator_path")
        return Path(place.models_path) if place else None

    def listed(self) -> tuple[Annotator, ...]:
        installed, home = self.processors(), self.weights()
        have = {file.name for file in home.rglob("*") if file.is_file()} if home else set()
        return tuple(
            Annotator(name, kind, next((file for file in files if file not in have), ""))
            for names, kind, files in KNOWN
            for name in names
            if name in installed
        )

    def run(self, name: str, picture: Image.Image) -> Annotated:
        known = {one.name: one for one in self.listed()}
        if name not in known:
            raise UserError("There is no preprocessor “{name}” here.", name=name)
        if known[name].missing:
            raise UserError(
                "The preprocessor “{name}” lacks its file {file}. Run it once in ControlNet, which fetches it.",
                name=name,
                file=known[name].missing,
            )
        return self._answered(self.processors()[name], picture)

    def _answered(self, processor: Any, picture: Image.Image) -> Annotated:
        """At the picture's own size if that is not too much: a pose of a smaller one is in other pixels."""
        poses: list[Mapping[str, Any]] = []
        factor = max(1.0, min(picture.size) / FINEST)
        seen = picture if factor == 1 else picture.resize([round(side / factor) for side in picture.size])
        try:
            made = processor(np.asarray(seen.convert("RGB")), min(seen.size), json_pose_callback=poses.append)
        except Exception as error:  # noqa: BLE001 - the host's border: its preprocessors break with their libraries
            log.exception("Atelier: the preprocessor “%s” failed", getattr(processor, "name", ""))
            raise UserError("The preprocessor failed; the webui's console says why.") from error
        finally:
            processor.unload() if hasattr(processor, "unload") else None
        made = getattr(made, "value", made[0] if isinstance(made, tuple) else made)
        shown = Image.fromarray(np.asarray(made)).convert("RGB")
        larger = tuple(_larger(pose, factor, picture.size) for pose in poses) if factor > 1 else tuple(poses)
        return Annotated(shown.resize(picture.size, Image.Resampling.LANCZOS), larger)


def _larger(pose: Mapping[str, Any], factor: float, size: tuple[int, int]) -> Mapping[str, Any]:
    """A pose of a smaller picture in pixels of the whole one. Some preprocessors give pixels, others fractions of their
    canvas, which is the picture they saw with strips at its right and bottom."""
    lists = [numbers for person in pose["people"] for numbers in person.values() if numbers]
    across = down = factor
    if all(abs(value) <= 2 for numbers in lists for value in numbers):
        across, down = factor * pose["canvas_width"], factor * pose["canvas_height"]
    people = [{key: _times(numbers, across, down) for key, numbers in one.items()} for one in pose["people"]]
    return {"people": people, "canvas_width": size[0], "canvas_height": size[1]}


def _times(numbers: list[float] | None, across: float, down: float) -> list[float] | None:
    return numbers and (np.reshape(numbers, (-1, 3)) * (across, down, 1)).ravel().tolist()
