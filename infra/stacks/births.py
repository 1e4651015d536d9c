"""Stacks that failed at their birth: what is there of them, and what of it stays when they are deleted.

What stays keeps its name, so that a new stack, which would make one of the same name, fails as well.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.stacks.template import parse

FAILED_AT_BIRTH = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


@dataclass(frozen=True)
class Remnant:
    """One resource of a stack that failed at its birth.

    :param name: what AWS knows it by.
    :param stays: whether it is kept when the stack is deleted.
    """

    resource: str
    kind: str
    name: str
    stays: bool


def remnants(cloudformation: Any, stack: str, status: str) -> Sequence[Remnant]:
    """Return what is there of a stack that failed at its birth.

    :param status: how it is, one of :data:`FAILED_AT_BIRTH`.
    """
    # As it was applied, which need not be what the file says now.
    body = cloudformation.get_template(StackName=stack)["TemplateBody"]
    told = (parse(body) if isinstance(body, str) else body)["Resources"]
    # What a rollback has ended with, it has deleted: "except on create". Whoever deletes the stack does not.
    kept = ("Retain",) if status == "ROLLBACK_COMPLETE" else ("Retain", "RetainExceptOnCreate")
    return [
        Remnant(
            one["LogicalResourceId"],
            one["ResourceType"],
            one["PhysicalResourceId"],
            one["ResourceStatus"] == "DELETE_SKIPPED"
            or told.get(one["LogicalResourceId"], {}).get("DeletionPolicy") in kept,
        )
        for one in cloudformation.describe_stack_resources(StackName=stack)["StackResources"]
        # Without an id, it was never begun.
        if one.get("PhysicalResourceId") and one["ResourceStatus"] != "DELETE_COMPLETE"
    ]
