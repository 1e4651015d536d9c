"""Workers that have an environment of their own, when clients go back."""

import pytest

from infra.aws import names
from infra.deploy.exits import Exit
from infra.deploy.tests.world import World

UPDATE = "elasticbeanstalk:UpdateEnvironment"


@pytest.fixture
def worker(world: World) -> str:
    """The environment of workers."""
    world.workers_apart()
    return names.worker_environment("todos", world.stage.name)


def label(world: World) -> str:
    """The version of the workers of the commit that is checked out."""
    return names.version(world.stage.name, world.machine.commit, "worker")


@pytest.mark.parametrize("stands", [True, False])
def test_a_rollback_whose_workers_do_not_follow_says_so(world: World, worker: str, stands: bool) -> None:
    assert world.run("deploy").code == Exit.DONE
    first, earlier = world.name(), label(world)
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    if not stands:
        assert world.run("cleanup", "--previous").code == Exit.DONE
    world.clock.skipping = 1
    world.standin.faults.before(UPDATE, lambda: world.scripted.say("broken", worker))
    ran = world.run("rollback")
    assert ran.code == Exit.WORKERS_STAY
    assert f"{worker} could not be updated to {earlier}, and runs {label(world)}" in ran.told("fault")[0]
    assert any("to finish it: make rollback" in text for text in ran.told("note"))
    assert world.live() == first
    assert world.standin.faults.made(UPDATE) == 2, "they are not brought to what clients went from"
    world.scripted.say("green", worker)
    world.machine.commit = next(
        one.description or "" for one in world.standin.estate.environments if one.name == first
    )
    assert world.run("rollback", "--to", "something").code == Exit.DONE
    assert world.worker_version() == earlier


def test_the_workers_of_a_failed_release_are_waited_for(world: World, worker: str) -> None:
    assert world.run("deploy").code == Exit.DONE
    world.commit()
    world.clock.skipping = 1
    world.scripted.say("red", world.name())
    world.standin.faults.before(
        "elasticbeanstalk:TerminateEnvironment", lambda: world.scripted.say("broken", worker)
    )
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT, "which the release failed for"
    assert any(
        "the workers cannot be brought back now" in text and "could not be updated" in text
        for text in ran.told("note")
    )
    assert world.worker_version() == label(world)


@pytest.mark.parametrize("stands", [True, False])
def test_a_rollback_goes_to_before_workers_had_an_environment(world: World, old: str, stands: bool) -> None:
    first = next(one.description or "" for one in world.standin.estate.environments if one.name == old)
    world.workers_apart()
    assert world.run("deploy").code == Exit.DONE
    if not stands:
        assert world.run("cleanup", "--previous").code == Exit.DONE
    ran = world.run("rollback")
    assert ran.code == Exit.DONE
    assert world.live() == old
    assert any(
        f"there never was a {names.version(world.stage.name, first, 'worker')}" in text
        for text in ran.told("note")
    )
    assert world.worker_version() == label(world), "what the new one left in queues has somebody"
    assert world.standin.faults.made(UPDATE) == 0


def test_a_failed_first_release_with_workers_of_their_own_leaves_them(world: World, old: str) -> None:
    world.workers_apart()
    world.clock.skipping = 1
    world.scripted.say("red", world.name())
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT
    assert any("has no workers of its own" in text for text in ran.told("note"))


def test_workers_that_nothing_needs_any_more_are_cleaned_up(world: World, worker: str) -> None:
    def role() -> str:
        return next(one["role"] for one in world.run("status").lines if one.get("environment") == worker)

    assert world.run("deploy").code == Exit.DONE
    first = world.name()
    world.workers_beside()
    assert role() == "worker", "what is live has no others"
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert role() == "worker", "what is kept has no others"
    assert world.run("cleanup").code == Exit.DONE
    assert {first, worker, world.name()} == set(world.standing())
    second = world.name()
    world.commit()
    assert world.run("deploy").code == Exit.DONE
    assert role() == "aside"
    told = world.run("cleanup", "--dry-run").told("call")
    assert told.count("elasticbeanstalk TerminateEnvironment") == 2
    assert world.run("cleanup").code == Exit.DONE
    assert set(world.standing()) == {second, world.name()}
