"""What worker and beat answer of their health, at the port of metrics."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from infra.local.ports import HOST
from infra.local.servers import redis_answers, redis_command
from infra.local.throwaway import reserved_port
from libs.service.testing import eventually
from libs.service.tests.workers import working


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


def health(port: int, kind: str) -> tuple[int, dict[str, Any]] | None:
    """Return status and body; None while nobody answers."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/health/{kind}", trust_env=False, timeout=20)
    except httpx.TransportError:
        return None
    return answer.status_code, answer.json()


def until(port: int, kind: str, status: int, *, there: str | None = None) -> dict[str, Any]:
    """Wait until that is the status, and return the body.

    :param there: what has to answer by then; on a machine that is busy that takes a while.
    """

    def found() -> dict[str, Any] | None:
        told = health(port, kind)
        if told is None or told[0] != status or (there and not told[1]["checks"][there]["ok"]):
            return None
        return told[1]

    answer = eventually(found, seconds=60)
    assert answer is not None
    return answer


def test_a_worker_is_ready_until_it_is_told_to_stop_and_lives_on(work: Any, port: int) -> None:
    with work.process("worker", metrics_port=str(port), drain_seconds="60") as worker:
        checks = until(port, "ready", 200)["checks"]
        assert {name: one["ok"] for name, one in checks.items()} == {"dynamodb": True, "redis": True}
        assert until(port, "live", 200) == {"status": "ok"}
        work.submit(working.work, "long", 60)
        work.wait_for("began long")
        worker.terminate()
        told = until(port, "ready", 503)
        assert (told["code"], told["draining"]) == ("NOT_READY", True)
        assert health(port, "live") == (200, {"status": "ok"})
        work.enough()


def test_what_is_locked_while_health_is_asked_for_is_not_locked_in_what_is_forked(
    work: Any, port: int
) -> None:
    """An import, for one: the first task that needed the same module would hang."""
    script = working.ASKED_WHILE_FORKING
    with work.process("worker", script=script, metrics_port=str(port), worker_concurrency="1"):
        until(port, "ready", 200)
        eventually(work.lines)
        assert work.lines() == ["locked False"]


def test_without_its_broker_neither_is_ready_and_both_live(
    make_work: Callable[..., Any], servers: Any, port: int
) -> None:
    with reserved_port() as redis, reserved_port() as other:
        work = make_work(redis_url=f"redis://{HOST}:{redis}/0")
        with (
            work.process("worker", metrics_port=str(port)),
            work.process("beat", metrics_port=str(other)),
        ):
            for one in (port, other):
                told = until(one, "ready", 503, there="dynamodb")
                assert told["checks"]["redis"] == {"ok": False, "error": "unavailable"}
                assert until(one, "live", 200) == {"status": "ok"}
            servers.start(redis_command(redis, None), lambda: redis_answers(redis))
            for one in (port, other):
                until(one, "ready", 200)
