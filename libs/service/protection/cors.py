"""CORS: which other sites' pages may call this service from a browser (Fetch standard, section 3.2).

Origins are allowed one by one, and none by default; never ``*``. Their pages may have the browser send its
cookies, which tell who calls as the Authorization header does (`libs.jwt.cookies`). That is safe because

- only origins that are named get the permission, each by its own name, so no other page reads an answer;
- the cookies are SameSite=Strict: to pages of another site, named or not, the browser gives none along;
- whatever changes something needs the header X-CSRF-Token as well, which no form can send, and whose value a
  page has only from the answer to its own log-in.

An origin that is named is trusted with all that its visitors may do here.
"""

import re
from collections.abc import Collection

from werkzeug import Request, Response

from libs.api import Route, empty_response

EXTENSION = "polymacaron.cors"
"""The key of a Flask application's extensions with its `Cors`, for answers it knows nothing of."""
MAX_AGE_SECONDS = 3600
"""How long a browser may remember a preflight's answer; Chromium does for two hours at most."""

Headers = list[tuple[str, str]]

_ORIGIN = re.compile(r"(https?)://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([1-9][0-9]{0,4}))?\Z")
_DEFAULT_PORTS = {("http", "80"), ("https", "443")}
_FIELD_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
_ANY_METHODS = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
_NOT_TOLD = frozenset(
    (
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
        "set-cookie",  # never: Fetch standard, section 2.2.6
    )
)


def read_origins(text: str) -> frozenset[str]:
    """Read a comma list of origins: ``https://app.example.com,http://localhost:3000``.

    :raises ValueError: for what no browser sends as Origin, and for ``*``; quotes nothing of the text.
    """
    origins = [one.strip() for one in text.split(",")]
    for number, one in enumerate(origins, 1):
        if one == "*":
            raise ValueError("'*' would allow every site: name the origins.")
        found = _ORIGIN.match(one)
        if found is None or (found[2] and int(found[2]) > 65535):
            raise ValueError(
                f"Number {number} is no origin as browsers send it, such as https://app.example.com or "
                "http://localhost:3000: no path, no slash at the end, all in lower case."
            )
        if found.groups() in _DEFAULT_PORTS:
            raise ValueError(f"Number {number} names the default port, which browsers leave out.")
    return frozenset(origins)


class Cors:
    """Adds to answers what a browser needs to let pages of the allowed origins see them.

    :param origins: as browsers send them; others are answered as if there was no such thing as CORS.
    """

    def __init__(self, origins: Collection[str] = ()) -> None:
        self._origins = frozenset(origins)

    @classmethod
    def from_setting(cls, text: str | None) -> "Cors":
        """Return what the setting says; None allows no origin.

        :raises ValueError: as `read_origins`.
        """
        return cls(read_origins(text) if text is not None else ())

    def is_preflight(self, request: Request) -> bool:
        """Tell whether a browser asks for an allowed origin what may be sent to a path."""
        return (
            request.method == "OPTIONS"
            and request.origin in self._origins
            and request.access_control_request_method is not None
        )

    def preflight(self, request: Request, route: Route | None) -> Response:
        """Answer a preflight: the methods of the path, and whatever headers it asks for.

        :param route: None for a path that is not served: the request itself is let through, since a page
            would see no 404 if it was not.
        """
        headers = {
            "Access-Control-Allow-Methods": route.allow if route else _ANY_METHODS,
            "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
            "Vary": "Access-Control-Request-Method, Access-Control-Request-Headers",
        }
        # All of them: a header we do not read does nothing, and one we do read is there to be sent.
        asked = request.headers.get("Access-Control-Request-Headers", "")
        if names := [one for one in re.split(r"[ \t]*,[ \t]*", asked.strip()) if _FIELD_NAME.match(one)]:
            headers["Access-Control-Allow-Headers"] = ", ".join(names)
        return empty_response(204, headers)

    def completed(self, origin: str | None, headers: Headers) -> Headers:
        """Return the headers of an answer with those that CORS needs.

        Every header that is sent can be read by the page: ETag, Link, Location, Retry-After, X-Request-ID …

        :param origin: the request's header Origin.
        """
        if not self._origins:
            return headers
        # Also where the origin is none of ours: a cache must not give such an answer to one of them.
        varying = [value for name, value in headers if name.lower() == "vary"]
        others = [(name, value) for name, value in headers if name.lower() != "vary"]
        completed = [*others, ("Vary", ", ".join([*varying, "Origin"]))]
        if origin not in self._origins:
            return completed
        shown = sorted({name for name, _ in others if _has_to_be_told(name)})
        completed += [("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true")]
        if shown:
            completed.append(("Access-Control-Expose-Headers", ", ".join(shown)))
        return completed


def _has_to_be_told(name: str) -> bool:
    return name.lower() not in _NOT_TOLD and not name.lower().startswith("access-control-")
