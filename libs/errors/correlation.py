"""What ties a request to its logs, calls and tasks: its id."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What may come in from outside: long enough to be unique, short and plain enough for a log line and a header.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,128}")


def new_request_id() -> str:
    """Return a fresh id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def valid_request_id(value: str | None) -> str | None:
    """Return `value` if it may be taken over from a client (8–128 of ``A-Za-z0-9._-``), else None."""
    return value if value and _ACCEPTABLE.fullmatch(value) else None


def current_request_id() -> str | None:
    """Return the id of the request or task being worked on, or None outside both."""
    return _request_id.get()


@contextmanager
def request_id_scope(request_id: str) -> Iterator[str]:
    """Make `request_id` the current one for the length of a with-block."""
    token = _request_id.set(request_id)
    try:
        yield request_id
    finally:
        _request_id.reset(token)
