"""Seeding against answers in the contracts' form; the acceptance of the real ones is testaccept's."""

import json
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from infra.local import seed
from infra.local.errors import LocalError
from infra.local.ports import Ports


class Services:
    """All three services behind one transport, remembering what was posted."""

    def __init__(self, known: bool = False, todos: int = 0, profile_after: int = 2) -> None:
        self.known = known
        self.todos = [{"title": str(number)} for number in range(todos)]
        self.profile_after = profile_after

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match (request.method, request.url.path):
            case ("POST", "/auth/signup"):
                return httpx.Response(409 if self.known else 201, json={})
            case ("POST", "/auth/login"):
                return httpx.Response(200, json={"access_token": "abc"})
        if request.headers.get("Authorization") != "Bearer abc":
            return httpx.Response(401, json={"code": "AUTHORIZATION_HEADER_MISSING"})
        match (request.method, request.url.path):
            case ("GET", "/todos"):
                return httpx.Response(200, json={"items": self.todos, "meta": {"next": None}})
            case ("POST", "/todos"):
                self.todos.append(json.loads(request.content))
                return httpx.Response(201, json={})
        self.profile_after -= 1
        return httpx.Response(404 if self.profile_after > 0 else 200, json={"name": "Demo"})


def run(services: Services) -> str:
    with httpx.Client(transport=httpx.MockTransport(services)) as client:
        return seed.seed_with(client, Ports())


def test_a_new_user_gets_todos_and_a_line_to_paste(capsys: pytest.CaptureFixture[str]):
    services = Services()
    text = run(services)
    assert [todo["title"] for todo in services.todos] == [
        one["title"] for one in json.loads(seed.TODOS.read_text())
    ]
    assert "TOKEN=abc" in text
    assert 'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8103/todos' in text
    assert capsys.readouterr().err.splitlines() == [
        "Signed up demo@example.com (password: correct horse battery)",
        "Added 10 todos",
        "Its profile, made by auth's worker: Demo",
    ]


def test_todos_are_due_before_and_after_the_seeding():
    now = datetime.now(UTC)
    due = [datetime.fromisoformat(todo["due_at"]) - now for todo in seed.todos(now) if "due_at" in todo]
    assert not any("due_in_hours" in todo for todo in seed.todos(now))
    assert min(due) < timedelta(0) < max(due)
    assert all(abs(one) > timedelta(hours=1) for one in due), "who looks a little later sees the same"


def test_the_readme_takes_the_token_out_of_what_is_said():
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    taken = re.search(r"TOKEN=\$\(make seed \| (sed .*?)\)", readme)
    assert taken, "README.md does not seed"
    done = subprocess.run(["bash", "-c", taken[1]], input=run(Services()), capture_output=True, text=True)
    assert done.stdout == "abc\n"


def test_a_second_seed_adds_nothing():
    services = Services(known=True, todos=3)
    run(services)
    assert len(services.todos) == 3


def test_no_profile_points_to_the_worker(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seed, "PROFILE_SECONDS", 0)
    with pytest.raises(LocalError, match=r"no profile after 0 s: `make logs SERVICE=auth`"):
        run(Services(profile_after=99))


def test_nothing_up_is_one_line(ports: Ports):
    with pytest.raises(LocalError, match=r"Is it up\? `make up`"):
        seed.seed(ports)
