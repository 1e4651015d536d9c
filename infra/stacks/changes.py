"""What a stack would change: a change set, made and read, and thrown away where nobody wants it."""

import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import AwsError
from infra.stacks.births import Remnant
from infra.stacks.plan import Stack

POLL_SECONDS = 2.0
REVIEW = "REVIEW_IN_PROGRESS"
STUCK = ("UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_FAILED")
HOLDS_NOTHING = frozenset(
    {
        "AWS::CloudWatch::Alarm",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::ElastiCache::SubnetGroup",
        "AWS::Events::Rule",
        "AWS::IAM::Role",
        "AWS::Logs::MetricFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
    }
)
"""Kinds of which a new one is all that the old one was: all of it stands in the template. An instance profile
is none of them, though it is empty, too: instances that run know it by its name."""
DRAWN_BY = ("AWS::SecretsManager::Secret", "GenerateSecretString")
"""The kind, and the property by which CloudFormation draws it. Where any part of that is another, the whole
is drawn anew, which it calls no replacement; what was drawn before, and put beside it, is AWSPREVIOUS then. A
change of Description, KmsKeyId or Tags alone draws nothing; one of Name replaces; what SecretString says is
in the template. Source: AWS::SecretsManager::Secret in CloudFormation's template reference."""
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")

Pause = Callable[[float], None]


@dataclass(frozen=True)
class Change:
    """What would become of one resource."""

    action: str
    resource: str
    kind: str
    replacement: str | None
    policy: str | None
    draws: bool = False
    """Whether a secret that is there gets another value than it has."""

    @property
    def verb(self) -> str:
        """What happens, in capitals where something goes."""
        if self.action == "Remove":
            return "let go, kept" if self.policy == "Retain" else "REMOVE"
        match self.replacement:
            case "True":
                return "REPLACE"
            case "Conditional":
                return "PERHAPS REPLACE"
        if self.draws:
            return "DRAW ANEW"
        return {"Add": "add", "Modify": "change", "Import": "take over"}.get(self.action, self.action.lower())

    @property
    def loses(self) -> bool:
        """Whether something would go that a new one does not bring."""
        return self.verb.isupper() and self.kind not in HOLDS_NOTHING


@dataclass(frozen=True)
class Proposal:
    """What would become of one stack.

    Without a change set nothing would; with one that has no changes, something that is no resource, such as
    an output.

    :param failed: how a stack is that failed at its birth: it is deleted and made anew. Until then
        CloudFormation makes no change set of it.
    :param remnants: what is there of such a stack.
    """

    stack: Stack
    change_set: str | None = None
    new: bool = False
    changes: Sequence[Change] = ()
    failed: str | None = None
    remnants: Sequence[Remnant] = ()

    @property
    def due(self) -> bool:
        """Whether there is anything to do."""
        return self.change_set is not None or self.failed is not None


def status(cloudformation: Any, name: str) -> str | None:
    """Return how a stack is, or None where there is none."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return str(found[0]["StackStatus"]) if found else None


def propose(cloudformation: Any, stack: Stack) -> str | None:
    """Have a change set made of what `stack` shall be, and return its ARN; :func:`read` waits for it.

    None where CloudFormation says at once that nothing would change; most often it says so later.

    Raises:
        AwsError: the stack is stuck where only a person can say how it goes on.
    """
    now = status(cloudformation, stack.name)
    if now in STUCK:
        raise AwsError(
            f"the stack {stack.name} is {now}: its events in the console say why.\n"
            "Mend that and continue its rollback there (or delete it, if DELETE_FAILED); then do this again."
        )
    try:
        made = cloudformation.create_change_set(
            StackName=stack.name,
            ChangeSetName=f"make-stacks-{uuid.uuid4().hex}",
            ChangeSetType="CREATE" if now in (None, REVIEW) else "UPDATE",
            Description="make stacks",
            TemplateBody=stack.template.read_text(),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in stack.parameters.items()],
            Tags=[{"Key": key, "Value": value} for key, value in stack.tags.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
    except ClientError as error:
        if any(part in error.response["Error"]["Message"] for part in _NO_CHANGES):
            return None
        raise
    return str(made["Id"])


def read(cloudformation: Any, stack: Stack, change_set: str, pause: Pause = time.sleep) -> Proposal:
    """Wait until a change set is there, and return what is in it.

    Raises:
        AwsError: CloudFormation refuses it; the text has its reason.
    """
    at = {"StackName": stack.name, "ChangeSetName": change_set}
    while (told := cloudformation.describe_change_set(**at))["Status"] in (
        "CREATE_PENDING",
        "CREATE_IN_PROGRESS",
    ):
        pause(POLL_SECONDS)
    new = status(cloudformation, stack.name) == REVIEW
    if told["Status"] != "CREATE_COMPLETE":
        reason = told.get("StatusReason", "no reason given")
        if not any(part in reason for part in _NO_CHANGES):
            refused = f"CloudFormation refuses {stack.template.name} for {stack.name}: {reason}"
            raise AwsError(refused + mended(reason))
        discard(cloudformation, stack, change_set)
        return Proposal(stack)
    found = list(told["Changes"])
    while token := told.get("NextToken"):
        told = cloudformation.describe_change_set(**at, NextToken=token)
        found += told["Changes"]
    return Proposal(stack, change_set, new, [_change(one["ResourceChange"]) for one in found])


def mended(reason: str) -> str:
    """Return what to do where something failed for `reason`, as a line of its own; "" if nobody can say."""
    # The second, before anything is begun, names nothing; what it has found is in DescribeEvents.
    if "already exists" in reason.lower() or "ResourceExistenceCheck" in reason:
        return (
            "\nSomething has that name already. If it is of no stack, import it or remove it: "
            "docs/production.md#a-stack-that-fails-at-its-birth."
        )
    return ""


def _change(told: dict[str, Any]) -> Change:
    kind, modified = told["ResourceType"], told["Action"] == "Modify"
    properties = [detail.get("Target", {}).get("Name") for detail in told.get("Details", ())]
    return Change(
        told["Action"],
        told["LogicalResourceId"],
        kind,
        told.get("Replacement") if modified else None,
        told.get("PolicyAction"),
        draws=modified and any((kind, name) == DRAWN_BY for name in properties),
    )


def discard(cloudformation: Any, stack: Stack, change_set: str) -> None:
    """Throw a change set away, and the empty stack that a first one brings with it."""
    cloudformation.delete_change_set(StackName=stack.name, ChangeSetName=change_set)
    if status(cloudformation, stack.name) == REVIEW:
        cloudformation.delete_stack(StackName=stack.name)
