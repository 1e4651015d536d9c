"""What fails around a request, and not in it."""

import pytest
from flask.testing import FlaskClient

from libs.service.logs import without_texts
from libs.service.problems import ProblemAnswers
from libs.service.tests.problems import failing


@pytest.fixture
def client() -> FlaskClient:
    return failing.application().test_client()


def test_a_watcher_that_fails_before_a_request_makes_it_a_problem(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/watched-before", headers={"X-Request-ID": "request-1"})
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["request_id"]) == (500, "INTERNAL_ERROR", "request-1")
    assert answer.mimetype == "application/problem+json"
    assert "hunter2" not in answer.text
    (record,) = [one for one in caplog.records if one.getMessage() == "request failed"]
    assert record.error_id == told["error_id"]  # type: ignore[attr-defined]
    assert record.exc_info is not None
    assert "hunter2" not in without_texts(record.exc_info)


def test_a_watcher_that_fails_after_a_request_does_not_undo_its_answer(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/", headers={"X-Watched": "yes"})
    assert (answer.status_code, answer.get_json()) == (200, "fine")
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == ["request failed"]


def test_the_shape_of_problems_can_be_changed() -> None:
    client = failing.application(problems=ProblemAnswers(shape=failing.shape)).test_client()
    told = client.get("/nowhere").get_json()
    assert told["error"] == "not_found"
    assert {"code", "request_id", "instance", "status"} <= told.keys()


@pytest.mark.parametrize(
    "shape",
    [
        lambda problem: problem["hunter2"],
        lambda problem: None,
        lambda problem: [problem],
        lambda problem: {"hunter2": object()},
        lambda problem: problem.clear() or {1: object()},
    ],
    ids=["raises", "nothing", "a list", "no JSON", "spoils what it is given"],
)
def test_a_shape_that_fails_leaves_the_problem_as_it_is(shape, caplog: pytest.LogCaptureFixture) -> None:  # type: ignore[no-untyped-def]
    client = failing.application(problems=ProblemAnswers(shape=shape)).test_client()
    answer = client.get("/nowhere")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")
    (record,) = [one for one in caplog.records if one.getMessage() == "shape_problem failed"]
    assert record.exc_info is not None
    assert "hunter2" not in without_texts(record.exc_info)
