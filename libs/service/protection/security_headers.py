"""Headers that tell browsers, and caches between us and them, what they may do with an answer.

They are of no effect on programs. What an answer says itself is kept: the page at /docs and those of auth
have a Content-Security-Policy of their own, public keys a Cache-Control.

https://cheatsheetseries.owasp.org/cheatsheets/REST_Security_Cheat_Sheet.html#security-headers
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from libs.service.web.exchange import current_exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]

SECURITY_HEADERS = {
    # What is no page is never taken for one, nor for a script.
    "X-Content-Type-Options": "nosniff",
    # Opened as a page all the same, it loads nothing, does nothing, and is in no frame.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Pages of others cannot load it as a picture or a script; those `cors_origins` names ask by fetch, which
    # this is not about.
    "Cross-Origin-Resource-Policy": "same-origin",
    # The addresses of an API hold ids.
    "Referrer-Policy": "no-referrer",
}
"""What every answer has."""


EXTENSION = "polymacaron.security_headers"
"""The key of a Flask application's extensions with its `SecurityHeaders`, for answers it knows nothing of."""


class SecurityHeaders:
    """Completes the headers of every answer.

    An answer to somebody who is known, or that refuses, is kept by no cache unless it says so. One with an
    ETag may be kept by the client's own, which asks each time whether it is still good (RFC 9111, 4.3).

    :param hsts_seconds: how long browsers ask us by https only (RFC 6797); 0 for what may be asked by http.
    """

    def __init__(self, *, hsts_seconds: int = 0) -> None:
        always = dict(SECURITY_HEADERS)
        if hsts_seconds:
            always["Strict-Transport-Security"] = f"max-age={hsts_seconds}"
        self._always = [(name.lower(), name, value) for name, value in always.items()]

    def completed(self, headers: Headers, *, refused: bool, known: bool = False) -> Headers:
        """Return the headers of an answer with those it lacks.

        :param refused: whether it is a problem.
        :param known: whether it is to a caller who is known.
        """
        said = {name.lower() for name, _ in headers}
        completed = headers + [(name, value) for lower, name, value in self._always if lower not in said]
        if (refused or known) and "cache-control" not in said:
            kept = "etag" in said and not refused
            completed.append(("Cache-Control", "private, no-cache" if kept else "no-store"))
        return completed

    def around(self, app: "WSGIApplication") -> "WSGIApplication":
        """Return an application (PEP 3333) whose answers have the headers."""

        def completing(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            def start(status: str, headers: Headers, *rest: Any) -> Any:
                exchange = current_exchange(environ)
                refused = exchange is not None and exchange.problem is not None
                known = exchange is not None and exchange.caller is not None
                return start_response(status, self.completed(headers, refused=refused, known=known), *rest)

            return app(environ, start)

        return completing
