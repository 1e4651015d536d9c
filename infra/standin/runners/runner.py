"""What runs bundles, whatever way it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from infra.standin.bundles import Bundle


class CannotRun(Exception):
    """What a bundle says cannot be done; the text is for an event."""


@dataclass(frozen=True)
class Order:
    """What is to be run.

    :ivar application: the name of the application that it is of.
    :ivar environment: the name of the environment.
    :ivar number: of the deployment, in this environment.
    :ivar version: the label of the bundle.
    :ivar properties: environment variables that options say.
    :ivar given_up: tells whether nobody waits for it any more.
    """

    application: str
    environment: str
    number: int
    version: str
    bundle: Bundle
    properties: Mapping[str, str]
    given_up: Callable[[], bool]


class Deployment(Protocol):
    """A bundle that runs."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it answers HTTP; None where nothing of it does, as in a worker."""

    def fault(self) -> str | None:
        """Return what is wrong with its processes; whether it is ready is asked by HTTP."""

    def log(self) -> str:
        """Return the last lines of all its logs."""

    def stop(self, *, gently: bool = True) -> None:
        """Stop it and leave nothing.

        :param gently: whether it may finish what it is doing.
        """


class Runner(Protocol):
    """Runs bundles."""

    def start(self, order: Order) -> Deployment:
        """Start one; it need not be ready yet.

        :raises CannotRun: if that fails, or was given up.
        """
