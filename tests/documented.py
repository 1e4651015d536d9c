"""Running a document: its Python in order, its contracts served, its HTTP sent and compared.

- A ``python`` block goes on from those before it. Models get tables of their own when they are defined.
  What nobody needs to read, such as a stand-in for what the reader has, is in a comment: ``<!-- python``, the
  code, and ``-->``, each on lines of their own.
- A ``yaml`` block with an ``x-resource`` is a contract, and served from there on; the modules it names are
  the document itself.
- One that begins with ``# apis/<name>.yaml`` is the contract of `models.<name>` in the Python after it, which
  has the functions it names, and is served from the next request on. `database` has its tables. What a
  function `provide` returns is given to those that ask for it, as in a service. Tasks that a request has
  called are run when it is answered.
- Any other ``yaml`` block is YAML, and has extensions of ours only where they belong.
- A ``text`` block after a contract is what its faults are told as, line by line.
- An ``http`` block is a request and, from the line that begins with ``HTTP/`` on, its answer. There ``…``
  stands for anything, at the end of an object or a list also for more of it, and ``{name}`` for a text that
  is the same wherever the name stands. Requests are ada's unless they have an ``Authorization``; ``Scope``
  are the scopes of her token. One that is an answer alone has headers and JSON that can be read.
"""

import ast
import json
import os
import re
import sys
import traceback
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import yaml
from flask.testing import FlaskClient
from pynamodb.models import Model
from werkzeug.test import TestResponse

from libs.api import (
    AnswerCheck,
    ApiModels,
    Contract,
    ContractError,
    Contribution,
    Dependencies,
    IdempotencyRecord,
    Models,
    Server,
    read_document,
    table_models,
)
from libs.api.binding.extensions import extension_faults
from libs.dynamodb import Database
from libs.jwt import Caller, FixedKeySet, TokenVerifier, current_caller
from libs.resource import CursorSigner, Total
from libs.service.testing import ISSUER, KEY, bearer
from libs.service.web import create_app
from libs.tasks import Operation, Task, TaskRuntime
from libs.tasks.following.handlers import operations_contribution

