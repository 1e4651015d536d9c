"""The new environment beside the old one: made, waited for, and tried before a client comes to it."""

from datetime import datetime

from infra.aws import names
from infra.deploy.acceptance import accept_environment
from infra.deploy.calls import BEANSTALK
from infra.deploy.environments import ENDING, READY, Environment
from infra.deploy.exits import DeployError, Exit
from infra.deploy.history import kept, swaps
from infra.deploy.waiting import LOOK_SECONDS, VISIBLE_SECONDS
from infra.deploy.work import Step, Work

TIER = {"Name": "WebServer", "Type": "Standard"}
"""Of workers, too: Beanstalk's tier of that name is for a queue that it reads itself."""


class Launch(Step):
    """An environment of this commit that is ready and green.

    The first one of a service takes the live CNAME when it is made, for a CNAME can only be swapped with
    another environment's. It has no clients yet.

    :param renew: whether one that is ready and stays ill is made anew, instead of being waited for.
    """

    name = "environment"

    def __init__(self, work: Work, *, renew: bool = False) -> None:
        super().__init__(work)
        self._renew = renew

    def done(self) -> str | None:
        found = self._found()
        if found is None or not found.serves or is_left_over(self.work, found):
            return None
        return f"{found.name} is ready and green"

    def run(self) -> str:
        work = self.work
        found = self._found()
        if found is None or self._is_of_no_use(found):
            self._free_cname()
            found = found and self._end(found)
        since: float | None
        if found is None:
            since = self._create()
        else:
            since = found.created.timestamp()
            work.tell(f"{found.name} is {found.status}: waiting for it")
        if work.api.dry:
            return ""
        try:
            work.waiting.until_serving(work.name, since)
        except DeployError as error:
            if error.exit_code is Exit.ENVIRONMENT:
                work.waiting.tell_logs(work.name)
                give_up(work)
            raise
        return f"{work.name} is ready and green"

    def _found(self) -> Environment | None:
        found = self.work.environments.find(self.work.name)
        if found is not None and found.version != self.work.version:
            raise DeployError(
                Exit.REFUSED,
                f"{found.name} runs {found.version or 'no version'} instead of {self.work.version}: somebody"
                " changed it by hand. Terminate it, or deploy another commit.",
            )
        return found

    def _is_of_no_use(self, found: Environment) -> bool:
        """Whether it is going, or has to: one that is being changed is waited for before it is judged."""
        work = self.work
        if found.status == ENDING:
            return True
        if is_left_over(work, found):
            why = "was live once and is older than the one that is kept"
            if work.environments.live() is None:
                why = "stands aside while none is live: the live CNAME can only be had at birth then"
            work.tell(f"{found.name} {why}")
            return True
        if not self._renew or found.serves or (work.api.dry and found.status != READY):
            return False
        if found.status != READY:
            work.tell(f"{found.name} is {found.status}: waiting for it")
        if not work.api.dry and work.waiting.is_well(found.name, lambda one: one.serves):
            return False
        found = work.environments.find(found.name) or found
        work.tell(f"{found.name} is of no use: {work.environments.ailment(found)}")
        return True

    def _end(self, found: Environment) -> Environment | None:
        """Have it terminated and wait until it is gone; the environment itself, where it has to stay."""
        work = self.work
        if found.status != ENDING:
            if not work.api.dry:
                work.waiting.until_ready(found.name)
            if not terminate(work, found.name) and work.environments.find(found.name) is not None:
                return found
        if not work.api.dry:
            work.tell(f"{found.name} is made anew, when it is gone: this takes minutes")
            work.waiting.until_gone(found.name)
        return None

    def _prefix(self) -> str:
        """With which CNAME it is born."""
        work = self.work
        first = work.environments.live() is None
        return names.live_cname(work.service, work.stage.name) if first else names.own_cname(work.name)

    def _free_cname(self) -> None:
        """See that the CNAME it is born with can be had, before anything is terminated for it.

        Who was live before it once was given that. It is neither live nor kept any more, so it goes first.

        :raises DeployError: the CNAME is somebody else's, or who has it cannot be terminated.
        """
        work, prefix = self.work, self._prefix()
        holder = work.environments.holder(prefix)
        if holder is not None and holder.name == work.name:
            return
        if holder is not None:
            work.tell(f"{holder.name} stands aside and has the CNAME that {work.name} is to be born with")
            if not work.api.dry:
                work.waiting.until_ready(holder.name)
            going = holder.status == ENDING or terminate(work, holder.name)
            if not going and work.environments.find(holder.name) is not None:
                raise DeployError(
                    Exit.REFUSED,
                    f"{holder.name} has the CNAME {prefix}, which {work.name} is to be born with, and cannot"
                    f" be terminated now.\n`make cleanup SERVICE={work.service} STAGE={work.stage.name}`, and"
                    " the same again.",
                )
        if work.api.dry:
            return
        if holder is not None:
            work.waiting.until_gone(holder.name)
        if not work.clock.poll(
            lambda: work.environments.is_free(prefix) or None, every=LOOK_SECONDS, timeout=VISIBLE_SECONDS
        ):
            raise DeployError(
                Exit.REFUSED,
                f"the CNAME {prefix}, which {work.name} is to be born with, is taken, and by no environment"
                f" of {work.service} at {work.stage.name}: deploy another commit, or find out whose it is.",
            )

    def _create(self) -> float | None:
        """Make it, and return when that was, by AWS' clock."""
        work, prefix = self.work, self._prefix()
        if prefix == names.live_cname(work.service, work.stage.name):
            work.tell(
                f"the first environment of {work.service} at {work.stage.name} takes the live CNAME at once"
            )
        made = work.api.change(
            BEANSTALK,
            "CreateEnvironment",
            ApplicationName=work.environments.application,
            EnvironmentName=work.name,
            Description=work.commit,
            CNAMEPrefix=prefix,
            VersionLabel=work.version,
            SolutionStackName=work.environments.platform(),
            Tier=TIER,
            OperationsRole=work.operations_role,
            Tags=tags(work),
        )
        work.created.add(work.name)
        created: datetime | None = (made or {}).get("DateCreated")
        return created.timestamp() if created else None


