import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.resource.geo.cells import box, encode
from libs.resource.geo.geojson import MAX_POSITIONS, GeometryFault
from libs.resource.geo.operators import OPERATORS, Operand, cells, covering, matches, parse_operand

BERLIN = [13.405, 52.52]
SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]]}
WITH_HOLE = {
    "type": "Polygon",
    "coordinates": [SQUARE["coordinates"][0], [[4, 4], [4, 6], [6, 6], [6, 4], [4, 4]]],
}
DIAGONAL = {"type": "LineString", "coordinates": [[-5, -5], [5, 5]]}


def point(longitude: float, latitude: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [longitude, latitude]}


def relates(operator: str, value: dict[str, Any], operand: Any) -> bool:
    return matches(operator, value, parse_operand(operator, operand))


def within(value: dict[str, Any], geometry: dict[str, Any], distance: float) -> bool:
    return relates("$geo.dwithin", value, {"geometry": geometry, "distance": distance})


# What PostGIS says of ST_<Operator>(value, operand).
@pytest.mark.parametrize(
    ("value", "operand", "true_of"),
    [
        (point(5, 5), SQUARE, "within intersects"),
        (point(5, 5), WITH_HOLE, ""),
        (point(0, 5), SQUARE, "intersects touches"),
        (point(4, 5), WITH_HOLE, "intersects touches"),
        (point(11, 5), SQUARE, ""),
        (SQUARE, point(5, 5), "contains intersects"),
        (point(5, 5), point(5, 5), "contains equals intersects within"),
        (point(5, 5), point(5, 5.1), ""),
        (SQUARE, SQUARE, "contains equals intersects within"),
        (WITH_HOLE, SQUARE, "within intersects"),
        (SQUARE, WITH_HOLE, "contains intersects"),
        (
            {"type": "Polygon", "coordinates": [[[5, 5], [15, 5], [15, 15], [5, 15], [5, 5]]]},
            SQUARE,
            "intersects overlaps",
        ),
        (
            {"type": "Polygon", "coordinates": [[[10, 0], [20, 0], [20, 10], [10, 10], [10, 0]]]},
            SQUARE,
            "intersects touches",
        ),
        (
            {"type": "Polygon", "coordinates": [[[10, 10], [0, 10], [0, 0], [10, 0], [10, 10]]]},
            SQUARE,
            "contains equals intersects within",
        ),
        (DIAGONAL, SQUARE, "intersects"),
        ({"type": "LineString", "coordinates": [[0, 0], [10, 0]]}, SQUARE, "intersects touches"),
        ({"type": "LineString", "coordinates": [[1, 1], [2, 2]]}, SQUARE, "within intersects"),
        ({"type": "LineString", "coordinates": [[0, 0], [10, 10]]}, DIAGONAL, "intersects overlaps"),
        (point(-5, -5), DIAGONAL, "intersects touches"),
        (point(0, 0), DIAGONAL, "within intersects"),
    ],
    ids=str,
)
def test_the_field_is_to_the_operand_what_the_operator_says(
    value: dict[str, Any], operand: dict[str, Any], true_of: str
) -> None:
    plane = [name for name in OPERATORS if name != "$geo.dwithin"]
    assert {name for name in plane if relates(name, value, operand)} == {
        f"$geo.{name}" for name in true_of.split()
    }


def test_a_distance_is_in_metres_on_the_sphere() -> None:
    paris = point(2.3522, 48.8566)
    assert within(point(*BERLIN), paris, 878_000)
    assert not within(point(*BERLIN), paris, 877_000)
    assert within(point(179.9, 0), point(-179.9, 0), 22_300)
    assert within(point(0, 89.9), point(180, 89.9), 22_300)
    assert not within(point(0, 89.9), point(180, 89.9), 22_200)


def test_a_distance_is_to_the_nearest_point_of_the_geometry() -> None:
    assert within(point(5, 5), SQUARE, 1)  # inside it
    assert within(point(5, 5), WITH_HOLE, 111_000)  # in the hole
    assert not within(point(5, 5), WITH_HOLE, 110_000)
    assert within(point(11, 5), SQUARE, 111_000)
    assert not within(point(11, 5), SQUARE, 110_000)
    assert within(SQUARE, point(11, 5), 111_000)
    assert within(DIAGONAL, SQUARE, 1)  # they cross
    beside = {"type": "LineString", "coordinates": [[11, -50], [11, 50]]}
    assert within(beside, SQUARE, 109_700)  # it is nearest at 10° north, where a degree is shorter
    assert not within(beside, SQUARE, 109_000)


