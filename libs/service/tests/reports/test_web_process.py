"""What fails in a real web process is reported, also what is known when it ends."""

import signal
import socket
from collections.abc import Iterator

import httpx
import psutil
import pytest

from infra.local.throwaway import reserved_port
from libs.service.testing import environment, eventually, python_process
from libs.service.tests.reports.sinks import Sink

# Signed with a key that nobody has, and nobody can be asked for.
TOKEN = "eyJhbGciOiJFZERTQSIsImtpZCI6IngiLCJ0eXAiOiJhdCtqd3QifQ.eyJzdWIiOiJhZGEifQ.c2lnbmVk"


@pytest.fixture
def port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


def test_faults_and_failures_are_reported_and_none_is_forgotten_at_the_end(server: Sink, port: int) -> None:
    told = {"web_workers": "1", "create_tables": "true", "report_webhook_url": server.url}
    environ = environment("profiles", port=str(port), **told)

    def answers() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    with (
        python_process("-m", "libs.service", "web", environ=environ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client,
    ):
        eventually(answers)
        (child,) = eventually(psutil.Process(process.pid).children)
        child.kill()
        fault = server.reports()[0]
        assert (fault["kind"], fault["level"]) == ("fault", "error")
        assert fault["title"].startswith("gunicorn: ")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        for _ in range(3):
            answer = eventually(lambda: client.get("/profiles/ada", headers=headers))
            assert answer.status_code == 503
        failure = server.reports(2)[1]
        assert (failure["level"], failure["request"]["status"], failure["count"]) == ("warning", 503, 1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    last = server.reports(3)[2]
    assert (last["kind"], last["code"], last["count"]) == ("error", failure["code"], 2)
    assert TOKEN.split(".")[1] not in str(server.posted)
