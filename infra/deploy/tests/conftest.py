"""Whole deploys against the stand-in: each test has a stage and a commit of its own in it."""

from collections.abc import Callable, Iterator
from functools import cache

import pytest

from infra.aws.clients import Aws
from infra.deploy import cli
from infra.deploy.exits import Exit
from infra.deploy.tests.world import World, made_world
from infra.standin.aws import StandIn, standin_aws
from infra.standin.beanstalk.estate import Pace
from infra.standin.runners.scripted import Scripted


@pytest.fixture(scope="session")
def scripted() -> Scripted:
    """What says how environments fare."""
    return Scripted()


@pytest.fixture(scope="session")
def one_standin(scripted: Scripted) -> Iterator[StandIn]:
    """The stand-in, for a whole run."""
    with standin_aws(scripted, pace=Pace(patience=0.5, look=0.05, swap=0.02)) as standin:
        yield standin


@pytest.fixture(scope="session")
def one_aws() -> Callable[[str], Aws]:
    """Clients for all tests of a process: to make them takes longer than a step."""
    return cache(Aws)


@pytest.fixture
def world(
    one_standin: StandIn,
    one_aws: Callable[[str], Aws],
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """A stage with its stacks, a commit that is pushed, and a machine with Docker."""
    one_standin.faults.clear()
    for name, value in one_standin.environment.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cli, "Aws", one_aws)
    world = made_world(one_standin, scripted, tmp_path_factory.mktemp("stages"))
    yield world
    world.end()
    one_standin.faults.clear()


@pytest.fixture
def old(world: World) -> str:
    """The environment that clients come to before a deploy."""
    assert world.run("deploy").code == Exit.DONE
    name = world.name()
    world.commit()
    world.machine.ran.clear()
    world.machine.environments.clear()
    return name
