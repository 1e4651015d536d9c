"""What each role may do, call by call, by the policies it has once the stacks are there."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import pytest
import yaml

from infra.aws import names
from infra.aws.clients import Aws
from infra.aws.stage import Stage, load_stage
from infra.deploy import calls
from infra.local.ports import SERVICES
from infra.stacks.apply import Apply
from infra.stacks.plan import stacks
from infra.stacks.tests.conftest import ACCOUNT, REGION, empty_account, live_in
from infra.stacks.tests.policies import allowed, several
from infra.stacks.tests.template import read

Statements = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Role:
    trust: Statements
    may: Statements


@pytest.fixture(scope="module")
def roles(moto_server: str) -> Mapping[str, Role]:
    """Every role that the stacks of live make, by its name."""
    with empty_account(moto_server) as aws:
        stage = live_in(aws)
        wanted = [one for one in stacks(stage) if one.name.endswith(("roles", "instances"))]
        with pytest.warns(UserWarning, match="not supported by moto"):
            Apply(aws, stage, lambda _: True).run(wanted)
        return {one["RoleName"]: of_role(aws, one) for one in aws.client("iam").list_roles()["Roles"]}


def of_role(aws: Aws, role: Mapping[str, Any]) -> Role:
    iam, name = aws.client("iam"), role["RoleName"]
    assert not iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"], "all of it is spelled out"
    policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
    documents = [iam.get_role_policy(RoleName=name, PolicyName=one)["PolicyDocument"] for one in policies]
    # moto does not write it as JSON, and AWS::NoValue as a word.
    statements = [one for document in documents for one in yaml.safe_load(unquote(document))["Statement"]]
    return Role(role["AssumeRolePolicyDocument"]["Statement"], [one for one in statements if one != "None"])


def arn(service: str, rest: str, region: str = REGION, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def secret(name: str) -> str:
    return arn("secretsmanager", f"secret:{name}-a1B2c3")


BUNDLES = f"arn:aws:s3:::{names.bundles_bucket(ACCOUNT, REGION)}"
BEANSTALKS = f"arn:aws:s3:::elasticbeanstalk-{REGION}-{ACCOUNT}"
OWN = [
    ("dynamodb:GetItem", arn("dynamodb", "table/live-todos-todos")),
    ("dynamodb:Query", arn("dynamodb", "table/live-todos-todos/index/by-due")),
    ("dynamodb:ConditionCheckItem", arn("dynamodb", "table/live-todos-operations")),
    ("sqs:SendMessage", arn("sqs", "live-todos-todos")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/live/todos")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/live/redis")),
    ("logs:PutLogEvents", arn("logs", "log-group:/polymacaron/live/todos:log-stream:web/1")),
    ("ecr:GetAuthorizationToken", "*"),
    ("sqs:ListQueues", "*"),
    ("ecr:BatchGetImage", arn("ecr", "repository/polymacaron/todos")),
    ("ecr:BatchGetImage", arn("ecr", "repository/polymacaron/proxy")),
    (
        "elasticbeanstalk:PutInstanceStatistics",
        arn("elasticbeanstalk", "environment/polymacaron-todos/todos-live-0123456"),
    ),
    ("s3:GetObject", f"{BUNDLES}/{names.bundle_key('todos', 'live', '0' * 40)}"),
    (
        "s3:GetObject",
        f"{BEANSTALKS}/resources/environments/e-abc/_runtime/_versions/polymacaron-todos/live-0",
    ),
    (
        "logs:CreateLogStream",
        arn("logs", "log-group:/aws/elasticbeanstalk/todos-live-0123456/var/log/messages:x"),
    ),
]
OTHERS = [
    ("dynamodb:GetItem", arn("dynamodb", "table/live-auth-users")),
    ("dynamodb:GetItem", arn("dynamodb", "table/staging-todos-todos")),
    ("dynamodb:GetItem", arn("dynamodb", "table/live-todos")),
    ("dynamodb:GetItem", arn("dynamodb", "table/live-todos-todos", account="999988887777")),
    ("dynamodb:DeleteTable", arn("dynamodb", "table/live-todos-todos")),
    ("dynamodb:UpdateTimeToLive", arn("dynamodb", "table/live-todos-todos")),
    ("dynamodb:PutItem", arn("dynamodb", f"table/{names.LOCK_TABLE}")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/live/auth")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/staging/todos")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/live/todos-and-more")),
    ("secretsmanager:GetSecretValue", secret("polymacaron/live/redis-password")),
    ("secretsmanager:PutSecretValue", secret("polymacaron/live/todos")),
    ("ssm:GetParameter", arn("ssm", "parameter/polymacaron/live/anything")),
    ("sqs:ReceiveMessage", arn("sqs", "live-auth-auth")),
    ("logs:PutLogEvents", arn("logs", "log-group:/polymacaron/live/auth:log-stream:web/1")),
    ("logs:DeleteLogGroup", arn("logs", "log-group:/polymacaron/live/todos")),
    ("ecr:BatchGetImage", arn("ecr", "repository/polymacaron/auth")),
    ("ecr:PutImage", arn("ecr", "repository/polymacaron/todos")),
    ("s3:GetObject", "arn:aws:s3:::anything/at-all"),
    ("s3:GetObject", f"{BUNDLES}/auth/live/x.zip"),
    ("s3:GetObject", f"{BUNDLES}/{names.bundle_key('todos', 'staging', '0' * 40)}"),
    ("s3:GetObject", f"{BEANSTALKS}/resources/environments/logs/publish/e-abc/i-1/x.zip"),
    ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/polymacaron-live-todos"),
    ("iam:CreateUser", "*"),
    ("sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/polymacaron-live-deploy"),
    ("elasticbeanstalk:TerminateEnvironment", "*"),
    ("ec2:RunInstances", "*"),
]


KNOW_NO_RESOURCE = frozenset(
    {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeNotificationConfigurations",
        "autoscaling:DescribeScalingActivities",
        "cloudformation:ListStacks",
        "cloudformation:ValidateTemplate",
        "cloudwatch:GetMetricData",
        "cloudwatch:GetMetricStatistics",
        "cloudwatch:ListMetrics",
        "cloudwatch:PutMetricData",
        "dynamodb:ListTables",
        "ec2:DescribeAddresses",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstances",
        "ec2:DescribeSecurityGroups",
        "ecr:GetAuthorizationToken",
        "elasticbeanstalk:CheckDNSAvailability",
        "elasticbeanstalk:CreateStorageLocation",
        "elasticbeanstalk:DescribeAccountAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTargetHealth",
        "iam:ListServerCertificates",
        "logs:DescribeLogGroups",
        "s3:ListAllMyBuckets",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetRandomPassword",
        "secretsmanager:ListSecrets",
        "sns:GetSubscriptionAttributes",
        "sns:ListSubscriptions",
        "sns:ListTopics",
        "sns:Unsubscribe",
        "sqs:ListQueues",
        "ssm:DescribeParameters",
        "sts:GetCallerIdentity",
    }
)
"""Actions that are granted for all resources or not at all: with an ARN a statement grants none of them.

