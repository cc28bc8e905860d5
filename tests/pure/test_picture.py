"""Reading: what each kind of file becomes, what is refused and with which sentence."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import PIL
import pytest
import tifffile
from atelier_core import exif
from atelier_core.errors import UserError
from atelier_core.picture import Picture, at_depth, from_pil, read
from atelier_core.png import SIGNATURE
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageFile, ImageOps

RED, LIME, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
SMALL = np.array([[RED, LIME, BLUE], [(1, 2, 3), (250, 251, 252), (128, 64, 32)]], np.uint8)
INFOTEXT = "a lighthouse 🎨, 등대\nNegative prompt: fog\nSteps: 20, Seed: 7"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image: Image.Image | np.ndarray, kind: str = "PNG", **options: object) -> bytes:
    file = BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(file, kind, **options)
    return file.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png16(pixels: np.ndarray, colour: int, *extra: bytes, rows: int | None = None) -> bytes:
    height, width = pixels.shape[:2]
    lines = b"".join(b"\0" + line.astype(">u2").tobytes() for line in pixels[:rows])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0))
    return SIGNATURE + header + b"".join(extra) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def noise16(channels: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 65536, (5, 7, channels), np.uint16)


def exif_block(orientation: int = 0, comment: bytes = b"", maker: bytes = b"") -> bytes:
    """Big-endian, as the library writes it that webuis use."""
    first, photograph = [], []
    if maker:
        first.append((0x010F, 2, maker))
    if orientation:
        first.append((0x0112, 3, struct.pack(">H", orientation)))
    if comment:
        photograph.append((0x9286, 7, comment))
        first.append((0x8769, 4, struct.pack(">I", 8 + 6 + 12 * (len(first) + 1))))
    values = 8 + 6 + 12 * len(first) + (6 + 12 * len(photograph) if photograph else 0)
    block, tail = b"MM\0*\0\0\0\x08", b""
    for directory in filter(None, (first, photograph)):
        block += struct.pack(">H", len(directory))
        for tag, kind, value in directory:
            count = len(value) // {2: 1, 3: 2, 4: 4, 7: 1}[kind]
            place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(">I", values + len(tail))
            tail += value if len(value) > 4 else b""
            block += struct.pack(">HHI", tag, kind, count) + place
        block += bytes(4)
    return block + tail


COMMENT = b"UNICODE\0" + INFOTEXT.encode("utf-16-be")


# -- the value


def test_a_picture_says_its_measures() -> None:
    picture = Picture(noise16(4))
    assert (picture.extent, picture.has_alpha, picture.depth) == ((7, 5), True, 16)
    changed = picture.with_pixels(SMALL, "smaller")
    assert (changed.extent, changed.has_alpha, changed.depth, changed.notes) == ((3, 2), False, 8, ("smaller",))
    for wrong in (SMALL[0], SMALL[..., :2], SMALL.astype(np.float32), SMALL.astype(np.int16)):
        with pytest.raises(ValueError, match="not"):
            Picture(wrong)


@given(st.integers(0, 255))
def test_8_bits_through_16_and_back(value: int) -> None:
    deep = at_depth(np.full((1, 1, 3), value, np.uint8), 16)
    assert deep.dtype == np.uint16 and deep[0, 0, 0] == value * 257
    assert at_depth(deep, 8)[0, 0, 0] == value


@given(st.integers(0, 65535))
def test_16_bits_go_to_the_nearest_of_8(value: int) -> None:
    assert at_depth(np.full((1, 1, 3), value, np.uint16), 8)[0, 0, 0] == round(value / 257)


def test_to_pillow_and_back() -> None:
    picture = Picture(
        np.dstack([SMALL, SMALL[..., 0]]), SRGB, (300.0, 72.0), exif_block(maker=b"x"), {"parameters": "p"}
    )
    image = picture.to_pil()
    assert (image.mode, image.size, image.info["exif"][:6]) == ("RGBA", (3, 2), b"Exif\0\0")
    again = from_pil(image)
    assert np.array_equal(again.pixels, picture.pixels)
    assert (again.icc, again.dpi, again.exif, again.texts, again.notes) == (
        picture.icc,
        picture.dpi,
        picture.exif,
        picture.texts,
        (),
    )
    assert np.asarray(Picture(at_depth(SMALL, 16)).to_pil()).tolist() == SMALL.tolist()


# -- what each kind of file becomes


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("BMP", {}),
        ("PPM", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("TIFF", {"compression": "tiff_deflate"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_plain_files(kind: str, options: dict[str, object], tmp_path: Path) -> None:
    data = saved(SMALL, kind, **options)
    path = tmp_path / "picture.jpg"  # the name says nothing
    path.write_bytes(data)
    for picture in (read(data), read(path)):
        assert picture.pixels.tolist() == SMALL.tolist()
        assert picture.pixels.dtype == np.uint8 and picture.pixels.flags.writeable
        assert picture.notes == () and picture.texts == {}


def test_jpeg() -> None:
    picture = read(saved(np.full((2, 3, 3), (200, 100, 50), np.uint8), "JPEG", quality=100, dpi=(300, 300)))
    assert np.abs(picture.pixels.astype(int) - (200, 100, 50)).max() <= 2
    assert picture.dpi == (300, 300)


def grey_alpha() -> Image.Image:
    return Image.merge("LA", [Image.fromarray(SMALL[..., 0]), Image.fromarray(SMALL[..., 1])])


def palette() -> Image.Image:
    image = Image.new("P", (3, 2))
    image.putpalette([*RED, *LIME, *BLUE])
    image.putdata([0, 1, 2, 2, 1, 0])
    return image


GREY3 = np.dstack([SMALL[..., 0]] * 3)
PALETTE3 = np.array([[RED, LIME, BLUE], [BLUE, LIME, RED]], np.uint8)


def opaque(pixels: np.ndarray, clear: list[tuple[int, int]]) -> np.ndarray:
    alpha = np.full(pixels.shape[:2], 255, np.uint8)
    for place in clear:
        alpha[place] = 0
    return np.dstack([pixels, alpha])


@pytest.mark.parametrize(
    ("data", "wanted", "note"),
    [
        (saved(SMALL[..., 0]), GREY3, "grey"),
        (saved(Image.fromarray(SMALL[..., 0] > 99)), np.where(GREY3 > 99, 255, 0), "grey"),
        (saved(grey_alpha()), np.dstack([GREY3, SMALL[..., 1]]), "grey"),
        (saved(palette()), PALETTE3, "palette"),
        (saved(palette(), transparency=1), opaque(PALETTE3, [(0, 1), (1, 1)]), "palette"),
        (saved(palette(), transparency=bytes([0, 255, 255])), opaque(PALETTE3, [(0, 0), (1, 2)]), "palette"),
        (saved(palette(), "GIF"), PALETTE3, "palette"),
        (saved(palette(), "GIF", transparency=1), opaque(PALETTE3, [(0, 1), (1, 1)]), "palette"),
        (saved(SMALL, transparency=LIME), opaque(SMALL, [(0, 1)]), "meant transparent"),
        (saved(SMALL[..., 0], transparency=250), opaque(GREY3, [(1, 1)]), "grey"),
        (
            saved(Image.fromarray(SMALL[..., 0] > 99), "TIFF", compression="group4"),
            np.where(GREY3 > 99, 255, 0),
            "grey",
        ),
    ],
    ids=["L", "1", "LA", "P", "P+colour", "P+alphas", "GIF", "GIF+colour", "RGB+colour", "L+colour", "fax"],
)
def test_other_modes_become_rgb_with_a_note(data: bytes, wanted: np.ndarray, note: str) -> None:
    picture = read(data)
    assert picture.pixels.tolist() == wanted.tolist()
    assert any(note in said for said in picture.notes)


def icc_table(tag: bytes, body: bytes, colours: bytes, connection: bytes) -> bytes:
    """A profile of one tag, just whole enough to be used."""
    size = 128 + 4 + 12 + len(body)
    head = struct.pack(">I4sI4s4s4s", size, b"lcms", 0x02400000, b"prtr", colours, connection) + bytes(12) + b"acsp"
    white = struct.pack(">III", 63190, 65536, 54061)
    return (head.ljust(68, b"\0") + white).ljust(128, b"\0") + struct.pack(">I4sII", 1, tag, 144, len(body)) + body


def black_only_cmyk() -> bytes:
    """A CMYK profile in which only black ink is seen."""
    ramp = bytes(range(256))
    grid = b"".join(bytes([0 if ink & 1 else 255, 128, 128]) for ink in range(16))
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    return icc_table(
        b"A2B0", b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + ramp * 4 + grid + ramp * 3, b"CMYK", b"Lab "
    )


def linear_grey() -> bytes:
    return icc_table(b"kTRC", b"curv" + bytes(4) + struct.pack(">IHH", 1, 256, 0), b"GRAY", b"XYZ ")


def test_cmyk_with_and_without_a_profile() -> None:
    inks = Image.new("CMYK", (2, 1))
    inks.putdata([(255, 0, 0, 0), (0, 0, 0, 255)])
    plain = read(saved(inks, "TIFF"))
    assert plain.pixels.tolist() == [[[0, 255, 255], [0, 0, 0]]]
    assert plain.notes == ("The CMYK picture became RGB.",)
    seen = read(saved(inks, "TIFF", icc_profile=black_only_cmyk()))
    assert np.abs(seen.pixels.astype(int) - [[[255] * 3, [0] * 3]]).max() <= 2
    assert seen.icc is None and any("through its colour profile" in note for note in seen.notes)
    broken = read(saved(inks, "TIFF", icc_profile=black_only_cmyk()[:150]))
    assert broken.pixels.tolist() == plain.pixels.tolist()
    assert broken.icc is None and any("left out" in note for note in broken.notes)


def test_grey_with_a_profile_of_its_own() -> None:
    picture = read(saved(np.array([[0, 55, 255]], np.uint8), icc_profile=linear_grey()))
    linear = 55 / 255
    wanted = 255 * (1.055 * linear ** (1 / 2.4) - 0.055)  # the sRGB curve
    assert np.abs(picture.pixels[0, :, 0] - [0, wanted, 255]).max() <= 1.5
    assert picture.icc is None
    both = read(saved(grey_alpha(), icc_profile=linear_grey()))
    assert both.pixels[..., 3].tolist() == SMALL[..., 1].tolist()


def test_a_profile_of_rgb_is_kept_to_the_byte() -> None:
    for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
        assert read(saved(SMALL, kind, icc_profile=SRGB)).icc == SRGB
    assert read(saved(SMALL[..., 0], icc_profile=SRGB)).icc == SRGB


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_png_of_16_bits(colour: int, channels: int) -> None:
    pixels = noise16(channels)
    wanted = {1: [0, 0, 0], 2: [0, 0, 0, 1], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    picture = read(png16(pixels, colour, chunk(b"tEXt", b"parameters\0Steps: 20")))
    assert picture.pixels.dtype == np.uint16
    assert np.array_equal(picture.pixels, pixels[..., wanted])
    assert picture.texts == {"parameters": "Steps: 20"}
    assert picture.notes == (() if channels > 2 else ("The grey picture became RGB.",))


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3)])
def test_png_of_16_bits_with_a_transparent_colour(colour: int, channels: int) -> None:
    pixels = noise16(channels)
    picture = read(png16(pixels, colour, chunk(b"tRNS", pixels[3, 2].astype(">u2").tobytes())))
    alpha = np.full((5, 7), 65535)
    alpha[3, 2] = 0
    assert picture.pixels.shape == (5, 7, 4)
    assert np.array_equal(picture.pixels[..., 3], alpha)
    assert np.array_equal(picture.pixels[..., :3], pixels[..., [0, 0, 0] if channels == 1 else [0, 1, 2]])


@pytest.mark.parametrize("filtered", range(5))
def test_png_of_16_bits_under_each_filter(filtered: int) -> None:
    pixels = noise16(3)
    plain = pixels.astype(">u2").view(np.uint8).reshape(5, -1).astype(int)
    up, left = np.pad(plain, ((1, 0), (0, 0)))[:-1], np.pad(plain, ((0, 0), (6, 0)))[:, :-6]
    corner = np.pad(plain, ((1, 0), (6, 0)))[:-1, :-6]
    away = [np.abs(left + up - corner - other) for other in (left, up, corner)]
    paeth = np.where((away[0] <= away[1]) & (away[0] <= away[2]), left, np.where(away[1] <= away[2], up, corner))
    guess = [0, left, up, (left + up) // 2, paeth][filtered]
    lines = np.pad((plain - guess) % 256, ((0, 0), (1, 0)), constant_values=filtered).astype(np.uint8)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 7, 5, 16, 2, 0, 0, 0))
    data = SIGNATURE + header + chunk(b"IDAT", zlib.compress(lines.tobytes())) + chunk(b"IEND", b"")
    assert np.array_equal(read(data).pixels, pixels)


@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib", "predictor": True}, {"bigtiff": True}, {"byteorder": ">"}]
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_tiff_of_16_bits(channels: int, options: dict[str, object]) -> None:
    pixels, file = noise16(channels), BytesIO()
    kind = "minisblack" if channels == 1 else "rgb"
    extra = ["unassalpha"] if channels == 4 else None
    tifffile.imwrite(
        file, pixels.squeeze(), photometric=kind, extrasamples=extra, iccprofile=SRGB, metadata=None, **options
    )
    picture = read(file.getvalue())
    assert picture.pixels.dtype == np.uint16 and picture.icc == SRGB
    assert np.array_equal(picture.pixels, pixels[..., [0, 0, 0] if channels == 1 else slice(None)])


def test_tiff_of_16_bits_as_paint_programs_write_it() -> None:
    pixels = noise16(3)
    _, packed = cv2.imencode(".tiff", pixels[..., ::-1], [cv2.IMWRITE_TIFF_COMPRESSION, 5])  # LZW
    assert np.array_equal(read(packed.tobytes()).pixels, pixels)


def test_tiff_of_16_bits_that_can_only_be_read_as_8_says_so() -> None:
    file = BytesIO()
    tifffile.imwrite(file, noise16(4), photometric="separated", metadata=None)
    picture = read(file.getvalue())
    assert picture.pixels.shape == (5, 7, 3) and picture.pixels.dtype == np.uint8
    assert any("Only 8 of the 16 bits" in note for note in picture.notes)


def test_tiff_with_colours_multiplied_by_alpha() -> None:
    pixels, file = np.array([[[16448, 8224, 0, 32896]]], np.uint16), BytesIO()
    tifffile.imwrite(file, pixels, photometric="rgb", extrasamples=["assocalpha"], metadata=None)
    picture = read(file.getvalue())
    assert np.abs(picture.pixels.astype(int) - [[[128, 64, 0, 128]]]).max() <= 1
    assert any("Only 8 of the 16 bits" in note for note in picture.notes)


def test_grey_of_16_bits_from_a_host() -> None:
    for image in (Image.fromarray(noise16(1)[..., 0]), Image.fromarray(noise16(1)[..., 0].astype(np.int32))):
        picture = from_pil(image)
        assert picture.pixels.dtype == np.uint16
        assert np.array_equal(picture.pixels[..., 2], noise16(1)[..., 0])


# -- orientation and texts


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "PNG of 16 bits", "TIFF", "TIFF of 16 bits"])
def test_orientation_is_applied_and_gone(turn: int, kind: str) -> None:
    tag = Image.Exif()
    tag[0x0112] = turn
    image = Image.fromarray(SMALL)
    image.getexif()[0x0112] = turn
    wanted = np.asarray(ImageOps.exif_transpose(image))
    deep = kind.endswith("16 bits")
    if kind == "PNG of 16 bits":
        pixel_size = chunk(b"pHYs", struct.pack(">IIB", 11811, 2835, 1))
        data = png16(at_depth(SMALL, 16), 2, chunk(b"eXIf", exif_block(turn, maker=b"somebody")), pixel_size)
    elif kind.startswith("TIFF"):
        file = BytesIO()
        tags = [(0x0112, 3, 1, turn, True)]
        tifffile.imwrite(
            file,
            at_depth(SMALL, 16 if deep else 8),
            photometric="rgb",
            metadata=None,
            extratags=tags,
            resolution=(300, 72),
        )
        data = file.getvalue()
    else:
        options = {"lossless": True} if kind == "WEBP" else {}
        data = saved(SMALL, kind, exif=exif_block(turn, maker=b"somebody"), dpi=(300, 72), **options)
    picture = read(data)
    assert at_depth(picture.pixels, 8).tolist() == wanted.tolist()
    assert picture.depth == (16 if deep else 8) and picture.pixels.flags.c_contiguous
    assert exif.orientation(picture.exif) == 1
    if not kind.startswith("TIFF"):
        left = Image.Exif()
        left.load(b"Exif\0\0" + (picture.exif or b""))
        assert dict(left) == {0x010F: "somebody"}
        assert any("upright" in note for note in picture.notes) == (turn > 1)
    if kind.startswith("PNG"):
        assert picture.dpi == pytest.approx((72, 300) if turn > 4 else (300, 72), abs=0.02)


def test_parameters_from_png_text() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_itxt("parameters", INFOTEXT)
    info.add_text("Comment", "second", zip=True)
    data = saved(SMALL, pnginfo=info)
    assert read(data).texts == {"parameters": INFOTEXT, "Comment": "second"}
    behind = data[: data.index(b"IEND") - 4] + chunk(b"tEXt", b"late\0yes") + chunk(b"IEND", b"")
    assert read(behind).texts == {"parameters": INFOTEXT, "Comment": "second", "late": "yes"}


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_parameters_from_exif_move_into_the_texts(kind: str) -> None:
    alone = read(saved(SMALL, kind, exif=b"Exif\0\0" + exif_block(comment=COMMENT)))
    assert alone.texts["parameters"] == INFOTEXT and alone.exif is None
    among = read(saved(SMALL, kind, exif=b"Exif\0\0" + exif_block(6, COMMENT, b"somebody")))
    assert among.texts["parameters"] == INFOTEXT and among.extent == (2, 3)
    assert among.exif is not None and b"somebody" in among.exif and INFOTEXT.encode("utf-16-be") not in among.exif
    assert exif.comment(among.exif) == ""


@pytest.mark.parametrize(
    "comment",
    [
        COMMENT,
        b"UNICODE\0" + INFOTEXT.encode("utf-16-le"),
        b"UNICODE\0" + INFOTEXT.encode("utf-16"),
        bytes(8) + INFOTEXT.encode(),
        INFOTEXT.encode(),
    ],
    ids=["big-endian", "little-endian", "marked", "undefined", "bare"],
)
def test_user_comments_as_programs_write_them(comment: bytes) -> None:
    assert exif.comment(exif_block(comment=comment)) == INFOTEXT


def test_ascii_and_blank_user_comments() -> None:
    assert exif.comment(exif_block(comment=b"ASCII\0\0\0Steps: 3")) == "Steps: 3"
    blank = exif_block(comment=b"ASCII\0\0\0" + b" " * 30, maker=b"somebody")
    assert exif.comment(blank) == ""
    picture = read(saved(SMALL, "JPEG", exif=b"Exif\0\0" + blank))
    assert picture.texts == {} and picture.exif == blank


@pytest.mark.parametrize(
    "block",
    [
        None,
        b"junk",
        exif_block(maker=b"somebody"),
        exif_block(comment=COMMENT),
        exif_block(3, b"ASCII\0\0\0short", b"somebody"),
        exif_block(maker=b"somebody")[:-10],
    ],
    ids=["none", "junk", "maker", "comment", "both", "cut off"],
)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
def test_a_new_user_comment_in_an_old_block(block: bytes | None) -> None:
    new = exif.with_comment(block, "new 등대")
    assert exif.comment(new) == "new 등대"
    assert INFOTEXT.encode("utf-16-be") not in new
    assert exif.orientation(new) == exif.orientation(block)
    assert new.count(b"\x92\x86\0\x07") == 1  # of the type "undefined", as hosts want it
    before, after = Image.Exif(), Image.Exif()
    before.load(b"Exif\0\0" + block if block and block[:1] == b"M" else b"")
    after.load(b"Exif\0\0" + new)
    assert {tag: after[tag] for tag in after if tag != 0x8769} == {tag: before[tag] for tag in before if tag != 0x8769}
    assert after.get_ifd(0x8769)[0x9286] == b"UNICODE\0" + "new 등대".encode("utf-16-be")
    assert exif.with_comment(new, "again") == exif.with_comment(exif.without(new, exif.COMMENT), "again")


def test_a_new_user_comment_in_a_little_endian_block() -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x0110], tags[0x8769] = "somebody", "something", {0xA433: "lens", 0x8827: 400}
    tags[0x8825] = {29: "2020:01:01"}
    old = tags.tobytes()[6:]
    new, again = exif.with_comment(old, INFOTEXT), Image.Exif()
    again.load(b"Exif\0\0" + new)
    assert (again[0x010F], again[0x0110]) == ("somebody", "something")
    assert again.get_ifd(0x8769) == {0x8827: 400, 0x9286: COMMENT, 0xA433: "lens"}
    assert again.get_ifd(0x8825) == {29: "2020:01:01"}
    assert new.startswith(old[:4]) and exif.comment(new) == INFOTEXT


def test_a_comment_taken_out_leaves_no_trace() -> None:
    block = exif_block(comment=COMMENT, maker=b"somebody")
    for behind in (b"", b"and more"):
        left = exif.without(block + behind, exif.COMMENT) or b""
        assert INFOTEXT[:20].encode("utf-16-be") not in left and b"somebody" in left
        assert left.endswith(behind) and exif.without(left, exif.COMMENT) == left


@given(st.binary(max_size=60), st.integers(0, 200), st.integers(0, 255))
def test_exif_of_any_bytes_does_no_harm(junk: bytes, at: int, value: int) -> None:
    block = bytearray(exif_block(6, COMMENT[:60], b"somebody"))
    block[at % len(block)] = value
    for tried in (junk, b"MM\0*" + junk, b"II*\0" + junk, bytes(block)):
        assert 1 <= exif.orientation(tried) <= 8
        exif.comment(tried)
        for tag in (exif.ORIENTATION, exif.COMMENT):
            assert exif.comment(exif.with_comment(tried, "new")) == "new"
            left = exif.without(tried, tag)
            assert left is None or len(left) <= len(tried)


# -- what is refused


def refused(data: bytes | Path, **limits: int) -> str:
    with pytest.raises(UserError) as caught:
        read(data, **limits)
    told = str(caught.value)
    assert "{" not in told and "\n" not in told
    return told


FRAMES = [Image.new("RGB", (3, 2), colour) for colour in (RED, LIME, BLUE)]


def test_what_is_no_picture(tmp_path: Path) -> None:
    assert refused(b"") == "The file is empty."
    assert "cannot be read" in refused(tmp_path / "missing.png")
    assert "cannot be read" in refused(tmp_path)
    for data in (
        b"hello",
        bytes(4000),
        b"PK\x03\x04" + bytes(100),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    ):
        assert "not a picture" in refused(data)
    assert "kind LAB" in refused(saved(Image.new("LAB", (3, 2)), "TIFF"))
    assert "kind F" in refused(saved(Image.new("F", (3, 2)), "TIFF"))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_animations_and_pages(kind: str) -> None:
    data = saved(FRAMES[0], kind, save_all=True, append_images=FRAMES[1:])
    assert "3 pictures" in refused(data)


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow 9 doubts what it wrote
def test_a_photograph_with_a_smaller_one_behind_it_is_one_picture() -> None:
    data = saved(FRAMES[0], "MPO", save_all=True, append_images=FRAMES[1:])
    if Image.open(BytesIO(data)).format != "MPO":
        pytest.skip("this Pillow writes no whole MPO file")
    assert np.abs(read(data).pixels.astype(int) - RED).max() <= 3


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "MPO"])
@pytest.mark.parametrize("allowed", [False, True])
def test_cut_off_files(kind: str, allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", allowed)  # some extensions of hosts set it
    data = saved(np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8), kind)
    for share in (0.3, 0.6, 0.95):
        assert "damaged" in refused(data[: int(len(data) * share)])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is allowed


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
@pytest.mark.parametrize("options", [{"compression": "tiff_lzw"}, {"compression": "tiff_deflate"}])
def test_cut_off_packed_tiff(options: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = saved(np.random.default_rng(1).integers(0, 256, (40, 30, 3), np.uint8), "TIFF", **options)
    assert read(data).extent == (30, 40)
    assert "damaged" in refused(data[: int(len(data) * 0.6)])


@pytest.mark.parametrize("allowed", [False, True])
def test_what_cannot_be_unpacked_is_damage(allowed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", allowed)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30, 40, 8, 2, 0, 0, 0))
    packed = bytearray(zlib.compress(bytes(30 * 40 * 3 + 40)))
    packed[2:] = b"\xff" * len(packed[2:])
    png = SIGNATURE + header + chunk(b"IDAT", bytes(packed)) + chunk(b"IEND", b"")
    gif = saved(palette(), "GIF")
    codes = gif.index(b",") + 10  # behind the frame's head: the size of codes, then the codes
    assert "damaged" in refused(png)
    assert "damaged" in refused(gif[:codes] + b"\x02\x01\xff\x00" + b";")


@pytest.mark.parametrize("rows", [4, 0])
def test_16_bits_with_rows_missing(rows: int) -> None:
    assert "damaged" in refused(png16(noise16(3), 2, rows=rows))


def test_sizes_beyond_the_limit_are_seen_in_the_header() -> None:
    def claims(width: int, height: int) -> bytes:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        return SIGNATURE + header + chunk(b"IDAT", bytes(width * height * 3 // 1000)) + chunk(b"IEND", b"")

    assert "20000 × 20000" in refused(claims(20000, 20000))
    assert "200000 × 2" in refused(claims(200_000, 2))
    assert "damaged" in refused(claims(16000, 16000))
    bitmap = saved(SMALL, "BMP")
    assert "30000 × 30000" in refused(bitmap[:18] + struct.pack("<ii", 30000, 30000) + bitmap[26:])
    assert "3 × 2 pixels; at most 5" in refused(saved(SMALL), most_pixels=5)
    assert "2 per side" in refused(saved(SMALL), most_side=2)
    assert read(saved(SMALL), most_pixels=6, most_side=3).extent == (3, 2)


def test_pillows_own_limit_is_lifted_for_reading_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(BytesIO(saved(SMALL)))
    assert read(saved(SMALL)).extent == (3, 2)
    refused(saved(SMALL)[:-20])
    assert Image.MAX_IMAGE_PIXELS == 2


@pytest.mark.filterwarnings("error::PIL.Image.DecompressionBombWarning")  # some hosts' code asks for it
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000")),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
@pytest.mark.parametrize("limit", [2, 5])  # pixels: far beyond it Pillow refuses, a little beyond it warns
def test_only_our_limit_counts_and_pillows_stands_meanwhile(
    kind: str, options: dict[str, str], limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind == "WEBP" and limit == 2 and int(PIL.__version__.partition(".")[0]) > 12:
        pytest.skip("this Pillow's code for WebP asks for its limit too, from twice its size on")
    data = saved(SMALL, kind, **options)
    factory, accepts = Image.OPEN[kind]
    seen: list[object] = []

    def watched(*args: object) -> Image.Image:
        seen.append((Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES))
        return factory(*args)

    monkeypatch.setitem(Image.OPEN, kind, (watched, accepts))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert read(data).extent == (3, 2)
    assert seen == [(limit, True)]


def test_a_frame_that_outgrows_its_gif_is_damage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2)
    data = saved(palette(), "GIF")
    at = data.index(b",") + 5  # the frame's width
    assert "damaged" in refused(data[:at] + struct.pack("<H", 9) + data[at + 2 :])


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of the damage
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
def test_damaged_files_are_read_or_refused_with_a_sentence(kind: str) -> None:
    data = saved(np.random.default_rng(1).integers(0, 256, (20, 15, 3), np.uint8), kind)
    random = np.random.default_rng(5)
    outcomes = set()
    for _ in range(60):
        damaged = bytearray(data)
        for at in random.integers(0, min(len(data), 200), 3):
            damaged[at] = random.integers(0, 256)
        try:
            outcomes.add(read(bytes(damaged), most_pixels=1 << 20).pixels.ndim)
        except UserError as error:
            outcomes.add(error.text)
    assert len(outcomes) > 1 or kind == "PNG"
