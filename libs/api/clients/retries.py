"""When a call is tried again: how often, after how long, and what an answer says of it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

ATTEMPTS = 3
"""How often a call is made at most."""
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
"""The methods that may be sent again whatever became of the first time (RFC 9110 section 9.2.2)."""
BUSY = frozenset({429, 502, 503, 504})
"""The statuses that may be another one in a moment."""


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Return the seconds that a Retry-After asks to wait (RFC 9110 section 10.2.3), None for what is none.

    :param value: a number of seconds or an HTTP date.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())
