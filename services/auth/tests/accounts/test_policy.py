"""Which passwords are refused, and that no others are."""

import hashlib
import socket
import threading
import time
from contextlib import suppress

import httpx
import pytest

from libs.errors import InvalidBody
from services.auth.accounts.breaches import MAX_BYTES, SECONDS, Breaches
from services.auth.accounts.policy import PasswordPolicy, _common, is_common


def test_the_list_has_the_most_frequent_three_thousand_that_are_long_enough() -> None:
    listed = _common()
    assert len(listed) == 20_000
    assert sum(len(one) >= 12 for one in listed) == 10_000
    assert all(is_common(one) and is_common(one.upper()) for one in sorted(listed)[:3000])


@pytest.mark.parametrize(
    "password",
    [
        "q1w2e3r4t5y6",
        "Q1W2E3R4T5Y6",
        "QwertyQwerty",
        "password1234",
        "!!Password2024",
        "aaaaaaaaaaaaaaaa",
        "abcabcabcabc",
        "            ",
        "sunshinesunshine",
    ],
)
def test_what_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(InvalidBody) as refused:
        PasswordPolicy().check(password, pointer="/password")
    told = refused.value.to_json()
    assert (told["status"], told["code"]) == (422, "PASSWORD_REFUSED")
    assert told["errors"][0]["pointer"] == "/password"
    assert password.strip() == "" or password not in str(told)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "sunshine-7493-2210-8834",
        "x4#kkw9!!qpZm",
        "korrektes pferd batterie",
        "\u99ac\u306f\u6b63\u3057\u3044\u96fb\u6c60\u3067\u3059\u304b\u3089\u306d",
        "ada likes horses and batteries",
    ],
)
def test_others_are_taken(password: str) -> None:
    PasswordPolicy().check(password, pointer="/password", about=["horse@example.com", "Ada Lovelace"])


@pytest.mark.parametrize(
    ("password", "about"),
    [
        ("ada.lovelace@example.com", ["ada.lovelace@example.com"]),
        ("AdaLovelace1815", ["ada@example.com", "Ada Lovelace"]),
        ("lovelace-lovelace", ["x@lovelace.example", "Lovelace"]),
        ("charles.babbage!", ["charles.babbage@example.com"]),
    ],
)
def test_what_is_little_more_than_a_name_is_refused(password: str, about: list[str]) -> None:
    with pytest.raises(InvalidBody, match="too easy") as refused:
        PasswordPolicy().check(password, pointer="/new", about=about)
    assert refused.value.errors[0].detail == "is little more than the e-mail address or the name"


BREACHED = "correct horse battery staple"
DIGEST = hashlib.sha1(BREACHED.encode()).hexdigest().upper()  # noqa: S324


def breaches(answer: httpx.Response | Exception, seen: list[httpx.Request] | None = None) -> Breaches:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Breaches("http://breaches.test/range/", transport=httpx.MockTransport(handle))


def test_a_breached_password_is_refused_and_only_five_digits_of_its_hash_are_told() -> None:
    seen: list[httpx.Request] = []
    policy = PasswordPolicy(breaches(httpx.Response(200, text=f"{'0' * 35}:3\r\n{DIGEST[5:]}:12\r\n"), seen))
    with pytest.raises(InvalidBody) as refused:
        policy.check(BREACHED, pointer="/password")
    assert refused.value.errors[0].detail == "has been found among stolen passwords"
    (request,) = seen
    assert str(request.url) == f"http://breaches.test/range/{DIGEST[:5]}"
    assert request.headers["Add-Padding"] == "true"
    assert DIGEST[5:] not in str(request.headers)


@pytest.mark.parametrize("text", ["", f"{'0' * 35}:3", f"{DIGEST[5:]}:0"])
def test_a_password_that_is_not_in_its_range_or_is_padding_is_taken(text: str) -> None:
    assert not breaches(httpx.Response(200, text=text)).know(BREACHED)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        httpx.Response(200, content=b"\xff"),
        httpx.Response(200, content=f"{DIGEST[5:]}:1\n".encode() + b"x" * MAX_BYTES),
    ],
)
def test_where_nobody_answers_a_password_is_taken_and_it_is_logged(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    assert not breaches(answer).know(BREACHED)
    assert [one.message for one in caplog.records] == ["breached passwords not looked up"]
    assert BREACHED not in str(caplog.records[0].__dict__)
    assert DIGEST[:5] not in str(caplog.records[0].__dict__)


@pytest.mark.parametrize("where", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_trickles_in_is_given_up(where: bytes) -> None:
    """Be it in its headers: each byte comes soon enough, and all of them never."""
    assert SECONDS == 1.0, "longer nobody waits who wants an account, or another password"
    over = threading.Event()

    def trickle() -> None:
        connection, _ = server.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(where)
            while not over.wait(0.05):
                connection.sendall(b"a")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=trickle)
        thread.start()
        started = time.monotonic()
        try:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
            assert not Breaches(url, seconds=0.3).know(BREACHED)
            assert time.monotonic() - started < 20
        finally:
            over.set()
            thread.join()
