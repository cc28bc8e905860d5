"""Saving: what each container gives back, and that a failure leaves nothing behind."""

from __future__ import annotations

import errno
import resource
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from atelier_core import files, png
from atelier_core.errors import Interrupted, UserError
from atelier_core.files import next_path, png_stream, write
from atelier_core.geometry import Extent
from atelier_core.picture import Picture, read
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

INFOTEXT = "a lighthouse 🎨, 등대\nSteps: 20, Seed: 7"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKER = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x03ab\0\0\0\0\0\0"


def noise(width: int, height: int, channels: int = 3, dtype: type = np.uint8) -> np.ndarray:
    return np.random.default_rng(7).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(
        [(".png", np.uint8), (".png", np.uint16), (".webp", np.uint8), (".tif", np.uint8), (".tiff", np.uint16)]
    ),
    st.integers(1, 30),
    st.integers(1, 30),
    st.sampled_from([3, 4]),
)
def test_lossless_containers_give_the_pixels_back(
    tmp_path_factory: pytest.TempPathFactory, kind: tuple[str, type], width: int, height: int, channels: int
) -> None:
    pixels = noise(width, height, channels, kind[1])
    pixels[0, 0, 3:] = 0  # colours under full transparency count too
    path = tmp_path_factory.mktemp("saved") / ("picture" + kind[0])
    again = read(write(Picture(pixels), path))
    assert again.pixels.dtype == pixels.dtype and again.notes == ()
    assert np.array_equal(again.pixels, pixels)


@pytest.mark.parametrize(
    ("ending", "depth", "dpi", "block"),
    [(".png", 8, True, True), (".png", 16, True, True), (".tif", 8, True, False), (".tif", 16, True, False)]
    + [(".webp", 8, False, True), (".jpg", 8, True, True)],
)
def test_what_else_survives(ending: str, depth: int, dpi: bool, block: bool, tmp_path: Path) -> None:
    picture = Picture(
        noise(5, 3, 3, np.uint16 if depth == 16 else np.uint8),
        SRGB,
        (300.0, 72.0),
        MAKER,
        {"parameters": "old", "Title": "t"},
    )
    again = read(write(picture, tmp_path / ("a" + ending), {"parameters": INFOTEXT}, lossy=True))
    assert again.texts["parameters"] == INFOTEXT
    assert ("Title" in again.texts) == (ending == ".png")
    assert again.icc == SRGB
    assert (again.dpi == pytest.approx((300, 72), abs=0.02)) if dpi else again.dpi is None
    assert (b"ab" in (again.exif or b"")) == block
    if ending == ".png":
        assert again.exif == MAKER


def test_names_that_say_no_container(tmp_path: Path) -> None:
    picture = Picture(noise(5, 3))
    with pytest.raises(UserError, match="JPEG changes every pixel"):
        write(picture, tmp_path / "a.JPG")
    for name in ("a.gif", "a"):
        with pytest.raises(UserError, match="saved as PNG, WebP or TIFF"):
            write(picture, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_what_a_container_cannot_hold(tmp_path: Path) -> None:
    wide = Picture(noise(70_000, 1))
    for name, most in (("a.webp", 16383), ("a.jpg", 65500)):
        with pytest.raises(UserError, match=f"at most {most} pixels per side, the picture has 70000"):
            write(wide, tmp_path / name, lossy=True)
    with pytest.raises(UserError, match="WebP holds 8 bits"):
        write(Picture(noise(5, 3, dtype=np.uint16)), tmp_path / "a.webp")
    with pytest.raises(UserError, match="no transparency"):
        write(Picture(noise(5, 3, 4)), tmp_path / "a.jpg", lossy=True)
    with pytest.raises(UserError, match="too long for JPEG"):
        write(Picture(noise(5, 3)), tmp_path / "a.jpg", {"parameters": "x" * 40_000}, lossy=True)
    assert list(tmp_path.iterdir()) == []
    assert read(write(wide, tmp_path / "a.png")).extent == (70_000, 1)
    assert read(write(wide, tmp_path / "a.tif")).extent == (70_000, 1)
    assert read(write(Picture(noise(16383, 2)), tmp_path / "a.webp")).extent == (16383, 2)


def test_a_long_infotext_in_webp(tmp_path: Path) -> None:
    path = write(Picture(noise(5, 3)), tmp_path / "a.webp", {"parameters": "등대 " * 14_000 + "."})
    assert read(path).texts == {"parameters": "등대 " * 14_000 + "."}
    comment = Image.open(path).getexif().get_ifd(0x8769)[0x9286]  # as webuis look it up
    assert comment.startswith(b"UNICODE\0") and comment[8:].decode("utf-16-be").startswith("등대")


def test_a_stream_of_rows(tmp_path: Path) -> None:
    pixels, path = noise(9, 40, 4, np.uint16), tmp_path / "a.png"
    like = Picture(noise(1, 1), SRGB, texts={"parameters": INFOTEXT})
    with png_stream(path, Extent(9, 40), 4, 16, like=like) as stream:
        stream.rows(pixels[:33])
        assert not path.exists()
        stream.rows(pixels[33:])
    again = read(path)
    assert np.array_equal(again.pixels, pixels)
    assert (again.icc, again.texts) == (SRGB, like.texts)
    assert stat.S_IMODE(path.stat().st_mode) & 0o400 and [path] == list(tmp_path.iterdir())


@pytest.mark.parametrize("fault", [Interrupted(), RuntimeError("x"), KeyboardInterrupt()])
def test_a_stream_that_stops_leaves_nothing(fault: BaseException, tmp_path: Path) -> None:
    path = next_path(tmp_path, "a")
    with pytest.raises(type(fault)), png_stream(path, Extent(9, 40), 3) as stream:
        stream.rows(noise(9, 20))
        raise fault
    with pytest.raises(ValueError, match="20 rows are missing"), png_stream(path, Extent(9, 40), 3) as stream:
        stream.rows(noise(9, 20))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".png", ".webp", ".tif", ".jpg"])
