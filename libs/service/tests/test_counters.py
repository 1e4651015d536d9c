"""Counting for all processes: in Redis, in each process while that is away, and at no great cost then."""

import gc
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from limits.storage import MemoryStorage, RedisStorage

from libs.service.limits import Counters, counters, digest, network
from libs.service.limits.counters import REDIS_SECONDS


def count(storage: RedisStorage | MemoryStorage) -> int:
    return storage.incr("requests", 60)


@pytest.fixture
def make() -> Callable[[], Counters]:
    """Make counters that count the same, as each process has its own."""
    prefix = f"test-{uuid.uuid4().hex}"
    return lambda: Counters(os.environ["TEST_REDIS_URL"], key_prefix=prefix)


class Away:
    """A Redis that does not answer; tells how often it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        raise redis.TimeoutError("the password is hunter2")


def test_all_processes_count_together(make: Callable[[], Counters]) -> None:
    assert [make().ask(count), make().ask(count), make().ask(count)] == [1, 2, 3]


def test_connections_end_with_those_who_count(make: Callable[[], Counters]) -> None:
    found = make()
    found.ask(count)
    client = found._redis.get_connection()  # while we have it, it does not end by itself
    connected = client.connection_pool.get_connection()._sock
    circle: list[object] = [found]
    circle.append(circle)
    del found, circle
    gc.collect()
    assert connected.fileno() == -1


def test_while_redis_is_away_it_is_asked_now_and_then_and_is_used_again(
    make: Callable[[], Counters], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    found = make()
    good, away = found._redis, Away()
    found._redis = away  # type: ignore[assignment]
    assert [found.ask(count) for _ in range(3)] == [1, 2, 3]
    assert away.asked == ["incr"], "it is not waited for again and again"
    assert [one.message for one in caplog.records] == ["counted in this process alone"]
    assert "hunter2" not in caplog.text
    now = time.monotonic()
    monkeypatch.setattr(counters.time, "monotonic", lambda: now + counters.REDIS_AWAY_SECONDS + 1)
    assert found.ask(count) == 4
    assert away.asked == ["incr", "incr"]
    found._redis = good
    monkeypatch.setattr(counters.time, "monotonic", lambda: now + 2 * counters.REDIS_AWAY_SECONDS + 2)
    assert [found.ask(count), found.ask(count)] == [1, 2]
    monkeypatch.undo()
    assert found.ask(count) == 3


def test_what_a_process_counts_alone_is_forgotten_when_redis_has_been_back_for_long(
    make: Callable[[], Counters], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = make()
    good, away, now = found._redis, Away(), [time.monotonic()]
    monkeypatch.setattr(counters.time, "monotonic", lambda: now[0])

    def ask_after(seconds: float, storage: object) -> int:
        now[0] += seconds
        found._redis = storage  # type: ignore[assignment]
        return found.ask(count)

    assert ask_after(0, away) == 1
    assert ask_after(counters.REDIS_AWAY_SECONDS + 1, good) == 1
    assert ask_after(0, away) == 2, "one that answers now and then frees nobody of what was counted"
    assert ask_after(counters.MEMORY_SECONDS + 1, good) == 2
    assert found._memory is None
    assert ask_after(0, away) == 1


def test_what_a_process_counts_alone_is_bounded_and_nobody_is_refused_for_that(
    make: Callable[[], Counters], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert counters.MOST_KEYS == 10_000, "docs/http.md"
    monkeypatch.setattr(counters, "MOST_KEYS", 3)
    found = make()
    found._redis = Away()  # type: ignore[assignment]
    counted = [found.ask(lambda storage, one=one: storage.incr(one, 60)) for one in "aabcad"]  # type: ignore[misc]
    assert counted == [1, 2, 1, 1, 1, 1], "it has begun anew"
    assert found.ask(lambda storage: storage.incr("d", 60)) == 2


def test_one_request_alone_finds_out_whether_redis_is_back(
    make: Callable[[], Counters], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, inside, let_go = make(), threading.Event(), threading.Event()
    found._redis = Away()  # type: ignore[assignment]
    found.ask(count)

    class Slow:
        def incr(self, *_: object) -> int:
            assert not inside.is_set(), "somebody asks it already"
            inside.set()
            assert let_go.wait(20)
            raise redis.TimeoutError

    found._redis = Slow()  # type: ignore[assignment]
    now = time.monotonic()
    monkeypatch.setattr(counters.time, "monotonic", lambda: now + counters.REDIS_AWAY_SECONDS + 1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(found.ask, count)
        assert inside.wait(20)
        assert found.ask(count) == 2
        let_go.set()
        assert first.result() == 3


def test_a_redis_that_takes_connections_and_never_answers_costs_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (REDIS_SECONDS, counters.REDIS_AWAY_SECONDS) == (0.25, 5.0), "docs/http.md, docs/protection.md"
    monkeypatch.setattr(counters, "REDIS_SECONDS", 0.3)
    monkeypatch.setattr(counters, "REDIS_AWAY_SECONDS", 600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        found = Counters(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", key_prefix="x")
        started = time.monotonic()
        assert [found.ask(count) for _ in range(100)] == [*range(1, 101)]
        assert time.monotonic() - started < 15, "and not 30"


def test_a_socket_in_the_file_system_is_an_address_as_well() -> None:
    found = Counters("unix:///nowhere/redis.sock?db=0", key_prefix="x")
    assert found._redis.get_connection().connection_pool.connection_kwargs["path"] == "/nowhere/redis.sock"
    assert found.ask(count) == 1


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
        ("somewhere", "unknown"),
    ],
)
def test_of_an_ipv6_address_its_network_counts(address: str, counted: str) -> None:
    assert network(address) == counted


def test_a_digest_is_short_and_takes_any_text() -> None:
    assert len(digest("a" * 10_000)) == len(digest("\ud800")) == 32
    assert digest("a") != digest("b")
