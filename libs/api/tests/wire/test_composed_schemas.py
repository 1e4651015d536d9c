"""Schemas made of others: what is told of the one that was meant, and what a direction leaves out."""

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import Schema
from libs.api.discriminator import branches


def kind(name, **properties):
    return {
        "type": "object",
        "required": ["kind", *properties],
        "properties": {"kind": {"type": "string"}, **properties},
    }


SCHEMAS = {
    "Cat": kind("cat", claws={"type": "integer"}),
    "Dog": kind("dog", bark={"type": "string"}),
    "Named": {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind"},
    },
    "Mapped": {
        "anyOf": [
            {"$ref": "#/components/schemas/Cat"},
            {"$ref": "#/components/schemas/Dog"},
            {"type": "null"},
        ],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"cat": "#/components/schemas/Cat", "puss": "Cat"},
        },
    },
    "Tagged": {
        "oneOf": [
            {"type": "object", "properties": {"kind": {"const": "a"}, "n": {"type": "integer"}}},
            {"type": "object", "properties": {"kind": {"enum": ["b", "c"]}, "n": {"type": "string"}}},
        ],
        "discriminator": {"propertyName": "kind"},
    },
    "Pet": {
        "type": "object",
        "required": ["petType"],
        "properties": {"petType": {"type": "string"}, "friend": {"$ref": "#/components/schemas/Pet"}},
        "discriminator": {"propertyName": "petType"},
    },
    "Lizard": {"allOf": [{"$ref": "#/components/schemas/Pet"}, {"required": ["tail"]}]},
    "Gecko": {"allOf": [{"$ref": "#/components/schemas/Lizard"}, {"required": ["toes"]}]},
    "Lone": {"type": "object", "discriminator": {"propertyName": "x"}},
}
DOCUMENT = {"components": {"schemas": SCHEMAS}}


def told(schema, value, direction=None):
    schema = {"$ref": f"#/components/schemas/{schema}"} if isinstance(schema, str) else schema
    return {fault.pointer: fault.detail for fault in Schema(schema, DOCUMENT, direction).faults(value)}


@pytest.mark.parametrize(
    ("schema", "value", "faults"),
    [
        ("Named", {"kind": "Cat", "claws": 5}, {}),
        ("Named", {"kind": "Cat", "claws": "x"}, {"/claws": "is not of type integer"}),
        ("Named", {"kind": "Dog", "claws": "x"}, {"/bark": "is required"}),
        ("Named", {"kind": "Cow"}, {"/kind": "is not one of Cat or Dog"}),
        ("Named", {}, {"/kind": "is required"}),
        ("Named", {"kind": 5}, {"/kind": "is not one of Cat or Dog"}),
        ("Named", None, {"": "is not of type object"}),
        ("Named", [], {"": "is not of type object"}),
        ("Mapped", None, {}),
        ("Mapped", {"kind": "puss", "claws": 1}, {}),
        ("Mapped", {"kind": "cat"}, {"/claws": "is required"}),
        ("Mapped", {"kind": "Dog"}, {"/bark": "is required"}),
        ("Mapped", {"kind": "Cat"}, {"/kind": "is not one of cat, puss or Dog"}),
        ("Mapped", 5, {"": "is not of type null"}),
        ("Tagged", {"kind": "a", "n": 5}, {}),
        ("Tagged", {"kind": "c", "n": 5}, {"/n": "is not of type string"}),
        ("Pet", {"petType": "Pet"}, {}),
        ("Pet", {"petType": "Lizard"}, {"/tail": "is required"}),
        ("Pet", {"petType": "Gecko", "tail": 1}, {"/toes": "is required"}),
        ("Pet", {"petType": "Cow"}, {"/petType": "is not one of Pet, Lizard or Gecko"}),
        ("Pet", {"petType": "Pet", "friend": {"petType": "Lizard"}}, {"/friend/tail": "is required"}),
        ("Lizard", {"petType": "Lizard", "tail": 1}, {}),
        ("Lizard", {"petType": "Skink", "tail": 1}, {}),  # what its parent tells apart is not its own
        ("Lizard", {}, {"/petType": "is required", "/tail": "is required"}),
        ("Lone", {}, {}),
    ],
)
def test_the_branch_that_is_named_is_the_one_that_counts(schema, value, faults):
    assert told(schema, value) == faults


