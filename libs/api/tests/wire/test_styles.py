"""Every style, both ways: what is written is what is read, and looks as the standard shows it."""

import re
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from libs.api.wire.parameter import Parameter
from libs.api.wire.texts import cookie_texts, query_texts

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
VALUES = {
    "string": TEXTS,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
    lambda one: st.lists(one) | st.dictionaries(TEXTS, one),
    max_leaves=5,
)
STYLES = [
    ("path", "simple", False), ("path", "simple", True), ("path", "label", False), ("path", "label", True),
    ("path", "matrix", False), ("path", "matrix", True), ("query", "form", False), ("query", "form", True),
    ("query", "spaceDelimited", False), ("query", "pipeDelimited", False), ("query", "deepObject", True),
    ("query", "deepObject", False), ("header", "simple", False), ("header", "simple", True),
    ("cookie", "form", False), ("cookie", "form", True),
]  # fmt: skip


def parameter(location, style, explode, schema, **more):
    node = {"name": "color", "in": location, "style": style, "explode": explode, "schema": schema, **more}
    return Parameter.from_document(node, {})


def sent(one, pairs):
    """Return what a server gets of written pairs, by the same way as they go over the wire."""
    if one.location == "query":
        return query_texts("&".join(f"{quote(name)}={text}" for name, text in pairs))
    if one.location == "cookie":
        return cookie_texts("; ".join(f"{name}={text}" for name, text in pairs))
    return {name: [text] for name, text in pairs}


@st.composite
def shapes(draw):
    """A schema, and a value of it."""
    kind = draw(st.sampled_from(list(VALUES)))
    shape = draw(st.sampled_from(["scalar", "array", "object", "union"]))
    if shape == "scalar":
        return {"type": kind}, draw(VALUES[kind])
    if shape == "union":
        return {"anyOf": [{"type": kind}, {"type": "string"}]}, draw(VALUES[kind] | TEXTS)
    if shape == "array":
        return {"type": "array", "items": {"type": kind}}, draw(st.lists(VALUES[kind], max_size=4))
    names = draw(
        st.lists(st.text("abcR-_.,=|; é[]", min_size=1, max_size=5), unique=True, min_size=1, max_size=3)
    )
    schema = {"type": "object", "properties": {name: {"type": kind} for name in names}}
    return schema, draw(st.fixed_dictionaries({}, optional=dict.fromkeys(names, VALUES[kind])))


@given(st.sampled_from(STYLES), shapes(), st.booleans())
@example(("query", "form", False), ({"type": "array"}, ["a,b"]), True)
@example(("query", "form", True), ({"type": "string"}, ":/?#[]@!$&'()*+,;=%20 "), True)
@example(("cookie", "form", True), ({"type": "string"}, 'a; b="c"'), False)
@settings(max_examples=600)
def test_what_is_written_is_what_is_read(style, shaped, reserved):
    schema, value = shaped
    try:
        one = parameter(*style, schema, **({"allowReserved": reserved} if style[0] == "query" else {}))
    except ValueError as error:  # a scalar as a deepObject, a name with a space in a cookie
        assume("has no form" not in str(error) and "no cookie can have" not in str(error))
        raise
    try:
        pairs = one.write(value)
    except ValueError:  # it says so, which is tested below
        return
    if not pairs:
        assert value in ([], {})
        return
    assert all(re.fullmatch(r"[\x20-\x7e\x80-\xff\t]*", text) for _, text in pairs)
    if style[0] in ("path", "query"):
        assert all(re.fullmatch(r"[!$%'()*,.:;=?@\[\]/|~A-Za-z0-9_-]*", text) for _, text in pairs)
    found, faults = one.read(sent(one, pairs))
    assert faults == []
    assert found == value
    assert [type(a) for a in found] == [type(b) for b in value] if isinstance(value, list) else True


