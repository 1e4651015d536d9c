"""What a call becomes when the other service is away, slow, or refuses it."""

import json
import socket
import threading
import time

import httpx
import pytest

from libs.api import RemoteProblem
from libs.api.tests.books import Books, token
from libs.errors import Conflict, ServiceUnavailable


def test_over_a_real_connection_a_refusal_keeps_its_code(served, library, connect):
    library.desk.failure = Conflict("Taken.", code="TITLE_TAKEN")
    with pytest.raises(RemoteProblem) as caught:
        connect(served).get_book(book_id="b", auth=token())
    assert (caught.value.remote_status, caught.value.remote_code) == (409, "TITLE_TAKEN")


def test_a_service_where_nobody_listens_is_unavailable(connect):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        client = connect(f"http://127.0.0.1:{holder.getsockname()[1]}")
        with pytest.raises(ServiceUnavailable) as caught:
            client.get_status()
    assert caught.value.detail == "The books service does not answer. Try again."
    assert caught.value.headers["Retry-After"]


def test_a_service_that_is_too_slow_is_unavailable_when_the_time_is_up(connect):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = connect(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout=0.2)
        started = time.monotonic()
        with pytest.raises(ServiceUnavailable):
            client.get_status()
        assert time.monotonic() - started < 2


def test_a_connection_that_breaks_off_is_a_service_unavailable(connect):
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up():
            connection, _ = listening.accept()
            connection.recv(10000)
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(ServiceUnavailable):
            connect(f"http://127.0.0.1:{listening.getsockname()[1]}").get_status()
        thread.join()


def refused(status, content=b"", media_type="application/problem+json", **headers):
    """Return what a call raises when it is answered so."""

    def answer(request):
        return httpx.Response(status, content=content, headers={"Content-Type": media_type, **headers})

    client = Books("http://books.test", transport=httpx.MockTransport(answer))
    with pytest.raises((RemoteProblem, ServiceUnavailable)) as caught:
        client.get_status()
    return caught.value


def test_a_service_that_says_it_is_unavailable_is_unavailable():
    problem = refused(503, json.dumps({"code": "NOT_READY", "detail": "hunter2"}).encode())
    assert isinstance(problem, ServiceUnavailable)
    assert problem.detail == "The books service is not available. Try again."


@pytest.mark.parametrize("status", [301, 302, 304, 400, 401, 404, 409, 422, 429, 500, 502, 504])
def test_every_other_answer_but_a_success_is_a_remote_problem(status):
    problem = refused(status, b'{"code": "SOME_CODE", "detail": "hunter2"}', Location="http://evil.test/")
    assert isinstance(problem, RemoteProblem)
    assert (problem.remote_status, problem.remote_code) == (status, "SOME_CODE")
    assert (problem.status, problem.code) == (502, "UPSTREAM_ERROR")
    assert problem.detail == f"Another service refused a call: books.get_status answered {status} SOME_CODE."


PAGES = [
    b"",
    b"<html>hunter2</html>",
    b"null",
    b"[]",
    b"5",
    b'"x"',
    b'{"code": 5}',
    b'{"code": null}',
    b"{}",
    b"\xff\xfe",
]


@pytest.mark.parametrize("page", PAGES)
def test_an_error_page_that_is_no_problem_has_no_code(page):
    for media_type in ("text/html", "application/problem+json"):
        problem = refused(404, page, media_type)
        assert (problem.remote_status, problem.remote_code) == (404, None)
        assert problem.detail == "Another service refused a call: books.get_status answered 404."


def test_a_redirect_is_not_followed():
    asked = []

    def answer(request):
        asked.append(request.url)
        return httpx.Response(302, headers={"Location": "http://evil.test/"})

    client = Books("http://books.test", transport=httpx.MockTransport(answer))
    with pytest.raises(RemoteProblem):
        client.get_book(book_id="b", auth="secret")
    assert len(asked) == 1


def test_proxies_of_the_environment_are_not_used(served, library, connect, monkeypatch):
    library.desk.answer = {}
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert connect(served).get_status() == {}
