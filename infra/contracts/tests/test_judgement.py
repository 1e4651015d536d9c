"""What breaks clients is told, and what does not is not: rule by rule, both ways, in four runs of Redocly."""

import json
import re
from collections import defaultdict
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from infra.contracts.breaking import findings
from infra.contracts.judgement import Finding
from infra.contracts.tests.cases import BREAKS, CASES, FINE, WARNING, both, document, path_item

Found = dict[int, list[Finding]]


def compared(before: dict[str, Any], after: dict[str, Any]) -> list[Finding]:
    found = findings({"cases": json.dumps(before).encode()}, {"cases": json.dumps(after).encode()})
    return [finding for _, finding in found]


def by_path(before: dict[str, Any], after: dict[str, Any]) -> Found:
    told: Found = defaultdict(list)
    for finding in compared(before, after):
        place = re.match(r"#/paths/~1(\d+)", finding.pointer)
        assert place, finding
        told[int(place[1])].append(finding)
    return told


def level(found: list[Finding]) -> str:
    levels = {finding.level for finding in found}
    return next((one for one in (BREAKS, WARNING) if one in levels), FINE)


@pytest.fixture(scope="module")
def forwards() -> Found:
    return by_path(*both(CASES))


@pytest.fixture(scope="module")
def backwards() -> Found:
    before, after = both(CASES)
    return by_path(after, before)


NUMBERED = list(enumerate(CASES))


@pytest.mark.parametrize(("number", "case"), NUMBERED, ids=[case.name for case in CASES])
def test_a_change_is_told_for_what_it_is(forwards: Found, number: int, case: Any):
    assert level(forwards[number]) == case.expected, forwards[number]


REVERSED = [(number, case) for number, case in NUMBERED if case.reverse is not None]


@pytest.mark.parametrize(("number", "case"), REVERSED, ids=[case.name for _, case in REVERSED])
def test_its_reverse_is_told_for_what_that_is(backwards: Found, number: int, case: Any):
    assert level(backwards[number]) == case.reverse, backwards[number]


def test_it_is_told_where_in_words_and_in_lines(forwards: Found):
    found = {case.name: forwards[number] for number, case in NUMBERED}
    (shorter,) = found["maxLength"]
    number = [case.name for case in CASES].index("maxLength")
    assert shorter.text == (
        f"POST /{number}, request body application/json, name: "
        "`maxLength` of `name` changed from '20' to '10'."
    )
    assert shorter.rule == "schema-constraint-changed"
    assert shorter.pointer.endswith("/properties/name/maxLength")
    assert (shorter.line, shorter.gone) == (1, False)
    (gone,) = found["operation removed"]
    assert gone.gone
    assert gone.text.startswith("GET /0: Operation")


SHARED = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["a", "b"]},
        "deep": {"$ref": "#/components/schemas/Deep"},
    },
}
DEEP = {
    "type": "object",
    "required": ["size"],
    "properties": {"size": {"type": "integer"}, "again": {"$ref": "#/components/schemas/Shared"}},
}


def shared() -> dict[str, Any]:
    """A document with schemas that contain each other, sent and answered."""
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Shared"}}}
    put = {
        "operationId": "put",
        "requestBody": {"content": content},
        "responses": {"204": {"description": "-"}},
    }
    get = {"operationId": "get", "responses": {"200": {"description": "-", "content": content}}}
    made = document({})
    made["paths"] = {"/put": {"put": put}, "/get/{id}": {"get": get}}
    get["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}]
    made["components"]["schemas"] = {"Shared": deepcopy(SHARED), "Deep": deepcopy(DEEP)}
    return made


@pytest.mark.parametrize(
    ("schema", "keyword", "value"),
    [
        ("Shared", "enum", ["a"]),
        ("Shared", "enum", ["a", "b", "c"]),
        ("Deep", "required", []),
        ("Deep", "required", ["size", "again"]),
    ],
)
def test_a_schema_that_is_sent_and_answered_can_neither_be_narrowed_nor_widened(schema, keyword, value):
    after = shared()
    found = after["components"]["schemas"][schema]
    (found["properties"]["kind"] if keyword == "enum" else found)[keyword] = value
    assert level(compared(shared(), after)) == BREAKS


def test_the_name_of_a_schema_is_nobodys_business():
    after = json.loads(json.dumps(shared()).replace("Deep", "Inner"))
    assert compared(shared(), after) == []


def test_a_path_parameters_name_is_the_name_of_an_argument():
    after = shared()
    after["paths"]["/get/{key}"] = after["paths"].pop("/get/{id}")
    after["paths"]["/get/{key}"]["get"]["parameters"][0]["name"] = "key"
    (found,) = compared(shared(), after)
    assert (found.level, found.rule) == (BREAKS, "path-parameter-renamed")
    assert "called key now" in found.text


def test_an_empty_list_of_parameters_says_nothing():
    before, after = both(())
    before["paths"] = {"/0": {"get": {**path_item(0)["get"], "parameters": []}}}
    after["paths"] = {"/0": {"get": path_item(0)["get"]}}
    assert compared(before, after) == []


def test_how_callers_are_known_is_not_changed_unnoticed():
    after = shared()
    after["security"] = before_security = [{"bearer": []}]
    assert level(compared(shared(), after)) == BREAKS
    before = {**shared(), "security": before_security}
    after["components"]["securitySchemes"]["bearer"] = {"type": "apiKey", "in": "header", "name": "Key"}
    assert level(compared(before, after)) == BREAKS


def test_a_service_that_goes_takes_all_its_clients_along():
    ((service, found),) = findings({"gone": b"{}"}, {"new": b"{}"})
    assert (service, found.level, found.rule, found.pointer) == ("gone", BREAKS, "service-removed", "#")


numbers = st.integers(1, 9)
leaves = st.one_of(
    st.builds(
        lambda low, high: {"type": "string", "minLength": low, "maxLength": low + high}, numbers, numbers
    ),
    st.builds(lambda low, high: {"type": "integer", "minimum": low, "maximum": low + high}, numbers, numbers),
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True).map(lambda values: {"enum": values}),
    st.builds(lambda pattern: {"type": "string", "pattern": pattern}, st.sampled_from(["^a", "b$"])),
)


