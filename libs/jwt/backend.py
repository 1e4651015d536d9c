"""Calling other services in one's own name."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import overload

from libs.jwt.caller import SERVICE, Caller, acting_as
from libs.jwt.issuer import TokenIssuer
from libs.jwt.service_account import ServiceAccount

LIFE_SECONDS = 60


@overload
def backend_token(
    signer: TokenIssuer,
    service: str,
    *,
    audience: Iterable[str],
    scopes: Iterable[str] = ...,
    expires_in: int = ...,
) -> AbstractContextManager[str]: ...
@overload
def backend_token(
    signer: ServiceAccount, *, audience: Iterable[str], scopes: Iterable[str] = ...
) -> AbstractContextManager[str]: ...
def backend_token(
    signer: TokenIssuer | ServiceAccount,
    service: str | None = None,
    *,
    audience: Iterable[str],
    scopes: Iterable[str] = (),
    expires_in: int | None = None,
) -> AbstractContextManager[str]:
    """Have what is called within a with-block go as the service itself, not as the request's caller::

        with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:create"]):
            clients.profiles.create_profile(body=profile)

    `current_caller()` is ``service:<service>`` in there, with these scopes and that token; after it, it is
    again who it was. A service that signs no tokens has an account, whose name, scopes and life are what auth
    says they are::

        with backend_token(account, audience=["profiles"], scopes=["profiles:create"]):

    :param service: the name of this service, where it signs the token itself.
    :param audience: the services that may accept the token.
    :param scopes: of an account, all that it may have if there are none.
    :param expires_in: seconds until a token it signs itself expires, 60 by default; what is called later in
        the block is refused.
    :raises ServiceUnavailable: if the account is given no token.
    """
    if isinstance(signer, ServiceAccount):
        if service is not None or expires_in is not None:
            raise TypeError("whose the token of an account is, and how long it lives, is not said here")
        return _as(signer.caller(audience, scopes))
    if service is None:
        raise TypeError("the name of the service is missing")
    subject, held = f"{SERVICE}{service}", frozenset(scopes)
    life = LIFE_SECONDS if expires_in is None else expires_in
    token = signer.issue(subject, audience=audience, scopes=held, expires_in=life)
    return _as(Caller(subject, held, token))


@contextmanager
def _as(caller: Caller) -> Iterator[str]:
    with acting_as(caller):
        yield caller.token or ""
