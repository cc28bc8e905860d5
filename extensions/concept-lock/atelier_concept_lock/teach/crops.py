"""Pictures to sizes that the network takes: buckets of whole 64 pixels, close to each picture's own shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from PIL import Image

STEP = 64  # pixels
LEAST = 32  # pixels a side, of a picture to learn from
MOST = 200  # pictures
Box = tuple[float, float, float, float]  # left, top, right, bottom


@dataclass(frozen=True)
class Source:
    """A picture as the user gave it."""

    picture: Image.Image  # RGB
    mask: Image.Image | None = None  # L, 255 where it counts
    caption: str = ""


@dataclass(frozen=True)
class Fitted:
    pixels: np.ndarray  # [H, W, 3] uint8, of a bucket's size
    mask: np.ndarray | None  # [H, W], 0..1
    sizes: tuple[int, int, int, int, int, int]  # as SDXL is told: source, what was cut off, result; height first

    @property
    def extent(self) -> Extent:
        return Extent(self.pixels.shape[1], self.pixels.shape[0])


def buckets(side: int) -> tuple[Extent, ...]:
    """All shapes of at most side² pixels, from half to twice the side, in whole steps."""
    if side < STEP:
        raise UserError("A training needs pictures of at least {least} pixels.", least=STEP)
    least, most = max(STEP, side // 2 // STEP * STEP), 2 * side // STEP * STEP
    wide = [Extent(w, min(most, side * side // w // STEP * STEP)) for w in range(least, most + 1, STEP)]
    fitting = {one for one in wide if one.height >= least}
    return tuple(sorted(fitting | {Extent(h, w) for w, h in fitting}))


def bucket_of(size: Extent, among: Sequence[Extent]) -> Extent:
    """The nearest in shape; of equals the largest."""

    def off(one: Extent) -> tuple[float, int]:
        return round(abs(math.log(one.width / one.height) - math.log(size.width / size.height)), 9), -one.area

    return min(among, key=off)


def source(picture: Image.Image, mask: Image.Image | None, crop: Box | None, caption: str) -> Source:
    """Alpha stands in for a mask where there is none."""
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    if mask is None and alpha is not None and alpha.getextrema() != (255, 255):
        mask = alpha
    if mask is not None and mask.size != picture.size:
        mask = mask.resize(picture.size, Image.Resampling.BOX)
    if alpha is not None:
        picture = Image.composite(picture.convert("RGB"), Image.new("RGB", picture.size, (128, 128, 128)), alpha)
    made = Source(picture.convert("RGB"), mask and mask.convert("L"), caption)
    return made_fit(made if crop is None else cropped(made, crop))


def cropped(made: Source, crop: Box) -> Source:
    left, top, right, bottom = crop
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UserError("A crop lies between 0 and 1, its left before its right and its top above its bottom.")
    width, height = made.picture.size
    box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
    return Source(made.picture.crop(box), made.mask and made.mask.crop(box), made.caption)


def made_fit(made: Source) -> Source:
    if min(made.picture.size) < LEAST:
        raise UserError("It has fewer than {least} pixels on a side.", least=LEAST)
    if made.mask is not None and made.mask.getextrema()[1] == 0:
        raise UserError("Its mask is empty.")
    return made


def fitted(made: Source, among: Sequence[Extent]) -> Fitted:
    """As large as fills its bucket; what is cut off lies away from the mask's middle."""
    size = Extent(*made.picture.size)
    bucket = bucket_of(size, among)
    scale = max(bucket.width / size.width, bucket.height / size.height)
    seen = bucket.width / scale, bucket.height / scale  # in pixels of the source
    middle = _middle(made)
    left, top = (min(max(0.0, m - s / 2), max(0.0, w - s)) for m, s, w in zip(middle, seen, size, strict=True))
    box = (left, top, min(left + seen[0], size.width), min(top + seen[1], size.height))
    pixels = np.asarray(made.picture.resize(bucket, Image.Resampling.LANCZOS, box))
    sizes = (size.height, size.width, round(top * scale), round(left * scale), bucket.height, bucket.width)
    return Fitted(pixels, None if made.mask is None else _share(made.mask, bucket, box), sizes)


def _middle(made: Source) -> tuple[float, float]:
    if made.mask is None:
        return made.picture.width / 2, made.picture.height / 2
    share = np.asarray(made.mask, np.float64)
    total = share.sum()
    columns, rows = np.arange(share.shape[1]) + 0.5, np.arange(share.shape[0]) + 0.5
    return float((share.sum(0) * columns).sum() / total), float((share.sum(1) * rows).sum() / total)


def _share(mask: Image.Image, bucket: Extent, box: Box) -> np.ndarray:
    return np.asarray(mask.resize(bucket, Image.Resampling.BOX, box), np.float32) / 255


def by_area(mask: np.ndarray, cell: int) -> np.ndarray:
    """[H, W] -> [H / cell, W / cell]"""
    rows, columns = mask.shape[0] // cell, mask.shape[1] // cell
    return mask.reshape(rows, cell, columns, cell).mean(axis=(1, 3))


def batches(shapes: Sequence[Extent], batch: int, seen: Sequence[int]) -> list[list[int]]:
    """Numbers of pictures, taken in the order `seen`, in batches of one shape each; ordered by their first one."""
    waiting: dict[Extent, list[int]] = {}
    made = []
    for n in seen:
        waiting.setdefault(shapes[n], []).append(n)
        if len(waiting[shapes[n]]) == batch:
            made.append(waiting.pop(shapes[n]))
    return made + list(waiting.values())
