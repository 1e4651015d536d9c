"""Stacks applied to ministack, which makes what moto does not, tells each resource's events, and rolls back.

It refuses metric math, Beanstalk and OIDC: alarms of several metrics are cut out here. That passwords
have no punctuation, that point-in-time recovery is on and such it drops; cfn-lint knows those properties.
"""

import json
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage, load_stage
from infra.local.throwaway import reserved_port
from infra.stacks.apply import Apply, Refused
from infra.stacks.changes import status
from infra.stacks.plan import Stack, stacks
from infra.stacks.programs import EMULATOR, ensure_venv
from infra.stacks.secret import put_entry

PART_OF_SEVERAL_METRICS = re.compile(r"(?m)^  (Busy|RequestsFail):\n(?:(?:    .*)?\n)*")


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    command, folder = str(ensure_venv(EMULATOR) / "ministack"), tmp_path_factory.mktemp("ministack")
    with reserved_port() as port, (folder / "log").open("w") as log:
        environment = {"GATEWAY_PORT": str(port), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(
            [command], env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            deadline = time.monotonic() + 60
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    ended = process.poll() is not None or time.monotonic() > deadline
                    assert not ended, (folder / "log").read_text()[-2000:]
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@pytest.fixture
def aws(ministack: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", ministack)
    urlopen(Request(f"{ministack}/_ministack/reset", method="POST"), timeout=30).close()  # noqa: S310
    return Aws("eu-west-1")


@pytest.fixture
def stage(aws: Aws) -> Stage:
    """The stage live, in the account and the VPC that ministack has."""
    live = load_stage("live")
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    first, second = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    network = replace(live.network, vpc=vpc, instance_subnets=(first, second))
    return replace(live, account=aws.client("sts").get_caller_identity()["Account"], network=network)


def yes(_: str) -> bool:
    return True


def some(stage: Stage, folder: Path, *parts: str) -> list[Stack]:
    """Stacks of the stage, without what ministack refuses."""
    found = []
    for stack in stacks(stage):
        if stack.name.endswith(parts):
            template = folder / f"{stack.name}.yaml"
            template.write_text(PART_OF_SEVERAL_METRICS.sub("", stack.template.read_text()))
            found.append(replace(stack, template=template))
    return found


def test_the_cache_has_a_password_that_only_its_address_tells(aws: Aws, stage: Stage, tmp_path: Path) -> None:
    Apply(aws, stage, yes, pause=no_pause).run(some(stage, tmp_path, "cache"))
    [cache] = aws.client("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert cache["ReplicationGroupId"] == names.cache("live")
    assert len(cache["MemberClusters"]) == 1 + stage.cache.replicas
    assert cache["TransitEncryptionEnabled"]
    assert cache["AtRestEncryptionEnabled"]
    secrets = aws.client("secretsmanager")
    password = secrets.get_secret_value(SecretId=f"{names.cache_secret('live')}-password")["SecretString"]
    assert len(password) == 64
    told = secrets.get_secret_value(SecretId=names.cache_secret("live"))["SecretString"]
    assert told.startswith('{"url": "rediss://:')
    assert told.endswith(':6379/0"}')
    template = aws.client("cloudformation").get_template(StackName=names.stack("live", "cache"))
    assert password not in str(template["TemplateBody"])


def test_alarms_and_what_they_count_are_there(aws: Aws, stage: Stage, tmp_path: Path) -> None:
    Apply(aws, stage, yes, pause=no_pause).run(some(stage, tmp_path, "todos-instances", "live-cache"))
    alarms = {one["AlarmName"]: one for one in aws.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert set(alarms) == {
        *(f"polymacaron-live-cache-{what}" for what in ("full", "evicts")),
        *(
            f"polymacaron-live-todos-{what}"
            for what in ("requests-slow", "tasks-parked", "database-throttles", "database-away")
        ),
    }
    for alarm in alarms.values():
        [topic] = alarm["AlarmActions"]
        assert topic.endswith(f":{names.alarms_topic('live')}")
    filters = aws.client("logs").describe_metric_filters(logGroupName=names.log_group("todos", "live"))
    counted = {
        one["metricTransformations"][0]["metricName"]: one["filterPattern"]
        for one in filters["metricFilters"]
    }
    assert counted["live-todos-parked"] == '{ $.event = "operation parked" }'
    for name, alarm in alarms.items():
        if "todos" in name:
            assert alarm["MetricName"] in counted, f"{name} counts what nobody tells"


def test_what_the_stage_says_otherwise_is_changed_and_nothing_else(
    aws: Aws, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = ("todos-instances", "todos-secrets")
    Apply(aws, stage, yes, pause=no_pause).run(some(stage, tmp_path, *parts))
    secrets, name = aws.client("secretsmanager"), names.secret("todos", "live")
    drawn = secrets.get_secret_value(SecretId=name)["SecretString"]
    capsys.readouterr()
    longer = replace(stage, log_days=365)
    # ministack says of any change that it could be a replacement.
    log_of_todos = f"{names.service_stack('todos', 'live', 'instances')}/Log"
    Apply(aws, longer, yes, replace=[log_of_todos], pause=no_pause).run(some(longer, tmp_path, *parts))
    assert "No changes: polymacaron-live-todos-secrets" in capsys.readouterr().err
    [log] = aws.client("logs").describe_log_groups()["logGroups"]
    assert log["retentionInDays"] == 365
    assert secrets.get_secret_value(SecretId=name)["SecretString"] == drawn


def test_what_fails_at_birth_tells_its_first_cause_and_is_made_again(
    aws: Aws, stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    [refused] = [one for one in stacks(stage) if one.name.endswith("todos-instances")]  # with metric math
    with pytest.raises(AwsError, match=r"ROLLBACK_COMPLETE\. First cause: RequestsFail .*metric math"):
        Apply(aws, stage, yes, pause=no_pause).run([refused])
    assert aws.client("logs").describe_log_groups()["logGroups"] == []
    capsys.readouterr()
    wanted = some(stage, tmp_path, "todos-instances")
    name = wanted[0].name
    Apply(aws, stage, yes, dry_run=True, pause=no_pause).run(wanted)
    told = f"{name} (ROLLBACK_COMPLETE)  delete, make anew"
    assert told in capsys.readouterr().out
    with pytest.raises(Refused):
        Apply(aws, stage, lambda _: False, pause=no_pause).run(wanted)
    assert status(aws.client("cloudformation"), name) == "ROLLBACK_COMPLETE", "nobody has said yes"
    Apply(aws, stage, yes, pause=no_pause).run(wanted)
    assert told in capsys.readouterr().out
    assert len(aws.client("logs").describe_log_groups()["logGroups"]) == 1


def test_an_entry_is_put_into_a_secret_beside_what_was_drawn(aws: Aws, stage: Stage, tmp_path: Path) -> None:
    Apply(aws, stage, yes, pause=no_pause).run(some(stage, tmp_path, "auth-secrets"))
    secrets, name = aws.client("secretsmanager"), names.secret("auth", "live")
    drawn = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])["key_secret"]
    assert len(drawn) == 64
    put_entry(aws, stage, "auth", "smtp_url", lambda: "smtps://user:password@mail.example.com:465")
    held = json.loads(secrets.get_secret_value(SecretId=name)["SecretString"])
    assert held == {"key_secret": drawn, "smtp_url": "smtps://user:password@mail.example.com:465"}
    with pytest.raises(AwsError, match=r"no entry smpt_url, only key_secret, smtp_url\.\n"):
        put_entry(aws, stage, "auth", "smpt_url", lambda: "x")
    with pytest.raises(AwsError, match="empty value"):
        put_entry(aws, stage, "auth", "smtp_url", lambda: "")
    with pytest.raises(AwsError, match="there is no secret polymacaron/live/todos: `make stacks"):
        put_entry(aws, stage, "todos", "cursor_secret", lambda: "x")


def test_what_lasts_outlives_its_stack(aws: Aws, stage: Stage, tmp_path: Path) -> None:
    Apply(aws, stage, yes, pause=no_pause).run(some(stage, tmp_path, "todos-secrets"))
    cloudformation, name = aws.client("cloudformation"), names.service_stack("todos", "live", "secrets")
    cloudformation.update_termination_protection(StackName=name, EnableTerminationProtection=False)
    cloudformation.delete_stack(StackName=name)
    assert aws.client("secretsmanager").get_secret_value(SecretId=names.secret("todos", "live"))[
        "SecretString"
    ]


def no_pause(_: float) -> None:
    time.sleep(0.05)
