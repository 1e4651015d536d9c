"""Sending spans to a collector: OTLP over HTTP, https://opentelemetry.io/docs/specs/otlp/#otlphttp."""

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
import orjson

from libs.api.clients.retries import retry_after
from libs.errors import Span
from libs.service.tracing.otlp import encode

logger = logging.getLogger(__name__)

PATH = "/v1/traces"
TIMEOUT_SECONDS = 3.0
"""For a connection, and for each wait for something of the answer."""
TRIES = 4
LONGEST_PAUSE_SECONDS = 15.0
"""Between two tries, whatever Retry-After says."""
LONGEST_ANSWER = 64 * 1024
_RETRYABLE = frozenset({429, 502, 503, 504})
"""After which statuses the same may be sent again (section "Failures")."""

Pause = Callable[[float], bool]
"""Wait so many seconds; returns True at once if there is no time for another try."""


class Collector:
    """Where spans are sent to. It connects when it is first sent something: after the fork.

    :param endpoint: the address that ``/v1/traces`` is added to.
    :param headers: sent with each request: a key, the name of a tenant.
    :param resource: what the spans come from, as `resource_of` returns it.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str], resource: Mapping[str, Any]) -> None:
        self._url = f"{endpoint.rstrip('/')}{PATH}"
        self._headers = {**headers, "Content-Type": "application/json", "User-Agent": "polymacaron"}
        self._headers["Accept-Encoding"] = "identity"
        self._resource = resource
        self._client: httpx.Client | None = None

    def send(self, spans: Sequence[Span], pause: Pause) -> int:
        """Send spans; return how many the collector has taken, 0 if it does not answer.

        Where it may help, that is tried again after a growing pause, or after what Retry-After says.

        :param pause: waits between two tries.
        """
        body = encode(self._resource, spans)
        for tried in range(1, TRIES + 1):
            status, asked, rejected = self._post(body)
            if status is not None and 200 <= status < 300:
                return max(len(spans) - rejected, 0)
            if status is not None and status not in _RETRYABLE:
                logger.warning("spans refused by the collector", extra={"status": status})
                return 0
            wait = asked or random.uniform(0.5, 1.0) * 2 ** (tried - 1)  # noqa: S311 - not for secrets
            if tried == TRIES or pause(min(wait, LONGEST_PAUSE_SECONDS)):
                break
        return 0

    def close(self) -> None:
        """Close the connection that is kept."""
        if self._client is not None:
            self._client.close()

    def _post(self, body: bytes) -> tuple[int | None, float | None, int]:
        """Return the status, None if nobody answers, what Retry-After says, and how many were rejected."""
        if self._client is None:
            self._client = httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, headers=self._headers)
        try:
            with self._client.stream("POST", self._url, content=body) as answer:
                told = b""
                for piece in answer.iter_raw():
                    told += piece
                    if len(told) > LONGEST_ANSWER:
                        break
                asked = retry_after(answer.headers.get("Retry-After"))
                return answer.status_code, asked, _rejected(told)
        except httpx.HTTPError:
            return None, None, 0


def _rejected(body: bytes) -> int:
    """Return how many spans of a request were not taken (section "Partial Success")."""
    try:
        return int(orjson.loads(body)["partialSuccess"]["rejectedSpans"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return 0
