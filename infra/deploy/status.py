"""What stands where, and who is at work."""

from dataclasses import asdict, dataclass

from infra.deploy.history import kept
from infra.deploy.pipeline import lock_of
from infra.deploy.work import Work
from infra.deploy.workers import are_needed, worker_name

HEADER = ("SERVICE", "ENVIRONMENT", "ROLE", "VERSION", "STATUS", "HEALTH", "SINCE", "CNAME")


@dataclass(frozen=True)
class Line:
    """One environment, and what it is there for."""

    service: str
    environment: str
    role: str
    """live; kept, for a rollback; worker; or aside: `make cleanup` removes it."""
    version: str
    status: str
    health: str
    since: str
    cname: str


def status(work: Work) -> tuple[list[Line], str | None]:
    """The environments of a service at a stage, and who holds its lock."""
    live = work.environments.live()
    previous = kept(work, live)
    standing = work.environments.all()
    workers = [one.name for one in standing if one.name == worker_name(work)]
    roles = dict.fromkeys(workers, "worker") if workers and are_needed(work, live, previous) else {}
    roles |= {previous.name: "kept"} if previous else {}
    roles |= {live.name: "live"} if live else {}
    lines = [
        Line(
            work.service,
            one.name,
            roles.get(one.name, "aside"),
            one.version,
            one.status,
            one.health,
            f"{one.created:%Y-%m-%d %H:%M}",
            one.cname,
        )
        for one in standing
    ]
    holder = lock_of(work).holder()
    return lines, holder.name if holder else None


def rows(lines: list[Line]) -> list[tuple[str, ...]]:
    """The same as a table."""
    return [HEADER, *(tuple(asdict(line).values()) for line in lines)]
