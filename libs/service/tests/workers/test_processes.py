"""What runs beside the worker may be killed, or be there twice; and what a broker holds may be anything."""

import base64
import json
import os
import pickle
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis

from libs.service.testing import eventually
from libs.service.tests.reports.sinks import sink
from libs.service.tests.tracing.collecting import collecting
from libs.service.tests.workers import working
from libs.tasks import Operation
from libs.tasks.operation import PENDING


def test_a_web_process_killed_between_the_row_and_its_hint_has_accepted_the_work(work: Any) -> None:
    with work.process("call", script=working.DYING, environ={"HINTS": "0"}) as caller:
        assert caller.wait(60) == -signal.SIGKILL
    (stored,) = Operation.pending_index.query(PENDING)
    again = work.submit(working.work.options(unique_key="called"), "called")
    assert again.id == stored.id, "who calls again, not knowing, starts nothing more"
    with work.process("beat"), work.process("worker"):
        (row,) = work.all_final([stored])
    assert (row.status, row.attempts) == ("succeeded", 1)
    assert work.lines() == ["began called", "ended called"]


def test_a_relay_killed_in_the_middle_of_a_round_loses_nothing_and_two_at_once_repeat_nothing(
    work: Any,
) -> None:
    names = [f"{n}" for n in range(12)]
    operations = [
        Operation(task=working.work.name, arguments={"name": name}, request_id="request-1", due=0)
        for name in names
    ]
    for operation in operations:  # as the web process leaves them that is killed before their hints
        operation.save()
    with work.process("beat", script=working.DYING, environ={"HINTS": "5"}) as relay:
        assert relay.wait(60) == -signal.SIGKILL
    taken = [one for one in operations if work.row(one).publications > 1]
    assert len(taken) == 6, "five hints, and one that it was about to give"
    with work.process("worker"), work.process("beat"), work.process("beat"):
        rows = work.all_final(operations)
    assert {(row.status, int(row.attempts)) for row in rows} == {("succeeded", 1)}
    assert sorted(work.lines()) == sorted(f"{what} {name}" for what in ("began", "ended") for name in names)


FAULTY = f"""
from libs.tasks.broker.pulse import Pulse

def fail(*_):
    raise RuntimeError("a fault")

Pulse.started = fail
{working.RUN}
"""


def test_a_worker_that_has_ended_by_a_fault_says_so_and_one_that_was_told_to_end_does_not(work: Any) -> None:
    with work.process("worker", script=FAULTY) as worker:
        assert worker.wait(60) == 1
    assert "Unrecoverable error" in work.said()
    with work.process("worker") as worker:
        work.submit(working.work, "one")
        work.wait_for("ended one")
        worker.terminate()
        assert worker.wait(60) == 0


TELLING = f"""
from libs.errors import SpanKind, report
from libs.service.tracing.exporter import Exporter
from libs.tasks import TaskRuntime

Exporter.__init__.__kwdefaults__["every"] = 600.0
relay = TaskRuntime.relay

def telling(self):
    with self._tracer.begin("a round", SpanKind.INTERNAL, None):
        for _ in range(2):
            report("odd", kind="fault", code="ODD")
        return relay(self)

TaskRuntime.relay = telling
{working.RUN}
"""


def test_what_beat_has_to_tell_is_told_when_it_ends(make_work: Callable[..., Any], tmp_path: Path) -> None:
    """Of two reports alike the second is kept for a minute, and spans for ten here."""
    alive = tmp_path / "alive"
    with collecting() as collector, sink() as server:
        work = make_work(otlp_endpoint=collector.endpoint, trace_sample="1", report_webhook_url=server.url)
        with work.process("beat", script=TELLING, alive_path=str(alive)) as beat:
            eventually(alive.exists, seconds=60)
            assert (len(server.reports()), collector.spans) == (1, [])
            beat.terminate()
            assert beat.wait(60) == 0
        assert "a round" in {one.name for one in collector.spans}
        first, last = (one["count"] for one in server.reports(2))
    assert first == 1
    assert last >= 1


def envelope(task: str, **changes: Any) -> str:
    """A message for the default queue as Celery puts it there, naming a task, with members changed."""
    body = base64.b64encode(json.dumps([["no-such-operation"], {}, {}]).encode()).decode()
    delivery = {"exchange": "", "routing_key": "profiles"}
    message = {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": task, "id": "1"},
        "properties": {
            "body_encoding": "base64",
            "delivery_info": delivery,
            "delivery_tag": uuid.uuid4().hex,
        },
    }
    return json.dumps({**message, **changes})


def test_a_message_nobody_can_read_is_dropped_and_those_after_it_are_read(work: Any) -> None:
    task = working.work.name
    pickled = base64.b64encode(pickle.dumps([["no-such-operation"], {}, {}])).decode()
    messages = [
        "not JSON",
        "{}",
        "[]",
        envelope(task, body="not base64"),
        envelope(task, body=base64.b64encode(b"not JSON").decode()),
        envelope(task, **{"content-type": "application/x-python-serialize"}, body=pickled),
        envelope(task, headers={}),
        envelope("gone.away"),
        envelope(task),
    ]
    queue = f"{work.environ['APP_TABLE_PREFIX']}profiles:profiles"  # its most urgent messages
    with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as client:
        for message in messages:
            client.lpush(queue, message)
        after = work.submit(working.work, "after")
        with work.process("worker") as worker:
            assert work.final(after).status == "succeeded"
            assert client.llen(queue) == 0, "all of them were taken"
            assert worker.poll() is None
            worker.terminate()
            worker.wait(30)
        assert not [*client.scan_iter(f"{queue.partition(':')[0]}:*unacked*")], "and none is kept"
