"""The authorization request (RFC 6749 section 4.1.1), as far as it is safe to answer it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from libs.errors import BadRequest
from services.auth.clients import OAuthClient, find
from services.auth.oauth.codes import CHALLENGE, Authorization
from services.auth.oauth.scopes import granted_scopes

_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?((?:[/?].*)?)")
"""Whatever port a program on somebody's device has been given by its system; `localhost` is a name, and may
lead elsewhere."""


class UnsafeRequest(BadRequest):
    """A request whose answer may not be sent where it says: the client is not known, or the place not its."""

    code = "AUTHORIZATION_REFUSED"


@dataclass(frozen=True)
class Destination:
    """Where the answer goes.

    :param state: as the client sent it.
    :param issuer: who answers (RFC 9207), so that a client of several servers knows which one it was.
    """

    redirect_uri: str
    state: str | None
    issuer: str

    def url(self, **answer: str) -> str:
        """Return the address to redirect to, with an answer."""
        members = {**answer, **({"state": self.state} if self.state is not None else {}), "iss": self.issuer}
        mark = "&" if urlsplit(self.redirect_uri).query else "?"
        return f"{self.redirect_uri}{mark}{urlencode(members)}"

    @property
    def source(self) -> str:
        """What it is called in a Content-Security-Policy."""
        parts = urlsplit(self.redirect_uri)
        if "[" in parts.netloc:  # CSP has no hosts of IPv6 numbers (CSP3 section 2.3.1)
            return f"{parts.scheme}:"
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


class RefusedRequest(Exception):
    """A refusal that the client is told of.

    :param error: one of the words of RFC 6749 section 4.1.2.1 or OpenID Connect Core section 3.1.2.6.
    """

    def __init__(self, destination: Destination, error: str, description: str) -> None:
        super().__init__(error)
        self.url = destination.url(error=error, error_description=description)


def client_and_destination(sent: Mapping[str, str], issuer: str) -> tuple[OAuthClient, Destination]:
    """Return who asks, and where the answer goes.

    :param sent: the parameters of the request.
    :raises UnsafeRequest: if one of them is not as it was registered, to the letter; but for the port of a
        loopback address (RFC 8252 section 7.3).
    """
    client = find(sent.get("client_id", ""))
    redirect_uri = sent.get("redirect_uri", "")
    if client is None or "authorization_code" not in client.grants:
        raise UnsafeRequest("This program is not known here.")
    registered: set[str] = client.redirect_uris or set()
    if redirect_uri not in registered and not _is_any_port_of(redirect_uri, registered):
        raise UnsafeRequest("This program may not be answered there.")
    return client, Destination(redirect_uri, sent.get("state"), issuer)


def _is_any_port_of(redirect_uri: str, registered: Collection[str]) -> bool:
    asked = _LOOPBACK.fullmatch(redirect_uri)
    known = filter(None, map(_LOOPBACK.fullmatch, registered))
    return asked is not None and any(one.groups() == asked.groups() for one in known)


def authorization(sent: Mapping[str, str], client: OAuthClient, destination: Destination) -> Authorization:
    """Return what the client asks for.

    :raises RefusedRequest: if it is not what we do.
    """

    def refuse(error: str, description: str) -> RefusedRequest:
        return RefusedRequest(destination, error, description)

    if sent.get("response_type") != "code":
        raise refuse("unsupported_response_type", "response_type has to be code")
    for name, error in (("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")):
        if name in sent:
            raise refuse(error, f"{name} is not supported")
    if sent.get("response_mode", "query") != "query":
        raise refuse("invalid_request", "response_mode has to be query")
    # S256 alone, for every client (RFC 9700 section 2.1.1).
    if sent.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(sent.get("code_challenge", "")):
        raise refuse("invalid_request", "send a code_challenge, with code_challenge_method=S256")
    if "none" in sent.get("prompt", "").split():
        raise refuse("login_required", "there is nobody logged in here to be asked")
    return Authorization(
        client_id=client.client_id,
        redirect_uri=destination.redirect_uri,
        challenge=sent["code_challenge"],
        scopes=granted_scopes(sent.get("scope"), client),
        nonce=sent.get("nonce"),
    )
