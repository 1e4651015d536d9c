"""Waiting for an environment, while its events are told as they come."""

from collections.abc import Callable
from datetime import UTC, datetime

import httpx

from infra.deploy.api import Api
from infra.deploy.calls import BEANSTALK
from infra.deploy.clock import Clock
from infra.deploy.environments import ENDING, GREEN, READY, Environment, Environments
from infra.deploy.exits import Busy, DeployError, Exit
from infra.deploy.journal import Journal

LOOK_SECONDS = 10.0
LAUNCH_SECONDS = 30 * 60.0
"""How long an environment may take to be ready: instances, a load balancer, the images, the health checks."""
VISIBLE_SECONDS = 60.0
"""How long what was just begun may be missing in what AWS tells of environments."""
SETTLE_SECONDS = 5 * 60.0
"""How long one that is ready may take to be green."""
BAD_LOOKS = 3
"""So many bad looks in a row, 10 s from one to the next, and an environment is ill."""
LOGS_SECONDS = 90.0
SHOWN_LOGS = 40
SHOWN_EVENTS = 5


class Waiting:
    """Waits for what Beanstalk does.

    :param fetch: reads the log files that Beanstalk leaves at an address.
    """

    def __init__(
        self,
        api: Api,
        journal: Journal,
        clock: Clock,
        environments: Environments,
        fetch: Callable[[str], str],
    ) -> None:
        self._api = api
        self._journal = journal
        self._clock = clock
        self._environments = environments
        self._fetch = fetch
        self._told: set[tuple[datetime, str]] = set()
        self._last: list[str] = []

    def until_serving(
        self, name: str, since: float | None = None, *, version: str | None = None
    ) -> Environment:
        """Wait until an environment is ready and green, telling its events.

        :param since: tell events from then on; by default, those that are still to come.
        :param version: what it is being updated to.
        :raises DeployError: it is not within half an hour, ends ready but not green or with another version,
            or goes away; told with its last events.
        """
        began = since if since is not None else self._api.now()
        visible = self._clock.passed() + VISIBLE_SECONDS
        ready: list[float] = []
        busy = False

        def look() -> Environment | None:
            nonlocal busy
            self._tell_events(name, began)
            found = self._environments.find(name)
            if found is None and self._clock.passed() < visible:
                return None
            if found is None or found.status == ENDING:
                raise self._failure(f"{name} went away while it was waited for")
            if found.status != READY:
                busy = True
                ready.clear()
                return None
            if version not in (None, found.version):
                if not busy and self._clock.passed() < visible:
                    return None  # as it was before the update
                raise self._failure(f"{name} could not be updated to {version}, and runs {found.version}")
            ready.append(self._clock.passed())
            if found.health == GREEN:
                return found
            if ready[-1] - ready[0] >= SETTLE_SECONDS:
                raise self._failure(
                    f"{name} is ready, and its health is {found.health} for {SETTLE_SECONDS / 60:.0f} minutes"
                )
            return None

        found = self._clock.poll(look, every=LOOK_SECONDS, timeout=LAUNCH_SECONDS)
        if found is None:
            raise self._failure(f"{name} is not ready after {LAUNCH_SECONDS / 60:.0f} minutes")
        self._tell_events(name, began)
        return found

    def until_gone(self, name: str) -> None:
        """Wait until an environment that is being terminated is gone."""
        if not self._clock.poll(
            lambda: True if self._environments.find(name) is None else None,
            every=LOOK_SECONDS,
            timeout=LAUNCH_SECONDS,
        ):
            raise self._failure(f"{name} is still being terminated")

    def until_ready(self, *wanted: str) -> None:
        """Wait until nothing is being done to some environments."""

        def look() -> bool | None:
            found = [self._environments.find(name) for name in wanted]
            return True if all(one is None or one.status == READY for one in found) else None

        if not self._clock.poll(look, every=LOOK_SECONDS / 2, timeout=LAUNCH_SECONDS):
            raise self._failure(f"{' and '.join(wanted)} are still being changed")

    def is_well(self, name: str, well: Callable[[Environment], bool]) -> bool:
        """Whether an environment is well: at one of three looks, or of those in five minutes after a change.

        What is being done to it is waited for. One that is gone is not well.

        :raises DeployError: it is still being changed after half an hour.
        """
        found = self._environments.find(name)
        left = BAD_LOOKS if found is None or found.status == READY else int(SETTLE_SECONDS / LOOK_SECONDS)

        def look() -> bool | None:
            nonlocal left
            found = self._environments.find(name)
            if found is None:
                return False
            if found.status != READY:
                return None
            left -= 1
            return True if well(found) else None if left else False

        judged = self._clock.poll(look, every=LOOK_SECONDS, timeout=LAUNCH_SECONDS + SETTLE_SECONDS)
        if judged is None:
            raise self._failure(f"{name} is still being changed")
        return judged

    def tell_logs(self, name: str) -> None:
        """Tell the last lines of an environment's logs. That they cannot be had is told, and no fault."""
        try:
            self._api.change(BEANSTALK, "RequestEnvironmentInfo", EnvironmentName=name, InfoType="tail")
            found = self._clock.poll(lambda: self._logs(name), every=LOOK_SECONDS / 2, timeout=LOGS_SECONDS)
        except DeployError as error:
            self._journal.tell("note", f"its logs cannot be had: {str(error).splitlines()[0]}")
            return
        if not found and not self._api.dry:
            self._journal.tell("note", f"its logs have not come within {LOGS_SECONDS:.0f} s")
        for instance, text in (found or {}).items():
            self._journal.tell("note", f"the last lines of the logs of {instance}:", instance=instance)
            for line in text.splitlines()[-SHOWN_LOGS:]:
                self._journal.tell("output", line)

    def _logs(self, name: str) -> dict[str, str] | None:
        answer = self._api.ask(BEANSTALK, "RetrieveEnvironmentInfo", EnvironmentName=name, InfoType="tail")
        found = {}
        for one in answer.get("EnvironmentInfo", ()):
            message = one.get("Message", "")
            found[one.get("Ec2InstanceId", "?")] = (
                self._fetch(message) if message.startswith("http") else message
            )
        return found or None

    def _tell_events(self, name: str, began: float) -> None:
        events = self._api.ask(
            BEANSTALK,
            "DescribeEvents",
            ApplicationName=self._environments.application,
            EnvironmentName=name,
            StartTime=datetime.fromtimestamp(began, UTC),
            MaxRecords=100,
        ).get("Events", ())
        for event in reversed(events):
            key = (event["EventDate"], event["Message"])
            if key not in self._told:
                self._told.add(key)
                severity = event.get("Severity", "INFO")
                text = event["Message"] if severity == "INFO" else f"{severity} {event['Message']}"
                self._last = [*self._last, text][-SHOWN_EVENTS:]
                self._journal.tell("event", text, environment=name, severity=severity)

    def _failure(self, text: str) -> DeployError:
        last = "; ".join(self._last) or "none"
        return DeployError(Exit.ENVIRONMENT, f"{text}.\nIts last events: {last}")


def fetch_text(address: str) -> str:
    """What stands at an address that Beanstalk gave.

    :raises Busy: not yet.
    :raises DeployError: S3 does not give it.
    """
    try:
        answer = httpx.get(address, timeout=20)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Busy(f"S3 does not answer ({type(error).__name__})") from None
    if answer.status_code == 403:
        raise DeployError(Exit.DENIED, "S3 refuses them: OnTopBeanstalkStages… in infra/stacks/roles.yaml.")
    if answer.status_code != 200:
        raise Busy(f"S3 answers {answer.status_code}")
    return answer.text