def test_operands_may_have_the_types_of_emmett_rest() -> None:
    for kind in ("POINT", "Point"):
        assert relates("$geo.equals", point(1, 2), {"type": kind, "coordinates": [1, 2]})
    for kind in ("LINE", "LINESTRING", "LineString"):
        assert relates("$geo.intersects", point(0, 0), {**DIAGONAL, "type": kind})
    assert relates("$geo.within", point(5, 5), {**SQUARE, "type": "POLYGON"})
    with pytest.raises(GeometryFault):
        parse_operand("$geo.equals", {"type": "point", "coordinates": [1, 2]})


@pytest.mark.parametrize(
    ("operator", "operand", "told"),
    [
        ("$geo.near", point(0, 0), "is not an operator"),
        ("$geo.within", 5, "must be a GeoJSON geometry: an object with type and coordinates"),
        ("$geo.within", {}, "type must be Point or LineString or Polygon"),
        ("$geo.within", {"type": "MultiPoint"}, "type must be Point or LineString or Polygon"),
        ("$geo.within", {"type": "Point"}, "coordinates must be [longitude, latitude], without an altitude"),
        (
            "$geo.within",
            {"type": "Polygon", "coordinates": [[[0, 0], [0, 91], [1, 0], [0, 0]]]},
            "coordinates[0][1][1] must be a latitude: a number from -90 to 90",
        ),
        ("$geo.dwithin", point(0, 0), "must be an object with geometry and distance"),
        (
            "$geo.dwithin",
            {"geometry": point(200, 0), "distance": 1},
            "geometry.coordinates[0] must be a longitude: a number from -180 to 180",
        ),
        *(
            (
                "$geo.dwithin",
                {"geometry": point(0, 0), "distance": distance},
                "distance must be metres: a number over 0, at most 20015114",
            )
            for distance in (0, -1, "1", True, None, float("nan"), float("inf"), 10**400, 20_015_116)
        ),
    ],
    ids=lambda one: str(one)[:50],
)
def test_a_wrong_operand_is_told_with_the_path(operator: str, operand: Any, told: str) -> None:
    with pytest.raises(GeometryFault) as caught:
        parse_operand(operator, operand)
    assert str(caught.value) == told


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["type", "coordinates"]), inner)
    ),
)
degrees = st.integers(-91, 91) | st.floats(-91, 91)
lines = st.lists(st.lists(degrees, min_size=2, max_size=2) | anything, min_size=1, max_size=6)
sent = anything | st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Point", "LINE", "Polygon", "polygon", "Circle"]),
        "coordinates": lines
        | st.lists(lines.map(lambda ring: [*ring, ring[0]]), min_size=1, max_size=3)
        | st.lists(degrees, min_size=2, max_size=2),
    }
)


@settings(max_examples=300)
@given(
    st.sampled_from(OPERATORS),
    sent | st.fixed_dictionaries({"geometry": sent, "distance": st.floats(0, 2e7) | anything}),
)
def test_whatever_is_sent_is_an_operand_or_a_fault(operator: str, operand: Any) -> None:
    try:
        parsed = parse_operand(operator, operand)
    except GeometryFault:
        return
    assert matches(operator, point(0.5, 0.5), parsed) in (True, False)
    assert matches(operator, DIAGONAL, parsed) in (True, False)


def test_the_positions_are_bounded() -> None:
    line = [[at / 10, at / 10] for at in range(MAX_POSITIONS + 1)]
    with pytest.raises(GeometryFault, match="coordinates must have at most 100 positions"):
        parse_operand("$geo.intersects", {"type": "LineString", "coordinates": line})
    rings = [[[0, 0], [1, 0], [1, 1], [0, 0]]] * 26
    with pytest.raises(GeometryFault, match="coordinates must have at most 100 positions"):
        parse_operand("$geo.intersects", {"type": "Polygon", "coordinates": rings})
    assert parse_operand("$geo.intersects", {"type": "LineString", "coordinates": line[:-1]})


def an_operand(chance: random.Random, operator: str) -> Operand:
    """An operand at a random place, of a random size; by chance on the edges of cells, poles and ±180°."""

    def degree(bound: int) -> float:
        if chance.random() < 0.3:
            return max(-bound, min(bound, bound * chance.randint(-8, 8) / 8))
        return chance.uniform(-bound, bound)

    longitude, latitude, size = degree(180), degree(90), 10 ** chance.uniform(-3, 1.5)

    def position() -> list[float]:
        return [
            max(-180, min(180, longitude + chance.choice([0, 1, -1, chance.uniform(-1, 1)]) * size)),
            max(-90, min(90, latitude + chance.choice([0, 1, -1, chance.uniform(-1, 1)]) * size)),
        ]

    while True:
        kind = chance.choice(["Point", "LineString", "Polygon"])
        line = [position() for _ in range(chance.randint(3, 5))]
        coordinates = {"Point": line[0], "LineString": line, "Polygon": [[*line, line[0]]]}[kind]
        operand: dict[str, Any] = {"type": kind, "coordinates": coordinates}
        if operator == "$geo.dwithin":
            operand = {"geometry": operand, "distance": min(2e7, 111_195 * 10 ** chance.uniform(-3, 1.5))}
        try:
            return parse_operand(operator, operand)
        except GeometryFault:
            continue  # it crosses itself


