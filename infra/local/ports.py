"""The ports of the stack on this machine: the same in both modes, each with a variable to move it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.local.errors import LocalError

HOST = "127.0.0.1"
SERVICES = ("auth", "profiles", "todos")
DATABASES = ("dynamodb", "redis")
DEFAULTS = {"auth": 8101, "profiles": 8102, "todos": 8103, "dynamodb": 8109, "redis": 8110}


def variable(name: str) -> str:
    """The environment variable that moves the port of `name`."""
    return f"{name.upper()}_PORT"


@dataclass(frozen=True)
class Ports:
    """One port for each service and each database."""

    auth: int = DEFAULTS["auth"]
    profiles: int = DEFAULTS["profiles"]
    todos: int = DEFAULTS["todos"]
    dynamodb: int = DEFAULTS["dynamodb"]
    redis: int = DEFAULTS["redis"]

    def of(self, name: str) -> int:
        """The port of a service or database by its name."""
        return self.as_dict()[name]

    def url(self, name: str) -> str:
        """Where a client on this machine finds `name`."""
        return f"redis://{HOST}:{self.redis}/0" if name == "redis" else f"http://{HOST}:{self.of(name)}"

    def as_dict(self) -> dict[str, int]:
        """{"auth": 8101, ...}, in the order they are shown in."""
        return {name: getattr(self, name) for name in DEFAULTS}

    def as_environment(self) -> dict[str, str]:
        """{"AUTH_PORT": "8101", ...}, as docker-compose.yml reads them."""
        return {variable(name): str(port) for name, port in self.as_dict().items()}


def read_ports(environ: Mapping[str, str]) -> Ports:
    """The ports the environment asks for. LocalError if one is no port, or is asked for twice."""
    chosen: dict[str, int] = {}
    for name, default in DEFAULTS.items():
        text = environ.get(variable(name)) or str(default)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
            raise LocalError(f"{variable(name)}={text} is no port: set it to a number from 1 to 65535.")
        if int(text) in chosen.values():
            other = next(key for key, port in chosen.items() if port == int(text))
            raise LocalError(
                f"{variable(other)} and {variable(name)} are both {text}: set one to another port."
            )
        chosen[name] = int(text)
    return Ports(**chosen)


def ports_from_json(value: Any) -> Ports:
    """The ports that an earlier command wrote down."""
    return Ports(**{name: int(value[name]) for name in DEFAULTS})