def test_what_discriminates_can_be_asked():
    assert branches({"$ref": "#/components/schemas/Named"}, DOCUMENT) == (
        "kind",
        {name: {"$ref": f"#/components/schemas/{name}"} for name in ("Cat", "Dog")},
    )
    name, named = branches({"$ref": "#/components/schemas/Pet"}, DOCUMENT)
    assert (name, list(named)) == ("petType", ["Pet", "Lizard", "Gecko"])
    assert branches({"$ref": "#/components/schemas/Lone"}, DOCUMENT) is None
    assert branches({"type": "string"}, DOCUMENT) is None


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"oneOf": [{"type": "object"}], "discriminator": {"propertyName": "k"}}, "cannot name a branch"),
        ({"discriminator": {"propertyName": "k", "mapping": {"a": "Nowhere"}}}, "Nowhere"),
    ],
)
def test_a_discriminator_that_names_nothing_is_an_error(schema, said):
    with pytest.raises(ValueError, match=said):
        Schema(schema, DOCUMENT)


CHOICE = {
    "anyOf": [
        {"type": "null"},
        {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}},
        {"type": "array", "items": {"type": "string"}},
    ]
}
SHAPES = {
    "oneOf": [
        {"type": "object", "required": ["r"], "properties": {"shape": {"const": "circle"}}},
        {"type": "object", "required": ["a", "b"], "properties": {"shape": {"const": "square"}}},
    ]
}


@pytest.mark.parametrize(
    ("schema", "value", "faults"),
    [
        (CHOICE, {"a": "x"}, {"/p/a": "is not of type integer", "/p/b": "is required"}),
        (CHOICE, [1], {"/p/0": "is not of type string"}),
        (CHOICE, 5, {"/p": "is not of type null, object or array"}),
        (SHAPES, {"shape": "square"}, {"/p/a": "is required", "/p/b": "is required"}),
        (SHAPES, {"shape": "circle"}, {"/p/r": "is required"}),
        (
            {"anyOf": [{"format": "email"}, {"format": "uuid"}]},
            "x",
            {"/p": "fits none of its 2 alternatives"},
        ),
        (
            {"oneOf": [{}, {"type": "string"}]},
            "x",
            {"/p": "fits more than one of its alternatives, and must fit one"},
        ),
        ({"anyOf": [CHOICE, {"type": "boolean"}]}, {"a": 1}, {"/p/b": "is required"}),
    ],
)
def test_of_alternatives_the_nearest_one_is_told(schema, value, faults):
    assert told({"properties": {"p": schema}}, {"p": value}) == faults


USER = {
    "type": "object",
    "required": ["id", "password", "name"],
    "properties": {
        "id": {"$ref": "#/components/schemas/Id"},
        "password": {"type": "string", "writeOnly": True},
        "name": {"type": "string"},
        "team": {"$ref": "#/components/schemas/Team", "readOnly": True},
    },
}
HIDING = {
    "components": {
        "schemas": {
            "Id": {"type": "string", "readOnly": True},
            "Team": {"type": "object"},
            "User": USER,
            "Admin": {
                "allOf": [{"$ref": "#/components/schemas/User"}, {"required": ["id", "team", "level"]}]
            },
        }
    }
}


@pytest.mark.parametrize(
    ("direction", "name", "value", "faults"),
    [
        ("request", "User", {"password": "p", "name": "n"}, {}),
        ("request", "User", {"id": "1", "name": "n"}, {"/id": "is read-only", "/password": "is required"}),
        ("request", "User", {"password": "p", "name": "n", "team": {}}, {"/team": "is read-only"}),
        ("answer", "User", {"id": "1", "name": "n"}, {}),
        ("answer", "User", {"id": "1", "name": "n", "password": "p"}, {"/password": "is write-only"}),
        ("answer", "User", {"name": "n"}, {"/id": "is required"}),
        (None, "User", {"id": "1", "name": "n", "password": "p", "team": {}}, {}),
        (None, "User", {"name": "n"}, {"/id": "is required", "/password": "is required"}),
        ("request", "Admin", {"password": "p", "name": "n", "level": 1}, {}),
        ("request", "Admin", {"password": "p", "name": "n"}, {"/level": "is required"}),
        ("answer", "Admin", {"id": "1", "name": "n", "level": 1}, {"/team": "is required"}),
    ],
)
def test_a_direction_neither_takes_nor_needs_what_is_not_for_it(direction, name, value, faults):
    for schema in (
        {"$ref": f"#/components/schemas/{name}"},
        {"items": {"$ref": f"#/components/schemas/{name}"}},
    ):
        sent = [value] if "items" in schema else value
        found = Schema(schema, HIDING, direction).faults(sent)
        assert {fault.pointer.removeprefix("/0"): fault.detail for fault in found} == faults


