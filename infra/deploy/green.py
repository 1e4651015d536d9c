"""The new environment beside the old one: made, waited for, and tried before a client comes to it."""

from datetime import datetime

from infra.aws import names
from infra.deploy.acceptance import accept_environment
from infra.deploy.calls import BEANSTALK
from infra.deploy.environments import ENDING, READY, Environment
from infra.deploy.exits import DeployError, Exit
from infra.deploy.history import kept
from infra.deploy.work import Step, Work

TIER = {"Name": "WebServer", "Type": "Standard"}
"""Of workers, too: Beanstalk's tier of that name is for a queue that it reads itself."""


class Launch(Step):
    """An environment of this commit that is ready and green.

    The first one of a service takes the live CNAME when it is made, for a CNAME can only be swapped with
    another environment's. It has no clients yet.

    :param renew: whether one that is ready and not green is made anew, instead of being waited for.
    """

    name = "environment"

    def __init__(self, work: Work, *, renew: bool = False) -> None:
        super().__init__(work)
        self._renew = renew

    def done(self) -> str | None:
        found = self._found()
        if found is None or not found.serves or self._is_left_over(found):
            return None
        return f"{found.name} is ready and green"

    def run(self) -> str:
        work = self.work
        found = self._found()
        if found is not None and self._is_ending(found):
            if not work.api.dry:
                work.tell(f"{found.name} is made anew, when it is gone: this takes minutes")
                work.waiting.until_gone(found.name)
            found = None
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

    def _is_ending(self, found: Environment) -> bool:
        """Whether it is being terminated; what is of no use is from now on."""
        work = self.work
        if found.status == ENDING:
            return True
        if self._is_left_over(found):
            work.tell(f"{found.name} was live once and is older than the one that is kept")
        elif self._renew and found.status == READY and not found.serves:
            work.tell(f"{found.name} is of no use: {work.environments.ailment(found)}")
        else:
            return False
        if not work.api.dry:
            work.waiting.until_ready(found.name)
        return terminate(work, found.name)

    def _is_left_over(self, found: Environment) -> bool:
        """Whether it was live before the one that is kept: a swap would mix up who was before whom."""
        if found.cname in (self.work.environments.live_address(), self._own_address()):
            return False
        live = self.work.environments.live()
        previous = self.work.environments.previous(live) if live else None
        return previous is None or previous.name != found.name

    def _own_address(self) -> str:
        return self.work.environments.address(names.own_cname(self.work.name))

    def _create(self) -> float | None:
        """Make it, and return when that was, by AWS' clock."""
        work = self.work
        first = work.environments.live() is None
        if first:
            work.tell(
                f"the first environment of {work.service} at {work.stage.name} takes the live CNAME at once"
            )
        prefix = names.live_cname(work.service, work.stage.name) if first else names.own_cname(work.name)
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
        first = self.work.environments.previous(live) is None and self.work.name in self.work.created
        return None if first else f"{found.name} is live"

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
