"""Registering clients, and telling whether one is who it says."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from urllib.parse import SplitResult, urlsplit

from pynamodb.exceptions import DoesNotExist, PutError, UpdateError
from pynamodb.expressions.update import Action

from libs.dynamodb import is_condition_failure
from libs.jwt.issuer import FIRST_PARTY
from libs.jwt.service_account import ON_BEHALF_GRANT
from libs.jwt.verifier import LEEWAY_SECONDS
from services.auth.accounts.roles import NAME
from services.auth.audit import OPERATOR, audit
from services.auth.clients.models import OAuthClient
from services.auth.sessions.revocations import revoke
from services.auth.tokens import NOBODY_ACTS_AT

GRANTS = ("authorization_code", "client_credentials", "refresh_token")
SECRET_BYTES = 32
BOTH_SECRETS = timedelta(days=1)
"""How long the old secret is good beside a new one, so that whoever has it can be given the other."""
MOST_GRANTED = 1_500
"""Characters of all scopes and audiences: a token with more of them is longer than anybody reads (4,096)."""
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
    acts_for_users: bool = False,
    roles: Collection[str] = (),
) -> str | None:
    """Register a client, and return its secret, which is shown this one time; None for a public one.

    :param acts_for_users: whether it may have tokens of users who are not there, for the tasks they started.
    :param roles: which of a user's roles such a token may carry.
    :raises RefusedClient: if that is no client, or there is one of this id.
    """
    grants = {*grants, *([ON_BEHALF_GRANT] if acts_for_users else [])}
    _check(client_id, grants, scopes, redirect_uris, public=public)
    _check_acting(grants, audiences, roles, public=public)
    if sum(len(one) + 3 for one in (*scopes, *audiences, *roles)) > MOST_GRANTED:
        raise RefusedClient("so many scopes and audiences that no service would read its tokens")
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
        roles=set(roles) or None,
        audiences=set(audiences) or None,
        redirect_uris=set(redirect_uris) or None,
    )
    try:
        client.save(OAuthClient.client_id.does_not_exist())
    except PutError as error:
        if is_condition_failure(error):
            raise RefusedClient(f"there is a client {client_id}") from None
        raise
    audit("client created", by=OPERATOR, client=client_id, grants=sorted(grants))
    return secret


def replace_secret(client_id: str, *, now: bool = False) -> str:
    """Give a client another secret, and return it, which is shown this one time.

    A second one within the day ends the first: the one that was good before this is, and no other.

    :param now: the old one is good no more, and neither are the tokens the client has in its own name, nor
        those it is given in the next 30 seconds; else it is good for a day, and they are until they expire.
    :raises RefusedClient: if there is no such client, or it has no secret.
    """
    client = find(client_id)
    old: str | None = None if client is None else client.secret_hash
    if client is None or old is None:
        raise RefusedClient(f"there is no client {client_id} that has a secret")
    secret = secrets.token_urlsafe(SECRET_BYTES)
    actions: list[Action] = [OAuthClient.secret_hash.set(_hash(secret))]
    if now:
        actions += [OAuthClient.previous_hash.remove(), OAuthClient.previous_until.remove()]
    else:
        until = datetime.now(UTC) + BOTH_SECRETS
        actions += [OAuthClient.previous_hash.set(old), OAuthClient.previous_until.set(until)]
    try:
        client.update(actions, condition=OAuthClient.secret_hash == old)
    except UpdateError as error:
        if is_condition_failure(error):
            raise RefusedClient("somebody else has just replaced it, or deleted the client") from None
        raise
    if now:
        _end_tokens(client_id)
    audit("client secret replaced", by=OPERATOR, client=client_id, now=now)
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
    sent = _hash(secret)
    return client if any(hmac.compare_digest(one, sent) for one in _hashes(client, stored)) else None


def delete(client_id: str) -> bool:
    """Delete a client, and end the tokens it has in its own name; tell whether there was one.

    The sessions it has of users are of no use to it any more: only it could have exchanged their tokens, and
    a later client of this id cannot. Their access tokens are good till they expire, but for /auth/userinfo.

    Called again, it completes what was broken off. One that is made anew has tokens that are good after 30
    seconds.
    """
    if not _CLIENT_ID.fullmatch(client_id):
        return False
    client = find(client_id)
    if client is not None:
        client.delete()
    # Whether or not it was there: the last time may have got no further than this.
    _end_tokens(client_id)
    if client is not None:
        audit("client deleted", by=OPERATOR, client=client_id)
    return client is not None


def _end_tokens(client_id: str) -> None:
    # An operator's machine has a clock of its own, and nothing but this ends them. Nobody is to be let out by
    # one that is behind, as far as clocks may be apart; until then those that are made now are refused, too.
    revoke("sub", subject_of(client_id), ahead=LEEWAY_SECONDS)


def subject_of(client_id: str) -> str:
    """Return the `sub` of tokens that a client has in its own name; no user's id looks like it."""
    return f"service:{client_id}"


def _hashes(client: OAuthClient, stored: str) -> list[str]:
    """Return those of the secrets that are good now."""
    previous: str | None = client.previous_hash
    until: datetime | None = client.previous_until
    if previous is None or until is None or until <= datetime.now(UTC):
        return [stored]
    return [stored, previous]


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
    if not grants or set(grants) - {*GRANTS, ON_BEHALF_GRANT}:
        raise RefusedClient(f"the grants are {', '.join(GRANTS)}")
    if not all(map(_SCOPE.fullmatch, scopes)):
        raise RefusedClient("a scope has no space, quote or backslash")
    if public and "client_credentials" in grants:
        raise RefusedClient("a client without a secret has no name of its own to ask in")
    if ("authorization_code" in grants) != bool(redirect_uris):
        raise RefusedClient("authorization_code and redirect URIs go together")
    for uri in redirect_uris:
        _check_redirect(uri)


def _check_acting(
    grants: Collection[str], audiences: Collection[str], roles: Collection[str], *, public: bool
) -> None:
    if ON_BEHALF_GRANT not in grants:
        if roles:
            raise RefusedClient("roles are those of users, and go with acting for them")
        return
    if public or "authorization_code" in grants:
        raise RefusedClient("only a service of ours acts for users who are not there: one with a secret")
    if not audiences or NOBODY_ACTS_AT & set(audiences):
        raise RefusedClient("it acts for users at the services that are named, and never at auth")
    if not all(map(NAME.fullmatch, roles)):
        raise RefusedClient(f"a role is {NAME.pattern}")


def _check_redirect(uri: str) -> None:
    """RFC 6749 section 3.1.2, RFC 8252: https, the loopback interface, or a scheme of an app's own."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname
    except ValueError:
        raise RefusedClient("not a URI to redirect to") from None
    plain = parts.scheme == "http" and host not in _LOOPBACK
    own = "." in parts.scheme
    if _is_odd(parts, uri):
        raise RefusedClient("a redirect URI has no user, and no ? without anything after it")
    if parts.fragment or "#" in uri or plain or not (own or (parts.scheme in ("http", "https") and host)):
        raise RefusedClient(
            "a redirect URI is https, http to this very machine, or of a scheme like com.example.app"
        )
    if not uri.isascii() or any(one in uri for one in " \"'<>\\;,*") or not uri.isprintable():
        raise RefusedClient("a redirect URI is percent-encoded")


def _is_odd(parts: SplitResult, uri: str) -> bool:
    return "@" in parts.netloc or ("?" in uri and not parts.query)