def objects(of: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def made(properties: dict[str, Any], required: set[str], closed: bool) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        needed = sorted(required & properties.keys())
        return (
            schema
            | ({"required": needed} if needed else {})
            | ({"additionalProperties": False} if closed else {})
        )

    names = st.sampled_from("pqrs")
    return st.builds(made, st.dictionaries(names, of, min_size=1), st.sets(names), st.booleans())


schemas = objects(
    st.recursive(
        leaves,
        lambda of: st.one_of(
            objects(of),
            of.map(lambda items: {"type": "array", "items": items}),
            of.map(lambda one: {"anyOf": [one, {"type": "null"}]}),
        ),
        max_leaves=5,
    )
)


def widened(schema: dict[str, Any], draw: Any) -> dict[str, Any]:
    """Return a schema that takes what `schema` takes, and may take more."""
    made = dict(schema)
    for keyword in sorted(made):
        if keyword == "properties":
            made[keyword] = {name: widened(one, draw) for name, one in made[keyword].items()}
        elif keyword == "items":  # of `anyOf`, Redocly takes a changed branch for another one
            made[keyword] = widened(made[keyword], draw)
        elif keyword in ("minLength", "minimum") and draw(st.booleans()):
            made[keyword] -= 1
        elif keyword in ("maxLength", "maximum") and draw(st.booleans()):
            made[keyword] += 1
        elif keyword == "enum" and draw(st.booleans()):
            made[keyword] = [*made[keyword], "more"]
        elif keyword == "type" and made[keyword] in ("integer", "string") and draw(st.booleans()):
            made[keyword] = [made[keyword], "null"]
        elif keyword in ("required", "pattern", "additionalProperties") and draw(st.booleans()):
            del made[keyword]
    return made


def taking(schema_of: list[Any]) -> dict[str, Any]:
    """Return a document with an operation for each schema, which takes it."""
    items = {number: path_item(number) for number in range(len(schema_of))}
    for number, schema in enumerate(schema_of):
        del items[number]["get"]
        items[number]["post"]["requestBody"]["content"]["application/json"]["schema"] = schema
    return document(items)


# Each example is a run of Redocly over many schemas; to shrink one would take minutes.
at_random = settings(
    max_examples=3, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)
many = st.lists(schemas, min_size=10, max_size=30)


@at_random
@given(many)
def test_a_document_breaks_nobody_who_knows_it(generated: list[Any]):
    before = taking(generated)
    after = {**deepcopy(before), "info": {**before["info"], "description": "The same, in other bytes."}}
    assert compared(before, after) == []


@at_random
@given(many, st.data())
def test_a_service_that_takes_more_breaks_nobody(generated: list[Any], data: st.DataObject):
    before, after = taking(generated), taking([widened(one, data.draw) for one in generated])
    told = compared(before, after)
    assert [finding for finding in told if finding.level == BREAKS] == []


@at_random
@given(many, st.data())
def test_a_service_that_takes_less_breaks_somebody(generated: list[Any], data: st.DataObject):
    wide = [widened(one, data.draw) for one in generated]
    before, after = taking(wide), taking(generated)
    told = {finding.pointer.split("/")[2] for finding in compared(before, after) if finding.level == BREAKS}
    assert told == {
        f"~1{number}" for number, (one, more) in enumerate(zip(generated, wide, strict=True)) if one != more
    }
