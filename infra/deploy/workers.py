"""The environment of workers and beat, where they have one of their own.

It has one name over all commits and is updated in place: nobody comes to it by a name in DNS, and two of them
beside each other would be as good as one.
"""

from infra.aws import names
from infra.deploy.calls import BEANSTALK
from infra.deploy.environments import READY, Environment
from infra.deploy.exits import DeployError, Exit
from infra.deploy.green import TIER, tags
from infra.deploy.versions import status_of
from infra.deploy.work import Step, Work


class Workers(Step):
    """Workers of this commit, before its web environment: they have to know every task that it gives them."""

    name = "workers"

    def done(self) -> str | None:
        if not self.work.has_workers:
            return "they have no environment of their own"
        found = self.work.environments.find(worker_name(self.work))
        if found is not None and found.serves and found.version == self._version:
            return f"{found.name} runs {found.version}"
        return None

    def run(self) -> str:
        before = follow(self.work, self._version)
        try:
            wait_for(self.work, self._version)
        except DeployError as error:
            if error.exit_code is Exit.ENVIRONMENT and before not in ("", self._version):
                follow(self.work, before)
            raise
        return f"{worker_name(self.work)} runs {self._version}"

    @property
    def _version(self) -> str:
        return names.version(self.work.stage.name, self.work.commit, "worker")


def worker_name(work: Work) -> str:
    """The environment of the service's workers."""
    return names.worker_environment(work.service, work.stage.name)


def follow(work: Work, version: str) -> str:
    """Have the worker environment run a version; the one that it ran before, "" where it is new.

    Where it runs that version already and is not well, it is deployed there again.
    """
    name = worker_name(work)
    found = work.environments.find(name)
    if found is not None and found.status != READY and not work.api.dry:
        work.waiting.until_ready(name)
        found = work.environments.find(name)
    if found is None:
        work.api.change(
            BEANSTALK,
            "CreateEnvironment",
            ApplicationName=work.environments.application,
            EnvironmentName=name,
            VersionLabel=version,
            SolutionStackName=work.environments.platform(),
            Tier=TIER,
            OperationsRole=work.operations_role,
            Tags=tags(work),
        )
        return ""
    if found.version != version:
        work.tell(f"{name} goes from {found.version} to {version}")
    elif found.status == READY and not found.serves:
        work.tell(f"{name}: {work.environments.ailment(found)}; {version} is deployed there again")
    else:
        return version
    work.api.change(BEANSTALK, "UpdateEnvironment", EnvironmentName=name, VersionLabel=version)
    return found.version


def are_needed(work: Work, *served: Environment | None) -> bool:
    """Whether an environment of workers is needed: by the stage's file, or by one that has none beside it.

    :param served: the web environments that are live, or kept. Beanstalk knows whether one's version has
        workers of its own.
    """
    return work.has_workers or any(
        one is not None and status_of(work, f"{one.version}-worker") is not None for one in served
    )


def bring_back(work: Work, version: str) -> None:
    """Have the worker environment run a version that clients are back at, and wait until it does.

    :param version: the label of the web processes' version.
    :raises DeployError: it does not, which `WORKERS_STAY` tells, or a call fails.
    """
    wanted = f"{version}-worker"
    follow(work, wanted)
    try:
        wait_for(work, wanted)
    except DeployError as error:
        if error.exit_code is Exit.ENVIRONMENT:
            raise DeployError(
                Exit.WORKERS_STAY, f"clients come to {version}, and its workers are not there: {error}"
            ) from error
        raise


def wait_for(work: Work, version: str) -> None:
    """Wait until the worker environment is green with a version.

    :raises DeployError: it is not. Of an update that fails Beanstalk goes back by itself.
    """
    if work.api.dry:
        return
    name = worker_name(work)
    try:
        work.waiting.until_serving(name, version=version)
    except DeployError as error:
        if error.exit_code is Exit.ENVIRONMENT:
            work.waiting.tell_logs(name)
        raise
