"""Tokens of a service that signs none itself: the client credentials grant (RFC 6749 section 4.4).

And those to act for a user with, by a grant of our own (section 4.5).
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx

from libs.errors import Forbidden, ServiceUnavailable
from libs.jwt.address import Address, TryLater
from libs.jwt.caller import SERVICE, Caller
from libs.jwt.fetched import Fetched
from libs.jwt.on_behalf import RENEWED_AT
from libs.jwt.scopes import read_scope

logger = logging.getLogger(__name__)

ON_BEHALF_GRANT = "urn:polymacaron:oauth:grant-type:on-behalf"
"""Asks for a token of a user who is not there; only for clients that were given the right to."""
COOLDOWN_SECONDS = 5.0
MAX_BYTES = 64 * 1024

_NONE_NOW = "No token is to be had to call other services with. Try again."
_LONGEST_WORD = 50

_Wanted = tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class _Granted:
    token: str = field(repr=False)
    scopes: frozenset[str]
    life: float


class ServiceAccount:
    """Fetch tokens in the service's own name, and keep them.

    A token is fetched again after 80 % of its life, beside those who go on with the old one; if the address
    does not answer, that one is used until it is over. `backend_token` takes it in place of a `TokenIssuer`.

    :param token_url: the token endpoint.
    :param client_id: the client's id; its tokens are those of ``service:<client_id>``.
    :param secret: that of the client.
    :param timeout: seconds that a token is waited for at most.
    :raises ValueError: if `token_url` is no URL.
    """

    def __init__(
        self,
        token_url: str,
        client_id: str,
        secret: str,
        *,
        timeout: float = 2.0,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._address = Address(token_url, timeout=timeout, max_bytes=MAX_BYTES, transport=transport)
        self._client_id = client_id
        self._secret = secret
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[_Wanted, Fetched[_Granted]] = {}

    def __repr__(self) -> str:
        return f"ServiceAccount({self._client_id!r})"

    def token(self, audience: Iterable[str], scopes: Iterable[str] = ()) -> str:
        """Return a token; see `caller`."""
        return self._granted(audience, scopes).token

    def caller(self, audience: Iterable[str], scopes: Iterable[str] = ()) -> Caller:
        """Return who calls with a token of the account: itself, with the scopes that it was given.

        :param audience: the services that are to accept it.
        :param scopes: all that the account may have, if there are none.
        :raises ServiceUnavailable: if there is no token to be had.
        """
        granted = self._granted(audience, scopes)
        return Caller(f"{SERVICE}{self._client_id}", granted.scopes, granted.token)

    def acting_for(self, caller: Caller, audience: str) -> tuple[str, float]:
        """Return a token to call a service for a user with, and the seconds it is good for.

        Nothing is kept: `OnBehalf` does that.

        :raises Forbidden: ACCOUNT_CLOSED, if the user is disabled or gone; MAY_NOT_ACT, if the account has no
            right to act for users, or not there.
        :raises ServiceUnavailable: if there is no token to be had now; with the seconds to wait, if auth has
            said so, as after too many.
        """
        form = {
            "grant_type": ON_BEHALF_GRANT,
            "requested_subject": caller.subject,
            "audience": audience,
            "scope": " ".join(sorted(caller.scopes)),
            "roles": " ".join(sorted(caller.roles)),
        }
        try:
            answer = self._address.ask(form, (self._client_id, self._secret))
            granted, error = _read_acting(*answer)
        except Exception as failure:  # noqa: BLE001 - whatever it is, there is no token
            told = {"url": str(self._address), "error": type(failure).__name__}
            logger.warning("no token to act for a user with", extra=told)
            seconds = failure.seconds if isinstance(failure, TryLater) else 1
            raise ServiceUnavailable(_NONE_NOW, retry_after=seconds) from None
        if granted is not None:
            return granted.token, granted.life
        if error == "invalid_grant":
            raise Forbidden("The account this is done for is closed, or gone.", code="ACCOUNT_CLOSED")
        logger.error("no right to act for users", extra={"client": self._client_id, "error": error})
        raise Forbidden(f"This service may not act for users at {audience}.", code="MAY_NOT_ACT")

    def _granted(self, audience: Iterable[str], scopes: Iterable[str]) -> _Granted:
        wanted = frozenset(audience), frozenset(scopes)
        with self._lock:
            if (kept := self._kept.get(wanted)) is None:
                kept = self._kept[wanted] = Fetched(
                    self._address,
                    partial(self._fetch, wanted),
                    max_age=lambda granted: granted.life,
                    renewed_at=RENEWED_AT,
                    cooldown=COOLDOWN_SECONDS,
                    outlives=False,
                    clock=self._clock,
                )
        granted = kept.get()
        if granted is None:
            raise ServiceUnavailable(_NONE_NOW)
        return granted

    def _fetch(self, wanted: _Wanted, address: Address) -> _Granted:
        audience, scopes = (" ".join(sorted(one)) for one in wanted)
        form = {"grant_type": "client_credentials", "audience": audience}
        if scopes:
            form["scope"] = scopes
        return _read_granted(address.post(form, (self._client_id, self._secret)), scopes)


def _read_granted(body: Any, scopes: str) -> _Granted:
    """Read an answer of RFC 6749 section 5.1.

    :param scopes: what was asked for, and so what was granted if the answer says nothing.
    :raises Exception: of many kinds, if it is none.
    """
    token, life = body["access_token"], float(body["expires_in"])
    granted = body.get("scope", scopes)
    if (
        not isinstance(token, str)
        or not isinstance(granted, str)
        or body["token_type"].lower() != "bearer"
        or not 0 < life < math.inf
    ):
        raise ValueError("not a bearer token")
    return _Granted(token, read_scope(granted), life)


def _read_acting(status: int, body: Any) -> tuple[_Granted | None, str]:
    """Return what was granted, or with which word it was refused (RFC 6749 section 5.2).

    :raises Exception: of many kinds, if the answer is neither. A wrong secret (401) is one of them: it is
        being replaced, perhaps, and nothing that is asked for is lost by that.
    """
    if status == 200:
        return _read_granted(body, ""), ""
    error = body["error"]
    if status != 400 or not isinstance(error, str):
        raise ValueError(f"a {status} is no answer to go by")
    return None, error[:_LONGEST_WORD]
