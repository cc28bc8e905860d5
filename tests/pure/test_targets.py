import pytest
from atelier_core.errors import UserError
from atelier_core.geometry import Bounds, Extent
from atelier_upscaler.targets import Target, by_factor, by_long_side, by_size, passes
from hypothesis import given
from hypothesis import strategies as st


def test_a_factor_is_not_cut_to_multiples_of_eight() -> None:
    assert by_factor(Extent(1000, 667), 4) == Target(Extent(4000, 2668), (0, 0, 1000, 667))
    assert by_factor(Extent(1001, 3), 1.5).size == Extent(1502, 4)
    assert by_factor(Extent(3, 1), 0.1).size == Extent(1, 1)


@pytest.mark.parametrize(
    ("picture", "side", "size"),
    [
        (Extent(1920, 1080), 3840, Extent(3840, 2160)),
        (Extent(667, 1000), 7680, Extent(5123, 7680)),
        (Extent(5000, 10), 3840, Extent(3840, 8)),
    ],
)
def test_4k_and_8k_are_sizes_of_the_longer_side(picture: Extent, side: int, size: Extent) -> None:
    assert by_long_side(picture, side).size == size


def test_an_exact_size_keeps_shape_crops_or_stretches() -> None:
    picture, wanted = Extent(100, 50), Extent(300, 300)
    assert by_size(picture, wanted, "inside") == Target(Extent(300, 150), (0, 0, 100, 50))
    assert by_size(picture, wanted, "stretch") == Target(wanted, (0, 0, 100, 50))
    assert by_size(picture, wanted, "crop") == Target(wanted, (25, 0, 75, 50))
    assert by_size(Extent(50, 101), Extent(200, 100), "crop") == Target(Extent(200, 100), (0, 38, 50, 63))


def test_a_crop_between_pixels_takes_all_it_touches() -> None:
    assert by_size(Extent(100, 50), Extent(64, 33), "crop").crop == Bounds(1, 0, 99, 50)


sizes = st.builds(Extent, st.integers(1, 3000), st.integers(1, 3000))


@given(sizes, sizes)
def test_any_exact_size(picture: Extent, wanted: Extent) -> None:
    assert by_size(picture, wanted, "crop").size == by_size(picture, wanted, "stretch").size == wanted
    inside = by_size(picture, wanted, "inside").size
    assert inside.width <= wanted.width and inside.height <= wanted.height
    assert inside.width == wanted.width or inside.height == wanted.height
    left, top, right, bottom = by_size(picture, wanted, "crop").box
    assert 0 <= left < right <= picture.width and 0 <= top < bottom <= picture.height
    assert (right - left) * wanted.height == pytest.approx((bottom - top) * wanted.width)


@pytest.mark.parametrize(
    ("factor", "scale", "count"),
    [(4, 4, 1), (2, 4, 1), (8, 4, 2), (16, 4, 2), (8, 2, 3), (16, 2, 3), (1, 4, 0), (0.5, 4, 0), (3, 1, 1), (1, 1, 1)],
)
def test_passes_through_the_network(factor: float, scale: int, count: int) -> None:
    assert passes(by_factor(Extent(30, 20), factor), scale) == count


def test_absurd_sizes_are_refused_with_figures() -> None:
    with pytest.raises(UserError, match="would be 30000 × 40 pixels; at most 16384 per side"):
        by_factor(Extent(30000, 40), 1)
    with pytest.raises(
        UserError, match="On the way to 10000 × 10000 pixels this model makes a picture of 1024 megapix"
    ):
        passes(by_factor(Extent(8000, 8000), 1.25), 4)
