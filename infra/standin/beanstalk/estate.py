"""All that one account has in Beanstalk in one region, and the names it is reached by."""

import secrets
import threading
from dataclasses import dataclass
from typing import Any

from infra.local.ports import HOST
from infra.standin.beanstalk.errors import Refused, invalid
from infra.standin.beanstalk.events import Events
from infra.standin.beanstalk.records import Application, Environment, Version
from infra.standin.loadbalancer import LoadBalancer


@dataclass(frozen=True)
class Pace:
    """How long things take, in seconds."""

    patience: float = 600.0
    """Within which a deployment has to be ready; Beanstalk's own is the option Timeout."""
    look: float = 1.0
    """Between two looks at the health of an environment."""
    swap: float = 0.2
    """From a swap's call to when names lead elsewhere, and from there to its end."""
    processing: float = 0.05
    """How long a version is looked at."""
    leaving: float = 0.0
    """From the end of a deployment that was replaced to when it is stopped."""


class Estate:
    """Records, each under its name, and what leads to environments.

    :ivar lock: to be held by whoever reads or changes more than one thing.
    """

    def __init__(self, region: str, account: str, balancer: LoadBalancer) -> None:
        self.region = region
        self.account = account
        self.balancer = balancer
        self.events = Events()
        self.lock = threading.RLock()
        self.applications: dict[str, Application] = {}
        self.environments: list[Environment] = []
        self._cnames: dict[str, int] = {}
        self._endpoints: dict[str, int] = {}

    def arn(self, kind: str, name: str) -> str:
        """The ARN of something of this account."""
        return f"arn:aws:elasticbeanstalk:{self.region}:{self.account}:{kind}/{name}"

    def application(self, name: str) -> Application:
        """Find an application.

        :raises Refused: InvalidParameterValue, if there is none.
        """
        if name not in self.applications:
            raise invalid(f"No Application named '{name}' found.")
        return self.applications[name]

    def version(self, application: str, label: str) -> Version:
        """Find a version.

        :raises Refused: InvalidParameterValue, if there is none.
        """
        versions = self.application(application).versions
        if label not in versions:
            raise invalid(f"No Application Version named '{label}' found.")
        return versions[label]

    def environment(self, asked: dict[str, Any], prefix: str = "") -> Environment:
        """Find the environment that a call names, by id or name or both; none that was terminated.

        :param prefix: of the two parameters.
        :raises Refused: MissingRequiredParameter or InvalidParameterValue.
        """
        name, identity = asked.get(f"{prefix}EnvironmentName"), asked.get(f"{prefix}EnvironmentId")
        if name is None and identity is None:
            raise Refused(
                "MissingRequiredParameter",
                f"Must specify either {prefix}EnvironmentName or {prefix}EnvironmentId",
            )
        for one in self.environments:
            if one.is_there and name in (None, one.name) and identity in (None, one.id):
                return one
        key, value = ("EnvironmentName", name) if name is not None else ("EnvironmentId", identity)
        raise invalid(f"No Environment found for {key} = '{value}'.")

    def cname_is_free(self, prefix: str) -> bool:
        """Whether no environment has a CNAME."""
        return all(one.cname != prefix for one in self.environments if one.is_there)

    def cname(self, prefix: str) -> str:
        """The address of a CNAME: it stays the same, whichever environment has it."""
        with self.lock:
            if prefix not in self._cnames:
                self._cnames[prefix] = self.balancer.open(lambda: self._holder(prefix))
            return f"{HOST}:{self._cnames[prefix]}"

    def endpoint(self, environment: Environment) -> str:
        """The address of an environment's own load balancer."""
        with self.lock:
            if environment.id not in self._endpoints:
                self._endpoints[environment.id] = self.balancer.open(lambda: environment)
            return f"{HOST}:{self._endpoints[environment.id]}"

    def _holder(self, prefix: str) -> Environment | None:
        return next((one for one in self.environments if one.is_there and one.cname == prefix), None)

    def describe(self, environment: Environment) -> dict[str, Any]:
        """As DescribeEnvironments does."""
        cname = environment.cname and self.cname(environment.cname)
        endpoint = self.endpoint(environment) if environment.is_web else None
        return environment.describe(cname, endpoint)

    def free_cname(self, environment: str) -> str:
        """Make up a CNAME for an environment that was given none."""
        return f"{environment}-{secrets.token_hex(4)}"
