"""A demo user with some todos, made through the HTTP API as any client would."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from infra.local.errors import LocalError
from infra.local.output import say
from infra.local.ports import Ports

EMAIL = "demo@example.com"
PASSWORD = "correct horse battery"  # noqa: S105 - of a demo user on this machine, printed below
TODOS = Path(__file__).with_name("seed.json")
"""What is seeded: bodies for POST /todos, but with `due_in_hours`, from now, in the place of `due_at`."""
PROFILE_SECONDS = 30


def todos(now: datetime) -> list[dict[str, Any]]:
    """The todos to seed."""
    bodies = json.loads(TODOS.read_text())
    for body in bodies:
        if (hours := body.pop("due_in_hours", None)) is not None:
            body["due_at"] = (now + timedelta(hours=hours)).isoformat(timespec="seconds")
    return list(bodies)


def seed(ports: Ports) -> str:
    """Sign up (or find) the demo user, give it todos, wait for its profile; the text to show for it."""
    with httpx.Client(timeout=15, trust_env=False) as client:
        return seed_with(client, ports)


def seed_with(client: httpx.Client, ports: Ports) -> str:
    """`seed` through this client."""
    account = {"email": EMAIL, "password": PASSWORD}
    signed_up = _send(
        client, "POST", f"{ports.url('auth')}/auth/signup", {**account, "name": "Demo"}, (201, 409)
    )
    say(f"{'Signed up' if signed_up.status_code == 201 else 'Found'} {EMAIL} (password: {PASSWORD})")
    token = _send(client, "POST", f"{ports.url('auth')}/auth/login", account, (200,)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"

    url = f"{ports.url('todos')}/todos"
    if _send(client, "GET", url, None, (200,)).json()["items"]:
        say("It has todos: none were added")
    else:
        bodies = todos(datetime.now(UTC))
        for body in bodies:
            _send(client, "POST", url, body, (201,))
        say(f"Added {len(bodies)} todos")

    say(f"Its profile, made by auth's worker: {_wait_for_profile(client, ports)['name']}")
    return f'Try it:\n  TOKEN={token}\n  curl -H "Authorization: Bearer $TOKEN" {url}'


def _wait_for_profile(client: httpx.Client, ports: Ports) -> Any:
    deadline = time.monotonic() + PROFILE_SECONDS
    while True:
        answer = _send(client, "GET", f"{ports.url('profiles')}/profiles/me", None, (200, 404))
        if answer.status_code == 200:
            return answer.json()
        if time.monotonic() > deadline:
            raise LocalError(
                f"no profile after {PROFILE_SECONDS} s: `make logs SERVICE=auth` shows auth's worker"
            )
        time.sleep(0.2)


def _send(
    client: httpx.Client, method: str, url: str, body: dict[str, Any] | None, expected: tuple[int, ...]
) -> httpx.Response:
    try:
        answer = client.request(method, url, json=body)
    except httpx.TransportError as error:
        raise LocalError(f"{method} {url}: {error}. Is it up? `make up`") from None
    if answer.status_code not in expected:
        raise LocalError(f"{method} {url} answered {answer.status_code}: {answer.text[:300]}")
    return answer
