"""The exception tree and the problem objects it becomes."""

import re
from http import HTTPStatus

import pytest

from libs.errors import (
    BadRequest,
    BodyTooLarge,
    Conflict,
    Fault,
    Forbidden,
    InternalError,
    InvalidBody,
    InvalidParameters,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    Problem,
    QueryRefused,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnsupportedMediaType,
    problem_for_status,
)

PUBLISHED = {
    BadRequest: (400, "BAD_REQUEST"),
    MalformedBody: (400, "MALFORMED_BODY"),
    InvalidParameters: (400, "INVALID_PARAMETERS"),
    Unauthorized: (401, "UNAUTHORIZED"),
    Forbidden: (403, "FORBIDDEN"),
    NotFound: (404, "NOT_FOUND"),
    MethodNotAllowed: (405, "METHOD_NOT_ALLOWED"),
    Conflict: (409, "CONFLICT"),
    PreconditionFailed: (412, "PRECONDITION_FAILED"),
    BodyTooLarge: (413, "BODY_TOO_LARGE"),
    UnsupportedMediaType: (415, "UNSUPPORTED_MEDIA_TYPE"),
    InvalidBody: (422, "INVALID_BODY"),
    QueryRefused: (422, "QUERY_REFUSED"),
    PreconditionRequired: (428, "PRECONDITION_REQUIRED"),
    TooManyRequests: (429, "TOO_MANY_REQUESTS"),
    InternalError: (500, "INTERNAL_ERROR"),
    ServiceUnavailable: (503, "SERVICE_UNAVAILABLE"),
}


@pytest.mark.parametrize("kind", PUBLISHED, ids=lambda kind: kind.__name__)
def test_the_status_and_code_of_a_problem_are_what_was_published(kind):
    assert (kind().status, kind().code) == PUBLISHED[kind]
    assert kind().to_json() == {
        "type": "about:blank",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
    }


def test_no_class_of_the_tree_shares_the_code_of_another():
    codes = [code for _, code in PUBLISHED.values()]
    assert len(set(codes)) == len(codes)


def test_a_raise_can_give_a_detail_a_code_faults_and_headers():
    fault = Fault("is required", pointer="/name")
    problem = Conflict("Taken.", code="EMAIL_TAKEN", errors=[fault], headers={"X-A": "1"})
    assert problem.to_json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "EMAIL_TAKEN",
        "detail": "Taken.",
        "errors": [{"detail": "is required", "pointer": "/name"}],
    }
    assert problem.headers == {"X-A": "1"}
    assert Conflict().code == "CONFLICT", "the code of one problem is not the code of all"


def test_a_problem_reads_as_its_detail_or_else_its_title():
    assert str(NotFound("No such todo.")) == "No such todo."
    assert str(NotFound()) == "Not found"
    assert "detail" not in NotFound().to_json()


def test_extra_members_are_added():
    assert Problem(extra={"checks": {"redis": True}}).to_json()["checks"] == {"redis": True}


def test_extra_members_cannot_override_what_the_problem_is():
    false = {"type": "x", "title": "x", "status": 200, "code": "x", "detail": "x", "errors": "x"}
    problem = InvalidBody("Wrong.", errors=[Fault("is wrong", pointer="")], extra=false)
    assert problem.to_json() == InvalidBody("Wrong.", errors=[Fault("is wrong", pointer="")]).to_json()


def test_a_problem_keeps_copies_of_what_it_was_given():
    headers, extra, errors = {"A": "1"}, {"b": 1}, [Fault("is wrong")]
    problem = Problem(headers=headers, extra=extra, errors=errors)
    headers["A"], extra["b"] = "2", 2
    errors.clear()
    assert (problem.headers, problem.extra, problem.errors) == ({"A": "1"}, {"b": 1}, (Fault("is wrong"),))


def test_a_fault_tells_only_the_members_it_has():
    assert Fault("is wrong").to_json() == {"detail": "is wrong"}
    assert Fault("is wrong", parameter="limit").to_json() == {"detail": "is wrong", "parameter": "limit"}


def test_the_pointer_to_the_whole_body_is_told():
    assert Fault("is required", pointer="").to_json() == {"detail": "is required", "pointer": ""}


def test_every_401_challenges_for_a_bearer_token():
    told = Unauthorized("Who?", code="TOKEN_INVALID", extra={"user_message": "Log in again."})
    assert told.headers == {"WWW-Authenticate": "Bearer"}
    assert told.to_json()["user_message"] == "Log in again."


def test_every_503_says_when_to_try_again():
    assert ServiceUnavailable().headers == {"Retry-After": "1"}
    assert ServiceUnavailable(retry_after=30).headers == {"Retry-After": "30"}


@pytest.mark.parametrize(
    "kind",
    [
        BadRequest,
        Forbidden,
        NotFound,
        MethodNotAllowed,
        Conflict,
        PreconditionFailed,
        BodyTooLarge,
        PreconditionRequired,
    ],
)
def test_a_status_of_the_framework_becomes_the_class_of_the_tree(kind):
    problem = problem_for_status(kind.status, "whatever it is called there")
    assert type(problem) is kind


def test_headers_of_the_framework_are_kept():
    assert problem_for_status(405, "Method Not Allowed", {"Allow": "GET"}).headers == {"Allow": "GET"}
    assert problem_for_status(416, "Range Not Satisfiable", {"Accept-Ranges": "none"}).headers == {
        "Accept-Ranges": "none"
    }


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 400])
def test_every_error_status_has_a_problem_with_a_code_programs_can_use(status):
    problem = problem_for_status(status, status.phrase)
    body = problem.to_json()
    assert body["status"] == problem.status == status
    assert re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*", body["code"])


def test_a_status_the_tree_has_no_class_for_leaves_the_tree_as_it_is():
    assert (
        problem_for_status(431, "Request Header Fields Too Large").code == "REQUEST_HEADER_FIELDS_TOO_LARGE"
    )
    assert Problem().status == 500
