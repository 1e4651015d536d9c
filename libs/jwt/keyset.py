"""The public keys tokens are verified against (RFC 7517)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import httpx
import jwt

from libs.errors import ServiceUnavailable
from libs.jwt.fetched import Fetched
from libs.jwt.jwks import read_keys


class KeySet(Protocol):
    """Find a public key by its id."""

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named `kid`, or None if there is none."""


class FixedKeySet:
    """Keys known beforehand.

    :raises ValueError: as `read_keys` does.
    """

    def __init__(self, jwks: Iterable[Mapping[str, Any]]) -> None:
        self._keys = read_keys(jwks)

    def find(self, kid: str) -> jwt.PyJWK | None:
        return self._keys.get(kid)


class RemoteKeySet:
    """Keys fetched from a JWKS address and kept.

    They are renewed as `Fetched` says, and at once for a key id that is not among them: a new key is known
    with the first token it signed, and a thousand made-up ones cost one fetch in a cooldown.

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
        self._fetched = Fetched(
            url,
            lambda document: read_keys(document["keys"]),
            max_age=max_age,
            cooldown=cooldown,
            timeout=timeout,
            transport=transport,
            clock=clock,
        )

    def ready(self) -> None:
        """:raises ServiceUnavailable: while no keys could ever be fetched."""
        if self._fetched.get() is None:
            self.find("")

    def find(self, kid: str) -> jwt.PyJWK | None:
        keys = self._fetched.get()
        if keys is None or kid not in keys:
            keys = self._fetched.renew()
        if keys is None:
            raise ServiceUnavailable("The keys to verify access tokens with cannot be fetched. Try again.")
        return keys.get(kid)
