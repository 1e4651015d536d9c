"""Log lines: one an event, structured, with the ids that tie it to a request."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import Span, SpanKind, TraceContext, Tracer, request_id_scope
from libs.service.logs import MOST_LINKS, configure_logs, without_texts
from libs.service.logs.configuring import _json
from libs.service.logs.terminal import terminal_renderer

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


def test_a_line_of_text_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="text", level="INFO")
    with request_id_scope("request-1234"):
        logger.warning("task failed", extra={"attempt": 2})
    (line,) = printed(capsys)
    for part in ("task failed", "warning", "attempt=2", " todos ", "request_id=request-1234"):
        assert part in line


HOSTILE = "/todos\n2026-01-01 [info] forged\r\x1b[31m\x7f\x85\x9b2J\u2028next\u2029\u202eback\u2066\x00\v\f"


@pytest.mark.parametrize("log_format", ["json", "text"])
@pytest.mark.parametrize("place", ["event", "name", "value", "within", "format"])
def test_nothing_a_client_sends_can_forge_a_line_or_steer_a_terminal(
    capsys: pytest.CaptureFixture[str], log_format: str, place: str
) -> None:
    configure_logs("todos", log_format=log_format, level="INFO")
    told: dict[str, Any] = {
        "name": {HOSTILE: 1},
        "value": {"path": HOSTILE},
        "within": {"told": [{"path": [HOSTILE]}, {HOSTILE: 1}]},
    }.get(place, {})
    if place == "format":
        logger.info("sent: %s", HOSTILE)
    else:
        logger.info(HOSTILE if place == "event" else "request", extra=told)
    (line,) = printed(capsys)  # str.splitlines() knows all of them
    assert "/todos" in line
    assert line.isprintable()
    if log_format == "json":
        assert "forged" in str(json.loads(line))


@given(st.text() | st.text(st.characters(categories=["Cc", "Cf", "Zl", "Zp", "Cs"])))
def test_whatever_text_comes_a_line_stays_one(text: str) -> None:
    event = {
        "event": text,
        text: text,
        "list": [text],
        "level": "info",
        "timestamp": "2026-01-01T00:00:00.000Z",
    }
    for render in (_json, terminal_renderer(colours=False)):
        line = render(None, "", dict(event))
        assert len(line.splitlines()) == 1
        assert not set(line) & set("\x1b\x9b\x00\x7f\u202e")
        line.encode()


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_line_is_bounded(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    configure_logs("todos", log_format=log_format, level="INFO")
    logger.info("request", extra={"path": "/" + "x" * 8191})
    logger.info("odd", extra={"many": ["y"] * 10_000, "more": {str(n): n for n in range(10_000)}})
    logger.info("nested", extra={"many": [[["y"] * 100] * 100] * 100})
    for line, most in zip(printed(capsys), (2_300, 2_300, 5_300), strict=True):
        assert len(line) < most
        assert "x" * 2001 not in line


def test_of_a_long_text_the_beginning_is_told_and_how_long_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    logger.info("request", extra={"path": "/" + "x" * 8191})
    assert json.loads(printed(capsys)[0])["path"] == "/" + "x" * 1999 + "…(8192)"


@dataclass
class Telling:
    """Would say what it holds."""

    token: str


class Level(StrEnum):
    HIGH = "high"


def nest(depth: int) -> Any:
    return [nest(depth - 1)] if depth else "bottom"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (2**63 - 1, 2**63 - 1),
        (2**70, "…"),
        ([10**5000], ["…"]),
        (-5, -5),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (None, None),
        (True, True),
        (b"bytes", "<bytes>"),
        ({1}, [1]),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (("a", 1), ["a", 1]),
        ({1: {None: 2}}, {"1": {"None": 2}}),
        (Telling("hunter2"), "<Telling>"),
        (ValueError("hunter2"), "ValueError"),
        ({"error": [KeyError("hunter2")]}, {"error": ["KeyError"]}),
        (Level.HIGH, "high"),
        ("\ud800", "\\ud800"),
        (nest(9), [[[[[["…"]]]]]]),
    ],
)
def test_any_value_has_a_form(capsys: pytest.CaptureFixture[str], value: Any, shown: Any) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    logger.info("odd", extra={"thing": value})
    assert json.loads(printed(capsys)[0])["thing"] == shown


def test_lines_have_the_trace_they_are_part_of(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="json", level="INFO")
    came = TraceContext("a" * 32, "b" * 16)
    with Tracer(lambda one: None, share=1).begin("root", SpanKind.SERVER, came) as root:
        assert isinstance(root, Span)
        logger.info("recorded")
    with Tracer().begin("root", SpanKind.SERVER, came):
        logger.info("passed on")
    logger.info("outside")
    told = [json.loads(line) for line in printed(capsys)]
    ids = [(one.get("trace_id"), one.get("span_id")) for one in told]
    assert ids == [("a" * 32, root.context.span_id), ("a" * 32, None), (None, None)]


REQUEST = {
    "event": "request",
    "timestamp": "2026-01-02T12:00:01.250000Z",
    "level": "info",
    "logger": "libs.service.web.request_log",
    "service": "todos",
    "method": "GET",
    "path": "/todos/1",
    "route": "/todos/{id}",
    "status": 200,
    "milliseconds": 12.34,
    "subject": "ada",
    "request_id": "request-1234",
}


def test_on_a_terminal_a_request_is_one_short_line_in_columns() -> None:
    render = terminal_renderer(colours=False)
    first = render(None, "", dict(REQUEST))
    second = render(
        None, "", {**REQUEST, "level": "warning", "path": "/", "status": 404, "code": "NOT_FOUND"}
    )
    assert first == (
        "12:00:01.250 info    todos    GET    /todos/1                                  200"
        "     12.3 ms  subject=ada request_id=request-1234"
    )
    assert first.index(" 200 ") == second.index(" 404 ")
    assert second.endswith("code=NOT_FOUND subject=ada request_id=request-1234")


def test_colours_are_for_terminals_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    configure_logs("todos", log_format="text", level="INFO")
    logger.info("plain")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    configure_logs("todos", log_format="text", level="INFO")
    logger.info("coloured")
    plain, coloured = printed(capsys)
    assert "\x1b" not in plain
    assert "\x1b[32minfo" in coloured


def test_an_exception_on_a_terminal_is_indented(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs("todos", log_format="text", level="INFO")
    try:
        log_in("hunter2")
    except KeyError:
        logger.exception("failed")
    first, *others = printed(capsys)
    assert "failed" in first
    assert others
    assert all(line.startswith("    ") for line in others)


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
