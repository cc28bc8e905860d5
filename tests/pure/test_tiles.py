from atelier_core.geometry import Bounds, Extent
from atelier_core.tiles import plan
from hypothesis import given
from hypothesis import strategies as st

sizes = st.builds(Extent, st.integers(1, 90), st.integers(1, 90))


def cells(bounds: Bounds) -> set[tuple[int, int]]:
    return {(x, y) for y in range(bounds.top, bounds.bottom) for x in range(bounds.left, bounds.right)}


def test_equal_cores_with_halos_that_end_at_the_picture() -> None:
    tiles = plan(Extent(10, 7), 4, 1)
    assert [[tile.core for tile in row] for row in tiles.rows] == [
        [Bounds(0, 0, 3, 3), Bounds(3, 0, 6, 3), Bounds(6, 0, 10, 3)],
        [Bounds(0, 3, 3, 7), Bounds(3, 3, 6, 7), Bounds(6, 3, 10, 7)],
    ]
    assert tiles.rows[0][0].crop == Bounds(0, 0, 4, 4)
    assert tiles.rows[1][1].crop == Bounds(2, 2, 7, 7)
    assert (tiles.count, tiles.largest, tiles.work) == (6, Extent(5, 5), (4 + 5 + 5) * (4 + 5))


def test_no_tile_is_spent_on_an_overlap() -> None:
    assert plan(Extent(384, 384), 192, 16).count == 4
    assert plan(Extent(192, 192), 192, 16).count == 1
    assert plan(Extent(193, 192), 192, 16).count == 2


def test_a_network_that_counts_in_fours_gets_even_cuts() -> None:
    [row] = plan(Extent(21, 3), 10, 3, step=4).rows
    assert [tile.core[::2] for tile in row] == [(0, 8), (8, 16), (16, 21)]
    assert [tile.crop[::2] for tile in row] == [(0, 12), (4, 20), (12, 21)]


def test_a_small_crop_is_widened_to_what_the_network_needs() -> None:
    [row] = plan(Extent(100, 40), 20, 0, least=40).rows[:1]
    assert [tile.crop[::2] for tile in row] == [(0, 40), (20, 60), (40, 80), (60, 100), (60, 100)]


def test_pieces_of_one_area_keep_halos_from_the_picture_around_it() -> None:
    tiles = plan(Extent(100, 100), 10, 4, area=Bounds(40, 0, 60, 10))
    assert [tile.core for tile in tiles.rows[0]] == [Bounds(40, 0, 50, 10), Bounds(50, 0, 60, 10)]
    assert tiles.rows[0][0].crop == Bounds(36, 0, 54, 14)


@given(sizes, st.integers(1, 40), st.integers(0, 30), st.sampled_from([1, 2, 4, 8]), st.integers(1, 20))
def test_any_plan(picture: Extent, side: int, halo: int, step: int, least: int) -> None:
    tiles = [tile for row in plan(picture, side, halo, step=step, least=least).rows for tile in row]
    covered = [cell for tile in tiles for cell in cells(tile.core)]
    assert sorted(covered) == sorted(cells(Bounds(0, 0, *picture)))
    for core, crop in tiles:
        assert max(core.extent) <= max(side, step)
        assert cells(core.grown(halo, picture)) <= cells(crop) <= cells(Bounds(0, 0, *picture))
        assert crop.left % step == 0 and crop.top % step == 0
        assert crop.right % step == 0 or crop.right == picture.width
        assert crop.bottom % step == 0 or crop.bottom == picture.height
        assert crop.extent.width >= min(least, picture.width)
        assert crop.extent.height >= min(least, picture.height)
    widths = [tile.core.extent.width for tile in tiles if tile.core.right < picture.width]
    assert not widths or max(widths) - min(widths) <= step
