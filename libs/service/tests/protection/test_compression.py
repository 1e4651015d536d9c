"""Answers compressed: which, how, and what stays true of them."""

import gzip
from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import brotli  # type: ignore[import-untyped]
import pytest
from werkzeug import Request, Response
from werkzeug.test import Client, TestResponse

from libs.service import Service
from libs.service.protection.codings import BROTLI_FROM_BYTES, CODINGS, preferred_coding
from libs.service.protection.compression import LEAST_BYTES, Compression
from libs.service.testing import SECRET, bearer, environment, running_service

MINE = bearer("ada", audience="todos")
TEXT = b'{"title":"Read RFC 9110","done":false},' * 100
LARGE = TEXT * 40
DECODERS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}


def made(body: Any = TEXT, status: int = 200, media_type: str = "application/json", **headers: str) -> Client:
    def app(environ: Any, start_response: Any) -> Any:
        response = Response(body, status, content_type=media_type)
        response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
        return response(environ, start_response)

    return Client(Compression(app))


def get(client: Client, accepted: str | None = "gzip, deflate, br", **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/", headers={**sent, **({} if accepted is None else {"Accept-Encoding": accepted})})


def decoded(answer: TestResponse) -> bytes:
    return DECODERS[answer.headers["Content-Encoding"]](answer.data)


@pytest.mark.parametrize(("body", "coding"), [(TEXT, "gzip"), (LARGE, "br")], ids=["small", "large"])
def test_a_text_is_compressed(body: bytes, coding: str) -> None:
    answer = get(made(body))
    assert answer.headers["Content-Encoding"] == coding
    assert decoded(answer) == body
    assert int(answer.headers["Content-Length"]) == len(answer.data) < len(body) / 5
    assert answer.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", [None, "", "identity", "deflate", "gzip;q=0", "*;q=0", "br;q=soon"])
def test_who_does_not_take_it_is_sent_it_plain_and_caches_know(accepted: str | None) -> None:
    answer = get(made(), accepted)
    assert "Content-Encoding" not in answer.headers
    assert answer.data == TEXT
    assert answer.headers["Vary"] == "Accept-Encoding", "or a cache would give it to all, or none"


@pytest.mark.parametrize(
    ("accepted", "small", "large"),
    [
        ("gzip", "gzip", "gzip"),
        ("br", "br", "br"),
        ("x-gzip", "gzip", "gzip"),
        ("GZIP , BR", "gzip", "br"),
        ("br;q=0.5, gzip;q=0.8", "gzip", "gzip"),
        ("br;q=1.0, gzip;q=0.8", "br", "br"),
        ("gzip;q=0.2, identity;q=0.5", None, None),
        ("gzip;q=0.5, identity;q=0.5", "gzip", "gzip"),
        ("*", "gzip", "br"),
        ("*;q=0.1, br;q=0", "gzip", "gzip"),
        ("gzip;q=2", None, None),
        ("gzip;level=9;q=0", None, None),
        (";;,,=,q=1", None, None),
    ],
)
def test_the_client_says_which_it_likes_best(accepted: str, small: str | None, large: str | None) -> None:
    assert preferred_coding(accepted, LEAST_BYTES) == small
    assert preferred_coding(accepted, BROTLI_FROM_BYTES) == large


NEVER: dict[str, Client] = {
    "short": made(b"x" * (LEAST_BYTES - 1)),
    "a picture": made(media_type="image/png"),
    "events": made(media_type="text/event-stream"),
    "compressed already": made(Content_Encoding="zstd"),
    "with a secret in it": made(Cache_Control="no-store", Pragma="no-cache"),
    "not to be changed": made(Cache_Control="public, no-transform"),
    "with a cookie": made(Set_Cookie="a=b"),
    "a part": made(status=206, Content_Range="bytes 0-9/10"),
    "nothing": made(b"", status=204),
}


@pytest.mark.parametrize("name", NEVER)
def test_what_is_never_compressed(name: str) -> None:
    answer = get(NEVER[name])
    assert answer.headers.get("Content-Encoding") in (None, "zstd")
    assert "Vary" not in answer.headers


def test_a_stream_is_sent_as_it_is_made() -> None:
    sent: list[int] = []

    def lines() -> Iterator[bytes]:
        for number in range(3):
            sent.append(number)
            yield TEXT

    answer = made(lines()).get("/", headers={"Accept-Encoding": "gzip"}, buffered=False)
    parts = answer.iter_encoded()
    assert (next(parts), sent) == (TEXT, [0])
    assert "Content-Encoding" not in answer.headers
    answer.close()


@pytest.mark.parametrize("media_type", ["application/problem+json", "text/html; charset=utf-8", "text/csv"])
def test_all_kinds_of_text_are(media_type: str) -> None:
    assert decoded(get(made(media_type=media_type))) == TEXT


def test_what_varies_already_varies_by_that_too() -> None:
    assert get(made(Vary="Origin")).headers["Vary"] == "Origin, Accept-Encoding"


def test_what_gets_no_smaller_is_sent_as_it_is() -> None:
    noise = Random(1).randbytes(4096)  # noqa: S311
    answer = get(made(noise, media_type="text/plain", ETag='"1"'))
    assert answer.data == noise
    assert (answer.headers.get("Content-Encoding"), answer.headers["ETag"]) == (None, '"1"')


def test_head_tells_the_same_and_no_length() -> None:
    client = made(ETag='"1"')
    head, got = (
        client.open("/", method=method, headers={"Accept-Encoding": "gzip"}) for method in ("HEAD", "GET")
    )
    for name in ("Content-Encoding", "ETag", "Vary", "Content-Type"):
        assert head.headers[name] == got.headers[name]
    assert (head.data, "Content-Length" in head.headers) == (b"", False)


def test_what_is_compressed_is_closed() -> None:
    closed: list[bool] = []

    def app(environ: Any, start_response: Any) -> Any:
        response = Response(TEXT, content_type="application/json")
        response.call_on_close(lambda: closed.append(True))
        return response(environ, start_response)

    get(Client(Compression(app))).close()
    assert closed == [True]


def conditional() -> tuple[Client, list[str | None]]:
    seen: list[str | None] = []

    def app(environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        seen.append(request.headers.get("If-Match"))
        response = Response(TEXT, content_type="application/json")
        response.set_etag("1")
        return response.make_conditional(request)(environ, start_response)

    return Client(Compression(app)), seen


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_a_compressed_answer_has_an_etag_of_its_own(coding: str) -> None:
    client, _ = conditional()
    answer = get(client, coding)
    assert answer.headers["ETag"] == f'"1;{coding}"'
    assert get(client, None).headers["ETag"] == '"1"'


@pytest.mark.parametrize("coding", ["gzip", "br"])
def test_whoever_has_it_is_told_so_by_the_etag_they_know(coding: str) -> None:
    client, _ = conditional()
    known = get(client, coding).headers["ETag"]
    again = get(client, coding, If_None_Match=known)
    assert (again.status_code, again.headers["ETag"]) == (304, known)
    assert again.headers["Vary"] == "Accept-Encoding"
    plain = get(client, coding, If_None_Match='"1"')
    assert (plain.status_code, plain.headers["ETag"]) == (304, '"1"')
    assert plain.headers["Vary"] == "Accept-Encoding", "as the 200 would have it (RFC 9110 section 15.4.5)"


def test_if_match_is_about_what_is_stored() -> None:
    client, seen = conditional()
    get(client, If_Match='"1;gzip"')
    get(client, If_Match='"0", "1;br" , "2;other"')
    assert seen == ['"1"', '"0", "1" , "2;other"']


def test_nobody_gets_the_rest_of_other_bytes_than_they_have() -> None:
    def app(environ: Any, start_response: Any) -> Any:
        response = Response(TEXT, content_type="application/json", headers={"ETag": '"1"'})
        response.make_conditional(environ, accept_ranges=True, complete_length=len(TEXT))
        return response(environ, start_response)

    client = Client(Compression(app))
    has = get(client)
    again = get(client, Range="bytes=50-", If_Range=has.headers["ETag"])
    assert (again.status_code, again.data) == (200, has.data)
    assert get(client, Range="bytes=50-", If_Range='"1"').data == TEXT[50:]


def test_a_weak_etag_stays_what_it_is() -> None:
    assert get(made(ETag='W/"1"')).headers["ETag"] == 'W/"1"'


@pytest.fixture(scope="module")
def todos() -> Iterator[Client]:
    with running_service(Service.named("todos"), environment("todos", cursor_secret=SECRET)) as running:
        yield Client(running.web_app().wsgi_app)


def test_what_was_read_compressed_can_be_changed(todos: Client) -> None:
    made = todos.post("/todos", json={"title": "Read", "notes": "RFC 9110, " * 190}, headers=MINE)
    path, headers = made.headers["Location"], {**MINE, "Accept-Encoding": "gzip"}
    read = todos.get(path, headers=headers)
    assert read.headers["ETag"].endswith(';gzip"')
    change = {"json": {"done": True}, "headers": {**headers, "If-Match": read.headers["ETag"]}}
    assert todos.patch(path, **change).status_code == 200
    assert todos.patch(path, **change).status_code == 412, "it is another one by now"
    changed = todos.get(path, headers=headers)
    known = {**headers, "If-None-Match": changed.headers["ETag"]}
    assert todos.get(path, headers=known).status_code == 304


def test_what_is_the_same_for_all_is_compressed_once(todos: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    compress = CODINGS["br"]
    monkeypatch.setitem(CODINGS, "br", lambda body: calls.append(len(body)) or compress(body))  # type: ignore[arg-type, func-returns-value]
    first, second = (todos.get("/openapi.json", headers={"Accept-Encoding": "br"}) for _ in range(2))
    assert first.data == second.data
    assert len(calls) == 1
    assert decoded(first) == todos.get("/openapi.json").data


def test_it_can_be_left_to_others() -> None:
    # Of another service than `todos`, whose models would be bound to other tables from here on.
    with running_service(Service.named("profiles"), environment("profiles", compress="off")) as running:
        answer = Client(running.web_app().wsgi_app).get("/openapi.json", headers={"Accept-Encoding": "br"})
    assert "Content-Encoding" not in answer.headers
