"""The proxy behind a load balancer, as Elastic Beanstalk has it: whom it believes, and what it logs."""

import os
import re
import socket
import subprocess
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from libs.service.testing import eventually
from libs.service.tests.protection.conftest import PROXY, StartProxy
from libs.service.web.client import address_of, is_from_outside

CLIENT = "203.0.113.9"


@pytest.fixture(scope="module")
def balanced(start_proxy: StartProxy, upstream: int) -> int:
    """A proxy that takes this machine for the load balancer."""
    return start_proxy(upstream, PROXIES="10.0.0.0/16 127.0.0.1/32")


@pytest.fixture(scope="module")
def open_to_all(start_proxy: StartProxy, upstream: int) -> int:
    """One that takes it for a client, since the load balancer is elsewhere."""
    return start_proxy(upstream, PROXIES="10.0.0.0/16")


def told(port: int, **headers: str) -> dict[str, str]:
    """What the service is told of a request with these headers."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = httpx.get(f"http://127.0.0.1:{port}/", headers=sent, trust_env=False, timeout=20)
    found: dict[str, str] = answer.json()["headers"]
    return found


def seen(headers: dict[str, str], proxies: int = 1) -> str:
    """The client, as a service with so many trusted proxies sees it."""
    environ = {"REMOTE_ADDR": "127.0.0.1"}
    if "X-Forwarded-For" in headers:
        environ["HTTP_X_FORWARDED_FOR"] = headers["X-Forwarded-For"]
    return address_of(environ, proxies)


def test_the_client_is_whom_the_load_balancer_has_seen(balanced: int) -> None:
    assert seen(told(balanced, X_Forwarded_For=CLIENT)) == CLIENT


def test_what_a_client_says_of_itself_is_not_believed(balanced: int) -> None:
    headers = told(balanced, X_Forwarded_For=f"6.6.6.6, 127.0.0.1, {CLIENT}")
    assert seen(headers) == CLIENT


def test_what_the_load_balancer_asks_by_itself_is_nobodys(balanced: int, open_to_all: int) -> None:
    """As whether it is healthy: not the request of a client, which has come through it."""
    headers = told(balanced)
    assert "X-Forwarded-For" not in headers
    assert not is_from_outside(headers.get("X-Forwarded-For", ""), 1)
    for client in (told(balanced, X_Forwarded_For=CLIENT), told(open_to_all)):
        assert is_from_outside(client["X-Forwarded-For"], 1)


def test_who_is_no_load_balancer_is_not_believed(open_to_all: int) -> None:
    headers = told(open_to_all, X_Forwarded_For="6.6.6.6", X_Forwarded_Proto="https")
    assert seen(headers) == "127.0.0.1"
    assert headers["X-Forwarded-Proto"] == "http"


def test_who_asks_on_the_load_balancers_own_behalf_is_the_load_balancer(balanced: int) -> None:
    assert seen(told(balanced)) == "127.0.0.1"


@pytest.mark.parametrize(
    ("said", "passed_on"), [("https", "https"), ("http", "http"), ("gopher", "http"), ("https, http", "http")]
)
def test_the_scheme_is_what_the_load_balancer_says(balanced: int, said: str, passed_on: str) -> None:
    assert told(balanced, X_Forwarded_Proto=said)["X-Forwarded-Proto"] == passed_on


def test_connections_are_counted_by_client(balanced: int) -> None:
    """Else one client with a hundred would be all there can be: the load balancer has one address."""
    begun = f"POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {CLIENT}\r\nContent-Length: 9\r\n\r\n{{"
    with ExitStack() as stack:
        for _ in range(110):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", balanced)))
            connection.sendall(begun.encode())
        url = f"http://127.0.0.1:{balanced}/"

        def refused() -> bool:
            answer = httpx.get(url, headers={"X-Forwarded-For": CLIENT}, trust_env=False, timeout=20)
            return answer.status_code == 429

        eventually(refused)
        other = httpx.get(url, headers={"X-Forwarded-For": "203.0.113.10"}, trust_env=False, timeout=20)
        assert other.status_code == 200


def test_what_was_answered_is_logged_for_the_health_agent(
    start_proxy: StartProxy, upstream: int, tmp_path: Path
) -> None:
    """https://docs.aws.amazon.com/elasticbeanstalk/latest/dg/health-enhanced-serverlogs.html"""
    port = start_proxy(upstream, PROXIES="127.0.0.1/32", HEALTHD=str(tmp_path))
    for path in ("/a%20b?token=secret", "/status/503", '/"quoted"'):
        httpx.get(f"http://127.0.0.1:{port}{path}", headers={"X-Forwarded-For": CLIENT}, trust_env=False)

    def lines() -> list[str]:
        return [line for file in tmp_path.iterdir() for line in file.read_text().splitlines()]

    eventually(lambda: len(lines()) == 3)
    assert all(
        re.fullmatch(r"application\.log\.\d{4}-\d{2}-\d{2}-\d{2}", file.name) for file in tmp_path.iterdir()
    )
    shape = re.compile(
        r'\d+\.\d{3}"(?P<path>[^"]*)"(?P<status>\d{3})"\d+\.\d{3}"\d+\.\d{3}"(?P<client>[^"]*)'
    )
    found = [shape.fullmatch(line) for line in lines()]
    assert [match and match.groups() for match in found] == [
        ("/a%20b", "200", CLIENT),
        ("/status/503", "503", CLIENT),
        ("/%22quoted%22", "200", CLIENT),
    ]


def test_a_service_that_has_moved_is_found_again(
    start_proxy: StartProxy, upstream: int, tmp_path: Path
) -> None:
    """nginx asks for an address when it starts. Here it finds another port when it is told to ask again."""
    (tmp_path / "address").write_text("10.0.0.1")
    (tmp_path / "getent").write_text(f"#!/bin/sh\ncat {tmp_path}/address\n")
    (tmp_path / "getent").chmod(0o755)
    port = start_proxy(
        1,
        PATH=f"{tmp_path}:{os.environ['PATH']}:/usr/sbin",
        RUN_FOLDER=str(tmp_path),
        WATCH_SECONDS="0.1",
    )
    assert httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 503
    rendered = tmp_path / "nginx.conf"
    rendered.write_text(rendered.read_text().replace("127.0.0.1:1 ", f"127.0.0.1:{upstream} "))
    (tmp_path / "address").write_text("10.0.0.2")
    eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/", trust_env=False).status_code == 200)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("UPSTREAM", ""),
        ("UPSTREAM", "web"),
        ("UPSTREAM", "web:8080; return 200"),
        ("UPSTREAM", "web:8080\nweb:8081"),
        ("LISTEN", "8080 default_server"),
        ("PROXIES", "10.0.0.0/16; deny all"),
        ("PROXIES", "10.0.0.1"),
        ("HEALTHD", "relative"),
        ("HEALTHD", "/nowhere/that/is"),
    ],
)
def test_a_wrong_setting_stops_the_start(tmp_path: Path, name: str, value: str) -> None:
    settings = {"UPSTREAM": "127.0.0.1:1", "RUN_FOLDER": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([PROXY / "start"], env={**settings, name: value}, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith(f"proxy: {name}")
    assert list(tmp_path.iterdir()) == []