FORMATS = [
    ("int32", 2**31 - 1, 2**31), ("int32", -(2**31), -(2**31) - 1), ("int64", 2**63 - 1, 2**63),
    ("int64", -(2**63), -(2**63) - 1), ("float", 3.4e38, 3.5e38), ("double", 1e308, 10**309),
    ("byte", "aGk=", "aGk"), ("byte", "", "a b="), ("byte", "++//", "--__"), ("decimal", "-12.50", "12,5"),
    ("decimal", "1e3", "NaN"), ("decimal", "5", "5."), ("date", "2024-02-29", "2023-02-29"),
    ("date-time", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00"), ("time", "10:00:00Z", "25:00:00Z"),
    ("duration", "P1D", "1D"), ("email", "a@b.ch", "a"), ("idn-email", "ä@b.ch", "ä"),
    ("hostname", "a.b", "-a"), ("idn-hostname", "ä.ch", "-ä"), ("ipv4", "1.2.3.4", "1.2.3"),
    ("ipv6", "::1", "::g"), ("uri", "http://a/b", "/b"), ("uri-reference", "/b", "\\b"),
    ("iri", "http://ä/", "ä"), ("iri-reference", "/ä", "\\"),
    ("uuid", "0" * 8 + "-0000-0000-0000-" + "0" * 12, "0"),
    ("uri-template", "/{a}", "/{a"), ("json-pointer", "/a", "a"), ("relative-json-pointer", "0/a", "/a"),
    ("regex", "^a$", "("),
]  # fmt: skip


@pytest.mark.parametrize(("name", "good", "bad"), FORMATS)
def test_every_format_is_checked(name, good, bad):
    one = Schema({"properties": {"p": {"format": name}}}, {})
    assert one.faults({"p": good}) == []
    (fault,) = one.faults({"p": bad})
    assert fault.pointer == "/p"
    assert len(str(bad)) < 4 or str(bad) not in fault.detail


@pytest.mark.parametrize(
    ("encoding", "good", "bad"), [("base64", "aGk=", "-_"), ("base64url", "_-A", "+/A=")]
)
def test_base64_is_checked_where_it_is_the_encoding_of_a_content(encoding, good, bad):
    one = Schema({"type": "string", "contentEncoding": encoding}, {})
    assert one.faults(good) == []
    assert one.faults(bad) != []


SMALL = st.recursive(
    st.sampled_from(
        [{}, True, {"type": "string"}, {"type": "integer", "minimum": 3}, {"enum": ["a", 5]}, False]
    ),
    lambda one: (
        st.builds(
            lambda parts, key: {key: parts},
            st.lists(one, min_size=1, max_size=3),
            st.sampled_from(["allOf", "anyOf", "oneOf"]),
        )
        | st.builds(lambda one: {"properties": {"a": one}, "required": ["a"]}, one)
        | st.builds(lambda one: {"items": one, "not": {"maxItems": 0}}, one)
        | st.builds(lambda one: {"if": one, "then": {"minimum": 4}, "else": {"type": "string"}}, one)
        | st.just({"$ref": "#/components/schemas/Node"})
    ),
    max_leaves=6,
)
VALUES = st.recursive(
    st.sampled_from([None, "a", "b", 2, 4, 5]),
    lambda one: st.lists(one, max_size=2) | st.fixed_dictionaries({"a": one}),
)


@given(SMALL, SMALL, VALUES)
def test_a_bundled_schema_takes_what_the_whole_document_takes(schema, node, value):
    document = {
        "components": {"schemas": {"Node": {"anyOf": [{"type": "null"}, {"properties": {"a": node}}]}}}
    }
    whole = jsonschema_rs.Draft202012Validator({"allOf": [schema], **document})
    faults = Schema(schema, document).faults(value)
    assert (faults == []) is whole.is_valid(value)
    assert len(set(faults)) == len(faults)
