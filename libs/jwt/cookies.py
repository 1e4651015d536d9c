"""The access token in a cookie, for pages in browsers, and what keeps other sites from using it.

The cookie is sent by the browser whatever page makes the request. So a token for a cookie holds the hash of
a second value (the claim `csrf`), which our own page reads from a cookie that scripts may read and sends as a
header: another site's page can neither read nor send it (OWASP: signed double-submit cookie). No service has
to store anything for that.
"""

import base64
import hashlib
import hmac
import secrets

from libs.errors import Forbidden, Unauthorized
from libs.jwt.caller import Caller

ACCESS_COOKIE = "__Host-access"
"""Only ever over TLS (or to localhost), from and to this very host: RFC 6265bis section 4.1.3.2."""
CSRF_COOKIE = "__Host-csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1."""


def new_csrf_value() -> str:
    """Return what the page has to send; 256 random bits."""
    return secrets.token_urlsafe(32)


def csrf_claim(value: str) -> str:
    """Return the claim `csrf` of a token that goes with `value`."""
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()).rstrip(b"=").decode()


def check_csrf(caller: Caller, method: str, sent: str | None) -> None:
    """Check a request whose token came in the cookie.

    :param sent: the value of its header X-CSRF-Token.
    :raises Unauthorized: TOKEN_INVALID, if the token is none for a cookie.
    :raises Forbidden: CSRF_TOKEN_INVALID, if the method is not safe and the header is not the token's.
    """
    claim = caller.claims.get("csrf")
    if not isinstance(claim, str):
        raise Unauthorized("The access token is not valid here.", code="TOKEN_INVALID")
    if method in SAFE_METHODS:
        return
    if not sent or not hmac.compare_digest(csrf_claim(sent), claim):
        raise Forbidden(
            f"Send the value of the cookie {CSRF_COOKIE} as the header {CSRF_HEADER}.",
            code="CSRF_TOKEN_INVALID",
        )
