"""The todo that all columns write and read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

SENT: dict[str, Any] = {
    "title": "Water the plants on the balcony",
    "notes": "The basil twice a day while it is hot; the cactus not at all until the end of the month.",
    "done": False,
    "tags": ["garden", "weekly"],
    "priority": 2,
    "due_at": "2026-12-24T18:00:00Z",
    "estimate": 45,
    "place": {"type": "Point", "coordinates": [13.3777, 52.5163]},
    "state": "active",
}
"""The body of a POST: everything that can be sent."""
SHOWN = (*SENT, "id", "created_at", "updated_at", "version")
"""The fields of every answer; `owner`, the hash key, is stored and not shown."""
TIMES = ("due_at", "created_at", "updated_at")


class WrongAnswer(Exception):
    """A column did not do the work that is compared; the message says what was missing."""


def check(found: Mapping[str, Any]) -> None:
    """See that `found` shows a todo made of `SENT`.

    :raises WrongAnswer: if it does not. Where /todos has changed, SENT, SHOWN and the peers have to follow.
    """
    if set(found) != set(SHOWN):
        odd = ", ".join(sorted(set(found) ^ set(SHOWN)))
        raise WrongAnswer(f"an item does not have the fields of bench/item.py: {odd}")
    for name in TIMES:
        if datetime.fromisoformat(found[name]).tzinfo is None:
            raise WrongAnswer(f"{name} has no time zone")
    for name, value in SENT.items():
        if _plain(name, found[name]) != _plain(name, value):
            raise WrongAnswer(f"{name} is not what was sent")
    if found["version"] != 1:
        raise WrongAnswer("version is not 1")


def _plain(name: str, value: Any) -> Any:
    """Return a value in a form that is the same however it is written."""
    return datetime.fromisoformat(value) if name in TIMES else value
