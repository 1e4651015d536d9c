"""Amazon SQS as the broker, tried with an emulator of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from infra.local.ports import HOST
from infra.local.throwaway import reserved_port
from libs.service.testing import eventually
from libs.service.tests.workers import working


class Sqs:
    """The emulator, which keeps nothing: who kills it has all queues gone."""

    def __init__(self, servers: Any, port: int) -> None:
        self.url = f"sqs://key:secret@{HOST}:{port}?region=eu-west-1"
        self._servers = servers
        self._port = port
        self.start()
        endpoint = f"http://{HOST}:{port}"
        keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
        self.client = boto3.client("sqs", region_name="eu-west-1", endpoint_url=endpoint, **keys)

    def start(self) -> None:
        command = [sys.executable, "-m", "moto.server", "-H", HOST, "-p", str(self._port)]
        self.server: subprocess.Popen[bytes] = self._servers.start(command, self._answers)

    def _answers(self) -> bool:
        try:
            socket.create_connection((HOST, self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def revive(self) -> None:
        """Have it answer, whatever a test has done to it."""
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGCONT)
        else:
            self.start()


@pytest.fixture(scope="module")
def emulator(lasting_servers: Any) -> Iterator[Sqs]:
    """One for all tests, as it takes seconds to start; their queues have names of their own."""
    with reserved_port() as port:
        yield Sqs(lasting_servers, port)


@pytest.fixture
def sqs(emulator: Sqs) -> Iterator[Sqs]:
    yield emulator
    emulator.revive()


@pytest.fixture
def work(make_work: Callable[..., Any], sqs: Sqs) -> Any:
    return make_work(broker_url=sqs.url)


def test_work_is_done_in_every_queue_and_tried_again_and_put_off(work: Any, sqs: Sqs) -> None:
    alive = work.folder / "alive"
    with work.process("beat"), work.process("worker", alive_path=str(alive)) as worker:
        work.submit(working.work, "at once")
        work.submit(working.aside, "aside")
        tried = work.submit(working.flaky, "again")
        later = work.submit(working.work.options(delay=2), "later")
        work.wait_for("ended at once", "ended aside")
        eventually(alive.exists, seconds=30)
        assert (work.final(tried).attempts, work.final(later).attempts) == (2, 1)
        worker.terminate()
        assert worker.wait(30) == 0, "it does not wait for the next message"
    assert later.not_before <= work.row(later).started_at.timestamp()


def test_the_queues_are_made_with_the_service_and_a_hint_is_small_whatever_it_is_about(
    work: Any, sqs: Sqs
) -> None:
    work.submit(working.work, "x" * 300_000)
    prefix = work.environ["APP_TABLE_PREFIX"]
    (url,) = sqs.client.list_queues(QueueNamePrefix=prefix)["QueueUrls"]
    assert url.endswith(f"/{prefix}profiles-profiles")
    told = sqs.client.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])
    assert told["Attributes"] == {"VisibilityTimeout": "600"}
    (message,) = sqs.client.receive_message(QueueUrl=url)["Messages"]
    assert len(message["Body"]) < 4000, "Amazon takes 262,144 bytes and charges by 64 KiB"


def test_the_work_of_a_killed_worker_is_done_by_another_long_before_sqs_shows_its_message_again(
    work: Any,
) -> None:
    with work.process("beat"):
        # One with its hands full asks for nothing; else the emulator would give the next hint to the dead.
        with work.process("worker", worker_concurrency="1") as worker:
            operation = work.submit(working.work, "one", 50)
            work.wait_for("began one")
            worker.kill_group()
        work.enough()
        with work.process("worker"):
            row = work.final(operation)
    assert (row.status, row.attempts) == ("succeeded", 2)


def test_an_sqs_that_is_away_and_comes_back_without_its_queues_ends_no_worker(work: Any, sqs: Sqs) -> None:
    alive = work.folder / "alive"
    with work.process("worker", alive_path=str(alive)) as worker, work.process("beat"):
        held = work.submit(working.work, "held", 50)
        work.wait_for("began held")
        sqs.server.kill()
        sqs.server.wait()
        meanwhile = work.submit(working.work, "meanwhile")
        eventually(lambda: "SQS does not answer" in work.said())
        sqs.start()
        assert [row.status for row in work.all_final([meanwhile])] == ["succeeded"]
        assert "Connection to broker lost" in work.said(), "its queues were gone"
        work.enough()
        assert work.final(held).status == "succeeded"
        alive.unlink()
        eventually(alive.exists, seconds=10)
        assert worker.poll() is None


def test_a_stalled_sqs_costs_a_request_little_and_the_next_nothing(work: Any, sqs: Sqs) -> None:
    first = work.submit(working.work, "before")
    os.kill(sqs.server.pid, signal.SIGSTOP)
    started = time.monotonic()
    operations = [first, *(work.submit(working.work, f"{n}") for n in range(5))]
    assert time.monotonic() - started < 15
    os.kill(sqs.server.pid, signal.SIGCONT)
    with work.process("beat"), work.process("worker"):
        assert {row.status for row in work.all_final(operations)} == {"succeeded"}
