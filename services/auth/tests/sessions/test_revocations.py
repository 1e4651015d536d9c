"""The list of what is over, as one process of auth keeps it."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from libs.errors import deadline_scope
from libs.jwt import Caller
from services.auth.service import service
from services.auth.sessions import revocations
from services.auth.sessions.models import Revocation
from services.auth.sessions.revocations import (
    CACHED_SECONDS,
    KEPT_SECONDS,
    SLOW_SECONDS,
    WHOLE_SECONDS,
    RevokedTokens,
    revoke,
)


@pytest.fixture(autouse=True)
def table(environ: dict[str, str]) -> None:
    database = service.database(service.load_settings(environ))
    database.create_tables()
    for row in Revocation.scan():
        row.delete()


@pytest.fixture(autouse=True)
def uncached() -> None:
    """Instead of that of the running service, which is not needed here."""


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def known(now: list[float]) -> RevokedTokens:
    return RevokedTokens(clock=lambda: now[0])


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each read has found."""
    seen, query = list[int](), Revocation.query

    def counted(*args: Any, **kwargs: Any) -> Any:
        assert kwargs["consistent_read"], "what was revoked a moment ago is over"
        rows = list(query(*args, **kwargs))
        seen.append(len(rows))
        return iter(rows)

    monkeypatch.setattr(Revocation, "query", counted)
    return seen


def session(name: str) -> Caller:
    return Caller("x", claims={"sid": name, "jti": "x", "iat": time.time()})


def written(name: str, *, seconds_ago: float) -> None:
    until = time.time() - seconds_ago + KEPT_SECONDS
    Revocation("revoked", f"{until:011.0f} sid {name}", expires_at=datetime.now(UTC)).save()


def test_only_what_was_written_since_the_last_time_is_read(
    known: RevokedTokens, now: list[float], reads: list[int]
) -> None:
    for number in range(20):
        written(f"old-{number}", seconds_ago=300)
    assert known.revoked(session("old-0"))
    revoke("sid", "new")
    now[0] += CACHED_SECONDS
    assert known.revoked(session("new"))
    assert known.revoked(session("old-19"))
    assert reads == [20, 1]
    now[0] += WHOLE_SECONDS
    assert known.revoked(session("old-0"))
    assert reads == [20, 1, 21]


def test_a_request_without_time_reads_it_for_all(known: RevokedTokens, now: list[float]) -> None:
    known.current()
    revoke("sid", "new")
    now[0] += CACHED_SECONDS
    with deadline_scope(-1):
        assert known.revoked(session("new"))


def test_what_a_process_with_another_clock_writes_is_found_all_the_same(
    known: RevokedTokens, now: list[float]
) -> None:
    assert not known.revoked(session("slow"))
    written("slow", seconds_ago=revocations.OVERLAP_SECONDS - 5)
    written("slower", seconds_ago=600)
    now[0] += CACHED_SECONDS
    assert known.revoked(session("slow"))
    assert not known.revoked(session("slower"))
    now[0] += WHOLE_SECONDS
    assert known.revoked(session("slower"))


def test_who_is_revoked_twice_is_so_until_the_later_moment(known: RevokedTokens, now: list[float]) -> None:
    def told(ago: float) -> bool:
        return known.revoked(Caller("ada", claims={"iat": int(time.time() - ago)}))

    def revoked_before(seconds: float) -> None:
        moment = time.time() - seconds
        made, key = datetime.fromtimestamp(moment, UTC), f"{moment + KEPT_SECONDS:011.0f} sub ada"
        Revocation("revoked", key, created_at=made, expires_at=datetime.now(UTC)).save()

    revoked_before(100)
    assert (told(110), told(90)) == (True, False)
    revoke("sub", "ada")
    now[0] += CACHED_SECONDS
    assert (told(110), told(90), told(-2)) == (True, True, False)
    revoked_before(50)  # by a process whose clock is behind
    now[0] += CACHED_SECONDS
    assert (told(40), told(-2)) == (True, False)
    assert known.revoked(Caller("ada")), "and who does not say when is so, too"
    assert not known.revoked(Caller("bob"))


def test_while_one_reads_the_others_go_on_for_three_seconds_and_then_wait(
    known: RevokedTokens, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not known.revoked(session("gone"))
    revoke("sid", "gone")
    query, reading, go_on = Revocation.query, threading.Event(), threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> Any:
        reading.set()
        assert go_on.wait(10)
        return query(*args, **kwargs)

    monkeypatch.setattr(Revocation, "query", slowly)
    now[0] += CACHED_SECONDS
    with ThreadPoolExecutor(2) as pool:
        reader = pool.submit(known.revoked, session("gone"))
        assert reading.wait(10)
        assert not known.revoked(session("gone")), "nobody waits"
        now[0] += SLOW_SECONDS
        waits = pool.submit(known.revoked, session("gone"))
        assert not waits.done()
        go_on.set()
        assert reader.result(10)
        assert waits.result(10)


def test_a_list_that_others_may_soon_refuse_is_told(
    known: RevokedTokens, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(revocations, "MANY", 2)
    for name in ("a", "b"):
        revoke("sid", name)
    RevokedTokens().current()
    assert not caplog.records
    revoke("sid", "c")
    known.current()
    assert [one.levelname for one in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("kind", ["sid", "sub", "jti"])
def test_a_revocation_is_forgotten_when_the_last_token_is_over(kind: Any) -> None:
    revoke(kind, "x")
    (row,) = Revocation.scan()
    until = float(row.until_what.split()[0])
    assert abs(until - time.time() - KEPT_SECONDS) < 5
    assert abs(row.expires_at.timestamp() - until) < 2
