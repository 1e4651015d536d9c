"""Asking whether a password is known from breaches, without telling it (k-anonymity by ranges of SHA-1).

The protocol is that of Pwned Passwords: ``GET <url>/<first 5 hex digits>`` answers a line for each known hash
that begins so, ``<the other 35>:<how often>``. What leaves this service fits hundreds of passwords.
"""

import hashlib
import hmac
import logging
import time

import httpx

logger = logging.getLogger(__name__)

SECONDS = 1.0
MAX_BYTES = 512 * 1024


class Breaches:
    """Knows passwords from breaches. Where it does not answer in a second, it knows none.

    :param url: the address of the ranges, as https://api.pwnedpasswords.com/range.
    """

    def __init__(self, url: str, *, transport: httpx.BaseTransport | None = None) -> None:
        self._url = url.rstrip("/")
        # Padding: so that the length of the answer does not tell the range.
        self._client = httpx.Client(
            timeout=SECONDS, headers={"Add-Padding": "true"}, transport=transport, trust_env=False
        )

    def know(self, password: str) -> bool:
        """Tell whether it was found in a breach."""
        digest = (
            hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False).hexdigest().upper()
        )
        try:
            answer = self._range(digest[:5])
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            logger.warning("breached passwords not looked up", extra={"error": type(error).__name__})
            return False
        for line in answer.splitlines():
            suffix, _, count = line.partition(":")
            if hmac.compare_digest(suffix.strip().upper(), digest[5:]):
                return count.strip() != "0"  # padding has no count
        return False

    def _range(self, prefix: str) -> str:
        deadline, parts = time.monotonic() + SECONDS, bytearray()
        with self._client.stream("GET", f"{self._url}/{prefix}") as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                parts += part
                if len(parts) > MAX_BYTES:
                    raise ValueError("too long")
                if time.monotonic() > deadline:
                    raise TimeoutError
        return parts.decode("ascii")
