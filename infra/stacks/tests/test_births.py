"""What is there of a stack that failed at its birth, as AWS tells it: moto never fails."""

from typing import Any

import pytest

from infra.stacks.births import remnants

TEMPLATE = """
Resources:
  Table: {Type: "AWS::DynamoDB::Table", DeletionPolicy: Retain, Properties: {TableName: !Sub "${Prefix}a"}}
  Secret: {Type: "AWS::SecretsManager::Secret", DeletionPolicy: RetainExceptOnCreate}
  Topic: {Type: "AWS::SNS::Topic"}
"""


class CloudFormation:
    def __init__(self, **resources: tuple[str, str | None]) -> None:
        self._resources = resources

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"TemplateBody": TEMPLATE}

    def describe_stack_resources(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        told = [
            {"LogicalResourceId": name, "ResourceType": "a kind", "ResourceStatus": status}
            | ({} if known_by is None else {"PhysicalResourceId": known_by})
            for name, (status, known_by) in self._resources.items()
        ]
        return {"StackResources": told}


@pytest.mark.parametrize(
    ("status", "resources", "there"),
    [
        (
            "ROLLBACK_COMPLETE",
            {
                "Table": ("DELETE_SKIPPED", "live-a"),
                "Secret": ("DELETE_COMPLETE", "b"),
                "Topic": ("CREATE_FAILED", None),
            },
            {"live-a": True},
        ),
        (
            "ROLLBACK_COMPLETE",
            {"Secret": ("CREATE_FAILED", "b"), "Topic": ("DELETE_SKIPPED", "c")},
            {"b": False, "c": True},
        ),
        (
            "ROLLBACK_FAILED",
            {
                "Table": ("DELETE_SKIPPED", "live-a"),
                "Secret": ("DELETE_FAILED", "b"),
                "Topic": ("DELETE_FAILED", "c"),
            },
            {"live-a": True, "b": True, "c": False},
        ),
        (
            "CREATE_FAILED",
            {
                "Table": ("CREATE_FAILED", ""),
                "Secret": ("CREATE_COMPLETE", "b"),
                "Topic": ("CREATE_COMPLETE", "c"),
            },
            {"b": True, "c": False},
        ),
    ],
)
def test_what_is_kept_when_the_stack_goes_is_known_beforehand(
    status: str, resources: dict[str, tuple[str, str | None]], there: dict[str, bool]
) -> None:
    found = remnants(CloudFormation(**resources), "polymacaron-live-todos-data", status)
    assert {one.name: one.stays for one in found} == there
