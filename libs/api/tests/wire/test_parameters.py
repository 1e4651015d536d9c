"""Text on the wire becomes a value or a fault."""

import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.api.wire.parameter import Parameter

SCALARS = ["string", "integer", "number", "boolean"]
OBJECT = {"type": "object", "properties": {"a": {"type": "string"}}}


def parameter(schema, *, location="query", name="p", document=None, **more):
    return Parameter.from_document({"name": name, "in": location, "schema": schema, **more}, document or {})


def read(one, *texts):
    """Return value and faults of texts, percent-encoded here as a client does."""
    return one.read({"p": [quote(text) for text in texts]} if texts else {})


def value(schema, *texts, **more):
    """Return the value of `texts`, which must have no fault."""
    found, faults = read(parameter(schema, **more), *texts)
    assert faults == []
    return found


def fault(schema, *texts, pointer=None, **more):
    """Return the text of the one fault of `texts`."""
    (found,) = read(parameter(schema, **more), *texts)[1]
    assert (found.parameter, found.pointer) == ("p", pointer)
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
    [("integer", text) for text in ["", "x", "1.0", "1e3", "0x1", " 1", "1\n", "1_000", "٣", "+1", "9" * 20]]
    + [("integer", str(number)) for number in (2**64, -(2**63) - 1, -(10**19) + 1)]
    + [("number", text) for text in ["", "x", "nan", "inf", "1e999", ".5", "1.", "1,5", "٣", "--1"]]
    + [("boolean", text) for text in ["", "1", "0", "True", "yes", "on", "TRUE"]],
)
def test_text_that_is_not_of_the_type_is_a_fault(kind, text):
    assert fault({"type": kind}, text) == f"is not of type {kind}"


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=25)


@given(
    st.sampled_from(SCALARS) | st.tuples(st.just("array"), st.sampled_from(SCALARS)),
    st.lists(TEXTS | st.from_regex(r"-?[0-9.eE+-]{1,30}", fullmatch=True), max_size=3),
)
def test_any_text_is_a_value_of_the_type_or_a_fault(kind, texts):
    array = isinstance(kind, tuple)
    schema = {"type": "array", "items": {"type": kind[1]}} if array else {"type": kind}
    found, faults = read(parameter(schema), *texts)
    types = {"string": str, "integer": int, "number": float, "boolean": bool}
    if not texts:
        assert (found, faults) == (None, [])
    elif not faults:
        values = found if array else [found]
        assert [type(one) for one in values] == [types[kind[1] if array else kind]] * len(texts)
    assert all(one.parameter == "p" for one in faults)


@given(st.integers(-(2**63), 2**64 - 1))
@example(-(2**63))
@example(2**64 - 1)
def test_integers_come_back_as_they_were_sent(number):
    assert value({"type": "integer"}, str(number)) == number


def test_the_schema_is_checked_after_the_type():
    assert fault({"type": "integer", "maximum": 100}, "101") == "is greater than the maximum of 100"
    assert fault({"enum": ["a", "b"]}, "c") == "is not one of a or b"
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
    assert fault(numbers, "1", "x", pointer="/1") == "is not of type integer"
    assert fault(numbers, "1", "2", "3") == "has more than 2 items"
    assert value({"type": "array"}, "1", "b") == ["1", "b"]


def test_a_comma_list_is_sent_as_one_text():
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 1}
    numbers = parameter(schema, explode=False, style="form")
    assert numbers.read({"p": ["1,2"]}) == ([1, 2], [])
    assert numbers.read({"p": ["1"]}) == ([1], [])
    assert numbers.read({}) == (None, [])
    assert fault(schema, "", explode=False) == "has less than 1 item"
    assert fault(schema, "1,,2", explode=False, pointer="/0") == "is not of type integer"
    assert fault(schema, "1", "2", explode=False) == "was sent more than once"
    assert parameter({"type": "string"}, explode=False).read({"p": ["a,b"]}) == ("a,b", [])


@pytest.mark.parametrize("item", [{"type": "integer"}, {"enum": ["1", "2"]}, {"pattern": "^[^,]*$"}])
def test_an_encoded_comma_is_one_between_items_where_no_item_holds_one(item):
    one = parameter({"type": "array", "items": item}, explode=False)
    assert [str(item) for item in one.read({"p": ["1%2C2"]})[0]] == ["1", "2"]


