"""``x-report-slow-ms``: how long an operation may take before somebody is told.

It stands at an operation, or at a path for all of its operations, and counts instead of what the service is
told for all (`APP_SLOW_REQUEST_MS`); 0 is never::

    x-report-slow-ms: 2000
"""

from typing import Any

REPORT_SLOW = "x-report-slow-ms"
LONGEST = 3_600_000


def slow_fault(value: Any) -> str | None:
    """Tell what is wrong with what stands at ``x-report-slow-ms``, if anything is."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return None
    return f"{REPORT_SLOW} is no number of milliseconds: write one from 1 to {LONGEST}, or 0 for never"
