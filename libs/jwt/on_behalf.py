"""Calling other services for a user who has no token here: in a task, which may run long after the request.

A token is made for each call's service and kept for as long as it is good, which is a minute. It says who the
user is (`sub`), and which service acts for them (`act`, RFC 8693 section 4.1).
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from libs.errors import Forbidden
from libs.jwt.caller import SERVICE, Caller
from libs.jwt.issuer import TokenIssuer

LIFE_SECONDS = 60
RENEWED_AT = 0.8
"""The share of its life after which a token is renewed, or used for no other call."""
KEPT_TOKENS = 1024

Issue = Callable[[Caller, str], tuple[str, float]]
"""Makes, for a caller and the service to be called, a token and the seconds it is good for."""


class _Wanted(NamedTuple):
    subject: str
    scopes: frozenset[str]
    roles: frozenset[str]
    audience: str


class OnBehalf:
    """Makes tokens to act for users with. Threads may share it.

    :param issue: makes one; raises a `Problem` where there is none to be had.
    :param kept: how many are kept; the oldest is forgotten first.
    """

    def __init__(
        self, issue: Issue, *, kept: int = KEPT_TOKENS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issue = issue
        self._most_kept = kept
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[_Wanted, tuple[str, float]] = {}

    def __repr__(self) -> str:
        return "OnBehalf()"

    def token(self, caller: Caller, audience: str) -> str:
        """Return a token to call `audience` for `caller` with, with no more scopes and roles than theirs.

        :raises Forbidden: NOT_A_USER, if the caller is a service; NOT_FOR_THIS_SERVICE, if the token that the
            caller came with was not good there either; or as `issue` says.
        :raises ServiceUnavailable: as `issue` says.
        """
        if caller.subject.startswith(SERVICE):
            raise Forbidden("A service acts for users, and for no other service.", code="NOT_A_USER")
        if caller.audience is not None and audience not in caller.audience:
            raise Forbidden(
                f"The caller's token was not good at {audience}, and so is none that stands for it.",
                code="NOT_FOR_THIS_SERVICE",
            )
        wanted = _Wanted(caller.subject, caller.scopes, caller.roles, audience)
        with self._lock:
            kept = self._kept.get(wanted)
        asked_at = self._clock()
        if kept is not None and asked_at < kept[1]:
            return kept[0]
        token, life = self._issue(caller, audience)
        with self._lock:
            self._kept.pop(wanted, None)
            while len(self._kept) >= max(self._most_kept, 1):
                del self._kept[next(iter(self._kept))]
            self._kept[wanted] = token, asked_at + life * RENEWED_AT
        return token

    def forget(self, token: str) -> None:
        """Use a token no more that was refused: it may have been revoked, and the next one is good."""
        with self._lock:
            for wanted in [wanted for wanted, (kept, _) in self._kept.items() if kept == token]:
                del self._kept[wanted]


def issued_here(
    issuer: TokenIssuer, service: str, checked: Callable[[Caller], Caller] = lambda caller: caller
) -> Issue:
    """Return what makes tokens in a service that signs them itself.

    :param service: its name.
    :param checked: returns the caller with what they may still do, or raises a `Problem`; by default nobody
        looks whether there still is such a user.
    """

    def issue(caller: Caller, audience: str) -> tuple[str, float]:
        asked_at = time.time()
        caller = checked(caller)
        token = issuer.issue(
            caller.subject,
            audience=[audience],
            expires_in=LIFE_SECONDS,
            scopes=caller.scopes,
            roles=caller.roles,
            actor=f"{SERVICE}{service}",
            issued_at=asked_at,
        )
        return token, LIFE_SECONDS

    return issue
