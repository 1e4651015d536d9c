import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from infra.aws import names
from infra.aws.errors import AwsError
from infra.aws.stage import load_stage, stage_names
from infra.aws.told import told
from infra.local.ports import SERVICES
from infra.stacks.plan import TEMPLATES, stacks
from infra.stacks.tests.template import read


@pytest.mark.parametrize("name", stage_names())
def test_every_template_gets_the_parameters_it_has_and_no_other(name: str) -> None:
    for stack in stacks(load_stage(name)):
        has = read(stack.template).get("Parameters", {})
        required = {one for one, what in has.items() if "Default" not in what}
        assert required <= set(stack.parameters) <= set(has), stack.name
        assert len(stack.template.read_bytes()) <= 51_200, "CloudFormation takes no more in a call"


GLOBAL = {
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::OIDCProvider": "Url",
    "AWS::IAM::Role": "RoleName",
    "AWS::S3::Bucket": "BucketName",
}
"""Of what AWS knows in a whole account, or in all of them, how it is called."""


def global_names(name: str, region: str) -> dict[str, str]:
    """What the stacks of a stage in a region make that is known beyond it, by its name: in which stack."""
    found = {}
    for stack in stacks(replace(load_stage(name), region=region)):
        for resource in read(stack.template)["Resources"].values():
            kind = resource["Type"]
            assert kind in GLOBAL or not kind.startswith(("AWS::IAM::", "AWS::S3::B")) or "Policy" in kind
            if kind in GLOBAL:
                told = resource["Properties"][GLOBAL[kind]]
                found[f"{kind} {stack.parameters.get(told, told)}"] = stack.name
    return found


def test_stages_of_an_account_that_are_in_two_regions_share_no_name_but_github() -> None:
    here, there = global_names("live", "eu-west-1"), global_names("staging", "us-east-1")
    assert {here[one] for one in here.keys() & there.keys()} == {names.GITHUB_STACK}, "which looks first"
    assert len(here) == 4 + 3 * len(SERVICES) + 1, "roles, roles and profiles of services, the bucket, GitHub"


def test_tables_of_another_prefix_are_in_another_stack(tmp_path: Path) -> None:
    # The stack that has the tables in use would replace them all.
    def of_tables(prefix: str) -> str:
        (tmp_path / "default.yaml").write_text("all: {}")
        (tmp_path / "live.yaml").write_text(
            f"all: {{table_prefix: live-}}\ntodos: {{table_prefix: {prefix}}}"
        )
        found = stacks(load_stage("live"), tmp_path)
        [one] = [one for one in found if one.template == TEMPLATES / "data" / "todos.yaml"]
        assert one.parameters == {"TablePrefix": prefix}
        return one.name

    assert of_tables("live-") == "polymacaron-live-todos-data"
    assert of_tables("live2-") == "polymacaron-live-todos-data-live2"


@pytest.mark.parametrize(
    ("live", "staging", "places"),
    [
        ("all: {}", "all: {}", ("live.yaml, which leaves it out", "staging.yaml, which leaves it out")),
        ("all: {table_prefix: a-}", "all:\n  table_prefix: a-", ("live.yaml:1", "staging.yaml:2")),
    ],
)
def test_two_stages_of_an_account_do_not_have_the_same_tables(
    tmp_path: Path, live: str, staging: str, places: tuple[str, str]
) -> None:
    def write(**files: str) -> None:
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)

    write(default="all: {}", live=live, staging=staging)
    here, there = map(re.escape, places)
    with pytest.raises(AwsError, match=rf"^auth .* at live and at staging: .*/{here}, and by .*/{there}\.\n"):
        stacks(load_stage("live"), tmp_path)
    assert stacks(replace(load_stage("live"), region="eu-central-1"), tmp_path), "each region has its own"
    assert stacks(replace(load_stage("live"), account="999988887777"), tmp_path)
    write(staging="all: {table_prefix: staging-}")
    assert stacks(load_stage("live"), tmp_path)
    write(staging="all: {tabel_prefix: staging-}")
    assert stacks(load_stage("live"), tmp_path), "what is wrong at staging is told to who applies that"


def test_every_template_is_applied() -> None:
    used = {stack.template for name in stage_names() for stack in stacks(load_stage(name))}
    assert used == set(TEMPLATES.rglob("*.yaml"))


def test_no_two_stacks_have_one_name() -> None:
    by_stage = [{stack.name for stack in stacks(load_stage(name))} for name in stage_names()]
    shared = set.intersection(*by_stage)
    assert shared == {names.GITHUB_STACK, names.DELIVERY_STACK, *map(names.delivery_stack, SERVICES)}
    for stack in stacks(load_stage("live")):
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,127}", stack.name)


