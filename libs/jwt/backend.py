"""Calling other services in one's own name."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from libs.jwt.caller import Caller, acting_as


class Issues(Protocol):
    """Makes tokens in the name of this service: a `TokenIssuer` where it signs, else a `ServiceAccount`."""

    def issue(
        self, subject: str, *, audience: Iterable[str], expires_in: int = ..., scopes: Iterable[str] = ...
    ) -> str:
        """Return a token of `subject`."""


@contextmanager
def backend_token(
    issuer: Issues,
    service: str,
    *,
    audience: Iterable[str],
    scopes: Iterable[str] = (),
    expires_in: int = 60,
) -> Iterator[str]:
    """Have what is called within a with-block go as the service itself, not as the request's caller::

        with backend_token(issuer, "auth", audience=["profiles"], scopes=["profiles:create"]):
            clients.profiles.create_profile(body=profile)

    `current_caller()` is ``service:<service>`` in there, with these scopes and that token; after it, it is
    again who it was.

    :param audience: the services that may accept the token.
    :param expires_in: seconds until it expires; what is called later in the block is refused.
    """
    subject, held = f"service:{service}", frozenset(scopes)
    token = issuer.issue(subject, audience=audience, scopes=held, expires_in=expires_in)
    with acting_as(Caller(subject, held, token)):
        yield token