@given(st.sampled_from(STYLES), shapes(), st.text(st.characters(max_codepoint=255), max_size=20))
@settings(max_examples=400)
def test_any_text_is_a_value_the_schema_takes_or_a_fault(style, shaped, text):
    try:
        one = parameter(*style, shaped[0])
    except ValueError:
        assume(False)
    found, faults = one.read({"color": [text], "color[R]": [text], "R": [text]})
    assert faults or one.schema.faults(found) == [] or found is None
    assert all(fault.parameter == "color" for fault in faults)
    assert len(text) < 6 or all(text not in fault.detail for fault in faults)


ARRAY = {"type": "array", "items": {"type": "string"}}
OBJECT = {"type": "object", "properties": {name: {"type": "integer"} for name in "RGB"}}
BLUE, RGB = ["blue", "black", "brown"], {"R": 100, "G": 200, "B": 150}


@pytest.mark.parametrize(
    ("location", "style", "explode", "schema", "value", "written"),
    [
        ("path", "simple", False, ARRAY, BLUE, "blue,black,brown"),
        ("path", "simple", False, OBJECT, RGB, "R,100,G,200,B,150"),
        ("path", "simple", True, OBJECT, RGB, "R=100,G=200,B=150"),
        ("path", "label", False, {}, "blue", ".blue"),
        ("path", "label", False, ARRAY, BLUE, ".blue,black,brown"),
        ("path", "label", True, ARRAY, BLUE, ".blue.black.brown"),
        ("path", "label", False, OBJECT, RGB, ".R,100,G,200,B,150"),
        ("path", "label", True, OBJECT, RGB, ".R=100.G=200.B=150"),
        ("path", "matrix", False, {}, "", ";color"),
        ("path", "matrix", False, {}, "blue", ";color=blue"),
        ("path", "matrix", False, ARRAY, BLUE, ";color=blue,black,brown"),
        ("path", "matrix", True, ARRAY, BLUE, ";color=blue;color=black;color=brown"),
        ("path", "matrix", False, OBJECT, RGB, ";color=R,100,G,200,B,150"),
        ("path", "matrix", True, OBJECT, RGB, ";R=100;G=200;B=150"),
        ("query", "form", False, {}, "", "color="),
        ("query", "form", True, ARRAY, BLUE, "color=blue&color=black&color=brown"),
        ("query", "form", False, ARRAY, BLUE, "color=blue,black,brown"),
        ("query", "form", True, OBJECT, RGB, "R=100&G=200&B=150"),
        ("query", "form", False, OBJECT, RGB, "color=R,100,G,200,B,150"),
        ("query", "spaceDelimited", False, ARRAY, BLUE, "color=blue%20black%20brown"),
        ("query", "spaceDelimited", False, OBJECT, RGB, "color=R%20100%20G%20200%20B%20150"),
        ("query", "pipeDelimited", False, ARRAY, BLUE, "color=blue%7Cblack%7Cbrown"),
        ("query", "pipeDelimited", False, OBJECT, RGB, "color=R%7C100%7CG%7C200%7CB%7C150"),
        ("query", "deepObject", True, OBJECT, RGB, "color[R]=100&color[G]=200&color[B]=150"),
        ("header", "simple", False, ARRAY, BLUE, "color: blue,black,brown"),
        ("header", "simple", True, OBJECT, RGB, "color: R=100,G=200,B=150"),
        ("cookie", "form", False, ARRAY, BLUE, "color=blue,black,brown"),
        ("cookie", "form", True, {}, "blue", "color=blue"),
        ("cookie", "form", True, ARRAY, BLUE, "color=blue; color=black; color=brown"),
    ],
)
def test_a_value_looks_as_the_standard_shows_it(location, style, explode, schema, value, written):
    one = parameter(location, style, explode, schema)
    pairs = one.write(value)
    looks = {
        "path": lambda: pairs[0][1],
        "query": lambda: "&".join("=".join(pair) for pair in pairs),
        "header": lambda: ": ".join(pairs[0]),
        "cookie": lambda: "; ".join("=".join(pair) for pair in pairs),
    }
    assert looks[location]() == written
    assert one.read(sent(one, pairs)) == (value, [])


