"""What a report has of what has happened, and of nothing else; and that reporting breaks nothing."""

import logging
import threading
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from libs.errors import Report, report, report_warning, reporting_to, request_id_scope, trace_scope
from libs.errors.personal import for_reports
from libs.errors.plain import LONGEST_TEXT, MOST_VALUES, plain_copy
from libs.errors.raised import raised
from libs.errors.redaction import HIDDEN

SECRET = "hunter2~secret"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def told(call: Callable[[], object], **about: Any) -> dict[str, Any]:
    reports: list[Report] = []
    with reporting_to(reports.append, lambda: about):
        call()
    (one,) = reports
    return one.to_json(for_reports())


def fails(password: str) -> None:
    raise ValueError(password)


def caught() -> Exception:
    """Return an exception that came of another one, and holds a third."""
    try:
        try:
            fails(SECRET)
        except ValueError as error:
            raise KeyError(SECRET) from error
    except KeyError as error:
        error.add_note(SECRET)
        return error
    raise AssertionError


def test_of_an_exception_class_and_lines_are_told_and_of_those_it_came_of() -> None:
    one = told(lambda: report("It failed.", error=caught(), code="ODD"))
    assert (one["kind"], one["level"], one["code"], one["title"]) == ("error", "error", "ODD", "It failed.")
    assert [link["type"] for link in one["error"]] == ["KeyError", "ValueError"]
    assert [frame["function"] for frame in one["error"][1]["frames"]] == ["caught", "fails"]
    assert one["error"][0]["frames"][0]["file"] == "libs/errors/tests/test_reporting.py"
    assert SECRET not in str(one)
    assert one["where"] == one["error"][0]["frames"][-1]


def test_a_group_and_a_circle_and_a_long_chain_are_told_and_bounded() -> None:
    group = ExceptionGroup(SECRET, [ValueError(SECRET), ExceptionGroup("", [KeyError()])])
    assert [one.kind for one in raised(group)] == [
        "ExceptionGroup",
        "ValueError",
        "ExceptionGroup",
        "KeyError",
    ]
    first, second = ValueError(), ValueError()
    first.__cause__, second.__cause__ = second, first
    assert len(raised(first)) == 2
    last = ValueError()
    for _ in range(100):
        last, before = ValueError(), last
        last.__context__ = before
    assert len(raised(last)) == 8


def deep(depth: int) -> None:
    if not depth:
        raise RuntimeError
    deep(depth - 1)


def test_of_a_deep_stack_the_innermost_lines_are_told() -> None:
    with pytest.raises(RuntimeError) as error:
        deep(200)
    (one,) = raised(error.value)
    assert len(one.frames) == 50
    assert one.frames[-1].line < one.frames[0].line, "where it was raised is the last"


def test_what_a_library_raises_is_ours_where_we_have_called_it() -> None:
    with pytest.raises(TypeError) as error:
        pytest.importorskip("orjson").dumps(object())
    assert told(lambda: report("x", error=error.value))["where"]["function"].startswith("test_what_a_library")


def test_a_warning_says_where_it_was_given() -> None:
    def lookup() -> None:
        report_warning("Odd.", {"count": 1})

    one = told(lookup, request={"route": "/x", "user_agent": None}, caller={"subject": "ada@example.com"})
    assert one["where"]["function"].endswith("lookup")
    assert (one["kind"], one["level"], one["data"]) == ("warning", "warning", {"count": 1})
    assert (one["request"], one["caller"]) == ({"route": "/x"}, {"subject": HIDDEN})
    assert "error" not in one


def test_ids_of_the_request_are_told() -> None:
    traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
    with request_id_scope("request-1"), trace_scope(traceparent):
        one = told(lambda: report("x", error_id="error-1"))
    assert (one["request_id"], one["trace_id"], one["error_id"]) == ("request-1", TRACE, "error-1")


def test_secrets_and_what_is_personal_are_redacted() -> None:
    data = {"password": SECRET, "email": "x", "note": f"token={SECRET}", "n": 1}
    one = told(lambda: report_warning(f"of ada@example.com, password: {SECRET}", data))
    assert one["title"] == f"of {HIDDEN}, password: {HIDDEN}"
    assert one["data"] == {"password": HIDDEN, "email": HIDDEN, "note": f"token= {HIDDEN}", "n": 1}