def test_an_encoded_comma_belongs_to_an_item_that_may_hold_one():
    one = parameter({"type": "array", "items": {"type": "string"}}, explode=False)
    assert one.read({"p": ["a%2Cb"]}) == (["a,b"], [])
    assert one.read({"p": ["a%2cb,c"]}) == (["a,b", "c"], [])


def test_what_is_wrong_with_a_list_is_told_of_the_list_as_the_standard_reads_it():
    one = parameter({"type": "array", "items": {"type": "integer"}}, explode=False)
    assert [one.detail for one in one.read({"p": ["1%2Cx"]})[1]] == ["is not of type integer"]


def test_a_header_is_text_without_escapes():
    one = parameter({"type": "string"}, location="header")
    assert one.read({"p": ['"a%2C"']}) == ('"a%2C"', [])
    assert one.read({"p": ["grün".encode().decode("latin-1")]}) == ("grün", [])
    assert one.read({"p": ["gr\xfcn"]})[1][0].detail == "is not UTF-8"


@pytest.mark.parametrize(
    ("location", "text", "told"),
    [
        ("query", "%FF", "is not UTF-8"),
        ("query", "%C3", "is not UTF-8"),
        ("query", "%ED%A0%80", "is not UTF-8"),
        ("query", "\xfc", "is not UTF-8"),
        ("query", "a%00", "holds a NUL"),
        ("cookie", "%00", "holds a NUL"),
        ("path", "%00", "holds a NUL"),
        ("header", "\0", "holds a NUL"),
    ],
)
def test_text_that_is_none_is_a_fault(location, text, told):
    (found,) = parameter({"type": "string"}, location=location).read({"p": [text]})[1]
    assert (found.detail, found.parameter) == (told, "p")


@pytest.mark.parametrize(
    ("schema", "text", "expected"),
    [
        ({"type": ["integer", "string"]}, "5", 5),
        ({"type": ["integer", "string"]}, "005", "005"),
        ({"type": ["string", "integer"]}, "x", "x"),
        ({"type": ["integer", "boolean"]}, "true", True),
        ({"type": ["integer", "boolean"]}, "005", 5),
        ({"enum": [1, "2", True, None]}, "1", 1),
        ({"enum": [1, "2", True, None]}, "2", "2"),
        ({"enum": [1, "2", True, None]}, "true", True),
        ({"enum": [1, 2.5]}, "2.5", 2.5),
        ({"const": 7}, "7", 7),
        ({"oneOf": [{"type": "integer"}, {"const": "all"}]}, "all", "all"),
        ({"anyOf": [{"type": "number", "maximum": 1}, {"type": "string"}]}, "5", "5"),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "", None),
        ({"type": ["string", "null"]}, "", ""),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, "5", 5),
        ({"allOf": [{"type": ["integer", "string"]}, {"type": "string"}]}, "5", "5"),
        ({"minimum": 3}, "5", "5"),
    ],
)
def test_where_there_are_several_types_the_first_the_schema_takes_is_it(schema, text, expected):
    found = value(schema, text)
    assert (found, type(found)) == (expected, type(expected))


def test_where_no_type_fits_one_fault_says_so():
    assert fault({"type": ["integer", "boolean"]}, "x") == "is not of type boolean or integer"


def test_a_parameter_may_be_there_without_a_value():
    more = {"allowEmptyValue": True}
    assert value({"type": "integer"}, "", **more) is None
    assert value({"type": "string", "minLength": 3}, "", **more) is None
    assert value({"type": "string"}, "", **more) == ""
    assert fault({"type": "integer"}, "x", **more) == "is not of type integer"


def test_a_default_is_one_that_the_schema_takes_and_no_handler_shares():
    with pytest.raises(ValueError, match="parameter 'p' has a default that its schema refuses"):
        parameter({"type": "integer", "default": "x"})
    content = {"application/json": {"schema": {"default": [[1]]}}}
    deep = Parameter.from_document({"name": "p", "in": "query", "content": content}, {})
    deep.read({})[0][0].append(2)
    assert deep.read({})[0] == [[1]]
    one = parameter({"type": "array", "default": [1]})
    one.read({})[0].append(2)
    assert one.read({}) == ([1], [])


