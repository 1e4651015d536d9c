"""The environments of a service at a stage, as Elastic Beanstalk tells of them.

Which one clients come to, and which one is kept beside it, is told by CNAMEs alone: a new environment is born
with a CNAME of its own, and a swap gives that to the one it replaces. So whoever has the own CNAME of the
live environment is the one that was live before it.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.aws import names
from infra.aws.stage import Stage
from infra.deploy.api import Api
from infra.deploy.calls import BEANSTALK
from infra.deploy.exits import DeployError, Exit

GONE = "Terminated"
ENDING = "Terminating"
READY = "Ready"
GREEN, YELLOW = "Green", "Yellow"
PLATFORM = re.compile(r"64bit Amazon Linux 2023 v(\d+)\.(\d+)\.(\d+) running Docker")


@dataclass(frozen=True)
class Environment:
    """An environment, as it was when AWS was asked."""

    name: str
    version: str
    """The label of its application version."""
    cname: str
    status: str
    health: str
    created: datetime

    @property
    def serves(self) -> bool:
        """Whether it is as it should be, and nothing is being done to it."""
        return self.status == READY and self.health == GREEN


class Environments:
    """The environments of one service at one stage."""

    def __init__(self, api: Api, stage: Stage, service: str) -> None:
        self._api = api
        self._stage = stage
        self.service = service
        self.application = names.application(service)
        self._addresses: dict[str, str] = {}

    def all(self) -> list[Environment]:
        """All that are not gone, the oldest first, workers' too."""
        return sorted(self._described(), key=lambda one: (one.created, one.name))

    def web(self) -> list[Environment]:
        """Those that serve HTTP, the oldest first."""
        worker = names.worker_environment(self.service, self._stage.name)
        return [one for one in self.all() if one.name != worker]

    def find(self, name: str) -> Environment | None:
        """One by its name; None where there is none, or it is gone."""
        return next((one for one in self._described(EnvironmentNames=[name])), None)

    def live(self) -> Environment | None:
        """The one that clients come to."""
        return self.holder(names.live_cname(self.service, self._stage.name))

    def previous(self, live: Environment) -> Environment | None:
        """The one that was live before, as CNAMEs tell. `history.kept` heeds what was taken back, too."""
        address = self.address(names.own_cname(live.name))
        return next((one for one in self.web() if one.cname == address and one.name != live.name), None)

    def ailment(self, one: Environment) -> str:
        """What is the matter with an environment, in a line."""
        causes: list[str] = []
        with suppress(DeployError):  # what is told of it beyond its color is no more than a help
            health = self._api.ask(
                BEANSTALK,
                "DescribeEnvironmentHealth",
                EnvironmentName=one.name,
                AttributeNames=["HealthStatus", "Causes"],
            )
            causes = health.get("Causes", [])
        return f"its health is {one.health}" + (f" ({' '.join(causes)})" if causes else "")

    def live_address(self) -> str:
        """The name in DNS that clients come by."""
        return self.address(names.live_cname(self.service, self._stage.name))

    def address(self, prefix: str) -> str:
        """The name in DNS of a CNAME prefix: AWS says which."""
        if prefix not in self._addresses:
            answer = self._api.ask(BEANSTALK, "CheckDNSAvailability", CNAMEPrefix=prefix)
            usual = f"{prefix}.{self._stage.region}.elasticbeanstalk.com"
            self._addresses[prefix] = answer.get("FullyQualifiedCNAME") or usual
        return self._addresses[prefix]

    def holder(self, prefix: str) -> Environment | None:
        """Who of this service and stage has a CNAME."""
        address = self.address(prefix)
        return next((one for one in self.web() if one.cname == address), None)

    def is_free(self, prefix: str) -> bool:
        """Whether an environment can be made with a CNAME prefix, as AWS says."""
        return bool(self._api.ask(BEANSTALK, "CheckDNSAvailability", CNAMEPrefix=prefix).get("Available"))

    def platform(self) -> str:
        """The newest version of the platform that bundles are for.

        :raises DeployError: AWS offers none.
        """
        offered = self._api.ask(BEANSTALK, "ListAvailableSolutionStacks").get("SolutionStacks", [])
        found = [
            (tuple(int(part) for part in match.groups()), match[0])
            for match in map(PLATFORM.fullmatch, offered)
            if match
        ]
        if not found:
            raise DeployError(Exit.AWS, "AWS offers no Docker on Amazon Linux 2023 in this region.")
        return max(found)[1]

    def _described(self, **which: Any) -> Iterator[Environment]:
        pages = self._api.pages(
            BEANSTALK,
            "DescribeEnvironments",
            "Environments",
            ApplicationName=self.application,
            IncludeDeleted=False,
            **which,
        )
        for told in pages:
            if told["Status"] != GONE and belongs(told["EnvironmentName"], self.service, self._stage.name):
                yield Environment(
                    name=told["EnvironmentName"],
                    version=told.get("VersionLabel", ""),
                    cname=told.get("CNAME", ""),
                    status=told["Status"],
                    health=told.get("Health", "Grey"),
                    created=told.get("DateCreated", datetime.fromtimestamp(0, UTC)),
                )


def belongs(name: str, service: str, stage: str) -> bool:
    """Whether an environment of that name is of this service and stage."""
    return name.startswith(names.environment(service, stage, ""))
