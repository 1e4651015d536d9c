"""Every fault, with its place, and never a value."""

import json

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.api import Schema
from libs.api.document.references import resolve
from libs.api.schema import MAX_FAULTS

NAMES = st.text(max_size=6) | st.sampled_from(["title", "tags", "child", "a/b", "m~n", "~1", ""])
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=15,
)
DOCUMENT = {
    "components": {
        "schemas": {
            "Node": {
                "type": "object",
                "additionalProperties": False,
                "required": ["title", "a/b"],
                "properties": {
                    "title": {"type": "string", "maxLength": 3},
                    "a/b": {"type": "integer"},
                    "m~n": {"enum": ["x"]},
                    "tags": {"type": "array", "uniqueItems": True, "items": {"type": "string"}},
                    "child": {"$ref": "#/components/schemas/Node"},
                },
            }
        }
    }
}
NODE = Schema({"$ref": "#/components/schemas/Node"}, DOCUMENT)


def look_up(pointer, value):
    """Follow a JSON pointer (RFC 6901)."""
    for step in pointer.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_a_good_value_has_no_faults():
    assert NODE.faults({"title": "abc", "a/b": 1, "child": {"title": "", "a/b": 2}}) == []


def test_every_fault_is_told_at_once_with_its_place():
    wrong = {"title": "long", "tags": ["a", 5], "child": {"title": 1, "a/b": 2}, "x": 1, "m~n": "y"}
    assert {fault.pointer: fault.detail for fault in NODE.faults(wrong)} == {
        "/title": "is longer than 3 characters",
        "/a~1b": "is required",
        "/m~0n": "is not one of x",
        "/tags/1": "is not of type string",
        "/child/title": "is not of type string",
        "/x": "is not a known field",
    }


@given(JSON_VALUES)
@example(10**400)
@example({"": {"": [{"": None}]}})
def test_whatever_is_sent_there_are_faults_and_no_exception(value):
    for fault in NODE.faults(value):
        place = fault.pointer
        if fault.detail == "is required":
            place, _, missing = place.rpartition("/")
            assert look_up("/" + missing, dict.fromkeys(["title", "a/b"], True))
        look_up(place, value)


@given(JSON_VALUES, st.sampled_from([True, {}, {"$ref": "#/components/schemas/Node"}, {"type": "array"}]))
def test_a_value_has_faults_or_its_json_has_none(value, schema):
    checked = Schema(schema, DOCUMENT)
    assert checked.faults(value) == checked.faults(json.loads(json.dumps(value)))


@pytest.mark.parametrize("depth", [100, 254, 255, 256, 1000])
@pytest.mark.parametrize("schema", [{"type": "string"}, {"enum": ["a"]}, {"anyOf": [{"type": "null"}]}])
def test_a_value_that_is_nested_deeply_is_a_fault_and_no_exception(schema, depth):
    value = orjson.loads("[" * depth + "]" * depth)
    (fault,) = Schema({"properties": {"name": schema}}, {}).faults({"name": value})
    assert fault.pointer == ("/name" if depth < 256 else "")


def test_no_more_faults_are_told_than_anyone_reads():
    assert len(Schema({"items": {"type": "string"}}, {}).faults([5] * 1000)) == MAX_FAULTS
    unknown = {f"name-{n}": 1 for n in range(1000)}
    assert (
        len(Schema({"additionalProperties": False, "properties": {"a": {}}}, {}).faults(unknown))
        == MAX_FAULTS
    )


SECRET = "hunter2hunter2"
KEYWORDS = [
    {"type": "integer"}, {"enum": ["a"]}, {"const": "a"}, {"format": "email"}, {"format": "uuid"},
    {"format": "date-time"}, {"pattern": "^x$"}, {"minLength": 50}, {"maxLength": 2}, {"not": {}}, False,
    {"anyOf": [{"type": "null"}, {"type": "integer"}]}, {"oneOf": [{"type": "string"}, {"minLength": 1}]},
    {"oneOf": [{"type": "null"}]}, {"allOf": [{"maxLength": 1}]}, {"if": {}, "then": {"maxLength": 1}},
]  # fmt: skip


