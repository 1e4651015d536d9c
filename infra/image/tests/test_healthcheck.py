"""The health check says yes only when the process answered well, or did its round, just now."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.image import healthcheck

SCRIPT = Path(healthcheck.__file__)


class Answers(BaseHTTPRequestHandler):
    """GET /STATUS answers with that status, /health/live with 200.

    /silent and /drip take longer than a health check waits.
    """

    asked: list[str]
    over: threading.Event

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/silent":
            self.over.wait(30)
        elif self.path == "/drip":
            self.drip()
        elif self.path == "/garbage":
            self.wfile.write(b"SSH-2.0-OpenSSH\r\n")
        else:
            self.send_response(200 if self.path == "/health/live" else int(self.path[1:4]))
            self.send_header("Location", "/200")
            self.end_headers()

    def drip(self) -> None:
        """Send a byte now and then, so that no single read takes long."""
        for byte in b"HTTP/1.0 200 OK\r\nX: ".ljust(300):
            try:
                self.wfile.write(bytes([byte]))
            except OSError:
                return
            self.over.wait(0.1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as inherited
        """Keep the test's output clean."""


@pytest.fixture
def asked() -> list[str]:
    """Return the paths the server was asked for."""
    return []


@pytest.fixture
def server(asked: list[str]) -> Iterator[str]:
    """Run a real HTTP server; yield its base URL."""
    handler = type("Answers", (Answers,), {"asked": asked, "over": threading.Event()})
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    # The alarm is for the thread that checks, whose reading it ends: those of the server inherit the block.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    thread.start()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})
    yield f"http://127.0.0.1:{httpd.server_port}"
    handler.over.set()
    httpd.shutdown()
    httpd.server_close()
    thread.join()


@pytest.fixture
def alive(tmp_path: Path) -> Path:
    """Return a file touched just now."""
    path = tmp_path / "alive"
    path.touch()
    return path


def touched(path: Path, seconds_ago: float) -> None:
    then = time.time() - seconds_ago
    os.utime(path, (then, then))


def reason(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """Run a check that must fail; return its one line."""
    assert healthcheck.main([str(argument) for argument in arguments]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    return errors.rstrip("\n")


@pytest.mark.parametrize("path", ["/200", "/204", "/200?deep=true"])
def test_2xx_is_healthy(server: str, path: str, asked: list[str]) -> None:
    assert healthcheck.main(["http", server + path]) == 0
    assert asked == [path]


@pytest.mark.parametrize("status", [301, 304, 404, 500, 503])
def test_anything_else_is_not(server: str, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, "http", f"{server}/{status}") == f"{server}/{status} answered {status}"


@pytest.mark.parametrize("path", ["/silent", "/drip"])
def test_a_late_answer_is_none(
    server: str, path: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert healthcheck.HTTP_SECONDS == 3.0, "less than Docker's own, which gives no reason"
    monkeypatch.setattr(healthcheck, "HTTP_SECONDS", 0.3)
    started = time.monotonic()
    assert reason(capsys, "http", server + path) == f"{server}{path}: no answer within 0.3 s"
    assert time.monotonic() - started < 15


def test_what_is_not_http_is_unhealthy(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, "http", server + "/garbage").startswith(f"{server}/garbage: ")


def test_nobody_listening(server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "refused" in reason(capsys, "http", "http://127.0.0.1:1/health/live")


def test_a_proxy_is_not_asked(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert healthcheck.main(["http", f"{server}/200"]) == 0


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8080/health/live", "https://127.0.0.1/", "http://", "http://a:b/"]
)
def test_a_wrong_url_is_named(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, "http", url).startswith(f"{url!r} is not a")


def test_touched_in_time_is_alive(alive: Path) -> None:
    touched(alive, 50)
    assert healthcheck.main(["alive", str(alive)]) == 0


@pytest.mark.parametrize("seconds_ago", [61, 3600, -3600])
def test_touched_too_long_ago_is_not(
    alive: Path, seconds_ago: float, capsys: pytest.CaptureFixture[str]
) -> None:
    touched(alive, seconds_ago)
    assert reason(capsys, "alive", alive) == f"{alive} was touched {seconds_ago} s ago, more than 60 s"


def test_the_age_can_be_given(alive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    touched(alive, 100)
    assert healthcheck.main(["alive", str(alive), "120"]) == 0
    assert reason(capsys, "alive", alive, "90.5").endswith("more than 90.5 s")


def test_never_touched_is_not_alive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, "alive", tmp_path / "none") == f"{tmp_path}/none: No such file or directory"


@pytest.mark.parametrize("age", ["", "0", "-1", "nan", "inf", "1m"])
def test_a_wrong_age_is_named(alive: Path, age: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, "alive", alive, age) == f"MAX_AGE_SECONDS must be a positive number, not {age!r}"


def test_auto_asks_a_worker_for_its_last_round(
    alive: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("APP_ALIVE_PATH", str(alive))
    monkeypatch.setenv("APP_PORT", "1")  # nobody answers there
    assert healthcheck.main(["auto"]) == 0
    touched(alive, 61)
    assert reason(capsys, "auto").startswith(f"{alive} was touched 61 s ago")


@pytest.mark.parametrize("alive_path", [None, "", "/nowhere/alive"])
def test_auto_asks_over_http_where_no_round_was_done(
    alive_path: str | None, server: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if alive_path is None:
        monkeypatch.delenv("APP_ALIVE_PATH", raising=False)
    else:
        monkeypatch.setenv("APP_ALIVE_PATH", alive_path)
    monkeypatch.setenv("APP_PORT", server.rpartition(":")[2])
    assert healthcheck.main(["auto"]) == 0
    assert asked == ["/health/live"]


@pytest.mark.parametrize(
    "arguments", [(), ("auto", "x"), ("http",), ("alive",), ("alive", "a", "1", "2"), ("ping", "x")]
)
def test_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert reason(capsys, *arguments) == healthcheck.USAGE


def test_as_a_command(alive: Path, tmp_path: Path) -> None:
    """Isolated, as the image runs it; exit codes 0 and 1, never 2, which Docker reserves."""
    command = [sys.executable, "-I", str(SCRIPT), "alive"]
    assert subprocess.run([*command, str(alive)], check=False).returncode == 0
    failed = subprocess.run([*command, str(tmp_path / "none")], check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr == f"{tmp_path}/none: No such file or directory\n"
