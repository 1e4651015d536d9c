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
from libs.service.metrics.requests import UNMATCHED
from libs.service.processes.asking import metrics_listener
from libs.service.testing import SECRET, environment, eventually, python_process
from libs.service.tests.scraping import Numbers, look, until


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


def written(told: Numbers) -> float:
    """How many units of writes were taken."""
    return sum(n for key, n in told.items() if key[:2] == ("dynamodb_capacity_units_total", "write"))


def signed_up(told: Numbers) -> float:
    """How many requests to sign up were answered."""
    return sum(n for key, n in told.items() if key[:3] == ("http_requests_total", "POST", "/auth/signup"))


def started(told: Numbers) -> set[str]:
    """The numbers of the processes that live."""
    return {key[1] for key in told if key[0] == "process_start_time_seconds"}


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
                assert signed_up(told) == 3
                assert told["http_request_seconds_count", "POST", "/auth/signup"] == 3
                assert told["http_requests_total", "GET", UNMATCHED, "404"] == 1
                assert told["http_problems_total", "NOT_FOUND"] == 1
                assert told["http_requests_in_flight",] == told["pool_in_use", "dynamodb"] == 0
            assert ("tasks_pending", "waiting", *mails) in told, "read from the table"
            assert written(told) > 3, "each sign-up is a transaction"
            assert told["http_threads",] == 16
            assert told["service_info", "", "auth", "dev"] == 1
            assert started(told) == {"0", "1", "2"}
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: workers() and workers().isdisjoint(before))
            after = until(port, "tasks_queued_total", *mails, value=3)
            assert after["tasks_queued_total", *mails] == 3
            assert signed_up(after) == 3
            assert written(after) >= written(told)
            eventually(lambda: started(look(port)) == {"0", "1", "2"})
            sign_up(client, "four")
            assert signed_up(look(port)) == 4


def test_the_web_processes_of_a_service_without_tasks_count_as_one(
    environ: dict[str, str], tmp_path: Path
) -> None:
    own = ("KEY_SECRET", "PROFILES_URL", "TODOS_URL", "MAIL_FOLDER")
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


def test_what_a_killed_process_had_under_way_is_under_way_no_more(environ: dict[str, str]) -> None:
    with reserved_port() as port, reserved_port() as http:
        environ.update(APP_PORT=str(http), APP_METRICS_PORT=str(port), APP_WEB_WORKERS="1")
        with python_process("-m", "libs.service", "web", environ=environ) as web:
            until(port, "http_threads", value=8)
            (worker,) = psutil.Process(web.pid).children()
            with socket.create_connection(("127.0.0.1", http)) as asking:
                head = "POST /auth/signup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                asking.sendall(f"{head}Content-Length: 100\r\n\r\n".encode())  # and no body
                until(port, "http_requests_in_flight", value=1)
                worker.kill()
                worker.wait()
                eventually(lambda: look(port).get(("http_requests_in_flight",)) == 0)
