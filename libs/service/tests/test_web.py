"""From exceptions to problems, and the request id on everything."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.errors import current_request_id
from libs.service.logs import without_texts
from libs.service.web.scope import DRAINED_BYTES
from libs.tasks.task import active_runtime


def assert_problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    body: dict[str, Any] = answer.get_json()
    assert answer.mimetype == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["request_id"] == answer.headers["X-Request-ID"]
    return body


@pytest.mark.parametrize("path", ["/things", "/not-there", "/fail"])
def test_a_valid_request_id_is_kept(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"X-Request-ID": "request-1234"})
    assert answer.headers.getlist("X-Request-ID") == ["request-1234"]


@pytest.mark.parametrize("sent", ["short", "x" * 129, "with space", "über-lang-genug", None])
def test_any_other_request_id_is_replaced(client: FlaskClient, sent: str | None) -> None:
    ids = {
        client.get("/things", headers={"X-Request-ID": sent} if sent else {}).headers["X-Request-ID"]
        for _ in range(2)
    }
    assert len(ids) == 2
    assert all(len(one) == 32 and one != sent for one in ids)


def test_after_a_request_there_is_no_request_id(client: FlaskClient) -> None:
    client.get("/things")
    assert current_request_id() is None


@pytest.mark.parametrize("path", ["/not-there", "/", "/things/", "//things", "/things/../things", "/%00"])
def test_a_path_that_is_not_served_is_not_found(client: FlaskClient, path: str) -> None:
    body = assert_problem(client.get(path), 404, "NOT_FOUND")
    assert body["title"] == "Not found"


def test_a_problem_names_the_path_and_not_the_query(client: FlaskClient) -> None:
    assert client.get("/not-there?token=secret").get_json()["instance"] == "/not-there"


@pytest.mark.parametrize("path", ["/gr%C3%BC%C3%9Fe", "/a%2Fb", "/%252F", "/%zz"])
def test_a_problem_names_the_path_as_it_was_sent(client: FlaskClient, path: str) -> None:
    assert client.get(path).get_json()["instance"] == path


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "BREW"])
def test_a_method_that_is_not_served_is_refused_with_those_that_are(client: FlaskClient, method: str) -> None:
    answer = client.open("/things", method=method)
    assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"


def test_head_answers_like_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/things")
    assert (answer.status_code, answer.get_data(), answer.content_length) == (200, b"", 2)


def test_a_body_too_large_is_refused_by_its_content_length(client: FlaskClient) -> None:
    answer = client.post("/things", data=b"[" * 2049, content_type="application/json")
    assert_problem(answer, 413, "BODY_TOO_LARGE")


def test_a_body_of_the_largest_size_is_taken(client: FlaskClient) -> None:
    body = b'{"a":"' + b"x" * 2040 + b'"}'
    answer = client.post("/things", data=body, content_type="application/json")
    assert len(body) == 2048
    assert answer.status_code == 200


def test_a_chunked_body_too_large_is_refused_while_it_is_read(client: FlaskClient) -> None:
    answer = client.post(
        "/things",
        input_stream=BytesIO(b"[" * 100_000),
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert_problem(answer, 413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("path", ["/not-there", "/private", "/things?page=2"], ids=["404", "401", "400"])
def test_the_body_of_a_refused_request_is_read_so_that_its_connection_stays_good(
    client: FlaskClient, path: str
) -> None:
    body = BytesIO(b"x" * 200_000)
    answer = client.get(path, input_stream=body, headers={"Content-Length": "200000"})
    assert answer.status_code >= 400
    answer.close()  # as gunicorn does once it is sent
    assert body.tell() == 200_000


def test_a_flood_is_not_read_to_its_end(client: FlaskClient) -> None:
    body = BytesIO(b"x" * 6_000_000)
    client.post("/things", input_stream=body, headers={"Content-Length": "6000000"}).close()
    assert body.tell() <= DRAINED_BYTES


def test_an_unexpected_exception_is_logged_once_and_its_text_is_not_told(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/fail")
    body = assert_problem(answer, 500, "INTERNAL_ERROR")
    assert set(body) == {"type", "title", "status", "code", "instance", "request_id", "error_id"}
    assert "hunter2" not in answer.text
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.exc_info is not None
    told = without_texts(record.exc_info)
    assert "RuntimeError" in told
    rest = {name: one for name, one in vars(record).items() if name not in ("exc_info", "exc_text")}
    assert "hunter2" not in f"{told} {rest}"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/refuse", 409, "TAKEN"), ("/break-down", 503, "SERVICE_UNAVAILABLE")],
)
def test_a_problem_that_is_raised_is_answered_and_no_error_of_ours(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str, status: int, code: str
) -> None:
    assert_problem(client.get(path), status, code)
    assert not [one for one in caplog.records if one.levelname == "ERROR"]


def test_a_database_that_is_away_is_a_503_to_be_tried_again(client: FlaskClient) -> None:
    answer = client.get("/lose-database")
    assert_problem(answer, 503, "SERVICE_UNAVAILABLE")
    assert answer.headers["Retry-After"] == "1"
    assert "secret-endpoint" not in answer.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "BAD_REQUEST"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (413, "BODY_TOO_LARGE"),
        (415, "UNSUPPORTED_MEDIA_TYPE"),
        (418, "I_M_A_TEAPOT"),
        (429, "TOO_MANY_REQUESTS"),
        (431, "REQUEST_HEADER_FIELDS_TOO_LARGE"),
    ],
)
def test_what_the_framework_raises_is_a_problem_too(client: FlaskClient, status: int, code: str) -> None:
    assert_problem(client.get(f"/abort/{status}"), status, code)


def test_a_broken_request_is_not_our_fault(client: FlaskClient) -> None:
    answer = client.get("/things", headers={"Host": "a b", "X-Request-ID": "request-1234"})
    assert answer.status_code < 500


class Tasks:
    """Stands in for a runtime of tasks."""

    @contextmanager
    def active(self) -> Iterator[None]:
        token = active_runtime.set("the runtime")  # type: ignore[arg-type]
        try:
            yield
        finally:
            active_runtime.reset(token)


def test_tasks_are_submitted_to_the_services_runtime_during_a_request(
    make_app: Callable[..., Flask],
) -> None:
    assert make_app(Tasks()).test_client().get("/runtime").get_json() == "'the runtime'"
    assert active_runtime.get() is None
    assert make_app().test_client().get("/runtime").get_json() == "None"
