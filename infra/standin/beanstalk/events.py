"""Beanstalk's events: what has become of environments and versions, the newest first."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from infra.standin.beanstalk.errors import invalid
from infra.standin.beanstalk.records import Environment, Version, now

SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
PAGE = 100
"""How many events an answer has where the call does not say."""


@dataclass(frozen=True)
class Event:
    """Something that has happened."""

    number: int
    time: datetime
    severity: str
    message: str
    application: str
    version: str | None = None
    environment: str | None = None
    environment_id: str | None = None
    request: str | None = None

    def describe(self) -> dict[str, Any]:
        """As DescribeEvents does."""
        return {
            "EventDate": self.time,
            "Message": self.message,
            "ApplicationName": self.application,
            "VersionLabel": self.version,
            "EnvironmentName": self.environment,
            "RequestId": self.request,
            "Severity": self.severity,
        }


class Events:
    """All events. Threads may share it."""

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._lock = threading.Condition()

    def of(
        self, about: Environment | Version, severity: str, message: str, request: str | None = None
    ) -> None:
        """Write down what happens to an environment or a version. No two events have the same time."""
        with self._lock:
            time, number = now(), len(self._events)
            if self._events and self._events[-1].time >= time:
                time = self._events[-1].time + timedelta(milliseconds=1)
            if isinstance(about, Version):
                event = Event(number, time, severity, message, about.application, version=about.label)
            else:
                event = Event(
                    number,
                    time,
                    severity,
                    message,
                    about.application,
                    environment=about.name,
                    environment_id=about.id,
                    request=request,
                )
            self._events.append(event)
            self._lock.notify_all()

    def __iter__(self) -> Iterator[Event]:
        with self._lock:
            return iter(list(self._events))

    def wait_for(self, environment: str, *texts: str, seconds: float = 30, after: int = 0) -> Event:
        """Return the first event of an environment with one of some texts in it, as soon as there is one.

        :param after: how many events there were already.
        :raises TimeoutError: if there is none within `seconds`.
        """

        def fits(event: Event) -> bool:
            return event.environment == environment and any(text in event.message for text in texts)

        return self.wait_until(fits, seconds=seconds, after=after)

    def wait_until(self, fits: Callable[[Event], bool], *, seconds: float = 30, after: int = 0) -> Event:
        """Return the first event that fits, as soon as there is one.

        :raises TimeoutError: if there is none within `seconds`.
        """
        with self._lock:
            event = self._lock.wait_for(lambda: next(filter(fits, self._events[after:]), None), seconds)
        if event is None:
            raise TimeoutError(f"there was no such event within {seconds} seconds")
        return event

    def page(self, asked: dict[str, Any]) -> tuple[list[Event], str | None]:
        """Return the events that a call of DescribeEvents asks for, and the token of the next page.

        :raises Refused: InvalidParameterValue, if the token is none.
        """
        token = asked.get("NextToken")
        if token is not None and not token.isdigit():
            raise invalid("Invalid NextToken.")
        found = [event for event in reversed(list(self)) if _is_asked(event, asked)]
        if token is not None:
            found = [event for event in found if event.number < int(token)]
        size = asked.get("MaxRecords", PAGE)
        return found[:size], str(found[size - 1].number) if len(found) > size else None


def _is_asked(event: Event, asked: dict[str, Any]) -> bool:
    least = SEVERITIES.index(asked.get("Severity", "TRACE"))
    return (
        asked.get("ApplicationName", event.application) == event.application
        and asked.get("EnvironmentName", event.environment) == event.environment
        and asked.get("EnvironmentId", event.environment_id) == event.environment_id
        and asked.get("VersionLabel", event.version) == event.version
        and asked.get("RequestId", event.request) == event.request
        and SEVERITIES.index(event.severity) >= least
        and asked.get("StartTime", event.time) <= event.time
        and ("EndTime" not in asked or event.time < asked["EndTime"])
    )
