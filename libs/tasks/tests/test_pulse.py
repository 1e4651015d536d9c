"""What counts as alive; with real workers it is told in libs/service/tests/workers/test_pulse.py."""

import os
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from libs.tasks.broker.celery_app import make_celery
from libs.tasks.broker.pulse import LOOP_SILENT_SECONDS, Pulse

Make = Callable[..., Any]


@pytest.fixture
def pulse_of() -> Iterator[Make]:
    """Make a pulse; with `beats`, which says whether a beat finds the worker alive."""
    apps = []

    def make(url: str, *, echoes: bool = True) -> Any:
        app = make_celery("todos", url, key_prefix="test-pulse:", sweep_seconds=1)
        apps.append(app)
        told: list[bool] = []
        pulse = Pulse(app, "todos.pulse.test", every=0.05, alive=lambda: told.append(True), echoes=echoes)

        def beats() -> bool:
            told.clear()
            pulse.beat()
            return bool(told)

        return SimpleNamespace(pulse=pulse, beats=beats)

    yield make
    for app in apps:
        app.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def consumer_of(**channel: Any) -> Any:
    """Stand in for Celery's consumer, which has just connected."""
    return SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(**channel)))


def stands_still(pulse: Pulse) -> None:
    """Let the worker's event loop have turned long ago."""
    pulse._looped_at -= LOOP_SILENT_SECONDS


def test_where_the_broker_answers_and_nothing_comes_back_a_worker_is_not_alive(pulse_of: Make) -> None:
    assert not pulse_of(os.environ["TEST_REDIS_URL"]).beats()


def test_however_long_a_broker_is_away_that_is_no_fault_of_the_worker(
    pulse_of: Make, closed_port: int
) -> None:
    one = pulse_of(f"redis://127.0.0.1:{closed_port}/0")
    stands_still(one.pulse)  # as it does while Celery tries to connect
    assert one.beats()


def test_full_hands_are_no_excuse_for_an_event_loop_that_stands_still(pulse_of: Make) -> None:
    one = pulse_of(os.environ["TEST_REDIS_URL"])
    one.pulse._full = lambda: True
    assert one.beats()
    stands_still(one.pulse)
    assert not one.beats()


@pytest.fixture
def on_sqs(pulse_of: Make) -> Any:
    """A worker on SQS that has connected; `silent` is for how long it has not asked for messages."""
    one = pulse_of("memory://", echoes=False)
    one.silent = 0.0
    qos = SimpleNamespace(can_consume=lambda: True)
    one.pulse.stop()  # no beats but those of the test
    one.pulse.started(consumer_of(qos=qos, silent_seconds=lambda: one.silent))
    return one


def test_on_sqs_a_worker_lives_as_long_as_it_asks_for_messages(on_sqs: Any) -> None:
    assert on_sqs.beats()
    on_sqs.silent = LOOP_SILENT_SECONDS + 1
    assert not on_sqs.beats()


def test_on_sqs_a_worker_whose_event_loop_stands_still_is_not_alive(on_sqs: Any) -> None:
    stands_still(on_sqs.pulse)
    assert not on_sqs.beats()


def test_on_sqs_a_worker_that_looks_for_another_connection_is_alive(on_sqs: Any) -> None:
    on_sqs.pulse.lost()
    stands_still(on_sqs.pulse)
    assert on_sqs.beats()
