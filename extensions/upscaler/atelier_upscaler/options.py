"""What a user can say about an upscale; the same words in the panel, the REST body and the infotext."""

from __future__ import annotations

from dataclasses import dataclass

from atelier_core.args import arg

LABEL = "Atelier upscale"
TARGETS = ("factor", "size", "long side")
SIDES = {"2K": 2048, "4K": 3840, "8K": 7680, "16K": 15360}  # pixels
FITS = ("inside", "crop", "stretch")
MODES = ("fast", "exact")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")
FORMATS = ("png", "webp", "tiff")


@dataclass(frozen=True)
class UpscaleArgs:
    picture: str = arg("", "id of an uploaded picture, or base64 of its file", picture=True)
    model: str = arg("Lanczos", "name of an upscale model as the list gives it")
    target: str = arg("factor", "what the size of the result follows", choices=TARGETS)
    factor: float = arg(4.0, "of both sides, for target factor", least=0.1, most=32)
    width: int = arg(3840, "pixels, for target size", least=1, most=65536)
    height: int = arg(2160, "pixels, for target size", least=1, most=65536)
    fit: str = arg("inside", "for target size: keep the whole picture inside, crop it, or stretch it", choices=FITS)
    long_side: str = arg("4K", "the longer side, for target long side", choices=tuple(SIDES))
    mode: str = arg("fast", "exact: as if the picture had gone through the model in one piece", choices=MODES)
    tile: int = arg(0, "pixels of a tile's core; 0: from free memory", least=0, most=4096)
    precision: str = arg("auto", "of the model's arithmetic", choices=PRECISIONS)
    format: str = arg("png", "lossless file format of the result", choices=FORMATS)
