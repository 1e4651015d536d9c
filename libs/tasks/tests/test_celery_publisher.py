"""Publishing to Redis: a broker that is away costs a request little, and the next ones nothing."""

import json
import os
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import pytest
import redis
from kombu.exceptions import OperationalError

from infra.local.servers import redis_command
from libs.errors import deadline_scope
from libs.resilience import PoolWatcher
from libs.service.testing import eventually
from libs.tasks import Publisher
from libs.tasks.broker import celery_app
from libs.tasks.broker.brokers import read_broker
from libs.tasks.broker.celery_app import (
    MOST_CONNECTIONS,
    PAUSE_AFTER_FAILURE_SECONDS,
    CeleryPublisher,
    make_celery,
)


@contextmanager
def publishing_to(url: str, key_prefix: str = "test:") -> Iterator[Publisher]:
    app = make_celery("todos", url, key_prefix=key_prefix, sweep_seconds=5)
    try:
        yield CeleryPublisher(app)
    finally:
        app.close()


def seconds_of_refusal(publisher: Publisher, error: type[Exception], match: str | None = None) -> float:
    started = time.monotonic()
    with pytest.raises(error, match=match):
        publisher.publish("some.task", "op1")
    return time.monotonic() - started


@contextmanager
def closed_port() -> Iterator[int]:
    """Nobody listens: connecting is refused."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def silent_port() -> Iterator[int]:
    """Connections are accepted and nothing is ever answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield server.getsockname()[1]


