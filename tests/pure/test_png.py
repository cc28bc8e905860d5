"""The PNG writer against two readers that know nothing of it, and the check that a file is whole."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from io import BytesIO

import cv2
import numpy as np
import pytest
from atelier_core import png
from atelier_core.errors import UserError
from atelier_core.geometry import Extent
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms


def noise(height: int, width: int, channels: int, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)


def written(pixels: np.ndarray, bands: int = 1 << 30, **said: object) -> bytes:
    file = BytesIO()
    extent = Extent(pixels.shape[1], pixels.shape[0])
    with png.PngWriter(file, extent, pixels.shape[2], pixels.dtype.itemsize * 8, **said) as writer:  # type: ignore[arg-type]
        for top in range(0, extent.height, bands):
            writer.rows(pixels[top : top + bands])
    return file.getvalue()


def by_pillow(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)))


def by_opencv(data: bytes) -> np.ndarray:
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]


def chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        found.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    return found


def test_two_rows_byte_for_byte() -> None:
    data = written(np.array([[[1, 2, 3], [4, 5, 6]], [[1, 2, 4], [3, 5, 255]]], np.uint8))
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert chunks(data)[0] == (b"IHDR", bytes([0, 0, 0, 2, 0, 0, 0, 2, 8, 2, 0, 0, 0]))
    packed = b"".join(body for kind, body in chunks(data) if kind == b"IDAT")
    assert zlib.decompress(packed) == bytes([2, 1, 2, 3, 4, 5, 6, 2, 0, 0, 1, 255, 0, 249])
    assert chunks(data)[-1] == (b"IEND", b"")


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.sampled_from([3, 4]),
    st.sampled_from([np.uint8, np.uint16]),
    st.integers(1, 50),
)
def test_other_readers_see_the_same_pixels(width: int, height: int, channels: int, dtype: type, bands: int) -> None:
    pixels = noise(height, width, channels, dtype)
    data = written(pixels, bands)
    assert np.array_equal(by_opencv(data), pixels)
    if dtype is np.uint8:
        assert np.array_equal(by_pillow(data), pixels)
    assert png.check(data) == (Extent(width, height), dtype().itemsize * 8, {3: 2, 4: 6}[channels], None)


@pytest.mark.parametrize(
    "size", [(1, 1), (16383, 3), (16384, 3), (70000, 8), (3, 70000)], ids=lambda size: "×".join(map(str, size))
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_narrow_and_very_wide(size: tuple[int, int], dtype: type) -> None:
    pixels = noise(size[1], size[0], 3, dtype)
    data = written(pixels, 1000)
    assert np.array_equal(by_opencv(data), pixels)
    if dtype is np.uint8:
        assert np.array_equal(by_pillow(data), pixels)


def test_what_else_the_file_says() -> None:
    texts = {
        "parameters": "a lighthouse 🎨, 등대\nNegative prompt: fog\nSteps: 20",
        "plain": "à la carte",
        "long": "x" * 40_000,
        "long and foreign": "바다 " * 14_000,
    }
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    block = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x03ab\0\0\0\0\0\0"
    data = written(noise(3, 5, 3), texts=texts, icc=profile, dpi=(300, 72), exif=block)
    image = Image.open(BytesIO(data))
    image.load()
    assert image.text == texts
    assert image.info["icc_profile"] == profile
    assert image.info["exif"] == b"Exif\0\0" + block
    assert image.info["dpi"] == pytest.approx((300, 72), abs=0.02)
    order = [kind for kind, _ in chunks(data)]
    assert order[:3] == [b"IHDR", b"iCCP", b"pHYs"]
    assert [kind for kind in order if kind in (b"tEXt", b"iTXt")] == [b"iTXt", b"tEXt", b"tEXt", b"iTXt"]
    assert order.index(b"IDAT") > max(order.index(b"eXIf"), order.index(b"iTXt"), order.index(b"tEXt"))
    assert np.array_equal(by_opencv(data), noise(3, 5, 3))


def test_rows_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="1 rows are missing"), png.PngWriter(BytesIO(), Extent(5, 3), 3) as writer:
        writer.rows(noise(2, 5, 3))
    for wrong in (noise(4, 5, 3), noise(3, 6, 3), noise(3, 5, 4), noise(3, 5, 3, np.uint16)):
        with pytest.raises(ValueError, match="do not fit"), png.PngWriter(BytesIO(), Extent(5, 3), 3) as writer:
            writer.rows(wrong)
    with pytest.raises(ValueError, match="keyword"):
        written(noise(1, 1, 3), texts={"": "x"})


class Nowhere(BytesIO):
    def write(self, data: object) -> int:  # type: ignore[override]
        return 0


def peak(height: int, band: np.ndarray) -> int:
    """Bytes allocated at most while a picture of that height is written."""
    tracemalloc.start()
    with png.PngWriter(Nowhere(), Extent(band.shape[1], height), 3) as writer:
        for _ in range(0, height, len(band)):
            writer.rows(band)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_the_height() -> None:
    band = noise(32, 4096, 3)
    low, high = peak(64, band), peak(1600, band)
    assert high < low * 1.1
    assert high < 6 << 20


def test_a_high_band_needs_no_more_than_a_low_one() -> None:
    assert peak(3200, noise(3200, 1024, 3)) < 6 << 20


def test_every_cut_and_every_changed_byte_is_found() -> None:
    data = written(noise(5, 4, 4), texts={"parameters": "x"})
    for end in range(8, len(data)):
        with pytest.raises(UserError, match="damaged or incomplete"):
            png.check(data[:end])
    for at in range(8, len(data)):
        with pytest.raises(UserError, match="damaged or incomplete"):
            png.check(data[:at] + bytes([data[at] ^ 16]) + data[at + 1 :])


def test_a_header_that_promises_more_than_the_data_can_hold() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    body = chunk(b"IDAT", zlib.compress(bytes(4000))) + chunk(b"IEND", b"")
    header = struct.pack(">IIBBBBB", 16000, 16000, 8, 2, 0, 0, 0)
    with pytest.raises(UserError, match="damaged or incomplete"):
        png.check(png.SIGNATURE + chunk(b"IHDR", header) + body)
    for header in (b"", struct.pack(">IIBBBBB", 0, 3, 8, 2, 0, 0, 0), struct.pack(">IIBBBBB", 3, 3, 8, 5, 0, 0, 0)):
        with pytest.raises(UserError, match="damaged or incomplete"):
            png.check(png.SIGNATURE + chunk(b"IHDR", header) + body)
    # one colour over the whole picture is packed the most of all, and whole
    flat = written(np.zeros((3000, 3000, 3), np.uint8))
    assert len(flat) < 3000 * 3000 * 3 / 200
    assert png.check(flat).extent == (3000, 3000)
