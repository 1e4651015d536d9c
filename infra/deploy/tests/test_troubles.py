"""What comes in the way of a deploy: others, a full disk, AWS itself."""

from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from infra.aws import names
from infra.aws.clients import Aws
from infra.deploy import cli, swap
from infra.deploy.environments import Environment, Environments
from infra.deploy.exits import Busy, DeployError, Exit
from infra.deploy.programs import Finished
from infra.deploy.registry import Registry
from infra.deploy.tests.world import World
from infra.deploy.waiting import fetch_text
from infra.deploy.work import Work
from infra.standin.aws import KEY
from libs.service.testing import eventually


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


def test_where_the_live_one_was_terminated_one_that_stands_aside_is_made_anew(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(work: Work, *others: str) -> None:
        (live,) = [one for one in world.standin.estate.environments if one.name == old]
        live.status = "Terminated"  # by somebody, in the console

    with monkeypatch.context() as patched:
        patched.setattr(swap, "settled", ended)
        ran = world.run("deploy")
    assert ran.code == Exit.AWS
    assert f"Check out {world.machine.commit[:12]} and `make deploy`" in ran.told("fault")[0]
    assert world.standing() == {world.name(): names.own_cname(world.name())}
    ran = world.run("rollback")
    assert ran.code == Exit.REFUSED
    assert "Check out the commit that clients are to have" in ran.told("fault")[0]
    world.standin.faults.calls.clear()
    with monkeypatch.context() as patched:
        patched.setattr(Environments, "is_free", lambda self, prefix: False)
        world.clock.skipping = 10
        assert world.run("deploy").code == Exit.REFUSED, "somebody else has the name"
    assert "elasticbeanstalk:TerminateEnvironment" not in world.changes()
    world.clock.skipping = 0
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert any(f"{world.name()} stands aside while none is live" in text for text in ran.told("note"))
    assert world.standing() == {world.name(): names.live_cname("todos", world.stage.name)}


def test_of_a_version_that_failed_it_is_told_that_the_same_again_is_no_help(world: World) -> None:
    world.standin.faults.deny("elasticbeanstalk:CreateEnvironment")
    assert world.run("deploy").code == Exit.DENIED
    world.standin.faults.clear()
    application = names.application("todos")
    label = names.version(world.stage.name, world.machine.commit)
    world.standin.estate.version(application, label).status = "Failed"
    ran = world.run("deploy")
    assert ran.code == Exit.AWS
    assert "deploy another commit" in ran.told("fault")[0]
    assert f"an administrator deletes the version {label} in the console" in ran.told("fault")[0]
    client = world.standin.client("elasticbeanstalk")
    client.delete_application_version(
        ApplicationName=application, VersionLabel=label, DeleteSourceBundle=True
    )
    assert world.run("deploy").code == Exit.DONE


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


def test_an_update_that_is_not_told_of_at_once_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.workers_apart()
    assert world.run("deploy").code == Exit.DONE
    worker = names.worker_environment("todos", world.stage.name)
    find, before, left = Environments.find, [], 2

    def found(self: Environments, name: str) -> Environment | None:
        nonlocal left
        one = find(self, name)
        if name != worker:
            return one
        if not world.standin.faults.made("elasticbeanstalk:UpdateEnvironment"):
            before.append(one)
        elif left:
            left -= 1
            return before[-1]
        return one

    world.commit()
    monkeypatch.setattr(Environments, "find", found)
    assert world.run("deploy").code == Exit.DONE
    assert not left
    assert world.worker_version() == names.version(world.stage.name, world.machine.commit, "worker")


def test_workers_that_are_ill_are_deployed_again(world: World) -> None:
    world.workers_apart()
    assert world.run("deploy").code == Exit.DONE
    worker = names.worker_environment("todos", world.stage.name)
    found = next(one for one in world.standin.estate.environments if one.name == worker)
    assert found.deployment is not None
    found.deployment.stop()
    world.clock.skipping = 10
    eventually(lambda: found.color == "Red")
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert world.standin.faults.made("elasticbeanstalk:UpdateEnvironment") == 1
    assert any("is deployed there again" in text for text in ran.told("note"))


def test_the_end_of_logs_is_all_that_a_missing_right_to_them_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([httpx.Response(200, text="a line"), httpx.Response(403), httpx.Response(404)])
    monkeypatch.setattr(httpx, "get", lambda address, timeout: next(answers))
    assert fetch_text("https://example.com/x") == "a line"
    with pytest.raises(DeployError, match=r"roles\.yaml") as caught:
        fetch_text("https://example.com/x")
    assert not isinstance(caught.value, Busy), "it is of no use to ask again"
    with pytest.raises(Busy, match="404"):
        fetch_text("https://example.com/x")
    monkeypatch.undo()
    with pytest.raises(Busy, match="InvalidURL"):
        fetch_text("https://example.com:x")


def test_a_bundle_that_s3_has_forgotten_is_put_there_again(world: World) -> None:
    assert world.run("deploy").code == Exit.DONE
    world.forget_bundle()
    world.standin.faults.calls.clear()
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert set(world.changes()) == {"dynamodb:PutItem", "s3:PutObject", "dynamodb:DeleteItem"}
    assert any("is put there again" in text for text in ran.told("note"))
    assert world.run("deploy").code == Exit.DONE
    assert world.standin.faults.made("s3:PutObject") == 1


def test_a_bundle_of_images_that_were_built_again_is_written_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert world.run("deploy").code == Exit.DONE
    pushed = Registry.pushed

    def later(self: Registry, service: str, commit: str) -> datetime | None:
        at = pushed(self, service, commit)
        return at and at + timedelta(hours=1)

    monkeypatch.setattr(Registry, "pushed", later)
    world.standin.faults.calls.clear()
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert world.standin.faults.made("s3:PutObject") == 1
    assert any("names images that were built again since" in text for text in ran.told("note"))
