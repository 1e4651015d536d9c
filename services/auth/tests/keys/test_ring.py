"""The ring of keys, as any number of processes share it by its table."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pynamodb.exceptions import QueryError

from libs.errors import deadline_scope
from libs.jwt import FixedKeySet, TokenIssuer, TokenVerifier
from libs.jwt.keys import Algorithm
from libs.service.testing import ISSUER
from services.auth.keys import KeyRing
from services.auth.keys.models import RING, Key
from services.auth.keys.ring import COOLDOWN_SECONDS, DAY_SECONDS, KEPT_SECONDS, LEAD_SECONDS, RELOAD_SECONDS
from services.auth.tests.keys.rings import Clock, kids

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """One item for each read of the table."""
    seen: list[None] = []
    query = Key.query

    def counted(*args: Any, **kwargs: Any) -> Any:
        seen.append(None)
        return query(*args, **kwargs)

    monkeypatch.setattr(Key, "query", counted)
    return seen


def test_the_first_process_makes_a_key_and_the_others_find_it(process: Callable[..., KeyRing]) -> None:
    first = process().signer()
    assert process().signer().to_pem() == first.to_pem()
    assert kids(process()) == [first.kid]


def test_a_request_without_time_reads_it_for_all(process: Callable[..., KeyRing]) -> None:
    ring = process()
    with deadline_scope(-1):
        ring.signer()


def test_many_first_processes_make_one_key(process: Callable[..., KeyRing]) -> None:
    rings, start = [process() for _ in range(16)], threading.Barrier(16)

    def sign(ring: KeyRing) -> str:
        start.wait()
        return ring.signer().kid

    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(sign, rings))) == 1
    assert len(list(Key.scan())) == 1


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_what_is_signed_is_verified_by_what_is_published(
    process: Callable[..., KeyRing], algorithm: Algorithm
) -> None:
    ring = process(algorithm=algorithm)
    token = TokenIssuer(ring.signer, ISSUER).issue("ada", audience=["todos"])
    for keys in (FixedKeySet(ring.jwks()), ring, process()):
        assert TokenVerifier(keys, issuer=ISSUER, audience="todos").verify(token).subject == "ada"
    (jwk,) = ring.jwks()
    assert (jwk["alg"], "d" in jwk) == (algorithm, False)


def test_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_are_over(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring, other = process(), process()
    old = ring.signer().kid
    assert other.signer().kid == old
    new = ring.rotate().kid
    clock.go(RELOAD_SECONDS)
    for one in (ring, other):
        assert kids(one) == [old, new]
        assert one.signer().kid == old
    clock.go(LEAD_SECONDS - RELOAD_SECONDS - 1)
    assert other.signer().kid == old
    clock.go(1)
    assert other.signer().kid == new
    clock.go(KEPT_SECONDS - 1)
    assert kids(other) == [old, new]
    assert other.find(old) is not None
    clock.go(1)
    assert kids(other) == [new]
    assert other.find(old) is None


def test_a_new_key_may_sign_at_once(process: Callable[..., KeyRing], clock: Clock) -> None:
    ring, other = process(), process()
    old = ring.signer().kid
    assert other.signer().kid == old
    new = ring.rotate(now=True).kid
    assert process().signer().kid == new
    clock.go(1)
    assert other.find(new) is not None, "a key id that is not known is looked for at once"
    assert kids(other) == [old, new]


def test_a_key_that_is_to_sign_later_never_does_if_a_newer_one_signs_before(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring = process()
    ring.signer()
    later, now = ring.rotate().kid, ring.rotate(now=True).kid
    clock.go(LEAD_SECONDS + RELOAD_SECONDS)
    assert ring.signer().kid == now
    assert later in kids(ring)


def test_two_new_keys_in_a_row_are_both_known_in_time_and_sign_one_after_the_other(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring, other = process(rotation_days=30), process(rotation_days=30)
    old, first = ring.signer().kid, ring.rotate().kid
    clock.go(60)
    second = ring.rotate().kid
    assert kids(other) == [old, first, second]
    clock.go(LEAD_SECONDS - 60)
    assert other.signer().kid == first
    clock.go(60)
    assert other.signer().kid == second
    clock.go(KEPT_SECONDS - 61)
    assert kids(other) == [old, first, second]
    clock.go(1)
    assert kids(other) == [first, second], "the old one until what it signed is over"
    clock.go(60)
    assert kids(other) == [second]
    clock.go(30 * DAY_SECONDS - KEPT_SECONDS - 1)
    assert kids(other) == [second]
    clock.go(RELOAD_SECONDS)
    assert len(kids(other)) == 2, "and the next is made as long after the last as ever"


def test_a_key_gets_old_and_one_process_makes_its_successor(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    rings = [process(rotation_days=30) for _ in range(8)]
    old = {ring.signer().kid for ring in rings}
    clock.go(30 * DAY_SECONDS - 1)
    assert {kid for ring in rings for kid in kids(ring)} == old
    clock.go(RELOAD_SECONDS)
    with ThreadPoolExecutor(8) as pool:
        published = list(pool.map(kids, rings))
    assert len(list(Key.scan())) == 2
    assert all(one == published[0] for one in published)
    assert {ring.signer().kid for ring in rings} == old
    clock.go(LEAD_SECONDS)
    assert {ring.signer().kid for ring in rings}.isdisjoint(old)


def test_keys_get_as_old_as_they_like_if_told_so(process: Callable[..., KeyRing], clock: Clock) -> None:
    ring = process(rotation_days=0)
    first = ring.signer().kid
    clock.go(10_000 * DAY_SECONDS)
    assert kids(ring) == [first]


def test_a_stolen_key_is_published_no_more_and_another_one_signs(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring, other = process(), process()
    stolen = ring.signer().kid
    assert other.signer().kid == stolen
    assert ring.retire(stolen)
    assert ring.find(stolen) is None
    assert kids(ring) == [ring.signer().kid] != [stolen]
    clock.go(RELOAD_SECONDS)
    assert kids(other) == kids(ring)
    assert other.find(stolen) is None


def test_whichever_key_is_stolen_a_new_one_signs_so_that_everybody_fetches_the_keys(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring = process()
    signing, to_come = ring.signer().kid, ring.rotate().kid
    assert ring.retire(to_come)
    new = ring.signer().kid
    assert new not in (signing, to_come)
    assert kids(ring) == [signing, new]
    clock.go(LEAD_SECONDS + KEPT_SECONDS)
    assert (ring.signer().kid, kids(ring)) == (new, [new])


def test_what_was_over_stays_over_when_its_successor_is_stolen(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring = process(rotation_days=0)
    first, stolen = ring.signer().kid, ring.rotate(now=True).kid
    clock.go(DAY_SECONDS)
    assert ring.find(first) is None
    assert ring.retire(stolen)
    clock.go(COOLDOWN_SECONDS)
    for one in (ring, process(rotation_days=0)):
        assert kids(one) == [one.signer().kid]
        assert one.find(first) is one.find(stolen) is None


def test_there_is_nothing_to_retire_of_an_unknown_or_retired_key(process: Callable[..., KeyRing]) -> None:
    ring = process()
    kid = ring.signer().kid
    assert not ring.retire("x")
    assert ring.retire(kid)
    assert not ring.retire(kid)
    assert len(list(Key.scan())) == 2


def test_keys_that_have_long_been_over_are_deleted(process: Callable[..., KeyRing], clock: Clock) -> None:
    ring = process(rotation_days=0)
    for _ in range(3):
        ring.rotate()
        clock.go(30 * DAY_SECONDS)
    ring.rotate()
    assert [row.number for row in Key.query(RING)] == [3, 4]


def test_keys_that_replace_each_other_by_themselves_are_forgotten_as_well(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    ring = process(rotation_days=1)
    for _ in range(20):
        ring.signer()
        clock.go(DAY_SECONDS)
    assert len(list(Key.query(RING))) <= 10


def test_a_clock_that_is_set_back_does_not_keep_a_process_from_reading(
    process: Callable[..., KeyRing], clock: Clock
) -> None:
    age = Clock()
    ring = process(ages=age)
    stolen = ring.signer().kid
    clock.go(-3600)
    new = process(ages=age)
    assert new.retire(stolen)
    age.go(RELOAD_SECONDS)
    assert ring.find(stolen) is None
    assert ring.find(new.signer().kid) is not None


def test_the_table_is_read_twice_a_minute(
    process: Callable[..., KeyRing], clock: Clock, reads: list[None]
) -> None:
    ring = process()
    kid = ring.signer().kid
    reads.clear()
    for _ in range(60):
        clock.go(1)
        ring.signer(), ring.find(kid)
    assert len(reads) == 2


def test_what_is_published_is_never_older_than_a_second_and_not_read_more_often(
    process: Callable[..., KeyRing], clock: Clock, reads: list[None]
) -> None:
    ring = process()
    old = ring.signer().kid
    new = process().rotate(now=True).kid
    clock.go(COOLDOWN_SECONDS)
    reads.clear()
    with ThreadPoolExecutor(8) as pool:
        assert all(one == [old, new] for one in pool.map(kids, [ring] * 100))
    assert len(reads) == 1


def test_a_storm_of_unknown_key_ids_reads_once_a_second(
    process: Callable[..., KeyRing], clock: Clock, reads: list[None]
) -> None:
    ring = process()
    ring.signer()
    clock.go(5)
    reads.clear()
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ring.find, [f"made-up-{number}" for number in range(1000)])) == {None}
    assert len(reads) == 1


def test_all_who_look_for_a_new_key_at_once_find_it_by_one_read(
    process: Callable[..., KeyRing], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring, threads = process(), 8
    ring.signer()
    new = process().rotate(now=True).kid
    clock.go(COOLDOWN_SECONDS)
    query, reads, reading, looking = Key.query, [0], threading.Event(), threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> Any:
        reads[0] += 1
        reading.set()
        assert looking.wait(10)
        return query(*args, **kwargs)

    monkeypatch.setattr(Key, "query", slowly)
    with ThreadPoolExecutor(threads) as pool:
        first = pool.submit(ring.find, new)
        assert reading.wait(10)
        others = [pool.submit(ring.find, new) for _ in range(threads - 1)]
        assert ring.signer().kid != new, "who looks for nothing new does not wait"
        looking.set()
        assert all(one.result(10) is not None for one in (first, *others))
    assert reads == [1]


def test_while_the_table_is_away_the_keys_stay_good(
    process: Callable[..., KeyRing],
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ring = process()
    kid = ring.signer().kid

    def away(*args: Any, **kwargs: Any) -> Any:
        raise QueryError("hunter2")

    with monkeypatch.context() as patch:
        patch.setattr(Key, "query", away)
        clock.go(DAY_SECONDS)
        assert (ring.signer().kid, kids(ring)) == (kid, [kid])
        assert ring.find(kid) is not None
        assert ring.find("x") is None
        with pytest.raises(QueryError):
            process().signer()
    assert "hunter2" not in caplog.text
    new = process().rotate(now=True).kid
    clock.go(RELOAD_SECONDS)
    assert ring.signer().kid == new
