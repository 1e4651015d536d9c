"""Bodies and addresses that are broken, huge or odd get a problem of the client's, never a 500."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import httpx
import pytest

from testaccept.deployment import User
from testaccept.problems import assert_problem, assert_refused, refused_before


@dataclass(frozen=True)
class Door:
    """An endpoint of a service that takes a JSON object, and a field of it that holds text."""

    service: str
    method: str
    path: str
    field: str

    def send(self, user: User, content: bytes | Iterator[bytes], content_type: str | None) -> httpx.Response:
        headers = {} if content_type is None else {"Content-Type": content_type}
        client = user.of(self.service)
        return client.request(self.method, self.path, content=content, headers=headers)


DOORS = [
    Door("auth", "POST", "/auth/signup", "email"),
    Door("profiles", "PATCH", "/profiles/me", "name"),
    Door("todos", "POST", "/todos", "title"),
]
JSON = "application/json"
TWO_MEGABYTES = b'{"x": "' + b"x" * 2_000_000 + b'"}'

every_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.service)


@every_door
@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b'{"title": }',
        b"{'title': 'x'}",
        b'{"title": "x"} trailing',
        b'{"title": NaN}',
        b'{"title": Infinity}',
        b'{"title": "\xff\xfe"}',
        b'{"title": "line\nline"}',
        b"\xef\xbb\xbf{}x",
        '{"title": "x"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body)[:30],
)
def test_a_malformed_body(visitor: User, door: Door, body: bytes) -> None:
    assert_problem(door.send(visitor, body, JSON), 400, "MALFORMED_BODY")


@every_door
@pytest.mark.parametrize("content_type", [JSON, None])
def test_no_body_at_all(visitor: User, door: Door, content_type: str | None) -> None:
    assert_refused(door.send(visitor, b"", content_type), 422, "INVALID_BODY", "")


@every_door
@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "json",
    ],
)
def test_another_content_type(visitor: User, door: Door, content_type: str | None) -> None:
    assert_problem(door.send(visitor, b"{}", content_type), 415, "UNSUPPORTED_MEDIA_TYPE")


@every_door
@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_spellings_of_json(visitor: User, door: Door, content_type: str) -> None:
    # 422: the body was read, and {"nonsense": 1} was understood.
    assert_problem(door.send(visitor, b'{"nonsense": 1}', content_type), 422, "INVALID_BODY")


@every_door
@pytest.mark.parametrize("says_its_length", [True, False], ids=["length", "chunked"])
def test_a_body_of_two_megabytes(user: User, door: Door, says_its_length: bool) -> None:
    chunks = (TWO_MEGABYTES[start : start + 65536] for start in range(0, len(TWO_MEGABYTES), 65536))
    response = door.send(user, TWO_MEGABYTES if says_its_length else chunks, JSON)
    assert_problem(response, 413, "BODY_TOO_LARGE")
    # The same connection: it goes on, or the answer said `Connection: close` and the client opened another.
    assert user.of(door.service).get("/ping").status_code == 200


@every_door
@pytest.mark.parametrize("depth", [500, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["lists", "objects"])
@pytest.mark.parametrize("where", ["body", "field"])
def test_a_deeply_nested_body(
    visitor: User, door: Door, depth: int, opening: str, closing: str, where: str
) -> None:
    nested = opening * depth + "1" + closing * depth
    body = nested if where == "body" else f'{{"{door.field}": {nested}}}'
    response = door.send(visitor, body.encode(), JSON)
    assert response.status_code in {400, 422}, response.text[:500]
    assert_problem(
        response, response.status_code, {400: "MALFORMED_BODY", 422: "INVALID_BODY"}[response.status_code]
    )


@every_door
@pytest.mark.parametrize("text", [r"a\u0000b", r"a\ud800b", r"\u202e", r"\uffff", r"\u001b[31m"])
def test_odd_characters_in_a_text(user: User, door: Door, text: str) -> None:
    response = door.send(user, f'{{"{door.field}": "{text}"}}'.encode(), JSON)
    assert response.status_code < 500, response.text
    if response.is_client_error:
        assert_problem(response, response.status_code, response.json()["code"])
    assert user.of(door.service).get("/auth/version").status_code == 200


@every_door
@pytest.mark.parametrize("number", ["1e400", "-0", "1" * 5000, "0.1e-999"], ids=lambda number: number[:8])
def test_odd_numbers(visitor: User, door: Door, number: str) -> None:
    response = door.send(visitor, f'{{"{door.field}": {number}}}'.encode(), JSON)
    assert response.status_code in {400, 422}, response.text
    assert_problem(response, response.status_code, response.json()["code"])


@pytest.mark.parametrize(
    ("service", "prefix"),
    [
        ("auth", "/operations/"),
        ("profiles", "/profiles/"),
        ("todos", "/operations/"),
        ("todos", "/todos/"),
        ("todos", "/todos/exports/"),
    ],
)
@pytest.mark.parametrize(
    "odd_id",
    [
        "\0",
        "a\0b",
        "x" * 3000,
        "\n",
        "a\r\nSet-Cookie: x=y",
        " ",
        "%",
        "'",
        '{"S":"x"}',
        "爱达",
        "../ping",
        ";",
        "*",
    ],
    ids=lambda odd_id: repr(odd_id)[:20],
)
def test_odd_ids(visitor: User, service: str, prefix: str, odd_id: str) -> None:
    response = visitor.of(service).get(prefix + quote(odd_id, safe=""))
    if "\0" in odd_id and refused_before(response):
        return
    assert response.status_code in {400, 404}, response.text
    code = {400: "INVALID_PARAMETERS", 404: "NOT_FOUND"}[response.status_code]
    assert_problem(response, response.status_code, code)
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("service", ["auth", "profiles", "todos"])
@pytest.mark.parametrize(
    "path", ["/%00", "/ping%00", "/%ff%fe", "/ping%0a", "/%2e%2e/%2e%2e/etc/passwd", "/%"]
)
def test_odd_paths(visitor: User, service: str, path: str) -> None:
    response = visitor.of(service).get(path)
    if not refused_before(response):
        assert_problem(response, 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "query", ["limit=%00", "cursor=%00", "limit=%ff", "%00=1", "limit[]=1", "limit=1&limit=2", "limit"]
)
def test_odd_queries(visitor: User, query: str) -> None:
    assert_problem(visitor.todos.get(f"/todos?{query}"), 400, "INVALID_PARAMETERS")