@pytest.mark.parametrize("before", [None, b"", b"an older picture"])
def test_a_full_disk_leaves_nothing_new(ending: str, before: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / ("a" + ending)
    if before is not None:
        path.write_bytes(before)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limit[1]))
        with pytest.raises((UserError, OSError)) as caught:
            write(Picture(noise(300, 300)), path, lossy=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert str(caught.value) == "The picture could not be saved: File too large."
    assert [file.read_bytes() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_a_disk_that_is_full_at_the_very_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="could not be saved: No space left"):
        write(Picture(noise(5, 3)), next_path(tmp_path, "a"))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="could not be saved: No such file"):
        write(Picture(noise(5, 3)), tmp_path / "missing" / "a.png")


def test_numbers_go_on_and_never_over_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    assert next_path(folder, "first").name == "00001-first.png"
    assert next_path(folder, "second", "webp").name == "00002-second.webp"
    (folder / "00041-other.jpg").touch()
    (folder / "20260101-holiday.png").touch()  # a date, no number of ours
    (folder / "notes.txt").touch()
    assert next_path(folder, "").name == "00042.png"
    assert next_path(folder, "").name == "00043.png"
    (folder / "99999-x.png").touch()
    assert next_path(folder, "x").name == "100000-x.png"
    assert next_path(folder, "x").name == "100001-x.png"


@pytest.mark.parametrize(
    ("stem", "name"),
    [
        ("../../etc/passwd", "00001-_.._etc_passwd.png"),
        ('a\\b:c*?"<>|\n', "00001-a_b_c_______.png"),
        (" dots... ", "00001-dots.png"),
        ("등대 🎨", "00001-등대 🎨.png"),
    ],
)
def test_stems_cannot_leave_the_folder(stem: str, name: str, tmp_path: Path) -> None:
    path = next_path(tmp_path, stem)
    assert path.name == name and path.parent == tmp_path and path.exists()


def test_long_stems_fit_into_a_name(tmp_path: Path) -> None:
    assert len(next_path(tmp_path, "등" * 400).name.encode()) < 255


def test_two_at_once_never_get_one_name(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: next_path(tmp_path, "same"), range(120)))
    assert len(set(paths)) == 120
    assert len(list(tmp_path.iterdir())) == 120


def test_all_png_goes_through_the_one_writer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    class Spy(png.PngWriter):
        def rows(self, band: np.ndarray) -> None:
            seen.append(len(band))
            super().rows(band)

    monkeypatch.setattr(files, "PngWriter", Spy)
    write(Picture(noise(3, 600)), tmp_path / "a.png")
    assert sum(seen) == 600 and max(seen) <= 256