@contextmanager
def unroutable_port() -> Iterator[int]:
    """Connecting never comes to an end: the queue of the listening socket is full."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


@pytest.mark.parametrize("broken_port", [closed_port, silent_port, unroutable_port])
def test_a_broken_broker_costs_a_caller_few_seconds_and_the_next_none(
    broken_port: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(celery_app, "PAUSE_AFTER_FAILURE_SECONDS", 600)
    with broken_port() as port, publishing_to(f"redis://127.0.0.1:{port}/0") as publisher:
        assert seconds_of_refusal(publisher, OperationalError) < 15, "kombu alone tries without end"
        for _ in range(100):
            assert seconds_of_refusal(publisher, ConnectionError, "lately") < 15


def test_what_is_published_is_in_the_queue_of_the_service_under_its_prefix() -> None:
    url, prefix = os.environ["TEST_REDIS_URL"], f"test-{uuid.uuid4().hex}-todos:"
    with publishing_to(url, prefix) as publisher:
        publisher.publish("some.task", "op1")
    with redis.Redis.from_url(url) as client:
        (message,) = client.lrange(f"{prefix}todos\x06\x164", 0, -1)  # one list for each priority
        client.delete(*client.scan_iter(f"{prefix}*"))
    headers = json.loads(message)["headers"]
    assert (headers["task"], headers["argsrepr"]) == ("some.task", "['op1']")


def test_a_password_is_told_to_a_server_behind_a_socket_file(tmp_path: Path) -> None:
    file = tmp_path / "redis.sock"
    url = f"unix://:{quote('p@ss/word', safe='')}@{file}"
    command = [*redis_command(0, None), "--unixsocket", str(file), "--requirepass", "p@ss/word"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        eventually(file.exists)
        assert read_broker(url, key_prefix="test:").ping()  # type: ignore[misc]
        with publishing_to(url) as publisher:
            publisher.publish("some.task", "op1")
    finally:
        server.kill()
        server.wait()


class Recorder:
    """Stands in for a Celery app: counts what is sent, and breaks on request."""

    main = "todos"
    amqp = SimpleNamespace(queues={"todos"})

    def __init__(self) -> None:
        self.sent = 0
        self.down = False
        self.producer_pool = self

    @contextmanager
    def acquire(self, block: bool) -> Iterator[object]:
        self.waited()
        yield None

    def waited(self) -> None:
        """Called when a producer is to be had."""

    def send_task(self, name: str, **options: object) -> None:
        self.sent += 1
        if self.down:
            raise OSError("connection refused")


@pytest.fixture
def paused() -> SimpleNamespace:
    """A publisher whose broker has just failed, and the clock it looks at."""
    now, app = [100.0], Recorder()
    publisher = CeleryPublisher(app, clock=lambda: now[0])  # type: ignore[arg-type]
    app.down = True
    with pytest.raises(OSError, match="refused"):
        publisher.publish("some.task", "op1")
    return SimpleNamespace(publisher=publisher, app=app, now=now)


def test_after_a_failure_the_broker_is_left_alone_for_a_while(paused: SimpleNamespace) -> None:
    paused.app.down = False
    paused.now[0] += PAUSE_AFTER_FAILURE_SECONDS - 0.1
    with pytest.raises(ConnectionError, match="lately"):
        paused.publisher.publish("some.task", "op2")
    assert paused.app.sent == 1


def test_after_the_pause_the_broker_is_tried_again(paused: SimpleNamespace) -> None:
    paused.app.down = False
    paused.now[0] += PAUSE_AFTER_FAILURE_SECONDS
    paused.publisher.publish("some.task", "op2")
    paused.publisher.publish("some.task", "op3")
    assert paused.app.sent == 3


def test_who_has_waited_for_a_producer_leaves_a_broker_alone_that_was_found_dead_meanwhile() -> None:
    app = Recorder()
    publisher = CeleryPublisher(app)  # type: ignore[arg-type]

    def found_dead_by_another() -> None:
        app.waited = lambda: None  # type: ignore[method-assign]
        app.down = True
        with pytest.raises(OSError, match="refused"):
            publisher.publish("some.task", "op1")

    app.waited = found_dead_by_another  # type: ignore[method-assign]
    with pytest.raises(ConnectionError, match="lately"):
        publisher.publish("some.task", "op2")
    assert app.sent == 1


def test_how_many_hints_wait_is_counted_over_all_priorities_of_a_queue() -> None:
    url, prefix = os.environ["TEST_REDIS_URL"], f"test-{uuid.uuid4().hex}-todos:"
    with publishing_to(url, prefix) as publisher:
        assert publisher.waiting(None) == 0
        for priority in (0, 5, 9):
            publisher.publish("some.task", "op1", queue=None, priority=priority)
        assert (publisher.waiting(None), publisher.waiting("slow")) == (3, 0)
    with redis.Redis.from_url(url) as client:
        client.delete(*client.scan_iter(f"{prefix}*"))


def test_a_broker_that_does_not_say_how_many_hints_wait_is_no_fault() -> None:
    with publishing_to("memory://") as publisher:
        assert publisher.waiting(None) is None
    with closed_port() as port, publishing_to(f"redis://127.0.0.1:{port}/0") as publisher:
        assert publisher.waiting(None) is None
        with pytest.raises(ConnectionError, match="lately"):
            publisher.publish("some.task", "op1", queue=None, priority=5)


def test_a_broker_that_fails_again_is_left_alone_again(paused: SimpleNamespace) -> None:
    paused.now[0] += PAUSE_AFTER_FAILURE_SECONDS
    with pytest.raises(OSError, match="refused"):
        paused.publisher.publish("some.task", "op2")
    paused.now[0] += 1
    with pytest.raises(ConnectionError, match="lately"):
        paused.publisher.publish("some.task", "op3")
    assert paused.app.sent == 2


class Pool(PoolWatcher):
    """Counts what it is told."""

    def __init__(self) -> None:
        self.in_use = self.in_vain = 0

    def taken(self) -> None:
        self.in_use += 1

    def returned(self) -> None:
        self.in_use -= 1

    def timed_out(self) -> None:
        self.in_vain += 1


def test_behind_all_those_that_wait_for_a_broker_nobody_waits_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(celery_app, "WAIT_SECONDS", 0.2)
    pool, hang, published = Pool(), threading.Event(), threading.Semaphore(0)
    app = make_celery("todos", os.environ["TEST_REDIS_URL"], key_prefix="test:", sweep_seconds=5)
    publisher = CeleryPublisher(app, pool=pool)

    def hanging(*_: object, **__: object) -> None:
        published.release()
        assert hang.wait(60)

    monkeypatch.setattr(app, "send_task", hanging)
    others = ThreadPoolExecutor(MOST_CONNECTIONS)
    try:
        busy = [others.submit(publisher.publish, "some.task", "op") for _ in range(MOST_CONNECTIONS)]
        for _ in busy:
            assert published.acquire(timeout=30)
        assert pool.in_use == MOST_CONNECTIONS
        assert 0.1 < seconds_of_refusal(publisher, ConnectionError, "in use") < 15
        monkeypatch.setattr(celery_app, "WAIT_SECONDS", 60)
        with deadline_scope(0):
            assert seconds_of_refusal(publisher, ConnectionError, "in use") < 15
        monkeypatch.setattr(celery_app, "WAIT_SECONDS", 0.2)
        assert publisher.waiting(None) is None, "nor whoever asks how many wait"
        hang.set()
        for one in busy:
            one.result(30)
        publisher.publish("some.task", "op")
        assert (pool.in_use, pool.in_vain) == (0, 3)
    finally:
        hang.set()
        others.shutdown()
        app.close()
