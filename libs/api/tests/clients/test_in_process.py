"""The transport that calls a WSGI application in the same process."""

from contextvars import ContextVar

import httpx
import pytest

from libs.api import InProcess
from libs.errors import current_request_id, request_id_scope
from libs.jwt import Caller, acting_as, current_caller

PRIVATE = ContextVar("private", default="nothing")


def send(app, **options):
    request = httpx.Request(url="http://x.test/a%2Fb/%C3%A9?q=%2F", **{"method": "GET", **options})
    return InProcess(app).handle_request(request)


def answering(seen):
    def app(environ, start_response):
        seen.update(environ, body=environ["wsgi.input"].read())
        start_response("201 CREATED", [("X-A", "1"), ("X-A", "2")])
        return [b"a", b"b"]

    return app


def test_the_path_arrives_as_it_was_sent():
    seen = {}
    send(answering(seen))
    assert seen["RAW_URI"] == "/a%2Fb/%C3%A9?q=%2F"
    assert seen["PATH_INFO"] == "/a/b/é".encode().decode("latin-1")
    assert seen["QUERY_STRING"] == "q=%2F"


def test_status_headers_and_body_come_back():
    answer = send(answering({}))
    assert (answer.status_code, answer.read()) == (201, b"ab")
    assert answer.headers.get_list("X-A") == ["1", "2"]


@pytest.mark.parametrize("content", [b"hello", [b"hel", b"lo"]])
def test_a_body_arrives_whether_its_length_is_known_or_not(content):
    seen = {}
    send(answering(seen), method="POST", content=content)
    assert seen["body"] == b"hello"
    assert seen["wsgi.input_terminated"] is isinstance(content, list)


def test_nothing_of_the_callers_context_is_there_and_nothing_comes_back():
    seen = {}

    def app(environ, start_response):
        seen.update(caller=current_caller(), id=current_request_id(), private=PRIVATE.get())
        PRIVATE.set("theirs")
        start_response("204 NO CONTENT", [])
        return []

    PRIVATE.set("ours")
    with request_id_scope("request-1"), acting_as(Caller("ada")):
        send(app)
    assert seen == {"caller": None, "id": None, "private": "nothing"}
    assert PRIVATE.get() == "ours"
