"""The todos service, put together on tables of its own; in a test module with processes, those too."""

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.service import Running
from libs.service.testing import bearer, environment, eventually, python_process, running_service
from services.todos.models import Todo
from services.todos.service import service

CURSOR_SECRET = "only-for-tests-and-32-characters-long"


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    """The settings of the module's service; a test module may have a fixture of its own instead."""
    return environment("todos", cursor_secret=CURSOR_SECRET)


@pytest.fixture(scope="module")
def running(environ: dict[str, str]) -> Iterator[Running]:
    with running_service(service, environ) as started:
        yield started


@pytest.fixture
def client(running: Running) -> FlaskClient:
    return running.web_app().test_client()


@pytest.fixture
def token_of() -> Callable[[str], dict[str, str]]:
    """Return the headers of a user's requests."""
    return lambda subject: bearer(subject, audience="todos")


@pytest.fixture
def ada(token_of: Callable[[str], dict[str, str]]) -> dict[str, str]:
    return token_of("ada")


@pytest.fixture
def eve(token_of: Callable[[str], dict[str, str]]) -> dict[str, str]:
    """A stranger to ada."""
    return token_of("eve")


@pytest.fixture
def owner_id() -> str:
    """The id of a user that has no todos yet."""
    return uuid.uuid4().hex


@pytest.fixture
def owner(token_of: Callable[[str], dict[str, str]], owner_id: str) -> dict[str, str]:
    """The headers of that user's requests."""
    return token_of(owner_id)


@dataclass
class Todos:
    """The todos of one user, as a client sees them."""

    client: FlaskClient
    headers: dict[str, str]

    def send(
        self, method: str, below: str = "", *, headers: dict[str, str] | None = None, **options: Any
    ) -> TestResponse:
        """Send a request to an address below /todos; of its query what is no text is sent as JSON."""
        query = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in options.pop("query", {}).items()
        }
        return self.client.open(
            f"/todos{below}",
            method=method,
            query_string=query or None,
            headers={**self.headers, **(headers or {})},
            **options,
        )

    def create(self, title: str = "x", **fields: Any) -> dict[str, Any]:
        """Return a new todo."""
        answer = self.send("POST", json={"title": title, **fields})
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def ask(self, below: str = "", **query: Any) -> dict[str, Any]:
        """Return the answer to a question that is understood."""
        answer = self.send("GET", below, query=query)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def titles(self, **query: Any) -> list[str]:
        """Return the titles on the page that is asked for."""
        return [todo["title"] for todo in self.ask(**query)["items"]]

    def refused(self, method: str, below: str = "", **options: Any) -> tuple[int, str]:
        """Return status and code of the problem a request is answered with."""
        answer = self.send(method, below, **options)
        assert answer.mimetype == "application/problem+json", answer.text
        return answer.status_code, answer.get_json()["code"]


@pytest.fixture
def todos(client: FlaskClient, owner: dict[str, str]) -> Todos:
    """The todos of a user that has none yet."""
    return Todos(client, owner)


@pytest.fixture
def others(client: FlaskClient, token_of: Callable[[str], dict[str, str]]) -> Todos:
    """The todos of somebody else."""
    return Todos(client, token_of(uuid.uuid4().hex))


@pytest.fixture
def worker(running: Running, environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Celery worker of the service, which touches the file `worker`."""
    alive = {"APP_ALIVE_PATH": str(tmp_path / "worker")}
    with python_process("-m", "libs.service", "worker", environ={**environ, **alive}) as process:
        yield process


@pytest.fixture
def beat(running: Running, environ: dict[str, str], tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The scheduler of the service, which touches the file `beat`."""
    alive = {"APP_ALIVE_PATH": str(tmp_path / "beat")}
    with python_process("-m", "libs.service", "beat", environ={**environ, **alive}) as process:
        yield process


@dataclass
class Exports:
    """Exporting one's todos, as a client does it."""

    client: FlaskClient
    headers: dict[str, str]

    def start(self) -> str:
        """Return the address of the operation."""
        answer = self.client.post("/todos/export", headers=self.headers)
        assert answer.status_code == 202
        return str(answer.headers["Location"])

    def operation(self, location: str) -> dict[str, Any]:
        return dict(self.client.get(location, headers=self.headers).get_json())

    def ended(self, location: str, *, seconds: float = 60) -> dict[str, Any]:
        """Return the operation when it is final."""
        return eventually(
            lambda: (
                operation
                if (operation := self.operation(location))["status"] in ("succeeded", "failed")
                else None
            ),
            seconds=seconds,
        )

    def lines(self, operation: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the todos in a finished export."""
        assert operation["status"] == "succeeded", operation
        text = self.client.get(operation["result"]["href"], headers=self.headers).get_data()
        return [orjson.loads(line) for line in text.split(b"\n")[:-1]]


@pytest.fixture
def exports(client: FlaskClient, ada: dict[str, str]) -> Exports:
    """The exports of ada."""
    return Exports(client, ada)


@pytest.fixture
def write_todos() -> Callable[..., None]:
    """Store many todos, titled `todo 0`, `todo 1` and so on; past the resource, so no totals count them."""

    def write(owner: str, count: int, **attributes: Any) -> None:
        with Todo.batch_write() as batch:
            for number in range(count):
                batch.save(Todo(owner, title=f"todo {number}", version=1, **attributes))

    return write
