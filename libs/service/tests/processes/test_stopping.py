"""A web process that is told to stop: not ready first, then the connections, then the process."""

import os
import signal
import socket
import time

import httpx
import pytest

from libs.service.testing import eventually
from libs.service.tests.processes.serving import Serve, Web, one_answer, said

READY = b"GET /health/ready HTTP/1.1\r\nHost: served\r\n\r\n"
QUICK = b"GET /quick HTTP/1.1\r\nHost: served\r\n\r\n"


def stop(web: Web, by: signal.Signals = signal.SIGTERM) -> None:
    """Send the signal to the master alone, as everything does that stops a process."""
    web.process.send_signal(by)


def refuses(web: Web) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", web.port)) != 0


def test_it_is_not_ready_first_and_serves_all_the_same(serve: Serve) -> None:
    with serve(web_workers="2", shutdown_delay_seconds="600") as web:
        with httpx.Client(base_url=web.url, trust_env=False, timeout=20) as client:
            kept = [client.get("/quick").headers["Connection"] for _ in range(2)]
            assert kept == ["keep-alive", "keep-alive"]
        stop(web)
        eventually(lambda: web.get("/health/ready").status_code == 503)
        pids = set()
        for _ in range(50):  # whichever of the two workers answers
            answer = web.get("/health/ready")
            assert (answer.status_code, answer.json()["code"], answer.json()["draining"]) == (
                503,
                "NOT_READY",
                True,
            )
            assert web.get("/health/live").status_code == 200
            served_ = web.get("/quick")
            assert (served_.status_code, served_.headers["Connection"]) == (200, "close")
            pids.add(served_.json()["pid"])
            if len(pids) == 2:
                break
        assert len(pids) == 2
        assert web.process.poll() is None
        # A second SIGTERM: nobody waits for load balancers any more.
        stop(web)
        assert web.process.wait(20) == 0
        assert "Traceback" not in web.log


def test_the_delay_ends_by_itself_and_what_is_under_way_is_finished(serve: Serve) -> None:
    with serve(shutdown_delay_seconds="0.5") as web:
        with web.ask("/wait/long") as long, web.connect() as silent:
            web.wait_for("long")
            began = time.monotonic()
            stop(web)
            eventually(lambda: refuses(web))
            assert time.monotonic() - began > 0.4, "it has waited for load balancers"
            # Both were there before: one is being answered, the other has not asked yet.
            silent.sendall(QUICK)
            late = said(silent)
            assert late.startswith(b"HTTP/1.1 200")
            assert b"Connection: close" in late
            web.let("long")
            assert said(long).startswith(b"HTTP/1.1 200")
        assert web.process.wait(20) == 0


def test_connections_that_nobody_has_taken_yet_are_served_when_it_stops(serve: Serve) -> None:
    with serve(web_threads="1") as web:
        worker = web.get("/quick").json()["pid"]
        os.kill(worker, signal.SIGSTOP)
        connections = [web.connect(QUICK) for _ in range(5)]
        stop(web)
        eventually(lambda: "Handling signal: term" in web.log)
        os.kill(worker, signal.SIGCONT)
        assert [said(one)[:12] for one in connections] == [b"HTTP/1.1 200"] * 5
        for one in connections:
            one.close()
        assert web.process.wait(20) == 0


def test_an_idle_connection_is_told_with_its_last_answer(serve: Serve) -> None:
    with serve() as web, web.connect(QUICK) as kept:
        assert b"Connection: keep-alive" in one_answer(kept)
        stop(web)
        eventually(lambda: refuses(web))
        kept.sendall(QUICK)
        answer = said(kept)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"Connection: close" in answer
        assert web.process.wait(20) == 0


def test_who_has_not_asked_yet_does_not_keep_it_from_ending(serve: Serve) -> None:
    with serve(drain_seconds="60", read_timeout_seconds="60") as web:
        silent = [web.connect(said_) for said_ in (b"", b"GET /quick HTTP/1.1\r\nHo", QUICK)]
        assert b"Connection: keep-alive" in one_answer(silent[-1])
        stop(web)
        assert web.process.wait(20) == 0
        for one in silent:
            one.close()


def test_a_request_that_does_not_end_is_given_up_when_the_time_is_over(serve: Serve) -> None:
    with serve(drain_seconds="1") as web, web.ask("/wait/forever"):
        web.wait_for("forever")
        began = time.monotonic()
        stop(web)
        assert web.process.wait(20) == 0
        assert time.monotonic() - began > 0.9


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGQUIT])
def test_who_wants_it_to_end_at_once_does_not_wait_for_anybody(serve: Serve, by: signal.Signals) -> None:
    with serve(drain_seconds="60", shutdown_delay_seconds="60") as web, web.ask("/wait/forever"):
        web.wait_for("forever")
        stop(web)  # which is under way, then
        eventually(lambda: "Handling signal: term" in web.log)
        stop(web, by)
        assert web.process.wait(20) == 0


def test_clients_that_do_not_close_their_side_cost_nobody_else_a_wait(serve: Serve) -> None:
    with serve() as web:
        lingering = [
            web.connect(QUICK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")) for _ in range(20)
        ]
        for one in lingering:
            assert b"Connection: close" in one_answer(one)
        began = time.monotonic()
        assert web.get("/quick").is_success
        assert time.monotonic() - began < 15, "gunicorn alone waits 2 s for each"
        for one in lingering:
            one.close()


def test_connections_that_say_nothing_take_no_thread(serve: Serve) -> None:
    with serve() as web:
        silent = [web.connect() for _ in range(20)]
        began = time.monotonic()
        assert web.get("/quick").is_success
        assert time.monotonic() - began < 15, "gunicorn alone has a thread wait 5 s for each"
        for one in silent:
            one.close()
