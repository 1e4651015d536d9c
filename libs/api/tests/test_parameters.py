"""Text on the wire becomes a value or a fault."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.parameters import Parameter
from libs.api.schemas import MOST_CHOICES

SCALARS = ["string", "integer", "number", "boolean"]


def parameter(schema, *, location="query", name="p", document=None, **more):
    return Parameter.from_document({"name": name, "in": location, "schema": schema, **more}, document or {})


def value(schema, *texts):
    """Return the value of `texts`, which must have no fault."""
    found, faults = parameter(schema).read(texts)
    assert faults == []
    return found


def fault(schema, *texts, **more):
    """Return the text of the one fault of `texts`."""
    (found,) = parameter(schema, **more).read(texts)[1]
    assert (found.parameter, found.pointer) == ("p", None)
    return found.detail


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("integer", "5", 5),
        ("integer", "-007", -7),
        ("number", "1.5", 1.5),
        ("number", "-2e3", -2000.0),
        ("number", "3", 3.0),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("string", "", ""),
        ("string", "5", "5"),
        (["null", "integer"], "5", 5),
    ],
)
def test_text_is_read_as_its_type(kind, text, expected):
    found = value({"type": kind}, text)
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("kind", "text"),
    [("integer", text) for text in ["", "x", "1.0", "1e3", "0x1", " 1", "1\n", "1_000", "٣", "+1", "9" * 19]]
    + [("number", text) for text in ["", "x", "nan", "inf", "1e999", ".5", "1.", "1,5", "٣", "--1"]]
    + [("boolean", text) for text in ["", "1", "0", "True", "yes", "on", "TRUE"]],
)
def test_text_that_is_not_of_the_type_is_a_fault(kind, text):
    assert fault({"type": kind}, text) == f"is not of type {kind}"


@given(
    st.sampled_from(SCALARS) | st.tuples(st.just("array"), st.sampled_from(SCALARS)),
    st.lists(st.text(max_size=25) | st.from_regex(r"-?[0-9.eE+-]{1,30}", fullmatch=True), max_size=3),
)
def test_any_text_is_a_value_of_the_type_or_a_fault(kind, texts):
    array = isinstance(kind, tuple)
    schema = {"type": "array", "items": {"type": kind[1]}} if array else {"type": kind}
    found, faults = parameter(schema).read(texts)
    types = {"string": str, "integer": int, "number": float, "boolean": bool}
    if not texts:
        assert (found, faults) == (None, [])
    elif not faults:
        values = found if array else [found]
        assert [type(one) for one in values] == [types[kind[1] if array else kind]] * len(texts)
    assert all(one.parameter == "p" for one in faults)


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_integers_come_back_as_they_were_sent(number):
    assert value({"type": "integer"}, str(number)) == number


def test_the_schema_is_checked_after_the_type():
    assert fault({"type": "integer", "maximum": 100}, "101") == "is greater than the maximum of 100"
    assert fault({"enum": ["a", "b"]}, "c") == "is not one of a or b"
    assert fault({"enum": ["a", "b", "c", "d"]}, "x") == "is not one of a, b, c or d"
    many = fault({"enum": [str(n) for n in range(1000)]}, "x")
    assert many.endswith(f"{MOST_CHOICES - 1} or {1000 - MOST_CHOICES} others")
    assert fault({"type": "string", "minLength": 1}, "") == "is shorter than 1 character"


def test_what_was_sent_is_never_in_a_fault():
    for schema in (
        {"type": "integer"},
        {"format": "uuid"},
        {"enum": ["a"]},
        {"maxLength": 1},
        {"pattern": "^x"},
    ):
        assert "hunter2" not in fault(schema, "hunter2")


def test_a_parameter_that_was_not_sent_has_its_default():
    assert value({"type": "integer", "default": 20}) == 20
    assert value({"type": "integer"}) is None


def test_a_required_parameter_must_be_sent():
    assert fault({"type": "integer", "default": 20}, required=True) == "is required"


def test_a_parameter_that_is_sent_twice_is_a_fault():
    assert fault({"type": "string"}, "a", "b") == "was sent more than once"


def test_an_array_is_sent_item_by_item():
    numbers = {"type": "array", "items": {"type": "integer"}, "maxItems": 2}
    assert value(numbers, "1", "2") == [1, 2]
    assert value(numbers, "1") == [1]
    assert fault(numbers, "1", "x") == "is not of type integer"
    assert fault(numbers, "1", "2", "3") == "has more than 2 items"
    assert value({"type": "array"}, "1", "b") == ["1", "b"]


def test_a_comma_list_is_sent_as_one_text():
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 1}
    numbers = parameter(schema, explode=False, style="form")
    assert numbers.read(["1,2"]) == ([1, 2], [])
    assert numbers.read(["1"]) == ([1], [])
    assert numbers.read([]) == (None, [])
    assert fault(schema, "", explode=False) == "has less than 1 item"
    assert fault(schema, "1,,2", explode=False) == "is not of type integer"
    assert fault(schema, "1", "2", explode=False) == "was sent more than once"
    assert parameter({"type": "string"}, explode=False).read(["a,b"]) == ("a,b", [])


def test_header_lines_of_one_name_are_one_value():
    assert parameter({"type": "string"}, location="header").read(['"a"', '"b"']) == ('"a", "b"', [])
    assert fault({"type": "integer"}, "1", "1", location="header") == "is not of type integer"


def test_schemas_may_be_references():
    schemas = {
        "Size": {"type": "integer", "default": 3},
        "Sizes": {"type": "array", "items": {"$ref": "#/s/Size"}},
    }
    document = {"s": schemas, "components": {"schemas": {"Size": schemas["Size"]}}}
    one = parameter({"$ref": "#/components/schemas/Size"}, document=document)
    assert one.read(["4"]) == (4, [])
    assert one.read([]) == (3, [])


def test_a_header_is_an_argument_in_python_spelling():
    assert parameter({}, location="header", name="If-Match").argument == "if_match"
    assert parameter({}, location="query", name="pageSize").argument == "pageSize"


@pytest.mark.parametrize(
    ("schema", "location", "told"),
    [
        ({}, "cookie", "parameter 'p' is in 'cookie'; path, query and header are served"),
        ({"type": "object"}, "query", "parameter 'p' is of type 'object', which has no text form here"),
        ({"type": "array", "items": {"type": "object"}}, "query", "which has no text form"),
        ({"type": "array", "items": {"type": "array"}}, "query", "which has no text form"),
        ({"type": "array"}, "path", "which has no text form"),
        ({"type": "array"}, "header", "which has no text form"),
        ({"$ref": "#/nowhere"}, "query", "does not lead to a place"),
        ({"minimum": "x"}, "query", "its schema is not valid"),
    ],
)
def test_a_parameter_that_is_not_served_is_an_error(schema, location, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parameter(schema, location=location)


@pytest.mark.parametrize(
    ("location", "style"), [("query", "deepObject"), ("path", "label"), ("header", "form")]
)
def test_a_style_that_is_not_served_is_an_error(location, style):
    with pytest.raises(ValueError, match=f"parameter 'p' has a style that is not served: {style!r}"):
        parameter({"type": "string"}, location=location, style=style)
