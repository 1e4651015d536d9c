"""What is told of a stack, by the events that AWS would send: most of these no emulator sends."""

from typing import Any

import pytest

from infra.aws.errors import AwsError
from infra.stacks.events import follow

STACK = "polymacaron-live-cache"


class CloudFormation:
    """Answers with a few more events at each look."""

    def __init__(self, *looks: list[dict[str, Any]]) -> None:
        self._looks, self._sent = list(looks), [event("0", STACK, "CREATE_COMPLETE")]

    def describe_stack_events(self, StackName: str, NextToken: str | None = None) -> dict[str, Any]:  # noqa: N803
        if NextToken is None:
            self._sent = [*self._sent, *self._looks.pop(0)]
        newest_first = self._sent[::-1]
        if NextToken is None:
            return {"StackEvents": newest_first[:1], "NextToken": "more"}
        return {"StackEvents": newest_first[1:]}


def event(number: str, resource: str, status: str, reason: str = "") -> dict[str, Any]:
    kind = "AWS::CloudFormation::Stack" if resource == STACK else "AWS::ElastiCache::ReplicationGroup"
    told = {"EventId": number, "StackName": STACK, "LogicalResourceId": resource, "ResourceType": kind}
    return told | {"ResourceStatus": status} | ({"ResourceStatusReason": reason} if reason else {})


def told_by(*looks: list[dict[str, Any]]) -> list[str]:
    told: list[str] = []
    waited: list[float] = []
    try:
        follow(CloudFormation(*looks), STACK, "0", lambda one: told.append(one["EventId"]), waited.append)
    finally:
        assert len(waited) == len(looks) - 1
    return told


def test_each_event_is_told_once_and_in_order() -> None:
    assert told_by(
        [event("1", STACK, "UPDATE_IN_PROGRESS"), event("2", "Cache", "UPDATE_IN_PROGRESS")],
        [],
        [event("3", "Cache", "UPDATE_COMPLETE"), event("4", STACK, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")],
        [event("5", STACK, "UPDATE_COMPLETE")],
    ) == ["1", "2", "3", "4", "5"]


def test_the_first_cause_is_told_and_not_what_followed_from_it() -> None:
    failing = [
        event("1", STACK, "UPDATE_IN_PROGRESS"),
        event("2", "Address", "UPDATE_FAILED", "Resource update cancelled"),
        event("3", "Cache", "UPDATE_FAILED", "Cache node type is not supported"),
        event("4", "Busy", "UPDATE_FAILED", "something later"),
        event("5", STACK, "UPDATE_ROLLBACK_IN_PROGRESS"),
    ]
    ending = [event("6", STACK, "UPDATE_ROLLBACK_COMPLETE")]
    with pytest.raises(AwsError, match=r"UPDATE_ROLLBACK_COMPLETE\. First cause: Cache .*node type"):
        told_by(failing, ending)


def test_where_a_name_is_taken_it_is_told_what_helps() -> None:
    taken = [
        event("1", "Cache", "CREATE_FAILED", "polymacaron-live already exists"),
        event("2", STACK, "ROLLBACK_COMPLETE"),
    ]
    with pytest.raises(
        AwsError, match=r"already exists\nSomething has that name .* import it or remove it: docs/"
    ):
        told_by(taken)


def test_a_stack_that_failed_before_its_rollback_has_not_ended() -> None:
    first = [event("1", STACK, "UPDATE_FAILED", "x"), event("2", STACK, "UPDATE_ROLLBACK_IN_PROGRESS")]
    with pytest.raises(AwsError, match="UPDATE_ROLLBACK_FAILED"):
        told_by(first, [event("3", STACK, "UPDATE_ROLLBACK_FAILED")])
