"""What CloudFormation does to a stack, told as it happens."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from infra.aws.errors import AwsError
from infra.stacks.changes import POLL_SECONDS, Pause, mended

Event = dict[str, Any]
GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE", "DELETE_COMPLETE")


def latest(cloudformation: Any, stack: str) -> str | None:
    """Return the id of a stack's last event; None where it has none."""
    try:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError":
            return None
        raise
    return str(events[0]["EventId"]) if events else None


def follow(
    cloudformation: Any,
    stack: str,
    after: str | None,
    tell: Callable[[Event], None],
    pause: Pause = time.sleep,
) -> None:
    """Tell each event after `after` once, in order, until what was begun has ended.

    :param stack: the name, or the ARN, which goes on to be known when the stack is deleted.
    :raises AwsError: it did not end well; the text has the first cause.
    """
    seen: list[Event] = []
    while True:
        for event in reversed(list(_since(cloudformation, stack, after))):
            after = event["EventId"]
            seen.append(event)
            tell(event)
            if _ends(event):
                if event["ResourceStatus"] not in GOOD:
                    raise AwsError(f"{event['StackName']}: {event['ResourceStatus']}. {_first_cause(seen)}")
                return
        pause(POLL_SECONDS)


def _since(cloudformation: Any, stack: str, after: str | None) -> Iterator[Event]:
    """The events after one, the last one first."""
    asked: dict[str, str] = {"StackName": stack}
    while True:
        told = cloudformation.describe_stack_events(**asked)
        for event in told["StackEvents"]:
            if event["EventId"] == after:
                return
            yield event
        if not told.get("NextToken"):
            return
        asked["NextToken"] = told["NextToken"]


def _ends(event: Event) -> bool:
    """Whether an event is the last of what is done to a stack: of the stack itself, and final."""
    if (
        event["ResourceType"] != "AWS::CloudFormation::Stack"
        or event["LogicalResourceId"] != event["StackName"]
    ):
        return False
    state: str = event["ResourceStatus"]
    return state.endswith(("_COMPLETE", "_FAILED")) and state != "UPDATE_FAILED"


def _first_cause(seen: list[Event]) -> str:
    """The first thing that failed; what was cancelled for it is none."""
    for event in seen:
        reason = event.get("ResourceStatusReason") or "no reason given"
        if event["ResourceStatus"].endswith("_FAILED") and "cancelled" not in reason.lower():
            cause = f"First cause: {event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
            return cause + mended(reason)
    return "No resource says why."
