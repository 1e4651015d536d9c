"""Calls that a test has fail."""

import threading
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.aws import names
from infra.standin.aws import KEY, StandIn

CALLS = {
    "elasticbeanstalk": lambda client: client.describe_environments(),
    "s3": lambda client: client.list_objects_v2(Bucket=names.bundles_bucket("111122223333", "eu-west-1")),
    "ecr": lambda client: client.describe_repositories(),
    "dynamodb": lambda client: client.describe_table(TableName=names.LOCK_TABLE),
    "ssm": lambda client: client.describe_parameters(),
}


def code(standin: StandIn, service: str) -> str:
    """Make a call of a service without a second try; how it is refused."""
    client: Any = boto3.Session(aws_access_key_id=KEY, aws_secret_access_key="x").client(
        service,
        region_name="eu-west-1",
        endpoint_url=standin.environment["AWS_ENDPOINT_URL"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError) as caught:
        CALLS[service](client)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("service", CALLS)
def test_credentials_expire(standin: StandIn, service: str) -> None:
    standin.faults.expire(KEY)
    assert code(standin, service) in ("ExpiredToken", "ExpiredTokenException")


@pytest.mark.parametrize("service", CALLS)
def test_a_permission_is_missing(standin: StandIn, service: str) -> None:
    standin.faults.deny(f"{service}:*")
    assert code(standin, service) in ("AccessDenied", "AccessDeniedException")


@pytest.mark.parametrize("service", CALLS)
def test_a_call_is_throttled_and_tried_again(standin: StandIn, service: str) -> None:
    standin.faults.throttle(f"{service}:*")
    assert code(standin, service) in ("Throttling", "ThrottlingException", "SlowDown")
    standin.faults.throttle(f"{service}:*", times=2)
    CALLS[service](standin.client(service))
    assert standin.faults.made(f"{service}:*") == 4


def test_a_key_that_nobody_has_is_refused(standin: StandIn) -> None:
    session = boto3.Session(aws_access_key_id="AKIAOTHER", aws_secret_access_key="x")
    client: Any = session.client(
        "sts", region_name="eu-west-1", endpoint_url=standin.environment["AWS_ENDPOINT_URL"]
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        client.get_caller_identity()


def test_who_one_is_can_always_be_asked(standin: StandIn) -> None:
    standin.faults.deny("*")
    assert standin.client("sts").get_caller_identity()["Account"] == standin.stage.account


def test_something_is_done_before_a_call(standin: StandIn) -> None:
    came = threading.Event()
    standin.faults.before("elasticbeanstalk:Describe*", came.set)
    standin.client("elasticbeanstalk").describe_environments()
    assert came.is_set()
    assert standin.faults.calls == ["elasticbeanstalk:DescribeEnvironments"]


def test_of_many_that_take_a_lock_one_has_it(standin: StandIn) -> None:
    """moto alone may let several have it."""
    client = standin.client("dynamodb")
    outcomes = []

    def take() -> None:
        try:
            client.put_item(
                TableName=names.LOCK_TABLE,
                Item={"name": {"S": "todos-staging"}},
                ConditionExpression="attribute_not_exists(#name)",
                ExpressionAttributeNames={"#name": "name"},
            )
            outcomes.append("taken")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    client.delete_item(TableName=names.LOCK_TABLE, Key={"name": {"S": "todos-staging"}})
    assert sorted(outcomes) == ["ConditionalCheckFailedException"] * 7 + ["taken"]