@pytest.mark.parametrize("keyword", KEYWORDS, ids=json.dumps)
def test_what_was_sent_is_never_in_a_fault(keyword):
    places = {
        "": (keyword, SECRET),
        "/password": ({"properties": {"password": keyword}}, {"password": SECRET}),
        "/0": ({"items": keyword}, [SECRET]),
    }
    for pointer, (schema, value) in places.items():
        faults = Schema(schema, {}).faults(value)
        assert faults
        assert all(fault.pointer == pointer for fault in faults)
        assert SECRET not in str(faults)


@pytest.mark.parametrize(
    "schema",
    [{"uniqueItems": True}, {"contains": {"type": "null"}}, {"prefixItems": [{}], "items": False},
     {"prefixItems": [{}], "unevaluatedItems": False}, {"minItems": 5}, {"maxItems": 1}, {"const": []}],
    ids=json.dumps,
)  # fmt: skip
def test_what_is_in_a_list_is_never_in_a_fault(schema):
    faults = Schema(schema, {}).faults([SECRET, SECRET])
    assert faults
    assert SECRET not in str(faults)


def test_formats_are_checked():
    assert Schema({"format": "email"}, {}).faults("ada") != []
    assert Schema({"format": "email"}, {}).faults("ada@example.com") == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("date", "0000-01-01"),
        ("date-time", "0000-01-01T00:00:00Z"),
        ("date-time", "9999-12-31T23:59:60Z"),
        ("date-time", "9999-12-31t23:59:60.5z"),
    ],
)
def test_a_day_that_python_does_not_have_is_a_fault(form, text):
    (fault,) = Schema({"properties": {"at": {"type": "string", "format": form}}}, {}).faults({"at": text})
    assert (fault.detail, fault.pointer) == ("is not a date in the years 1 to 9999", "/at")
    assert Schema({"format": form}, {}).faults(text.replace("0000", "0001").replace("9999", "9998")) == []


@pytest.mark.parametrize(
    "schema",
    [{"type": "strng"}, {"pattern": "("}, {"minLength": "x"}, {"$ref": "#/components/schemas/Nowhere"},
     {"properties": {"a": {"$ref": "#/nowhere"}}}, {"enum": 5}],
    ids=json.dumps,
)  # fmt: skip
def test_a_schema_that_is_none_is_one_line_that_says_so(schema):
    with pytest.raises(ValueError, match=r"^its schema is not valid: |\$ref .* leads? ") as caught:
        Schema(schema, DOCUMENT)
    assert "\n" not in str(caught.value)


def test_references_are_followed_to_where_they_end():
    document = {"a": {"$ref": "#/b~1c/~0"}, "b/c": {"~": {"$ref": "#/d"}}, "d": {"type": "string"}}
    assert resolve({"$ref": "#/a"}, document) == {"type": "string"}
    assert resolve({"type": "string"}, document) == {"type": "string"}


@pytest.mark.parametrize(
    "ref", ["#/nowhere", "#/a/b", "other.yaml#/a", "http://x.test/", "", "#", 5, None, ["#/a"]]
)
def test_a_reference_that_leads_nowhere_is_an_error(ref):
    with pytest.raises(ValueError, match=r"^\$ref .* (leads? |is )"):
        resolve({"$ref": ref}, {"a": 5})


@given(st.data())
def test_any_graph_of_references_ends_or_is_an_error(data):
    names = ["a", "b", "c", "d"]
    target = st.sampled_from([*names, "nowhere"]).map(lambda name: {"$ref": f"#/{name}"})
    graph = data.draw(st.fixed_dictionaries({name: target | st.just({"end": name}) for name in names}))
    start = data.draw(target)
    walked, node = [], start
    while "$ref" in node and node["$ref"] not in walked and node["$ref"][2:] in graph:
        walked.append(node["$ref"])
        node = graph[node["$ref"][2:]]
    if "$ref" in node:
        with pytest.raises(ValueError, match=r"^\$ref .* leads? "):
            resolve(start, graph)
    else:
        assert resolve(start, graph) == node
