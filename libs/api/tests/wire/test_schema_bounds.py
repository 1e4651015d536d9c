"""What a schema costs has a bound, whatever the value: an answer in good time, or a clear no at start."""

import time

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.api import Schema
from libs.api.schema import MAX_FAULTS
from libs.api.wire.parameter import Parameter


def ref(name):
    return {"$ref": f"#/components/schemas/{name}"}


def schema(node, **schemas):
    return Schema(node, {"components": {"schemas": schemas}}, "request")


def pointers(checked, value):
    return [fault.pointer for fault in checked.faults(value)]


def operation(name):
    args = {"type": "array", "items": ref("Expression")}
    properties = {"op": {"const": name}, "args": args}
    return {"type": "object", "required": ["op", "args"], "properties": properties}


EXPRESSION = schema(
    ref("Expression"),
    Expression={"oneOf": [{"type": "string"}, ref("And"), ref("Or")]},
    And=operation("and"),
    Or=operation("or"),
)


@pytest.fixture
def in_good_time():
    started = time.process_time()
    yield
    assert time.process_time() - started < 30


def nested(depth, leaf):
    for number in range(depth):
        leaf = {"op": "or" if number % 2 else "and", "args": [leaf]}
    return leaf


@pytest.mark.usefixtures("in_good_time")
def test_alternatives_in_alternatives_do_not_double_the_work_at_each_level():
    (fault,) = EXPRESSION.faults(nested(49, 5))
    assert (fault.pointer, fault.detail) == ("/args/0" * 49, "is not of type string or object")


@pytest.mark.usefixtures("in_good_time")
def test_nor_do_those_that_are_equally_likely():
    tree = {"anyOf": [{"type": "object", "properties": {"n": ref("Tree"), name: {}}} for name in "ab"]}
    value = 5
    for _ in range(90):
        value = {"n": value}
    assert [one.detail for one in schema(ref("Tree"), Tree=tree).faults(value)] == [
        "fits none of its 2 alternatives"
    ]


@pytest.mark.usefixtures("in_good_time")
def test_a_large_value_is_not_looked_into_again_and_again():
    (fault,) = EXPRESSION.faults(nested(48, {"op": "and", "args": ["x"] * 100_000 + [5]}))
    assert fault.detail == "is wrong, and holds too much to say where"


@pytest.mark.usefixtures("in_good_time")
@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"items": {"type": "string"}}, [1] * 500_000),
        ({"additionalProperties": {"type": "string"}}, {str(n): 1 for n in range(100_000)}),
        ({"propertyNames": {"maxLength": 1}}, {f"x{n}": 1 for n in range(100_000)}),
    ],
    ids=["items", "members", "names"],
)
def test_of_many_faults_the_first_are_looked_for(node, value):
    assert len(schema(node).faults(value)) == MAX_FAULTS


def test_one_fault_among_many_items_is_found():
    assert pointers(schema({"items": {"type": "string"}}), ["a"] * 1000 + [1]) == ["/1000"]
    checked = schema({"properties": {"id": {"type": "integer"}}, "additionalProperties": {"type": "string"}})
    value = {"id": 1, **{f"n{number}": "a" for number in range(100)}, "n40": 1}
    assert pointers(checked, value) == ["/n40"]
    assert pointers(checked, {"id": "a", "b": "c"}) == ["/id"]


def test_a_name_that_is_not_allowed_is_told_where_it_is():
    (fault,) = schema({"propertyNames": {"maxLength": 1}}).faults({"a": 1, "bc": 2})
    assert (fault.pointer, fault.detail) == ("/bc", "has a name that is not allowed")


def test_the_likelier_of_two_lists_is_the_one_with_fewer_faults():
    lists = []
    for names in (["name", "age"], ["title", "year"]):
        properties = {name: {"type": "string"} for name in names}
        item = {"required": names, "additionalProperties": False, "properties": properties}
        lists.append({"type": "array", "items": item})
    (fault,) = schema({"anyOf": lists}).faults([{"name": "a", "age": 1}])
    assert (fault.pointer, fault.detail) == ("/0/age", "is not of type string")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"": {"x": 1}}, ["//x"]),
        ({"x": {"": 1}}, ["/x/"]),
        ({"": {"": 1}}, ["//"]),
        ({"": {"x": "a"}, "x": {"x": 1}}, ["/x/x"]),
        ({"": {"1": "a", "2": 1}}, ["//2"]),
        ({"": 1}, ["/"]),
    ],
)
@pytest.mark.parametrize("named", [False, True])
def test_an_empty_name_is_a_step_of_a_pointer(value, expected, named):
    text = {"type": "string"}
    inner = {"type": "object"} | ({"properties": dict.fromkeys(["", "x", "2"], text)} if named else {})
    node = {"properties": {"": inner, "x": inner}} if named else {"additionalProperties": inner}
    if not named:
        inner["additionalProperties"] = text
    assert pointers(schema(node), value) == expected


@pytest.mark.parametrize("depth", [2, 9000])
def test_schemas_may_refer_to_each_other_in_a_long_row(depth):
    row = {f"S{n}": {"type": "object", "properties": {"next": ref(f"S{n + 1}")}} for n in range(depth)}
    (fault,) = schema(ref("S0"), **row, **{f"S{depth}": {}}).faults({"next": 1})
    assert fault.pointer == "/next"


