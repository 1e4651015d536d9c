from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import Schema, ValidationError

from libs.resource.geo.attributes import CellAttribute, GeometryAttribute, GeometryField
from libs.resource.geo.operators import parse_operand
from libs.resource.schema.json_schema import field_schema

ALL = ("Point", "LineString", "Polygon")


class PlaceSchema(Schema):
    place = GeometryField(kinds=ALL)
    spot = GeometryField(allow_none=True)


def faults(kind: str, coordinates: Any) -> Any:
    with pytest.raises(ValidationError) as caught:
        PlaceSchema().load({"place": {"type": kind, "coordinates": coordinates}})
    return caught.value.messages_dict["place"]


@pytest.mark.parametrize(
    ("kind", "coordinates"),
    [
        ("Point", [13, 52.5]),
        ("Point", [-180.0, 90]),
        ("LineString", [[0, 0], [1, 1], [0, 1], [1, 0]]),  # it may cross itself
        ("Polygon", [[[0, 0], [9, 0], [9, 9], [0, 0]], [[3, 1], [4, 1], [4, 2], [3, 1]]]),
    ],
)
def test_a_geometry_is_shown_as_it_was_sent(kind: str, coordinates: Any) -> None:
    sent = {"place": {"type": kind, "coordinates": coordinates}}
    loaded = PlaceSchema().load(sent)
    stored = GeometryAttribute(kinds=ALL).serialize(loaded["place"])
    assert stored is not None
    shown = PlaceSchema().dump({"place": GeometryAttribute(kinds=ALL).deserialize(stored)})
    assert shown == sent
    assert repr(shown) == repr(sent)  # 13 has not become 13.0


