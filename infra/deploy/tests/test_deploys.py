"""Whole deploys, from the command to what stands at AWS afterwards."""

import io
from contextlib import redirect_stderr
from dataclasses import replace
from typing import Any, cast

import pytest
from botocore.validate import ParamValidator

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.stage import load_stage
from infra.deploy import cli, images
from infra.deploy.api import Api
from infra.deploy.calls import CALLS
from infra.deploy.checks import Check
from infra.deploy.environments import Environment, Environments
from infra.deploy.exits import Busy, Exit
from infra.deploy.journal import Journal
from infra.deploy.programs import Finished, Programs
from infra.deploy.swap import Watch
from infra.deploy.tests.world import World
from infra.deploy.work import Tools, Work
from infra.standin.aws import KEY

FAILED = Finished(1, ("1 failed",))


@pytest.fixture
def old(world: World) -> str:
    """The environment that clients come to before a deploy."""
    assert world.run("deploy").code == Exit.DONE
    name = world.name()
    world.commit()
    world.machine.ran.clear()
    world.machine.environments.clear()
    return name


def test_the_first_environment_has_the_live_cname_from_its_birth(world: World) -> None:
    ran = world.run("deploy")
    assert (ran.code, ran.err) == (Exit.DONE, "")
    assert world.standing() == {world.name(): names.live_cname("todos", world.stage.name)}
    assert [command for command in world.machine.ran if command.startswith("make")] == ["make test"]
    assert world.machine.did("infra.image build") == 4
    assert world.machine.did(" push ") == 2


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
    assert set(changes(world)) == {"dynamodb:PutItem", "dynamodb:DeleteItem"}


def changes(world: World) -> list[str]:
    """The calls that changed something, the oldest first."""
    changing = {f"{call.service}:{call.operation}" for call in CALLS.values() if call.changes}
    return [call for call in world.standin.faults.calls if call in changing]


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
    assert "elasticbeanstalk:SwapEnvironmentCNAMEs" not in changes(world)


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
    assert world.run("deploy", "--keep").code == Exit.ENVIRONMENT
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


def test_what_turns_bad_under_its_clients_is_swapped_back(world: World, old: str) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    tried: list[str] = []

    def probe(stage: object, service: str, address: str) -> str | None:
        tried.append(address)
        return "/health/ready answers 503" if len(tried) > 2 else None

    world.probe = probe
    ran = world.run("deploy")
    assert ran.code == Exit.SWAPPED_BACK
    assert world.live() == old
    assert set(world.standing()) == {old, world.name()}
    assert len(tried) == 2 + 3, "one bad look is none"


def test_what_turns_bad_with_nothing_to_go_back_to_is_told_as_that(world: World) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks: list[str] = []

    def probe(stage: object, service: str, address: str) -> str | None:
        looks.append(address)
        return "/health/ready answers 503" if len(looks) > 1 else None

    world.probe = probe
    ran = world.run("deploy")
    assert ran.code == Exit.STAYS_BAD
    assert "it stays live" in ran.told("fault")[0]
    assert world.live() == world.name()


def test_one_that_was_there_before_under_that_name_is_watched_anew(world: World, old: str) -> None:
    earlier = next(one.description for one in world.standin.estate.environments if one.name == old)
    assert world.run("deploy").code == Exit.DONE
    assert world.run("cleanup", "--previous").code == Exit.DONE
    client = world.standin.client("elasticbeanstalk")
    client.terminate_environment(EnvironmentName=world.name())
    eventually(
        lambda: (
            not [
                one
                for one in world.standin.estate.environments
                if one.is_there and one.name in (old, world.name())
            ]
        )
    )
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks: list[str] = []

    def probe(stage: object, service: str, address: str) -> str | None:
        if not looks:
            world.clock.skipped += 600
        looks.append(address)
        return None

    world.probe = probe
    world.machine.commit = earlier
    assert world.run("deploy").code == Exit.DONE
    assert len(looks) > 5, "for two minutes"


def test_the_watch_goes_on_where_aws_is_busy_for_a_moment(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stage = replace_minutes(world, 2)
    world.clock.skipping = 1
    looks = iter([None, Busy("throttled"), Busy("throttled")])

    def look(self: object) -> str | None:
        found = next(looks, "its health is Red")
        if isinstance(found, Busy):
            raise found
        return found

    monkeypatch.setattr(Watch, "_fault", look)
    assert world.run("deploy").code == Exit.SWAPPED_BACK
    assert world.live() == old


def replace_minutes(world: World, minutes: int) -> object:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("watch_minutes: 0", f"watch_minutes: {minutes}"))
    return replace(world.stage, watch_minutes=minutes)


