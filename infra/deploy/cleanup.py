"""What nobody needs any more: environments that no client comes to.

Old versions are no matter of this: applications have a rule for them (infra/stacks/delivery-service.yaml).
"""

from infra.deploy.environments import ENDING
from infra.deploy.exits import DeployError, Exit
from infra.deploy.green import terminate
from infra.deploy.history import kept
from infra.deploy.pipeline import lock_of
from infra.deploy.work import Work
from infra.deploy.workers import are_needed, worker_name


def cleanup(work: Work, *, previous_too: bool = False) -> None:
    """Terminate what is neither live nor kept for a rollback, nor runs the workers of what is.

    :param previous_too: also the environment that was live before this one.
    :raises DeployError: there is no live environment, so that nobody can tell which one is wanted.
    """
    work.journal.tell("step", "cleanup")
    with lock_of(work).held():
        standing = work.environments.web()
        live = work.environments.live()
        if standing and live is None:
            raise DeployError(
                Exit.REFUSED,
                f"no environment of {work.service} at {work.stage.name} is live, so none is terminated:"
                " look at `make status`.",
            )
        wanted = {live.name} if live else set()
        previous = kept(work, live)
        if previous is not None and not previous_too:
            wanted.add(previous.name)
            work.tell(f"{previous.name} is kept for a rollback; ARGS=--previous removes it, too")
        workers = work.environments.find(worker_name(work))
        if workers is not None and not are_needed(work, *(one for one in standing if one.name in wanted)):
            standing.append(workers)
        gone = [
            one
            for one in standing
            if one.name not in wanted and one.status != ENDING and terminate(work, one.name)
        ]
        if not work.api.dry:
            work.journal.tell("done", f"{len(gone)} terminated, {len(standing) - len(gone)} left")
