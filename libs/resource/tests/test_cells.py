from collections.abc import Callable, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.resource.geo.cells import MAX_PRECISION, Box, box, cells_of, cover, encode, stretches

longitudes = st.floats(-180, 180)
latitudes = st.floats(-90, 90)


@pytest.mark.parametrize(
    ("longitude", "latitude", "cell"),
    [
        (-5.6, 42.6, "ezs42"),  # the example of Wikipedia's article
        (10.40744, 57.64911, "u4pruydqqvj"),
        (0, 0, "s0000"),
        (-180, -90, "00000"),
        (180, 90, "zzzzz"),
        (-180, 90, "bpbpb"),
        (180, -90, "pbpbp"),
    ],
)
def test_a_position_has_the_geohash_everybody_gives_it(longitude: float, latitude: float, cell: str) -> None:
    assert encode(longitude, latitude, len(cell)) == cell


@given(longitudes, latitudes, st.integers(1, MAX_PRECISION))
@example(45, 45, 1)
@example(-1e-300, 5e-324, 12)
def test_a_position_is_in_its_cell_and_not_on_its_far_edges(
    longitude: float, latitude: float, precision: int
) -> None:
    west, south, east, north = box(encode(longitude, latitude, precision))
    assert west <= longitude < east or longitude == east == 180
    assert south <= latitude < north or latitude == north == 90


@given(longitudes, latitudes, st.integers(1, MAX_PRECISION))
def test_a_coarser_cell_is_a_prefix_and_holds_the_finer_one(
    longitude: float, latitude: float, precision: int
) -> None:
    fine, coarse = encode(longitude, latitude, MAX_PRECISION), encode(longitude, latitude, precision)
    assert fine.startswith(coarse)
    inner, outer = box(fine), box(coarse)
    assert outer[0] <= inner[0] < inner[2] <= outer[2]
    assert outer[1] <= inner[1] < inner[3] <= outer[3]


def meeting(region: Box) -> Callable[[Sequence[Box]], list[bool]]:
    west, south, east, north = region
    return lambda boxes: [
        one[0] <= east and one[2] >= west and one[1] <= north and one[3] >= south for one in boxes
    ]


@given(longitudes, longitudes, latitudes, latitudes, st.integers(1, 6), st.integers(4, 40), st.data())
def test_a_covering_is_disjoint_and_small_and_holds_the_region(
    one: float, other: float, low: float, high: float, precision: int, most: int, data: st.DataObject
) -> None:
    west, east = sorted((one, other))
    south, north = sorted((low, high))
    longitude, latitude = data.draw(st.floats(west, east)), data.draw(st.floats(south, north))
    region = meeting((west, south, east, north))

    found = cover(region, precision, most)
    if found is not None:
        assert 0 < len(found) <= most
        assert all(1 <= len(cell) <= precision for cell in found)
        assert [cell for cell in found if encode(longitude, latitude, precision).startswith(cell)] != []
        assert not any(one != two and two.startswith(one) for one in found for two in found)
        assert region([box(cell) for cell in found]) == [True] * len(found)

    exact = cells_of(region, precision, most)
    if exact is not None:
        assert len(exact) <= most
        assert encode(longitude, latitude, precision) in exact


def test_a_covering_gets_finer_as_far_as_its_number_allows() -> None:
    region = meeting((13.3, 52.4, 13.5, 52.6))

    def area(cells: tuple[str, ...] | None) -> float:
        assert cells is not None
        bounds = [box(cell) for cell in cells]
        return sum((east - west) * (north - south) for west, south, east, north in bounds)

    areas = [area(cover(region, 9, most)) for most in (2, 4, 12, 24, 100)]
    assert areas == sorted(areas, reverse=True)
    assert areas[0] > 2 * areas[-1]
    assert areas[-1] < 0.06  # of the region: 0.04


def test_a_cell_that_is_all_in_the_region_is_not_split() -> None:
    assert cover(meeting((1, 1, 44, 44)), 9, 32) == ("s",)
    assert cover(meeting((1, 1, 44, 21)), 2, 32) == tuple(f"s{part}" for part in "0123456789bcdefg")


def test_most_of_the_globe_has_no_covering() -> None:
    assert cover(lambda boxes: [True] * len(boxes), 9, 1000) is None
    assert cover(meeting((-170, -80, 170, 80)), 9, 24) is None
    assert cells_of(meeting((13, 52, 14, 53)), 5, 24) is None


def test_a_region_without_a_point_has_an_empty_covering() -> None:
    assert cover(lambda boxes: [False] * len(boxes), 9, 24) == ()
    assert cells_of(lambda boxes: [False] * len(boxes), 5, 24) == ()


@given(
    st.lists(st.text("0123456789bcdefghjkmnpqrstuvwxyz", min_size=3, max_size=3), unique=True, max_size=30)
)
def test_stretches_hold_what_begins_with_their_cells_and_nothing_else(found: list[str]):
    def is_in(point: str) -> bool:
        return any(first <= point <= last + "\U0010ffff" for first, last in stretches(found))

    assert all(is_in(cell + "zz") and is_in(cell) for cell in found)
    others = {cell[:-1] + other for cell in found for other in "0bz"}
    assert not any(is_in(other + "5") for other in others - set(found))


def test_cells_in_a_row_are_one_stretch():
    assert stretches(["u33d8t", "u33d8s", "u33d8b", "u33d9"]) == (
        ("u33d8b", "u33d8b"),
        ("u33d8s", "u33d8t"),
        ("u33d9", "u33d9"),
    )
