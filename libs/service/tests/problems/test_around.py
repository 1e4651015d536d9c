"""What fails around a request, and not in it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial

import pytest
from flask.testing import FlaskClient

from libs.errors import current_request_id
from libs.service.logs import without_texts
from libs.service.problems import ProblemAnswers
from libs.service.tests.problems import failing
from libs.service.web import Exchange


@pytest.fixture
def client() -> FlaskClient:
    return failing.application().test_client()


def test_no_request_fails_for_a_watcher_that_fails_before_it(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/", headers={"X-Watched": "before"})
    assert (answer.status_code, answer.get_json()) == (200, "fine")
    (record,) = [one for one in caplog.records if one.levelname == "ERROR"]
    assert record.getMessage() == "a watcher failed"
    assert record.exc_info is not None
    assert "hunter2" not in without_texts(record.exc_info)


def test_a_watcher_that_fails_after_a_request_does_not_undo_its_answer(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/", headers={"X-Watched": "after"})
    assert (answer.status_code, answer.get_json()) == (200, "fine")
    assert [one.getMessage() for one in caplog.records if one.levelname == "ERROR"] == ["a watcher failed"]


@pytest.mark.parametrize("path", ["/", "/nowhere"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_the_other_watchers_go_on_where_one_fails(path: str, when: str) -> None:
    seen: list[str] = []

    @contextmanager
    def watch(name: str, exchange: Exchange) -> Iterator[None]:
        seen.append(f"{name} begins, {current_request_id()}")
        yield  # what another one raises must not come out here
        seen.append(f"{name} sees {exchange.status}, {current_request_id()}")

    around = [partial(watch, "outer"), failing.breaking, partial(watch, "inner")]
    client = failing.application(watchers=around).test_client()
    status = client.get(path, headers={"X-Watched": when, "X-Request-ID": "request-1"}).status_code
    assert seen == [
        "outer begins, request-1",
        "inner begins, request-1",
        f"inner sees {status}, request-1",
        f"outer sees {status}, request-1",
    ]


def test_a_watcher_sees_no_exception_that_is_handled_around_the_application() -> None:
    seen: list[BaseException | None] = []

    class Watching(AbstractContextManager[None]):
        def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
            seen.append(error)

    client = failing.application(watchers=[lambda exchange: Watching()]).test_client()
    try:
        raise KeyError
    except KeyError:
        client.get("/")
    assert seen == [None]


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
