"""What comes in the way of a deploy: others, a full disk, AWS itself."""

from dataclasses import replace

import pytest

from infra.aws import names
from infra.aws.clients import Aws
from infra.deploy import cli
from infra.deploy.environments import Environment, Environments
from infra.deploy.exits import Exit
from infra.deploy.programs import Finished
from infra.deploy.tests.world import World
from infra.standin.aws import KEY


def test_credentials_that_expire_in_the_middle_are_told_and_it_goes_on_after_that(
    world: World, old: str
) -> None:
    world.standin.faults.before(
        "elasticbeanstalk:CreateEnvironment", lambda: world.standin.faults.expire(KEY)
    )
    world.standin.faults.before("elasticbeanstalk:DescribeEvents", lambda: world.standin.faults.expire(KEY))
    ran = world.run("deploy")
    assert ran.code == Exit.CREDENTIALS
    assert "have expired: renew them" in ran.told("fault")[0]
    world.standin.faults.clear()
    world.forget_lock()  # which could not be given back, and would end by itself
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.ran == []
    assert world.live() == world.name()


@pytest.mark.parametrize(
    "call",
    ["dynamodb:PutItem", "ecr:DescribeImages", "s3:PutObject", "elasticbeanstalk:CreateEnvironment"],
)
def test_a_permission_that_is_missing_is_named(world: World, call: str) -> None:
    world.standin.faults.deny(call)
    ran = world.run("deploy")
    assert ran.code == Exit.DENIED
    assert call in ran.told("fault")[0]
    assert "infra/stacks/roles.yaml" in ran.told("fault")[0]


def test_throttling_is_waited_out(world: World, old: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "Aws", Aws)  # clients of its own: those that were throttled stay slow
    world.standin.faults.throttle("elasticbeanstalk:CreateEnvironment", 1)
    world.standin.faults.throttle("dynamodb:PutItem", 1)
    assert world.run("deploy").code == Exit.DONE


def test_two_at_once_are_refused(world: World) -> None:
    refused: list[int] = []

    def meanwhile(command: str) -> None:
        if command == "make test" and not refused:
            refused.append(0)
            ran = World(
                world.standin, world.scripted, world.stage, world.stages, replace(world.machine), world.clock
            ).run("deploy")
            refused[0] = ran.code
            assert "is at work at" in ran.told("fault")[0]

    world.machine.before = meanwhile
    assert world.run("deploy").code == Exit.DONE
    assert refused == [Exit.LOCKED]


def test_a_lock_that_is_lost_ends_it_before_its_next_change(world: World) -> None:
    def sleeps(command: str) -> None:
        if command == "make test":  # as a laptop that was closed, while somebody else began
            world.clock.skipped += 60
            item = {
                "name": {"S": f"todos-{world.stage.name}"},
                "holder": {"S": "Ada"},
                "expires": {"N": "9e9"},
            }
            world.standin.client("dynamodb").put_item(TableName=names.LOCK_TABLE, Item=item)

    world.machine.before = sleeps
    ran = world.run("deploy")
    assert ran.code == Exit.LOST_LOCK
    assert world.machine.did(" push ") == 0
    assert set(world.changes()) == {"dynamodb:PutItem"}


def test_a_lease_that_ran_out_is_renewed_where_nobody_came_in_between(world: World) -> None:
    def sleeps(command: str) -> None:
        if command == "make test":
            world.clock.skipped += 600

    world.machine.before = sleeps
    assert world.run("deploy").code == Exit.DONE


def test_a_full_disk_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.machine.fails["infra.image build"] = Finished(1, ("write /x: no space left on device",))
    ran = world.run("deploy")
    assert ran.code == Exit.DISK_FULL
    assert "docker system prune" in ran.told("fault")[0]
    monkeypatch.setattr("infra.deploy.docker.NEEDED_BYTES", 10**18)
    world.machine.ran.clear()
    ran = world.run("deploy")
    assert ran.code == Exit.DISK_FULL
    assert world.machine.ran == [], "it is seen beforehand"


def test_an_environment_that_is_not_told_of_at_once_is_waited_for(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find, hidden = Environments.find, [world.name()] * 2

    def found(self: Environments, name: str) -> Environment | None:
        made = world.standin.faults.made("elasticbeanstalk:CreateEnvironment")
        return None if made and name in hidden and hidden.pop() else find(self, name)

    world.standin.faults.calls.clear()
    monkeypatch.setattr(Environments, "find", found)
    assert world.run("deploy").code == Exit.DONE
    assert not hidden
