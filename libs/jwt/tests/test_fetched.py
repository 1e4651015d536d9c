"""Fetching from an address that is slow, endless, away or hanging, over real connections."""

import gzip
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial

import httpx
import pytest

from libs.errors import ServiceUnavailable, Unauthorized
from libs.jwt import RemoteKeySet, RemoteRevocations, ServiceAccount, SigningKey, fetched
from libs.jwt.address import Address
from libs.jwt.caller import Caller
from libs.jwt.tests.conftest import renewal_done

KEY = SigningKey.generate()
TIMEOUT = 0.3
KEYS = json.dumps({"keys": [KEY.jwk]}).encode().ljust(300)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture
def peer():
    """Listen, and speak to each who connects as a function says; yield the URL."""
    listening, over = [], threading.Event()

    def listen(speak):
        server = socket.create_server(("127.0.0.1", 0), backlog=50)
        listening.append(server)

        def serve():
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection):
            with connection, suppress(OSError):
                connection.recv(65536)
                speak(connection, over)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/"

    yield listen
    over.set()
    for server in listening:
        server.close()
    renewal_done()


def hang(connection, over):
    over.wait(60)


def trickle(*parts):
    """Say something again and again within any timeout: for half a minute, so that it is no near thing."""

    def speak(connection, over):
        for part in parts:
            connection.sendall(part)
            over.wait(0.1)
        over.wait(60)

    return speak


def endless(connection, over):
    connection.sendall(HEAD + b"\r\n")
    while not over.is_set():
        connection.sendall(b" " * 65536)


SLOW = {
    "hangs": hang,
    "headers": trickle(HEAD, *(b"X-%d: x\r\n" % n for n in range(90)), *[b" "] * 200),
    "bytes of headers": trickle(*(bytes([one]) for one in HEAD + b"X: ".ljust(300, b"x"))),
    "body": trickle(HEAD + b"\r\n", *(bytes([one]) for one in KEYS)),
}


def key_set(url):
    return lambda: RemoteKeySet(url, timeout=TIMEOUT).find(KEY.kid)


def account(url):
    return lambda: ServiceAccount(url, "billing", "its secret", timeout=TIMEOUT).token(["todos"])


def revocations(url):
    return lambda: RemoteRevocations(url, timeout=TIMEOUT).revoked(Caller("ada"))


@pytest.mark.parametrize("made", [key_set, account, revocations])
@pytest.mark.parametrize("speak", SLOW.values(), ids=SLOW)
def test_the_time_is_for_all_of_an_answer(speak, made, peer):
    url = "http://auth.test/"
    remote = [RemoteKeySet(url), RemoteRevocations(url), ServiceAccount(url, "billing", "its secret")]
    assert [one._address.timeout for one in remote] == [1.5, 1.5, 2.0], "docs/threat-model.md, docs/tokens.md"
    ask, started = made(peer(speak)), time.monotonic()
    with pytest.raises(ServiceUnavailable):
        ask()
    renewal_done()
    assert time.monotonic() - started < 15, "what fetches has ended as well"


@pytest.mark.parametrize("made", [key_set, account, revocations])
def test_an_endless_answer_is_read_to_the_limit_and_no_further(made, peer, monkeypatch):
    monkeypatch.setattr("libs.jwt.tests.test_fetched.TIMEOUT", 60)
    started = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        made(peer(endless))()
    assert time.monotonic() - started < 20


def test_the_limit_is_of_bytes(peer):
    body = json.dumps("x" * 98).encode()
    url = peer(lambda connection, _: connection.sendall(HEAD + b"Content-Length: 100\r\n\r\n" + body))
    with closing(Address(url, timeout=60, max_bytes=100)) as reading:
        assert reading.get() == "x" * 98
    with (
        closing(Address(url, timeout=60, max_bytes=99)) as reading,
        pytest.raises(ValueError, match="too long"),
    ):
        reading.get()


