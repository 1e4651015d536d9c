"""The public keys tokens are verified against (RFC 7517)."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Protocol

import httpx
import jwt

from libs.errors import ServiceUnavailable

logger = logging.getLogger(__name__)


class KeySet(Protocol):
    """Find a public key by its id."""

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named `kid`, or None if there is none."""


class FixedKeySet:
    """Keys known beforehand: the issuing service's own."""

    def __init__(self, jwks: Iterable[Mapping[str, Any]]) -> None:
        self._keys = _parse(jwks)

    def find(self, kid: str) -> jwt.PyJWK | None:
        return self._keys.get(kid)


class RemoteKeySet:
    """Keys fetched from a JWKS address and kept.

    They are fetched again when older than `max_age`, or for a key id that is not among them, but never
    more often than every `cooldown`, and by one thread at a time while the others go on with the keys
    they have. If the address does not answer, the old keys stay good.

    :param url: address of the JSON Web Key Set.
    :param max_age: seconds after which the keys are fetched again.
    :param cooldown: seconds between two fetches at the least, whatever tokens come in.
    :raises ServiceUnavailable: from `find`, while no keys could ever be fetched.
    """

    def __init__(
        self,
        url: str,
        *,
        max_age: float = 300,
        cooldown: float = 5,
        timeout: float = 1.5,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._max_age = max_age
        self._cooldown = cooldown
        self._http = httpx.Client(timeout=timeout, transport=transport, trust_env=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] | None = None
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")

    def ready(self) -> None:
        """:raises ServiceUnavailable: while no keys could ever be fetched."""
        if self._keys is None:
            self.find("")

    def find(self, kid: str) -> jwt.PyJWK | None:
        keys = self._keys
        if keys is None or kid not in keys or self._clock() - self._fetched_at > self._max_age:
            self._refresh(must_wait=keys is None or kid not in keys)
            keys = self._keys
        if keys is None:
            raise ServiceUnavailable("The keys to verify access tokens with cannot be fetched. Try again.")
        return keys.get(kid)

    def _refresh(self, *, must_wait: bool) -> None:
        asked_at = self._clock()
        if not self._lock.acquire(blocking=must_wait):
            return
        try:
            # Another thread may have fetched while this one waited; and then there is the cooldown.
            cooldown = self._cooldown if self._keys else min(self._cooldown, 0.5)
            if self._tried_at >= asked_at or asked_at - self._tried_at < cooldown:
                return
            self._tried_at = self._clock()
            answer = self._http.get(self._url)
            answer.raise_for_status()
            self._keys = _parse(answer.json()["keys"])
            self._fetched_at = self._clock()
        except (httpx.HTTPError, LookupError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            logger.warning(
                "cannot fetch the key set", extra={"url": self._url, "error": type(error).__name__}
            )
        finally:
            self._lock.release()


def _parse(jwks: Iterable[Mapping[str, Any]]) -> dict[str, jwt.PyJWK]:
    keys: dict[str, jwt.PyJWK] = {}
    for jwk in jwks:
        # A key of a kind we do not know is none of ours; the others are still good (RFC 7517 section 5).
        with suppress(jwt.PyJWKError, jwt.exceptions.InvalidKeyError):
            if jwk.get("use", "sig") == "sig":
                keys[jwk["kid"]] = jwt.PyJWK.from_dict(dict(jwk))
    if not keys:
        raise ValueError("a key set without keys")
    return keys
