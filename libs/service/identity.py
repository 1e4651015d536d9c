"""How a service knows callers, and how it calls others for them."""

from collections.abc import Callable

from libs.api import Dependencies
from libs.errors import Forbidden
from libs.jwt import (
    Caller,
    Identity,
    KeySet,
    OnBehalf,
    Revocations,
    ServiceAccount,
    SharedSecret,
    TokenIssuer,
    TokenVerifier,
)
from libs.jwt.on_behalf import issued_here
from libs.service.settings import Settings

Authenticate = Callable[[str], Caller]


def service_account(settings: Settings) -> list[ServiceAccount]:
    """Return the account of the service with auth, if it has one."""
    if settings.token_url is None or settings.client_id is None or settings.client_secret is None:
        return []
    return [ServiceAccount(settings.token_url, settings.client_id, settings.client_secret.reveal())]


def verifying(name: str, settings: Settings, keys: KeySet, revocations: Revocations | None) -> Authenticate:
    """Return what turns the tokens that are good at the service `name` into their callers."""
    verifier = TokenVerifier(keys, issuer=settings.jwt_issuer, audience=name, revocations=revocations)
    return verifier.verify


def identity_of(
    name: str,
    settings: Settings,
    dependencies: Dependencies,
    authenticate: Authenticate,
    *,
    takes_actors: bool = True,
) -> Identity:
    """Return how callers of the service `name` are known, and what signs tokens where it does.

    :param takes_actors: whether others may act for users here.
    """
    issuer = dependencies.make(TokenIssuer) if dependencies.provides(TokenIssuer) else None
    return Identity(
        authenticate if takes_actors else _refusing_actors(authenticate),
        issuer,
        _on_behalf(name, settings, dependencies, issuer),
    )


def refuse_actor(caller: Caller) -> Caller:
    """Return `caller`, if it is no service that acts for them.

    :raises Forbidden: ACTOR_REFUSED.
    """
    if caller.actor is not None:
        raise Forbidden("Nobody acts for a user here.", code="ACTOR_REFUSED")
    return caller


def _refusing_actors(authenticate: Authenticate) -> Authenticate:
    return lambda token: refuse_actor(authenticate(token))


def _on_behalf(
    name: str, settings: Settings, dependencies: Dependencies, issuer: TokenIssuer | None
) -> OnBehalf | None:
    """Return what makes tokens to act for users with; None where nothing can.

    Auth is asked where the service has an account with it: it knows whether the user is still there.
    """
    if dependencies.provides(OnBehalf):
        return dependencies.make(OnBehalf)
    if dependencies.provides(ServiceAccount):
        return OnBehalf(dependencies.make(ServiceAccount).acting_for)
    if issuer is None and settings.jwt_secret is not None:
        issuer = TokenIssuer(SharedSecret(settings.jwt_secret.reveal()), settings.jwt_issuer)
    return OnBehalf(issued_here(issuer, name)) if issuer is not None else None
