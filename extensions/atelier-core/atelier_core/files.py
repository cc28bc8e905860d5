"""Pictures to disk: whole or not at all, never over another one, in containers that say what they can hold."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from . import exif
from .errors import UserError
from .geometry import Extent
from .picture import TIFF_SOFTWARE, Picture, at_depth
from .png import PngWriter

LOSSLESS = {".png": "PNG", ".webp": "WebP", ".tif": "TIFF", ".tiff": "TIFF"}
LOSSY = {".jpg": "JPEG", ".jpeg": "JPEG"}
_MOST_SIDE = {"PNG": 2**31 - 1, "TIFF": 2**31 - 1, "WebP": 16383, "JPEG": 65500}
_MOST_JPEG_EXIF = 65000  # bytes; one segment holds it
_CLASSIC_TIFF = 2**32 - 2**25  # bytes; beyond, offsets of 32 bits may not reach
_BAND = 256  # rows handed to the PNG writer at once
_NUMBERED = re.compile(r"(\d{5,6})[-.]")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')  # in file names of one system or another


def write(picture: Picture, path: Path, texts: Mapping[str, str] | None = None, *, lossy: bool = False) -> Path:
    """The container follows the name; JPEG only with `lossy`, where nothing was promised. `texts` are added to those of
    the picture. TIFF and WebP keep of the texts the infotext; TIFF keeps no EXIF, WebP no DPI."""
    container = refuse(path, picture.extent, picture.depth, picture.has_alpha, lossy=lossy)
    picture = replace(picture, texts={**picture.texts, **(texts or {})})
    if container == "PNG":
        channels = picture.pixels.shape[2]
        with png_stream(path, picture.extent, channels, picture.depth, like=picture) as png:
            for top in range(0, picture.extent.height, _BAND):
                png.rows(picture.pixels[top : top + _BAND])
        return path
    with placed(path) as file:
        {"WebP": _webp, "TIFF": _tiff, "JPEG": _jpeg}[container](picture, file)
    return path


def container_of(path: Path, *, lossy: bool = False) -> str:
    ending = path.suffix.lower()
    if ending in LOSSY and not lossy:
        raise UserError("JPEG changes every pixel. Save as PNG, lossless WebP or TIFF.")
    if ending not in LOSSLESS and ending not in LOSSY:
        raise UserError("Pictures are saved as PNG, WebP or TIFF, not as {ending}.", ending=ending or path.name)
    return LOSSLESS.get(ending) or LOSSY[ending]


@contextmanager
def png_stream(
    path: Path, extent: Extent, channels: int, depth: int = 8, *, like: Picture | None = None
) -> Iterator[PngWriter]:
    """A PNG file that takes its rows band after band and appears at `path` when the last one is in. Texts, colour
    profile, DPI and EXIF are those of the picture `like`."""
    with placed(path) as file:
        if like is None:
            png = PngWriter(file, extent, channels, depth)
        else:
            png = PngWriter(file, extent, channels, depth, texts=like.texts, icc=like.icc, dpi=like.dpi, exif=like.exif)
        with png:
            yield png


@contextmanager
def placed(path: Path) -> Iterator[BinaryIO]:
    """A file under another name, moved to `path` when all went well; else nothing is left, nor what `next_path` put."""
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("x+b") as file:
            yield file
        part.replace(path)
    except BaseException as fault:
        part.unlink(missing_ok=True)
        if path.is_file() and not path.stat().st_size:
            path.unlink()
        if isinstance(fault, OSError) and fault.errno is not None:
            raise UserError("The picture could not be saved: {reason}.", reason=fault.strerror) from fault
        raise


def next_path(folder: Path, stem: str, ending: str = ".png") -> Path:
    """00001-stem.png, or the next free number. The file is there from now on, empty: no one else gets this name."""
    safe = _UNSAFE.sub("_", stem).encode()[:200].decode(errors="ignore").strip(" .")
    tail = (f"-{safe}" if safe else "") + "." + ending.lstrip(".")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number = max((int(found[1]) for file in folder.iterdir() if (found := _NUMBERED.match(file.name))), default=0)
        while True:
            number += 1
            path = folder / f"{number:05}{tail}"
            try:
                path.open("xb").close()
                return path
            except FileExistsError:
                continue
    except OSError as fault:
        raise UserError("The picture could not be saved: {reason}.", reason=fault.strerror) from fault


def refuse(path: Path, extent: Extent, depth: int, has_alpha: bool, *, lossy: bool = False) -> str:
    """The container of that name, unless it cannot hold such a picture: to be asked before the work, too."""
    container = container_of(path, lossy=lossy)
    if extent.longer > _MOST_SIDE[container]:
        raise UserError(
            "{container} holds at most {most} pixels per side, the picture has {side}. Save as PNG.",
            container=container,
            most=_MOST_SIDE[container],
            side=extent.longer,
        )
    if container == "WebP" and depth == 16:
        raise UserError("WebP holds 8 bits per channel, the picture has 16. Save as PNG or TIFF.")
    if container == "JPEG" and has_alpha:
        raise UserError("JPEG holds no transparency. Save as PNG, WebP or TIFF.")
    return container


def _webp(picture: Picture, file: BinaryIO) -> None:
    block = _block(picture)
    # exact: colours under full transparency stay too; quality is only the effort in lossless files
    Image.fromarray(picture.pixels).save(
        file, "WEBP", lossless=True, exact=True, quality=25, method=1, icc_profile=picture.icc, exif=block
    )


def _jpeg(picture: Picture, file: BinaryIO) -> None:
    block = _block(picture)
    if len(block) > _MOST_JPEG_EXIF:
        raise UserError("The texts of this picture are too long for JPEG. Save as PNG, WebP or TIFF.")
    image, dpi = Image.fromarray(at_depth(picture.pixels, 8)), picture.dpi or (0, 0)  # 0: not said
    dots = (round(dpi[0]), round(dpi[1]))
    image.save(file, "JPEG", quality=95, subsampling=0, icc_profile=picture.icc, dpi=dots, exif=block)


def _block(picture: Picture) -> bytes:
    """EXIF with the infotext in it, where webuis read it."""
    infotext = picture.texts.get("parameters")
    block = exif.with_comment(picture.exif, infotext) if infotext else picture.exif
    return exif.PREFIX + block if block else b""


def _tiff(picture: Picture, file: BinaryIO) -> None:
    import tifffile  # at first need: hosts count the time of imports at start

    infotext = picture.texts.get("parameters")
    tifffile.imwrite(
        file,
        picture.pixels,
        photometric="rgb",
        extrasamples=["unassalpha"] if picture.has_alpha else None,
        compression="zlib",
        compressionargs={"level": 1},
        predictor=True,
        bigtiff=picture.pixels.nbytes > _CLASSIC_TIFF,
        iccprofile=picture.icc,
        resolution=picture.dpi,
        resolutionunit="INCH" if picture.dpi else None,
        description=infotext.encode() if infotext else None,
        software=TIFF_SOFTWARE,
        metadata=None,
    )
