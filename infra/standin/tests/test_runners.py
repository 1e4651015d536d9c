"""Bundles that are run: as containers, of which the compose file is looked at here, and as processes."""

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from infra.standin.bundles import Bundle
from infra.standin.runners.compose import adapted
from infra.standin.runners.processes import Processes
from infra.standin.runners.runner import CannotRun, Order
from infra.standin.tests.conftest import zipped
from libs.service.testing import eventually

COMPOSE: dict[str, Any] = {
    "services": {
        "web": {
            "image": "registry/polymacaron/todos@sha256:0",
            "command": ["web"],
            "environment": {"APP_ENVIRONMENT": "staging"},
            "logging": {"driver": "awslogs", "options": {"awslogs-group": "todos"}},
        },
        "proxy": {
            "image": "registry/polymacaron/proxy@sha256:0",
            "environment": {"UPSTREAM": "web:8080"},
            "ports": ["80:8080"],
            "volumes": ["/var/log/nginx/healthd:/var/log/nginx/healthd"],
        },
    }
}
PROGRAM = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        told = {name: value for name, value in os.environ.items() if name.startswith(("APP_", "AWS_"))}
        self.wfile.write(json.dumps({"command": sys.argv[1:], "told": told}).encode())

print("it begins", flush=True)
if sys.argv[1] != "web":
    sys.exit(3)
HTTPServer((os.environ["APP_HOST"], int(os.environ["APP_PORT"])), Handler).serve_forever()
"""


def test_containers_are_told_where_aws_is_and_nothing_lies_on_the_host(tmp_path: Path) -> None:
    services = adapted(COMPOSE, {"AWS_ENDPOINT_URL": "http://here"}, tmp_path)["services"]
    web, proxy = services["web"], services["proxy"]
    assert web["environment"] == {"APP_ENVIRONMENT": "staging", "AWS_ENDPOINT_URL": "http://here"}
    assert web["extra_hosts"] == ["host.docker.internal:host-gateway"]
    assert web["logging"] == {"driver": "json-file"}
    assert proxy["environment"] == {"UPSTREAM": "web:8080"}
    assert proxy["ports"] == ["127.0.0.1::8080"]
    (volume,) = proxy["volumes"]
    assert volume == f"{tmp_path}/host/var/log/nginx/healthd:/var/log/nginx/healthd"
    assert (tmp_path / "host/var/log/nginx/healthd").is_dir()


@pytest.fixture
def repository(tmp_path: Path) -> tuple[Path, str]:
    """A repository with a service of a few lines, and its commit."""
    folder = tmp_path / "repository"
    (folder / "libs" / "service").mkdir(parents=True)
    (folder / "libs" / "service" / "__main__.py").write_text(PROGRAM)
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "One"]):
        subprocess.run([*git, *words], check=True)
    said = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return folder, said.stdout.strip()


def order(commit: str, **services: str) -> Order:
    """An order of containers with commands."""
    made = {
        name: {"command": [command], "environment": {"APP_ENVIRONMENT": "staging"}}
        for name, command in services.items()
    }
    content = {"services": {**made, "proxy": {"image": "proxy"}}}
    bundle = Bundle.read(zipped({"docker-compose.yml": yaml.safe_dump(content)}))
    label, properties = f"staging-{commit[:12]}", {"APP_LOG_LEVEL": "info"}
    return Order("polymacaron-todos", "todos-staging-1", 1, label, bundle, properties, lambda: False)


def in_a_thread(do: Callable[[], Any]) -> Any:
    """Do something in a thread that ends, as the stand-in does."""
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(do()))
    thread.start()
    thread.join()
    return found[0]


def test_processes_run_the_commit_of_the_bundle(repository: tuple[Path, str]) -> None:
    folder, commit = repository
    (folder / "libs" / "service" / "__main__.py").write_text("raise SystemExit")
    runner = Processes(lambda service: {"AWS_ENDPOINT_URL": f"http://{service}"}, folder)
    running = in_a_thread(lambda: runner.start(order(commit, web="web")))
    (pid,) = [process.pid for process in running.processes.values()]
    try:

        def answer() -> dict[str, Any] | None:
            try:
                found: dict[str, Any] = httpx.get(
                    "http://{}:{}".format(*running.address), trust_env=False
                ).json()
            except httpx.TransportError:
                return None
            return found

        said = eventually(answer)
        assert said is not None
        assert said["command"] == ["web"]
        told = said["told"]
        assert (told["APP_SERVICE"], told["APP_ENVIRONMENT"]) == ("todos", "staging")
        assert (told["AWS_ENDPOINT_URL"], told["APP_LOG_LEVEL"]) == ("http://todos", "info")
        assert running.fault() is None
        assert "web | it begins" in running.log()
    finally:
        running.stop(gently=True)
    assert not psutil.pid_exists(pid)
    assert not running.folder.exists()


def test_a_process_that_ends_is_a_fault(repository: tuple[Path, str]) -> None:
    folder, commit = repository
    running = Processes(lambda service: {}, folder).start(order(commit, beat="beat"))
    try:
        assert running.address is None
        assert eventually(running.fault) == "Processes have ended: beat."
    finally:
        running.stop(gently=False)


def test_a_commit_that_nobody_has_cannot_be_run(repository: tuple[Path, str]) -> None:
    folder, _ = repository
    with pytest.raises(CannotRun, match="There is no commit 012345678901"):
        Processes(lambda service: {}, folder).start(order("0123456789012345", web="web"))
