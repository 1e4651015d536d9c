"""Paths, methods and headers as they come off the wire: by gunicorn, and by Flask's test client alike."""

import socket
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPMessage
from typing import Any

import httpx
import orjson
import pytest

from infra.local.throwaway import reserved_port
from libs.api import path_segment
from libs.service.testing import eventually, python_process
from libs.service.tests import echo

Answer = tuple[int, Any, Any]
Send = Callable[..., Answer]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with reserved_port() as port:
        options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--no-control-socket"]
        with python_process(
            "-m", "gunicorn", *options, "libs.service.tests.echo:app()", environ={}
        ) as process:

            def answers() -> bool:
                assert process.poll() is None
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            eventually(answers)
            yield port


def by_gunicorn(port: int, method: str, target: str, headers: list[tuple[str, str]]) -> Answer:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest(method, target)
        for header in headers:
            connection.putheader(*header)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def by_flask(method: str, target: str, headers: list[tuple[str, str]]) -> Answer:
    answer = echo.app().test_client().open(target, method=method, headers=headers)
    return answer.status_code, answer.data, answer.headers


@pytest.fixture(params=["gunicorn", "flask"])
def send(request: pytest.FixtureRequest) -> Send:
    """Send a request; return status, body (JSON as its value) and headers."""
    port = request.getfixturevalue("port") if request.param == "gunicorn" else None

    def send(method: str, target: str, *headers: tuple[str, str]) -> Answer:
        if port is None:
            status, body, got = by_flask(method, target, list(headers))
        else:
            status, body, got = by_gunicorn(port, method, target, list(headers))
        return status, orjson.loads(body) if "json" in got.get("Content-Type", "") and body else body, got

    return send


def header_names(headers: HTTPMessage) -> set[str]:
    """The names of an answer's headers, less what a server adds."""
    return {name.title() for name, _ in headers.items()} - {"Date", "Server", "Connection"}


KEYS = [
    "a/b",
    "%2F",
    "%",
    "..",
    ".",
    "...",
    "a?b",
    "a#b",
    " ",
    "€ ü 😀",
    "a;b,c",
    "//",
    "export/",
    "{key}",
    "\n",
]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_may_be_any_text(send: Send, key: str) -> None:
    assert send("GET", f"/things/{path_segment(key)}?")[:2] == (200, {"key": key, "if_match": None})
    status, body, _ = send("GET", f"/things/{path_segment(key)}/{path_segment(key[::-1])}")
    assert (status, body) == (200, {"a": key, "b": key[::-1]})


@pytest.mark.parametrize("key", KEYS)
def test_a_client_sends_a_key_as_it_is(port: int, key: str) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        assert client.get(f"/things/{path_segment(key)}").json()["key"] == key


@pytest.mark.parametrize("sent", ["abc", "%61bc", "a%62%63"])
def test_letters_may_be_encoded_everywhere(send: Send, sent: str) -> None:
    assert send("GET", f"/th%69ngs/{sent}")[1]["key"] == "abc"


@pytest.mark.parametrize(
    "path",
    ["/things/%", "/things/%zz", "/things/a%2", "/things/%ff", "/%C3", "/things/%ED%A0%80", "/things/%00"],
)
def test_a_malformed_path_is_a_problem(send: Send, path: str) -> None:
    status, body, headers = send("GET", path)
    assert (status, body["code"], body["instance"]) == (404, "NOT_FOUND", path)
    assert body["detail"]
    assert headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    ["/things/", "/things//", "/things//b", "/things/a/", "/things/../who", "/things/.", "/nowhere%2F"],
)
def test_a_path_that_leads_nowhere_is_a_problem(send: Send, path: str) -> None:
    status, body, _ = send("GET", path)
    assert (status, body["code"], body["instance"]) == (404, "NOT_FOUND", path)


@pytest.mark.parametrize("target", ["//who", "//things/a", "//", "/"])
def test_slashes_in_front_are_not_skipped(port: int, target: str) -> None:
    # By gunicorn alone: Flask's test client takes //who for a host.
    status, body, _ = by_gunicorn(port, "GET", target, [])
    assert (status, orjson.loads(body)["instance"]) == (404, target)


