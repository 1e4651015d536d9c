"""What is read from a change set, as AWS tells it: moto knows neither replacement nor pages."""

import re
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra.aws.errors import AwsError
from infra.stacks.changes import propose, read
from infra.stacks.plan import Stack

STACK = Stack("polymacaron-live-cache", Path(__file__))


class CloudFormation:
    """A stack that is there, and a change set told in pages."""

    def __init__(self, *pages: dict[str, Any], stack_status: str = "UPDATE_COMPLETE") -> None:
        self._pages, self._status, self.deleted = list(pages), stack_status, False

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Stacks": [{"StackStatus": self._status}]}

    def describe_change_set(self, **_: str) -> dict[str, Any]:
        return self._pages.pop(0)

    def delete_change_set(self, **_: str) -> None:
        self.deleted = True


def change(action: str, name: str, **more: Any) -> dict[str, Any]:
    told = {"Action": action, "LogicalResourceId": name, "ResourceType": "AWS::ElastiCache::ReplicationGroup"}
    return {"ResourceChange": told | more}


def test_all_pages_are_read_and_what_goes_stands_in_capitals() -> None:
    cloudformation = CloudFormation(
        {"Status": "CREATE_IN_PROGRESS"},
        {
            "Status": "CREATE_COMPLETE",
            "Changes": [
                change("Add", "A"),
                change("Modify", "B", Replacement="False"),
                change("Modify", "C", Replacement="True", PolicyAction="ReplaceAndDelete"),
            ],
            "NextToken": "more",
        },
        {
            "Status": "CREATE_COMPLETE",
            "Changes": [
                change("Modify", "D", Replacement="Conditional"),
                change("Remove", "E", PolicyAction="Delete"),
                change("Remove", "F", PolicyAction="Retain"),
                change("Modify", "G", Replacement="True", ResourceType="AWS::IAM::Role"),
                change("Remove", "H", PolicyAction="Delete", ResourceType="AWS::CloudWatch::Alarm"),
            ],
        },
    )
    waited: list[float] = []
    proposal = read(cloudformation, STACK, "arn", waited.append)
    assert len(waited) == 1
    assert [(one.resource, one.verb, one.loses) for one in proposal.changes] == [
        ("A", "add", False),
        ("B", "change", False),
        ("C", "REPLACE", True),
        ("D", "PERHAPS REPLACE", True),
        ("E", "REMOVE", True),
        ("F", "let go, kept", False),
        ("G", "REPLACE", False),
        ("H", "REMOVE", False),
    ]


def target(name: str | None, attribute: str = "Properties", recreation: str = "Never") -> dict[str, Any]:
    """A detail of a change: for what is no property, AWS gives no name."""
    told = {"Attribute": attribute, "RequiresRecreation": recreation}
    return {"Target": told | ({"Name": name} if name else {}), "Evaluation": "Static"}


SECRET = "AWS::SecretsManager::Secret"


@pytest.mark.parametrize(
    ("kind", "replacement", "targets", "verb"),
    [
        (SECRET, "False", [target("GenerateSecretString")], "DRAW ANEW"),
        (SECRET, "False", [target("Description"), target("GenerateSecretString")], "DRAW ANEW"),
        (SECRET, "False", [target("Description"), target("KmsKeyId"), target(None, "Tags")], "change"),
        (SECRET, "False", [target(None, "Metadata")], "change"),
        (SECRET, "False", [target("SecretString")], "change"),
        (SECRET, "True", [target("Name", recreation="Always"), target("GenerateSecretString")], "REPLACE"),
        ("AWS::SSM::Parameter", "False", [target("GenerateSecretString")], "change"),
    ],
)
def test_a_secret_that_would_be_drawn_anew_is_a_loss_though_nothing_is_replaced(
    kind: str, replacement: str, targets: list[dict[str, Any]], verb: str
) -> None:
    changed = change("Modify", "Secret", ResourceType=kind, Replacement=replacement, Details=targets)
    cloudformation = CloudFormation({"Status": "CREATE_COMPLETE", "Changes": [changed]})
    [one] = read(cloudformation, STACK, "arn").changes
    assert (one.verb, one.loses) == (verb, verb.isupper())


def test_no_changes_are_no_failure() -> None:
    reason = "The submitted information didn't contain changes. Submit different information."
    cloudformation = CloudFormation({"Status": "FAILED", "StatusReason": reason, "Changes": []})
    assert read(cloudformation, STACK, "arn").change_set is None
    assert cloudformation.deleted


@pytest.mark.parametrize(
    ("reason", "mended"),
    [
        ("Parameter validation failed: Vpc", ""),
        (
            "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck].",
            "\nSomething has that name already. If it is of no stack, import it or remove it: docs/",
        ),
    ],
)
def test_what_cloudformation_does_not_take_is_told(reason: str, mended: str) -> None:
    cloudformation = CloudFormation({"Status": "FAILED", "StatusReason": reason})
    told = re.escape(f" for polymacaron-live-cache: {reason}{mended}")
    with pytest.raises(AwsError, match=rf"refuses .*{told}{'' if mended else '$'}"):
        read(cloudformation, STACK, "arn")


@pytest.mark.parametrize("status", ["UPDATE_ROLLBACK_FAILED", "DELETE_FAILED"])
def test_a_stack_that_is_stuck_is_left_to_a_person(status: str) -> None:
    with pytest.raises(AwsError, match=rf"polymacaron-live-cache is {status}"):
        propose(CloudFormation(stack_status=status), STACK)


def test_an_answer_that_is_no_answer_is_not_taken_for_no_stack() -> None:
    class Denied:
        def describe_stacks(self, StackName: str) -> None:  # noqa: N803
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DescribeStacks")

    with pytest.raises(ClientError, match="AccessDenied"):
        propose(Denied(), STACK)