class Try(Step):
    """The acceptance tests against the new environment, at its own CNAME."""

    name = "try"

    def done(self) -> str | None:
        found = self.work.environments.find(self.work.name)
        live = self.work.environments.live()
        if found is None or live is None or found.name != live.name:
            return None
        if self.work.environments.previous(live) is not None or self._was_swapped(found):
            return f"{found.name} is live"
        return None  # a first one is live from its birth, whoever has tried it or not

    def run(self) -> str:
        work = self.work
        found = work.environments.find(work.name)
        if found is None:
            if work.api.dry:
                return accept_environment(work, "(its CNAME)") or ""
            raise DeployError(Exit.ENVIRONMENT, f"{work.name} went away.")
        fault = None if work.api.dry else work.tools.probe(work.stage, work.service, found.cname)
        try:
            if fault:
                raise DeployError(Exit.ENVIRONMENT_REJECTED, f"{work.name}: {fault}.")
            not_run = accept_environment(work, found.cname)
        except DeployError:
            give_up(work)
            raise
        return not_run or f"the acceptance tests pass against {work.name}"

    def _was_swapped(self, found: Environment) -> bool:
        return any(found.name in pair for _, pair in swaps(self.work, found.created))


def is_left_over(work: Work, found: Environment) -> bool:
    """Whether a swap cannot make it live, so that it has to be made anew.

    It was live before the one that is kept: a swap would mix up who was before whom. Or none is live, for
    somebody has terminated that one: there is nothing to swap with.
    """
    if found.cname == work.environments.live_address():
        return False
    live = work.environments.live()
    if live is None:
        return True
    if found.cname == work.environments.address(names.own_cname(found.name)):
        return False
    previous = work.environments.previous(live)
    return previous is None or previous.name != found.name


def terminate(work: Work, name: str) -> bool:
    """Have an environment terminated; False where that cannot be done now, or must not.

    The one place where anything is terminated, and so where it is seen that no client comes to it: but for a
    first environment, which this run has made.
    """
    found = work.environments.find(name)
    if found is None:
        return False
    if found.cname == work.environments.live_address() and name not in work.created:
        work.tell(f"{name} has the live CNAME, so it stays: a commit that mends it can be deployed beside it")
        return False
    if found.status != READY:
        work.tell(f"{found.name} is {found.status}, and cannot be terminated yet: `make cleanup`, later")
        return False
    work.api.change(BEANSTALK, "TerminateEnvironment", EnvironmentName=found.name, TerminateResources=True)
    if not work.api.dry:
        work.tell(f"{found.name} is being terminated")
    return True


def give_up(work: Work) -> None:
    """Remove the environment that failed, unless it is to be kept, or clients may come to it.

    That it cannot be removed is no more than told: what it failed for is what the command ends with.
    """
    if work.tools.keep:
        work.tell(f"{work.name} is kept for a look (--keep); `make cleanup` removes it")
        return
    try:
        previous = kept(work)
        if previous is not None and previous.name == work.name:
            work.tell(f"{work.name} is kept for a rollback; `make cleanup ARGS=--previous` removes it")
        else:
            terminate(work, work.name)
    except DeployError as error:
        work.tell(f"{work.name} cannot be removed now: {error}")


def tags(work: Work) -> list[dict[str, str]]:
    """What the environment and all that is made for it are marked with."""
    told = {
        "project": names.PROJECT,
        "stage": work.stage.name,
        "service": work.service,
        "commit": work.commit,
    }
    return [{"Key": key, "Value": value} for key, value in told.items()]
