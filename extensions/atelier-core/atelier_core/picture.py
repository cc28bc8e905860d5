"""A picture as a value: pixels and what else its file says, read by content from any common kind of file."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np
from PIL import Image, ImageCms, ImageFile

from . import exif, png
from .errors import UserError
from .geometry import Extent

MOST_PIXELS = 1 << 28  # 16384², 805 MB as 8-bit RGB
MOST_SIDE = 1 << 17
_KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000", "HEIF", "JXL")  # none runs a program
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, RuntimeError, struct.error)
_BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)  # from a GIF whose frame outgrows it
TIFF_SOFTWARE = "sd-webui-atelier"  # TIFF files that say so have their infotext as description
_NOT_TEXT = {"compression", "blend", "disposal"}  # strings in Pillow's info that are no texts of the picture
_TURNS = (  # by EXIF orientation: quarter turns counter-clockwise, then mirrored left to right or not
    *((0, False), (0, False), (0, True), (2, False), (2, True)),
    *((3, True), (3, False), (1, True), (1, False)),
)
_FROM_GREY = "The grey picture became RGB."
_FROM_PALETTE = "The picture with a palette became RGB."
_FROM_CMYK = "The CMYK picture became RGB."
_CHANGED = {  # Pillow's modes that are neither RGB nor RGBA
    **dict.fromkeys(("1", "L", "LA"), _FROM_GREY),
    **dict.fromkeys(("P", "PA"), _FROM_PALETTE),
    **dict.fromkeys(("YCbCr", "RGBX", "RGBa"), ""),
    "CMYK": _FROM_CMYK,
}
_PROFILED = {"CMYK": b"CMYK", "1": b"GRAY", "L": b"GRAY", "LA": b"GRAY"}  # mode -> the colours an ICC profile names


@dataclass(frozen=True, eq=False)
class Picture:
    pixels: np.ndarray  # [H, W, 3|4], uint8 or uint16 over the full range, in the colours of `icc`, else sRGB
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None  # across, down
    exif: bytes | None = None  # from its byte-order mark on; without orientation
    texts: Mapping[str, str] = field(default_factory=dict)  # "parameters" is the infotext
    notes: tuple[str, ...] = ()  # what reading had to change

    def __post_init__(self) -> None:
        pixels = self.pixels
        if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype not in (np.uint8, np.uint16):
            raise ValueError(f"not [H, W, 3|4] of 8 or 16 bits: {pixels.shape} {pixels.dtype}")

    @property
    def extent(self) -> Extent:
        return Extent(self.pixels.shape[1], self.pixels.shape[0])

    @property
    def has_alpha(self) -> bool:
        return self.pixels.shape[2] == 4

    @property
    def depth(self) -> int:
        """Bits per channel."""
        return self.pixels.dtype.itemsize * 8

    def with_pixels(self, pixels: np.ndarray, *notes: str) -> Picture:
        return replace(self, pixels=pixels, notes=(*self.notes, *notes))

    def to_pil(self) -> Image.Image:
        """8 bits per channel, with everything else where Pillow keeps it."""
        image = Image.fromarray(at_depth(self.pixels, 8))
        named: dict[str, Any] = {
            "icc_profile": self.icc,
            "dpi": self.dpi,
            "exif": self.exif and exif.PREFIX + self.exif,
        }
        image.info = {key: value for key, value in {**self.texts, **named}.items() if value}
        return image


def at_depth(pixels: np.ndarray, depth: int) -> np.ndarray:
    """The same values over the range of another depth, to the nearest step; black and white stay what they are."""
    if pixels.dtype.itemsize * 8 == depth:
        return pixels
    if depth == 16:
        return pixels.astype(np.uint16) * np.uint16(257)
    scaled = np.empty(pixels.shape, np.uint8)
    for row, target in zip(pixels, scaled, strict=True):  # the wider numbers for one row at a time
        target[...] = (row.astype(np.uint32) + 128) // 257
    return scaled


def read(source: bytes | Path, *, most_pixels: int = MOST_PIXELS, most_side: int = MOST_SIDE) -> Picture:
    """The picture in a file or in its bytes, upright, as RGB or RGBA of 8 or 16 bits."""
    data = source if isinstance(source, bytes) else _content(source)
    if not data:
        raise UserError("The file is empty.")
    header = png.check(data) if data.startswith(png.SIGNATURE) else None
    with _decoding():
        image = _opened(data)
        _refuse(image, most_pixels, most_side)
        deep = (header and header.depth == 16) or _is_plain_deep_tiff(image)
        pixels = _deep_pixels(data, header) if deep else None
        if pixels is None:
            _whole(image)
    grey = header.colour in (0, 4) if header else image.mode.startswith("I")
    return _picture(image, pixels, _FROM_GREY if grey and deep else "")


def from_pil(image: Image.Image) -> Picture:
    """A picture that a host or a page has opened already."""
    return _picture(image, None)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError("The file {name} cannot be read.", name=path.name) from error


@contextmanager
def _decoding() -> Iterator[None]:
    """Damage becomes one sentence."""
    try:
        yield
    except (*_DAMAGE, *_BOMBS) as error:
        raise UserError("This picture file is damaged or incomplete.") from error


def _opened(data: bytes) -> Image.Image:
    """By its header; nothing is unpacked yet. `Image.open` would hold it against the limit of the whole process."""
    Image.init()
    for factory, accepts in (Image.OPEN[kind] for kind in _KINDS if kind in Image.OPEN):
        try:
            accepted = accepts(data[:16]) if accepts else True
            if accepted and not isinstance(accepted, str):  # a string says why this Pillow cannot
                return factory(BytesIO(data), "")
        except (SyntaxError, IndexError, TypeError, struct.error):
            continue  # of another kind
    raise UserError("This file is not a picture of a kind that can be read, or it is damaged.")


def _whole(image: Image.Image) -> None:
    """Unpack it. A cut-off file is damage even where LOAD_TRUNCATED_IMAGES is set, as some extensions of hosts do."""
    kind: Any = type(image)
    image.__class__ = _strict(kind, image.format)
    if hasattr(image, "_tile_size"):  # TIFF: for a picture that has its memory, Pillow does not ask for its limit
        image.im = Image.core.new(image.mode, image._tile_size)
    image.load()
    if hasattr(image, "_ended"):  # JPEG: Pillow has made up an end
        raise OSError("cut off")


class _Strict(ImageFile.ImageFile):
    """Pillow's own loading, to which that switch is always off."""

    load = FunctionType(
        ImageFile.ImageFile.load.__code__,
        {**vars(ImageFile), "LOAD_TRUNCATED_IMAGES": False},
        closure=ImageFile.ImageFile.load.__closure__,
    )


