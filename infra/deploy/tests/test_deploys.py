"""Whole deploys, from the command to what stands at AWS afterwards."""

from dataclasses import replace
from unittest.mock import Mock

import pytest

from infra.aws import names
from infra.aws.stage import load_stage
from infra.deploy import images
from infra.deploy.exits import Exit
from infra.deploy.programs import Finished
from infra.deploy.swap import Swap
from infra.deploy.tests.world import World
from infra.deploy.work import Work
from libs.service.testing import eventually

FAILED = Finished(1, ("1 failed",))


def test_the_first_environment_has_the_live_cname_from_its_birth(world: World) -> None:
    ran = world.run("deploy")
    assert (ran.code, ran.err) == (Exit.DONE, "")
    assert world.standing() == {world.name(): names.live_cname("todos", world.stage.name)}
    assert [command for command in world.machine.ran if command.startswith("make")] == ["make test"]
    assert world.machine.did("infra.image build") == 4
    assert world.machine.did(" push ") == 2


def test_environments_are_made_with_a_role_of_the_partition_of_the_region() -> None:
    stage = replace(load_stage("live"), region="us-gov-west-1")
    role = names.operations_role("live")
    assert (
        Work(Mock(), stage, "todos", "c").operations_role
        == f"arn:aws-us-gov:iam::{stage.account}:role/{role}"
    )


def test_an_upgrade_keeps_the_old_one_under_the_new_ones_name(world: World, old: str) -> None:
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert world.live() == world.name()
    assert world.standing()[old] == names.own_cname(world.name())
    assert any("Successfully launched environment" in text for text in ran.told("event"))


def test_what_is_tried_is_the_new_one_among_the_live_others(world: World) -> None:
    assert world.run("deploy", service="").code == Exit.DONE
    live = {service: world.live(service) for service in world.stage.services}
    world.commit()
    world.machine.environments.clear()
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    (number,) = [n for n, ran in enumerate(world.machine.ran) if "not operator" in ran]
    told = world.machine.environments[number]
    assert told["TODOS_URL"] == f"http://todos.{world.stage.domain}"
    addresses = {
        one.name: world.standin.estate.cname(one.cname or "") for one in world.standin.estate.environments
    }
    assert told["AUTH_CONNECT_TO"] == addresses[live["auth"]]
    # By now the old one has the name at which the new one was tried.
    assert told["TODOS_CONNECT_TO"] == addresses[live["todos"]]
    assert told["TESTACCEPT_TOKEN_COMMAND"] == ""


def test_a_commit_that_is_live_is_left_alone(world: World, old: str) -> None:
    assert world.run("deploy").code == Exit.DONE
    world.machine.ran.clear()
    world.standin.faults.calls.clear()
    ran = world.run("deploy")
    assert ran.code == Exit.DONE
    assert world.machine.ran == []
    assert set(world.changes()) == {"dynamodb:PutItem", "dynamodb:DeleteItem"}


def test_unit_tests_that_fail_end_it_before_anything_is_built(world: World) -> None:
    world.machine.fails["make test"] = FAILED
    assert world.run("deploy").code == Exit.UNIT_TESTS
    assert world.machine.did("infra.image build") == 0
    assert world.standing() == {}


def test_an_image_that_fails_its_acceptance_is_not_pushed(world: World) -> None:
    world.machine.fails["-m pytest testaccept"] = FAILED
    assert world.run("deploy").code == Exit.IMAGE_REJECTED
    assert world.machine.did(" push ") == 0
    assert world.machine.ran[-1].endswith("down --volumes --remove-orphans")


def test_what_is_pushed_is_neither_tested_nor_built_again(world: World) -> None:
    world.clock.skipping = 10
    world.scripted.say("red", world.name())
    assert world.run("deploy").code == Exit.ENVIRONMENT
    world.scripted.say("green", world.name())
    world.machine.ran.clear()
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.ran == []


def test_an_environment_that_fails_its_acceptance_is_removed_and_never_live(world: World) -> None:
    assert world.run("deploy", service="").code == Exit.DONE
    old = world.live()
    world.commit()
    world.machine.fails["not operator"] = FAILED
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT_REJECTED
    assert world.live() == old
    assert world.name() not in world.standing()
    assert "elasticbeanstalk:SwapEnvironmentCNAMEs" not in world.changes()


def test_an_environment_that_is_not_ready_is_rejected(world: World, old: str) -> None:
    world.probe = lambda stage, service, address: "/health/ready answers 503"
    assert world.run("deploy").code == Exit.ENVIRONMENT_REJECTED
    assert set(world.standing()) == {old}


def test_an_environment_that_stays_red_is_removed_with_its_logs_told(world: World, old: str) -> None:
    world.clock.skipping = 10
    world.scripted.say("red", world.name())
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT
    assert world.live() == old
    assert set(world.standing()) == {old}
    assert any("the last lines of the logs" in text for text in ran.told("note"))


