"""What is told of pools of connections."""

import os
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from libs.api.clients.transport import PooledTransport, until
from libs.service.limits import Counters
from libs.service.metrics.pools import PoolMetrics
from libs.service.tests.metrics.test_requests import told


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def pools(registry: CollectorRegistry) -> PoolMetrics:
    return PoolMetrics(registry)


def numbers(registry: CollectorRegistry, pool: str) -> dict[str, float]:
    return {name: value for (name, *labels), value in told(registry).items() if labels == [pool]}


def test_calls_beyond_the_bound_are_counted(registry: CollectorRegistry, pools: PoolMetrics) -> None:
    watcher = pools.watcher("dynamodb", 2)
    assert numbers(registry, "dynamodb")["pool_exhausted_total"] == 0, "the first one is an increase"
    for _ in range(3):
        watcher.taken()
    assert numbers(registry, "dynamodb") == {
        "pool_in_use": 3,
        "pool_max": 2,
        "pool_exhausted_total": 1,
        "pool_timeouts_total": 0,
    }
    for _ in range(3):
        watcher.returned()
    watcher.taken()
    found = numbers(registry, "dynamodb")
    assert (found["pool_in_use"], found["pool_exhausted_total"]) == (1, 1)


def test_a_pool_without_a_bound_is_never_exhausted(registry: CollectorRegistry, pools: PoolMetrics) -> None:
    watcher = pools.watcher("redis:limits", None)
    for _ in range(100):
        watcher.taken()
    found = numbers(registry, "redis:limits")
    assert found["pool_exhausted_total"] == 0
    assert found.get("pool_max", 0) == 0


def test_a_forked_process_has_nothing_in_use(pools: PoolMetrics) -> None:
    watcher = pools.watcher("dynamodb", 1)
    watcher.taken()
    watcher._lock.acquire()  # type: ignore[attr-defined]  # as a thread that the child does not have
    try:
        if (child := os.fork()) == 0:
            watcher.taken()
            os._exit(int(pools.exhausted.labels("dynamodb")._value.get()))
    finally:
        watcher._lock.release()  # type: ignore[attr-defined]
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.fixture
def transport(pools: PoolMetrics) -> Iterator[PooledTransport]:
    transport = PooledTransport(max_connections=1, tls=False)
    transport.watcher = pools.watcher("api:shop", 1)
    yield transport
    transport.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: Any) -> None:
        """Nothing is told."""


@pytest.fixture
def answering() -> Iterator[str]:
    """The address of a server that answers, over connections that it keeps."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ask(transport: PooledTransport, url: str, method: str = "GET", pool: float = 5.0) -> httpx.Response:
    limits = {"connect": 5.0, "pool": pool, "read": 5.0, "write": 5.0}
    return transport.handle_request(httpx.Request(method, url, extensions={"timeout": limits}))


def test_connections_of_a_client(
    registry: CollectorRegistry, transport: PooledTransport, answering: str
) -> None:
    def found() -> tuple[float, float]:
        told = numbers(registry, "api:shop")
        return told["pool_in_use"], told["pool_open"]

    with until(float("inf")):
        answer = ask(transport, answering)
        assert found() == (1, 1)
        with pytest.raises(httpx.PoolTimeout):
            ask(transport, answering, pool=0.01)
        assert numbers(registry, "api:shop")["pool_exhausted_total"] == 1
        assert numbers(registry, "api:shop")["pool_timeouts_total"] == 1
        assert found() == (1, 1)
        answer.read()
        answer.close()
        answer.close()
        assert found() == (0, 1), "it is kept"
        ask(transport, answering).close()  # before it was read: such a connection is not used again
        assert found() == (0, 0)
        ask(transport, answering).read()
        transport.close()
        assert found() == (0, 0)
        with pytest.raises(httpx.ConnectError):
            ask(transport, "http://127.0.0.1:1")
        assert found() == (0, 0)
    assert numbers(registry, "api:shop")["pool_timeouts_total"] == 1


def test_connections_to_redis(registry: CollectorRegistry, pools: PoolMetrics) -> None:
    counters = Counters(os.environ["TEST_REDIS_URL"], key_prefix=f"test-{uuid.uuid4().hex}")
    counters.watch(pools.watcher("redis:limits", None))

    def question(storage: Any) -> float:
        storage.get("nothing")
        return numbers(registry, "redis:limits")["pool_in_use"]

    assert [counters.ask(question) for _ in range(3)] == [1, 1, 1]
    found = numbers(registry, "redis:limits")
    assert (found["pool_in_use"], found["pool_open"]) == (0, 1)


def test_redis_that_is_away_has_nothing_in_use(registry: CollectorRegistry, pools: PoolMetrics) -> None:
    counters = Counters("redis://127.0.0.1:1", key_prefix="test")
    counters.watch(pools.watcher("redis:limits", None))
    assert counters.ask(lambda storage: storage.get("nothing")) == 0
    assert numbers(registry, "redis:limits")["pool_in_use"] == 0
