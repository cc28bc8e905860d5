"""A picture as a value: pixels and what else its file says, read by content from any common kind of file."""

from __future__ import annotations

import math
import struct
import threading
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageFile

from . import exif, png
from .errors import UserError
from .geometry import Extent

MOST_PIXELS = 1 << 28  # 16384², 805 MB as 8-bit RGB
MOST_SIDE = 1 << 17
_KINDS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "AVIF", "JPEG2000", "HEIF", "JXL")  # none that runs a program
_NOT_TEXT = {"compression", "blend", "disposal"}  # strings in Pillow's info that describe the file
_DAMAGE = (  # what decoders raise on damaged files
    *(OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, AttributeError, OverflowError),
    *(MemoryError, RuntimeError, struct.error, zlib.error),
)
_TURNS = {  # EXIF orientation -> quarter turns counter-clockwise, then mirrored left to right
    **{1: (0, False), 2: (0, True), 3: (2, False), 4: (2, True)},
    **{5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False)},
}
_FROM_GREY = "The grey picture became RGB."
_FROM_PALETTE = "The picture with a palette became RGB."
_FROM_CMYK = "The CMYK picture became RGB."
_THROUGH_PROFILE = "Its colours were converted to sRGB through its colour profile."
_PROFILE_LEFT = "Its colour profile does not fit RGB and was left out."
_EIGHT_OF_SIXTEEN = "Only 8 of the 16 bits per channel of this kind of file could be read."


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
        return replace(self, pixels=pixels, notes=self.notes + notes)

    def to_pil(self) -> Image.Image:
        """8 bits per channel, with everything else where Pillow keeps it."""
        image = Image.fromarray(at_depth(self.pixels, 8))
        named = {"icc_profile": self.icc, "dpi": self.dpi, "exif": self.exif and exif.PREFIX + self.exif}
        image.info = {**self.texts, **{key: value for key, value in named.items() if value}}
        return image


def at_depth(pixels: np.ndarray, depth: int) -> np.ndarray:
    """The same values over the range of another depth, to the nearest step; black and white stay what they are."""
    if pixels.dtype.itemsize * 8 == depth:
        return pixels
    if depth == 16:
        return pixels.astype(np.uint16) * np.uint16(257)
    scaled = np.empty(pixels.shape, np.uint8)
    for row, target in zip(pixels, scaled, strict=True):  # row by row: wider numbers for one row only
        target[...] = (row.astype(np.uint32) + 128) // 257
    return scaled


def read(source: bytes | Path, *, most_pixels: int = MOST_PIXELS, most_side: int = MOST_SIDE) -> Picture:
    """The picture in a file or its bytes, upright, as RGB or RGBA of 8 or 16 bits."""
    data = source if isinstance(source, bytes) else _content(source)
    if not data:
        raise UserError("The file is empty.")
    header = png.check(data) if data.startswith(png.SIGNATURE) else None
    with _decoding():
        image = _opened(data)
        _refuse(image, most_pixels, most_side)
        deep = _deep_pixels(data, image, header)
        return _picture(image, deep)


def from_pil(image: Image.Image) -> Picture:
    """A picture that a host or a page has opened already."""
    return _picture(image, None)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError("The file {name} cannot be read.", name=path.name) from error


_switching = threading.Lock()


@contextmanager
def _decoding() -> Iterator[None]:
    """Damage becomes one sentence. Pillow's process-wide switches stand as reading needs them, and as before after it:
    our limit is checked instead of Pillow's, and a cut-off file is damage even where the host has allowed it."""
    with _switching:
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = None, False
        try:
            yield
        except _DAMAGE as error:
            raise UserError("This picture file is damaged or incomplete.") from error
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


def _opened(data: bytes) -> Image.Image:
    """The header only."""
    Image.init()
    try:
        return Image.open(BytesIO(data), formats=[kind for kind in _KINDS if kind in Image.OPEN])
    except Image.UnidentifiedImageError as error:
        raise UserError("This file is not a picture of a kind that can be read, or it is damaged.") from error


def _refuse(image: Image.Image, most_pixels: int, most_side: int) -> None:
    extent = Extent(*image.size)
    if extent.area > most_pixels or extent.longer > most_side:
        raise UserError(
            "The picture has {width} × {height} pixels; at most {most} megapixels and {side} pixels per side can be read.",
            **extent._asdict(),
            most=most_pixels / 1e6 if most_pixels < 1e7 else round(most_pixels / 1e6),
            side=most_side,
        )
    frames = getattr(image, "n_frames", 1)
    if frames > 1 and image.format != "MPO":  # MPO: a photograph with previews of itself behind it
        raise UserError("This file holds {count} pictures (an animation or pages). Save one of them alone.", count=frames)


def _deep_pixels(data: bytes, image: Image.Image, header: png.Header | None) -> np.ndarray | None:
    """The pixels of PNG and TIFF files with 16 bits per channel, which Pillow has no mode for."""
    if not (header and header.depth == 16) and not _is_plain_deep_tiff(image):
        return None
    import cv2  # at first need: hosts count the time of imports at start

    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ValueError("not decoded") from error
    if decoded is None or decoded.dtype != np.uint16 or decoded.shape[:2] not in (image.size, image.size[::-1]):
        raise ValueError("not decoded")
    pixels = np.dstack([decoded] * 3) if decoded.ndim == 2 else decoded[..., [2, 1, 0, 3][: decoded.shape[2]]]
    if header and header.transparent and pixels.shape[2] == 3:
        seen = (pixels != np.array(header.transparent, np.uint16)).any(axis=2)
        pixels = np.dstack([pixels, seen * np.uint16(65535)])
    return pixels


def _is_plain_deep_tiff(image: Image.Image) -> bool:
    tags = getattr(image, "tag_v2", None)
    return (
        tags is not None
        and set(tags.get(258, ())) == {16}  # BitsPerSample
        and tags.get(262) in (1, 2)  # Photometric: black is zero, RGB
        and tags.get(284, 1) == 1  # PlanarConfiguration: channels side by side
        and set(tags.get(339, (1,))) == {1}  # SampleFormat: unsigned
        and 1 not in tags.get(338, ())  # ExtraSamples: no colours multiplied by alpha
    )


def _picture(image: Image.Image, deep: np.ndarray | None) -> Picture:
    profile = image.info.get("icc_profile") or None
    notes: list[str] = []
    if deep is None:
        tags = getattr(image, "tag_v2", {})
        pixels, profile = _eight_bit(image, profile, notes)
        if 16 in tags.get(258, ()) and pixels.dtype == np.uint8:
            notes.append(_EIGHT_OF_SIXTEEN)
    else:
        pixels = deep
        if image.mode not in ("RGB", "RGBA"):
            notes.append(_FROM_GREY)
    if profile and profile[16:20] != b"RGB ":
        profile, _ = None, notes.append(_PROFILE_LEFT)
    found = exif.of(image)
    turns, mirrored = _TURNS.get(found.orientation, (0, False))
    ...
