"""A worker of one release and what another has called: in a deploy, and after going back."""

from contextlib import AbstractContextManager
from typing import Any

from libs.service.testing import eventually
from libs.service.tests.workers import released
from libs.tasks import Operation
from libs.tasks.operation import PENDING


def process(work: Any, release: str, kind: str) -> AbstractContextManager[Any]:
    """Run a process of a release."""
    found: AbstractContextManager[Any] = work.process(kind, script=released.RUN, environ={"RELEASE": release})
    return found


def called(work: Any, release: str) -> list[Operation]:
    """Have the web process of a release call its tasks; return the operations."""
    with process(work, release, "call") as caller:
        assert caller.wait(60) == 0
    return list(Operation.pending_index.query(PENDING))


def test_what_was_called_by_one_release_is_done_by_the_next(work: Any) -> None:
    (operation,) = called(work, "A")
    with process(work, "B", "worker"):
        assert work.final(operation).attempts == 1
    assert work.lines() == ["B greeted ada on datetime.date(2026, 3, 1)"]


def test_what_was_called_by_the_next_release_waits_for_its_worker(work: Any) -> None:
    with process(work, "A", "worker"), process(work, "A", "beat"):
        operations = called(work, "B")
        work.hurry(*operations)  # the relay of A has no queue of B's: it uses the default one
        eventually(lambda: "operation is for a newer release" in work.said())
        eventually(lambda: "Received unregistered task" in work.said())
        assert {(work.row(one).status, int(work.row(one).attempts)) for one in operations} == {("queued", 0)}
        assert work.lines() == []
    with process(work, "B", "worker"), process(work, "B", "beat"):
        assert {row.attempts for row in work.all_final(operations)} == {1}
    assert sorted(work.lines()) == ["B greeted ada on datetime.date(2026, 3, 1)", "B waved to ada"]
