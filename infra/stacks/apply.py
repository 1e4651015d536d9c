"""Have the stacks of a stage be what the templates say: look, say what would change, ask, and do it."""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from infra.aws import names
from infra.aws.account import check_account
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import Stage
from infra.local.output import say, table
from infra.stacks.births import FAILED_AT_BIRTH, remnants
from infra.stacks.changes import (
    POLL_SECONDS,
    REVIEW,
    Pause,
    Proposal,
    discard,
    propose,
    read,
    status,
)
from infra.stacks.events import Event, follow, latest
from infra.stacks.plan import Stack, stacks

GITHUB = "token.actions.githubusercontent.com"


class Refused(Exception):
    """Nothing was changed, because somebody or something said no; the text says what."""


@dataclass
class Apply:
    """One run.

    :param confirm: is asked before anything is changed, with a line that says what.
    :param replace: what may be replaced, removed or drawn anew though it holds something: each as
        STACK/RESOURCE.
    :param pause: waits between two looks.
    """

    aws: Aws
    stage: Stage
    confirm: Callable[[str], bool]
    replace: Collection[str] = ()
    dry_run: bool = False
    pause: Pause = time.sleep
    _open: dict[str, Stack] = field(default_factory=dict)

    def run(self, wanted: Sequence[Stack] | None = None) -> None:
        """Apply the stacks, all of the stage unless some are given.

        Every change is known before the first is made. A run that was cut short is done again: what it has
        done has no changes then, and what is being done is waited for.

        Raises:
            AwsError: credentials, a template or AWS are not as they should be.
            Refused: the answer was no, something would be replaced or drawn anew that holds something, or
                something would be in the way of what is made anew.
        """
        who = check_account(self.aws, self.stage)
        say(f"{self.stage.name}: account {self.stage.account}, {self.stage.region}, as {who}")
        chosen = list(stacks(self.stage) if wanted is None else wanted)
        if any(stack.name == names.GITHUB_STACK for stack in chosen) and self._knows_github_already():
            chosen = [stack for stack in chosen if stack.name != names.GITHUB_STACK]
        with self._nothing_left_open():
            self._show(proposals := self._look(chosen))
            changing = [one for one in proposals if one.due]
            if not self.dry_run:
                # A run that was cut short may have made them and no more.
                self._protect([one.stack for one in proposals if not one.due])
            if not changing or self.dry_run:
                say("Nothing to do." if not changing else "Nothing was changed: a dry run.")
                return
            self._may(changing)
            for proposal in changing:
                if change_set := proposal.change_set or self._made_anew(proposal.stack):
                    self._execute(proposal.stack, change_set)
        say(f"Done: {len(changing)} of {len(proposals)} stacks have changed.")

    def _knows_github_already(self) -> bool:
        """Whether the account has the provider, by other means than our stack."""
        if status(self._cloudformation, names.GITHUB_STACK) is not None:
            return False
        known = self.aws.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        return any(one["Arn"].endswith(f"oidc-provider/{GITHUB}") for one in known)

    @property
    def _cloudformation(self) -> Any:
        return self.aws.client("cloudformation")

    def _look(self, chosen: Sequence[Stack]) -> list[Proposal]:
        begun = []
        for stack in chosen:
            if (now := self._settled(stack)) in FAILED_AT_BIRTH:
                there = remnants(self._cloudformation, stack.name, now)
                begun.append(Proposal(stack, failed=now, remnants=there))
            else:
                begun.append(Proposal(stack, self._propose(stack)))
        # Only now, since CloudFormation works on all of them at once.
        return [self._read(one.stack, one.change_set) if one.change_set else one for one in begun]

    def _propose(self, stack: Stack) -> str | None:
        change_set = propose(self._cloudformation, stack)
        if change_set:
            self._open[change_set] = stack
        return change_set

    def _read(self, stack: Stack, change_set: str) -> Proposal:
        proposal = read(self._cloudformation, stack, change_set, self.pause)
        if not proposal.change_set:
            self._open.pop(change_set)
        return proposal

    def _settled(self, stack: Stack) -> str | None:
        """Return how a stack is once what others, or a run that was cut short, have begun with it is over."""
        now = status(self._cloudformation, stack.name)
        if now and now.endswith("_IN_PROGRESS") and now != REVIEW:
            say(f"{stack.name} is {now}: waiting for it")
            while (now := status(self._cloudformation, stack.name)) and now.endswith("_IN_PROGRESS"):
                self.pause(POLL_SECONDS)
        return now

    def _show(self, proposals: Sequence[Proposal]) -> None:
        rows = [row for one in proposals if one.due for row in _rows(one)]
        if rows:
            print(table([("STACK", "CHANGE", "RESOURCE", "TYPE"), *rows]), flush=True)
        if same := [one.stack.name for one in proposals if not one.due]:
            say(f"No changes: {', '.join(same)}")

    def _may(self, changing: Sequence[Proposal]) -> None:
        stuck = [f"{part.name} ({one.stack.name})" for one in changing for part in one.remnants if part.stays]
        if stuck:
            raise Refused(
                f"would be kept, and be in the way of the same made anew: {', '.join(stuck)}.\n"
                "Delete the stack by hand, and import or remove what it leaves: "
                "docs/production.md#a-stack-that-fails-at-its-birth."
            )
        losing = [
            f"{one.stack.name}/{change.resource}"
            for one in changing
            for change in one.changes
            if change.loses
        ]
        if lost := [one for one in losing if one not in self.replace]:
            raise Refused(
                f"would be replaced, removed or drawn anew: {', '.join(lost)}.\n"
                "A new one starts without what the old one holds. If that is meant of each of them:\n"
                f"ARGS='{' '.join(f'--replace {one}' for one in losing)}'."
            )
        if not self.confirm(f"Change {len(changing)} stacks of {self.stage.name}?"):
            raise Refused("nothing was changed.")

    def _made_anew(self, stack: Stack) -> str | None:
        """Delete a stack that failed at its birth; return the change set that makes it anew."""
        arn = self._cloudformation.describe_stacks(StackName=stack.name)["Stacks"][0]["StackId"]
        before = latest(self._cloudformation, arn)
        say(f"{stack.name}, which was never whole:")
        self._cloudformation.update_termination_protection(
            StackName=stack.name, EnableTerminationProtection=False
        )
        self._cloudformation.delete_stack(StackName=stack.name)
        follow(self._cloudformation, arn, before, _tell, self.pause)
        change_set = self._propose(stack)
        return self._read(stack, change_set).change_set if change_set else None

    def _execute(self, stack: Stack, change_set: str) -> None:
        say(f"{stack.name}:")
        before = latest(self._cloudformation, stack.name)
        self._cloudformation.execute_change_set(StackName=stack.name, ChangeSetName=change_set)
        self._open.pop(change_set)
        follow(self._cloudformation, stack.name, before, _tell, self.pause)
        self._protect([stack])

    def _protect(self, there: Sequence[Stack]) -> None:
        """Have what lasts not be deleted by accident. A change set cannot say so."""
        for stack in there:
            if not stack.lasting:
                continue
            [described] = self._cloudformation.describe_stacks(StackName=stack.name)["Stacks"]
            if not described.get("EnableTerminationProtection"):
                self._cloudformation.update_termination_protection(
                    StackName=stack.name, EnableTerminationProtection=True
                )

    @contextmanager
    def _nothing_left_open(self) -> Iterator[None]:
        """Throw away the change sets that were not executed, whatever ended the run."""
        try:
            yield
        finally:
            for change_set, stack in list(self._open.items()):
                try:
                    discard(self._cloudformation, stack, change_set)
                except ClientError as error:
                    say(f"A change set of {stack.name} stays: {error.response['Error']['Code']}")
            self._open.clear()


