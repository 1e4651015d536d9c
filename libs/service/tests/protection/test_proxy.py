"""What the proxy passes on, what it answers itself, and whom it lets go."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import httpx
import pytest

from infra.local.throwaway import reserved_port
from libs.service.tests.protection.conftest import StartProxy
from libs.service.tests.protection.upstream import Upstream


@pytest.fixture(scope="module")
def proxy(start_proxy: StartProxy, upstream: int) -> int:
    return start_proxy(upstream, patience=1)


@pytest.fixture
def client(proxy: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{proxy}", trust_env=False, timeout=20) as client:
        yield client


def assert_problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["code"]) == (status, code)
    assert told["request_id"] == answer.headers["X-Request-ID"]
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == (
        "nosniff",
        "no-store",
    )


def test_the_service_sees_the_request_as_it_was_sent(client: httpx.Client) -> None:
    told = client.get("/a%2Fb//c?x=%20", headers={"X-Request-ID": "request-1234", "Host": "api.test"}).json()
    assert told["path"] == "/a%2Fb//c?x=%20"
    assert (told["headers"]["X-Request-ID"], told["headers"]["Host"]) == ("request-1234", "api.test")


def test_it_adds_whom_it_has_seen(client: httpx.Client) -> None:
    told = client.get("/", headers={"X-Forwarded-For": "6.6.6.6"}).json()["headers"]
    assert told["X-Forwarded-For"] == "6.6.6.6, 127.0.0.1"
    assert told["X-Forwarded-Proto"] == "http"


def test_nobody_outside_gives_a_request_less_time(client: httpx.Client) -> None:
    assert "X-Request-Budget" not in client.get("/", headers={"X-Request-Budget": "0"}).json()["headers"]


@pytest.mark.parametrize("status", [200, 400, 404, 413, 429, 500, 502, 503, 504])
def test_what_the_service_answers_stays_as_it_is(client: httpx.Client, status: int) -> None:
    answer = client.get(f"/status/{status}")
    assert (answer.status_code, answer.json()["path"]) == (status, f"/status/{status}")


def test_events_are_passed_on_as_they_come(client: httpx.Client) -> None:
    with client.stream("GET", "/events") as answer:
        events = answer.iter_text()
        assert next(events) == "data: one\n\n"
        Upstream.go.set()
        assert next(events) == "data: two\n\n"


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "a long line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "URI_TOO_LONG"),
    "a long header": (
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9000 + b"\r\n\r\n",
        431,
        "REQUEST_HEADER_FIELDS_TOO_LARGE",
    ),
    "a large body": (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n",
        413,
        "BODY_TOO_LARGE",
    ),
    "no length": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 400, "BAD_REQUEST"),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400, "BAD_REQUEST"),
    "no request": (b"hello\r\n\r\n", 400, "BAD_REQUEST"),
    "a path that is none": (b"GET /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 400, "BAD_REQUEST"),
    "two callers": (
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
        400,
        "BAD_REQUEST",
    ),
    "a coding nobody knows": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x\r\nConnection: close\r\n\r\n",
        501,
        "NOT_IMPLEMENTED",
    ),
    "a version nobody knows": (b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", 505, "HTTP_VERSION_NOT_SUPPORTED"),
    "an address of its own": (
        b"GET /problem/503 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        404,
        "NOT_FOUND",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_refuses_itself_is_a_problem_too(proxy: int, name: str) -> None:
    sent, status, code = REFUSED[name]
    with socket.create_connection(("127.0.0.1", proxy), timeout=20) as connection:
        connection.sendall(sent)
        answer = b""
        with suppress(ConnectionResetError):  # of what is still to come it wants nothing
            while data := connection.recv(65536):
                answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    headers = [(name, value) for name, _, value in (one.partition(": ") for one in fields)]
    assert_problem(httpx.Response(int(line.split(" ")[1]), headers=headers, content=body), status, code)


def test_without_a_service_it_says_so(start_proxy: StartProxy) -> None:
    with reserved_port() as nobody:
        answer = httpx.get(f"http://127.0.0.1:{start_proxy(nobody)}/", trust_env=False, timeout=20)
    assert_problem(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"


def test_a_header_that_takes_too_long_is_not_waited_for(proxy: int) -> None:
    with socket.create_connection(("127.0.0.1", proxy), timeout=20) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHos")
        try:
            assert b"200" not in slow.recv(1000)
        except ConnectionResetError:
            return


def test_who_opens_too_many_is_refused_alone(proxy: int, client: httpx.Client) -> None:
    begun = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"
    with ExitStack() as stack:
        for _ in range(110):
            one = stack.enter_context(socket.socket())
            one.bind(("127.0.0.5", 0))
            one.connect(("127.0.0.1", proxy))
            one.sendall(begun)
        ninth = stack.enter_context(
            httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.5"), trust_env=False)
        )
        assert client.get("/").status_code == 200
        assert_problem(ninth.get(f"http://127.0.0.1:{proxy}/"), 429, "TOO_MANY_REQUESTS")