@pytest.mark.parametrize(
    ("kind", "coordinates", "told"),
    [
        ("Circle", [0, 0], {"type": ["must be Point or LineString or Polygon"]}),
        ("point", [0, 0], {"type": ["must be Point or LineString or Polygon"]}),
        ("Point", [0, 0, 0], {"coordinates": ["must be [longitude, latitude], without an altitude"]}),
        ("Point", [], {"coordinates": ["must be [longitude, latitude], without an altitude"]}),
        (
            "Point",
            ["1", float("inf")],
            {
                "coordinates": {
                    0: ["must be a longitude: a number from -180 to 180"],
                    1: ["must be a latitude: a number from -90 to 90"],
                }
            },
        ),
        ("Point", [True, 0], {"coordinates": {0: ["must be a longitude: a number from -180 to 180"]}}),
        ("LineString", [[0, 0]], {"coordinates": ["must be a list of 2 or more positions"]}),
        ("Polygon", [], {"coordinates": ["must be a list of rings: the outline, then the holes"]}),
        (
            "Polygon",
            [[[0, 0], [1, 0], [1, 1], [0, 1]], [[0, 0]]],
            {
                "coordinates": {
                    0: ["must end with the position it begins with"],
                    1: ["must be a list of 4 or more positions"],
                }
            },
        ),
        (
            "Polygon",
            [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]],
            {"coordinates": ["must be those of a valid Polygon: Self-intersection[1 1]"]},
        ),
        (
            "LineString",
            [[1, 1], [1, 1]],
            {
                "coordinates": [
                    "must be those of a valid LineString: Too few points in geometry component[1 1]"
                ]
            },
        ),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_where_it_is(kind: str, coordinates: Any, told: Any) -> None:
    assert faults(kind, coordinates) == told


def test_a_geometry_has_two_members() -> None:
    for sent, told in (
        ([1, 2], ["must be a GeoJSON geometry: an object with type and coordinates"]),
        (
            {"type": "Point", "coordinates": [1, 2], "bbox": []},
            {"bbox": ["is not known; a geometry has type and coordinates"]},
        ),
    ):
        with pytest.raises(ValidationError) as caught:
            PlaceSchema().load({"place": sent})
        assert caught.value.messages_dict == {"place": told}


def test_a_field_takes_its_own_kinds_only() -> None:
    with pytest.raises(ValidationError, match="must be Point"):
        PlaceSchema().load({"spot": {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}})
    assert PlaceSchema().load({"spot": None}) == {"spot": None}
    assert GeometryAttribute(kinds=ALL).field(required=True).kinds == ALL


def test_unknown_kinds_are_a_mistake_told_at_once() -> None:
    for kinds in ((), "Point", ("Circle",)):
        with pytest.raises(TypeError, match="kinds must be some of Point, LineString, Polygon"):
            GeometryAttribute(kinds=kinds)
        with pytest.raises(TypeError, match="kinds must be some of Point, LineString, Polygon"):
            GeometryField(kinds=kinds)


def test_an_attribute_stores_nothing_else() -> None:
    attribute = GeometryAttribute()
    assert attribute.serialize(None) is None
    for value in ({"type": "Point", "coordinates": [181, 0]}, {"type": "LineString"}, "here"):
        with pytest.raises(ValueError, match="must be"):
            attribute.serialize(value)


@given(st.floats(-180, 180), st.floats(-90, 90))
def test_a_stored_point_is_the_point(longitude: float, latitude: float) -> None:
    value = {"type": "Point", "coordinates": [longitude, latitude]}
    stored = GeometryAttribute().serialize(value)
    assert stored is not None
    assert GeometryAttribute().deserialize(stored) == value


def test_a_field_brings_its_operators() -> None:
    operator = PlaceSchema().fields["place"].where_operators["$geo.within"]
    assert operator.parse is not None
    operand = operator.parse({"type": "POLYGON", "coordinates": [[[0, 0], [2, 0], [2, 2], [0, 0]]]})
    assert operator.matcher(operand)({"type": "Point", "coordinates": [1, 0.5]})
    assert not operator.matcher(operand)({"type": "Point", "coordinates": [0.5, 1]})
    with pytest.raises(ValueError, match=r"^type must be"):
        operator.parse({})


def test_a_cell_is_derived_from_points_only() -> None:
    attribute = CellAttribute("place", precision=5)
    assert attribute.derive({"type": "Point", "coordinates": [-5.6, 42.6]}) == "ezs42"
    assert attribute.derive({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}) is None
    assert attribute.null
    assert attribute.source == "place"
    attribute.check_source(GeometryAttribute())
    for other in (GeometryAttribute(kinds=ALL), CellAttribute("place")):
        with pytest.raises(TypeError, match="place must be a GeometryAttribute"):
            attribute.check_source(other)


def test_a_cell_tells_what_an_index_is_to_be_asked_for() -> None:
    attribute = CellAttribute("place", precision=5)
    operand = parse_operand("$geo.equals", {"type": "Point", "coordinates": [-5.6, 42.6]})
    assert (
        attribute.prefixes("$geo.equals", operand) == attribute.values("$geo.equals", operand) == ("ezs42",)
    )
    assert attribute.prefixes("$eq", "ezs42") is attribute.values("$eq", "ezs42") is None


def test_a_cell_of_an_impossible_precision_is_a_mistake_told_at_once() -> None:
    for precision in (0, 13, "5"):
        with pytest.raises(TypeError, match="1 to 12 characters"):
            CellAttribute("place", precision=precision)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("place", "valid"),
    [
        ({"type": "Point", "coordinates": [180, -90.0]}, True),
        ({"type": "Point", "coordinates": [0, 90.5]}, False),
        ({"type": "Point", "coordinates": [0, 0, 0]}, False),
        ({"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, True),
        ({"type": "LineString", "coordinates": [[0, 0]]}, False),
        ({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]}, True),
        ({"type": "Polygon", "coordinates": [0, 0]}, False),
        ({"type": "MultiPoint", "coordinates": [[0, 0]]}, False),
        ({"type": "Point"}, False),
        (None, False),
    ],
    ids=str,
)
def test_its_json_schema_says_what_is_taken(place: Any, valid: bool) -> None:
    schema = jsonschema_rs.Draft202012Validator(field_schema(PlaceSchema().fields["place"]))
    assert schema.is_valid(place) == valid == (PlaceSchema().validate({"place": place}) == {})


def test_the_json_schema_of_one_that_may_be_null_says_so() -> None:
    for kinds in (ALL, ("Point",)):
        schema = field_schema(GeometryField(kinds=kinds, allow_none=True))
        assert jsonschema_rs.Draft202012Validator(schema).is_valid(None)
