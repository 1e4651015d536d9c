"""Tokens that are over before they expire: ended sessions, disabled accounts, single tokens.

The service that issues tokens publishes a list of them, and every other one keeps a copy that is at most ten
seconds old. Where no newer one can be fetched the last copy counts, and the tokens' own expiry.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from libs.errors import ServiceUnavailable
from libs.jwt.address import Address
from libs.jwt.caller import Caller
from libs.jwt.fetched import Fetched

MAX_BYTES = 32 * 1024 * 1024
"""About a million entries, far more than there are: who has just begun can do nothing without the list."""
_NO_MOMENT = 1e15
"""Later than any clock shows, in seconds since 1970."""


class Revocations(Protocol):
    """Tell what is over."""

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the token of `caller` is good no more."""


@dataclass(frozen=True)
class RevocationList:
    """What is over, by session (`sid`), account (`sub`) and token (`jti`).

    As JSON: ``{"sid": ["…"], "sub": {"…": 1763757600}, "jti": ["…"]}``. There is no secret in it.

    :param subjects: the tokens of whom are over, and the moment until which they were made, in seconds since
        1970: one whose `iat` is later is good, so that who was let in again need not wait. Both have
        fractions. The tokens that a service acts for users with end with its own, too.
    """

    sessions: frozenset[str] = frozenset()
    subjects: Mapping[str, float] = field(default_factory=dict)
    tokens: frozenset[str] = frozenset()

    def revoked(self, caller: Caller) -> bool:
        return (
            caller.session in self.sessions
            or caller.token_id in self.tokens
            or self._made_too_early(caller, caller.subject)
            or self._made_too_early(caller, caller.actor)
        )

    def _made_too_early(self, caller: Caller, name: str | None) -> bool:
        if name is None or name not in self.subjects:
            return False
        issued = caller.claims.get("iat")
        return not isinstance(issued, int | float) or issued <= self.subjects[name]

    def to_json(self) -> dict[str, Any]:
        subjects = dict(sorted(self.subjects.items()))
        return {"sid": sorted(self.sessions), "sub": subjects, "jti": sorted(self.tokens)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RevocationList":
        """:raises LookupError, TypeError, ValueError: if `document` is no such list."""
        sessions, subjects, tokens = (document[name] for name in ("sid", "sub", "jti"))
        if not (_are_names(sessions) and _are_moments(subjects) and _are_names(tokens)):
            raise ValueError("not a list of revocations")
        return cls(frozenset(sessions), subjects, frozenset(tokens))


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _are_moments(value: Any) -> bool:
    # Of JSON's numbers, as Python reads them, NaN is later than none and Infinity than all.
    return isinstance(value, dict) and all(
        type(one) in (int, float) and 0 <= one < _NO_MOMENT for one in value.values()
    )


class RemoteRevocations:
    """The list that another service publishes.

    It is renewed as `Fetched` says.

    :param url: its address.
    :param max_age: seconds that a copy is gone by; it is renewed after half of them.
    :param cooldown: seconds between two fetches at the least.
    :param timeout: seconds that a fetch takes at most, and so that anybody waits for one.
    :raises ValueError: if `url` is none.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age: float = 10,
        cooldown: float = 2,
        timeout: float = 1.5,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = Address(url, timeout=timeout, max_bytes=MAX_BYTES, transport=transport)
        self._fetched = Fetched(
            self._address,
            lambda address: RevocationList.from_json(address.get()),
            max_age=lambda _: max_age,
            cooldown=cooldown,
            clock=clock,
        )

    def ready(self) -> None:
        """Wait only where there is no list at all: while its address is away an old one counts.

        :raises ServiceUnavailable: while the list could never be fetched.
        """
        _found(self._fetched.known())

    def revoked(self, caller: Caller) -> bool:
        """Tell whether `caller` is on the list.

        :raises ServiceUnavailable: REVOCATIONS_UNKNOWN, while the list could never be fetched: a process that
            has just begun would take what the one before it has refused.
        """
        return _found(self._fetched.get()).revoked(caller)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._address.close()


def _found(known: RevocationList | None) -> RevocationList:
    if known is None:
        raise ServiceUnavailable(
            "Which access tokens are revoked cannot be fetched. Try again.", code="REVOCATIONS_UNKNOWN"
        )
    return known
