"""What an operator types: what it prints, what it does, and how it ends."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.admin import administration, commands
from libs.tasks.unique import taking

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]


@asynctask(unique="arguments")
def work(text: str) -> str:
    """Do nothing."""
    return text


@pytest.fixture
def fail(stored: Store) -> Callable[..., Operation]:
    def store(due: float = 1, code: str = "TASK_FAILED", **attributes: Any) -> Operation:
        usual = {"task": work.name, "arguments": {"text": "hello"}, "problem": {"code": code}}
        return stored(status="failed", pending="parked", due=due, **{**usual, **attributes})

    return store


@pytest.fixture
def tasks(runtime_of: Runtimes) -> Callable[[str], int]:
    """Run a command line, and return its exit code."""
    runtime = runtime_of(work)
    return lambda line: commands.run(commands.read_arguments(line.split()), runtime)


Tasks = Callable[[str], int]
Output = pytest.CaptureFixture[str]


def test_what_is_parked_is_listed_unless_something_else_is_asked_for(
    tasks: Tasks, fail: Callable[..., Operation], stored: Store, capsys: Output
) -> None:
    first, second, waits = fail(2), fail(1), stored()
    assert tasks("list") == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["ID", "TASK", "STATUS", "TRIES", "CODE", "SINCE"]
    assert [row.split()[:5] for row in rows] == [
        [one.id, work.name, "failed", "0", "TASK_FAILED"] for one in (first, second)
    ]
    assert tasks("list --status queued --json") == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["items"]] == [waits.id]


def test_a_list_of_nothing_says_so(tasks: Tasks, capsys: Output) -> None:
    for line in ("list", "list --status queued", "list --status running", "stats"):
        assert tasks(line) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Nothing is parked.",
        "Nothing waits.",
        "Nothing is running.",
        "Nothing is parked, waits or runs.",
        "workers: 0",
        "the oldest has been waiting for 0.0 seconds",
    ]


def test_what_waits_is_listed_since_it_was_stored_whatever_the_relay_has_noted(
    tasks: Tasks, stored: Store, capsys: Output
) -> None:
    stored(created_at=datetime(2026, 1, 2, tzinfo=UTC), updated_at=datetime(2026, 3, 4, tzinfo=UTC))
    assert tasks("list --status queued") == 0
    assert "2026-01-02 00:00:00Z" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["list", "replay", "discard"])
def test_the_name_of_no_task_is_a_clear_error_unless_operations_of_it_are_left(
    tasks: Tasks, fail: Callable[..., Operation], command: str, capsys: Output
) -> None:
    assert tasks(f"{command} --task wrok") == 2
    assert capsys.readouterr().err == f"There is no task wrok, but {work.name}\n"
    assert tasks(f"{command} --task {work.name}") == 0
    fail(task="wrok")
    assert tasks(f"{command} --task wrok") == 0


def test_a_list_that_is_cut_short_says_so(
    tasks: Tasks, fail: Callable[..., Operation], capsys: Output
) -> None:
    for _ in range(3):
        fail()
    assert tasks("list --limit 2 --json") == 0
    output = capsys.readouterr()
    assert len(json.loads(output.out)["items"]) == 2
    assert "There are more" in output.err
    assert tasks("list --limit 3 --json") == 0
    assert capsys.readouterr().err == ""


def test_a_list_goes_on_over_pages(
    tasks: Tasks, stored: Store, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setattr(administration, "MOST_EXAMINED", 5)
    rare = stored(task="rare", due=9)
    for due in range(8):
        stored(task="other", due=due)
    assert tasks("list --status queued --task rare --json") == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["items"]] == [rare.id]


def test_one_operation_is_shown_without_its_secrets_and_without_what_a_terminal_obeys(
    tasks: Tasks, fail: Callable[..., Operation], capsys: Output
) -> None:
    tried = [{"attempt": 1, "at": "2026-01-01T00:00:00Z", "seconds": 1.5, "code": "NO_LUCK"}]
    arguments = {"token": "hunter2", "title": "a\x1b[2Jb\u202ec\x7f\x9b\U000e0001é"}
    one = fail(arguments=arguments, history=tried, message="\x1b]0;x\x07\nnext", owner="ada")
    assert tasks(f"show {one.id}") == 0
    shown = capsys.readouterr().out
    assert "hunter2" not in shown
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    assert '{"token":"[redacted]","title":"a\\u001b[2Jb\\u202ec\\x7f\\x9b\\U000e0001é"}' in shown
    assert any(line.split() == ["1", "2026-01-01T00:00:00Z", "1.5", "NO_LUCK"] for line in shown.splitlines())
    assert tasks(f"show {one.id} --json") == 0
    shown = capsys.readouterr().out
    assert all(character.isprintable() for character in shown.replace("\n", ""))
    told = json.loads(shown)
    assert told["arguments"]["title"] == arguments["title"]
    assert (told["owner"], told["arguments"]["token"], told["history"]) == ("ada", "[redacted]", tried)


@pytest.mark.parametrize("command", ["show", "replay", "discard", "cancel"])
def test_an_unknown_operation_is_a_clear_error(tasks: Tasks, command: str, capsys: Output) -> None:
    assert tasks(f"{command} nosuch") == 1
    assert capsys.readouterr().err == "nosuch: There is no such operation.\n"


def test_what_is_replayed_waits_again(
    tasks: Tasks, fail: Callable[..., Operation], read: Read, broker: Any, capsys: Output
) -> None:
    one, another = fail(), fail()
    assert tasks(f"replay {one.id} {another.id}") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{one.id}  replayed",
        f"{another.id}  replayed",
        "2 replayed",
    ]
    assert {read(one.id).status, read(another.id).status} == {"queued"}
    assert broker.ids == [one.id, another.id]


def test_it_is_replayed_though_the_broker_is_down(
    tasks: Tasks, fail: Callable[..., Operation], read: Read, broker: Any
) -> None:
    broker.down, one = True, fail()
    assert tasks(f"replay {one.id}") == 0
    assert read(one.id).status == "queued"


@pytest.mark.parametrize("operation_id", ["", "x" * 2049], ids=["empty", "too long"])
def test_an_id_that_none_can_have_does_not_stop_the_others(
    runtime_of: Runtimes, stored: Store, read: Read, operation_id: str, capsys: Output
) -> None:
    one, another = stored(), stored()
    line = ["cancel", one.id, operation_id, another.id]
    assert commands.run(commands.read_arguments(line), runtime_of(work)) == 1
    assert {read(one.id).status, read(another.id).status} == {"cancelled"}
    assert capsys.readouterr().err == f"{operation_id}: There is no such operation.\n"


def test_one_that_is_refused_does_not_stop_the_others(
    tasks: Tasks, fail: Callable[..., Operation], stored: Store, read: Read, capsys: Output
) -> None:
    waits, one = stored(), fail()
    assert tasks(f"replay {waits.id} {one.id} --json") == 1
    output = capsys.readouterr()
    assert json.loads(output.out) == {"replayed": [one.id], "refused": {waits.id: "NOT_PARKED"}}
    assert "(NOT_PARKED)" in output.err
    assert read(waits.id).publications == waits.publications


@pytest.mark.parametrize(
    ("which", "wanted"),
    [
        ("--all", ["a", "b", "c"]),
        (f"--task {work.name}", ["a", "b"]),
        ("--code NO_LUCK", ["a", "c"]),
        (f"--task {work.name} --code NO_LUCK", ["a"]),
        ("--all --limit 2", ["b", "c"]),
        ("--code nosuch", []),
    ],
    ids=["all", "task", "code", "both", "limit", "none"],
)
@pytest.mark.parametrize("command", ["replay", "discard"])
def test_many_are_changed_at_once_and_counted(
    tasks: Tasks,
    fail: Callable[..., Operation],
    read: Read,
    capsys: Output,
    command: str,
    which: str,
    wanted: list[str],
) -> None:
    fail(1, id="a", code="NO_LUCK"), fail(2, id="b"), fail(3, id="c", code="NO_LUCK", task="other")
    assert tasks(f"{command} {which}") == 0
    output = capsys.readouterr()
    assert output.out.splitlines()[-1] == f"{len(wanted)} {command}ed".replace("eded", "ed")
    assert sorted(one for one in "abc" if read(one).pending != "parked") == wanted
    assert ("There are more" in output.err) == ("limit" in which)


def test_of_many_those_that_are_pending_already_are_left(
    tasks: Tasks, fail: Callable[..., Operation], stored: Store, database: Any, capsys: Output
) -> None:
    from libs.dynamodb import Table

    holder = stored(unique_key="unique:x")
    Table(Operation).write(taking(holder, None))
    fail(2, unique_key="unique:x"), fail(1)
    assert tasks("replay --all --json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (len(found["replayed"]), list(found["refused"].values())) == (1, ["ALREADY_PENDING"])


def test_what_waits_is_cancelled_and_what_runs_is_asked(
    tasks: Tasks, stored: Store, read: Read, capsys: Output
) -> None:
    waits, runs, over = stored(), stored(status="running"), stored(status="succeeded")
    assert tasks(f"cancel {waits.id} {runs.id} {over.id}") == 1
    output = capsys.readouterr()
    assert output.out.splitlines() == [
        f"{waits.id}  cancelled",
        f"{runs.id}  asked to stop",
        "2 cancelled, 1 not",
    ]
    assert "NOT_CANCELLABLE" in output.err
    assert (read(waits.id).status, read(runs.id).cancel_asked_at is None) == ("cancelled", False)


def test_an_operator_is_in_the_audit_log(
    tasks: Tasks, fail: Callable[..., Operation], caplog: pytest.LogCaptureFixture
) -> None:
    one = fail()
    tasks(f"discard {one.id}")
    (line,) = (record for record in caplog.records if record.name == "libs.tasks.audit")
    assert (line.message, line.__dict__["operation"], line.__dict__["by"]) == (
        "operation discarded",
        one.id,
        "operator",
    )


def test_statistics_are_a_table(
    tasks: Tasks, fail: Callable[..., Operation], stored: Store, capsys: Output
) -> None:
    fail(), stored(task="a"), stored(task="a")
    assert tasks("stats") == 0
    head, *rows, workers, _ = capsys.readouterr().out.splitlines()
    assert [head.split(), *(row.split() for row in rows)] == [
        ["STATUS", "TASK", "COUNT"],
        ["parked", work.name, "1"],
        ["queued", "a", "2"],
    ]
    assert workers == "workers: 0"
    assert tasks("stats --json") == 0
    assert json.loads(capsys.readouterr().out)["complete"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nosuch",
        "show",
        "cancel",
        "replay",
        "discard",
        "replay --limit 3",
        "replay a --all",
        "replay a --task b",
        "replay --all --task b",
        "list --limit 0",
        "list --status failed",
        "list --status queued --code X",
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(line: str, capsys: Output) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.read_arguments(line.split())
    assert ended.value.code == 2
    assert "usage: python -m libs.service tasks" in capsys.readouterr().err
