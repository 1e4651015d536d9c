"""The access token in a cookie, for pages in browsers, and what keeps other sites from using it.

The cookie is sent by the browser whatever page makes the request. So a token for a cookie holds the hash of
a second value (the claim `csrf`), which our own page reads from a cookie that scripts may read and sends as a
header: another site's page can neither read nor send it (OWASP: signed double-submit cookie). No service has
to store anything for that.
"""

import base64
import hashlib
import hmac

from libs.errors import Forbidden
from libs.jwt.caller import Caller
from libs.jwt.challenges import invalid_token

ACCESS_COOKIE = "__Host-access"
"""Only ever over TLS (or to localhost), from and to this very host: RFC 6265bis section 4.1.3.2."""
CSRF_COOKIE = "__Host-csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""RFC 9110 section 9.2.1."""


def csrf_value(secret: bytes, session_id: str) -> str:
    """Return what the pages of a session have to send: the same as long as it lasts, and no other's.

    :param secret: what only the service that issues tokens knows of the session; 256 random bits.
    """
    return _text(hmac.digest(secret, b"csrf " + session_id.encode(), "sha256"))


def csrf_claim(value: str) -> str:
    """Return the claim `csrf` of a token that goes with `value`."""
    return _text(hashlib.sha256(value.encode()).digest())


def sent_by_page(header: str | None, cookie: str | None) -> bool:
    """Tell whether a request was made by who can read the cookie: for one that no token comes with.

    :param header: the value of its header X-CSRF-Token.
    :param cookie: that of its cookie ``__Host-csrf``.
    """
    if not header or not cookie:
        return False
    return hmac.compare_digest(header.encode(), cookie.encode())


def csrf_refused() -> Forbidden:
    """Return the refusal of a request that no page of ours has made, as far as can be told."""
    return Forbidden(
        f"Send the value of the cookie {CSRF_COOKIE} as the header {CSRF_HEADER}.", code="CSRF_TOKEN_INVALID"
    )


def check_csrf(caller: Caller, method: str, sent: str | None) -> None:
    """Check a request whose token came in the cookie.

    :param sent: the value of its header X-CSRF-Token.
    :raises Unauthorized: TOKEN_INVALID, if the token is none for a cookie.
    :raises Forbidden: CSRF_TOKEN_INVALID, if the method is not safe and the header is not the token's.
    """
    claim = caller.claims.get("csrf")
    if not isinstance(claim, str):
        raise invalid_token("The access token is not valid here.", code="TOKEN_INVALID")
    if method in SAFE_METHODS:
        return
    # As bytes: of text, only ASCII can be compared so.
    if not sent or not hmac.compare_digest(csrf_claim(sent).encode(), claim.encode(errors="replace")):
        raise csrf_refused()


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
