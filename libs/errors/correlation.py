"""What goes with a request into its logs, calls and tasks: its id, and the languages its user reads."""

import re
import uuid
from contextvars import ContextVar

from libs.errors.variable_scope import VariableScope

_request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_languages: ContextVar[str | None] = ContextVar("languages", default=None)

# What may come in from outside: long enough to be unique, short and plain enough for a log line and a header.
_ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{8,128}")
# RFC 9110 section 12.5.4: ranges such as `de-AT` or `*`, each with a weight.
_ACCEPT_LANGUAGE = re.compile(r"[A-Za-z0-9*,;=. \t-]{1,500}")


def new_request_id() -> str:
    """Return a fresh id: 32 hexadecimal digits."""
    return uuid.uuid4().hex


def valid_request_id(value: str | None) -> str | None:
    """Return `value` if it may be taken over from a client (8–128 of ``A-Za-z0-9._-``), else None."""
    return value if value and _ACCEPTABLE.fullmatch(value) else None


def current_request_id() -> str | None:
    """Return the id of the request or task being worked on, or None outside both."""
    return _request_id.get()


def request_id_scope(request_id: str) -> VariableScope[str]:
    """Make `request_id` the current one for the length of a with-block."""
    return VariableScope(_request_id, request_id)


def current_languages() -> str | None:
    """Return the header Accept-Language of the request being worked on, for the services it calls."""
    return _languages.get()


def languages_scope(accepted: str | None) -> VariableScope[str | None]:
    """Make the header Accept-Language of a request the current one for the length of a with-block.

    :param accepted: what is none, or longer than 500 characters, counts as not sent.
    """
    return VariableScope(_languages, accepted if accepted and _ACCEPT_LANGUAGE.fullmatch(accepted) else None)
