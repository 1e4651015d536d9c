"""Load shedding: whoever cannot be served in time is told so at once.

A process has so many threads, and a line of requests that wait for one. Where the line is full, or a request
has stood in it for too long, the answer is a 503 OVERLOADED with Retry-After, made from a few bytes of the
request and without the application: refusing has to cost next to nothing, or it is part of the load.
Memory is bounded with it: by the line, by the bodies of as many requests as there are threads, and by the
number of connections.

What asks whether the process lives is not refused: it has a thread of its own. Where there are proxies of
ours, what has come through all of them is a client's, who could keep that thread busy: it has none.
"""

import logging
import random
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from prometheus_client import CollectorRegistry, Counter
from werkzeug import Response

from libs.errors import ServiceUnavailable, report, reporting_to, request_id_scope
from libs.errors.reporting import Sink
from libs.service.problems.unserved import refused_head
from libs.service.web.client import is_from_outside
from libs.service.web.exchange import PROBES

logger = logging.getLogger(__name__)

LOG_SECONDS = 1.0
"""Between two lines of the log that tell of refusals, at least."""
RETRY_SECONDS = (1, 3)
"""Between which whoever is refused is asked to come back, not all at once."""
REASONS = ("full", "late")
"""The line was full, or the request has stood in it for too long."""

_PROBE = re.compile(rb"(?:GET|HEAD) (?:%b)(?:\?[^ ]*)? HTTP/1\.[01]\r\n" % "|".join(PROBES).encode())
_BODY = re.compile(rb"\r\n(?:content-length|transfer-encoding|expect)[ \t]*:", re.IGNORECASE)

_FORWARDED = re.compile(rb"\r\nx-forwarded-for:([^\r\n]*)", re.IGNORECASE)


class Overloaded(ServiceUnavailable):
    """More is asked for than can be answered in time; nothing of the request was done."""

    code = "OVERLOADED"

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__(
            "More is asked for than can be answered in time. Nothing was done: try again.",
            retry_after=retry_after,
        )


def is_probe(head: bytes, trusted_proxies: int = 0) -> bool:
    """Whether a request, which is there as a whole and no client's, asks if the process lives or is ready.

    :param trusted_proxies: how many proxies of ours those of clients come through.
    """
    if b"\r\n\r\n" not in head or _PROBE.match(head) is None or _BODY.search(head):
        return False
    forwarded = b",".join(_FORWARDED.findall(head)).decode("latin-1")
    return not is_from_outside(forwarded, trusted_proxies)


@dataclass(frozen=True, slots=True)
class Line:
    """Who may wait for a thread."""

    places: int
    """How many requests at once, in one process."""
    seconds: float
    """How long each."""


class Shedding:
    """Answers whoever is refused, and counts, and tells the log and `sink` of it once a second.

    :param sink: who reports are given to; None: the log.
    """

    def __init__(self, line: Line, registry: CollectorRegistry, sink: Sink | None = None) -> None:
        self.line = line
        self._sink = sink
        shed = Counter(
            "http_shed",
            "Requests that were refused because there were more than could be answered in time.",
            ["reason"],
            registry=registry,
        )
        self._shed = {reason: shed.labels(reason) for reason in REASONS}
        self._lock = threading.Lock()
        self._told_at = float("-inf")
        self._untold = 0
        self._latest = ("", "")

    def refuse(self, head: bytes, reason: str, extensions: Mapping[str, Any]) -> Response:
        """Return the answer to a request.

        :param head: as much of it as there is.
        :param reason: one of `REASONS`.
        :param extensions: of the application, which say what its problems look like.
        """
        self._shed[reason].inc()
        problem = Overloaded(random.randint(*RETRY_SECONDS))  # noqa: S311 - nobody gains by guessing it
        answer, request_id = refused_head(extensions, problem, head)
        with self._lock:
            self._untold += 1
            self._latest = reason, request_id
        self.tell()
        return answer

    def tell(self, *, at_end: bool = False) -> None:
        """Tell of those refused that nobody was told of, if the last time is long enough ago.

        To be called now and then, for nobody need be refused again.

        :param at_end: of the process, where there is no later.
        """
        with self._lock:
            now = time.monotonic()
            if not self._untold or (now - self._told_at < LOG_SECONDS and not at_end):
                return
            refused, self._untold, self._told_at = self._untold, 0, now
            reason, request_id = self._latest
        told = {"refused": refused, "reason": reason}
        with request_id_scope(request_id), reporting_to(self._sink):
            logger.warning("overloaded", extra=told)
            report("Requests are refused", level="warning", code=Overloaded.code, data=told, located=False)
