"""The URL of the request that a task was called in, for the task and those that it calls."""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from libs.errors.variable_scope import VariableScope

_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
LONGEST = 2000
"""Characters that are kept; of what is longer, nothing is."""

_url: ContextVar[str] = ContextVar("request_url", default="")


class RequestUrl(str):
    """The URL of the request being worked on, in a task of the one it was called in: without its query, which
    may hold anything. Empty where there was none, as in what runs by itself.

    Its host is what the client has sent. A link that is mailed to somebody is not made of it: it would lead
    where the client wants.
    """

    __slots__ = ()


def current_url() -> RequestUrl:
    """Return the URL of the request."""
    return RequestUrl(_url.get())


def url_scope(url: str | None) -> VariableScope[str]:
    """Make `url` that of the request for the length of a with-block."""
    return VariableScope(_url, url or "")


def url_of(environ: Mapping[str, Any], path: str) -> str:
    """Return the URL of a WSGI request; empty where its host is none, or it is too long.

    :param path: as it was sent.
    """
    host = environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}"
    url = f"{environ['wsgi.url_scheme']}://{host}{path}"
    return url if _HOST.fullmatch(host) and path.startswith("/") and len(url) <= LONGEST else ""
