"""Ports that lead to one upstream after the other."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from infra.local.ports import HOST
from infra.standin.loadbalancer import LoadBalancer


@dataclass(eq=False)
class Upstream:
    """A server that says its name, and what it was sent."""

    name: str
    server: ThreadingHTTPServer
    is_away: bool = False

    @property
    def address(self) -> tuple[str, int] | None:
        return None if self.is_away else (HOST, self.server.server_address[1])


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


def serve(name: str) -> Upstream:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == "/early":
                body, self.close_connection = b"", True  # answered before its body is read
            elif self.headers.get("Transfer-Encoding"):
                size = int(self.rfile.readline(), 16)
                body = self.rfile.read(size)
                self.rfile.read(7)
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = f"{name} {self.path} {body.decode()} {self.headers.get('X-Forwarded-For')}".encode()
            if self.path.endswith("/cut"):
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (said, b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))

        do_POST = do_GET  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

    server = Server((HOST, 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return Upstream(name, server)


@dataclass
class Both:
    """Two upstreams, and a port that leads to one of them."""

    blue: Upstream
    green: Upstream
    balancer: LoadBalancer
    leads_to: Upstream | None
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"


@pytest.fixture
def both() -> Iterator[Both]:
    both = Both(blue := serve("blue"), serve("green"), LoadBalancer(), blue)
    both.port = both.balancer.open(lambda: both.leads_to)
    yield both
    both.balancer.close()
    for one in (both.blue, both.green):
        one.server.shutdown()
        one.server.server_close()


def test_a_connection_stays_where_it_was_led(both: Both) -> None:
    with httpx.Client(trust_env=False) as before, httpx.Client(trust_env=False) as after:
        assert before.get(f"{both.url}/1").text.startswith("blue /1")
        both.leads_to = both.green
        assert before.get(f"{both.url}/2").text.startswith("blue /2")
        assert after.get(f"{both.url}/3").text.startswith("green /3")
        both.balancer.drop(both.blue)
        assert before.get(f"{both.url}/4").text.startswith("green /4")


def test_bodies_go_on_however_they_come(both: Both) -> None:
    with httpx.Client(trust_env=False) as client:
        assert "a body" in client.post(both.url, content=b"a body").text
        assert "in chunks" in client.post(both.url, content=iter([b"in chunks"])).text


def test_a_connection_goes_on_when_a_request_was_answered_before_its_end(both: Both) -> None:
    port = int(both.url.rpartition(":")[2])
    with socket.create_connection((HOST, port), timeout=10) as client:
        client.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        answer = b""
        while not answer.endswith(b"0\r\n\r\n"):
            answer += (came := client.recv(4096))
            assert came
        assert b"blue /early" in answer
        client.sendall(b"bodyGET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as rest:
            assert b"blue /next" in rest.read()


def test_who_asks_is_told_behind_who_was_told_before(both: Both) -> None:
    answer = httpx.get(both.url, headers={"X-Forwarded-For": "203.0.113.9"}, trust_env=False)
    assert answer.text.endswith("203.0.113.9, 127.0.0.1")


def test_who_is_away_is_answered_for(both: Both) -> None:
    with httpx.Client(trust_env=False) as client:
        both.blue.is_away = True
        assert client.get(both.url).status_code == 503
        both.blue.is_away = False
        assert client.get(f"{both.url}/cut").status_code == 502
        assert client.get(both.url).status_code == 200


def test_what_is_no_http_is_not_passed_on(both: Both) -> None:
    with socket.create_connection((HOST, both.port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert connection.recv(10) == b""


def test_a_name_that_leads_nowhere_hangs_up(both: Both) -> None:
    both.leads_to = None
    with pytest.raises(httpx.TransportError):
        httpx.get(both.url, trust_env=False)