@cache
def _strict(kind: type, name: str) -> type:
    """JPEG 2000 calls Pillow's loading by name, the others that have a way of their own call what comes after them."""
    return type(kind.__name__, (_Strict, kind) if name == "JPEG2000" else (kind, _Strict), {})


def _refuse(image: Image.Image, most_pixels: int, most_side: int) -> None:
    extent = Extent(*image.size)
    if extent.area > most_pixels or extent.longer > most_side:
        raise UserError(
            "The picture has {width} × {height} pixels; at most {most} pixels, and {side} per side, can be read.",
            **extent._asdict(),
            most=f"{most_pixels:,}",
            side=f"{most_side:,}",
        )
    count = getattr(image, "n_frames", 1)
    if count > 1 and image.format != "MPO":  # MPO: a photograph with smaller ones of itself behind it
        raise UserError(
            "This file is an animation or has pages: {count} pictures. Save one of them alone.", count=count
        )


def _is_plain_deep_tiff(image: Image.Image) -> bool:
    """16 bits per channel, laid out as the decoder for them expects."""
    tags = getattr(image, "tag_v2", {})
    return (
        set(tags.get(258, ())) == {16}  # BitsPerSample
        and tags.get(262) in (1, 2)  # Photometric: black is zero, RGB
        and tags.get(284, 1) == 1  # PlanarConfiguration: channels side by side
        and set(tags.get(339, (1,))) == {1}  # SampleFormat: unsigned
        and 1 not in tags.get(338, ())  # ExtraSamples: no colours multiplied by alpha
    )