@pytest.mark.usefixtures("in_good_time")
@pytest.mark.parametrize(
    ("row", "told"),
    [
        (lambda n: {"properties": {"next": ref(n)}}, "its schema refers to more than 10,000 others"),
        (
            lambda n: {"allOf": [ref(n), ref(n)]} if int(n[1:]) < 25 else {},
            "its schema has more than 100,000 to try by allOf, anyOf, oneOf and $ref",
        ),
        (
            lambda n: {"allOf": [ref(n)]} if int(n[1:]) < 300 else {},
            "its schema has more than 100 of allOf, anyOf, oneOf and $ref within each other",
        ),
        (lambda n: {"allOf": [ref(n)]}, "its schema is made of more than 1,000 others by allOf and $ref"),
    ],
    ids=["many", "doubling", "deep", "long"],
)
def test_what_would_cost_too_much_is_no_schema(row, told):
    row = {f"S{n}": row(f"S{n + 1}") for n in range(10_500)}
    with pytest.raises(ValueError, match=r"\S") as caught:
        schema(ref("S0"), **row, S10500={})
    assert str(caught.value) == told


@pytest.mark.usefixtures("in_good_time")
@pytest.mark.parametrize("length", [40, 500])
def test_a_parameter_of_too_many_schemas_is_refused(length):
    schemas = {f"S{n}": {"allOf": [ref(f"S{n + 1}"), ref(f"S{n + 1}")]} for n in range(length)}
    document = {"components": {"schemas": {**schemas, f"S{length}": {"type": "string"}}}}
    with pytest.raises(ValueError, match="its schema has more than 100"):
        Parameter.from_document({"name": "a", "in": "query", "schema": ref("S0")}, document)


def test_a_schema_in_itself_takes_what_the_rest_of_it_takes():
    assert schema(ref("A"), A={"allOf": [ref("A"), {"type": "object"}]}).faults({}) == []
    assert len(schema(ref("A"), A={"allOf": [ref("A"), {"type": "object"}]}).faults(1)) == 1


def test_true_is_a_schema_anywhere():
    assert schema({"properties": {"a": ref("Any")}}, Any=True).faults({"a": 1}) == []
    node = {"oneOf": [True, ref("Cat")], "discriminator": {"propertyName": "kind"}}
    animals = schema(node, Cat={"type": "object", "required": ["name"]})
    assert animals.faults({"kind": "Cat", "name": "a"}) == animals.faults(5) == []
    assert pointers(animals, {"kind": "Cat"}) == ["/name"]


def test_the_name_a_schema_gives_itself_changes_no_reference():
    named = {"$id": "https://example.com/book", "$schema": "http://json-schema.org/draft-07/schema#"}
    book = {**named, "properties": {"by": ref("Author")}}
    assert pointers(schema(ref("Book"), Book=book, Author={"type": "string"}), {"by": 1}) == ["/by"]


def test_dependencies_of_earlier_drafts_count():
    node = {"dependencies": {"card": ref("Paid"), "a": ["b"]}}
    found = schema(node, Paid={"required": ["owner"]}).faults({"card": 1, "a": 1})
    assert sorted(one.pointer for one in found) == ["/b", "/owner"]


NAMES = st.sampled_from(["", "a", "b", "1"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda one: st.lists(one, max_size=3) | st.dictionaries(NAMES, one, max_size=3),
    max_leaves=8,
)


def keywords(one):
    several, named = st.lists(one, min_size=1, max_size=3), st.dictionaries(NAMES, one, max_size=2)
    held = {
        **dict.fromkeys(("anyOf", "oneOf", "allOf", "prefixItems"), several),
        **dict.fromkeys(("properties", "dependentSchemas"), named),
        **dict.fromkeys(
            ("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then"), one
        ),
        **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), one | st.just(False)),
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), one, max_size=1),
        "required": st.lists(NAMES, max_size=2, unique=True),
    }
    return st.lists(st.sampled_from(sorted(held)), max_size=3, unique=True).flatmap(
        lambda keys: st.fixed_dictionaries({key: held[key] for key in keys})
    )


SCHEMAS = st.recursive(
    st.booleans()
    | st.sampled_from(["string", "integer", "array", "object", "null"]).map(lambda kind: {"type": kind})
    | st.sampled_from(
        [{"const": "a"}, {"maximum": 1}, {"maxLength": 1}, {"minItems": 1}, {"minProperties": 1}]
    ),
    keywords,
    max_leaves=10,
)


@given(SCHEMAS, VALUES)
@settings(max_examples=600)
def test_what_a_schema_refuses_has_faults_and_each_has_its_place(node, value):
    faults = Schema(node, {}).faults(value)
    assert (not faults) == jsonschema_rs.Draft202012Validator(node).is_valid(value)
    for fault in faults:
        assert fault.detail != "is not what its schema says"
        held = value
        *way, last = fault.pointer.split("/")[1:] or [None]
        for step in way:
            held = held[int(step)] if isinstance(held, list) else held[step]
        if fault.detail != "is required" and last is not None:
            assert int(last) < len(held) if isinstance(held, list) else last in held
