"""The published documents keep their style, and one that does not is told so."""

import json
from copy import deepcopy
from typing import Any

import pytest

from infra.contracts.lint import faults, published

GOOD: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1.0.0", "description": "Notes of one's own."},
    "tags": [{"name": "Notes", "description": "What one wants to remember."}],
    "security": [{"bearer": []}],
    "paths": {
        "/notes/{note_id}": {
            "get": {
                "operationId": "get_note",
                "summary": "Read a note",
                "tags": ["Notes"],
                "parameters": [
                    {
                        "name": "note_id",
                        "in": "path",
                        "required": True,
                        "description": "Which one.",
                        "schema": {"type": "string", "example": "a"},
                    }
                ],
                "responses": {
                    "200": {
                        "description": "The note.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Note"}}},
                    },
                    "404": {
                        "description": "There is none.",
                        "content": {
                            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
                        },
                    },
                },
            }
        }
    },
    "components": {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "schemas": {
            "Note": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}},
            "Problem": {
                "type": "object",
                "properties": {"title": {"type": "string"}, "type": {"type": "string"}},
            },
        },
    },
}
GET = GOOD["paths"]["/notes/{note_id}"]["get"]


def changed(*path: str | int, value: Any = None) -> dict[str, Any]:
    """Return the good document with one thing changed, or gone."""
    made = deepcopy(GOOD)
    found: Any = made
    for step in path[:-1]:
        found = found[step]
    if value is None:
        del found[path[-1]]
    else:
        found[path[-1]] = value
    return made


GET_NOTE = ("paths", "/notes/{note_id}", "get")
WRONG = {
    "operationId gone": (changed(*GET_NOTE, "operationId"), "operation-operationId"),
    "operationId's style": (changed(*GET_NOTE, "operationId", value="getNote"), "operation-id-is-snake-case"),
    "summary": (changed(*GET_NOTE, "summary"), "operation-summary"),
    "tag": (changed(*GET_NOTE, "tags"), "operation-tag-defined"),
    "tag nobody knows": (changed("tags"), "operation-tag-defined"),
    "tag's description": (changed("tags", 0, "description"), "tag-description"),
    "what for": (changed("info", "description"), "info-says-what-for"),
    "parameter's description": (changed(*GET_NOTE, "parameters", 0, "description"), "parameter-description"),
    "parameter nowhere": (changed(*GET_NOTE, "parameters"), "path-parameters-defined"),
    "error responses": (changed(*GET_NOTE, "responses", "404"), "operation-4xx-response"),
    "problem+json": (
        changed(*GET_NOTE, "responses", "404", "content", value={"application/json": {"schema": {}}}),
        "operation-4xx-problem-details-rfc7807",
    ),
    "security": (changed("security"), "security-defined"),
    "security nobody knows": (changed("security", value=[{"other": []}]), "security-defined"),
    "component nobody uses": (
        changed("components", "schemas", "Other", value={"type": "string"}),
        "no-unused-components",
    ),
    "reference to nothing": (changed("components", "schemas", "Note"), "no-unresolved-refs"),
    "example": (
        changed(*GET_NOTE, "responses", "200", "content", "application/json", "example", value={"text": 1}),
        "no-invalid-media-type-examples",
    ),
    "schema's example": (
        changed("components", "schemas", "Note", "properties", "text", "examples", value=[1]),
        "no-invalid-schema-examples",
    ),
    "required nowhere": (
        changed("components", "schemas", "Note", "required", value=["other"]),
        "no-required-schema-properties-undefined",
    ),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What is said of all of them, in one run."""
    folder = tmp_path_factory.mktemp("documents")
    for number, (document, _) in enumerate(WRONG.values()):
        (folder / f"wrong-{number}.json").write_text(json.dumps(document, indent=2))
    (folder / "good.json").write_text(json.dumps(GOOD, indent=2))
    return faults(published(folder))


def test_a_good_document_has_no_faults(told):
    assert [line for line in told if line.startswith("good.json")] == []


@pytest.mark.parametrize("number", range(len(WRONG)), ids=list(WRONG))
def test_a_fault_is_told_with_its_line_and_rule(told, number):
    _, rule = list(WRONG.values())[number]
    lines = [line for line in told if line.startswith(f"wrong-{number}.json:")]
    assert any(f"{rule}] at #" in line for line in lines), lines


def test_the_line_is_where_it_is(told, tmp_path):
    (line,) = [line for line in told if "operation-id-is-snake-case" in line]
    document = json.dumps(WRONG["operationId's style"][0], indent=2).splitlines()
    assert "getNote" in document[int(line.split(":")[1]) - 1]
    assert "such as get_profile" in line


def test_no_document_has_no_faults(tmp_path):
    assert faults(published(tmp_path)) == []


def test_what_is_published_has_none():
    assert faults(published()) == []