def test_data_is_as_it_was_when_it_was_reported() -> None:
    reports: list[Report] = []
    data: dict[str, Any] = {"a": [1]}
    with reporting_to(reports.append):
        report_warning("x", data)
    data["a"].append(2)
    assert reports[0].data == {"a": [1]}


class Secretive:
    def __repr__(self) -> str:
        return SECRET

    __str__ = __repr__


class Colour(Enum):
    RED = "red"


def test_whatever_is_given_is_copied_in_bounds() -> None:
    assert plain_copy({1: {Decimal("1.5")}, "t": (datetime(2026, 3, 1, tzinfo=UTC), Colour.RED, None)}) == {
        "1": ["1.5"],
        "t": ["2026-03-01T00:00:00+00:00", "red", None],
    }
    assert plain_copy([Secretive(), b"x", 2**70, float("nan")]) == ["<Secretive>", "<bytes>", "…", "nan"]
    assert plain_copy({Secretive(): 1}) == {"<Secretive>": 1}
    assert len(plain_copy(list(range(10**6)))) == MOST_VALUES
    assert len(plain_copy(dict.fromkeys(range(10**6)))) < MOST_VALUES
    assert plain_copy("x" * 10**6) == "x" * LONGEST_TEXT + "…(1000000)"
    assert plain_copy(["\ud800", KeyError(SECRET), date(2026, 3, 1)]) == ["\\ud800", "KeyError", "2026-03-01"]
    assert plain_copy([[1, 2, 3], {"a": 1, "b": 2, "c": 3}], most_members=2) == [
        [1, 2, "…"],
        {"a": 1, "b": 2, "…": "…"},
    ]
    assert str(plain_copy([list(range(100))] * 100)).count(",") < 3 * MOST_VALUES
    endless: list[Any] = []
    endless.append(endless)
    assert str(plain_copy(endless)).count("[") == 6


def test_nobody_fails_for_being_reported(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(dict[str, Any]):
        def items(self) -> Any:
            raise RuntimeError(SECRET)

    def broken(*_: Any) -> Any:
        raise RuntimeError(SECRET)

    reports: list[Report] = []
    with reporting_to(reports.append):
        report_warning("x", Broken(a=1))
    with reporting_to(broken):
        report_warning("x")
    with reporting_to(reports.append, broken):
        report_warning("x")
    assert not reports
    assert [one.getMessage() for one in caplog.records] == ["a report failed"] * 3


def test_where_nobody_is_told_the_log_is(caplog: pytest.LogCaptureFixture) -> None:
    report("x", data={"password": SECRET}, error=caught())
    report_warning("y")
    assert [(one.levelno, one.getMessage()) for one in caplog.records] == [
        (logging.ERROR, "report"),
        (logging.WARNING, "report"),
    ]
    assert caplog.records[0].__dict__["report"]["data"] == {"password": HIDDEN}
    assert SECRET not in str(caplog.records[0].__dict__)


def test_what_is_set_up_ends_with_its_block_and_reaches_the_threads_that_take_it_along() -> None:
    outer: list[Report] = []
    inner: list[Report] = []
    with reporting_to(outer.append):
        with reporting_to(inner.append):
            report("inner")
        with reporting_to(None, lambda: {"task": {"name": "t"}}):
            thread = threading.Thread(target=copy_context().run, args=[report, "outer"])
            thread.start()
            thread.join()
    report("nobody")
    assert [one.title for one in inner] == ["inner"]
    assert [(one.title, one.about) for one in outer] == [("outer", {"task": {"name": "t"}})]


def test_the_same_thing_has_one_fingerprint_and_another_has_another() -> None:
    def of(route: str, code: str | None = None, error: bool = False) -> tuple[object, ...]:
        reports: list[Report] = []
        with reporting_to(reports.append, lambda: {"request": {"method": "GET", "route": route}}):
            report(f"{object()}", code=code, error=caught() if error else None)
        return reports[0].fingerprint

    assert of("/x") == of("/x")
    assert len({of("/x"), of("/y"), of("/x", "A"), of("/x", error=True)}) == 4
