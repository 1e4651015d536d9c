"""Clients come to the new environment, which is watched; the old one stays beside it."""

import math
from datetime import UTC, datetime

from infra.deploy.calls import BEANSTALK
from infra.deploy.environments import GREEN, READY, YELLOW, Environment
from infra.deploy.exits import Busy, DeployError, Exit
from infra.deploy.history import kept, swaps
from infra.deploy.work import Step, Work

LOOK_SECONDS = 15.0
BAD_LOOKS = 3
"""So many bad looks in a row, 45 s, and clients are brought back."""
SHARE_OF_FAULTS = 0.05
FEWEST_FAULTS = 5
"""5xx count where they are at least so many of the last ten seconds' requests, and more than such a share."""
SWAP_SECONDS = 10 * 60.0
LATE_SECONDS = 24 * 3600.0
"""How old an environment is whose swap no event tells of because that was forgotten, and is not late."""


class Swap(Step):
    """The live CNAME goes from the environment that has it to the new one."""

    name = "swap"

    def done(self) -> str | None:
        work = self.work
        before = work.environments.live()
        live = settled(work, work.name)
        if live is not None and live.name == work.name:
            if before is not None and before.name != live.name:
                work.swapped = work.api.now()  # it was under way
            return f"{live.name} has {live.cname}"
        return None

    def run(self) -> str:
        work = self.work
        live = work.environments.live()
        if live is None:
            if work.api.dry:
                return ""  # the first one is born with it
            raise DeployError(
                Exit.AWS,
                f"no environment has {work.environments.live_address()}, so there is nothing to swap with.\n"
                f"Check out {work.commit[:12]} and `make deploy`: {work.name} is made anew with that name.",
            )
        found = work.environments.find(work.name)
        if not work.api.dry and (found is None or not found.serves):
            raise DeployError(
                Exit.ENVIRONMENT, f"{work.name} is not green any more, so clients stay where they are."
            )
        swap(work, live.name, work.name)
        work.swapped = work.api.now()
        return f"clients come to {work.name}; {live.name} stays beside it"


def settled(work: Work, *others: str) -> Environment | None:
    """Who has the live CNAME, once no swap is under way: one that was interrupted here goes on there."""
    live = work.environments.live()
    if live is not None and not work.api.dry:
        work.waiting.until_ready(live.name, *others)
        live = work.environments.live()
    return live


def swap(work: Work, source: str, target: str) -> None:
    """Give the live CNAME, which `source` has, to `target`, and wait until it has it.

    :raises DeployError: it has not within ten minutes.
    """
    work.api.change(
        BEANSTALK,
        "SwapEnvironmentCNAMEs",
        SourceEnvironmentName=source,
        DestinationEnvironmentName=target,
    )
    if work.api.dry:
        return

    def look() -> bool | None:
        live = work.environments.live()
        return True if live is not None and live.name == target else None

    if not work.clock.poll(look, every=LOOK_SECONDS / 5, timeout=SWAP_SECONDS):
        raise DeployError(
            Exit.AWS,
            f"{target} has not got the live CNAME in {SWAP_SECONDS / 60:.0f} minutes: `make status` shows who"
            " has it.",
        )
    work.waiting.until_ready(source, target)


def is_fit(work: Work, found: Environment) -> bool:
    """Whether clients can be brought back to an environment: it is ready, green or yellow, and answers."""
    if found.status != READY or found.health not in (GREEN, YELLOW):
        return False
    return work.api.dry or work.tools.probe(work.stage, work.service, found.cname) is None