@pytest.mark.parametrize(
    ("style", "text"),
    [
        ("spaceDelimited", "blue+black"),
        ("spaceDelimited", "blue%20black"),
        ("pipeDelimited", "blue|black"),
        ("pipeDelimited", "blue%7cblack"),
    ],
)
def test_a_delimiter_may_be_sent_in_any_spelling(style, text):
    assert parameter("query", style, False, ARRAY).read({"color": [text]}) == (["blue", "black"], [])


@pytest.mark.parametrize(
    ("location", "style", "explode", "schema", "value"),
    [
        ("query", "spaceDelimited", False, ARRAY, ["a b"]),
        ("query", "pipeDelimited", False, ARRAY, ["a|b"]),
        ("header", "simple", False, ARRAY, ["a,b"]),
        ("header", "simple", False, ARRAY, [""]),
        ("header", "simple", False, {}, " a"),
        ("header", "simple", False, {}, "a\r\nX-Admin: 1"),
        ("header", "simple", False, {}, "a\0"),
        ("query", "form", False, ARRAY, [""]),
        ("query", "form", False, {}, "a\0"),
        ("query", "form", False, {}, "\ud800a"),
        ("path", "simple", False, ARRAY, []),
        ("path", "matrix", True, ARRAY, []),
        ("query", "form", True, {"type": ["integer", "string"]}, "5"),
        ("query", "form", True, {"type": ["string", "null"]}, None),
        ("query", "form", True, ARRAY, "blue"),
        ("query", "deepObject", True, OBJECT, [1]),
    ],
)
def test_what_could_not_be_read_again_is_not_written(location, style, explode, schema, value):
    with pytest.raises(ValueError, match=r"^color: ") as caught:
        parameter(location, style, explode, schema).write(value)
    assert not isinstance(value, str) or len(value) < 3 or value not in str(caught.value)


def test_an_object_may_hold_arrays_where_each_item_is_sent_by_itself():
    schema = {"type": "object", "properties": {"tags": ARRAY, "n": {"type": "integer"}}}
    for style in ("deepObject", "form"):
        one = parameter("query", style, True, schema)
        value = {"tags": ["a", "b&c"], "n": 5}
        assert one.read(sent(one, one.write(value))) == (value, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("color[R]=1&color[R]=2", "holds a name more than once"),
        ("color[R]=x", "is not of type integer"),
        ("color[X]=1", "is not a known field"),
    ],
)
def test_what_is_wrong_inside_of_an_object_is_told(text, told):
    schema = {**OBJECT, "additionalProperties": False}
    (fault,) = parameter("query", "deepObject", True, schema).read(query_texts(text))[1]
    assert (fault.detail, fault.parameter) == (told, "color")


@pytest.mark.parametrize("text", ["R", "R,1,G", "=", "R=1"])
def test_an_object_is_names_and_values(text):
    (fault,) = parameter("path", "simple", False, OBJECT).read({"color": [text]})[1]
    assert fault.detail in ("is not a list of names and values", "is not of type integer")


@pytest.mark.parametrize(
    ("style", "text"), [("label", "blue"), ("matrix", "blue"), ("matrix", ";colour=blue")]
)
def test_a_text_of_another_style_is_a_fault(style, text):
    (fault,) = parameter("path", style, False, {}).read({"color": [text]})[1]
    assert re.match("does not begin with|is not ;color=", fault.detail)


@pytest.mark.parametrize("location", ["path", "query", "header", "cookie"])
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | TEXTS,
        lambda one: st.lists(one) | st.dictionaries(TEXTS, one),
        max_leaves=5,
    )
)
def test_any_json_may_be_a_parameter(location, value):
    node = {"name": "color", "in": location, "content": {"application/json": {"schema": {}}}}
    one = Parameter.from_document(node, {})
    pairs = one.write(value)
    assert location != "header" or pairs[0][1].isascii()
    assert one.read(sent(one, pairs)) == (value, [])


@pytest.mark.parametrize("text", ["{", '{"a":1,"a":2}', "NaN", ""])
def test_a_json_parameter_is_read_strictly(text):
    node = {"name": "color", "in": "query", "content": {"application/json": {"schema": {}}}}
    (fault,) = Parameter.from_document(node, {}).read({"color": [text]})[1]
    assert fault.detail == "is not JSON"


