"""Stacks applied to a moto server: what is there afterwards, and what is said."""

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.stacks import apply
from infra.stacks.apply import Apply, Refused
from infra.stacks.changes import Change, Proposal
from infra.stacks.plan import Stack, stacks
from infra.stacks.tests.conftest import ACCOUNT
from infra.tables.drift import drift
from infra.tables.templates import templates

pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse")

Captured = pytest.CaptureFixture[str]


def yes(_: str) -> bool:
    return True


def some(stage: Stage, *parts: str) -> list[Stack]:
    return [one for one in stacks(stage) if one.name.endswith(parts)]


def stack_names(aws: Aws) -> set[str]:
    return {one["StackName"] for one in aws.client("cloudformation").describe_stacks()["Stacks"]}


def test_all_that_a_stage_stands_on_is_made(aws: Aws, stage: Stage) -> None:
    Apply(aws, stage, yes).run()
    assert stack_names(aws) == {one.name for one in stacks(stage)}

    ecr = aws.client("ecr").describe_repositories()["repositories"]
    assert {one["repositoryName"] for one in ecr} == {
        names.repository(one) for one in ("auth", "profiles", "todos", "proxy")
    }
    assert {one["imageTagMutability"] for one in ecr} == {"IMMUTABLE"}

    aws.client("s3").head_bucket(Bucket=names.bundles_bucket(ACCOUNT, stage.region))

    lock = aws.client("dynamodb").describe_table(TableName=names.LOCK_TABLE)["Table"]
    assert lock["KeySchema"] == [{"AttributeName": "name", "KeyType": "HASH"}]
    assert lock["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"

    for service, template in templates().items():
        # Of what is there: keys, indexes, time to live, recovery, protection, encryption, and how it is paid.
        assert list(drift(aws.client("dynamodb"), template, "live-", service)) == []

    group = aws.client("ssm").get_parameter(Name=names.cache_group("live"))["Parameter"]["Value"]
    [doors] = aws.client("ec2").describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert doors["VpcId"] == stage.network.vpc
    assert doors["IpPermissions"] == [], "nobody comes in until an environment lets its instances in"

    [topic] = aws.client("sns").list_subscriptions()["Subscriptions"]
    assert (topic["Protocol"], topic["Endpoint"]) == ("email", stage.operators)
    log = aws.client("logs").describe_log_groups(logGroupNamePrefix=names.log_group("todos", "live"))
    assert [one["retentionInDays"] for one in log["logGroups"]] == [stage.log_days]
    profiles = aws.client("iam").list_instance_profiles()["InstanceProfiles"]
    assert {one["InstanceProfileName"] for one in profiles} == {
        names.instance_profile(one, "live") for one in stage.services
    }


def test_a_dry_run_leaves_nothing_behind(aws: Aws, stage: Stage, capsys: Captured) -> None:
    Apply(aws, stage, yes, dry_run=True).run(some(stage, "alarms", "delivery"))
    assert stack_names(aws) == set()
    assert aws.client("sns").list_topics()["Topics"] == []
    said = capsys.readouterr()
    assert "polymacaron-live-alarms (new)  add     Topic" in said.out
    assert "a dry run" in said.err


def test_a_second_time_there_is_nothing_to_do(aws: Aws, stage: Stage, capsys: Captured) -> None:
    wanted = some(stage, "alarms", "delivery")
    Apply(aws, stage, yes).run(wanted)
    capsys.readouterr()

    def nobody(question: str) -> bool:
        raise AssertionError(question)

    Apply(aws, stage, nobody).run(wanted)
    said = capsys.readouterr()
    assert said.out == ""
    assert "No changes: polymacaron-delivery, polymacaron-live-alarms" in said.err
    assert "Nothing to do." in said.err


def test_nothing_is_done_unless_somebody_says_yes(aws: Aws, stage: Stage) -> None:
    with pytest.raises(Refused, match="nothing was changed"):
        Apply(aws, stage, lambda _: False).run(some(stage, "alarms"))
    assert stack_names(aws) == set()


def test_a_run_that_was_cut_short_goes_on_where_it_was(
    aws: Aws, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    wanted = some(stage, "delivery", "alarms", "roles")
    cloudformation = aws.client("cloudformation")
    execute, calls = cloudformation.execute_change_set, []

    def cut_short(**given: Any) -> Any:
        calls.append(given["StackName"])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return execute(**given)

    with monkeypatch.context() as patch:
        patch.setattr(cloudformation, "execute_change_set", cut_short)
        with pytest.raises(KeyboardInterrupt):
            Apply(aws, stage, yes).run(wanted)
    assert stack_names(aws) == {names.DELIVERY_STACK}, "what was not begun is not left half open"
    capsys.readouterr()
    Apply(aws, stage, yes).run(wanted)
    assert f"No changes: {names.DELIVERY_STACK}" in capsys.readouterr().err
    assert stack_names(aws) == {one.name for one in wanted}


def test_what_lasts_is_protected_from_being_deleted(aws: Aws, stage: Stage) -> None:
    Apply(aws, stage, yes).run(some(stage, "delivery", "alarms"))
    described = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert {one["StackName"]: one["EnableTerminationProtection"] for one in described} == {
        names.DELIVERY_STACK: True,
        names.stack("live", "alarms"): False,
    }


def test_what_a_run_that_was_cut_short_left_unprotected_is_protected(aws: Aws, stage: Stage) -> None:
    wanted = some(stage, "delivery")
    Apply(aws, stage, yes).run(wanted)
    cloudformation = aws.client("cloudformation")
    cloudformation.update_termination_protection(
        StackName=names.DELIVERY_STACK, EnableTerminationProtection=False
    )

    def protected() -> bool:
        [one] = cloudformation.describe_stacks(StackName=names.DELIVERY_STACK)["Stacks"]
        return bool(one["EnableTerminationProtection"])

    Apply(aws, stage, yes, dry_run=True).run(wanted)
    assert not protected()
    Apply(aws, stage, yes).run(wanted)
    assert protected()


def test_what_failed_at_its_birth_is_deleted_only_when_somebody_said_yes(
    aws: Aws, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    wanted = some(stage, "delivery", "alarms")
    Apply(aws, stage, yes).run(some(stage, "alarms"))
    [alarms] = [one.name for one in wanted if one.name.endswith("alarms")]

    def stack_id() -> str:
        return str(aws.client("cloudformation").describe_stacks(StackName=alarms)["Stacks"][0]["StackId"])

    born = stack_id()
    told_by_aws = apply.status
    failed = {alarms: "ROLLBACK_COMPLETE"}
    monkeypatch.setattr(apply, "status", lambda client, name: failed.get(name) or told_by_aws(client, name))
    asked: list[str] = []
    for run in (
        Apply(aws, stage, yes, dry_run=True),
        Apply(aws, stage, lambda question: bool(asked.append(question))),
    ):
        with nullcontext() if run.dry_run else pytest.raises(Refused):
            run.run(wanted)
        shown = capsys.readouterr().out
        assert f"{alarms} (ROLLBACK_COMPLETE)  delete, make anew  Topic " in shown
        assert stack_names(aws) == {alarms}, "not even the other one is begun"
        assert stack_id() == born
    assert asked == ["Change 2 stacks of live?"]
    Apply(aws, stage, yes).run(wanted)
    assert stack_names(aws) == {one.name for one in wanted}
    assert stack_id() != born
    capsys.readouterr()

    # What is kept when its stack is deleted would have its name still, whatever is said.
    failed[names.DELIVERY_STACK] = "CREATE_FAILED"
    bucket, born = names.bundles_bucket(ACCOUNT, stage.region), stack_id()
    with pytest.raises(
        Refused, match=rf"{bucket} \({names.DELIVERY_STACK}\).*\n.*import .*a-stack-that-fails"
    ):
        Apply(aws, stage, yes, replace=[f"{names.DELIVERY_STACK}/Bundles"]).run(wanted)
    shown = capsys.readouterr().out
    failed_so = rf"{names.DELIVERY_STACK} \(CREATE_FAILED\) +"
    assert re.search(rf"{failed_so}KEPT, IN THE WAY +Bundles ", shown)
    assert re.search(rf"{failed_so}KEPT, IN THE WAY +Lock ", shown)
    assert stack_id() == born, "the other one is as it was, too"


def replacing(changes: Sequence[Change]) -> Any:
    def look(self: Apply, chosen: Sequence[Stack]) -> list[Proposal]:
        return [Proposal(one, "arn", changes=changes) for one in chosen]

    return look


def test_what_would_be_replaced_is_refused_and_named(
    aws: Aws, stage: Stage, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    lost = Change("Modify", "Cache", "AWS::ElastiCache::ReplicationGroup", "True", "ReplaceAndDelete")
    role = Change("Modify", "Forgetting", "AWS::IAM::Role", "True", "ReplaceAndDelete")
    monkeypatch.setattr(Apply, "_look", replacing([lost, role]))
    for given in ((), ("polymacaron-live-cache/Doors",)):
        with pytest.raises(Refused, match=r"drawn anew: polymacaron-live-cache/Cache\.\n") as refused:
            Apply(aws, stage, yes, replace=given).run(some(stage, "cache"))
        shown = capsys.readouterr().out
        assert "REPLACE  Cache" in shown
        assert "REPLACE  Forgetting" in shown, "which is shown, and is no loss"
    # What it says is to be typed does it.
    [named] = re.findall(r"ARGS='--replace (\S+)'", str(refused.value))
    asked: list[str] = []
    with pytest.raises(Refused, match="nothing was changed"):
        Apply(aws, stage, lambda question: bool(asked.append(question)), replace=[named]).run(
            some(stage, "cache")
        )
    assert asked == ["Change 1 stacks of live?"]


def test_another_account_is_not_touched(aws: Aws, stage: Stage) -> None:
    with pytest.raises(AwsError, match=rf"account {ACCOUNT} .*999988887777"):
        Apply(aws, replace(stage, account="999988887777"), yes).run()
    assert stack_names(aws) == set()


def test_a_provider_that_the_account_has_is_not_made_again(aws: Aws, stage: Stage) -> None:
    aws.client("iam").create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    Apply(aws, stage, yes).run(some(stage, "github", "alarms"))
    assert stack_names(aws) == {names.stack("live", "alarms")}
