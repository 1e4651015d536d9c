"""The real processes: `python -m libs.service web|worker|beat|tables|shell`."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import httpx
import pytest
from gunicorn.workers.gthread import ThreadWorker

from infra.local.throwaway import reserved_port
from libs.service import Service
from libs.service.__main__ import _PROCESSES, main
from libs.service.processes import worker
from libs.service.processes.life import SignsOfLife
from libs.service.processes.web import WebApplication
from libs.service.testing import ROOT, SECRET, environment, eventually, python_process


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture
def environ(port: int) -> Iterator[dict[str, str]]:
    """The settings of an auth service, whose tables are made by the processes themselves."""
    environ = environment(
        "auth",
        key_secret=SECRET,
        email_verification="optional",
        profiles_url="http://127.0.0.1:1",
        todos_url="http://127.0.0.1:1",
        mail_folder="unused",
        port=str(port),
        web_workers="1",
        create_tables="true",
    )
    yield environ
    service = Service.named("auth")
    service.database(service.load_settings(environ)).delete_tables()


@pytest.fixture
def output(tmp_path: Path) -> Iterator[IO[bytes]]:
    with (tmp_path / "output").open("w+b") as file:
        yield file


@pytest.fixture
def web(environ: dict[str, str], output: IO[bytes], port: int) -> Iterator[subprocess.Popen[bytes]]:
    with python_process("-m", "libs.service", "web", environ=environ, output=output) as process:

        def answers() -> bool:
            assert process.poll() is None
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        eventually(answers)
        yield process


@pytest.fixture
def client(web: object, port: int) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=10) as client:
        yield client


def test_no_worker_is_replaced_for_its_number_of_requests(environ: dict[str, str]) -> None:
    """Whoever sends enough of them could have all workers forget keys and revocations, while auth is down."""
    service = Service.named("auth")
    web = WebApplication(service.start(service.load_settings(environ)))
    assert web.cfg.max_requests == 0
    assert issubclass(web.cfg.worker_class, ThreadWorker)


def run(*arguments: str, environ: dict[str, str], cwd: Path = ROOT, text: str = "") -> tuple[int, str, str]:
    """Run a process to its end; return its exit code, output and errors."""
    ended = subprocess.run(
        [sys.executable, "-m", "libs.service", *arguments],
        env={
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_EC2_METADATA_DISABLED": "true",
            **environ,
        },
        cwd=cwd,
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_web_serves_and_ends_when_told(
    client: httpx.Client, web: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    eventually(lambda: client.get("/health/ready").status_code == 200)
    answer = client.get("/version", headers={"X-Request-ID": "request-1234"})
    assert answer.headers["X-Request-ID"] == "request-1234"
    assert "Server" not in answer.headers, "whoever looks for servers to break into shall ask another one"
    account = {"email": "ada@example.com", "password": "correct horse battery"}
    assert client.post("/auth/signup", json=account).status_code == 201
    web.send_signal(signal.SIGTERM)
    assert web.wait(20) == 0
    logged = (tmp_path / "output").read_text()
    assert '"request_id":"request-1234"' in logged
    assert "Handling signal: term" in logged, "gunicorn's own messages go the way of all others"
    assert "correct horse" not in logged
    assert "Traceback" not in logged


def test_a_body_too_large_is_answered_and_the_connection_stays_good(client: httpx.Client) -> None:
    for _ in range(5):
        answer = client.post(
            "/auth/signup", content=b"x" * 2_000_000, headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")
        chunked = client.post(
            "/auth/signup",
            content=(b"x" * 100_000 for _ in range(20)),
            headers={"Content-Type": "application/json"},
        )
        assert (chunked.status_code, chunked.json()["code"]) == (413, "BODY_TOO_LARGE")
        assert client.get("/ping").status_code == 200


def test_a_request_under_way_is_finished_after_sigterm(
    web: subprocess.Popen[bytes], port: int, tmp_path: Path
) -> None:
    body = b'{"email": "ada@example.com", "password": "correct horse battery"}'
    head = [
        "POST /auth/signup HTTP/1.1",
        "Host: auth",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Expect: 100-continue",
        "Connection: close",
    ]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(("\r\n".join(head) + "\r\n\r\n").encode() + body[:10])
        assert connection.recv(100).startswith(b"HTTP/1.1 100"), "the worker is at it"
        web.send_signal(signal.SIGTERM)
        eventually(lambda: "Handling signal: term" in (tmp_path / "output").read_text())
        connection.sendall(body[10:])
        answer = b""
        while data := connection.recv(65536):
            answer += data
    assert answer.startswith(b"HTTP/1.1 201"), answer
    assert web.wait(20) == 0


def wrong_settings(environ: dict[str, str]) -> dict[str, str]:
    wrong = {**environ, "APP_PORT": "hunter2", "APP_COLOUR": "red", "APP_LOG_FORMAT": "xml"}
    del wrong["APP_JWT_ISSUER"]
    return wrong


def assert_every_fault_is_told(code: int, output: str, errors: str) -> None:
    assert code == os.EX_CONFIG
    lines = errors.splitlines()
    assert lines[0] == "cannot start:"
    named = [line.partition(":")[0] for line in lines[1:]]
    assert named == ["APP_COLOUR", "APP_JWT_ISSUER", "APP_LOG_FORMAT", "APP_PORT"]
    assert "hunter2" not in output + errors


def test_wrong_settings_stop_the_start_with_every_fault(environ: dict[str, str]) -> None:
    assert_every_fault_is_told(*run("web", environ=wrong_settings(environ)))


@pytest.mark.parametrize("process", ["worker", "beat", "tables", "shell"])
def test_no_other_process_starts_with_them_either(
    environ: dict[str, str],
    process: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """They come as far as the web process, which is seen here without the seconds a start takes."""
    monkeypatch.setattr(Service, "start", lambda *_: pytest.fail("it is started"))
    monkeypatch.setattr(Service, "database", lambda *_: pytest.fail("it makes tables"))
    monkeypatch.setattr(os, "environ", wrong_settings(environ))
    code = main([process])
    monkeypatch.undo()
    told = capsys.readouterr()
    assert_every_fault_is_told(code, told.out, told.err)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"APP_SERVICE": ""}, "APP_SERVICE: Missing data for required field."),
        ({"APP_SERVICE": "billing"}, "APP_SERVICE: There is no services/billing/service.py."),
        ({"APP_KEY_SECRET": "hunter2"}, "APP_KEY_SECRET: shorter than 32 bytes"),
    ],
)
def test_a_service_that_cannot_be_put_together_says_why(
    environ: dict[str, str], change: dict[str, str], fault: str
) -> None:
    code, _, errors = run("tables", environ={**environ, **change})
    assert code == os.EX_CONFIG
    assert errors.startswith(f"cannot start:\n{fault}")
    assert "hunter2" not in errors
    assert "Traceback" not in errors


def test_another_key_secret_than_before_stops_the_start(environ: dict[str, str]) -> None:
    assert run("shell", environ=environ)[0] == 0
    code, output, errors = run("web", environ={**environ, "APP_KEY_SECRET": SECRET[::-1]})
    assert code == os.EX_CONFIG
    assert errors.startswith("cannot start:\nAPP_KEY_SECRET: The stored keys were sealed with another one.")
    assert SECRET[::-1] not in output + errors
    assert "Traceback" not in output + errors


def test_a_wrong_contract_stops_the_start_with_every_fault(environ: dict[str, str], tmp_path: Path) -> None:
    for folder in ("libs", "services", "apis", "config"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("tests", "__pycache__")
        )
    contract = tmp_path / "apis" / "auth.yaml"
    text = contract.read_text()
    text = text.replace("sessions.handlers.log_in", "sessions.handlers.log_inn").replace(
        "handlers.get_keys", "handlers.keys"
    )
    contract.write_text(text)
    code, output, errors = run("web", environ=environ, cwd=tmp_path)
    assert code == os.EX_CONFIG
    assert errors.count("auth.yaml:") == 2
    assert "POST /auth/login" in errors
    assert "GET /.well-known/jwks.json" in errors
    assert "Traceback" not in output + errors


def test_a_database_that_is_away_stops_the_making_of_tables_with_one_line(environ: dict[str, str]) -> None:
    code, _, errors = run("tables", environ={**environ, "APP_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"})
    assert (code, errors) == (os.EX_TEMPFAIL, "cannot start: DynamoDB: EndpointConnectionError\n")


@pytest.mark.parametrize("process", ["worker", "beat"])
def test_a_service_without_tasks_needs_no_worker(environ: dict[str, str], process: str) -> None:
    profiles = {**environ, "APP_SERVICE": "profiles"}
    for name in ("KEY_SECRET", "EMAIL_VERIFICATION", "PROFILES_URL", "TODOS_URL", "MAIL_FOLDER"):
        del profiles[f"APP_{name}"]
    code, _, errors = run(process, environ={**profiles, "APP_CREATE_TABLES": "false"})
    assert code == os.EX_CONFIG
    assert "profiles has no tasks" in errors


def test_tables_are_made_once_and_found_the_next_time(environ: dict[str, str]) -> None:
    for _ in range(2):
        assert run("tables", environ={**environ, "APP_CREATE_TABLES": "false"})[0] == 0


def test_the_shell_has_the_service_at_hand(environ: dict[str, str]) -> None:
    text = "print('tables:', len(database.models), settings.service, User.Meta.table_name)\n"
    code, output, _ = run("shell", environ=environ, text=text)
    assert code == 0
    assert f"tables: 9 auth {environ['APP_TABLE_PREFIX']}auth-users" in output


def test_an_unknown_process_is_refused() -> None:
    code, _, errors = run("webb", environ={})
    assert code == 2
    assert "invalid choice: 'webb'" in errors


@pytest.mark.parametrize(("lease", "every"), [("15", 5), ("60", 20), ("600", 20)])
def test_a_worker_shows_in_time_that_it_lives_however_long_its_leases_are(
    environ: dict[str, str], lease: str, every: float
) -> None:
    service = Service.named("auth")
    running = service.start(service.load_settings({**environ, "APP_TASK_LEASE_SECONDS": lease}))
    assert worker._pulse(running, ["auth"], SignsOfLife(None))._every == every


def test_what_runs_tasks_is_known_and_nothing_does_once_celery_has_stopped_it() -> None:
    pool = SimpleNamespace(_pool=SimpleNamespace(_pool=[SimpleNamespace(pid=7), SimpleNamespace(pid=8)]))
    assert worker._children(SimpleNamespace(pool=pool)) == [7, 8]
    pool._pool = None
    assert worker._children(SimpleNamespace(pool=pool)) == []
    assert worker._children(SimpleNamespace(pool=None)) == []


@pytest.mark.parametrize("process", ["web", "worker", "beat", "tables"])
def test_a_process_that_finds_no_tables_tells_of_them_and_ends(
    environ: dict[str, str],
    process: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As on AWS, where CloudFormation makes them, and `create_tables` is refused."""
    prefix = f"{environ['APP_TABLE_PREFIX']}none-"
    monkeypatch.setattr(Service, "start", lambda *_: pytest.fail("it is started"))
    monkeypatch.setattr("libs.service.__main__.DEVELOPMENT", frozenset())
    told = {**os.environ, **environ, "APP_CREATE_TABLES": "false", "APP_TABLE_PREFIX": prefix}
    monkeypatch.setattr(os, "environ", told)
    code = main([process])
    monkeypatch.undo()
    lines = capsys.readouterr().err.splitlines()
    assert code == os.EX_CONFIG
    assert lines[:2] == ["cannot start:", f"table {prefix}auth-users is missing."]
    assert lines[-1] == "A release comes after the tables it needs: docs/table-changes.md."


def test_a_database_that_is_away_keeps_no_process_from_starting(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process waits for it, and is not ready until then."""
    away = {"APP_CREATE_TABLES": "false", "APP_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"}
    started: list[object] = []
    monkeypatch.setattr(os, "environ", {**os.environ, **environ, **away})
    monkeypatch.setitem(_PROCESSES, "web", started.append)
    assert main(["web"]) == os.EX_OK
    monkeypatch.undo()
    assert len(started) == 1