class Watch(Step):
    """The new environment under its first clients, who are brought back if it turns bad."""

    name = "watch"

    def done(self) -> str | None:
        if self.work.api.dry:
            return f"for {self.work.stage.watch_minutes} minutes, and swapped back where it turns bad"
        if self._left() < 1:
            return f"it has been watched for {self.work.stage.watch_minutes} minutes"
        return None

    def run(self) -> str:
        work = self.work
        left, standby = self._left(), self._standby()
        work.tell(f"watching {work.name} for {left / 60:.0f} minutes")
        bad = 0

        def look() -> str | None:
            nonlocal bad
            fault = self._fault()
            bad = bad + 1 if fault else 0
            if fault:
                work.tell(fault)
            return fault if bad >= BAD_LOOKS else None

        fault = work.clock.poll(look, every=LOOK_SECONDS, timeout=left)
        if fault:
            self._swap_back(fault, standby)
        return f"{work.name} is good"

    def _left(self) -> float:
        """How long it is still to be watched, in seconds: from the swap on, as this run or events tell.

        Events may be late. One that was made beside another is live after an odd number of swaps: if an even
        one is told, the last was just now. That none is told says something of an old environment alone.
        """
        work = self.work
        minutes, now = work.stage.watch_minutes * 60.0, work.api.now()
        found = work.environments.find(work.name)
        born = found.created.timestamp() if found else now
        # There may have been another one of that name before.
        since = datetime.fromtimestamp(born, UTC)
        told = [at.timestamp() for at, pair in swaps(work, since) if work.name in pair]
        beside = found is not None and work.environments.previous(found) is not None
        if work.swapped is not None:
            began = max([work.swapped, *told])
        elif told and not (beside and len(told) % 2 == 0):
            began = max(told)
        elif told or work.name in work.created or (beside and now - born < LATE_SECONDS):
            began = now
        else:
            began = born
        return minutes - (now - began)

    def _fault(self) -> str | None:
        """What is bad about it now; None where nothing is."""
        work = self.work
        found = work.environments.find(work.name)
        if found is None:
            return f"{work.name} went away"
        if found.health == "Red":
            return "its health is Red"
        return self._faults_of_requests() or work.tools.probe(work.stage, work.service, found.cname)

    def _faults_of_requests(self) -> str | None:
        health = self.work.api.ask(
            BEANSTALK,
            "DescribeEnvironmentHealth",
            EnvironmentName=self.work.name,
            AttributeNames=["HealthStatus", "Causes", "ApplicationMetrics"],
        )
        metrics = health.get("ApplicationMetrics", {})
        failed, requests = metrics.get("StatusCodes", {}).get("Status5xx", 0), metrics.get("RequestCount", 0)
        return f"{failed} of {requests} requests got a 5xx" if are_too_many(failed, requests) else None

    def _standby(self) -> Environment | None:
        """Where clients can go back to: found beforehand, for it is read from six weeks of events."""
        work = self.work
        found = work.clock.poll(lambda: (kept(work),), every=LOOK_SECONDS, timeout=math.inf)
        return found[0] if found else None

    def _swap_back(self, fault: str, standby: Environment | None) -> None:
        work = self.work
        name = standby.name if standby else ""
        went: bool | None = False
        if standby is not None:
            try:
                # No limit in time: it ends by an answer, or because AWS is busy at five looks in a row.
                went = work.clock.poll(lambda: self._go_back(name), every=LOOK_SECONDS, timeout=math.inf)
            except Busy as error:
                raise DeployError(
                    Exit.AWS,
                    f"{work.name}: {fault}, and AWS is too busy to bring clients back: it stays live.\n"
                    f"`make rollback` brings them back to {name}.",
                ) from error
            except DeployError as error:
                if error.exit_code is not Exit.ENVIRONMENT:
                    raise
                work.tell(str(error))
        if not went:
            ill = f" ({name} is no better)" if standby else ""
            raise DeployError(
                Exit.STAYS_BAD,
                f"{work.name}: {fault}, and there is no good environment to go back to{ill}: it stays live.\n"
                "`make rollback` brings back an earlier version; `make status` shows how things are.",
            )
        raise DeployError(
            Exit.SWAPPED_BACK,
            f"{work.name} turned bad under its clients: {fault}. They are back at {name}.\n"
            f"{work.name} stays for a look; `make cleanup` removes it.",
        )

    def _go_back(self, standby: str) -> bool:
        """Bring clients to the standby; False where it is not fit, or another one is live.

        May be done again, if no answer told whether the swap has begun.
        """
        work = self.work
        live = settled(work, work.name, standby)
        if live is not None and live.name == standby:
            return True
        if live is None or live.name != work.name:
            return False
        if not work.waiting.is_well(standby, lambda one: is_fit(work, one)):
            return False
        work.tell(f"going back to {standby}")
        swap(work, work.name, standby)
        return True


def are_too_many(failed: int, requests: int) -> bool:
    """Whether so many 5xx of so many requests are a bad look."""
    return failed >= FEWEST_FAULTS and failed > SHARE_OF_FAULTS * requests
