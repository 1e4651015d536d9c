"""Tokens that are over before they expire: ended sessions, disabled accounts, single tokens.

The service that issues tokens publishes a list of them, and every other one keeps a copy that is at most ten
seconds old. While it cannot be fetched the last copy counts, and the tokens' own expiry.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from libs.jwt.caller import Caller
from libs.jwt.fetched import Fetched


class Revocations(Protocol):
    """Tell what is over."""

    def revoked(self, caller: Caller) -> bool:
        """Tell whether the token of `caller` is good no more."""


@dataclass(frozen=True)
class RevocationList:
    """What is over, by session (`sid`), account (`sub`) and token (`jti`).

    As JSON: ``{"sid": ["…"], "sub": ["…"], "jti": ["…"]}``. There is no secret in it.
    """

    sessions: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    tokens: frozenset[str] = frozenset()

    def revoked(self, caller: Caller) -> bool:
        return (
            caller.session in self.sessions
            or caller.subject in self.subjects
            or caller.token_id in self.tokens
        )

    def to_json(self) -> dict[str, list[str]]:
        return {"sid": sorted(self.sessions), "sub": sorted(self.subjects), "jti": sorted(self.tokens)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RevocationList":
        """:raises LookupError, TypeError, ValueError: if `document` is no such list."""
        parts = [document[name] for name in ("sid", "sub", "jti")]
        if not all(isinstance(part, list) and all(isinstance(one, str) for one in part) for part in parts):
            raise ValueError("not a list of revocations")
        return cls(*map(frozenset, parts))


class RemoteRevocations:
    """The list that another service publishes.

    :param url: its address.
    :param max_age: seconds after which it is fetched again.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age: float = 10,
        cooldown: float = 5,
        timeout: float = 1.5,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetched = Fetched(
            url,
            RevocationList.from_json,
            max_age=max_age,
            cooldown=cooldown,
            too_old=2 * max_age,
            timeout=timeout,
            transport=transport,
            clock=clock,
        )

    def revoked(self, caller: Caller) -> bool:
        """Tell whether `caller` is on the list.

        Before it could ever be fetched, nobody is: what counts then is how short a token lives.
        """
        known = self._fetched.get() or self._fetched.renew()
        return known is not None and known.revoked(caller)
