"""What an operator sees of operations and does with them: bounded, redacted, and in the audit log."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from libs.dynamodb import Put, Table
from libs.errors import Conflict, InvalidParameters, NotFound
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.admin import administration
from libs.tasks.admin.administration import details, list_page, parked, statistics, summary
from libs.tasks.following.owned import find

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVk"


@asynctask(unique="arguments")
def work(text: str) -> str:
    """Do nothing."""
    return text


@pytest.fixture
def fail(stored: Store) -> Callable[..., Operation]:
    """Store what has failed; `due` is when."""

    def store(due: float = 1, code: str = "TASK_FAILED", **attributes: Any) -> Operation:
        problem = {"code": code, "status": 500}
        usual = {"task": work.name, "arguments": {"text": "hello"}, "owner": "ada", "problem": problem}
        return stored(status="failed", pending="parked", due=due, **{**usual, **attributes})

    return store


def ids(page: administration.Page) -> list[str]:
    return [one.id for one in page.operations]


def pages(status: str, **options: Any) -> list[str]:
    """Return the ids of all pages, one after the other."""
    found, after = [], None
    while True:
        page = list_page(status, after=after, **options)
        found += ids(page)
        after = page.next
        if after is None:
            return found


def test_what_is_parked_is_listed_the_latest_first(fail: Callable[..., Operation], stored: Store) -> None:
    stored()
    stored(status="succeeded", pending=None, due=None)
    stored(status="failed", pending=None, due=None)  # discarded
    wanted = [fail(due).id for due in (3, 2, 1)]
    assert pages("parked") == wanted


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_pages_follow_on_each_other_though_many_were_parked_at_once(
    fail: Callable[..., Operation], limit: int
) -> None:
    wanted = {fail(due).id for due in (1.25, 1.25, 1.25, 2)}
    found = pages("parked", limit=limit)
    assert (len(found), set(found)) == (4, wanted)
    assert all(len(ids(list_page("parked", limit=limit))) <= limit for _ in "x")


def test_a_page_goes_on_though_its_last_operation_is_parked_no_more(
    fail: Callable[..., Operation],
) -> None:
    first, second, third = (fail(due) for due in (3, 2, 1))
    page = list_page("parked", limit=2)
    assert ids(page) == [first.id, second.id]
    assert second.discard()
    assert ids(list_page("parked", limit=2, after=page.next)) == [third.id]


def test_what_waits_and_what_runs_are_lists_of_their_own(stored: Store) -> None:
    later, sooner, running = stored(due=2), stored(due=1), stored(status="running", due=3)
    assert pages("queued") == [sooner.id, later.id]
    assert pages("running") == [running.id]


@pytest.mark.parametrize("status", ["parked", "queued"])
def test_a_list_can_be_of_one_task(fail: Callable[..., Operation], stored: Store, status: str) -> None:
    make = fail if status == "parked" else stored
    one, _ = make(task="a.b"), make(task="a.bc")
    assert pages(status, task="a.b") == [one.id]


def test_a_page_reads_so_much_and_no_more(
    fail: Callable[..., Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_EXAMINED", 5)
    rare = fail(1, task="rare")
    for due in range(2, 9):
        fail(due)
    first = list_page("parked", task="rare")
    assert (ids(first), first.next is None) == ([], False)
    assert pages("parked", task="rare") == [rare.id]


def test_what_has_changed_since_the_index_saw_it_is_left_out(
    fail: Callable[..., Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fail()
    read = administration._read

    def later(found: list[str]) -> list[Operation]:
        one.discard()
        return read(found)

    monkeypatch.setattr(administration, "_read", later)
    assert ids(list_page("parked")) == []


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "text", ["", "x", "1", " x", "1 ", "x 1", "-1 a", "1e5 a", "1.2.3 a", f"{'9' * 40} a", f"1 {'a' * 256}"]
)
def test_a_place_that_is_none_is_refused(text: str) -> None:
    after = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    with pytest.raises(InvalidParameters):
        list_page("parked", after=after)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("after", ["a", "_w", "%%%", "é", "\udc80"])
def test_what_is_no_place_at_all_is_refused(after: str) -> None:
    with pytest.raises(InvalidParameters):
        list_page("parked", after=after)


def test_a_made_up_place_shows_nothing_else(fail: Callable[..., Operation], stored: Store) -> None:
    old, _ = fail(5), fail(20)
    stored(due=5)
    after = base64.urlsafe_b64encode(b"10.5 made-up").decode().rstrip("=")
    assert ids(list_page("parked", after=after)) == [old.id]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("row", ["unique:a.b:abc", "schedule:a.b", "once:abc:charge"])
def test_rows_that_are_no_operations_are_not_there(row: str) -> None:
    Table(Operation).write(Put({"id": {"S": row}, "holder": {"S": "x"}}))
    with pytest.raises(NotFound):
        find(row)


@pytest.mark.parametrize("row", ["worker:host:1", "some-row"])
def test_nor_is_a_row_with_another_status(stored: Store, row: str) -> None:
    stored(id=row, status="worker", pending="worker", task="worker")
    with pytest.raises(NotFound):
        find(row)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "operation_id",
    ["unknown", "", "x" * 2048, "x" * 2049, "é" * 1025, "\udc80"],
    ids=["unknown", "empty", "longest", "too long", "too many bytes", "no UTF-8"],
)
def test_an_unknown_operation_is_not_there(operation_id: str) -> None:
    with pytest.raises(NotFound):
        find(operation_id)


def test_of_an_operation_everything_is_told_but_its_secrets_and_its_result(
    fail: Callable[..., Operation],
) -> None:
    operation = fail(
        arguments={"address": "https://example.com/reset?token=abc", "api_key": "abc", "n": [{"pin": 1}]},
        caller={"subject": "ada", "scopes": ["a"], "roles": []},
        result={"all": "mine"},
        message=f"sending {JWT}",
        queue="slow",
        priority=3,
        version=2,
        attempts=5,
        unique_key="unique:x",
        history=[{"at": None, "attempt": 1, "code": "TASK_FAILED", "seconds": 0.5}],
    )
    told = details(find(operation.id))
    assert told["arguments"] == {
        "address": "https://example.com/reset?[redacted]",
        "api_key": "[redacted]",
        "n": [{"pin": "[redacted]"}],
    }
    assert told["problem"] == {"code": "TASK_FAILED", "status": 500}
    assert (told["caller"]["subject"], told["owner"]) == ("ada", "ada")
    assert (told["queue"], told["priority"], told["version"], told["attempts"]) == ("slow", 3, 2, 5)
    assert (told["parked"], told["unique"], told["message"]) == (True, True, "sending [redacted]")
    assert told["history"] == operation.history
    assert "result" not in told
    assert "mine" not in str(told)


def test_a_summary_is_the_same_of_a_row_of_a_list(fail: Callable[..., Operation]) -> None:
    operation = fail()
    assert summary(list_page("parked").operations[0]) == summary(find(operation.id))
    assert summary(operation)["code"] == "TASK_FAILED"


def audited(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    lines = [one for one in caplog.records if one.name == "libs.tasks.audit"]
    for line in lines:
        assert "hello" not in str(line.__dict__), "no arguments"
    names = ("operation", "task", "user", "by")
    return [{"event": one.message, **{name: one.__dict__[name] for name in names}} for one in lines]


def test_replaying_runs_it_once_more_and_is_audited(
    fail: Callable[..., Operation], runtime_of: Runtimes, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    runtime, operation = runtime_of(work), fail(attempts=5)
    administration.replay(find(operation.id), runtime, by="boss")
    runtime.run(operation.id)
    assert (read(operation.id).status, read(operation.id).result) == ("succeeded", "hello")
    told = {"operation": operation.id, "task": work.name, "user": "ada", "by": "boss"}
    assert audited(caplog) == [{"event": "operation replayed", **told}]


def test_discarding_forgets_its_arguments_and_is_audited(
    fail: Callable[..., Operation], caplog: pytest.LogCaptureFixture
) -> None:
    operation = fail()
    administration.discard(find(operation.id), by="boss")
    told = details(find(operation.id))
    assert (told["status"], told["parked"], told["arguments"]) == ("failed", False, {})
    assert [one["event"] for one in audited(caplog)] == ["operation discarded"]
    with pytest.raises(Conflict) as refused:
        administration.discard(find(operation.id), by="boss")
    assert refused.value.code == "NOT_PARKED"
    assert len(audited(caplog)) == 1


def test_discarding_is_done_and_audited_though_the_answer_was_lost(
    fail: Callable[..., Operation],
    unanswered: Callable[..., list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    operation = fail()
    again = find(operation.id)
    lost = unanswered('"updated_at"')
    administration.discard(find(operation.id), by="boss")
    assert (len(lost), details(find(operation.id))["parked"]) == (1, False)
    with pytest.raises(Conflict):
        administration.discard(again, by="another")
    assert [one["by"] for one in audited(caplog)] == ["boss"]


def test_anybodys_operation_can_be_cancelled(
    runtime_of: Runtimes, stored: Store, read: Read, caplog: pytest.LogCaptureFixture
) -> None:
    with runtime_of(work).active():
        first: Operation = work("hello")
        administration.cancel(find(first.id), by="boss")
        assert read(first.id).status == "cancelled"
        assert work("hello").id != first.id, "its lock is free"
    running = stored(status="running", owner="ada")
    administration.cancel(find(running.id), by="boss")
    assert read(running.id).cancel_asked_at is not None
    assert [one.message for one in caplog.records if one.name == "libs.tasks.audit"] == [
        "operation cancelled",
        "operation cancelled",
    ]


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_is_over_cannot_be_cancelled(stored: Store, status: str) -> None:
    operation = stored(status=status)
    with pytest.raises(Conflict) as refused:
        administration.cancel(find(operation.id), by="boss")
    assert refused.value.code == "NOT_CANCELLABLE"


def test_what_is_parked_is_found_by_the_code_of_its_problem(
    fail: Callable[..., Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(administration, "MOST_LISTED", 2)
    wanted = [fail(due, code="NO_LUCK").id for due in (9, 6, 3)]
    for due in (8, 7, 5, 4):
        fail(due)
    assert [one.id for one in parked(code="NO_LUCK")] == wanted
    assert len(list(parked(task=work.name))) == 7
    assert list(parked(task="other", code="NO_LUCK")) == []


def test_statistics_count_each_list_by_task(
    fail: Callable[..., Operation], stored: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        fail()
    stored(task="a", due=0, publications=0), stored(task="a", status="running"), stored(task="b")
    found = statistics()
    assert found["counts"] == [
        {"status": "parked", "task": work.name, "count": 2},
        {"status": "queued", "task": "a", "count": 1},
        {"status": "queued", "task": "b", "count": 1},
        {"status": "running", "task": "a", "count": 1},
    ]
    assert found["complete"]
    assert found["oldest_waiting_seconds"] > 0
    assert found["workers"] == 0
    monkeypatch.setattr(administration, "MOST_COUNTED", 2)
    assert not statistics()["complete"]


def test_one_line_of_the_log_tells_that_an_operation_is_parked(
    runtime_of: Runtimes, caplog: pytest.LogCaptureFixture
) -> None:
    @asynctask(attempts=2)
    def hapless(password: str) -> None:
        raise ValueError(password)

    runtime = runtime_of(hapless)
    with runtime.active():
        operation: Operation = hapless("hunter2")
    for tries in (0, 1):
        operation.update([Operation.not_before.set(0)])
        runtime.run(operation.id)
        alarms = [one for one in caplog.records if one.getMessage() == "operation parked"]
        assert len(alarms) == tries
    (alarm,) = alarms
    told = {name: alarm.__dict__[name] for name in ("operation", "task", "code", "attempt")}
    assert alarm.message == "operation parked"
    assert told == {"operation": operation.id, "task": hapless.name, "code": "TASK_FAILED", "attempt": 2}


def test_a_problem_that_tells_a_secret_is_shown_without_it(fail: Callable[..., Operation]) -> None:
    operation = fail(problem={"code": "REFUSED", "detail": f"the token {JWT} is over"})
    assert details(operation)["problem"] == {
        "code": "REFUSED",
        "detail": "the token [redacted] is over",
    }


def test_a_worker_is_counted_and_in_no_list(
    stored: Store, fail: Callable[..., Operation], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(id="worker:host:1", status="worker", pending="worker", task="worker", due=99_999_999_999)
    assert statistics()["workers"] == 1
    for status in administration.LISTED:
        assert pages(status) == []
