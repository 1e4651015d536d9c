import io
from pathlib import Path

import pytest
import yaml
from botocore.exceptions import ClientError

from infra.aws.clients import Aws
from infra.aws.stage import STAGES, Stage
from infra.stacks import apply
from infra.stacks.apply import Apply
from infra.stacks.cli import main
from infra.stacks.plan import stacks

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def folder(tmp_path: Path, stage: Stage) -> Path:
    """A folder of stages, with the live that moto has."""
    told = yaml.safe_load((STAGES / "live.yaml").read_text())
    subnets = list(stage.network.instance_subnets)
    told |= {"account": stage.account}
    told["network"] |= {
        "vpc": stage.network.vpc,
        "instance_subnets": subnets,
        "load_balancer_subnets": subnets,
    }
    (tmp_path / "live.yaml").write_text(yaml.safe_dump(told))
    return tmp_path


def test_without_credentials_three_lines_say_where_to_begin(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert main(["apply", "live"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    assert "docs/production.md" in said[2]


def test_where_nobody_can_be_asked_yes_has_to_be_said(
    aws: Aws, folder: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One stack will do: what of them is made is the same whoever has said yes (test_apply.py).
    monkeypatch.setattr(
        apply, "stacks", lambda stage: [one for one in stacks(stage) if one.name.endswith("alarms")]
    )
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["apply", "live"], folder) == 3
    assert "ARGS=--yes" in capsys.readouterr().err
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == []
    assert main(["apply", "--yes", "live"], folder) == 0
    assert "1 of 1 stacks" in capsys.readouterr().err
    assert main(["apply", "--yes", "live"], folder) == 0
    assert "Nothing to do." in capsys.readouterr().err


def test_the_stacks_are_listed_in_the_order_they_are_made(capsys: Captured) -> None:
    assert main(["names", "live"]) == 0
    listed = capsys.readouterr().out.split()
    assert listed[0] == "polymacaron-github"
    assert listed.index("polymacaron-live-roles") < listed.index("polymacaron-live-todos-instances")


def test_what_aws_refuses_is_told_in_its_words(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        error = {"Code": "AccessDenied", "Message": "ada may not"}
        raise ClientError({"Error": error}, "CreateChangeSet")

    monkeypatch.setattr(Apply, "run", denied)
    assert main(["apply", "live"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first == "Error: AWS refuses CreateChangeSet: AccessDenied: ada may not"
    assert "docs/production.md" in second


def test_what_may_be_replaced_is_given_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Apply] = []
    monkeypatch.setattr(Apply, "run", lambda self: given.append(self))
    # As `make stacks` calls it.
    assert main(["apply", "--replace", "a/Cache", "--replace", "b/Doors", "--", "live"]) == 0
    assert given[0].replace == ["a/Cache", "b/Doors"]
    with pytest.raises(SystemExit):
        main(["apply", "--replace", "--", "live"])


@pytest.mark.parametrize("service", ["", "todo"])
def test_a_secret_is_of_a_service_of_the_stage(capsys: Captured, service: str) -> None:
    assert main(["secret", "--", "live", service, "smtp_url"]) == 1
    assert f"Error: SERVICE={service} is none of auth, profiles, todos " in capsys.readouterr().err


def test_a_stage_that_is_none_is_told() -> None:
    assert main(["apply", "nowhere"]) == 1
