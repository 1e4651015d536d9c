"""A moto server in AWS' place, and a stage in its account.

moto says CREATE_COMPLETE to anything, also to types it does not make: tests look at what was made, never at a
status.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from moto.cloudformation.responses import CloudFormationResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import moto_api_backend
from moto.server import ThreadedMotoServer

from infra.aws.clients import Aws
from infra.aws.stage import Stage, load_stage

ACCOUNT = "123456789012"
"""moto's own."""
REGION = "eu-west-1"


def update_termination_protection(self: CloudFormationResponse) -> ActionResult:
    """What moto lacks."""
    stack = self.cloudformation_backend.get_stack(self._get_param("StackName"))
    stack.enable_termination_protection = self._get_bool_param("EnableTerminationProtection")
    return EmptyResult()


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    CloudFormationResponse.update_termination_protection = update_termination_protection  # type: ignore[attr-defined]
    for noisy in ("werkzeug", "moto"):  # a line for each call, and for each type that moto does not make
        logging.getLogger(noisy).setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()
    del CloudFormationResponse.update_termination_protection  # type: ignore[attr-defined]


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
