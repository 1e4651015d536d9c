"""Clients are made that compile, and what does not compile takes nobody's place."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.contracts import python_clients, typescript_clients
from infra.contracts.clients import write
from infra.contracts.python_clients import prepared
from infra.contracts.reachable import keep_reachable
from infra.contracts.tests.test_lint import GOOD
from infra.local.errors import LocalError

RIGHT = {
    "program.ts": """
        import createClient from "openapi-fetch";
        import type { paths } from "clients/notes";
        const notes = createClient<paths>();
        export async function text(): Promise<string | undefined> {
          const { data } = await notes.GET("/notes/{note_id}", { params: { path: { note_id: "a" } } });
          return data?.text;
        }
        // @ts-expect-error there is no such path
        void notes.GET("/note");
    """,
    "program.py": """
from notes_client import Client
from notes_client.api.notes import get_note
from notes_client.models import Note

def text() -> str:
    note = get_note.sync("a", client=Client("http://localhost"))
    if not isinstance(note, Note):
        raise TypeError(note)
    return note.text

Note(text=1)  # type: ignore[arg-type]
""",
}
WRONG = {
    "program.ts": """
        // @ts-expect-error nothing is wrong here
        void notes.GET("/notes/{note_id}", { params: { path: { note_id: "a" } } });
        void notes.GET("/notes/{note_id}");
    """,
    "program.py": """
Note(text="a")  # type: ignore[arg-type]
Note(text=2)
""",
}


def samples(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def notes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a contract, notes.json, and its clients, in clients/, where others were before."""
    folder = tmp_path_factory.mktemp("notes")
    document = folder / "notes.json"
    document.write_text(json.dumps(GOOD))
    (folder / "clients" / "python" / "gone_client").mkdir(parents=True)
    write([document], folder / "clients", samples(folder / "samples", RIGHT))
    return folder


def test_clients_are_made_of_a_contract_and_take_the_place_of_the_last_ones(notes: Path):
    made = notes / "clients"
    assert sorted(path.name for path in made.iterdir()) == ["python", "typescript"]
    assert [path.name for path in (made / "typescript").iterdir()] == ["notes.ts"]
    assert [path.name for path in (made / "python").iterdir()] == ["notes_client"]
    assert list(made.rglob("__pycache__")) == []


def test_typescript_that_is_used_wrongly_or_wrongly_marked_does_not_pass(notes: Path, tmp_path: Path):
    program = tmp_path / "program.ts"
    program.write_text(RIGHT[program.name] + WRONG[program.name])
    with pytest.raises(LocalError) as failed:
        typescript_clients.check(notes / "clients" / "typescript", program)
    assert str(failed.value).count("program.ts(") == 2
    assert "Unused '@ts-expect-error' directive" in str(failed.value)
    assert "Expected 2 arguments, but got 1" in str(failed.value)


def test_python_that_is_used_wrongly_or_wrongly_marked_does_not_pass(notes: Path, tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(RIGHT[program.name] + WRONG[program.name])
    with pytest.raises(LocalError) as failed:
        python_clients.check(notes / "clients" / "python", ["notes_client"], program)
    assert str(failed.value).count("program.py:") == 2
    assert 'Unused "type: ignore"' in str(failed.value)
    assert 'incompatible type "int"' in str(failed.value)


def test_a_document_that_cannot_be_written_as_a_client_changes_nothing(tmp_path: Path):
    document, made = tmp_path / "notes.json", tmp_path / "clients"
    wrong: dict[str, Any] = json.loads(json.dumps(GOOD))
    tree = {"$ref": "#/components/schemas/Tree"}
    answer = {"description": "All.", "content": {"application/json": {"schema": tree}}}
    wrong["components"]["schemas"]["Tree"] = {"type": "array", "items": tree}
    wrong["paths"]["/tree"] = {"get": {"operationId": "get_tree", "responses": {"200": answer}}}
    document.write_text(json.dumps(wrong))
    (made / "python" / "kept_client").mkdir(parents=True)
    programs = samples(tmp_path / "samples", RIGHT)
    with pytest.raises(LocalError, match=r"no Python client of notes\.json:(.|\n)*[Rr]ecursive"):
        python_clients.write([document], tmp_path / "python", programs)
    with pytest.raises(LocalError, match="'Tree' is referenced directly or indirectly in its own type"):
        write([document], made, programs)
    assert [path.name for path in made.rglob("*")] == ["python", "kept_client"]


def test_nothing_published_makes_no_clients(tmp_path: Path):
    with pytest.raises(LocalError, match="no contract is published: make contracts"):
        write([], tmp_path)


def test_the_generator_is_given_what_it_can_read():
    pair = {"type": "array", "prefixItems": [{"type": "number"}], "items": False}
    text = {"type": "string", "contentSchema": {"$ref": "#/components/schemas/Inner"}}
    document = {
        "paths": {"/": {"get": {"parameters": [{"schema": pair}, {"schema": text}]}}},
        "components": {"schemas": {"Inner": {"type": "object"}}},
    }
    pair_read = {**pair, "items": {"not": {}}}
    assert prepared(document) == {
        "paths": {"/": {"get": {"parameters": [{"schema": pair_read}, {"schema": {"type": "string"}}]}}},
        "components": {},
    }
    assert pair["items"] is False


def test_media_types_the_generator_does_not_know_are_text_or_bytes():
    text, binary = {"type": "string"}, {"type": "string", "format": "binary"}
    content = {
        "application/json": {"schema": text},
        "application/problem+json": {"schema": text},
        "text/html": {"schema": text},
        "application/yaml": {"schema": text},
        "application/x-ndjson": {"schema": text},
        "image/png": {},
        "application/pdf": {"schema": binary},
    }
    document = {"paths": {"/": {"get": {"responses": {"200": {"content": content}}}}}}
    assert python_clients.overrides(document) == {
        "application/yaml": "text/plain",
        "application/x-ndjson": "text/plain",
        "image/png": "application/octet-stream",
        "application/pdf": "application/octet-stream",
    }


def test_what_operations_use_is_kept_by_way_of_others():
    schemas = {
        "A/B": {"items": {"$ref": "#/components/schemas/C"}},
        "C": {"properties": {"a": {"$ref": "#/components/schemas/A~1B/items"}}},
        "Unused": {"$ref": "#/components/schemas/C"},
        "Loop": {"$ref": "#/components/schemas/Loop"},
    }
    responses = {"R": {"content": {"x": {"schema": {"$ref": "#/components/schemas/A~1B"}}}}, "S": {}}
    document = {
        "paths": {"/": {"get": {"responses": {"200": {"$ref": "#/components/responses/R"}}}}},
        "components": {"schemas": schemas, "responses": responses, "securitySchemes": {"bearer": {}}},
    }
    kept = keep_reachable(document)["components"]
    assert {kind: set(named) for kind, named in kept.items()} == {
        "schemas": {"A/B", "C"},
        "responses": {"R"},
        "securitySchemes": {"bearer"},
    }
