"""kombu's transport for SQS, mended: calls end, and that a queue is asked no more is seen."""

import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from kombu.asynchronous import Hub, get_event_loop, set_event_loop

from libs.tasks.broker.sqs import SqsChannel, SqsTransport, _Calls


@pytest.fixture
def hub() -> Iterator[Hub]:
    """An event loop, which is the present one."""
    loop = Hub()  # type: ignore[no-untyped-call]
    set_event_loop(loop)
    yield loop
    loop.close()  # type: ignore[no-untyped-call]


def receiving_from(port: int, seconds: float) -> list[Any]:
    """Ask an SQS for messages; return where what becomes of it will be put."""
    client = boto3.client(
        "sqs",
        region_name="eu-west-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    found: list[Any] = []
    calls: Any = _Calls(sqs_connection=client, seconds=seconds)
    calls.receive_message("todos", f"http://127.0.0.1:{port}/1/todos", callback=found.append)
    return found


def turn(hub: Hub, found: list[Any]) -> None:
    deadline = time.monotonic() + 10
    while not found and time.monotonic() < deadline:
        next(hub.loop)


@pytest.mark.filterwarnings("ignore:IOCTLFUNCTION is deprecated", "ignore:socket_all is deprecated")
def test_a_call_that_is_never_answered_ends(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = receiving_from(server.getsockname()[1], 0.3)
        turn(hub, found)
    assert found == [[]], "as kombu tells of calls that failed"


class Channel(SqsChannel):
    """A channel with two queues that is connected to nothing."""

    def __init__(self) -> None:
        self._asked_at = {}
        self._active_queues = ["todos", "todos.slow"]
        self.asked: list[str] = []
        self._qos = SimpleNamespace(can_consume=lambda: True)
        self.later: list[float] = []
        self.hub = SimpleNamespace(call_later=lambda seconds, *_: self.later.append(seconds))

    def _get_bulk_async(self, queue: str, callback: Any = None) -> None:
        self.asked.append(queue)


def test_a_queue_that_is_asked_no_more_is_told_however_often_the_other_is() -> None:
    channel = Channel()
    assert channel.silent_seconds() == 0
    for queue in ("todos", "todos.slow", "todos"):
        channel._schedule_queue(queue)
    channel._asked_at["todos.slow"] -= 100
    assert 100 <= channel.silent_seconds() < 110
    assert channel.asked == ["todos", "todos.slow", "todos"]


def test_after_a_call_that_failed_there_is_a_pause() -> None:
    channel = Channel()
    found = channel._on_messages_ready("http://127.0.0.1/1/todos", "todos", [])
    channel._loop1("todos", found)
    assert (found, channel.later) == (None, [1.0])


def test_a_call_that_is_refused_counts_as_a_lost_connection() -> None:
    response = SimpleNamespace(status=403, read=lambda: b"expired")
    error = _Calls._for_status(object(), response, b"expired")  # type: ignore[arg-type]
    assert isinstance(error, SqsTransport.connection_errors)
    assert "expired" not in str(error)


def test_a_channel_has_the_event_loop_also_after_that_was_reset(hub: Hub) -> None:
    channel = SimpleNamespace(hub=None)
    transport = SimpleNamespace(_avail_channels=[channel])
    hub.reset()  # type: ignore[no-untyped-call]
    assert get_event_loop() is None, "else this is of no use any more"
    SqsTransport.register_with_event_loop(transport, None, hub)  # type: ignore[arg-type]
    assert (channel.hub, get_event_loop()) == (hub, hub)