def places(chance: random.Random, operand: Operand) -> list[dict[str, Any]]:
    """Points on the operand's corners and edges, beside it, and on corners of cells near it."""
    found = [tuple(position) for line in operand.edges.tolist() for position in (line[:2], line[2:])]
    corners = [(longitude * 57.29577951308232, latitude * 57.29577951308232) for longitude, latitude in found]
    west, south, east, north = operand.shape.bounds
    reach = (operand.distance or 0) / 111_195 + max(east - west, north - south, 1e-3)
    for _ in range(20):
        longitude, latitude = chance.choice(corners)
        corners.append((longitude + chance.uniform(-1, 1) * reach, latitude + chance.uniform(-1, 1) * reach))
        cell = box(encode(*_inside(*corners[-1]), chance.randint(1, 9)))
        corners += [(cell[0], cell[1]), (cell[2], cell[3])]
    corners += [(operand.shape.centroid.x, operand.shape.centroid.y), (180, latitude), (longitude, 90)]
    corners += [tuple(position) for position in shapely_positions(operand)]
    return [point(*_inside(*corner)) for corner in corners]


def shapely_positions(operand: Operand) -> list[list[float]]:
    coordinates = operand.geometry["coordinates"]
    if operand.geometry["type"] == "Point":
        return [coordinates]
    return coordinates if operand.geometry["type"] == "LineString" else coordinates[0]


def _inside(longitude: float, latitude: float) -> tuple[float, float]:
    if abs(longitude) > 180:
        longitude = (longitude + 180) % 360 - 180
    return longitude, max(-90.0, min(90.0, latitude))


@pytest.mark.parametrize("operator", OPERATORS)
def test_no_point_that_matches_is_outside_the_covering(operator: str) -> None:
    chance = random.Random(operator)  # noqa: S311
    looked_at = found = 0
    while looked_at < 10_000:
        operand = an_operand(chance, operator)
        precision, most = chance.randint(1, 9), chance.choice([4, 24, 60])
        prefixes = covering(operator, operand, precision, most)
        exact = cells(operator, operand, precision, most)
        assert prefixes is None or len(prefixes) <= most
        assert exact is None or len(exact) <= most
        for place in places(chance, operand):
            looked_at += 1
            if matches(operator, place, operand):
                found += 1
                cell = encode(*place["coordinates"], precision)
                assert prefixes is None or cell.startswith(prefixes), (place, operand.geometry)
                assert exact is None or cell in exact, (place, operand.geometry)
    assert found > 100 or operator == "$geo.overlaps"


def area(prefixes: tuple[str, ...] | None) -> float:
    """Square kilometres, about, in Berlin."""
    assert prefixes is not None
    return sum(
        (east - west) * 67.7 * (north - south) * 111.2 for west, south, east, north in map(box, prefixes)
    )


def test_a_kilometre_around_a_place_in_a_city_is_a_small_part_of_it() -> None:
    operand = parse_operand("$geo.dwithin", {"geometry": point(*BERLIN), "distance": 1000})
    assert 3.1 < area(covering("$geo.dwithin", operand, 9)) < 10
    assert 3.1 < area(cells("$geo.dwithin", operand, 6)) < 20
    assert area(covering("$geo.dwithin", operand, 9, most=4)) < 100
    assert cells("$geo.dwithin", operand, 7) is None


def test_a_point_is_in_one_cell() -> None:
    for operator in ("$geo.equals", "$geo.contains", "$geo.within", "$geo.intersects"):
        operand = parse_operand(operator, point(45, 0))  # on the edge of two
        assert covering(operator, operand, 9) == cells(operator, operand, 9) == (encode(45, 0, 9),)


def test_nothing_is_covered_where_no_point_can_match() -> None:
    for operator, operand in (
        ("$geo.overlaps", SQUARE),
        ("$geo.contains", SQUARE),
        ("$geo.equals", DIAGONAL),
        ("$geo.touches", point(0, 0)),
    ):
        parsed = parse_operand(operator, operand)
        assert covering(operator, parsed, 9) == cells(operator, parsed, 9) == ()


def test_a_circle_over_the_antimeridian_is_covered_on_both_sides() -> None:
    operand = parse_operand("$geo.dwithin", {"geometry": point(180, 0.1), "distance": 20_000})
    found = covering("$geo.dwithin", operand, 9)
    assert found
    assert {box(cell)[0] > 0 for cell in found} == {True, False}


def test_half_the_globe_has_no_covering() -> None:
    operand = parse_operand("$geo.dwithin", {"geometry": point(0, 0), "distance": 15_000_000})
    assert covering("$geo.dwithin", operand, 9) is None
