"""What services are told here beside what their bundle says: where AWS is, and where each other."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.aws.names import PROJECT
from infra.standin.runners.runner import CannotRun, Order

Told = Callable[[str], Mapping[str, str]]
"""Given a service, its environment variables."""
_COMMIT = re.compile(r"-([0-9a-f]{12})(-worker)?")


@dataclass(frozen=True)
class Whose:
    """Of which service and commit a deployment is."""

    service: str
    commit: str
    """Its first 12 digits."""


def whose(order: Order) -> Whose:
    """Tell what an order is for by the names that infra.aws.names gives.

    :raises CannotRun: if others gave them.
    """
    commit = _COMMIT.search(order.version)
    if not order.application.startswith(f"{PROJECT}-") or commit is None:
        raise CannotRun(f"{order.application} {order.version} names no service and commit.")
    return Whose(order.application.removeprefix(f"{PROJECT}-"), commit[1])


def dotenv(properties: Mapping[str, str]) -> str:
    """Return what Beanstalk writes into .env beside the compose file."""
    return "".join(f"{name}={value}\n" for name, value in sorted(properties.items()))