@pytest.mark.parametrize(("written", "joined"), [("tsv", "a%09b"), ("ssv", "a%20b"), ("pipes", "a%7Cb")])
@pytest.mark.parametrize("location", ["path", "query", "header"])
def test_the_lists_of_swagger_2_are_served(written, joined, location):
    one = parameter(
        location,
        "form" if location == "query" else "simple",
        False,
        ARRAY,
        **{"x-collection-format": written},
    )
    pairs = one.write(["a", "b"])
    assert location == "header" or pairs == [("color", joined)]
    assert one.read(sent(one, pairs)) == (["a", "b"], [])
    with pytest.raises(ValueError, match=r"color: holds"):
        one.write(["a\tb" if written == "tsv" else "a b" if written == "ssv" else "a|b"])


RANGE = {"type": "object", "additionalProperties": False, "properties": {"gt": {"type": "integer"}}}
CREATED = {"anyOf": [RANGE, {"type": "integer"}]}
LIST = {"type": "array", "items": {"type": "string", "maxLength": 5}}


@pytest.mark.parametrize(
    ("schema", "value", "written"),
    [
        (CREATED, 5, "color=5"),
        (CREATED, {"gt": 5}, "color[gt]=5"),
        ({"oneOf": [RANGE, {"type": "string", "enum": [""]}]}, "", "color="),
        ({"anyOf": [LIST, {"type": "string", "enum": [""]}]}, "", "color="),
        ({"anyOf": [LIST, {"type": "string", "enum": [""]}]}, ["a", "b"], "color[0]=a&color[1]=b"),
        (LIST, ["a", "b"], "color[0]=a&color[1]=b"),
    ],
)
def test_brackets_tell_lists_objects_and_scalars_apart(schema, value, written):
    one = parameter("query", "deepObject", True, schema)
    assert "&".join(f"{name}={text}" for name, text in one.write(value)) == written
    assert one.read(query_texts(written)) == (value, [])


def test_the_items_of_a_list_may_come_in_any_order_and_without_a_number():
    one = parameter("query", "deepObject", True, LIST)
    assert one.read(query_texts("color[1]=b&color[0]=a")) == (["a", "b"], [])
    assert one.read(query_texts("color[]=a&color[]=b")) == (["a", "b"], [])
    assert one.read({}) == (None, [])


@pytest.mark.parametrize(
    ("schema", "text", "told"),
    [
        (RANGE, "color=5", "is an object: color[gt]=…"),
        (LIST, "color=a", "is a list: color[0]=…&color[1]=…"),
        (LIST, "color[1]=a", "is a list: color[0]=…&color[1]=…"),
        (LIST, "color[0]=a&color[00]=b", "is a list: color[0]=…&color[1]=…"),
        (LIST, "color[]=a&color[0]=b", "is a list: color[0]=…&color[1]=…"),
        (LIST, "color[0]=a&color[0]=b", "is a list: color[0]=…&color[1]=…"),
        (CREATED, "color=5&color[gt]=5", "was sent more than once"),
        (CREATED, "color=5&color=6", "was sent more than once"),
        (RANGE, "color[gt][x]=5", "is an object that holds only scalars and lists of them"),
        ({"type": "object"}, "color[gt][x]=5", "is an object that holds only scalars and lists of them"),
    ],
)
def test_brackets_that_say_something_else_are_a_fault(schema, text, told):
    (fault,) = parameter("query", "deepObject", True, schema).read(query_texts(text))[1]
    assert (fault.detail, fault.pointer, fault.parameter) == (told, None, "color")


def test_names_of_brackets_that_could_not_be_read_again_are_not_written():
    with pytest.raises(ValueError, match="holds only scalars"):
        parameter("query", "deepObject", True, {"type": "object"}).write({"a][b": "1"})


def test_a_fault_of_an_item_has_its_place():
    for style, text in (("form", "color=a&color=abcdef"), ("deepObject", "color[0]=a&color[1]=abcdef")):
        (fault,) = parameter("query", style, True, LIST).read(query_texts(text))[1]
        assert (fault.detail, fault.pointer) == ("is longer than 5 characters", "/1")
