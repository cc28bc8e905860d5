"""Kept is kept: the one way a result gets onto its source, checked in memory and again in the saved file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from .blend import compose
from .errors import UserError
from .files import container_of, write
from .mask import feathered, normalised
from .picture import Picture, at_depth, read

_BAND = 256  # rows looked at at once


class NotKeptError(Exception):
    """Pixels changed that were to be kept: a fault of ours, and nothing of it may be shown or left as a result."""


@dataclass(frozen=True)
class Certificate:
    kept: int  # pixels outside the mask
    allowed: int  # pixels that were allowed to change
    changed: int  # pixels that did change, anywhere
    before: str  # sha256 of the kept pixels of the source: their bytes in reading order, 16-bit ones little-endian
    after: str  # the same of what was composed
    equal: bool
    container: str = ""  # from here on: known after saving
    path: str = ""
    saved: str = ""  # sha256 of the kept pixels as read back from the file
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "notes": list(self.notes)}


@dataclass(frozen=True, eq=False)
class Kept:
    picture: Picture
    certificate: Certificate
    kept: np.ndarray  # [H, W] bool, True where the source had to stay


def keep(
    source: Picture,
    result: Picture | np.ndarray,
    mask: Image.Image | np.ndarray,
    feather: int = 0,
    *,
    threshold: int | None = None,
    alpha_too: bool = False,
) -> Kept:
    """The source with the result in it where the mask allows. `feather` pixels inwards from the mask's edge are mixed.
    Alpha is that of the source, with `alpha_too` that of the result. An array is [H, W, 3|4], uint8 or uint16."""
    result = result if isinstance(result, Picture) else Picture(result)
    if result.extent != source.extent:
        raise UserError(
            "The result has {width} × {height} pixels, its source {wanted_width} × {wanted_height}: it was refused.",
            **result.extent._asdict(),
            wanted_width=source.extent.width,
            wanted_height=source.extent.height,
        )
    weights = normalised(mask, source.extent, threshold)
    fitted = at_depth(result.pixels, source.depth)
    composed = compose(source.pixels, fitted, feathered(weights, feather), alpha_too=alpha_too)
    kept = weights == 0
    certificate = certify(source.pixels, composed, kept, (*source.notes, *_notes(source, result, alpha_too, kept)))
    if not certificate.equal:
        raise NotKeptError(f"some of the {certificate.kept} pixels to be kept were changed")
    return Kept(source.with_pixels(composed), certificate, kept)


def certify(source: np.ndarray, composed: np.ndarray, kept: np.ndarray, notes: tuple[str, ...] = ()) -> Certificate:
    """From the arrays alone, [H, W, C] and `kept` [H, W] bool, whoever composed them."""
    comparable = source.shape == composed.shape and source.dtype == composed.dtype
    before = fingerprint(source, kept)
    after = fingerprint(composed, kept) if comparable else ""
    return Certificate(
        kept=(count := int(kept.sum())),
        allowed=kept.size - count,
        changed=_differing(source, composed) if comparable else kept.size,
        before=before,
        after=after,
        equal=before == after,
        notes=notes,
    )


def fingerprint(pixels: np.ndarray, kept: np.ndarray) -> str:
    digest = hashlib.sha256()
    for top in range(0, len(kept), _BAND):
        rows = pixels[top : top + _BAND][kept[top : top + _BAND]]  # [n, C]
        digest.update(rows.astype(rows.dtype.newbyteorder("<"), copy=False).data)
    return digest.hexdigest()


def _differing(source: np.ndarray, composed: np.ndarray) -> int:
    bands = (slice(top, top + _BAND) for top in range(0, len(source), _BAND))
    return sum(int((source[rows] != composed[rows]).any(axis=2).sum()) for rows in bands)


def save_kept(kept: Kept, path: Path, texts: Mapping[str, str] | None = None) -> Kept:
    """Saves without loss, reads the file again and checks it; what does not hold is removed."""
    container = container_of(path)
    write(kept.picture, path, texts)
    try:
        again = _checked(kept, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    wanted = replace(kept.picture, texts={**kept.picture.texts, **(texts or {})})
    certificate = replace(
        kept.certificate,
        container=container,
        path=str(path),
        saved=fingerprint(again.pixels, kept.kept),
        notes=(*kept.certificate.notes, *_lost(wanted, again)),
    )
    return replace(kept, certificate=certificate)


def _checked(kept: Kept, path: Path) -> Picture:
    """The picture in the file, found to be the one composed and to hold the kept pixels of the source."""
    wanted = kept.picture
    try:
        again = read(path, most_pixels=wanted.extent.area, most_side=wanted.extent.longer)
    except UserError as fault:
        raise NotKeptError("the saved file cannot be read as the picture it should hold") from fault
    pixels = _with_alpha_of(wanted, again.pixels)
    same = np.array_equal(pixels, wanted.pixels) and pixels.dtype == wanted.pixels.dtype
    if not same or fingerprint(pixels, kept.kept) != kept.certificate.before:
        raise NotKeptError("the saved file does not hold the picture that was composed")
    return replace(again, pixels=pixels)


def _with_alpha_of(picture: Picture, pixels: np.ndarray) -> np.ndarray:
    """WebP leaves an alpha out that is opaque everywhere."""
    if not picture.has_alpha or pixels.shape[2] == 4:
        return pixels
    return np.dstack([pixels, np.full(pixels.shape[:2], np.iinfo(pixels.dtype).max, pixels.dtype)])


def _notes(source: Picture, result: Picture, alpha_too: bool, kept: np.ndarray) -> list[str]:
    unused = result.has_alpha and not (alpha_too and source.has_alpha)
    said = {
        "The mask covers the whole picture: nothing was to be kept.": not kept.any(),
        "The mask is empty: nothing was to change.": bool(kept.all()),
        "The changed pixels have 8-bit steps, as the result had.": source.depth > result.depth,
        "The result was rounded to the 8 bits per channel of its source.": source.depth < result.depth,
        "The transparency of the result was not used.": unused and _clear_somewhere(result.pixels),
        "The result names another colour profile than its source; its values were taken as they are.": (
            result.icc is not None and result.icc != source.icc
        ),
    }
    return [note for note, holds in said.items() if holds]


def _clear_somewhere(pixels: np.ndarray) -> bool:
    return bool((pixels[..., 3] < np.iinfo(pixels.dtype).max).any())


def _lost(wanted: Picture, again: Picture) -> list[str]:
    dots = wanted.dpi and not (again.dpi and np.allclose(wanted.dpi, again.dpi, rtol=0, atol=0.02))
    said = {
        "The saved file does not hold the colour profile.": bool(wanted.icc and again.icc != wanted.icc),
        "The saved file does not hold the DPI.": bool(dots),
        "The saved file does not hold the EXIF data.": bool(wanted.exif and not again.exif),
        "The saved file does not hold all texts.": any(
            again.texts.get(key) != text for key, text in wanted.texts.items()
        ),
    }
    return [note for note, holds in said.items() if holds]
