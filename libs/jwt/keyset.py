"""The public keys tokens are verified against (RFC 7517)."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

import httpx
import jwt

from libs.errors import ServiceUnavailable
from libs.jwt.address import Address
from libs.jwt.fetched import Fetched
from libs.jwt.jwks import read_keys

MAX_BYTES = 1024 * 1024


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
    :param max_age: seconds that the keys are gone by; they are renewed after half of them.
    :param cooldown: seconds between two fetches at the least, whatever tokens come in.
    :param timeout: seconds that a fetch takes at most, and so that anybody waits for one.
    :raises ValueError: if `url` is none.
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
        self._address = Address(url, timeout=timeout, max_bytes=MAX_BYTES, transport=transport)
        self._fetched = Fetched(
            self._address,
            lambda address: read_keys(address.get()["keys"]),
            max_age=lambda _: max_age,
            cooldown=cooldown,
            clock=clock,
        )

    def ready(self) -> None:
        """Wait only where there are no keys at all.

        :raises ServiceUnavailable: while no keys could ever be fetched.
        """
        _found(self._fetched.known())

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named `kid`, or None if there is none.

        :raises ServiceUnavailable: while no keys could ever be fetched.
        """
        keys = _found(self._fetched.get())
        if kid not in keys:
            keys = _found(self._fetched.renew())
        return keys.get(kid)

    def close(self) -> None:
        """Close the connections that are kept."""
        self._address.close()


def _found(keys: Mapping[str, jwt.PyJWK] | None) -> Mapping[str, jwt.PyJWK]:
    if keys is None:
        raise ServiceUnavailable("The keys to verify access tokens with cannot be fetched. Try again.")
    return keys
