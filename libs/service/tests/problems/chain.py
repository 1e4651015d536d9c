"""Three services for test_error_ids.py, of which each calls the next, and the last has a fault."""

from libs.api import Clients, RemoteProblem
from libs.errors import InternalError, NotFound, ServiceUnavailable, current_languages


def break_down() -> None:
    """Fail as nobody has foreseen."""
    raise RuntimeError("hunter2")


def be_away() -> None:
    """Fail as it may."""
    raise ServiceUnavailable


def refuse() -> None:
    """Do what is asked in vain, which is no failure."""
    raise NotFound("hunter2", user_message=f"Nothing of that name, {current_languages()}.")


class _Lost(InternalError):
    code = "LOST"


def _call(clients: Clients, service: str, operation: str) -> None:
    clients[service][operation](timeout=60)  # however busy the machine is


def pass_on(clients: Clients) -> None:
    """Call the next."""
    _call(clients, "last", "break_down")


def pass_on_as_own(clients: Clients) -> None:
    """Make a failure of its own of what the next one said."""
    try:
        _call(clients, "last", "break_down")
    except RemoteProblem as error:
        raise _Lost from error


def pass_on_absence(clients: Clients) -> None:
    """Call the next, which is away."""
    _call(clients, "last", "be_away")


def pass_on_refusal(clients: Clients) -> None:
    """Call the next, which refuses."""
    _call(clients, "last", "refuse")


def fail_far_away(clients: Clients) -> None:
    """Call the middle one."""
    _call(clients, "middle", "pass_on")


def fail_far_away_as_own(clients: Clients) -> None:
    """Call the middle one."""
    _call(clients, "middle", "pass_on_as_own")


def find_nobody_far_away(clients: Clients) -> None:
    """Call the middle one."""
    _call(clients, "middle", "pass_on_absence")


def find_nothing_far_away(clients: Clients) -> None:
    """Call the middle one."""
    _call(clients, "middle", "pass_on_refusal")
