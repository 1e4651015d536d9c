"""The Authorization header (RFC 6750 section 2.1)."""

from collections.abc import Sequence

from libs.errors import Unauthorized


def bearer_token(headers: Sequence[str]) -> str:
    """Return the token of a request's Authorization header.

    :param headers: the values of all Authorization headers of the request; there must be exactly one.
    :raises Unauthorized: AUTHORIZATION_HEADER_MISSING or AUTHORIZATION_HEADER_INVALID.
    """
    if not headers:
        raise Unauthorized(
            "Send an access token: Authorization: Bearer …", code="AUTHORIZATION_HEADER_MISSING"
        )
    scheme, _, token = headers[0].strip().partition(" ")
    token = token.strip()
    if len(headers) > 1 or scheme.lower() != "bearer" or not token or any(c in token for c in " ,"):
        raise Unauthorized(
            "The Authorization header must be one bearer token: Authorization: Bearer …",
            code="AUTHORIZATION_HEADER_INVALID",
        )
    return token
