"""The metrics of web processes, as Prometheus is told them."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from infra.local.throwaway import reserved_port
from libs.service import Service
from libs.service.metrics import counting
from libs.service.processes.asking import metrics_listener
from libs.service.testing import SECRET, environment, eventually, python_process
from libs.service.tests.scraping import look, until


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """The settings of an auth service with two web processes, whose tables they make themselves."""
    environ = environment(
        "auth",
        key_secret=SECRET,
        profiles_url="http://127.0.0.1:1",
        todos_url="http://127.0.0.1:1",
        mail_folder="unused",
        web_workers="2",
        create_tables="true",
    )
    yield environ
    service = Service.named("auth")
    service.database(service.load_settings(environ)).delete_tables()


def sign_up(client: httpx.Client, name: str) -> None:
    """Make a user, to whom a task sends a mail."""
    person = {"email": f"{name}@example.com", "password": "correct horse battery", "name": "Ada"}
    assert client.post("/auth/signup", json=person).status_code in {201, 202}


def test_every_web_process_tells_what_all_have_counted(environ: dict[str, str]) -> None:
    with reserved_port() as port, reserved_port() as http:
        environ.update(APP_PORT=str(http), APP_METRICS_PORT=str(port))
        base = f"http://127.0.0.1:{http}"
        with (
            python_process("-m", "libs.service", "web", environ=environ) as web,
            httpx.Client(base_url=base, trust_env=False, timeout=20) as client,
        ):

            def workers() -> set[int]:
                found = {child.pid for child in psutil.Process(web.pid).children()}
                return found if len(found) == 2 else set()

            until(port, "tasks_queued_total", "unknown", value=0)
            assert client.get("/metrics").status_code == 404, "the port of requests tells nobody"
            for name in ("one", "two", "three"):
                sign_up(client, name)
            mails = {key[1] for key, value in look(port).items() if key[0] == "tasks_queued_total" and value}
            assert len(mails) == 1
            before = eventually(workers)
            for _ in range(10):
                told = look(port)
                assert told["tasks_queued_total", *mails] == 3
            assert ("tasks_pending", "waiting", *mails) in told, "read from the table"
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: workers() and workers().isdisjoint(before))
            assert until(port, "tasks_queued_total", *mails, value=3)["tasks_queued_total", *mails] == 3


def test_the_web_processes_of_a_service_without_tasks_count_as_one(
    environ: dict[str, str], tmp_path: Path
) -> None:
    own = ("KEY_SECRET", "PROFILES_URL", "TODOS_URL", "MAIL_FOLDER", "CREATE_TABLES")
    others = {name: value for name, value in environ.items() if name.removeprefix("APP_") not in own}
    with reserved_port() as port, reserved_port() as http:
        ports = {"APP_PORT": str(http), "APP_METRICS_PORT": str(port)}
        told = {**others, **ports, "APP_SERVICE": "profiles", "TMPDIR": str(tmp_path)}
        with python_process("-m", "libs.service", "web", environ=told) as web:
            eventually(lambda: len(psutil.Process(web.pid).children()) == 2, seconds=60)
            eventually(lambda: answers(http))
            assert len(list(tmp_path.glob(f"{counting.PREFIX}*"))) == 1


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_metrics_where_requests_come_to_stop_the_start(environ: dict[str, str], tmp_path: Path) -> None:
    environ.update(APP_PORT="8080", APP_METRICS_PORT="8080")
    with (tmp_path / "told").open("w+b") as output:
        with python_process("-m", "libs.service", "web", environ=environ, output=output) as web:
            assert web.wait(60) == os.EX_CONFIG
        output.seek(0)
        assert b"APP_METRICS_PORT: Is that of requests, APP_PORT." in output.read()


def test_without_the_setting_there_are_none(environ: dict[str, str]) -> None:
    service = Service.named("auth")
    running = service.start(service.load_settings(environ))
    assert metrics_listener(running) is None
    assert running.settings.metrics_host == "127.0.0.1"
