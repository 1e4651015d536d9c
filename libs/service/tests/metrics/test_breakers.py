"""What is told of circuit breakers, at the moment somebody asks."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import Client

from infra.local.throwaway import reserved_port
from libs.resilience import CircuitBreaker
from libs.service.metrics import Metrics
from libs.service.metrics.breakers import CLOSED, HALF_OPEN, OPEN, BreakerGauge
from libs.service.testing import eventually, python_process
from libs.service.tests.scraping import look


class Clock:
    """The machine's, which can be put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("libs.service.metrics.breakers.time", clock)
    return clock


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def states(metrics: Metrics) -> dict[tuple[str, ...], float]:
    text = Client(metrics.app).get("/metrics").text
    return {
        (*sample.labels.values(),): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "breaker_state"
    }


def call(breaker: CircuitBreaker, *, failed: bool) -> None:
    breaker.leave(breaker.enter(), failed=failed)


def test_an_open_one_is_half_open_when_its_time_is_over_though_nobody_calls(
    metrics: Metrics, clock: Clock
) -> None:
    breaker = CircuitBreaker(least=1, pause=5, clock=clock.monotonic)
    BreakerGauge(metrics, "breaker_state").follow(breaker)
    assert states(metrics) == {(): CLOSED}
    call(breaker, failed=True)
    assert states(metrics) == {(): OPEN}
    clock.now += 4.9
    assert states(metrics) == {(): OPEN}
    clock.now += 0.1
    assert states(metrics) == {(): HALF_OPEN}
    call(breaker, failed=True)
    assert states(metrics) == {(): OPEN}, "the probe has failed"
    clock.now += 5
    entered = breaker.enter()
    assert states(metrics) == {(): HALF_OPEN}, "a probe is under way"
    breaker.leave(entered, failed=False)
    assert states(metrics) == {(): CLOSED}


def test_each_of_several_is_told(metrics: Metrics, clock: Clock) -> None:
    gauge = BreakerGauge(metrics, "breaker_state", "api")
    one, other = (CircuitBreaker(least=1, clock=clock.monotonic) for _ in range(2))
    gauge.follow(one, "shop")
    call(other, failed=True)
    gauge.follow(other, "bank")
    assert states(metrics) == {("shop",): CLOSED, ("bank",): OPEN}


PROCESSES = """
import os, sys, time
from libs.resilience import CircuitBreaker
from libs.service.metrics import Metrics, listen, serve
from libs.service.metrics.breakers import BreakerGauge

metrics = Metrics(shared=True)
breaker = CircuitBreaker(least=1, pause=float(sys.argv[2]))
BreakerGauge(metrics, "breaker_state").follow(breaker)
read, write = os.pipe()
if (child := os.fork()) == 0:
    breaker.leave(breaker.enter(), failed=True)
    os.write(write, b".")
    time.sleep(60)
    os._exit(0)
os.read(read, 1)
serve(metrics, listen("127.0.0.1", int(sys.argv[1])))
os.waitpid(child, 0)
"""


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.mark.parametrize(("pause", "state"), [("3600", OPEN), ("0", HALF_OPEN)])
def test_that_of_another_process_is_told_as_it_is_now(scraped: int, pause: str, state: int) -> None:
    with python_process("-c", PROCESSES, str(scraped), pause, environ=dict(os.environ)):
        assert eventually(lambda: look(scraped))["breaker_state",] == state
