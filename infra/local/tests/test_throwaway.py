"""The databases of a test run: they answer, and they do not outlive it, however it ends."""

import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra.local import throwaway
from infra.local.errors import LocalError
from infra.local.paths import ROOT
from infra.local.preflight import is_free
from infra.local.servers import dynamodb_answers, redis_answers, wait_until
from infra.local.throwaway import reserved_port, throwaway_servers


def test_both_answer_and_end_with_the_context_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with throwaway_servers() as ports:
        assert dynamodb_answers(ports["dynamodb"], timeout=60)
        assert redis_answers(ports["redis"], timeout=60)
        assert [*tmp_path.rglob("*sqlite*.so")], "which Java has unpacked"
        assert not dynamodb_answers(ports["redis"], timeout=0.5)
        assert not redis_answers(ports["dynamodb"], timeout=0.5)
    assert not dynamodb_answers(ports["dynamodb"])
    assert not redis_answers(ports["redis"])
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_they_end_with_the_process_that_started_them(number: signal.Signals):
    code = (
        "import time\nfrom infra.local.throwaway import throwaway_servers\n"
        "with throwaway_servers(dynamodb=False) as ports:\n print(ports['redis'], flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert redis_answers(port, timeout=60)
        process.send_signal(number)
    assert wait_until(lambda: is_free(port), 30)


def test_one_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch):
    tries = []

    def command(port: int, data: None) -> list[str]:
        tries.append(port)
        return ["/bin/sh", "-c", "echo it has no memory >&2; exit 1"]

    monkeypatch.setattr(throwaway, "redis_command", command)
    fails = pytest.raises(LocalError, match="redis for the tests did not start: it has no memory")
    with fails, throwaway_servers(dynamodb=False):
        pass
    assert len(set(tries)) == 3


def test_a_reserved_port_is_nobody_elses():
    with reserved_port() as one, reserved_port() as other:
        assert one != other


def test_it_is_so_at_every_address_and_may_be_listened_at():
    with reserved_port() as port, socket.socket() as elsewhere:
        with pytest.raises(OSError, match="in use"):
            elsewhere.bind(("127.0.0.2", port))
        assert is_free(port)