Source: https://docs.aws.amazon.com/service-authorization/latest/reference/, where the column of resource
types is empty. Those of the services here that a template has, or may well have one day.
"""


def test_no_action_is_granted_for_an_arn_that_knows_none() -> None:
    granted = [
        (stack.template.name, action)
        for stack in stacks(load_stage("live"))
        for resource in read(stack.template)["Resources"].values()
        for policy in resource["Properties"].get("Policies", ())
        for said in policy["PolicyDocument"]["Statement"]
        for statement in ([said] if isinstance(said, dict) else said)  # a list: !If
        if isinstance(statement, dict) and statement["Resource"] != "*"
        for action in several(statement["Action"])
    ]
    assert len(granted) > 100
    assert [one for one in granted if one[1] in KNOW_NO_RESOURCE] == []


def test_an_instance_may_set_the_hop_limit_of_its_services_instances_alone(roles: Mapping[str, Role]) -> None:
    # Which the bundle has it do as it starts: without it the containers would have no credentials.
    statements = roles[names.instance_profile("todos", "live")].may

    def may(environment: str) -> bool:
        tags = {"aws:ResourceTag/elasticbeanstalk:environment-name": environment}
        instance = arn("ec2", "instance/i-0123456789abcdef0")
        return allowed(statements, "ec2:ModifyInstanceMetadataOptions", instance, tags)

    assert may("todos-live-0123456")
    assert not may("auth-live-0123456")
    assert not may("todos-staging-0123456")


def test_an_instance_may_what_its_service_does_and_no_more(roles: Mapping[str, Role]) -> None:
    statements = roles[names.instance_profile("todos", "live")].may
    assert [call for call in OWN if not allowed(statements, *call, {})] == []
    assert [call for call in OTHERS if allowed(statements, *call, {})] == []


@pytest.mark.parametrize("service", SERVICES)
def test_no_service_reaches_what_is_of_another(roles: Mapping[str, Role], service: str) -> None:
    statements = roles[names.instance_profile(service, "live")].may
    for other in set(SERVICES) - {service}:
        of_other = [
            ("dynamodb:GetItem", arn("dynamodb", f"table/live-{other}-operations")),
            ("secretsmanager:GetSecretValue", secret(names.secret(other, "live"))),
            ("sqs:ReceiveMessage", arn("sqs", f"live-{other}-{other}")),
            (
                "logs:PutLogEvents",
                arn("logs", f"log-group:{names.log_group(other, 'live')}:log-stream:web/1"),
            ),
            ("ecr:BatchGetImage", arn("ecr", f"repository/{names.repository(other)}")),
        ]
        assert [call for call in of_other if allowed(statements, *call, {})] == []


def test_a_service_that_is_told_of_no_secret_may_read_none(roles: Mapping[str, Role]) -> None:
    statements = roles[names.instance_profile("profiles", "live")].may
    assert not any("secretsmanager" in str(one) for one in statements)


def test_a_role_of_instances_is_for_instances_alone(roles: Mapping[str, Role]) -> None:
    trusted = [one["Principal"] for one in roles[names.instance_profile("todos", "live")].trust]
    assert trusted == [{"Service": "ec2.amazonaws.com"}]


def test_beanstalk_may_make_environments_and_nothing_of_ours(roles: Mapping[str, Role]) -> None:
    statements = roles[names.operations_role("live")].may
    to_ec2 = {"iam:PassedToService": "ec2.amazonaws.com"}
    template = {"ec2:LaunchTemplate": arn("ec2", "launch-template/lt-1")}
    may: list[tuple[str, str, dict[str, str]]] = [
        ("cloudformation:CreateStack", arn("cloudformation", "stack/awseb-e-abc-stack/1"), {}),
        ("ec2:RunInstances", arn("ec2", "instance/*"), template),
        (
            "elasticloadbalancing:CreateLoadBalancer",
            arn("elasticloadbalancing", "loadbalancer/app/awseb-x/1"),
            {},
        ),
        ("ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-1"), {}),
        ("ssm:GetParameters", arn("ssm", f"parameter{names.cache_group('live')}"), {}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{names.instance_profile('todos', 'live')}", to_ec2),
    ]
    may_not: list[tuple[str, str, dict[str, str]]] = [
        ("cloudformation:DeleteStack", arn("cloudformation", "stack/polymacaron-live-todos-data/1"), {}),
        ("ec2:RunInstances", arn("ec2", "instance/*"), {}),
        ("ec2:TerminateInstances", arn("ec2", "instance/i-1"), {}),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{names.instance_profile('todos', 'staging')}", to_ec2),
        ("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/admin", to_ec2),
        ("iam:CreateRole", "*", {}),
        ("dynamodb:GetItem", arn("dynamodb", "table/live-todos-todos"), {}),
        ("secretsmanager:GetSecretValue", secret("polymacaron/live/todos"), {}),
        ("s3:GetObject", f"{BUNDLES}/{names.bundle_key('todos', 'staging', '0' * 40)}", {}),
    ]
    assert [call for call in may if not allowed(statements, *call)] == []
    assert [call for call in may_not if allowed(statements, *call)] == []


def test_the_policies_of_a_role_are_no_longer_than_iam_takes(roles: Mapping[str, Role]) -> None:
    for name, role in roles.items():
        written = json.dumps({"Version": "2012-10-17", "Statement": role.may}, separators=(",", ":"))
        assert len(written) <= 10_240, name


def test_whoever_deploys_to_one_stage_touches_no_other(roles: Mapping[str, Role]) -> None:
    statements = roles[names.deploy_role("live")].may
    beanstalk = {"iam:PassedToService": "elasticbeanstalk.amazonaws.com"}

    def environment(stage: str) -> str:
        return arn(
            "elasticbeanstalk", f"environment/polymacaron-todos/{names.environment('todos', stage, '0' * 40)}"
        )

    def lock(stage: str) -> dict[str, Sequence[str]]:
        return {"dynamodb:LeadingKeys": [f"todos-{stage}"]}

    def bundle(stage: str) -> str:
        return f"{BUNDLES}/{names.bundle_key('todos', stage, '0' * 40)}"

    table = arn("dynamodb", f"table/{names.LOCK_TABLE}")
    role = f"arn:aws:iam::{ACCOUNT}:role/"
    may: list[tuple[str, str, Mapping[str, Any]]] = [
        ("elasticbeanstalk:CreateEnvironment", environment("live"), {}),
        ("elasticbeanstalk:SwapEnvironmentCNAMEs", environment("live"), {}),
        ("dynamodb:PutItem", table, lock("live")),
        ("ecr:PutImage", arn("ecr", "repository/polymacaron/todos"), {}),
        ("s3:PutObject", bundle("live"), {}),
        ("s3:GetObject", bundle("live"), {}),
        ("s3:PutObject", f"{BUNDLES}/{names.parts_key('todos', '0' * 40)}", {}),
        ("s3:ListBucket", BUNDLES, {"s3:prefix": names.bundle_key("todos", "live", "0" * 40)}),
        ("s3:GetObject", f"{BEANSTALKS}/resources/environments/logs/tail/e-abc/i-1/TailLogs-1.out", {}),
        ("iam:PassRole", role + names.operations_role("live"), beanstalk),
        ("iam:PassRole", role + names.service_role("live"), beanstalk),
    ]
    may_not: list[tuple[str, str, Mapping[str, Any]]] = [
        ("elasticbeanstalk:TerminateEnvironment", environment("staging"), {}),
        ("dynamodb:PutItem", table, lock("staging")),
        ("dynamodb:GetItem", arn("dynamodb", "table/live-todos-todos"), lock("live")),
        ("iam:PassRole", role + names.operations_role("staging"), beanstalk),
        ("iam:PassRole", role + names.operations_role("live"), {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", role + "admin", beanstalk),
        ("iam:CreateRole", "*", {}),
        ("iam:PutRolePolicy", role + names.deploy_role("live"), {}),
        ("cloudformation:UpdateStack", arn("cloudformation", "stack/polymacaron-live-roles/1"), {}),
        ("ecr:DeleteRepository", arn("ecr", "repository/polymacaron/todos"), {}),
        ("ecr:BatchDeleteImage", arn("ecr", "repository/polymacaron/todos"), {}),
        ("s3:DeleteObject", bundle("live"), {}),
        ("s3:PutObject", bundle("staging"), {}),
        ("s3:GetObject", bundle("staging"), {}),
        ("s3:ListBucket", BUNDLES, {"s3:prefix": names.bundle_key("todos", "staging", "0" * 40)}),
        ("s3:ListBucket", BUNDLES, {}),
        ("s3:GetObject", f"{BEANSTALKS}/resources/environments/logs/publish/e-abc/i-1/x.zip", {}),
        ("secretsmanager:GetSecretValue", secret("polymacaron/live/todos"), {}),
        ("elasticbeanstalk:DeleteApplication", "*", {}),
    ]
    assert [call for call in may if not allowed(statements, *call)] == []
    assert [call for call in may_not if allowed(statements, *call)] == []


def test_whoever_deploys_may_call_what_the_pipeline_calls_and_nothing_else(roles: Mapping[str, Role]) -> None:
    own = [one for one in roles[names.deploy_role("live")].may if not one["Sid"].startswith("OnTop")]
    assert sorted(action for one in own for action in several(one["Action"])) == calls.actions()


def test_only_the_named_job_of_ci_takes_the_deploy_role(roles: Mapping[str, Role]) -> None:
    [statement] = roles[names.deploy_role("live")].trust
    trust = [{**{key: value for key, value in statement.items() if key != "Principal"}, "Resource": "*"}]
    of_job = {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
        "token.actions.githubusercontent.com:sub": "repo:example/polymacaron:environment:live",
    }
    other = {**of_job, "token.actions.githubusercontent.com:sub": "repo:example/polymacaron:ref:refs/heads/x"}
    assert allowed(trust, "sts:AssumeRoleWithWebIdentity", "*", of_job)
    assert not allowed(trust, "sts:AssumeRoleWithWebIdentity", "*", other)


def test_without_a_job_there_is_no_deploy_role(aws: Aws, stage: Stage) -> None:
    alone = replace(stage, deployer=None)
    wanted = stacks(alone)
    assert names.GITHUB_STACK not in [one.name for one in wanted]
    Apply(aws, alone, lambda _: True).run([one for one in wanted if one.name.endswith("roles")])
    made = [one["RoleName"] for one in aws.client("iam").list_roles()["Roles"]]
    assert names.operations_role("live") in made
    assert names.deploy_role("live") not in made
