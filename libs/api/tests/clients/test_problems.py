"""What a refusal becomes: an exception with the other service's problem, which tells our client nothing."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import (
    InvalidAnswer,
    RemoteBadRequest,
    RemoteConflict,
    RemoteDetails,
    RemoteForbidden,
    RemoteNotFound,
    RemotePreconditionFailed,
    RemoteProblem,
    RemoteServerError,
    RemoteTooManyRequests,
    RemoteUnauthorized,
    RemoteUnprocessable,
)
from libs.api.clients.problems import details_of, failed_with
from libs.api.tests.books import connect, token
from libs.api.tests.clients.conftest import Script
from libs.errors import Conflict, Fault, ServiceUnavailable

KINDS = {
    400: RemoteBadRequest,
    401: RemoteUnauthorized,
    403: RemoteForbidden,
    404: RemoteNotFound,
    409: RemoteConflict,
    412: RemotePreconditionFailed,
    422: RemoteUnprocessable,
    429: RemoteTooManyRequests,
    500: RemoteServerError,
    502: RemoteServerError,
    504: RemoteServerError,
    **dict.fromkeys((301, 302, 304, 402, 418), RemoteProblem),
}


def refused(status, content=b"", media_type="application/problem+json", **headers):
    """Return what a call raises when it is answered so."""
    script = Script(httpx.Response(status, content=content, headers={"Content-Type": media_type, **headers}))
    with pytest.raises((RemoteProblem, ServiceUnavailable)) as caught:
        connect("http://books.test", transport=script).get_status()
    return caught.value


def test_over_a_real_connection_a_refusal_keeps_its_problem(over_network, library):
    library.desk.failure = Conflict("Taken.", code="TITLE_TAKEN", errors=[Fault("is taken", "/title")])
    with pytest.raises(RemoteConflict) as caught:
        over_network.get_book(book_id="b", auth=token())
    told = caught.value.problem
    assert (told.status, told.code, told.title, told.detail) == (409, "TITLE_TAKEN", "Conflict", "Taken.")
    assert told.errors == (Fault("is taken", "/title"),)
    assert told.request_id == "request-1"


@pytest.mark.parametrize("status", KINDS)
def test_each_status_has_its_exception_and_is_a_502_of_ours(status):
    problem = refused(status, b'{"code": "SOME_CODE", "detail": "hunter2", "hint": "hunter2"}')
    assert type(problem) is KINDS[status]
    assert str(problem) == f"books.get_status answered {status} SOME_CODE"
    assert (problem.problem.status, problem.problem.detail) == (status, "hunter2")
    assert problem.problem.extra == {"hint": "hunter2"}
    assert problem.to_json() == {
        "type": "about:blank",
        "title": "Bad gateway",
        "status": 502,
        "code": "UPSTREAM_ERROR",
        "detail": "Another service did not do what this one asked of it.",
    }
    assert problem.headers == {}


def test_a_service_that_says_it_is_unavailable_is_unavailable():
    problem = refused(503, json.dumps({"code": "NOT_READY", "detail": "hunter2"}).encode())
    assert isinstance(problem, ServiceUnavailable)
    assert problem.detail == "The books service is not available. Try again."


PAGES = [
    b"",
    b"<html>hunter2</html>",
    b"null",
    b"[]",
    b"5",
    b'"x"',
    b"{}",
    b"\xff\xfe",
    b'{"a": 1, "a": 2}',
    b"[" * 5000,
]
ODD = [b'{"code": 5}', b'{"code": null, "detail": [], "title": {}, "errors": {"a": 1}, "request_id": 7}']


@pytest.mark.parametrize("page", [*PAGES, *ODD])
@pytest.mark.parametrize("media_type", ["text/html", "application/problem+json", "application/json", ""])
def test_an_error_page_that_is_no_problem_tells_nothing(page, media_type):
    problem = refused(404, page, media_type)
    assert problem.problem == RemoteDetails(404)
    assert str(problem) == "books.get_status answered 404"


def test_a_problem_is_read_whatever_kind_of_json_it_says_it_is_and_not_from_html():
    body = b'{"code": "X"}'
    for media_type in (
        "application/problem+json",
        "application/json",
        "Application/Vnd.Foo+JSON; charset=utf-8",
    ):
        assert refused(404, body, media_type).problem.code == "X"
    assert refused(404, body, "text/html").problem.code is None


def test_the_errors_of_a_problem_are_read_one_by_one():
    errors = [
        {"detail": "a", "pointer": "/x"},
        {"detail": "b", "parameter": "p"},
        {"pointer": "/y"},
        5,
        {"detail": 5},
    ]
    problem = refused(422, json.dumps({"errors": errors * 30}).encode())
    assert problem.problem.errors[:2] == (Fault("a", "/x"), Fault("b", None, "p"))
    assert len(problem.problem.errors) == 20


def test_long_texts_are_cut():
    problem = refused(400, json.dumps({"code": "X" * 10_000, "detail": "y" * 10_000}).encode())
    assert (len(problem.problem.code), len(problem.problem.detail)) == (2000, 2000)


def test_request_id_and_retry_after_may_be_in_the_headers():
    problem = refused(429, b"", "text/plain", **{"X-Request-ID": "r-1", "Retry-After": "70"})
    assert (problem.problem.request_id, problem.problem.retry_after) == ("r-1", 70)


@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=10),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["code", "detail", "errors", "title", "request_id", "pointer", "parameter"])
                | st.text(),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_makes_it_fail(content):
    details = details_of(httpx.Response(400, content=content, headers={"Content-Type": "application/json"}))
    assert details.status == 400
    texts = (details.code, details.title, details.detail, details.request_id)
    assert all(one is None or isinstance(one, str) for one in texts)


def test_a_redirect_is_not_followed():
    script = Script(httpx.Response(302, headers={"Location": "http://evil.test/"}))
    with pytest.raises(RemoteProblem):
        connect("http://books.test", transport=script).get_book(book_id="b", auth="secret")
    assert len(script.requests) == 1


def test_an_invalid_answer_is_a_remote_problem():
    assert issubclass(InvalidAnswer, RemoteProblem)


@pytest.mark.parametrize("status", [404, 500, 503])
def test_the_id_of_a_failure_and_what_is_for_a_person_are_kept(status):
    body = {"code": "X", "error_id": "failure-1", "user_message": "Sorry."}
    problem = refused(status, json.dumps(body).encode())
    told = problem.to_json()
    assert (told["error_id"], told["user_message"]) == ("failure-1", "Sorry.")


@pytest.mark.parametrize("sent", ["short", "x" * 129, "with space", "a\nb-c-d-e-f", 5, None, ["failure-1"]])
@pytest.mark.parametrize("status", [404, 500, 503])
def test_what_is_no_id_of_a_failure_is_not_taken_over(status, sent):
    problem = refused(status, json.dumps({"error_id": sent}).encode())
    assert problem.error_id is None


def test_a_failed_operation_of_another_service_keeps_its_id():
    problem = failed_with("books.export", {"status": 500, "code": "TASK_FAILED", "error_id": "failure-1"})
    assert problem.error_id == "failure-1"
