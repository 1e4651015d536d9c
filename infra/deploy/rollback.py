"""Back to what clients had before."""

import re
from typing import Any

from infra.aws import names
from infra.deploy.calls import BEANSTALK
from infra.deploy.checks import check_account, check_stacks
from infra.deploy.environments import Environment
from infra.deploy.exits import DeployError, Exit
from infra.deploy.green import Launch
from infra.deploy.pipeline import lock_of
from infra.deploy.swap import Swap, swap
from infra.deploy.work import Work, take
from infra.deploy.workers import Workers, follow

VERSION = re.compile(r"[0-9a-f]{12}")


def rollback(work: Work, to: str | None = None) -> None:
    """Bring clients back to the environment before the live one; if it is gone, to a new one of its version.

    No acceptance test stands in the way: that version has served before, and there may be a fire.

    :param work: its commit is of no account.
    :param to: the commit to go back to; by default the one before the live one.
    :raises DeployError: there is nothing to go back to, or it does not work.
    """
    work.journal.tell("step", "check")
    check_account(work)
    check_stacks(work)
    with lock_of(work).held():
        live = work.environments.live()
        if live is None:
            raise DeployError(
                Exit.REFUSED,
                f"{work.service} has no live environment at {work.stage.name}: nothing to go back from.",
            )
        previous = work.environments.previous(live)
        label = names.version(work.stage.name, to) if to else None
        if label == live.version:
            work.tell(f"{live.name} is live already")
        elif previous is not None and previous.serves and label in (None, previous.version):
            _swap_to(work, live, previous)
        else:
            _launch_again(work, live, label)


def _swap_to(work: Work, live: Environment, previous: Environment) -> None:
    work.journal.tell("step", "swap")
    fault = None if work.api.dry else work.tools.probe(work.stage, work.service, previous.cname)
    if fault:
        raise DeployError(
            Exit.ENVIRONMENT,
            f"{previous.name} is no better: {fault}. Nothing was changed.\n"
            "To another one: `make rollback ARGS=--to=COMMIT`.",
        )
    swap(work, live.name, previous.name)
    # After the web processes: as long as newer ones give tasks, newer workers are there for them.
    if work.has_workers:
        work.journal.tell("step", "workers")
        follow(work, f"{previous.version}-worker")
    work.journal.tell(
        "done", f"clients come to {previous.name} ({previous.version}); {live.name} stays beside it"
    )


def _launch_again(work: Work, live: Environment, label: str | None) -> None:
    version = _version(work, live, label)
    commit = version["Description"]
    earlier = Work(work.tools, work.stage, work.service, commit)
    earlier.journal.tell("plan", f"{work.service} at {work.stage.name}: back to {commit[:7]}", commit=commit)
    take([Launch(earlier), Swap(earlier), Workers(earlier)])


def _version(work: Work, live: Environment, label: str | None) -> dict[str, Any]:
    """The version to go back to: the one of that label, or the newest that is older than the live one."""
    known = sorted(
        work.api.pages(
            BEANSTALK,
            "DescribeApplicationVersions",
            "ApplicationVersions",
            ApplicationName=work.environments.application,
        ),
        key=lambda one: one["DateCreated"],
        reverse=True,
    )
    mine = [
        one for one in known if VERSION.fullmatch(one["VersionLabel"].removeprefix(f"{work.stage.name}-"))
    ]
    labels = [one["VersionLabel"] for one in mine]
    if label is not None:
        found = [one for one in mine if one["VersionLabel"] == label]
    else:
        found = mine[labels.index(live.version) + 1 :] if live.version in labels else []
    if not found:
        there = ", ".join(labels[:5]) or "none"
        raise DeployError(
            Exit.REFUSED,
            f"there is no {'version ' + label if label else 'earlier version'} of {work.service} at"
            f" {work.stage.name}; the newest there are: {there}.\n"
            "A commit that is in git can be deployed: check it out, and `make deploy`.",
        )
    return found[0]