def test_schemas_may_be_references():
    schemas = {
        "Size": {"type": "integer", "default": 3},
        "Sizes": {"type": "array", "items": {"$ref": "#/s/Size"}},
    }
    document = {"s": schemas, "components": {"schemas": {"Size": schemas["Size"]}}}
    one = parameter({"$ref": "#/components/schemas/Size"}, document=document)
    assert one.read({"p": ["4"]}) == (4, [])
    assert one.read({}) == (3, [])


@pytest.mark.parametrize(
    ("location", "name", "argument"),
    [
        ("header", "If-Match", "if_match"),
        ("query", "pageSize", "pageSize"),
        ("query", "page-size", "page_size"),
        ("query", "filter[a]", "filter_a"),
        ("query", "$filter", "filter"),
        ("query", "_id", "_id"),
        ("query", "class", "class_"),
        ("header", "From", "from_"),
        ("query", "None", "None_"),
        ("query", "2nd", "_2nd"),
        ("query", "größe", "größe"),
        ("query", "a.b c", "a_b_c"),
        ("cookie", "sid", "sid"),
    ],
)
def test_an_argument_is_a_name_in_python(location, name, argument):
    assert parameter({}, location=location, name=name).argument == argument


@pytest.mark.parametrize(
    ("schema", "location", "told"),
    [
        ({}, "body", "parameter 'p' is in 'body'; path, query, header, cookie are served"),
        ({"type": "array", "items": {"type": "object"}}, "query", "in it is object, which has no text form"),
        ({"type": "array", "items": {"type": "array"}}, "query", "in it is array, which has no text form"),
        ({"type": ["array", "string"]}, "query", "it is array or string, which has no text form"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "query", "in it is what has no type"),
        ({"properties": {"a": {"type": "object"}}}, "path", "in it is object"),
        ({"properties": {"a": {"type": "array"}}}, "path", "is an object that holds an array"),
        ({"$ref": "#/nowhere"}, "query", "leads nowhere"),
        ({"minimum": "x"}, "query", "its schema is not valid"),
    ],
)
def test_a_parameter_that_is_not_served_is_an_error(schema, location, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        parameter(schema, location=location)


@pytest.mark.parametrize(
    ("location", "schema", "more", "told"),
    [
        ("query", {}, {"style": "simple"}, "has the style 'simple'; form and spaceDelimited and"),
        ("path", {}, {"style": "form"}, "has the style 'form'; simple and label and matrix"),
        ("header", {}, {"style": "form"}, "has the style 'form'; simple are"),
        ("query", {}, {"style": "deepObject"}, "is a scalar, which has no form in the style 'deepObject'"),
        ("query", {}, {"style": "pipeDelimited"}, "is a scalar, which has no form"),
        (
            "query",
            {"anyOf": [OBJECT, {"type": "array"}]},
            {"style": "deepObject"},
            "it is array or object, which",
        ),
        (
            "query",
            {"anyOf": [OBJECT, OBJECT, {"type": "string"}]},
            {"style": "deepObject"},
            "it is object or",
        ),
        (
            "query",
            {"anyOf": [OBJECT, {"type": "string"}]},
            {},
            "it is object or string, which has no text form",
        ),
        (
            "query",
            {"type": "array"},
            {"style": "pipeDelimited", "explode": True},
            "has the style 'pipeDelimited' and explode: true",
        ),
    ],
)
def test_a_style_that_is_not_served_is_an_error(location, schema, more, told):
    with pytest.raises(ValueError, match=re.escape(f"parameter 'p' {told}")):
        parameter(schema, location=location, **more)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"application/json": {}, "text/plain": {}},
        {"image/png": {}},
        {"text/plain": {"schema": {"type": "array"}}},
    ],
)
def test_a_content_is_json_or_a_scalar_as_text(content):
    with pytest.raises(ValueError, match="parameter 'p' "):
        Parameter.from_document({"name": "p", "in": "query", "content": content}, {})
