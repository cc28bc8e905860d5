"""The preprocessors of the host's ControlNet, run only when their weights are there: by themselves they would fetch."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import UserError
from ...host import Annotated, Annotator

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
        poses: list[Mapping[str, Any]] = []
        side = min(FINEST, max(64, min(picture.size) // 64 * 64))
        try:
            made = processor(np.asarray(picture.convert("RGB")), side, json_pose_callback=poses.append)
        finally:
            processor.unload() if hasattr(processor, "unload") else None
        made = getattr(made, "value", made[0] if isinstance(made, tuple) else made)
        shown = Image.fromarray(np.asarray(made)).convert("RGB")
        return Annotated(shown.resize(picture.size, Image.Resampling.LANCZOS), tuple(poses))
