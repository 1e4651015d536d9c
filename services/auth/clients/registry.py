"""Registering clients, and telling whether one is who it says."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from urllib.parse import urlsplit

from pynamodb.exceptions import DoesNotExist, PutError

from libs.dynamodb import is_condition_failure
from libs.jwt.issuer import FIRST_PARTY
from services.auth.clients.models import OAuthClient
from services.auth.sessions.revocations import revoke

GRANTS = ("authorization_code", "client_credentials", "refresh_token")
SECRET_BYTES = 32
_CLIENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
"""RFC 6749 section 3.3."""
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class RefusedClient(ValueError):
    """A client that cannot be registered so; the message says why."""


def create(
    client_id: str,
    name: str,
    *,
    grants: Collection[str],
    scopes: Collection[str] = (),
    audiences: Collection[str] = (),
    redirect_uris: Collection[str] = (),
    public: bool = False,
) -> str | None:
    """Register a client, and return its secret, which is shown this one time; None for a public one.

    :raises RefusedClient: if that is no client, or there is one of this id.
    """
    _check(client_id, grants, scopes, redirect_uris, public=public)
    if "authorization_code" in grants and "auth" in audiences:
        raise RefusedClient("no program gets at accounts and sessions by having somebody log in to it")
    # 256 random bits: nobody guesses them, however fast the hash is.
    secret = None if public else secrets.token_urlsafe(SECRET_BYTES)
    client = OAuthClient(
        client_id,
        name=name,
        secret_hash=_hash(secret) if secret else None,
        grants=set(grants),
        scopes=set(scopes) or None,
        audiences=set(audiences) or None,
        redirect_uris=set(redirect_uris) or None,
    )
    try:
        client.save(OAuthClient.client_id.does_not_exist())
    except PutError as error:
        if is_condition_failure(error):
            raise RefusedClient(f"there is a client {client_id}") from None
        raise
    return secret


def find(client_id: str) -> OAuthClient | None:
    """Return a client; None if there is none of this id."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    try:
        return OAuthClient.get(client_id, consistent_read=True)
    except DoesNotExist:
        return None


def authenticated(client_id: str, secret: str | None) -> OAuthClient | None:
    """Return the client whose secret that is, or the public one; None if it is somebody else."""
    client = find(client_id)
    if client is None:
        return None
    stored: str | None = client.secret_hash
    if stored is None or secret is None:
        return client if stored is None and secret is None else None
    return client if hmac.compare_digest(stored, _hash(secret)) else None


def delete(client_id: str) -> bool:
    """Delete a client, and end the tokens it has in its own name; tell whether there was one.

    The sessions it has of users are of no use to it any more: only it could have exchanged their tokens.
    """
    client = find(client_id)
    if client is None:
        return False
    client.delete()
    revoke("sub", subject_of(client))
    return True


def subject_of(client: OAuthClient) -> str:
    """Return the `sub` of tokens that a client has in its own name; no user's id looks like it."""
    return f"service:{client.client_id}"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(
    client_id: str,
    grants: Collection[str],
    scopes: Collection[str],
    redirect_uris: Collection[str],
    *,
    public: bool,
) -> None:
    if not _CLIENT_ID.fullmatch(client_id) or client_id == FIRST_PARTY:
        raise RefusedClient(
            "an id has letters, digits, - and _, at most 64, and is not that of our own clients"
        )
    if not grants or set(grants) - set(GRANTS):
        raise RefusedClient(f"the grants are {', '.join(GRANTS)}")
    if not all(map(_SCOPE.fullmatch, scopes)):
        raise RefusedClient("a scope has no space, quote or backslash")
    if public and "client_credentials" in grants:
        raise RefusedClient("a client without a secret has no name of its own to ask in")
    if ("authorization_code" in grants) != bool(redirect_uris):
        raise RefusedClient("authorization_code and redirect URIs go together")
    for uri in redirect_uris:
        _check_redirect(uri)


def _check_redirect(uri: str) -> None:
    """RFC 6749 section 3.1.2, RFC 8252: https, the loopback interface, or a scheme of an app's own."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        raise RefusedClient("not a URI to redirect to") from None
    plain = parts.scheme == "http" and host not in _LOOPBACK
    own = "." in parts.scheme
    if parts.fragment or "#" in uri or plain or not (own or (parts.scheme in ("http", "https") and host)):
        raise RefusedClient(
            "a redirect URI is https, http to this very machine, or of a scheme like com.example.app"
        )
    if not uri.isascii() or any(one in uri for one in " \"'<>\\;,*") or not uri.isprintable():
        raise RefusedClient("a redirect URI is percent-encoded")
