"""Asking whether a password is known from breaches, without telling it (k-anonymity by ranges of SHA-1).

The protocol is that of Pwned Passwords: ``GET <url>/<first 5 hex digits>`` answers a line for each known hash
that begins so, ``<the other 35>:<how often>``. What leaves this service fits hundreds of passwords.
"""

import hashlib
import hmac
import logging
import time

import httpx

from libs.api.clients.transport import PooledTransport, until

logger = logging.getLogger(__name__)

SECONDS = 1.0
"""How long it may be waited for in all, from the look-up of the name to the last byte."""
MAX_BYTES = 512 * 1024


class Breaches:
    """Knows passwords from breaches. Where it does not answer in time, it knows none.

    :param url: the address of the ranges, as https://api.pwnedpasswords.com/range.
    :param seconds: how long a whole look-up may take.
    """

    def __init__(
        self, url: str, *, seconds: float = SECONDS, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = url.rstrip("/")
        self._seconds = seconds
        # Padding: so that the length of the answer does not tell the range.
        self._client = httpx.Client(
            timeout=seconds,
            headers={"Add-Padding": "true"},
            transport=transport or PooledTransport(max_connections=8, tls=url.startswith("https:")),
            trust_env=False,
        )

    def know(self, password: str) -> bool:
        """Tell whether it was found in a breach."""
        digest = (
            hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest().upper()
        )
        try:
            answer = self._range(digest[:5])
        except (httpx.HTTPError, ValueError) as error:
            logger.warning("breached passwords not looked up", extra={"error": type(error).__name__})
            return False
        for line in answer.splitlines():
            suffix, _, count = line.partition(":")
            if hmac.compare_digest(suffix.strip().upper(), digest[5:]):
                return count.strip() != "0"  # padding has no count
        return False

    def _range(self, prefix: str) -> str:
        parts = bytearray()
        # A timeout of sockets is one for each read: a byte now and then, in the headers even, would hold it.
        with (
            until(time.monotonic() + self._seconds),
            self._client.stream("GET", f"{self._url}/{prefix}") as answer,
        ):
            answer.raise_for_status()
            for part in answer.iter_bytes():
                parts += part
                if len(parts) > MAX_BYTES:
                    raise ValueError("too long")
        return parts.decode("ascii")
