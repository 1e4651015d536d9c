"""A bundle that really runs: containers as Beanstalk starts them, with stand-ins for what AWS gives.

It takes a minute, and the images `polymacaron/auth:dev` and `polymacaron/todos:dev`, which `make up` makes
where Docker answers; so it runs where TEST_IMAGES=1 says so, as .ci/run does.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from infra.aws.stage import load_stage
from infra.bundle import Images, write_bundle
from infra.bundle.compose import HEALTHD
from infra.bundle.host import PROXY_USER
from infra.bundle.tests.conftest import COMMIT
from infra.local.throwaway import reserved_port
from libs.service.testing import ROOT, eventually

pytestmark = pytest.mark.skipif(
    os.environ.get("TEST_IMAGES") != "1", reason="containers are tried where TEST_IMAGES=1"
)

PARTS = ("web", "worker", "beat", "proxy")
CLIENT = "203.0.113.9"
# What config/local.yaml does not say, as the properties of an environment, which Beanstalk writes into .env.
PROPERTIES = {
    "APP_DYNAMODB_ENDPOINT": "http://dynamodb:8000",
    "APP_REDIS_URL": "redis://redis:6379/0",
    "APP_JWT_ISSUER": "http://auth.test",
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
}
OF_TODOS = {
    "APP_JWKS_URL": "http://auth:8080/.well-known/jwks.json",
    "APP_REVOCATIONS_URL": "http://auth:8080/.well-known/revoked.json",
    "APP_CURSOR_SECRET": "for-tests-and-long-enough-to-be-taken",
    "APP_TRUSTED_PROXIES": "1",
}
OF_AUTH = {
    "APP_ENVIRONMENT": "local",
    "APP_KEY_SECRET": "for-tests-and-long-enough-to-be-taken",
    "APP_MAIL_FOLDER": "/tmp/mail",  # noqa: S108
    "APP_PROFILES_URL": "http://nowhere.test",
    "APP_TODOS_URL": "http://nowhere.test",
}


class _Override(yaml.SafeDumper):
    """Compose adds a list to another one; what is marked takes its place."""


class Instead(dict[str, Any]):
    """Takes the place of what the bundle says."""


_Override.add_representer(
    Instead,
    lambda dumper, told: (
        dumper.represent_sequence("!override", told["list"])
        if "list" in told
        else dumper.represent_mapping("!override", told)
    ),
)


@dataclass(frozen=True)
class Stack:
    """A bundle that is up."""

    folder: Path
    project: str
    todos: httpx.Client
    auth: httpx.Client

    def compose(self, *arguments: str) -> str:
        """Run a command; what it says goes into the report of a test that fails."""
        command = ["docker", "compose", "--project-name", self.project, *arguments]
        files = "docker-compose.yml:override.yml"
        done = subprocess.run(
            command,
            cwd=self.folder,
            env={**os.environ, "COMPOSE_FILE": files},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert done.returncode == 0, arguments
        return done.stdout

    def logged(self) -> list[str]:
        """What the health agent would read."""
        files = (self.folder / "healthd").glob("application.log.*")
        return [line for file in files for line in file.read_text().splitlines()]


def override(folder: Path, todos: int, auth: int) -> str:
    """What AWS gives: a log driver, tables, a cache; and auth, which has a bundle of its own."""
    own = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    log = Instead(driver="json-file")
    process = {"image": "polymacaron/todos:dev", "pull_policy": "never", "logging": log}
    services: dict[str, Any] = {
        "web": process,
        "worker": process,
        "beat": process,
        "proxy": {
            "image": "polymacaron/proxy:dev",
            "pull_policy": "never",
            "logging": log,
            "ports": Instead(list=[f"127.0.0.1:{todos}:8080"]),
            "volumes": Instead(list=[f"{folder}/healthd:{HEALTHD}"]),
        },
        "auth": {
            "image": "polymacaron/auth:dev",
            "pull_policy": "never",
            "environment": PROPERTIES | OF_AUTH,
            "ports": [f"127.0.0.1:{auth}:8080"],
        },
    }
    for name in ("dynamodb", "redis"):
        services[name] = {key: own[name][key] for key in ("image", "user", "healthcheck")}
        services[name]["healthcheck"]["retries"] = 60
    services["dynamodb"]["command"] = ["-Xmx256m", "-jar", "DynamoDBLocal.jar", "-inMemory", "-sharedDb"]
    services["redis"]["command"] = ["redis-server", "--save", "", "--protected-mode", "no"]
    return yaml.dump({"services": services}, Dumper=_Override)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    build = ["docker", "build", "--file", "infra/proxy/Dockerfile", "--tag", "polymacaron/proxy:dev", "."]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with reserved_port() as todos, reserved_port() as auth:
        folder = bundle(tmp_path_factory.mktemp("bundle"))
        (folder / "override.yml").write_text(override(folder, todos, auth))
        (folder / "healthd").mkdir()
        os.chown(folder / "healthd", PROXY_USER, PROXY_USER)
        (folder / ".env").write_text(
            "".join(f"{name}={value}\n" for name, value in (PROPERTIES | OF_TODOS).items())
        )
        clients = [
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20)
            for port in (todos, auth)
        ]
        made = Stack(folder, f"bundle-{uuid4().hex[:8]}", *clients)
        try:
            made.compose("up", "--detach", "--wait", "dynamodb", "redis")
            made.compose("up", "--detach", "--wait", "--wait-timeout", "180")
            yield made
            assert stopped(made) == dict.fromkeys(PARTS, 0)
        except AssertionError:
            print(made.compose("logs", "--no-color", "--tail", "30"))
            raise
        finally:
            made.compose("down", "--volumes", "--timeout", "30")
            for client in clients:
                client.close()


def bundle(folder: Path) -> Path:
    """The bundle of todos in a stage with the name of what config/ has for this machine."""
    stage = replace(load_stage("live"), name="local", certificate=None)
    images = Images(*(f"registry.test/polymacaron/{name}@sha256:{'1' * 64}" for name in ("todos", "proxy")))
    stage = replace(stage, network=replace(stage.network, addresses=("172.16.0.0/12", "192.168.0.0/16")))
    return write_bundle(stage, "todos", COMMIT, images, folder).with_suffix("")


def stopped(stack: Stack) -> dict[str, int]:
    """Stop it; how each container of the bundle has ended: 137 is one that was killed."""
    stack.compose("stop", "--timeout", "30")
    told = [json.loads(line) for line in stack.compose("ps", "--all", "--format", "json").splitlines()]
    return {one["Service"]: one["ExitCode"] for one in told if one["Service"] in PARTS}


def token(stack: Stack) -> str:
    user = {"email": f"{uuid4()}@example.com", "password": "correct horse battery"}
    assert stack.auth.post("/auth/signup", json=user).status_code == 201
    found: str = stack.auth.post("/auth/login", json=user).json()["access_token"]
    return found


def test_it_serves_through_the_proxy_and_works_off_tasks(stack: Stack) -> None:
    eventually(lambda: stack.todos.get("/health/ready").status_code == 200, seconds=60)
    stack.todos.headers["Authorization"] = f"Bearer {token(stack)}"
    assert stack.todos.post("/todos", json={"title": "Water the plants"}).status_code == 201
    operation = stack.todos.post("/todos/export").headers["Location"]
    eventually(lambda: stack.todos.get(operation).json()["status"] == "succeeded", seconds=60, every=0.2)


def test_what_it_answers_is_logged_for_the_health_agent(stack: Stack) -> None:
    path = f"/nowhere/{uuid4()}"
    stack.todos.get(path, headers={"X-Forwarded-For": f"6.6.6.6, {CLIENT}"})
    (line,) = eventually(lambda: [line for line in stack.logged() if path in line])
    assert re.fullmatch(rf'\d+\.\d+"{path}"404"[\d.]+"[\d.]+"6\.6\.6\.6, {CLIENT}', line)


def test_nothing_can_be_written_but_where_it_may(stack: Stack) -> None:
    for part in PARTS:
        done = stack.compose("exec", "-T", part, "sh", "-c", "touch /x || echo no; touch /tmp/x && id -u")
        assert done.split() == ["no", "10001"]


def test_the_proxy_finds_a_service_that_has_another_address(stack: Stack) -> None:
    (web,) = stack.compose("ps", "--quiet", "web").split()
    network = f"{stack.project}_default"
    docker("network", "disconnect", network, web)
    place = docker("run", "--detach", "--rm", "--network", network, "redis:7.2")
    try:
        docker("network", "connect", "--alias", "web", network, web)
        eventually(lambda: stack.todos.get("/health/ready").status_code == 200, seconds=60)
    finally:
        docker("rm", "--force", place)


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, stdout=subprocess.PIPE, text=True
    ).stdout.strip()