def _deep_pixels(data: bytes, header: png.Header | None) -> np.ndarray:
    """[H, W, 3|4] uint16 from PNG and TIFF with 16 bits per channel, for which Pillow has no mode."""
    import cv2  # at first need: hosts count the time of imports at start

    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if pixels is None or pixels.dtype != np.uint16:
            raise ValueError("not decoded")
        order = {2: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
        pixels = cv2.cvtColor(pixels, order[2 if pixels.ndim == 2 else pixels.shape[2]])
    except cv2.error as error:
        raise ValueError(str(error)) from error
    if header and header.transparent and pixels.shape[2] == 3:
        opaque = (pixels != np.array(header.transparent, np.uint16)).any(axis=2)
        pixels = np.dstack([pixels, opaque * np.uint16(65535)])
    return pixels


def _picture(image: Image.Image, deep: np.ndarray | None, note: str = "") -> Picture:
    notes = [note] if note else []
    profile = image.info.get("icc_profile") or None
    if deep is not None:
        pixels = deep
    elif image.mode.startswith("I"):
        pixels = _wide_grey(image)
        notes.append(_FROM_GREY)
    else:
        pixels, profile = _coloured(image, profile, notes)
    if profile and profile[16:20] != b"RGB ":
        profile = None
        notes.append("Its colour profile does not fit RGB and was left out.")
    block, dpi = exif.of(image), _dpi(image)
    turns, mirrored = _TURNS[exif.orientation(block)]
    if turns or mirrored:
        turned = np.rot90(pixels, turns)
        pixels = np.ascontiguousarray(turned[:, ::-1] if mirrored else turned)
        dpi = dpi[::-1] if dpi and turns % 2 else dpi
        notes.append("The picture was turned upright, as its EXIF says.")
    texts = _texts(image)
    if (infotext := exif.comment(block)) and "parameters" not in texts:
        texts["parameters"] = infotext
    # hosts believe an infotext in EXIF more than any other: an old one must not stay behind a new one
    block = exif.without(exif.without(block, exif.COMMENT) if infotext else block, exif.ORIENTATION)
    return Picture(pixels, profile, dpi, block, texts, tuple(notes))


def _wide_grey(image: Image.Image) -> np.ndarray:
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise UserError("Pictures of the kind {mode} cannot be read. Save it as PNG.", mode=image.mode)
    return np.dstack([values.astype(np.uint16)] * 3)


def _coloured(image: Image.Image, profile: bytes | None, notes: list[str]) -> tuple[np.ndarray, bytes | None]:
    """RGB or RGBA of 8 bits, and the profile it is in."""
    mode = image.mode
    if mode not in ("RGB", "RGBA", *_CHANGED):
        raise UserError("Pictures of the kind {mode} cannot be read. Save it as PNG.", mode=mode)
    if _CHANGED.get(mode):
        notes.append(_CHANGED[mode])
    if 16 in getattr(image, "tag_v2", {}).get(258, ()):  # BitsPerSample
        notes.append("Only 8 of the 16 bits per channel of this kind of TIFF can be read.")
    named = "transparency" in image.info
    if named and mode != "P":
        notes.append("The colour that meant transparent became an alpha channel.")
    clear = named or mode in ("LA", "PA", "RGBA", "RGBa") or getattr(image.palette, "mode", "") == "RGBA"
    wanted = "RGBA" if clear else "RGB"
    converted = image if mode == wanted else image.convert(wanted)
    if profile and profile[16:20] == _PROFILED.get(mode):
        through = _through(profile, image if mode == "CMYK" else image.convert("L"))
        if through:
            notes.append("Its colours were converted to sRGB through its colour profile.")
            if clear:
                through.putalpha(converted.getchannel("A"))
            return np.array(through), None
    return np.array(converted), profile


def _through(profile: bytes, image: Image.Image) -> Image.Image | None:
    """In sRGB; nothing when the profile is damaged."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return None


def _texts(image: Image.Image) -> dict[str, str]:
    texts = getattr(image, "text", None)
    if texts is None:
        texts = {key: text for key, text in image.info.items() if key not in _NOT_TEXT}
    tags = getattr(image, "tag_v2", {})
    description = tags.get(270)  # ImageDescription; Pillow takes it for Latin-1
    if isinstance(description, str):
        ours = tags.get(305) == TIFF_SOFTWARE or "Steps: " in description
        texts["parameters" if ours else "Description"] = description.encode("latin-1").decode("utf-8", "replace")
    return {str(key): str(text) for key, text in texts.items() if isinstance(text, str)}


def _dpi(image: Image.Image) -> tuple[float, float] | None:
    across, down = (float(value) for value in image.info.get("dpi") or (0, 0))
    return (across, down) if across > 0 and down > 0 and math.isfinite(across + down) else None