def test_a_compressed_answer_is_none(address, key_set):
    asked = []
    address.publish(KEY)
    address.body = gzip.compress(address.body.encode())
    address.headers = {"Content-Encoding": "gzip"}
    transport = httpx.MockTransport(lambda request: asked.append(request) or httpx.Response(500))
    with pytest.raises(ServiceUnavailable):
        key_set().find(KEY.kid)
    with pytest.raises(ServiceUnavailable):
        key_set(transport=transport).find(KEY.kid)
    assert asked[0].headers["Accept-Encoding"] == "identity"
    assert asked[0].headers["Cache-Control"] == "no-cache", "or a cache would keep a retired key"


def test_the_environment_names_no_proxy(address, key_set, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    address.publish(KEY)
    assert key_set().find(KEY.kid)
    address.body = json.dumps({"access_token": "x", "token_type": "Bearer", "expires_in": 900})
    assert ServiceAccount(address.url, "billing", "its secret", timeout=60).token(["todos"]) == "x"


@pytest.mark.parametrize("made", [RemoteKeySet, RemoteRevocations, ServiceAccount])
def test_an_address_that_hangs_holds_each_caller_once(made, peer, monkeypatch):
    assert (fetched.FIRST_COOLDOWN_SECONDS, fetched.BRIEFLY_SECONDS) == (0.5, 0.1), "as `Fetched` says"
    monkeypatch.setattr(fetched, "FIRST_COOLDOWN_SECONDS", 0)  # there is always a fetch that hangs
    monkeypatch.setattr(fetched, "BRIEFLY_SECONDS", 0.01)
    url, threads = peer(hang), 8
    if made is ServiceAccount:
        ask = partial(made(url, "billing", "its secret", timeout=TIMEOUT).token, ["todos"])
    else:
        ask = made(url, timeout=TIMEOUT).ready

    def ask_again_and_again():
        for _ in range(100):
            with suppress(ServiceUnavailable, Unauthorized):
                ask()

    started = time.monotonic()
    with ThreadPoolExecutor(threads) as pool:
        for one in [pool.submit(ask_again_and_again) for _ in range(threads)]:
            one.result()
    assert time.monotonic() - started < 15, "and not a hundred times the timeout"


def test_a_name_whose_look_up_hangs_holds_nobody_longer(monkeypatch):
    release, looked_up, look_up = threading.Event(), [], socket.getaddrinfo

    def hang(host, *others, **named):
        if host != "auth.test":  # another thread of this process
            return look_up(host, *others, **named)
        looked_up.append(host)
        release.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    keys = RemoteKeySet("http://auth.test/", timeout=TIMEOUT)
    try:
        started = time.monotonic()
        for _ in range(100):
            with pytest.raises(ServiceUnavailable):
                keys.find(KEY.kid)
        assert time.monotonic() - started < 15, "and not a hundred times the timeout"
        assert looked_up == ["auth.test"]
    finally:
        release.set()
        renewal_done()


def test_the_pause_runs_from_the_end_of_a_fetch(address, key_set, clock):
    address.publish(KEY)
    keys = key_set(cooldown=5)
    keys.find(KEY.kid)
    clock.advance(10)
    address.before_answering = lambda: clock.advance(6)
    assert keys.find("unknown") is None
    assert keys.find("unknown") is None
    assert address.asked == 2


def test_a_thread_that_cannot_be_had_is_a_fetch_that_failed(address, key_set, monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    address.publish(KEY)
    keys = key_set()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        with pytest.raises(ServiceUnavailable):
            keys.find(KEY.kid)


def test_what_fails_in_any_way_is_a_503_that_quotes_nothing(caplog):
    def fail(request):
        raise RuntimeError("hunter2")

    keys = RemoteKeySet(
        "http://ada:hunter2@auth.test/?x=hunter2", transport=httpx.MockTransport(fail), timeout=60
    )
    with pytest.raises(ServiceUnavailable) as caught:
        keys.find(KEY.kid)
    assert "hunter2" not in str(caught.value) + caplog.text
    (record,) = [one for one in caplog.records if one.name == "libs.jwt.fetched"]
    assert (record.url, record.error) == ("http://auth.test/", "RuntimeError")


@pytest.mark.parametrize(
    "url", ["", "auth", "ftp://auth.test/", "http://[::1/jwks", "http://a\0b/", "http:///x"]
)
def test_what_is_no_url_is_refused_at_the_start(url):
    with pytest.raises(ValueError, match=r"^not an http or https URL$"):
        RemoteKeySet(url)
