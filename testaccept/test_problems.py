"""Errors where no operation is reached, and what the people at the client read of them."""

import pytest

from testaccept.deployment import SERVICES, Clients, User
from testaccept.problems import assert_problem

every_service = pytest.mark.parametrize("service", SERVICES)
WRONG = {"email": "testaccept-nobody@example.com", "password": "not the password of anybody"}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("de-AT, en;q=0.5", "de"), ("fr;q=0.2, de;q=0.1", "fr"), ("xx", "en"), ("*", "en")],
)
def test_who_cannot_log_in_reads_why_in_their_language(anyone: Clients, accepted: str, language: str) -> None:
    answer = anyone.auth.post("/auth/login", json=WRONG, headers={"Accept-Language": accepted})
    if answer.status_code == 429:  # others have tried from this address
        problem = assert_problem(answer, 429, "TOO_MANY_REQUESTS")
    else:
        problem = assert_problem(answer, 401, "INVALID_CREDENTIALS")
    assert answer.headers["Content-Language"] == language
    assert "accept-language" in answer.headers["Vary"].lower()
    assert problem["user_message"]


@every_service
def test_a_header_that_is_too_long_is_refused_in_the_shape_of_all_errors(
    anyone: Clients, service: str
) -> None:
    answer = anyone.of(service).get("/ping", headers={"X-Long": "x" * 20_000})
    assert answer.status_code in (400, 431)
    if "X-Request-ID" in answer.headers:  # else it was a proxy before the service
        assert_problem(answer, 431, "REQUEST_HEADER_FIELDS_TOO_LARGE")
    assert anyone.of(service).get("/ping").status_code == 200


@every_service
def test_a_path_that_is_too_long_is_refused_in_the_shape_of_all_errors(anyone: Clients, service: str) -> None:
    answer = anyone.of(service).get("/" + "x" * 10_000)
    assert answer.status_code == 414
    if "X-Request-ID" in answer.headers:
        assert_problem(answer, 414, "URI_TOO_LONG")


@every_service
@pytest.mark.parametrize("path", ["/nowhere", "/ping/", "//ping", "/%FF"])
def test_a_refusal_is_no_failure_of_the_service(visitor: User, service: str, path: str) -> None:
    problem = assert_problem(visitor.of(service).get(path), 404, "NOT_FOUND")
    assert "error_id" not in problem