def test_with_keep_an_environment_that_failed_stays_for_a_look(world: World, old: str) -> None:
    world.clock.skipping = 10
    world.scripted.say("red", world.name())
    world.standin.faults.deny("elasticbeanstalk:RequestEnvironmentInfo")
    ran = world.run("deploy", "--keep")
    assert ran.code == Exit.ENVIRONMENT
    (said,) = [text for text in ran.told("note") if "logs" in text]
    assert said.startswith("its logs cannot be had: these credentials may not elasticbeanstalk:Request")
    assert "\n" not in said
    assert set(world.standing()) == {old, world.name()}
    assert world.run("cleanup").code == Exit.DONE
    assert set(world.standing()) == {old}


def test_an_environment_that_is_never_ready_is_given_up(world: World, old: str) -> None:
    world.clock.skipping = 10
    world.scripted.say("never", world.name())
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT
    assert "not ready after 30 minutes" in ran.told("fault")[0]
    assert any("cannot be terminated yet" in text for text in ran.told("note"))
    assert world.live() == old
    assert world.run("cleanup").code == Exit.DONE
    assert world.name() in world.standing()
    world.scripted.say("green", world.name())
    assert "Waiting for EC2 instances" in ran.told("fault")[0]


def test_an_image_that_somebody_else_pushed_meanwhile_will_do(world: World) -> None:
    def meanwhile(command: str) -> None:
        if command.startswith("docker tag") and f"/{names.repository('proxy')}:" in command:
            reference = command.split()[-1]
            world.machine._push(reference)  # as the deploy of another service does
            world.machine.fails[f" push {reference}"] = FAILED

    world.machine.before = meanwhile
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.fails


def test_findings_of_the_scan_end_it(world: World) -> None:
    repository = names.repository("todos")
    try:
        world.standin.images.find(repository, CRITICAL=2, HIGH=1)
        ran = world.run("deploy")
        assert ran.code == Exit.FINDINGS
        assert f"{repository}: 2 CRITICAL." in ran.told("fault")[0]
        world.standin.images.find(repository, HIGH=1)
        assert world.run("deploy").code == Exit.DONE, "what is less severe passes"
    finally:
        world.standin.images.find(repository)


def test_somebody_who_changed_an_environment_by_hand_is_noticed(world: World, old: str) -> None:
    assert world.run("deploy").code == Exit.DONE
    for one in world.standin.estate.environments:
        if one.name == world.name():
            one.version = "by-hand"
    ran = world.run("deploy")
    assert ran.code == Exit.REFUSED
    assert "somebody changed it by hand" in ran.told("fault")[0]


def test_an_environment_from_before_the_kept_one_is_made_anew(world: World, old: str) -> None:
    first = old
    commit = next(iter(one.version for one in world.standin.estate.environments if one.name == first))
    assert world.run("deploy").code == Exit.DONE  # keeps the first
    second = world.name()
    world.commit()
    assert world.run("deploy").code == Exit.DONE  # keeps the second
    third = world.name()
    version = world.standin.client("elasticbeanstalk").describe_application_versions(
        ApplicationName=names.application("todos"), VersionLabels=[commit]
    )["ApplicationVersions"][0]
    world.machine.commit = version["Description"]
    assert world.run("deploy").code == Exit.DONE
    assert world.live() == first
    assert world.standing()[third] == names.own_cname(first), "the one to go back to"
    assert second in world.standing()


def test_a_dry_run_tells_what_is_done_then_and_does_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = ["dynamodb:PutItem", "dynamodb:DeleteItem"]

    def dry_then_done(*arguments: str) -> list[str]:
        world.standin.faults.calls.clear()
        world.machine.ran.clear()
        ran = world.run(*arguments, "--dry-run")
        assert ran.code == Exit.DONE
        assert world.changes() == []
        assert world.machine.ran == []
        assert not ran.told("done")
        told = [one["call"] for one in ran.lines if one["kind"] == "call"]
        programs = [one["command"][:2] for one in ran.lines if one["kind"] == "run"]
        assert world.run(*arguments).code == Exit.DONE
        made = world.changes()
        # A lock that was held for long has been renewed.
        assert told == made[:1] + [call for call in made[1:] if call != lock[0]], arguments
        assert programs == [command.split()[:2] for command in world.machine.ran]
        return told

    assert "elasticbeanstalk:CreateEnvironment" in dry_then_done("deploy")  # the first one
    first = world.name()
    world.commit()
    with monkeypatch.context() as patched:
        patched.setattr(Swap, "run", interrupted)
        assert world.run("deploy").code == Exit.INTERRUPTED
    assert dry_then_done("deploy") == [lock[0], "elasticbeanstalk:SwapEnvironmentCNAMEs", lock[1]]
    assert dry_then_done("deploy") == lock
    assert dry_then_done("rollback") == [lock[0], "elasticbeanstalk:SwapEnvironmentCNAMEs", lock[1]]
    assert dry_then_done("deploy")[1:-1] == ["elasticbeanstalk:SwapEnvironmentCNAMEs"]
    assert dry_then_done("cleanup", "--previous")[1:-1] == ["elasticbeanstalk:TerminateEnvironment"]
    assert dry_then_done("cleanup") == lock
    (ending,) = [one for one in world.standin.estate.environments if one.name == first]
    eventually(lambda: not ending.is_there)
    ending.status = "Terminating"  # as if it took its time
    told = [one.get("call") for one in world.run("rollback", "--dry-run").lines]
    assert "elasticbeanstalk:CreateEnvironment" in told, "nothing is waited for"
    ending.status = "Terminated"
    assert dry_then_done("rollback")[1:-1] == [
        "elasticbeanstalk:CreateEnvironment",
        "elasticbeanstalk:SwapEnvironmentCNAMEs",
    ]


