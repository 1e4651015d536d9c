"""The secret that stored keys are sealed with: a wrong one, and another one instead."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest

from libs.service.testing import SECRET
from services.auth.keys import KeyRing, WrongSecret
from services.auth.keys.models import RING, Key
from services.auth.keys.ring import DAY_SECONDS, LEAD_SECONDS, RELOAD_SECONDS
from services.auth.tests.keys.rings import Clock, kids

pytestmark = pytest.mark.usefixtures("table")

OTHER_SECRET = secrets.token_urlsafe(48)


def test_the_private_key_is_stored_sealed(process: Callable[..., KeyRing]) -> None:
    pem = process().signer().to_pem()
    (row,) = Key.scan()
    stored = str(row.serialize())
    assert "PRIVATE KEY" not in stored
    assert not any(line in stored for line in pem.splitlines()[1:-1])


def test_another_secret_opens_nothing_and_changes_nothing(process: Callable[..., KeyRing]) -> None:
    kid = process().signer().kid
    (before,) = Key.scan()
    uses: list[Callable[[KeyRing], Any]] = [
        KeyRing.signer,
        KeyRing.jwks,
        KeyRing.ready,
        KeyRing.rotate,
        KeyRing.reseal,
        lambda ring: ring.find("x"),
        lambda ring: ring.rotate(now=True),
        lambda ring: ring.retire(kid),
    ]
    for use in uses:
        with pytest.raises(WrongSecret) as caught:
            use(process(OTHER_SECRET))
        assert SECRET not in str(caught.value)
        assert OTHER_SECRET not in str(caught.value)
    assert [row.serialize() for row in Key.scan()] == [before.serialize()]


def test_another_secret_makes_no_key_though_one_is_due(process: Callable[..., KeyRing], clock: Clock) -> None:
    process(rotation_days=30).signer()
    clock.go(30 * DAY_SECONDS)
    with pytest.raises(WrongSecret):
        process(OTHER_SECRET, rotation_days=30).signer()
    assert [row.number for row in Key.query(RING)] == [1]


def test_a_process_that_has_keys_outlives_one_it_cannot_open(
    process: Callable[..., KeyRing], clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ring = process()
    kid = ring.signer().kid
    process(OTHER_SECRET, before=SECRET).rotate(now=True)
    clock.go(RELOAD_SECONDS)
    assert (ring.signer().kid, kids(ring)) == (kid, [kid])
    assert [one.error for one in caplog.records if one.message == "cannot read the keys"][:1] == [  # type: ignore[attr-defined]
        "WrongSecret"
    ]
    with pytest.raises(WrongSecret):
        process().signer()


def test_the_secret_is_replaced_while_processes_run(process: Callable[..., KeyRing], clock: Clock) -> None:
    old = process()
    first = old.signer().kid
    new = process(OTHER_SECRET, before=SECRET)
    assert new.signer().kid == first
    second = new.rotate().kid
    assert new.reseal() == 2
    clock.go(LEAD_SECONDS)
    alone = process(OTHER_SECRET)
    assert (alone.signer().kid, kids(alone)) == (second, [first, second])
    assert old.signer().kid == first, "a process that is stopped last has signed till then"
    with pytest.raises(WrongSecret):
        process().signer()


def test_a_key_that_was_put_in_the_place_of_another_does_not_open(process: Callable[..., KeyRing]) -> None:
    process().rotate()
    process().rotate()
    first, second = Key.query(RING)
    second.update([Key.sealed.set(first.sealed)])
    with pytest.raises(WrongSecret):
        process().signer()
