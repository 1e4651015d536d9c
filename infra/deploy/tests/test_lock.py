"""The lock against a DynamoDB of moto's, whose conditional writes are enough for it."""

import io
import threading
import time

import pytest

from infra.aws.clients import Aws
from infra.deploy.api import Api
from infra.deploy.exits import DeployError, Exit
from infra.deploy.journal import Journal
from infra.deploy.lock import LEASE_SECONDS, Lock
from infra.deploy.tests.world import QuickClock, World


def lock(world: World, holder: str) -> tuple[Lock, Api, QuickClock]:
    clock = QuickClock()
    api = Api(Aws(world.stage.region), Journal(clock.now, io.StringIO()), clock)
    return Lock(api, "todos", world.stage.name, holder), api, clock


def test_one_has_it_and_the_others_are_told_who(world: World) -> None:
    mine, api, _ = lock(world, "Ada")
    other, _, _ = lock(world, "Grace")
    with mine.held():
        with pytest.raises(DeployError, match="Ada is at work at todos-") as caught, other.held():
            pass
        assert caught.value.exit_code is Exit.LOCKED
        mine.require()
        found = other.holder()
        assert found is not None
        assert found.name == "Ada"
    assert other.holder() is None
    with other.held():
        pass
    api.guard()  # nothing is guarded any more


def test_it_is_renewed_while_the_holder_works(world: World) -> None:
    mine, api, _ = lock(world, "Ada")
    renewed = threading.Event()
    change, made = api.change, []

    def noted(*arguments: str, **parameters: object) -> object:
        made.append(arguments)
        if len(made) > 2:
            renewed.set()
        return change(*arguments, **parameters)

    api.change = noted
    with mine.held(renew=0.01):
        assert renewed.wait(20)
    assert not [thread for thread in threading.enumerate() if thread.name == "lock"]


def test_who_was_killed_has_it_until_the_lease_ends(world: World) -> None:
    killed, _, _ = lock(world, "Ada")
    killed._take()
    other, api, clock = lock(world, "Grace")
    with pytest.raises(DeployError, match=r"its lock ends by itself in 4. s"), other.held():
        pass
    clock.skipped = LEASE_SECONDS + 1
    with other.held():
        assert api.now() > 0


def test_a_clock_that_is_wrong_takes_no_lock_away(world: World) -> None:
    mine, _, _ = lock(world, "Ada")
    with mine.held():
        other, _, clock = lock(world, "Grace")
        clock.skipped = 3600
        with pytest.raises(DeployError, match="Ada is at work"), other.held():
            pass


@pytest.mark.parametrize("by", [-3600.0, 3600.0])
def test_a_clock_that_is_set_meanwhile_neither_ends_a_lease_nor_lengthens_it(world: World, by: float) -> None:
    mine, api, clock = lock(world, "Ada")
    other, _, others = lock(world, "Grace")
    with mine.held():
        clock.set_by = others.set_by = by
        before = mine._expires
        mine.require()
        assert mine._expires == before, "it was not even renewed"
        found = other.holder()
        assert found is not None
        assert 0 < found.seconds <= LEASE_SECONDS + 2
        assert abs(api.now() - time.time()) < 30


def test_who_lost_it_changes_nothing_and_takes_nothing_from_the_next(world: World) -> None:
    mine, api, clock = lock(world, "Ada")
    next_one, _, _ = lock(world, "Grace")
    with mine.held():
        world.forget_lock()
        next_one._take()
        clock.skipped = LEASE_SECONDS
        with pytest.raises(DeployError, match="somebody else has taken it") as caught:
            api.change("s3", "PutObject", Bucket="b", Key="k", Body=b"")
        assert caught.value.exit_code is Exit.LOST_LOCK
    found = next_one.holder()
    assert found is not None
    assert found.name == "Grace"
    assert world.standin.faults.made("s3:PutObject") == 0
