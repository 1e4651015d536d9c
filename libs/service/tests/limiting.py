"""Handlers for test_rate_limits.py and test_renewal.py."""

from typing import Any

from libs.errors import Conflict, TooManyRequests
from libs.jwt import Caller


def tell(caller: Caller | None) -> dict[str, Any]:
    """Tell who calls."""
    return {"caller": caller and caller.subject}


def take(body: dict[str, Any]) -> dict[str, Any]:
    """Take a body."""
    return body


def refuse() -> None:
    """Refuse, as a handler does."""
    raise Conflict("It is taken.")


def refuse_one(key: str) -> None:
    """Refuse what a path names."""
    raise Conflict(key)


def fail() -> None:
    """Fail, as no handler should."""
    raise RuntimeError("the password is hunter2")


def throttle() -> None:
    """Refuse by a limit of the handler's own."""
    headers = {"Retry-After": "9", "RateLimit": '"account";r=0;t=9', "RateLimit-Policy": '"account";q=5;w=60'}
    raise TooManyRequests(headers=headers)
