"""The programs of native mode and the exact environment of each: the one place where these settings are.

`up` renders them into supervisor's configuration; `shell` and `token` run with the same. Nothing is inherited
from the caller's shell but HOME: an APP_ variable left over in a terminal would stop a service, and a PATH
that differs between two terminals would look like a change of settings.
"""

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local import paths
from infra.local.errors import LocalError
from infra.local.packages import dynamodb_folder
from infra.local.ports import HOST, SERVICES, Ports
from infra.local.servers import dynamodb_command, redis_command

LOCAL = "local"
"""The environment, by the name of its file in config/."""
WITH_TASKS = ("auth", "todos")


@dataclass(frozen=True)
class Program:
    """One process that supervisor keeps alive."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    alive_file: Path | None = None  # a worker or a beat, which answers no HTTP, touches it


def base_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """What every process gets, database or service."""
    home = (os.environ if environ is None else environ).get("HOME", "/")
    folders = [str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]
    return {
        "PATH": os.pathsep.join(folders),
        "HOME": home,
        "LANG": "C.UTF-8",
        "TMPDIR": str(paths.LOCAL / "tmp"),
    }


def service_environment(service: str, ports: Ports, role: str = "web") -> dict[str, str]:
    """The environment of a service's process; `role` is web, worker, beat, shell or token.

    What does not depend on this machine is in config/local.yaml.
    """
    settings = {
        "APP_ENVIRONMENT": LOCAL,
        "APP_SERVICE": service,
        "APP_PORT": str(ports.of(service)),
        "APP_LOG_FORMAT": "text",
        "APP_VERSION": f"dev-{fingerprint(service)}",  # what changed code restarts by: see Supervisord.reload
        "APP_DYNAMODB_ENDPOINT": ports.url("dynamodb"),
        "APP_JWT_ISSUER": ports.url("auth"),
        **_docs_settings(ports),
        **_own_settings(service, ports),
    }
    if role in ("worker", "beat"):
        settings["APP_ALIVE_PATH"] = str(alive_file(service, role))
    return {**base_environment(), "PYTHONUNBUFFERED": "1", **DUMMY_AWS, **settings}


# DynamoDB Local wants credentials and takes any. The two files keep a profile of yours out of it.
DUMMY_AWS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


def _docs_settings(ports: Ports) -> dict[str, str]:
    """What lets the /docs of each service call all of them, by whatever name this machine is visited."""
    origins = [f"http://{host}:{ports.of(service)}" for service in SERVICES for host in (HOST, "localhost")]
    return {
        "APP_CORS_ORIGINS": ",".join(origins),
        "APP_DOCS_SERVICES": ",".join(f"{service}={ports.url(service)}" for service in SERVICES),
        "APP_DOCS_LOGIN_URL": f"{ports.url('auth')}/auth/login",
    }


def _own_settings(service: str, ports: Ports) -> dict[str, str]:
    secrets = paths.LOCAL / "secrets"
    well_known = f"{ports.url('auth')}/.well-known"
    keys = {
        "APP_JWKS_URL": f"{well_known}/jwks.json",
        "APP_REVOCATIONS_URL": f"{well_known}/revoked.json",
    }
    redis = {"APP_REDIS_URL": ports.url("redis")}
    match service:
        case "auth":
            key = {"APP_KEY_SECRET_FILE": str(secrets / "auth" / "key-secret")}
            calls = {"APP_PROFILES_URL": ports.url("profiles"), "APP_TODOS_URL": ports.url("todos")}
            mails = {"APP_MAIL_FOLDER": str(paths.LOCAL / "mail")}
            return {**redis, **key, **calls, **mails}
        case "profiles":
            return keys
        case "todos":
            secret = {"APP_CURSOR_SECRET_FILE": str(secrets / "todos" / "cursor-secret")}
            return {**redis, **keys, **secret}
        case _:
            raise LocalError(f"infra/local/environment.py does not say what {service} is told")


def alive_file(service: str, role: str) -> Path:
    """The file a worker or beat touches whenever it did its round."""
    return paths.LOCAL / "run" / f"{service}-{role}.alive"


def fingerprint(service: str) -> str:
    """Eight characters that change with the code a service runs: libs/, apis/, config/ and its own folder."""
    digest = hashlib.sha256()
    for file in sorted(_sources(("libs", "apis", "config", f"services/{service}"))):
        digest.update(str(file.relative_to(paths.ROOT)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _sources(folders: Iterable[str]) -> Iterable[Path]:
    for folder in folders:
        for file in (paths.ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".yaml", ".json", ".html", ".css", ".js") and "tests" not in file.parts:
                yield file


def databases(ports: Ports, java: Path) -> list[Program]:
    """DynamoDB Local and Valkey, with their data on disk."""
    data = paths.LOCAL / "data"
    dynamodb = dynamodb_command(ports.dynamodb, data / "dynamodb", java, dynamodb_folder())
    redis = redis_command(ports.redis, data / "redis")
    return [
        Program("dynamodb", dynamodb, base_environment(), data / "dynamodb"),
        Program("redis", redis, base_environment(), data / "redis"),
    ]


def roles(service: str) -> tuple[str, ...]:
    """The processes of a service."""
    return ("web", "worker", "beat") if service in WITH_TASKS else ("web",)


def program_name(service: str, role: str) -> str:
    """The name of a service's process: todos, todos-worker, todos-beat."""
    return service if role == "web" else f"{service}-{role}"


def services(ports: Ports) -> list[Program]:
    """Every service's web process, and worker and beat where it has tasks."""
    return [
        Program(
            name=program_name(service, role),
            command=[sys.executable, "-m", "libs.service", role],
            environment=service_environment(service, ports, role),
            folder=paths.ROOT,
            alive_file=None if role == "web" else alive_file(service, role),
        )
        for service in SERVICES
        for role in roles(service)
    ]
