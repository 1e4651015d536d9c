"""Tokens of a service that signs none itself: the client credentials grant (RFC 6749 section 4.4)."""

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx

from libs.errors import ServiceUnavailable

logger = logging.getLogger(__name__)

RENEWED_AT = 0.8
"""The share of its life after which a token is renewed."""
COOLDOWN_SECONDS = 5.0
MAX_BYTES = 64 * 1024

_Wanted = tuple[frozenset[str], frozenset[str]]


@dataclass
class _Kept:
    """A token, and when it is to be renewed, and no more to be used; by the clock of the account."""

    token: str = field(default="", repr=False)
    renewed_at: float = float("-inf")
    good_until: float = float("-inf")
    tried_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class ServiceAccount:
    """Fetch tokens in the service's own name, and keep them.

    A token is fetched again after 80 % of its life, by one thread, while the others go on with the old one;
    if the address does not answer, that one is used until it is over. It has the method of a `TokenIssuer`
    that `backend_token` calls.

    :param token_url: the token endpoint.
    :param secret: that of the client.
    :param timeout: seconds to connect, and to wait for each part of the answer.
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
        self._url = token_url
        self._client_id = client_id
        self._secret = secret
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[_Wanted, _Kept] = {}

    def __repr__(self) -> str:
        return f"ServiceAccount({self._client_id!r})"

    def issue(
        self, subject: str, *, audience: Iterable[str], scopes: Iterable[str] = (), expires_in: int = 0
    ) -> str:
        """Return a token.

        :param subject: is not looked at, and `expires_in` neither: whose it is, and how long it lives, is up
            to who signs it.
        :param audience: the services that are to accept it.
        :param scopes: all that the account may have, if there are none.
        :raises ServiceUnavailable: if there is none to be had.
        """
        return self.token(audience, scopes)

    def token(self, audience: Iterable[str], scopes: Iterable[str] = ()) -> str:
        """Return a token for these services, with these scopes; see `issue`."""
        wanted = frozenset(audience), frozenset(scopes)
        with self._lock:
            kept = self._kept.setdefault(wanted, _Kept())
        if self._clock() >= kept.renewed_at:
            self._renew(wanted, kept)
        if self._clock() >= kept.good_until:
            raise ServiceUnavailable("No token is to be had to call other services with. Try again.")
        return kept.token

    def _renew(self, wanted: _Wanted, kept: _Kept) -> None:
        # Who has a token that is good goes on with it while another thread fetches the next.
        asked_at = self._clock()
        if not kept.lock.acquire(blocking=asked_at >= kept.good_until):
            return
        try:
            if self._clock() >= kept.renewed_at and kept.tried_at < asked_at and self._may_try(kept):
                self._fetch(wanted, kept)
        finally:
            kept.lock.release()

    def _may_try(self, kept: _Kept) -> bool:
        pause = COOLDOWN_SECONDS if self._clock() < kept.good_until else COOLDOWN_SECONDS / 10
        return self._clock() - kept.tried_at >= pause

    def _fetch(self, wanted: _Wanted, kept: _Kept) -> None:
        audience, scopes = (" ".join(sorted(one)) for one in wanted)
        form = {"grant_type": "client_credentials", "audience": audience}
        if scopes:
            form["scope"] = scopes
        kept.tried_at = started = self._clock()
        try:
            answer = self._http.post(self._url, data=form, auth=(self._client_id, self._secret))
            answer.raise_for_status()
            if len(answer.content) > MAX_BYTES:
                raise ValueError("too long an answer")
            body = answer.json()
            token, life = body["access_token"], float(body["expires_in"])
            if (
                not isinstance(token, str)
                or body["token_type"].lower() != "bearer"
                or not 0 < life < math.inf
            ):
                raise ValueError("not a bearer token")
        except (httpx.HTTPError, LookupError, ValueError, TypeError, AttributeError) as error:
            status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else None
            told = {"url": self._url, "error": type(error).__name__, "status": status}
            logger.warning("cannot fetch a token", extra=told)
            return
        kept.token = token
        kept.renewed_at, kept.good_until = started + life * RENEWED_AT, started + life
