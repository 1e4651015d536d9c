"""What stands where, and who is at work."""

from dataclasses import asdict, dataclass

from infra.aws import names
from infra.deploy.history import kept
from infra.deploy.pipeline import lock_of
from infra.deploy.work import Work

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
    roles = {names.worker_environment(work.service, work.stage.name): "worker"}
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
        for one in work.environments.all()
    ]
    holder = lock_of(work).holder()
    return lines, holder.name if holder else None


def rows(lines: list[Line]) -> list[tuple[str, ...]]:
    """The same as a table."""
    return [HEADER, *(tuple(asdict(line).values()) for line in lines)]
