"""Who is spoken to: whichever of several IP addresses lives, and over https only who is vouched for."""

import json
import socket
import ssl
import threading
from time import monotonic
from types import SimpleNamespace

import httpcore
import httpx
import pytest
from werkzeug import Response
from werkzeug.serving import make_server

import libs.jwt.address
from libs.jwt.address import Address

LIVING, REFUSING, DEAD = "127.0.0.1", "127.0.0.2", "127.0.0.3"


def address(url, timeout):
    return Address(url, timeout=timeout, max_bytes=1000)


@pytest.fixture
def name(monkeypatch):
    """Have the name auth.test looked up: it has the IP addresses that are given.

    It takes no time, but by the clock that deadlines go by, so many seconds are over.
    """
    real, gone = socket.getaddrinfo, [0.0]

    def known(*ips, after=0.0):
        monkeypatch.setattr(
            libs.jwt.address, "time", SimpleNamespace(monotonic=lambda: monotonic() + gone[0])
        )

        def look_up(host, port, *args, **options):
            if host != "auth.test":
                return real(host, port, *args, **options)
            gone[0] += after
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in ips]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)

    return known


@pytest.fixture
def serve():
    """Answer `{}` on a port; return the port."""
    servers = []

    def serve(context=None):
        def answer(environ, start_response):
            return Response(json.dumps({}), headers={"Connection": "close"})(environ, start_response)

        server = make_server(LIVING, 0, answer, threaded=True, ssl_context=context)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield serve
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def silent():
    """Take no connection at an IP address and port, as a machine that is off, and do not refuse it."""
    opened = []

    def silent(ip, port):
        server = socket.create_server((ip, port), backlog=0)
        opened.append(server)
        for _ in range(4):  # the queue is full then
            one = socket.socket()
            one.setblocking(False)
            one.connect_ex((ip, port))
            opened.append(one)

    yield silent
    for one in opened:
        one.close()


@pytest.fixture
def secured(serve, certificate):
    """The port of a server whose certificate nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return serve(context)


@pytest.mark.parametrize("others", [[DEAD], [REFUSING], [REFUSING, DEAD]], ids=str)
def test_one_ip_address_that_lives_is_enough(others, name, serve, silent, monkeypatch):
    monkeypatch.setattr(libs.jwt.address, "_SHARE", 0.005)
    port = serve()
    silent(DEAD, port)
    name(*others, LIVING)
    assert address(f"http://auth.test:{port}/", timeout=60).get() == {}


@pytest.mark.parametrize("several", [1, 2, 100])
def test_dead_ip_addresses_take_no_longer_together_than_one(several, name, serve, silent):
    port = serve()
    silent(DEAD, port)
    name(*[DEAD] * several)
    started = monotonic()
    with pytest.raises(httpcore.TimeoutException):
        address(f"http://auth.test:{port}/", timeout=0.6).get()
    assert 0.5 < monotonic() - started < 15, "the last one may take all that is left, not each a share"


def test_a_name_without_an_address_is_an_error(name):
    name()
    with pytest.raises(httpcore.ConnectError):
        address("http://auth.test/", timeout=1).get()


def test_a_certificate_that_is_trusted_is_good(secured, certificate, monkeypatch):
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **options: trusting)
    assert address(f"https://{LIVING}:{secured}/", timeout=60).get() == {}


def test_a_certificate_that_nobody_vouches_for_is_not(secured):
    with pytest.raises(httpcore.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        address(f"https://{LIVING}:{secured}/", timeout=60).get()


def test_a_certificate_is_for_its_name_only(secured, certificate, monkeypatch, name):
    name(LIVING)
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(httpx, "create_ssl_context", lambda **options: trusting)
    with pytest.raises(httpcore.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        address(f"https://auth.test:{secured}/", timeout=60).get()


def test_the_environment_names_no_certificates(secured, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with pytest.raises(httpcore.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        address(f"https://{LIVING}:{secured}/", timeout=60).get()


def test_who_stalls_in_the_handshake_holds_nobody_past_the_deadline(name):
    name(LIVING, after=59.7)
    with socket.create_server((LIVING, 0)) as server:
        started = monotonic()
        with pytest.raises(httpcore.TimeoutException):
            address(f"https://auth.test:{server.getsockname()[1]}/", timeout=60).get()
    assert monotonic() - started < 20
