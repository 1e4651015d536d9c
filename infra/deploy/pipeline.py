"""A deploy from its first step to its last, of one service."""

from infra.deploy.checks import Check
from infra.deploy.exits import DeployError, Exit
from infra.deploy.green import Launch, Try
from infra.deploy.images import AcceptImage, Build, Push, Scan, UnitTests
from infra.deploy.lock import Lock
from infra.deploy.swap import Swap, Watch
from infra.deploy.versions import Version, status_of
from infra.deploy.work import Step, Work, take
from infra.deploy.workers import Workers, bring_back, worker_name

STEPS: tuple[type[Step], ...] = (
    Check,
    UnitTests,
    Build,
    AcceptImage,
    Push,
    Scan,
    Version,
    Workers,
    Launch,
    Try,
    Swap,
    Watch,
)
"""The steps of a deploy, in their order. The first is taken before the lock is."""
FAILED_RELEASE = {Exit.ENVIRONMENT, Exit.ENVIRONMENT_REJECTED, Exit.SWAPPED_BACK}


def deploy(work: Work) -> None:
    """Bring a commit to a stage, from wherever an earlier run has left it.

    :raises DeployError: it cannot be done; what it has changed by then is told by the exit code.
    """
    first, *rest = STEPS
    work.journal.tell(
        "plan",
        f"{work.service} to {work.stage.name}: {work.commit[:7]} {work.source.subject(work.commit)}".rstrip(),
        commit=work.commit,
    )
    take([first(work)])
    with lock_of(work).held():
        try:
            take([step(work) for step in rest])
        except DeployError as error:
            if error.exit_code in FAILED_RELEASE:
                try:
                    bring_workers_back(work)
                except DeployError as other:
                    work.tell(f"the workers cannot be brought back now: {other}")
            raise


def lock_of(work: Work) -> Lock:
    """The lock of a service at a stage."""
    return Lock(work.api, work.service, work.stage.name, work.tools.holder)


def bring_workers_back(work: Work) -> None:
    """Have the workers run what the web processes run that clients come to, and wait until they do.

    :raises DeployError: they do not.
    """
    live = work.environments.live()
    if not work.has_workers or live is None or live.version == work.version:
        return
    if status_of(work, f"{live.version}-worker") is None:
        work.tell(f"{live.version} has no workers of its own: {worker_name(work)} stays as it is")
        return
    bring_back(work, live.version)
