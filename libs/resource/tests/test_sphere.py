import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.resource.geo.sphere import (
    EARTH_RADIUS,
    LARGEST_DISTANCE,
    Edges,
    haversine,
    haversine_between,
    near,
)

Position = tuple[float, float]

DEGREE = math.pi / 180 * EARTH_RADIUS


def metres(one: Position, other: Position) -> float:
    """By the angle between the vectors, which is right at every distance."""

    def vector(position: Position) -> tuple[float, float, float]:
        east, north = map(math.radians, position)
        return math.cos(north) * math.cos(east), math.cos(north) * math.sin(east), math.sin(north)

    first, second = np.array(vector(one)), np.array(vector(other))
    return EARTH_RADIUS * math.atan2(float(np.linalg.norm(np.cross(first, second))), float(first @ second))


def edges(*line: Position) -> Edges:
    return np.radians(np.array([[*one, *other] for one, other in pairwise(line)]))


def is_near(one: Edges, other: Edges, distance: float) -> bool:
    return bool(near(one, np.zeros(len(one), dtype=np.intp), other, haversine(distance))[0])


positions = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(positions, positions)
def test_the_haversine_of_two_positions_is_that_of_their_distance(one: Position, other: Position) -> None:
    assert haversine_between(one, other) == pytest.approx(haversine(metres(one, other)), rel=1e-7, abs=1e-15)


@pytest.mark.parametrize(
    ("one", "other", "degrees"),
    [
        ((0, 0), (0, 90), 90),
        ((0, 0), (180, 0), 180),
        ((179.9, 0), (-179.9, 0), 0.2),
        ((180, 10), (-180, 10), 0),
        ((0, 89.9), (180, 89.9), 0.2),
        ((-77, 90), (12, 90), 0),
    ],
)
def test_distances_go_over_the_antimeridian_and_the_poles(
    one: Position, other: Position, degrees: float
) -> None:
    assert haversine_between(one, other) == pytest.approx(haversine(degrees * DEGREE), abs=1e-15)
    assert is_near(edges(one, one), edges(other, other), degrees * DEGREE * (1 + 1e-6) + 0.001)
    assert degrees == 0 or not is_near(edges(one, one), edges(other, other), degrees * DEGREE * (1 - 1e-3))


@pytest.mark.parametrize(
    ("line", "point", "degrees"),
    [
        (((-90, 60), (90, 60)), (0, 61), 1),  # a great circle from end to end would pass the pole
        (((-90, 60), (90, 60)), (0, 90), 30),  # all of the line is as far
        (((0, -90), (0, 90)), (1, 0), 1),
        (((170, -10), (170, 10)), (-179, 0), 11),
        (((0, 0), (10, 0)), (20, 0), 10),
    ],
)
def test_an_edge_is_straight_in_degrees(line: tuple[Position, ...], point: Position, degrees: float) -> None:
    for one, other in ((edges(*line), edges(point, point)), (edges(point, point), edges(*line))):
        assert is_near(one, other, degrees * DEGREE * (1 + 1e-6))
        assert not is_near(one, other, degrees * DEGREE * (1 - 1e-6))


@settings(max_examples=60)
@given(positions, positions, positions, positions, st.floats(1, LARGEST_DISTANCE / 4))
def test_it_is_decided_as_by_looking_at_very_many_points(
    one: Position, two: Position, three: Position, four: Position, distance: float
) -> None:
    parts = np.linspace(0, 1, 301)[:, None]
    first = np.radians(np.array(one) + parts * (np.array(two) - np.array(one)))[:, None]
    second = np.radians(np.array(three) + parts * (np.array(four) - np.array(three)))[None, :]
    apart = np.sin((first - second) / 2) ** 2
    cosines = np.cos(first[..., 1]) * np.cos(second[..., 1])
    nearest = 2 * EARTH_RADIUS * math.asin(math.sqrt((apart[..., 1] + cosines * apart[..., 0]).min()))
    step = (np.ptp(first[:, 0], axis=0).sum() + np.ptp(second[0], axis=0).sum()) * EARTH_RADIUS / 300
    found = is_near(edges(one, two), edges(three, four), distance)
    if distance >= nearest:
        assert found
    if distance < nearest - step:
        assert not found


def test_each_owner_has_an_answer_of_its_own() -> None:
    several = np.vstack([edges((0, 0), (1, 0)), edges((50, 0), (51, 0)), edges((0, 5), (0, 3), (0, 2))])
    found = near(several, np.array([0, 1, 2, 2]), edges((0, 1), (0, 1)), haversine(1.5 * DEGREE))
    assert found.tolist() == [True, False, True]


def test_what_would_take_too_long_to_tell_apart_counts_as_near() -> None:
    zigzag = [(-178 + 3.5 * at, 60 if at % 2 else -60) for at in range(100)]
    beside = [(longitude, latitude + 0.0001) for longitude, latitude in zigzag]
    assert is_near(edges(*zigzag), edges(*beside), 0.5)
    assert not is_near(edges((0, 50), (5, 51)), edges((0, 50.001), (5, 51.001)), 50)