def test_5xx_under_its_clients_bring_them_back(
    world: World, old: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.stage = replace_minutes(world, 5)
    world.clock.skipping = 1
    # Few, or a small share of many, or none told yet: they are not counted. Three looks in a row are.
    told = iter([(80, 9), (80, 4), (80, 9), (80, 9), (300, 9), None, (80, 9), (80, 9), (80, 9)])
    read = Api.read

    def health(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        answer = read(self, service, operation, **parameters)
        if operation != "DescribeEnvironmentHealth":
            return answer
        counts = next(told)
        metrics = {"RequestCount": counts[0], "StatusCodes": {"Status5xx": counts[1]}} if counts else {}
        shape = self.aws.client(service).meta.service_model.operation_model(operation).output_shape
        assert not ParamValidator().validate({"ApplicationMetrics": metrics}, shape).has_errors()
        return {**answer, "ApplicationMetrics": metrics}

    monkeypatch.setattr(Api, "read", health)
    ran = world.run("deploy")
    assert ran.code == Exit.SWAPPED_BACK
    assert "9 of 80" in ran.told("fault")[0]
    assert next(told, "told") == "told"


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


def test_nothing_is_changed_in_a_dry_run(world: World, old: str) -> None:
    world.standin.faults.calls.clear()
    ran = world.run("deploy", "--dry-run")
    assert ran.code == Exit.DONE
    assert changes(world) == []
    assert world.machine.ran == []
    told = {one["call"] for one in ran.lines if one["kind"] == "call"}
    world.standin.faults.calls.clear()
    assert world.run("deploy").code == Exit.DONE
    assert told == set(changes(world)) - {"dynamodb:DeleteItem"}
    assert old in world.standing()


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
    assert set(changes(world)) == {"dynamodb:PutItem"}


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


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"changed": " M libs/api/typed.py"},
            "the tree differs from its commit: commit or stash libs/api/typed.py",
        ),
        ({"branches": ""}, "push it"),
        ({"fails": {"docker version": Finished(1, ("Cannot connect",))}}, "images are built by Docker"),
        (
            {"fails": {"libs.service config": Finished(1, ("APP_X: Unknown field.",))}},
            "APP_X: Unknown field.",
        ),
    ],
)
def test_what_has_to_be_put_right_first_is_told(world: World, change: dict[str, object], told: str) -> None:
    for name, value in change.items():
        setattr(world.machine, name, value)
    ran = world.run("deploy")
    assert ran.code == Exit.REFUSED
    assert told in ran.told("fault")[0]
    assert world.machine.ran == []


CONFIG = "libs.service config"
REQUIRED = Finished(
    0, ("email_verification  required  default", "mail_from  a@example.com  config/live.yaml:3")
)
OPTIONAL = Finished(0, ("email_verification  optional  default", "help_text  required  default"))


@pytest.mark.parametrize(
    ("told", "command", "refused"),
    [(REQUIRED, "", True), (REQUIRED, "cat", False), (OPTIONAL, "", False)],
    ids=["missing", "there", "not needed"],
)
def test_where_addresses_are_confirmed_mails_have_to_be_read(
    world: World, monkeypatch: pytest.MonkeyPatch, told: Finished, command: str, refused: bool
) -> None:
    monkeypatch.setenv("TESTACCEPT_MAIL_COMMAND", command)
    world.machine.fails[CONFIG] = told
    ran = world.run("deploy")
    if not refused:
        assert ran.code == Exit.DONE
        return
    assert ran.code == Exit.REFUSED
    (fault,) = ran.told("fault")
    assert "set TESTACCEPT_MAIL_COMMAND" in fault
    assert "\n" not in fault
    assert world.machine.ran == []