FENCE = re.compile(r"^(?:```|<!-- )(\w+)\n(.*?)^(?:```|-->)$", re.MULTILINE | re.DOTALL)
SECRET = "of-a-document-and-32-characters-long"
HEAD: Mapping[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A document", "version": "1.0.0"},
    "security": [{"bearer": []}],
}
BEARER = {"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}}
ANYTHING = "…"


def blocks(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield language, text and line of each fenced block."""
    text = path.read_text()
    for found in FENCE.finditer(text):
        yield found[1], found[2], text.count("\n", 0, found.start(2))


@contextmanager
def running_document(path: Path, scratch: Path) -> Iterator["Document"]:
    """Have a document ready to be run for the length of a with-block.

    :param scratch: a folder for the contracts it shows.
    """
    document = Document(path, scratch)
    try:
        document.bind([Total, Operation, IdempotencyRecord])
        yield document
    finally:
        sys.modules.pop(document.module.__name__, None)
        for database in document.databases:
            database.delete_tables()


class Document:
    """A document while it is run."""

    def __init__(self, path: Path, scratch: Path) -> None:
        self.path = path
        self.databases: list[Database] = []
        self.client: FlaskClient | None = None
        self.texts: dict[str, str] = {}
        self._tasks: TaskRuntime | None = None
        self._queued: list[str] = []
        self._own: dict[str, Any] = {}
        self.module = ModuleType(f"documented_{path.stem.replace('-', '_')}")
        self._scratch = scratch
        self._unserved: Path | None = None
        sys.modules[self.module.__name__] = self.module

    def run(self) -> int:
        """Run all blocks, and return how many there were.

        :raises AssertionError: telling the line of each block that is not so.
        """
        ran, faults = 0, []
        for language, text, line in blocks(self.path):
            run = {
                "python": self._python,
                "yaml": self._contract,
                "http": self._http,
                "text": self._faults,
            }.get(language)
            if run is None:
                continue
            ran += 1
            try:
                run(text, line)
            except Exception as error:  # noqa: BLE001 - all of them are told, at the end
                at = [
                    one.lineno
                    for one in traceback.extract_tb(error.__traceback__)
                    if one.filename == str(self.path)
                ]
                faults.append(
                    f"{self.path.name}:{at[-1] if at else line + 1}: {type(error).__name__}: {error}"
                )
        assert not faults, "\n".join(faults)
        return ran

    def bind(self, models: list[type[Model]]) -> None:
        """Give models tables of their own."""
        database = Database(
            models,
            region="eu-west-1",
            endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
            table_prefix=f"test-{uuid.uuid4().hex}-",
        )
        database.create_tables()
        self.databases.append(database)

    def _python(self, text: str, line: int) -> None:
        tree = ast.parse(text)
        ast.increment_lineno(tree, line)
        for node in tree.body:
            code = compile(ast.Module([node], []), str(self.path), "exec")
            exec(code, self.module.__dict__)  # noqa: S102 - what a document of ours says
            self.module.__dict__.update(self._own)
            if isinstance(node, ast.ClassDef):
                made = self.module.__dict__[node.name]
                if issubclass(made, Model) and hasattr(made, "Meta"):
                    self.bind([made])

    def _contract(self, text: str, line: int) -> None:
        named = re.match(r"# apis/([\w-]+)\.yaml\n", text)
        if "x-resource" not in text and not named:
            shown = yaml.safe_load(text)
            assert isinstance(shown, dict), f"is no object: {shown}"
            assert list(extension_faults({**HEAD, **shown})) == []
            return
        here = self._here(text)
        shown = yaml.safe_load(here)
        file = self._scratch / f"{named[1] if named else f'line-{line}'}.yaml"
        if not shown.keys() & {"openapi", "swagger"}:
            shown["components"] = {**BEARER, **shown.get("components", {})}
            here = yaml.safe_dump({**HEAD, **shown})
        file.write_text(here)
        if named:
            models = Models(self._scratch)
            self.bind(table_models(models[named[1]].persistent()))
            self._own = {"models": models, "database": self.databases[-1]}
            self._unserved = file
        else:
            self._serve(file)

    def _here(self, text: str) -> str:
        """Return a text with the modules of services it names made this document."""
        return re.sub(r"\bservices[./]\w+[./]\w+(\.py)?", self.module.__name__, text)

    def _faults(self, text: str, line: int) -> None:
        if self._unserved is None:
            return
        try:
            self._serve(self._unserved)
        except ContractError as error:
            told, expected = list(error.faults), self._here(text).strip().split("\n")
            assert told == expected, "\n".join(told)
        else:
            raise AssertionError("nothing is wrong with the contract")

    def _serve(self, file: Path) -> None:
        self._unserved = None
        verifier = TokenVerifier(FixedKeySet([KEY.jwk]), issuer=ISSUER, audience="documents")
        callers = {Caller: current_caller, Caller | None: current_caller}
        served = {
            "operationId": "get_document",
            "security": [],
            "responses": {"200": {"description": "This document.", "content": {"application/json": {}}}},
        }
        document = Contribution(
            {"/openapi.json": {"get": served}}, {"get_document": lambda: contract.document}
        )
        provide = self.module.__dict__.get("provide", lambda settings: [])
        dependencies = Dependencies([CursorSigner(SECRET), *provide(None)], callers)
        tasks = [one for one in self.module.__dict__.values() if isinstance(one, Task)]
        self._tasks = TaskRuntime(tasks, dependencies, self) if tasks else None
        further = [operations_contribution()] if tasks else []
        contract = Contract.load(file, dependencies, [document, *further])
        known: Models | None = self._own.get("models")
        objects = known[file.stem] if known else ApiModels(read_document(file))
        objects = objects.completed(contract.document)
        server = Server(verifier.verify, objects, answer_check=AnswerCheck.from_setting("always"))
        self.client = create_app(
            "documents", contract, server, tasks=self._tasks, max_body_bytes=1_000_000
        ).test_client()

    def publish(self, task_name: str, operation_id: str, **where: object) -> None:
        """Take the hint that a task is to be run, as a broker does."""
        self._queued.append(operation_id)

    def waiting(self, queue: str | None) -> None:
        """Say that nobody knows how many hints wait."""

    def _http(self, text: str, line: int) -> None:
        if text.startswith("HTTP/1.1 "):
            _, headers, body = _message(text)
            assert headers
            json.loads(_json(body) or "null")
            return
        if self._unserved:
            self._serve(self._unserved)
        assert self.client, "nothing is served yet"
        sent, _, told = text.partition("HTTP/1.1 ")
        first, headers, body = _message(sent)
        method, target = self._filled(first).split(" ", 1)
        path, _, query = target.partition("?")
        pairs = [part.partition("=") for part in query.split("&")] if query else []
        path += "?" * bool(pairs) + "&".join(f"{name}={quote(value)}" for name, _, value in pairs)
        headers = {name: self._filled(value) for name, value in headers.items()}
        who = headers.pop("Authorization", "Bearer ada").removeprefix("Bearer").split()
        scopes = tuple(headers.pop("Scope", "").split())
        if who:
            headers |= bearer(who[0], audience="documents", scopes=scopes)
        media_type = headers.pop("Content-Type", "application/json")
        content = {"data": self._filled(body), "content_type": media_type} if body else {}
        answer = self.client.open(path, method=method, headers=headers, **content)
        self._compare(answer, *_message(told))
        while self._tasks and self._queued:
            self._tasks.run(self._queued.pop(0))

    def _compare(self, answer: TestResponse, status: str, headers: dict[str, str], body: str) -> None:
        told = f"answered {answer.status_code} {answer.get_data(as_text=True)} {dict(answer.headers)}"
        assert status.split()[0] == str(answer.status_code), told
        for name, value in headers.items():
            assert self._is_text(value, answer.headers.get(name, "")), told
        if body and not answer.is_json and "problem" not in answer.mimetype:
            assert self._is_text(body, answer.get_data(as_text=True)), told
        elif body:
            assert self._is(json.loads(_json(body)), answer.get_json()), told

    def _is(self, expected: Any, found: Any) -> bool:
        if expected == ANYTHING:
            return True
        if isinstance(expected, dict) and isinstance(found, dict):
            more = expected.pop(ANYTHING, None) is not None
            return (more or set(found) == set(expected)) and all(
                name in found and self._is(one, found[name]) for name, one in expected.items()
            )
        if isinstance(expected, list) and isinstance(found, list):
            more = expected[-1:] == [ANYTHING]
            wanted = expected[:-1] if more else expected
            return (len(found) >= len(wanted) if more else len(found) == len(wanted)) and all(
                self._is(one, other) for one, other in zip(wanted, found, strict=False)
            )
        if isinstance(expected, str) and isinstance(found, str):
            return self._is_text(expected, found)
        return type(expected) is type(found) and bool(expected == found)

    def _is_text(self, expected: str, found: str) -> bool:
        pattern, names = "", []
        for part in re.split(r"(…|\{\w+\})", expected):
            name = part[1:-1]
            if part == ANYTHING:
                pattern += ".*"
            elif re.fullmatch(r"\{\w+\}", part) and name not in self.texts:
                pattern += "([^/]+)"
                names.append(name)
            else:
                pattern += re.escape(self._filled(part))
        matched = re.fullmatch(pattern, found, re.DOTALL)
        if matched:
            self.texts.update(zip(names, matched.groups(), strict=True))
        return matched is not None

    def _filled(self, text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: self.texts.get(found[1], found[0]), text)


def _message(text: str) -> tuple[str, dict[str, str], str]:
    """Return the first line, the headers and the body of a message."""
    first, *lines = text.strip().split("\n")
    headers = {}
    while lines and re.match(r"[A-Za-z-]+:", lines[0]):
        name, _, value = lines.pop(0).partition(":")
        headers[name] = value.strip()
    return first, headers, "\n".join(lines).strip()


def _json(text: str) -> str:
    """Return JSON with its ``…`` made texts, and members."""

    def made(found: re.Match[str]) -> str:
        if found[0] != ANYTHING:
            return found[0]
        is_value = text[: found.start()].rstrip()[-1:] in (":", "[", "")
        closes = text[found.end() :].lstrip()[:1]
        return f'"{ANYTHING}": true' if closes == "}" and not is_value else f'"{ANYTHING}"'

    return re.sub(r'"(?:\\.|[^"\\])*"|…', made, text)
