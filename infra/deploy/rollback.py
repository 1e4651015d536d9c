"""Back to what clients had before."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from infra.aws import names
from infra.deploy.calls import BEANSTALK
from infra.deploy.checks import check_stacks
from infra.deploy.environments import ENDING, GREEN, READY, YELLOW, Environment
from infra.deploy.exits import DeployError, Exit
from infra.deploy.green import Launch, is_left_over
from infra.deploy.history import history, kept
from infra.deploy.pipeline import lock_of
from infra.deploy.swap import Swap, is_fit, settled, swap
from infra.deploy.versions import Version, refuse_unfit
from infra.deploy.work import Work, take
from infra.deploy.workers import bring_back, worker_name

VERSION = re.compile(r"[0-9a-f]{12}")


def rollback(work: Work, to: str | None = None) -> None:
    """Bring clients back to the environment before the live one; if it is gone, to a new one of its version.

    No acceptance test stands in the way: that version has served before, and there may be a fire.

    :param work: its commit is of no account.
    :param to: the commit to go back to; by default the one before the live one.
    :raises DeployError: there is nothing to go back to, or it does not work.
    """
    work.journal.tell("step", "check")
    check_stacks(work)
    with lock_of(work).held():
        live = settled(work)
        if live is None:
            raise DeployError(
                Exit.REFUSED,
                f"{work.service} has no live environment at {work.stage.name}: nothing to go back from.\n"
                "Check out the commit that clients are to have, and `make deploy`.",
            )
        label = names.version(work.stage.name, to) if to else None
        if label == live.version:
            work.tell(f"{live.name} is live already")
            there = _of(work, live.version)
            if _recall_worker(there):
                _bring_workers(there, live.version)
            return
        previous = work.environments.previous(live)
        earlier: tuple[str, ...] = ()
        if label is None:
            past = history(work, live)
            earlier = past.good
            if past.taken_back:
                left_out = ", ".join(sorted(past.taken_back))
                work.tell(f"left out, for clients were brought back from there: {left_out}")
            if previous is not None and previous.name in past.taken_back:
                previous = None
        if previous is None or label not in (None, previous.version):
            _launch_again(work, _version(work, label, earlier))
        elif _is_good_enough(work, previous):
            _swap_to(work, live, previous)
        else:
            if label is None:
                _see_that_live_is_better(work, live, previous)
            _launch_again(work, _version(work, previous.version))


def prospect(work: Work, to: str | None = None) -> str:
    """What a rollback would terminate as things are now, for the question whether it is meant; else ""."""
    live = work.environments.live()
    if live is None:
        return ""
    if to:
        name = names.environment(work.service, work.stage.name, to)
    else:
        previous = kept(work, live)
        name = previous.name if previous else next(iter(history(work, live).good), "")
    if name in ("", live.name):
        return ""
    found, holder = work.environments.find(name), work.environments.holder(names.own_cname(name))
    gone = []
    if found is not None and is_left_over(work, found):
        gone.append(found.name)
    elif found is not None and not found.serves:
        gone.append(f"{found.name} if it is not well then ({found.status}, {found.health} now)")
    if holder is not None and holder.name != name and (gone or found is None):
        gone.append(holder.name)
    return f", which terminates {' and '.join(gone)} and launches {name} anew" if gone else ""


def _is_good_enough(work: Work, previous: Environment) -> bool:
    """Whether clients can be brought to an environment: after some looks, if it is ill at the first.

    One that is yellow has to answer.
    """
    told: set[str] = set()

    def well(one: Environment) -> bool:
        if one.serves:
            return True  # whether it answers is asked before the swap, which is refused where it does not
        if one.status == READY and one.health == YELLOW and not told:
            work.tell(f"{one.name} is not quite well: {work.environments.ailment(one)}")
            told.add(one.health)
        return is_fit(work, one)

    return well(previous) if work.api.dry else work.waiting.is_well(previous.name, well)


def _see_that_live_is_better(work: Work, live: Environment, previous: Environment) -> None:
    """Leave the only standby alone where what is live is ill, too: it would come up as ill again.

    :raises DeployError: both are.
    """
    ill, found = work.environments.find(previous.name), work.environments.find(live.name)
    if work.api.dry or found is None or ill is None or ill.status == ENDING:
        return
    if found.health in (GREEN, YELLOW):
        fault = work.tools.probe(work.stage, work.service, found.cname)
    else:
        fault = f"its health is {found.health}"
    if fault:
        commit = previous.version.removeprefix(f"{work.stage.name}-")
        raise DeployError(
            Exit.ENVIRONMENT,
            f"{ill.name} is ill ({ill.health}), and so is {live.name}, which is live: {fault}. Both may lack"
            f" the same thing, so nothing was changed.\nTo have {ill.name} terminated and launched again"
            f" all the same: `make rollback ARGS=--to={commit}`.",
        )


def _swap_to(work: Work, live: Environment, previous: Environment) -> None:
    work.journal.tell("step", "swap")
    fault = None if work.api.dry else work.tools.probe(work.stage, work.service, previous.cname)
    if fault:
        raise DeployError(
            Exit.ENVIRONMENT,
            f"{previous.name} is no better: {fault}. Nothing was changed.\n"
            "To another one: `make rollback ARGS=--to=COMMIT`.",
        )
    # Before clients are moved: their workers are to follow them.
    earlier = _of(work, previous.version)
    follow = _recall_worker(earlier)
    with _finished_by(work, previous.version):
        swap(work, live.name, previous.name)
        if not work.api.dry:
            work.journal.tell(
                "done", f"clients come to {previous.name} ({previous.version}); {live.name} stays beside it"
            )
        if follow:
            _bring_workers(earlier, previous.version)


def _launch_again(work: Work, version: dict[str, Any]) -> None:
    commit = version["Description"]
    earlier = Work(work.tools, work.stage, work.service, commit)
    earlier.journal.tell("plan", f"{work.service} at {work.stage.name}: back to {commit[:7]}", commit=commit)
    found = earlier.environments.find(earlier.name)
    if found is None or not found.serves:
        refuse_unfit(earlier, earlier.version)
    follow = _recall_worker(earlier)
    with _finished_by(work, version["VersionLabel"]):
        take([Launch(earlier, renew=True), Swap(earlier)])
        if follow:
            _bring_workers(earlier, version["VersionLabel"])


def _of(work: Work, version: str) -> Work:
    """What a version is of, if workers follow it."""
    commit = _version(work, version)["Description"] if work.has_workers else ""
    return Work(work.tools, work.stage, work.service, commit)


def _recall_worker(work: Work) -> bool:
    """See that workers can go back to the commit of `work`; whether it has any that have to.

    :raises DeployError: they cannot.
    """
    if not work.has_workers:
        return False
    label = names.version(work.stage.name, work.commit, "worker")
    found = work.environments.find(worker_name(work))
    if found is None or found.version != label:
        version = Version(work)
        if version.never_was("worker"):
            work.tell(
                f"{work.version} has no workers of its own, for there never was a {label}:"
                f" {worker_name(work)} stays as it is"
            )
            return False
        version.recall("worker")
    return True


def _bring_workers(work: Work, version: str) -> None:
    # After the web processes: as long as newer ones give tasks, newer workers are there for them.
    work.journal.tell("step", "workers")
    bring_back(work, version)
    if not work.api.dry:
        work.journal.tell("done", f"{worker_name(work)} runs {version}-worker")


@contextmanager
def _finished_by(work: Work, version: str) -> Iterator[None]:
    """Tell how a rollback is finished that breaks off: the same command might go one further back."""
    try:
        yield
    except BaseException:
        commit = version.removeprefix(f"{work.stage.name}-")
        work.tell(
            f"to finish it: make rollback SERVICE={work.service} STAGE={work.stage.name} ARGS=--to={commit};"
            " without --to it may go back further."
        )
        raise


def _version(work: Work, label: str | None, earlier: Sequence[str] = ()) -> dict[str, Any]:
    """The version to go back to: the one of that label, or of the first of `earlier` environments there is.

    :raises DeployError: Beanstalk has none.
    """
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
        of = {
            names.environment(work.service, work.stage.name, one.get("Description", "")): one for one in mine
        }
        found = [of[name] for name in earlier if name in of]
    if not found:
        there = ", ".join(labels[:5]) or "none"
        raise DeployError(
            Exit.REFUSED,
            f"there is no {f'version {label}' if label else 'earlier version that clients were left with'} of"
            f" {work.service} at {work.stage.name}; the newest there are: {there}.\n"
            "To one of them: `make rollback ARGS=--to=COMMIT`. Another commit is checked out and deployed.",
        )
    return found[0]
