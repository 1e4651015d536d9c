"""Operations of another release: older ones are brought up to date, newer ones wait."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.arguments import encode

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
Read = Callable[[str], Operation]


@asynctask
def first(day: Any) -> str:
    """A task of one release."""
    return repr(day)


def in_one(arguments: dict[str, Any], version: int) -> dict[str, Any]:
    """Have a day instead of three numbers, since version 2."""
    assert version == 1
    return {"day": date(arguments["year"], arguments["month"], arguments["day"]), "also": arguments["also"]}


@asynctask(version=2, upgrade=in_one)
def second(day: date, also: Any) -> str:
    """The same, a release later."""
    return f"{day!r} {also!r}"


@asynctask(version=2)
def strict(day: date) -> None:
    """One that takes nothing of an older release."""


ALSO = encode(date(2026, 1, 2))


def test_a_row_from_before_there_were_versions_and_tags_is_run_as_it_is(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    operation = stored(task=first.name, arguments={"day": {"$date": "2026-01-02"}})
    assert operation.version is None
    runtime_of(first).run(operation.id)
    assert read(operation.id).result == "{'$date': '2026-01-02'}"


def test_a_row_as_the_release_before_wrote_it_is_run(runtime_of: Runtimes, read: Read) -> None:
    # Attribute by attribute: what is not there has no default when it is read.
    names = {"id", "task", "arguments", "request_id", "status", "progress", "attempts", "publications"}
    names |= {"not_before", "pending", "due", "created_at", "updated_at"}
    operation = Operation(task=first.name, arguments={"day": 1}, request_id="request-id-1")
    for name in set(operation.attribute_values) - names:
        delattr(operation, name)
    operation.save()
    assert set(read(operation.id).attribute_values) == names
    runtime_of(first).run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result) == ("succeeded", "1")


@pytest.mark.parametrize(
    ("version", "also"), [(None, ALSO), (1, date(2026, 1, 2))], ids=["before there were versions", "1"]
)
def test_arguments_of_an_older_version_are_upgraded(
    runtime_of: Runtimes, stored: Store, read: Read, version: int | None, also: Any
) -> None:
    arguments = {"year": 2026, "month": 3, "day": 1, "also": ALSO}
    operation = stored(task=second.name, version=version, arguments=arguments)
    runtime_of(second).run(operation.id)
    row = read(operation.id)
    assert (row.status, row.result) == ("succeeded", f"{date(2026, 3, 1)!r} {also!r}")


def test_without_an_upgrade_it_fails_at_once_and_says_so(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    operation = stored(task=strict.name, version=1, arguments={"day": 1})
    runtime_of(strict).run(operation.id)
    row = read(operation.id)
    assert (row.status, row.attempts, row.problem["code"]) == ("failed", 1, "TASK_VERSION_UNKNOWN")
    assert row.arguments == {"day": 1}


def test_an_operation_of_a_newer_release_waits_for_its_worker(
    runtime_of: Runtimes, stored: Store, read: Read, broker: Any
) -> None:
    operation = stored(task=strict.name, version=3, arguments={"day": 1}, due=0)
    runtime = runtime_of(strict)
    runtime.run(operation.id)
    assert (read(operation.id).status, read(operation.id).attempts) == ("queued", 0)
    assert (runtime.relay(), broker.ids) == (1, [operation.id])


def test_a_new_operation_has_the_version_of_its_task(runtime_of: Runtimes, read: Read) -> None:
    with runtime_of(first, strict).active():
        assert [read(first(1).id).version, read(strict(1).id).version] == [1, 2]


def test_arguments_that_cannot_be_read_are_a_failure_of_the_task(
    runtime_of: Runtimes, stored: Store, read: Read
) -> None:
    # Tried again: while a deploy goes on the next worker may be of the release that knows them.
    operation = stored(task=first.name, version=1, arguments={"day": {"$day": "x"}})
    runtime_of(first).run(operation.id)
    assert (read(operation.id).status, read(operation.id).attempts) == ("queued", 1)
