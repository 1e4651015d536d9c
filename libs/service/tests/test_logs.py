"""Log lines: one an event, structured, with the ids that tie it to a request."""

import json
import logging
from collections.abc import Callable, Iterator

import pytest

from libs.errors import request_id_scope
from libs.service.logs import MOST_LINKS, configure_logs, without_texts

logger = logging.getLogger("libs.test_logs")


@pytest.fixture(autouse=True)
def _root_logger_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {
        name: one.level
        for name, one in logging.Logger.manager.loggerDict.items()
        if isinstance(one, logging.Logger)
    }
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in logging.Logger.manager.loggerDict:
        logging.getLogger(name).setLevel(levels.get(name, logging.NOTSET))


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_line_of_json_has_the_event_its_values_and_the_ids(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    with request_id_scope("request-1234"):
        logger.info("task ended", extra={"seconds": 1.5, "who": {"ü": None}})
    (line,) = printed(capsys)
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "task ended",
        "seconds": 1.5,
        "who": {"ü": None},
        "service": "todos",
        "request_id": "request-1234",
        "level": "info",
        "logger": "libs.test_logs",
    }


def test_outside_a_request_there_is_no_request_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    logger.info("hello")
    assert "request_id" not in json.loads(printed(capsys)[0])


def log_in(password: str) -> None:
    raise KeyError(f"cannot hash {password!r}")


def chained(password: str) -> None:
    try:
        log_in(password)
    except KeyError as error:
        error.add_note(password)
        raise ValueError(password) from error


def in_context(password: str) -> None:
    try:
        log_in(password)
    except KeyError:
        chained(password)


def grouped(password: str) -> None:
    raise ExceptionGroup(password, [ValueError(password), KeyError(password)])


def in_circles(password: str) -> None:
    first, second = ValueError(password), KeyError(password)
    first.__cause__, second.__cause__ = second, first
    raise first


def linked(password: str) -> None:
    last = ValueError(password)
    for _ in range(5000):
        error = KeyError(password)
        error.__cause__, last = last, error
    raise last


def nested(password: str) -> None:
    last: Exception = ValueError(password)
    for _ in range(5000):
        last = ExceptionGroup(password, [last])
    raise last


class Loud(Exception):
    """Says more of itself than most."""

    def __str__(self) -> str:
        raise RuntimeError(self.args)


def loud(password: str) -> None:
    raise Loud(password)


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize(
    ("fail", "told"),
    [
        (log_in, ["KeyError", ", in log_in"]),
        (chained, ["KeyError", "The above exception was the direct cause", "ValueError", ", in chained"]),
        (in_context, ["KeyError", "During handling of the above exception", "ValueError", ", in in_context"]),
        (grouped, ["ExceptionGroup", "ValueError", "KeyError", ", in grouped"]),
        (in_circles, ["ValueError", "KeyError"]),
        (linked, ["KeyError", "The above exception was the direct cause", ", in linked"]),
        (nested, ["ExceptionGroup", ", in nested"]),
        (loud, ["Loud", ", in loud"]),
    ],
)
def test_of_an_exception_a_line_tells_the_kind_and_the_place_and_not_the_text(
    capsys: pytest.CaptureFixture[str], log_format: str, fail: Callable[[str], None], told: list[str]
) -> None:
    configure_logs("todos", log_format=log_format, level="INFO")
    try:
        fail("".join(["hunt", "er2"]))
    except Exception:
        logger.exception("unexpected error")
    logged = "\n".join(printed(capsys))
    if log_format == "json":
        logged = json.loads(logged)["exception"]
    assert f'File "{__file__}", line' in logged
    for part in told:
        assert part in logged
    assert "hunter2" not in logged


def test_of_very_many_exceptions_the_last_fifty_are_told_in_the_order_they_came() -> None:
    error = ValueError()
    for number in range(100):
        kind = type(f"E{number}", (Exception,), {"__module__": "builtins"})
        error, error.__cause__ = kind(), error
    told = without_texts((type(error), error, None)).split("The above exception was the direct cause")
    assert len(told) == MOST_LINKS == 50
    assert (told[0].split()[0], told[-1].split()[-1]) == ("E50", "E99")


def test_what_has_no_json_form_is_shown_somehow(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    logger.info("odd", extra={"thing": {1, 2}})
    assert json.loads(printed(capsys)[0])["thing"] == "{1, 2}"


def test_a_line_of_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="text", level="INFO")
    with request_id_scope("request-1234"):
        logger.warning("task failed", extra={"attempt": 2})
    (line,) = printed(capsys)
    for part in ("task failed", "warning", "attempt=2", "service=todos", "request_id=request-1234"):
        assert part in line


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_nothing_a_client_sends_can_forge_a_line(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs("todos", log_format=log_format, level="INFO")
    logger.info("request", extra={"path": "/todos\n2026-01-01 [info] forged\r\x1b[31m"})
    (line,) = printed(capsys)
    assert "\x1b" not in line


def test_less_than_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="WARNING")
    logger.info("hello")
    assert printed(capsys) == []


@pytest.mark.parametrize("noisy", ["httpx", "botocore", "celery.app.trace"])
def test_libraries_that_tell_of_every_request_are_quiet(
    capsys: pytest.CaptureFixture[str], noisy: str
) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    logging.getLogger(noisy).info("GET http://127.0.0.1/?token=secret")
    logging.getLogger(noisy).warning("connection lost")
    assert [json.loads(line)["event"] for line in printed(capsys)] == ["connection lost"]


@pytest.mark.parametrize(
    "name", ["pynamodb.connection.base", "botocore.endpoint", "httpx", "kombu", "urllib3"]
)
def test_what_libraries_tell_of_rows_and_requests_stays_out_even_when_debugging(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configure_logs("auth", log_format="json", level="DEBUG")
    logging.getLogger(name).debug("Calling PutItem with %s", {"password_hash": {"S": "$argon2id$"}})
    logger.debug("our own")
    (line,) = printed(capsys)
    assert json.loads(line)["event"] == "our own"