@pytest.mark.parametrize("target", ["http://elsewhere/things/a%2Fb", "http://elsewhere:80/things/a%2Fb?"])
def test_a_target_may_be_a_whole_url(port: int, target: str) -> None:
    # RFC 9112 section 3.2.2
    status, body, _ = by_gunicorn(port, "GET", target, [])
    assert (status, orjson.loads(body)["key"]) == (200, "a/b")


def test_options_of_the_whole_server_is_a_problem(port: int) -> None:
    status, body, _ = by_gunicorn(port, "OPTIONS", "*", [])
    assert (status, orjson.loads(body)["instance"]) == (404, "*")


ALLOWED = {
    "/things/a%2Fb": "DELETE, GET, HEAD, OPTIONS",
    "/things/a/b": "GET, HEAD, OPTIONS",
    "/things/export": "OPTIONS, POST",
    "/things/%65xport": "OPTIONS, POST",
    "/private": "GET, HEAD, OPTIONS",
}


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
def test_options_names_the_methods_and_needs_no_token(send: Send, path: str, allowed: str) -> None:
    status, body, headers = send("OPTIONS", f"{path}?x=1")
    assert (status, body, headers["Allow"]) == (204, b"", allowed)
    assert header_names(headers) == {"Allow", "X-Request-Id"}


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items())
@pytest.mark.parametrize("method", ["PUT", "TRACE", "BREW"])
def test_a_method_that_is_not_there_is_told_those_that_are(
    send: Send, path: str, allowed: str, method: str
) -> None:
    status, body, headers = send(method, path)
    assert (status, body["code"], headers["Allow"]) == (405, "METHOD_NOT_ALLOWED", allowed)


def test_a_path_written_out_hides_the_key_of_that_name(send: Send) -> None:
    assert send("POST", "/things/export")[1] == {"exported": True}
    for method in ("GET", "DELETE"):
        assert send(method, "/things/export")[0] == 405


def test_there_are_no_options_where_there_is_no_path(send: Send) -> None:
    assert send("OPTIONS", "/nowhere")[0] == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/things/a", ()),
        ("/stream", ()),
        ("/version", ()),
        ("/version", (("If-None-Match", '"1"'),)),
        ("/private", ()),
        ("/private", (("Authorization", "Bearer good-token"),)),
        ("/nowhere", ()),
        ("/things/a?x=1", ()),
    ],
)
def test_head_is_get_without_the_body(send: Send, path: str, headers: tuple[tuple[str, str], ...]) -> None:
    request_id = ("X-Request-ID", "request-1234")
    got, head = (send(method, path, request_id, *headers) for method in ("GET", "HEAD"))
    assert (head[0], head[1]) == (got[0], b"")
    hop = {"Transfer-Encoding"}  # a HEAD need not tell (RFC 9110 section 9.3.2)
    assert header_names(head[2]) - hop == header_names(got[2]) - hop
    for name in ("Content-Length", "Content-Type", "ETag", "Allow"):
        assert head[2].get(name) == got[2].get(name)


def test_the_stream_of_a_get_is_whole(send: Send) -> None:
    assert send("GET", "/stream")[:2] == (200, b"one\ntwo\n")


@pytest.mark.parametrize(
    ("method", "path", "header", "status"),
    [("GET", "/version", ("If-None-Match", '"1"'), 304), ("DELETE", "/things/a", ("X-Any", "1"), 204)],
)
def test_an_answer_without_a_body_has_no_type(
    send: Send, method: str, path: str, header: tuple[str, str], status: int
) -> None:
    answered, body, headers = send(method, path, header)
    assert (answered, body) == (status, b"")
    assert header_names(headers) - {"Etag"} == {"X-Request-Id"}


def test_header_lines_of_one_name_are_one_list(send: Send) -> None:
    lines = [("If-Match", '"1"'), ("If-Match", 'W/"2"')]
    listed = send("GET", "/things/a", *lines)[1]["if_match"]
    assert [one.strip() for one in listed.split(",")] == ['"1"', 'W/"2"']


def test_an_optional_token_is_looked_at_where_it_is_sent(send: Send) -> None:
    assert send("GET", "/who")[1] == {"caller": None}
    assert send("GET", "/who", ("Authorization", "Bearer good-token"))[1] == {"caller": "ada"}
    for bad in ("Bearer bad-token", "Basic YTpi", ""):
        assert send("GET", "/who", ("Authorization", bad))[0] == 401
