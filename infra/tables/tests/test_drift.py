"""Each way in which a table of an account can differ from its model is told; on a moto server.

What moto never says, such as that a table is still being made, is put into its answer.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
import yaml
from botocore.exceptions import ClientError
from moto.server import ThreadedMotoServer

from infra.aws.errors import AwsError
from infra.aws.stage import STAGES
from infra.tables.cli import main
from infra.tables.drift import drift, of_shape
from infra.tables.templates import Template, full_name, template, templates
from infra.tables.tests.things import index, model, things

REGION = "eu-west-1"
ACCOUNT = "123456789012"
"""moto's."""


@dataclass
class Account:
    """An AWS account of the test's own."""

    dynamodb: Any

    def make(self, template: Template, prefix: str = "live-", **changed: Any) -> None:
        """Make the tables of a template as CloudFormation does on AWS; `changed` are arguments of each."""
        for table in template["Resources"].values():
            made = {**table["Properties"], "TableName": full_name(table, prefix)}
            recovery = made.pop("PointInTimeRecoverySpecification")
            ttl = made.pop("TimeToLiveSpecification", None)
            made["SSESpecification"] = {"Enabled": True, "SSEType": "KMS"}
            self.dynamodb.create_table(**{**made, **changed})
            name = {"TableName": made["TableName"]}
            self.dynamodb.update_continuous_backups(**name, PointInTimeRecoverySpecification=recovery)
            if ttl:
                self.dynamodb.update_time_to_live(**name, TimeToLiveSpecification=ttl)


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        yield "http://{}:{}".format(*server.get_host_and_port())
    finally:
        server.stop()


@pytest.fixture
def account(moto: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    for name, value in {
        "AWS_ENDPOINT_URL": moto,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    session = boto3.Session(region_name=REGION)
    made = Account(session.client("dynamodb"))
    httpx.post(f"{moto}/moto-api/reset", timeout=30)
    return made


def told(account: Account, **changed: Any) -> list[str]:
    found = drift(account.dynamodb, things(**changed), "live-", "shop")
    return [line.removeprefix("live-shop-things: ") for line in found]


def test_tables_as_the_template_has_them_have_not_drifted(account: Account) -> None:
    account.make(things())
    assert told(account) == []


def test_a_table_that_is_not_there_is_missing(account: Account) -> None:
    assert told(account) == ["is missing"]


def test_a_table_that_no_model_has_is_told_and_those_of_others_are_not(account: Account) -> None:
    account.make(things())
    account.make(things(table="restored"))
    account.make(template("shopping", [model()]))
    account.make(things(), prefix="staging-")
    assert list(drift(account.dynamodb, things(), "live-", "shop")) == [
        "live-shop-restored: no model has it",
    ]


@pytest.mark.parametrize(
    ("meant", "line"),
    [
        ({"id": None, "title": None}, "has the keys owner S, id S, and not owner S"),
        (
            {"extra": index("global", "extra", projected=["size"])},
            "has no global index extra (owner S, branch S: INCLUDE size)",
        ),
        ({"local": index("local", "near")}, "has no local index near (owner S, branch S: ALL)"),
        (
            {"by_branch": None},
            "has the global index by-branch (owner S, branch S: ALL), which no model has",
        ),
        (
            {"by_branch": index("global", "by-branch", projected=["size"])},
            (
                "has the global index by-branch (owner S, branch S: ALL), "
                "and not (owner S, branch S: INCLUDE size)"
            ),
        ),
        ({"expires_at": None}, "deletes items by expires_at, and not by nothing"),
        ({"meta": {"stream_view_type": "KEYS_ONLY"}}, "has the stream none, and not KEYS_ONLY"),
    ],
)
def test_a_model_that_has_gone_on_is_told(account: Account, meant: dict[str, Any], line: str) -> None:
    account.make(things())
    assert told(account, **meant) == [line]


@pytest.mark.parametrize(
    ("spoil", "line"),
    [
        (
            lambda call, name: call.update_table(TableName=name, DeletionProtectionEnabled=False),
            "is not protected from being deleted",
        ),
        (
            lambda call, name: call.update_continuous_backups(
                TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
            ),
            "cannot be restored to a point in time",
        ),
        (
            lambda call, name: call.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": False, "AttributeName": "expires_at"}
            ),
            "deletes items by nothing, and not by expires_at",
        ),
        (
            lambda call, name: call.update_table(
                TableName=name,
                BillingMode="PROVISIONED",
                ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
            ),
            "is not paid by request: its capacity has a limit",
        ),
    ],
)
def test_what_somebody_has_changed_by_hand_is_told(
    account: Account, spoil: Callable[[Any, str], Any], line: str
) -> None:
    account.make(things())
    spoil(account.dynamodb, "live-shop-things")
    assert told(account) == [line]


def test_a_table_that_is_not_encrypted_with_the_accounts_key_is_told(account: Account) -> None:
    account.make(things(), SSESpecification={"Enabled": False})
    assert told(account) == ["is not encrypted with the account's key"]


def test_a_table_and_an_index_that_are_still_being_made_are_told(account: Account) -> None:
    account.make(things())
    described = account.dynamodb.describe_table(TableName="live-shop-things")["Table"]
    described["TableStatus"] = "UPDATING"
    described["GlobalSecondaryIndexes"][0]["IndexStatus"] = "CREATING"
    (table,) = things()["Resources"].values()
    assert list(of_shape(described, table)) == ["is UPDATING", "its index by-branch is CREATING"]


def test_what_dynamodb_does_not_tell_is_an_error_that_names_it() -> None:
    class Denying:
        def describe_table(self, **_: str) -> None:
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "secret"}}, "-")

    with pytest.raises(AwsError) as caught:
        list(drift(Denying(), things(), "live-", "shop"))
    assert str(caught.value) == "DynamoDB does not tell live-shop-things (AccessDeniedException)."


@pytest.fixture
def stages(tmp_path: Path) -> Path:
    stage = yaml.safe_load((STAGES / "live.yaml").read_text())
    (tmp_path / "live.yaml").write_text(yaml.safe_dump({**stage, "account": ACCOUNT, "region": REGION}))
    return tmp_path


def test_the_command_looks_at_all_services_and_says_so(
    account: Account, stages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for one in templates().values():
        account.make(one)
    assert main(["drift", "live"], stages) == 0
    assert capsys.readouterr().out == "The 17 tables of live are as the models have them.\n"
    account.dynamodb.update_table(TableName="live-todos-todos", DeletionProtectionEnabled=False)
    assert main(["drift", "live"], stages) == 1
    assert capsys.readouterr().out == "live-todos-todos: is not protected from being deleted\n"


def test_a_stage_in_another_account_is_not_looked_at(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", "live"]) == 2
    told = capsys.readouterr()
    assert f"Error: these credentials are of account {ACCOUNT}" in told.err
    assert told.out == ""


def test_a_stage_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "production"]) == 2
    assert "STAGE=production is none of live, staging" in capsys.readouterr().err
