"""The detectors and the upscaler, on scenes drawn by rule."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch

from dollhouse import Truth, home, render, scene, truth
from dollhouse.measure.drawn import of_boxes
from dollhouse.measure.pixels import psnr
from dollhouse.measure.stats import Figure, mean_of
from dollhouse.readers import SIDE

FIRST = 6_000_000_000  # a seed that nothing is trained on
LEAST = 4  # pixels: what is narrower is not looked for
BARS = {"doll": 0.9, "face": 0.8}
LARGE = 512  # the side of a picture that is enlarged from a quarter


def figures(folder: Path, count: int) -> Iterator[Figure]:
    if find_spec("ultralytics") and (folder / "detector-seg.safetensors").exists():
        yield from detection(folder, count)
    if (folder / home.UPSCALER).exists():
        yield enlargement(folder, max(8, count // 8))


def detection(folder: Path, count: int) -> Iterator[Figure]:
    from dollhouse.detector import Detector

    detector, seeds = Detector.load(folder), range(FIRST, FIRST + count)
    known = [truth(scene(seed, "test"), SIDE) for seed in seeds]
    found = [detector.detect(one.picture, 0.01) for one in known]
    for kind, bar in BARS.items():
        told = [[(one.box, one.score) for one in some if one.name == kind] for some in found]
        yield of_boxes(f"map50_{kind}", told, [_boxes(one, kind) for one in known], seeds, bar)


def _boxes(known: Truth, kind: str) -> list[tuple[float, float, float, float]]:
    boxes = [known.boxes(doll).get(kind) for doll in range(len(known.joints))]
    return [box for box in boxes if box and min(box[2] - box[0], box[3] - box[1]) >= LEAST]


@torch.inference_mode()
def enlargement(folder: Path, count: int) -> Figure:
    """What the network gains over bicubic, picture by picture."""
    import spandrel

    network = spandrel.ModelLoader().load_from_file(folder / home.UPSCALER).model.float()
    gains, seeds = [], range(FIRST, FIRST + count)
    for seed in seeds:
        large = render(scene(seed, "test"), LARGE)
        small = _bytes(_resized(_tensor(large), LARGE // 4))
        plain, own = _bytes(_resized(_tensor(small), LARGE)), _bytes(network(_tensor(small)))
        gains.append(psnr(own, large) - psnr(plain, large))
    return mean_of("upscale_db", gains, 2.0, seeds=seeds)


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float() / 255


def _bytes(tensor: torch.Tensor) -> np.ndarray:
    return (tensor[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()


def _resized(tensor: torch.Tensor, side: int) -> torch.Tensor:
    return torch.nn.functional.interpolate(tensor, (side, side), mode="bicubic", antialias=True)
