"""What an operator is answered by HTTP's side of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from libs.api import Contract, Dependencies
from libs.errors import NotFound
from libs.jwt import Caller, current_caller
from libs.tasks import Operation, TaskRuntime, asynctask
from libs.tasks.admin.handlers import (
    administration_contribution,
    cancel_any_operation,
    discard_operation,
    get_any_operation,
    list_all_operations,
    replay_operation,
)

Runtimes = Callable[..., TaskRuntime]
Store = Callable[..., Operation]
BOSS = Caller("boss", frozenset({"tasks:admin"}))


@asynctask
def work() -> None:
    """Do nothing."""


def test_a_page_has_a_next_as_long_as_there_is_more(stored: Store) -> None:
    ids = [stored(status="failed", pending="parked", due=due).id for due in (3, 2, 1)]
    first = list_all_operations("parked", 2)
    assert [one["id"] for one in first["items"]] == ids[:2]
    last = list_all_operations("parked", 2, after=first["next"])
    assert ([one["id"] for one in last["items"]], "next" in last) == (ids[2:], False)


def test_what_is_replayed_or_discarded_is_told_as_it_is_now(runtime_of: Runtimes, stored: Store) -> None:
    one, other = (stored(task=work.name, status="failed", pending="parked") for _ in "12")
    with runtime_of(work).active():
        replayed = replay_operation(one.id, BOSS)
    assert (replayed["status"], replayed["parked"]) == ("queued", False)
    discarded = discard_operation(other.id, BOSS)
    assert (discarded["status"], discarded["parked"]) == ("failed", False)
    assert get_any_operation(other.id) == discarded


def test_what_waits_is_cancelled_and_what_runs_is_to_be_followed(stored: Store) -> None:
    waits, runs = stored(), stored(status="running")
    answer = cancel_any_operation(waits.id, BOSS)
    assert (answer.status, answer.body["status"]) == (200, "cancelled")
    answer = cancel_any_operation(runs.id, BOSS)
    assert (answer.status, answer.body["status"]) == (202, "running")
    assert answer.headers == {"Location": f"/admin/operations/{runs.id}"}


@pytest.mark.usefixtures("database")
def test_an_unknown_operation_is_not_found() -> None:
    for handle in (replay_operation, discard_operation, cancel_any_operation):
        with pytest.raises(NotFound):
            handle("unknown", BOSS)
    with pytest.raises(NotFound):
        get_any_operation("unknown")


def test_a_service_that_acts_for_somebody_is_in_the_audit_log(
    stored: Store, caplog: pytest.LogCaptureFixture
) -> None:
    cancel_any_operation(stored().id, Caller("boss", actor="service:todos"))
    (line,) = (one for one in caplog.records if one.name == "libs.tasks.audit")
    assert line.__dict__["by"] == "service:todos for boss"


def test_every_operation_needs_the_scope(tmp_path: Path) -> None:
    path = tmp_path / "shop.yaml"
    cookie = "cookie: {type: apiKey, in: cookie, name: __Host-access}"
    schemes = f"components: {{securitySchemes: {{key: {{type: http, scheme: bearer}}, {cookie}}}}}"
    path.write_text(
        f"openapi: 3.1.0\ninfo: {{title: Shop, version: '1'}}\npaths: {{}}\n{schemes}\nsecurity: []"
    )
    dependencies = Dependencies([], {Caller: current_caller})
    operations = Contract.load(path, dependencies, [administration_contribution()]).operations
    assert len(operations) == 5
    for operation in operations:
        assert set(operation.security.tokens) == {frozenset({"tasks:admin"})}
        assert operation.security.known