def _rows(one: Proposal) -> list[tuple[str, str, str, str]]:
    """What is shown of a stack that something would become of, a row for each resource."""
    if one.failed:
        name = f"{one.stack.name} ({one.failed})"
        parts = [
            (name, "KEPT, IN THE WAY" if part.stays else "delete, make anew", part.resource, part.kind)
            for part in one.remnants
        ]
        return parts or [(name, "delete, make anew", "(nothing is left of it)", "")]
    name = one.stack.name + (" (new)" if one.new else "")
    changes = [(change.verb, change.resource, change.kind) for change in one.changes]
    return [(name, *change) for change in changes or [("change", "(no resource)", "")]]


def _tell(event: Event) -> None:
    reason = event.get("ResourceStatusReason")
    line = f"  {event['ResourceStatus']:<28} {event['LogicalResourceId']}"
    say(f"{line}: {reason}" if reason and event["ResourceStatus"].endswith("_FAILED") else line)


def explain(error: ClientError) -> AwsError:
    """What AWS has refused, for a person: the call, the code, and what AWS says of it."""
    told = error.response.get("Error", {})
    code = told.get("Code", "an error")
    said = f"AWS refuses {error.operation_name}: {code}: {told.get('Message', '')}".rstrip(": ")
    if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"):
        said += (
            "\nStacks are applied by an administrator of the account (docs/production.md), not by CI's role."
        )
    return AwsError(said)