def interrupted(self: object) -> str:
    raise KeyboardInterrupt


def test_all_services_go_in_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from infra.deploy import order

    monkeypatch.setattr(
        order, "calls", lambda stage, services: {"auth": {"todos"}, "todos": {"profiles"}, "profiles": set()}
    )
    ran = world.run("deploy", service="")
    assert [one["service"] for one in ran.lines if one["kind"] == "plan"] == ["profiles", "todos", "auth"]
    assert world.machine.did("make test") == 1
    assert world.machine.did(" up --no-build") == 1, "the stack is made of all of them"
    world.commit()
    ran = world.run("deploy", "--consumers-first", "--dry-run", service="")
    assert [one["service"] for one in ran.lines if one["kind"] == "plan"] == ["auth", "todos", "profiles"]


def test_what_it_failed_for_is_told_even_if_nothing_can_be_removed(world: World, old: str) -> None:
    world.probe = lambda stage, service, address: "/health/ready answers 503"
    world.standin.faults.deny("elasticbeanstalk:TerminateEnvironment")
    ran = world.run("deploy")
    assert ran.code == Exit.ENVIRONMENT_REJECTED
    assert any("cannot be removed now" in text for text in ran.told("note"))
    assert world.live() == old


def test_what_is_kept_for_a_rollback_is_not_removed_because_it_fails(world: World, old: str) -> None:
    earlier = next(one.description for one in world.standin.estate.environments if one.name == old)
    assert world.run("deploy").code == Exit.DONE
    live = world.name()
    world.machine.commit = earlier
    world.probe = lambda stage, service, address: "/health/ready answers 503"
    assert world.run("deploy").code == Exit.ENVIRONMENT_REJECTED
    assert set(world.standing()) == {old, live}


def test_an_image_for_other_processors_is_built_anew(world: World) -> None:
    here = images.local_name("todos", world.machine.commit)
    world.machine.images = {here}
    world.machine.built_for = "arm64"  # as `make image` does on another kind of machine

    def builds(command: str) -> None:
        if "infra.image build" in command:
            world.machine.built_for = "amd64"

    world.machine.before = builds
    assert world.run("deploy").code == Exit.DONE
    assert world.machine.did("infra.image build todos") == 1


def test_another_commit_that_is_checked_out_meanwhile_is_not_deployed(world: World) -> None:
    def meanwhile(command: str) -> None:
        if command == "make test":
            world.commit()

    world.machine.before = meanwhile
    ran = world.run("deploy")
    assert ran.code == Exit.IMAGE
    assert "leave the tree as it is" in ran.told("fault")[0]
    assert world.machine.did(" push ") == 0


def test_workers_of_their_own_come_first_and_go_back_with_a_failed_release(world: World) -> None:
    world.workers_apart()
    assert world.run("deploy").code == Exit.DONE
    first = names.version(world.stage.name, world.machine.commit, "worker")
    assert world.worker_version() == first
    world.commit()
    world.standin.faults.calls.clear()
    assert world.run("deploy").code == Exit.DONE
    second = names.version(world.stage.name, world.machine.commit, "worker")
    assert world.worker_version() == second
    made = world.changes()
    assert made.index("elasticbeanstalk:UpdateEnvironment") < made.index("elasticbeanstalk:CreateEnvironment")
    world.commit()
    world.scripted.say("red", world.name())
    world.clock.skipping = 10
    assert world.run("deploy").code == Exit.ENVIRONMENT
    world.clock.skipping = 0
    eventually(lambda: world.worker_version() == second)
    assert world.run("rollback").code == Exit.DONE
    assert world.worker_version() == first


def test_the_images_of_a_deploy_are_those_of_its_commit(world: World) -> None:
    assert world.run("deploy").code == Exit.DONE
    bucket = names.bundles_bucket(world.stage.account, world.stage.region)
    kept = world.standin.client("s3").get_object(
        Bucket=bucket, Key=names.parts_key("todos", world.machine.commit)
    )
    assert kept["Body"].read() == f"the parts of polymacaron/todos:{world.machine.commit}".encode()
    assert world.machine.images == {
        images.local_name(one, world.machine.commit) for one in (*world.stage.services, "proxy")
    }
