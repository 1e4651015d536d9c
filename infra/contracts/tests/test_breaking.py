"""The command: what it prints, what it takes as meant, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.contracts.base import Base
from infra.contracts.breaking import check
from infra.contracts.cli import main
from infra.contracts.intended import Intended, intended
from infra.contracts.tests.cases import document, path_item
from infra.local.errors import LocalError


class Before:
    """Stands for git: what was published before, and which breaks were meant then."""

    def __init__(self, documents: dict[str, Any], meant: str = "") -> None:
        self._documents = {name: json.dumps(one).encode() for name, one in documents.items()}
        self._meant = meant

    def base(self, wanted: str | None = None) -> Base:
        return Base("abc", wanted or "v1 (the last tag)")

    def documents(self, base: Base) -> dict[str, bytes]:
        return self._documents

    def text(self, base: Base, file: str) -> str:
        assert file == "apis/breaking-changes.yaml"
        return self._meant


def published(folder: Path, documents: dict[str, Any]) -> list[Path]:
    for name, one in documents.items():
        (folder / f"{name}.json").write_text(json.dumps(one, indent=2))
    return sorted(folder.glob("*.json"))


def test_nothing_has_changed(tmp_path, capsys):
    now = document({1: path_item(1)})
    assert check(published(tmp_path, {"todos": now}), [], Before({"todos": now}), "v7") == 0
    assert capsys.readouterr().out == "Breaking changes since v7: none\n"


def test_a_break_is_named_with_its_line_and_how_to_mean_it(tmp_path, capsys):
    now = document({1: path_item(1)})
    del now["paths"]["/1"]["get"]
    was = document({1: path_item(1), 2: path_item(2)})
    now["paths"]["/2"] = path_item(2)
    now["paths"]["/2"]["post"]["requestBody"]["content"]["application/json"]["schema"]["required"] = ["size"]
    documents = published(tmp_path, {"todos": now})
    assert check(documents, [], Before({"todos": was}), None) == 1
    gone, required, count, told, *entry = capsys.readouterr().out.splitlines()
    assert gone.startswith("breaks: todos.json:1 as it was: GET /1: Operation ")
    assert gone.endswith(" [operation-removed] at #/paths/~11/get")
    line = int(required.removeprefix("breaks: todos.json:").split(":")[0])
    assert '"required": [' in documents[0].read_text().splitlines()[line - 1]
    assert "POST /2, request body application/json: Properties became required: `size`." in required
    assert count == "Breaking changes since v1 (the last tag): 2, 0 of them meant"
    assert told == "If they are meant, say why in apis/breaking-changes.yaml:"
    (tmp_path / "said.yaml").write_text("\n".join(entry).replace("…", "Nobody uses it."))
    meant = intended(tmp_path / "said.yaml")
    assert [one.service for one in meant] == ["todos", "todos"]
    assert check(documents, meant, Before({"todos": was}), None) == 0
    out = capsys.readouterr().out
    assert out.count("meant (Nobody uses it.): todos.json:") == 2
    assert "2, 2 of them meant" in out


def test_what_is_meant_is_of_one_service_and_at_one_place():
    meant = Intended("todos", "#/paths/~1todos", "Because.")
    assert meant.covers("todos", "#/paths/~1todos")
    assert meant.covers("todos", "#/paths/~1todos/get/parameters/0")
    assert not meant.covers("todos", "#/paths/~1todos~1sample")
    assert not meant.covers("auth", "#/paths/~1todos")
    assert Intended("todos", "#", "Because.").covers("todos", "#/info")


def test_a_reason_for_what_has_not_changed_is_told(tmp_path, capsys):
    now = document({})
    meant = [Intended("todos", "#/paths/~1gone", "Because.")]
    assert check(published(tmp_path, {"todos": now}), meant, Before({"todos": now}), None) == 0
    out = capsys.readouterr().out
    assert "warning: breaking-changes.yaml: nothing has changed at #/paths/~1gone of todos" in out


@pytest.mark.parametrize("garbage", ["", "- {service: [", "no list"])
def test_what_the_version_before_has_meant_lets_no_other_break_through(tmp_path, capsys, garbage):
    was, now = document({1: path_item(1)}), document({1: path_item(1)})
    del now["paths"]["/1"]["get"]
    documents = published(tmp_path, {"todos": now})
    text = "- {service: todos, at: '#/paths/~11', reason: Because.}"
    (tmp_path / "meant.yaml").write_text(text)
    meant = intended(tmp_path / "meant.yaml")
    assert check(documents, meant, Before({"todos": was}, garbage), None) == 0
    assert "warning" not in capsys.readouterr().out
    assert check(documents, meant, Before({"todos": was}, text), None) == 1
    out = capsys.readouterr().out
    assert (
        "#/paths/~11 of todos was meant by v1 (the last tag) already, and is not heeded: take it out" in out
    )
    assert "1, 0 of them meant" in out
    assert check(documents, meant, Before({"todos": was}, text.replace("Because", "Again")), None) == 0


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("service: todos", "is no list"),
        ("- service: todos", "entry 1: it has to have `service`, `at` and `reason`"),
        ("- {service: todos, at: '#', reason: x, until: v2}", "entry 1: it has to have"),
        ("- {service: todos, at: '#', reason: ' '}", "entry 1: `reason` is not a text"),
        (
            "- {service: todos, at: '#', reason: x}\n- {service: todos, at: /paths, reason: x}",
            "entry 2: `at` is",
        ),
        ("- {service: [", "cannot be read"),
    ],
)
def test_a_file_that_says_something_else_is_refused(tmp_path, text, fault):
    file = tmp_path / "breaking-changes.yaml"
    file.write_text(text)
    with pytest.raises(LocalError, match=f"^breaking-changes.yaml.* ?{fault}"):
        intended(file)


def test_there_need_be_no_file(tmp_path):
    assert intended(tmp_path / "none.yaml") == []
    (tmp_path / "empty.yaml").write_text("# nothing is meant\n")
    assert intended(tmp_path / "empty.yaml") == []


def test_a_document_that_cannot_be_compared_is_an_error(tmp_path):
    with pytest.raises(LocalError, match="redocly diff failed"):
        check(published(tmp_path, {"todos": document({})}), [], Before({"todos": ["no document"]}), None)


def test_a_wrong_base_ends_with_one_line(capsys):
    assert main(["breaking", "--base", "no-such-version"]) == 2
    assert capsys.readouterr().err == (
        "Error: BASE=no-such-version: git knows no such version; try `git fetch --tags`.\n"
    )
