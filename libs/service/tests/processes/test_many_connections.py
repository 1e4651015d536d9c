"""More connections than a process can hold, and those that go while room is made for others."""

import os
import resource
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest

from libs.service.processes.web import most_connections
from libs.service.processes.web_worker import LINGERING
from libs.service.testing import eventually
from libs.service.tests.processes.serving import Serve, one_answer, said
from libs.service.tests.processes.test_shedding import QUICK, keep_busy
from libs.service.tests.processes.test_stopping import refuses


def test_a_client_that_closes_while_its_connection_makes_room_hurts_nobody(serve: Serve) -> None:
    with serve(web_queue="0") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        worker = _child(web.process.pid)
        lingering = [stack.enter_context(web.connect(QUICK)) for _ in range(LINGERING)]
        for one in lingering:
            assert said(one).startswith(b"HTTP/1.1 503 ")
        os.kill(worker, signal.SIGSTOP)  # so that it sees both at once
        last = stack.enter_context(web.connect(QUICK))
        for one in lingering:
            one.close()
        os.kill(worker, signal.SIGCONT)
        assert said(last).startswith(b"HTTP/1.1 503 ")
        web.let("a")
        web.let("b")
        assert [one_answer(one)[:12] for one in busy] == [b"HTTP/1.1 200"] * 2
        assert web.get("/quick").json()["pid"] == worker
        assert "Traceback" not in web.log


def _child(master: int) -> int:
    return int(Path(f"/proc/{master}/task/{master}/children").read_text().split()[0])


@pytest.mark.parametrize("sent", [b"", QUICK, QUICK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")])
def test_whoever_keeps_many_connections_keeps_nobody_out(serve: Serve, sent: bytes) -> None:
    with serve(read_timeout_seconds="60") as web, ExitStack() as stack:
        kept = []
        for _ in range(most_connections() + 10):
            kept.append(stack.enter_context(web.connect(sent)))
            if sent:
                one_answer(kept[-1])
        assert web.get("/quick").is_success, "at once, and not when the first of them is given up"


def test_a_process_that_can_open_no_more_files_serves_on(serve: Serve) -> None:
    with serve() as web, ExitStack() as stack:
        worker = web.get("/quick").json()["pid"]
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (40, 40))
        for _ in range(50):
            stack.enter_context(web.connect(b"GET /quick"))
        for _ in range(5):
            assert web.get("/quick").json()["pid"] == worker


def test_workers_whose_master_was_killed_finish_and_leave_the_port(serve: Serve) -> None:
    with serve(drain_seconds="600") as web, web.ask("/wait/long") as long:
        web.wait_for("long")
        os.kill(web.process.pid, signal.SIGKILL)
        eventually(lambda: refuses(web))
        web.let("long")
        assert said(long).startswith(b"HTTP/1.1 200")
