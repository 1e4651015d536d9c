"""What has to be put right before anything is done."""

import io
import re
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, cast

import pytest

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.stage import load_stage
from infra.deploy import cli
from infra.deploy.api import Api
from infra.deploy.checks import Check
from infra.deploy.exits import Exit
from infra.deploy.journal import Journal
from infra.deploy.programs import Finished, Programs
from infra.deploy.tests.world import World
from infra.deploy.work import Tools, Work


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


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ((), ["TESTACCEPT_MAIL_COMMAND", "TESTACCEPT_KEY"]),
        (("TESTACCEPT_MAIL_COMMAND",), ["TESTACCEPT_KEY"]),
        (("TESTACCEPT_MAIL_COMMAND", "TESTACCEPT_KEY"), []),
    ],
)
def test_what_acceptance_tests_need_is_looked_for_in_the_settings_of_auth(
    world: World, monkeypatch: pytest.MonkeyPatch, there: tuple[str, ...], wanted: list[str]
) -> None:
    """As its own loader prints them, for a stage that there is."""
    for name in ("TESTACCEPT_MAIL_COMMAND", "TESTACCEPT_KEY"):
        monkeypatch.setenv(name, "something" if name in there else "")
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
    faults = Check(work)._acceptance()
    assert [re.findall("set ([A-Z_]+)", one) for one in faults] == [[name] for name in wanted]
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


def test_another_account_is_refused(world: World) -> None:
    file = world.stages / f"{world.stage.name}.yaml"
    file.write_text(file.read_text().replace("111122223333", "444455556666"))
    assert world.run("deploy").code == Exit.CREDENTIALS


LOGIN = """
[profile ada]
sso_start_url = https://example.com/start
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = deploy
"""


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ("", "there are no AWS credentials here"),
        ("ada", "the login to AWS is over, or was never made"),
        ("nobody-has-this", "nobody-has-this"),
    ],
)
def test_without_credentials_three_lines_say_where_to_begin(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, profile: str, told: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name)
    (tmp_path / "config").write_text(LOGIN)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    monkeypatch.setattr(cli, "Aws", Aws)
    world.machine.changed = " M libs/api/typed.py"  # of no account as long as nobody can ask AWS
    for command in ("deploy", "rollback", "status", "cleanup"):
        said = io.StringIO()
        with redirect_stderr(said):
            code = cli.main([command, "todos", world.stage.name], world.stages, programs=world.programs)
        lines = said.getvalue().splitlines()
        assert code == Exit.CREDENTIALS
        assert len(lines) == 3, lines
        assert told in lines[0]
        assert "aws " in lines[1]
        assert lines[2].endswith("begin with docs/production.md.")


def test_without_a_stage_missing_credentials_are_told_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = io.StringIO()
    with redirect_stderr(said):
        assert cli.main(["deploy"], world.stages, programs=world.programs) == Exit.CREDENTIALS
    lines = said.getvalue().splitlines()
    assert len(lines) == 3
    assert "STAGE is missing" in lines[0]
    assert "AWS_PROFILE" in lines[1]
    assert "docs/production.md" in lines[2]