@pytest.mark.parametrize("name", stage_names())
@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_is_told_to_fetch_is_made_by_a_stack(name: str, service: str) -> None:
    made = {names.cache_secret(name): {"url"}}
    for template in (TEMPLATES / "secrets").glob("*.yaml"):
        for secret in read(template)["Resources"].values():
            of = secret["Properties"]["Name"].replace("${Name}", "Name")
            drawn = secret["Properties"]["GenerateSecretString"]
            entries = json.loads(drawn.get("SecretStringTemplate", "{}")).keys()
            made[of.replace("Name", names.secret(template.stem, name))] = {
                drawn.get("GenerateStringKey", ""),
                *entries,
            }
    for kind, of, entry in told(name, service).references:
        assert kind == "aws-secret"
        if entry and of == names.secret(service, name):
            # One that came after the secret was drawn is in no template: `make secret` puts it.
            assert of in made, f"config/{name}.yaml names {of}, which no stack makes"
            continue
        assert entry in made.get(of, ()), f"config/{name}.yaml names {of}#{entry}, which no stack makes"


def test_images_are_scanned_and_never_replaced_under_their_tag() -> None:
    repositories = [
        resource["Properties"]
        for name in ("delivery.yaml", "delivery-service.yaml")
        for resource in read(TEMPLATES / name)["Resources"].values()
        if resource["Type"] == "AWS::ECR::Repository"
    ]
    assert len(repositories) == 2
    for one in repositories:
        assert one["ImageTagMutability"] == "IMMUTABLE"
        assert one["ImageScanningConfiguration"] == {"ScanOnPush": True}
        json.loads(one["LifecyclePolicy"]["LifecyclePolicyText"])


def test_an_image_outlasts_every_version_that_names_it() -> None:
    of_service = read(TEMPLATES / "delivery-service.yaml")["Resources"]
    versions = of_service["Versions"]["Properties"]["ResourceLifecycleConfig"]["VersionLifecycleConfig"]
    kept = versions["MaxCountRule"]["MaxCount"]
    for repository in (of_service["Images"], read(TEMPLATES / "delivery.yaml")["Resources"]["Proxy"]):
        rules = json.loads(repository["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])["rules"]
        [commits] = [
            one["selection"]["countNumber"] for one in rules if one["selection"]["tagStatus"] == "any"
        ]
        # The proxy has one for each commit of each service, and live may stand still while staging goes on.
        assert commits >= 10 * kept * len(SERVICES)


def test_bundles_are_versioned_encrypted_and_nobodys_else() -> None:
    resources = read(TEMPLATES / "delivery.yaml")["Resources"]
    bucket = resources["Bundles"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    [denied] = resources["BundlesByTlsOnly"]["Properties"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_nothing_keeps_events_from_the_operators() -> None:
    # EventBridge gives a topic no context: of a statement with a condition it would meet none.
    policy = read(TEMPLATES / "alarms.yaml")["Resources"]["Publishers"]["Properties"]["PolicyDocument"]
    by_service = {one["Principal"]["Service"]: one for one in policy["Statement"]}
    assert "Condition" not in by_service["events.amazonaws.com"]
    assert "aws:SourceAccount" in str(by_service["cloudwatch.amazonaws.com"]["Condition"])


def test_what_lasts_is_kept_and_protected() -> None:
    for stack in stacks(load_stage("live")):
        for name, resource in read(stack.template)["Resources"].items():
            if resource["Type"] in (
                "AWS::DynamoDB::Table",
                "AWS::S3::Bucket",
                "AWS::ECR::Repository",
                "AWS::Logs::LogGroup",
            ) or (stack.lasting and resource["Type"] == "AWS::SecretsManager::Secret"):
                assert resource["DeletionPolicy"] in ("Retain", "RetainExceptOnCreate"), (
                    f"{stack.name}: {name}"
                )
                assert resource["UpdateReplacePolicy"] == "Retain", f"{stack.name}: {name}"


def test_arns_are_of_the_partition_of_the_region() -> None:
    stage = replace(load_stage("live"), region="cn-north-1")
    [parameters] = [one.parameters for one in stacks(stage) if one.name.endswith("todos-instances")]
    assert parameters["AlarmsTopic"].startswith("arn:aws-cn:sns:cn-north-1:")
    assert parameters["Secrets"].startswith("arn:aws-cn:secretsmanager:cn-north-1:")
