"""What Beanstalk keeps: applications, their versions, environments; and how it describes them."""

import itertools
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.standin.bundles import Bundle
from infra.standin.runners.runner import Deployment

STACKS = {
    "64bit Amazon Linux 2023 v4.6.0 running Docker": "4.6.0",
    "64bit Amazon Linux 2023 v4.5.2 running Docker": "4.5.2",
}
"""The solution stacks there are here, the newest first, by name with the version of the platform."""

_HEALTH = {"Ok": "Green", "Info": "Green", "Warning": "Yellow", "Degraded": "Red", "Severe": "Red"}


def now() -> datetime:
    """The time, as precise as Beanstalk tells it."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


@dataclass
class Application:
    """An application; its versions are kept by label."""

    name: str
    arn: str
    description: str | None
    tags: dict[str, str]
    created: datetime = field(default_factory=now)
    versions: dict[str, "Version"] = field(default_factory=dict)

    def describe(self) -> dict[str, Any]:
        """As DescribeApplications does."""
        return {
            "ApplicationArn": self.arn,
            "ApplicationName": self.name,
            "Description": self.description,
            "DateCreated": self.created,
            "DateUpdated": self.created,
            "Versions": list(self.versions),
            "ConfigurationTemplates": [],
        }


@dataclass
class Version:
    """A bundle under a label."""

    application: str
    label: str
    arn: str
    description: str | None
    bucket: str
    key: str
    tags: dict[str, str]
    status: str = "Unprocessed"
    bundle: Bundle | None = None
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)

    def describe(self) -> dict[str, Any]:
        """As DescribeApplicationVersions does."""
        return {
            "ApplicationVersionArn": self.arn,
            "ApplicationName": self.application,
            "Description": self.description,
            "VersionLabel": self.label,
            "SourceBundle": {"S3Bucket": self.bucket, "S3Key": self.key},
            "DateCreated": self.created,
            "DateUpdated": self.updated,
            "Status": self.status,
        }


_instances = itertools.count(1)


@dataclass
class Environment:
    """An environment: what runs in it, and how it is."""

    name: str
    application: str
    arn: str
    stack: str
    version: str
    tier: Mapping[str, str]
    description: str | None
    operations_role: str | None
    tags: dict[str, str]
    told: dict[tuple[str, str], str]
    """Options by the API, over those of the bundle."""
    cname: str | None
    """The prefix; a worker has none."""
    id: str = field(default_factory=lambda: f"e-{secrets.token_hex(5)}")
    status: str = "Launching"
    health: str = "Pending"
    """As enhanced health calls it; the color follows from it."""
    causes: list[str] = field(default_factory=list)
    created: datetime = field(default_factory=now)
    updated: datetime = field(default_factory=now)
    terminated: datetime | None = None
    abortable: bool = False
    abort: threading.Event = field(default_factory=threading.Event)
    ends: threading.Event = field(default_factory=threading.Event)
    deployment: Deployment | None = None
    deployments: int = 0
    instance: str = field(default_factory=lambda: f"i-{next(_instances):017x}")
    options: dict[tuple[str, str], str] = field(default_factory=dict)
    """All there are now: the bundle's and those told."""
    tail: tuple[datetime, str] | None = None
    """When its logs were last asked for, and where they are."""

    @property
    def is_web(self) -> bool:
        """Whether it has a load balancer, and a CNAME."""
        return self.tier["Name"] == "WebServer"

    @property
    def is_there(self) -> bool:
        """Whether it has not been terminated."""
        return self.status != "Terminated"

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it answers now."""
        return self.deployment.address if self.deployment else None

    @property
    def color(self) -> str:
        """Its health as a color."""
        return _HEALTH.get(self.health, "Grey")

    @property
    def platform(self) -> str:
        """The ARN of its platform."""
        region = self.arn.split(":")[3]
        return platform_arn(region, STACKS[self.stack])

    def describe(self, cname: str | None, endpoint: str | None) -> dict[str, Any]:
        """As DescribeEnvironments does."""
        return {
            "EnvironmentName": self.name,
            "EnvironmentId": self.id,
            "ApplicationName": self.application,
            "VersionLabel": self.version,
            "SolutionStackName": self.stack,
            "PlatformArn": self.platform,
            "Description": self.description,
            "EndpointURL": endpoint,
            "CNAME": cname,
            "DateCreated": self.created,
            "DateUpdated": self.updated,
            "Status": self.status,
            "AbortableOperationInProgress": self.abortable,
            "Health": self.color,
            "HealthStatus": self.health if self.is_there and self.status != "Terminating" else "Suspended",
            "Tier": dict(self.tier),
            "EnvironmentLinks": [],
            "EnvironmentArn": self.arn,
            "OperationsRole": self.operations_role,
        }


def platform_arn(region: str, version: str) -> str:
    """The ARN of a version of the platform."""
    return f"arn:aws:elasticbeanstalk:{region}::platform/Docker running on 64bit Amazon Linux 2023/{version}"