def test_the_word_is_looked_for_in_the_settings_of_auth(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As its own loader prints them, for a stage that there is."""
    monkeypatch.delenv("TESTACCEPT_MAIL_COMMAND", raising=False)
    work = Work(
        Tools(
            cast(Any, None),
            journal := Journal(lambda: 0.0),
            world.clock,
            Programs(journal),
            *[cast(Any, None)] * 4,
        ),
        load_stage("staging"),
        "todos",
        world.machine.commit,
    )
    assert len(Check(work)._mails()) == 1
    assert Check(work)._settings() == []


def test_missing_stacks_are_named(world: World) -> None:
    stack = names.service_stack("todos", world.stage.name, "instances")
    world.standin.client("cloudformation").delete_stack(StackName=stack)
    ran = world.run("deploy")
    assert ran.code == Exit.REFUSED
    assert f"there is no stack {stack}: `make stacks STAGE={world.stage.name}`" in ran.told("fault")[0]


@pytest.mark.parametrize(
    ("status", "is_there"),
    [
        ("REVIEW_IN_PROGRESS", False),
        ("ROLLBACK_COMPLETE", False),
        ("DELETE_FAILED", False),
        ("UPDATE_ROLLBACK_COMPLETE", True),
        ("UPDATE_ROLLBACK_FAILED", True),
        ("UPDATE_IN_PROGRESS", True),
    ],
)
def test_a_stack_that_never_came_to_be_is_missing(
    world: World, status: str, is_there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Api.read

    def told(self: Api, service: str, operation: str, **parameters: Any) -> Any:
        if operation == "DescribeStacks":
            return {"Stacks": [{"StackStatus": status}]}
        return read(self, service, operation, **parameters)

    monkeypatch.setattr(Api, "read", told)
    ran = world.run("deploy", "--dry-run")
    assert ran.code == (Exit.DONE if is_there else Exit.REFUSED)


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


def test_stages_that_share_images_share_processors(world: World) -> None:
    file = world.stages / f"{world.stage.name}.yaml"
    (world.stages / "other.yaml").write_text(file.read_text().replace("t3.medium", "t4g.medium"))
    ran = world.run("deploy")
    assert ran.code == Exit.REFUSED
    assert "instances have different processors" in ran.told("fault")[0]


def test_services_that_share_a_proxy_share_processors(world: World) -> None:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("t3.medium", "t4g.medium", 1))
    ran = world.run("deploy")
    assert ran.code == Exit.REFUSED
    assert "arm64 for" in ran.told("fault")[0]
    assert "x86_64 for" in ran.told("fault")[0]


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


def test_another_account_is_refused(world: World) -> None:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("111122223333", "444455556666"))
    assert world.run("deploy").code == Exit.CREDENTIALS


def test_without_credentials_three_lines_say_where_to_begin(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(cli, "Aws", Aws)
    for arguments in (["deploy"], ["deploy", "todos", world.stage.name, "--yes"]):
        said = io.StringIO()
        with redirect_stderr(said):
            code = cli.main(
                arguments, world.stages, programs=lambda journal, dry: world.programs(journal, dry)
            )
        lines = [line for line in said.getvalue().splitlines() if line[:2] not in ("09", "10")]
        fault = said.getvalue()[said.getvalue().index("Error: ") :].splitlines()
        assert code == Exit.CREDENTIALS
        assert len(fault) == 3
        assert "AWS_PROFILE" in fault[1]
        assert "docs/production.md" in fault[2]
        assert lines


def test_workers_of_their_own_come_first_and_go_back_with_a_failed_release(world: World) -> None:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("worker: beside", "worker: environment"))
    worker = names.worker_environment("todos", world.stage.name)

    def version() -> str:
        return next(one.version for one in world.standin.estate.environments if one.name == worker)

    assert world.run("deploy").code == Exit.DONE
    first = names.version(world.stage.name, world.machine.commit, "worker")
    assert version() == first
    world.commit()
    world.standin.faults.calls.clear()
    assert world.run("deploy").code == Exit.DONE
    second = names.version(world.stage.name, world.machine.commit, "worker")
    assert version() == second
    made = changes(world)
    assert made.index("elasticbeanstalk:UpdateEnvironment") < made.index("elasticbeanstalk:CreateEnvironment")
    world.commit()
    world.scripted.say("red", world.name())
    world.clock.skipping = 10
    assert world.run("deploy").code == Exit.ENVIRONMENT
    world.clock.skipping = 0
    eventually(lambda: version() == second)
    assert world.run("rollback").code == Exit.DONE
    eventually(lambda: version() == first)


def eventually(holds: object) -> None:
    import time

    ends = time.monotonic() + 20
    while not holds():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.02)


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
