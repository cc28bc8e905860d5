"""Kept is kept: the promise over random pictures, and that every way of breaking it is caught."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from atelier_core import keep as keeping
from atelier_core.blend import compose
from atelier_core.errors import UserError
from atelier_core.files import write
from atelier_core.keep import NotKeptError, certify, fingerprint, keep, save_kept
from atelier_core.mask import feathered
from atelier_core.picture import Picture, read
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
MAKER = b"MM\0*\0\0\0\x08\0\x01\x01\x0f\0\x02\0\0\0\x03ab\0\0\0\0\0\0"
MAGENTA = (255, 0, 255)


def noise(width: int, height: int, channels: int = 3, dtype: type = np.uint8, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, np.iinfo(dtype).max + 1, (height, width, channels), dtype)


SOURCE = Picture(noise(23, 17), SRGB, (300.0, 72.0), MAKER, {"parameters": "old"})
MASK = np.zeros((17, 23), np.uint8)
MASK[3:11, 5:21] = 255


def magenta(like: Picture) -> np.ndarray:
    return np.full((like.extent.height, like.extent.width, 3), MAGENTA, np.uint8)


def test_a_certificate_by_hand() -> None:
    source = Picture(np.array([[[1, 2, 3], [4, 5, 6]], [[7, 8, 9], [255, 0, 255]]], np.uint8))
    mask = np.array([[0, 255], [0, 255]], np.uint8)
    kept = keep(source, magenta(source), mask)
    assert kept.picture.pixels.tolist() == [[[1, 2, 3], [255, 0, 255]], [[7, 8, 9], [255, 0, 255]]]
    certificate = kept.certificate
    assert (certificate.kept, certificate.allowed, certificate.changed, certificate.equal) == (2, 2, 1, True)
    assert certificate.before == certificate.after == hashlib.sha256(bytes([1, 2, 3, 7, 8, 9])).hexdigest()
    assert (certificate.container, certificate.path, certificate.saved) == ("", "", "")
    assert json.loads(json.dumps(certificate.as_json()))["kept"] == 2


def test_the_hash_of_16_bits_is_of_little_endian_bytes() -> None:
    pixels = np.array([[[1, 2, 770]]], np.uint16)
    kept = np.ones((1, 1), bool)
    wanted = hashlib.sha256(bytes([1, 0, 2, 0, 2, 3])).hexdigest()
    assert fingerprint(pixels, kept) == fingerprint(pixels.astype(">u2"), kept) == wanted


pictures = st.tuples(
    st.integers(1, 20), st.integers(1, 20), st.sampled_from([3, 4]), st.sampled_from([np.uint8, np.uint16])
)


@settings(max_examples=120, deadline=None)
@given(pictures, st.sampled_from([3, 4]), st.sampled_from([np.uint8, np.uint16]), st.data())
def test_the_promise(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int, int, type],
    channels: int,
    dtype: type,
    data: st.DataObject,
) -> None:
    source = Picture(noise(*shape))
    result = noise(*shape[:2], channels, dtype, seed=8)
    mask = data.draw(arrays(np.uint8, shape[1::-1], elements=st.sampled_from([0, 0, 1, 200, 255, 255])))
    feather, alpha_too = data.draw(st.integers(0, 5)), data.draw(st.booleans())
    pristine = source.pixels.copy()
    kept = keep(source, result, mask, feather, alpha_too=alpha_too)
    pixels, certificate = kept.picture.pixels, kept.certificate
    assert np.array_equal(source.pixels, pristine)
    assert pixels.dtype == source.pixels.dtype and pixels.shape == source.pixels.shape
    assert np.array_equal(pixels[mask == 0], pristine[mask == 0])
    assert certificate.equal and certificate.kept == (mask == 0).sum() and certificate.allowed == (mask > 0).sum()
    assert certificate.changed == (pixels != pristine).any(axis=2).sum() <= certificate.allowed
    if not alpha_too:
        assert np.array_equal(pixels[..., 3:], pristine[..., 3:])
    endings = [".png", ".tif"] + ([".webp"] if shape[3] is np.uint8 else [])
    path = tmp_path_factory.mktemp("kept") / ("a" + data.draw(st.sampled_from(endings)))
    saved = save_kept(kept, path)
    assert saved.certificate.saved == certificate.before
    assert np.array_equal(read(path).pixels[mask == 0][:, :3], pristine[mask == 0][:, :3])


@settings(max_examples=40, deadline=None)
@given(pictures, st.integers(0, 5), st.data())
def test_a_result_that_is_the_source_changes_nothing(
    shape: tuple[int, int, int, type], feather: int, data: st.DataObject
) -> None:
    source = Picture(noise(*shape))
    mask = data.draw(arrays(np.uint8, shape[1::-1]))
    assert np.array_equal(keep(source, source, mask, feather, alpha_too=True).picture.pixels, source.pixels)


def test_the_changed_pixels_are_those_of_the_mask() -> None:
    kept = keep(SOURCE, magenta(SOURCE), MASK)
    assert np.array_equal((kept.picture.pixels == MAGENTA).all(axis=2), MASK == 255)
    assert np.array_equal(kept.kept, MASK == 0)


def test_everything_else_is_carried_on_and_read_back(tmp_path: Path) -> None:
    kept = save_kept(keep(SOURCE, magenta(SOURCE), MASK, 2), tmp_path / "a.png", {"parameters": "new"})
    again = read(tmp_path / "a.png")
    assert (again.icc, again.exif, again.texts) == (SRGB, MAKER, {"parameters": "new"})
    assert again.dpi == pytest.approx((300, 72), abs=0.02)
    certificate = kept.certificate
    assert (certificate.container, certificate.path, certificate.notes) == ("PNG", str(tmp_path / "a.png"), ())
    assert certificate.saved == fingerprint(again.pixels, MASK == 0)


def test_what_a_container_leaves_out_is_said(tmp_path: Path) -> None:
    source = Picture(SOURCE.pixels, SRGB, (300.0, 72.0), MAKER, {"parameters": "p", "Title": "t"})
    kept = keep(source, magenta(source), MASK)
    left_out = {".tif": ["EXIF data", "all texts"], ".webp": ["DPI", "all texts"], ".png": []}
    for ending, words in left_out.items():
        notes = save_kept(kept, tmp_path / ("a" + ending)).certificate.notes
        assert notes == tuple(
            f"The saved file does not hold {'' if word == 'all texts' else 'the '}{word}." for word in words
        )


def test_16_bits_stay_16_under_a_result_of_8(tmp_path: Path) -> None:
    source = Picture(noise(23, 17, 4, np.uint16))
    kept = save_kept(keep(source, magenta(source), MASK), tmp_path / "a.png")
    pixels = read(tmp_path / "a.png").pixels
    assert pixels.dtype == np.uint16
    assert np.array_equal(pixels[MASK == 0], source.pixels[MASK == 0])
    assert (pixels[MASK > 0][:, :3] == (65535, 0, 65535)).all()
    assert any("8-bit steps" in note for note in kept.certificate.notes)


def test_8_bits_stay_8_under_a_result_of_16() -> None:
    kept = keep(SOURCE, np.full((17, 23, 3), 32896, np.uint16), MASK)
    assert (kept.picture.pixels[MASK > 0] == 128).all()
    assert any("rounded to the 8 bits" in note for note in kept.certificate.notes)


def test_notes_on_masks_alpha_and_profiles() -> None:
    def notes(result: Picture, mask: np.ndarray) -> tuple[str, ...]:
        return keep(SOURCE, result, mask).certificate.notes

    plain = Picture(magenta(SOURCE))
    assert notes(plain, MASK) == ()
    assert ["nothing was to be kept" in note for note in notes(plain, MASK | 255)] == [True]
    assert ["mask is empty" in note for note in notes(plain, MASK & 0)] == [True]
    assert ["transparency" in note for note in notes(Picture(noise(23, 17, 4)), MASK)] == [True]
    assert ["another colour profile" in note for note in notes(Picture(plain.pixels, b"x"), MASK)] == [True]
    noted = Picture(SOURCE.pixels, notes=("The grey picture became RGB.",))
    assert keep(noted, plain, MASK).certificate.notes == noted.notes


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="result has 22 × 17 pixels, its source 23 × 17"):
        keep(SOURCE, noise(22, 17), MASK)
    with pytest.raises(UserError, match="mask has 17 × 23 pixels"):
        keep(SOURCE, noise(23, 17), MASK.T)
    kept = keep(SOURCE, magenta(SOURCE), MASK)
    for name, sentence in (("a.jpg", "JPEG changes every pixel"), ("a.bmp", "not as .bmp")):
        with pytest.raises(UserError, match=sentence):
            save_kept(kept, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_one_changed_byte_is_found() -> None:
    for at in ((0, 0, 0), (16, 22, 2), (2, 5, 1)):
        other = SOURCE.pixels.copy()
        other[at] ^= 1
        certificate = certify(SOURCE.pixels, other, MASK == 0)
        assert not certificate.equal and certificate.before != certificate.after and certificate.changed == 1
    inside = SOURCE.pixels.copy()
    inside[3, 5] ^= 255
    assert certify(SOURCE.pixels, inside, MASK == 0).equal
    assert not certify(SOURCE.pixels, SOURCE.pixels[:, :-1], MASK == 0).equal
    assert not certify(SOURCE.pixels, SOURCE.pixels.astype(np.uint16), MASK == 0).equal


# -- faults put in on purpose


def moved_by_one(source: np.ndarray, result: np.ndarray, weights: np.ndarray, **options: Any) -> np.ndarray:
    return np.roll(compose(source, result, weights, **options), 1, axis=1)


def resized(source: np.ndarray, result: np.ndarray, weights: np.ndarray, **options: Any) -> np.ndarray:
    image, (height, width) = Image.fromarray(compose(source, result, weights, **options)), weights.shape
    return np.asarray(image.resize((width + 1, height + 1)).resize((width, height)))


def smaller(source: np.ndarray, result: np.ndarray, weights: np.ndarray, **options: Any) -> np.ndarray:
    return compose(source, result, weights, **options)[:-1]


def rounded_down(source: np.ndarray, result: np.ndarray, weights: np.ndarray, **options: Any) -> np.ndarray:
    """As it is done in many places: a trip of all pixels through -1..1."""
    composed = compose(source, result, weights, **options).astype(np.float32) / 127.5 - 1
    return ((composed + 1) * 127.5).astype(np.uint8)


def outwards(weights: np.ndarray, width: int) -> np.ndarray:
    return cv2.GaussianBlur(weights, (0, 0), width)


def weights_moved_by_one(weights: np.ndarray, width: int) -> np.ndarray:
    return np.roll(feathered(weights, width), 1, axis=0)


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("compose", moved_by_one),
        ("compose", resized),
        ("compose", smaller),
        ("compose", rounded_down),
        ("feathered", outwards),
        ("feathered", weights_moved_by_one),
    ],
)
def test_a_faulty_composite_is_caught(part: str, fault: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    keep(SOURCE, magenta(SOURCE), MASK, 2)
    monkeypatch.setattr(keeping, part, fault)
    with pytest.raises(NotKeptError):
        keep(SOURCE, magenta(SOURCE), MASK, 2)


def as_jpeg(picture: Picture, path: Path, texts: object) -> None:
    Image.fromarray(picture.pixels).save(path, "JPEG", quality=100, subsampling=0)


def as_lossy_webp(picture: Picture, path: Path, texts: object) -> None:
    Image.fromarray(picture.pixels).save(path, "WEBP", quality=100)


def as_palette(picture: Picture, path: Path, texts: object) -> None:
    Image.fromarray(picture.pixels).quantize(200).save(path, "PNG")


def with_a_changed_pixel(place: tuple[int, int]) -> Callable[..., None]:
    def changed(picture: Picture, path: Path, texts: object) -> None:
        pixels = picture.pixels.copy()
        pixels[place] ^= 1
        write(Picture(pixels), path)

    return changed


def enlarged(picture: Picture, path: Path, texts: object) -> None:
    write(Picture(np.asarray(Image.fromarray(picture.pixels).resize((24, 17)))), path)


def cut_off(picture: Picture, path: Path, texts: object) -> None:
    path.write_bytes(write(picture, path).read_bytes()[:-30])


def other_depth(picture: Picture, path: Path, texts: object) -> None:
    write(Picture(picture.pixels.astype(np.uint16)), path)


SAVE_FAULTS = [as_jpeg, as_lossy_webp, as_palette, enlarged, cut_off, other_depth]


@pytest.mark.parametrize("fault", [*SAVE_FAULTS, with_a_changed_pixel((16, 22)), with_a_changed_pixel((3, 5))])
def test_a_faulty_file_is_caught_and_removed(
    fault: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keep(SOURCE, magenta(SOURCE), MASK)
    save_kept(kept, tmp_path / "right.png")
    monkeypatch.setattr(keeping, "write", fault)
    with pytest.raises(NotKeptError):
        save_kept(kept, tmp_path / "wrong.png")
    assert [path.name for path in tmp_path.iterdir()] == ["right.png"]
