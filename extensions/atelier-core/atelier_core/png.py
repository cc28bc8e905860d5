"""PNG from the file format up: a check that a file is whole, and a writer whose memory does not grow with height."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import BinaryIO, NamedTuple

import numpy as np

from .errors import UserError
from .geometry import Extent

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_SHRUNK = 1040  # bytes that one byte of a deflate stream can become, a little above the format's bound
INCH = 0.0254  # metres
_BLOCK = 1 << 20  # bytes of rows filtered and compressed at once
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by PNG colour type


class Header(NamedTuple):
    extent: Extent
    depth: int  # bits per channel
    colour: int  # PNG colour type
    transparent: tuple[int, ...] | None  # the grey or RGB value that means transparent, where the file names one


def check(data: bytes) -> Header:
    """The header of a file whose every chunk is there and undamaged, and whose pixels can be as many as it says."""
    header, transparent, packed = None, None, 0
    for kind, body in _chunks(data):
        if kind == b"IHDR" and len(body) == 13:
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
            header = Header(Extent(width, height), depth, colour, None)
        elif kind == b"tRNS" and header and header.colour in (0, 2):
            transparent = struct.unpack(f">{len(body) // 2}H", body[: len(body) // 2 * 2])
        elif kind == b"IDAT":
            packed += len(body)
    if header is None or header.colour not in _CHANNELS or not header.extent.area:
        raise UserError("This picture file is damaged or incomplete.")
    needed = header.extent.height * (header.extent.width * _CHANNELS[header.colour] * header.depth // 8)
    if needed > packed * MOST_SHRUNK:
        raise UserError("This picture file is damaged or incomplete.")
    return header._replace(transparent=transparent)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view, at = memoryview(data), len(SIGNATURE)
    while at + 12 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + size
        if end + 4 > len(data) or zlib.crc32(view[at + 4 : end]) != struct.unpack_from(">I", data, end)[0]:
            break
        yield kind, view[at + 8 : end]
        if kind == b"IEND":
            return
        at = end + 4
    raise UserError("This picture file is damaged or incomplete.")


class PngWriter:
    """Takes the rows of a picture from the top, in bands of any height.

    with PngWriter(file, Extent(5, 3), channels=3) as png:
        png.rows(band)  # [h, W, channels], uint8, or uint16 at depth 16
    """

    def __init__(
        self,
        file: BinaryIO,
        extent: Extent,
        channels: int,
        depth: int = 8,
        *,
        texts: Mapping[str, str] | None = None,
        icc: bytes | None = None,
        dpi: tuple[float, float] | None = None,
        exif: bytes | None = None,
    ) -> None:
        if (channels, depth) not in {(3, 8), (4, 8), (3, 16), (4, 16)}:
            raise ValueError(f"{channels} channels of {depth} bits")
        self._file, self._extent, self._channels = file, extent, channels
        self._dtype = np.dtype(np.uint8 if depth == 8 else np.uint16)
        self._above = np.zeros(extent.width * channels * depth // 8, np.uint8)  # the row above the next one, as bytes
        self._left = extent.height
        self._deflate = zlib.compressobj(1)
        colour = 2 if channels == 3 else 6
        file.write(SIGNATURE)
        self._chunk(b"IHDR", struct.pack(">IIBBBBB", *extent, depth, colour, 0, 0, 0))
        if icc:
            self._chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc))
        if dpi:
            self._chunk(b"pHYs", struct.pack(">IIB", *(round(value / INCH) for value in dpi), 1))
        for key, text in (texts or {}).items():
            self._chunk(*_text_chunk(key, text))
        if exif:
            self._chunk(b"eXIf", exif)

    def rows(self, band: np.ndarray) -> None:
        count = band.shape[0]
        if band.shape[1:] != (self._extent.width, self._channels) or band.dtype != self._dtype or count > self._left:
            raise ValueError(f"rows {band.shape} {band.dtype} do not fit: {self._left} rows of {self._extent} are left")
        step = max(1, _BLOCK // self._above.size)
        for top in range(0, count, step):
            self._block(band[top : top + step])
        self._left -= count

    def _block(self, band: np.ndarray) -> None:
        plain = np.ascontiguousarray(band, self._dtype.newbyteorder(">")).view(np.uint8).reshape(len(band), -1)
        lines = np.empty((len(band), 1 + plain.shape[1]), np.uint8)
        lines[:, 0] = 2  # the Up filter: each byte less the one above it
        np.subtract(plain[0], self._above, out=lines[0, 1:])
        np.subtract(plain[1:], plain[:-1], out=lines[1:, 1:])
        self._above = plain[-1].copy()
        self._packed(self._deflate.compress(lines.data))

    def _packed(self, data: bytes) -> None:
        if data:
            self._chunk(b"IDAT", data)

    def _chunk(self, kind: bytes, body: bytes) -> None:
        self._file.write(struct.pack(">I", len(body)) + kind)
        self._file.write(body)
        self._file.write(struct.pack(">I", zlib.crc32(body, zlib.crc32(kind))))

    def __enter__(self) -> PngWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            return
        if self._left:
            raise ValueError(f"{self._left} rows are missing")
        self._packed(self._deflate.flush())
        self._chunk(b"IEND", b"")


def _text_chunk(key: str, text: str) -> tuple[bytes, bytes]:
    """tEXt where Latin-1 is enough, which every reader knows, else iTXt."""
    name, text = key.encode("latin-1"), text.replace("\0", "")
    if not 1 <= len(name) <= 79 or b"\0" in name:
        raise ValueError(f"not a PNG keyword: {key!r}")
    try:
        return b"tEXt", name + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8")
