"""What every answer tells browsers and caches."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from werkzeug.test import Client

from libs.service import Service
from libs.service.protection.security_headers import SECURITY_HEADERS, SecurityHeaders
from libs.service.testing import SECRET, bearer, environment, running_service

USUAL = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
}


def headers_of(answer: Any) -> dict[str, str]:
    names = [name.lower() for name, _ in answer.headers]
    doubled = {one for one in names if names.count(one) > 1}
    assert not doubled & {*USUAL, "cache-control", "strict-transport-security"}
    return {name.lower(): value for name, value in answer.headers}


@pytest.fixture(scope="module")
def todos() -> Iterable[Client]:
    environ = environment(
        "todos", cursor_secret=SECRET, cors_origins="https://app.test", hsts_seconds="31536000"
    )
    with running_service(Service.named("todos"), environ) as running:
        yield Client(running.web_app().wsgi_app)


MINE = bearer("ada", audience="todos", scopes=["todos:read", "todos:write"])
REQUESTS: dict[str, Callable[[Client], Any]] = {
    "an answer": lambda client: client.get("/todos", headers=MINE),
    "to nobody": lambda client: client.get("/ping"),
    "400": lambda client: client.get("/todos?limit=x", headers=MINE),
    "401": lambda client: client.get("/todos"),
    "404": lambda client: client.get("/nowhere"),
    "405": lambda client: client.put("/todos"),
    "409 and such": lambda client: client.get("/todos/01J00000000000000000000000", headers=MINE),
    "413": lambda client: client.post("/todos", headers={**MINE, "Content-Length": "99999999"}),
    "a preflight": lambda client: client.options(
        "/todos", headers={"Origin": "https://app.test", "Access-Control-Request-Method": "GET"}
    ),
    "to another site": lambda client: client.get("/todos", headers={**MINE, "Origin": "https://app.test"}),
    "OPTIONS": lambda client: client.options("/todos"),
    "HEAD": lambda client: client.head("/todos", headers=MINE),
    "the document": lambda client: client.get("/openapi.json"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_every_answer_has_them(todos: Client, name: str) -> None:
    headers = headers_of(REQUESTS[name](todos))
    assert {**headers, **USUAL} == headers
    assert headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("name", ["an answer", "400", "401", "404", "405", "413", "to another site", "HEAD"])
def test_no_cache_keeps_what_is_for_one_caller_or_refuses(todos: Client, name: str) -> None:
    assert headers_of(REQUESTS[name](todos))["cache-control"] == "no-store"


def test_what_has_an_etag_the_clients_own_cache_may_keep_and_ask_for(todos: Client) -> None:
    made = todos.post("/todos", json={"title": "Read RFC 9111"}, headers=MINE)
    assert made.status_code == 201
    again = todos.get(f"/todos/{made.get_json()['id']}", headers=MINE)
    assert headers_of(again)["cache-control"] == "private, no-cache"
    assert again.headers["ETag"]


def test_the_page_keeps_its_own_policy(todos: Client) -> None:
    headers = headers_of(todos.get("/docs"))
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-cache"
    assert headers["cross-origin-opener-policy"] == "same-origin"


def answered(said: list[tuple[str, str]], **options: Any) -> dict[str, str]:
    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", said)
        return [b""]

    return headers_of(Client(SecurityHeaders(**options).around(app)).get("/"))


@pytest.mark.parametrize("name", [*SECURITY_HEADERS, "Strict-Transport-Security"])
def test_what_an_answer_says_itself_is_kept(name: str) -> None:
    for spelling in (name, name.lower()):
        headers = answered([(spelling, "its own")], hsts_seconds=60)
        assert headers[name.lower()] == "its own"
        assert len(headers) == len(USUAL) + 1


def test_without_https_nothing_asks_for_it() -> None:
    assert answered([]) == USUAL


def test_a_refusal_says_itself_how_long_it_is_good() -> None:
    assert answered([("Cache-Control", "max-age=60")])["cache-control"] == "max-age=60"
