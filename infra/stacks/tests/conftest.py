"""A moto server in AWS' place, and a stage in its account.

moto says CREATE_COMPLETE to anything, also to types it does not make: tests look at what was made, never at a
status.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb.models import Table, dynamodb_backends
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

from infra.aws.clients import Aws
from infra.aws.stage import Stage, load_stage

_create_table = Table.create_from_cloudformation_json.__func__  # type: ignore[attr-defined]
ACCOUNT = "123456789012"
"""moto's own."""
REGION = "eu-west-1"


def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    """What moto lacks."""
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return EmptyResult()


def create_table(
    cls: type[Table],
    resource_name: str,
    cloudformation_json: dict[str, Any],
    account_id: str,
    region_name: str,
    **more: Any,
) -> Table:
    """A table of a template, with what moto leaves out: its time to live, its recovery and its key."""
    told = cloudformation_json["Properties"]
    if sse := told.get("SSESpecification"):
        told = {**told, "SSESpecification": {"Enabled": sse["SSEEnabled"]}}
    made = _create_table(cls, resource_name, {"Properties": told}, account_id, region_name, **more)
    dynamodb = dynamodb_backends[account_id][region_name]
    if ttl := told.get("TimeToLiveSpecification"):
        dynamodb.update_time_to_live(resource_name, ttl)
    if recovery := told.get("PointInTimeRecoverySpecification"):
        dynamodb.update_continuous_backups(resource_name, recovery)
    return made


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    for noisy in ("werkzeug", "moto"):  # a line for each call, and for each type that moto does not make
        logging.getLogger(noisy).setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    with pytest.MonkeyPatch.context() as patch:
        lacking = update_termination_protection
        patch.setattr(CloudFormationResponse, lacking.__name__, lacking, raising=False)
        patch.setattr(Table, "create_from_cloudformation_json", classmethod(create_table))
        patch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")  # a thousand, made up anew for each account
        server.start()
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
        server.stop()


@pytest.fixture
def aws(moto_server: str) -> Iterator[Aws]:
    """Clients of an account that is empty but for a VPC."""
    with empty_account(moto_server) as aws:
        yield aws


@contextmanager
def empty_account(server: str) -> Iterator[Aws]:
    moto_api_backend.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_PROFILE", raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        patch.setenv("AWS_ENDPOINT_URL", server)
        yield Aws(REGION)


@pytest.fixture
def stage(aws: Aws) -> Stage:
    """The stage live, in moto's account and its VPC."""
    return live_in(aws)


def live_in(aws: Aws) -> Stage:
    ec2 = aws.client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    first, second = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    live = load_stage("live")
    network = replace(
        live.network, vpc=vpc, instance_subnets=(first, second), load_balancer_subnets=(first, second)
    )
    return replace(live, account=ACCOUNT, network=network)
