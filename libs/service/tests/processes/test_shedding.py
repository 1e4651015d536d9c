"""More requests than a web process can serve: told so at once, while all else goes on."""

import json
import select
import socket
import time
from contextlib import ExitStack, suppress

import httpx
import pytest

from libs.service.testing import eventually
from libs.service.tests.processes.serving import Serve, Web, one_answer, said, slow_reader

QUICK = b"GET /quick HTTP/1.1\r\nHost: served\r\n\r\n"


def keep_busy(web: Web, stack: ExitStack) -> list[socket.socket]:
    """Give both threads something to wait for."""
    return [_given(web, name, stack) for name in ("a", "b")]


def _given(web: Web, name: str, stack: ExitStack) -> socket.socket:
    """Return a connection whose request a thread has begun."""
    # One that has just answered somebody may not be free yet, and where nobody may wait that is a refusal.
    while True:
        asked = stack.enter_context(web.ask(f"/wait/{name}"))
        eventually(lambda: web.has_begun(name) or select.select([asked], [], [], 0)[0])  # noqa: B023 - at once
        if web.has_begun(name):
            return asked


def ended(connections: list[socket.socket], number: int) -> list[socket.socket]:
    """Return those on which something has come, once that are so many."""

    def found() -> list[socket.socket] | None:
        there = select.select(connections, [], [], 0)[0]
        return there if len(there) >= number else None

    return eventually(found)


def problem(answer: bytes) -> dict[str, object]:
    found: dict[str, object] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return found


def test_threads_that_compute_do_not_keep_the_one_that_accepts_for_long(serve: Serve) -> None:
    # How long it takes then is told by bench.overload: as a test it would be one of the machine.
    with serve() as web:
        assert web.get("/quick").json()["switches_after"] == pytest.approx(0.001)


def test_whoever_finds_the_line_full_is_told_at_once_and_all_others_are_served(serve: Serve) -> None:
    with serve(web_queue="2", web_queue_seconds="600") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        others = [stack.enter_context(web.connect(QUICK)) for _ in range(7)]
        refused = ended(others, 5)
        answers = [said(one) for one in refused]
        assert len(answers) == 5, "two can wait"
        for answer in answers:
            assert answer.startswith(b"HTTP/1.1 503 ")
            head = answer.partition(b"\r\n\r\n")[0].lower()
            assert b"\r\nconnection: close" in head
            assert b"\r\nretry-after: " in head
            told = problem(answer)
            assert (told["code"], told["status"], told["instance"]) == ("OVERLOADED", 503, "/quick")
        # Whether it lives is told meanwhile, by a thread that nothing else may use.
        for path in ("/health/live", "/health/ready", "/ping"):
            assert web.get(path).status_code == 200
        with web.connect(b"GET /ping HTTP/1.1\r\nHost: served\r\nContent-Length: 9\r\n\r\n{") as no_probe:
            assert said(no_probe).startswith(b"HTTP/1.1 503 ")
        with web.connect(b"HEAD /quick HTTP/1.1\r\nHost: served\r\n\r\n") as head_only:
            assert said(head_only).endswith(b"\r\n\r\n")
        web.let("a")
        web.let("b")
        waiting = [one for one in others if one not in refused]
        assert [one_answer(one)[:12] for one in [*busy, *waiting]] == [b"HTTP/1.1 200"] * 4
        assert web.get("/quick").status_code == 200, "and all is as before"
        eventually(lambda: told_in(web) == 7)
        assert "Traceback" not in web.log


def told_in(web: Web) -> int:
    """Return how many refused requests the log tells of."""
    lines = [json.loads(line) for line in web.log.splitlines() if '"overloaded"' in line]
    return sum(one["refused"] for one in lines)


def test_a_process_that_stops_tells_how_many_it_has_refused(serve: Serve) -> None:
    with serve(web_queue="0", shutdown_delay_seconds="0") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        for _ in range(3):
            with web.connect(QUICK) as one:
                assert problem(said(one))["code"] == "OVERLOADED"
        web.let("a")
        web.let("b")
        for one in busy:
            one_answer(one)
            one.close()  # so that it need not wait for its next request
        web.process.terminate()
        web.process.wait(60)
        assert told_in(web) >= 3


def test_a_client_that_has_come_through_our_proxies_has_not_the_thread_of_probes(serve: Serve) -> None:
    own = b"GET /health/live HTTP/1.1\r\nHost: served\r\n\r\n"
    with serve(web_queue="0", trusted_proxies="1") as web, ExitStack() as stack:
        keep_busy(web, stack)
        with web.connect(own[:-2] + b"X-Forwarded-For: 1.2.3.4\r\n\r\n") as client:
            assert problem(said(client))["code"] == "OVERLOADED"
        with web.connect(own) as proxy:
            assert one_answer(proxy).startswith(b"HTTP/1.1 200 ")
        web.let("a")
        web.let("b")


def test_whoever_has_waited_too_long_is_not_served_late(serve: Serve) -> None:
    with serve(web_queue="2", web_queue_seconds="0.05") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        late = [stack.enter_context(web.connect(QUICK)) for _ in range(2)]
        ready = [stack.enter_context(web.connect(QUICK)) for _ in range(1)]
        ended([*late, *ready], 1)  # so that two are in the line
        time.sleep(0.1)  # the clock is what is tested
        web.let("a")
        web.let("b")
        assert [one_answer(one)[:12] for one in busy] == [b"HTTP/1.1 200"] * 2
        assert [problem(said(one))["code"] for one in [*late, *ready]] == ["OVERLOADED"] * 3
        eventually(lambda: web.get("/quick").status_code == 200)


def test_what_a_request_has_waited_is_part_of_its_time(serve: Serve) -> None:
    """Else one that was asked for by somebody who has given up would be worked for all the same."""
    with serve(web_queue="1", web_queue_seconds="600", request_seconds="60") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        others = [stack.enter_context(web.connect(QUICK)) for _ in range(2)]
        (refused,) = ended(others, 1)  # so that the other one is in the line
        time.sleep(0.3)  # the clock is what is tested
        web.let("a")
        web.let("b")
        assert [one_answer(one)[:12] for one in busy] == [b"HTTP/1.1 200"] * 2
        (waiting,) = [one for one in others if one is not refused]
        assert problem(one_answer(waiting))["left"] <= 59.7  # type: ignore[operator]
        logged = [json.loads(line) for line in web.log.splitlines() if '"/quick"' in line]
        assert [one["milliseconds"] >= 300 for one in logged if one["event"] == "request"] == [True]


def test_a_client_that_still_sends_its_body_gets_the_answer(serve: Serve) -> None:
    with serve(web_queue="0") as web, ExitStack() as stack:
        keep_busy(web, stack)
        head = b"POST /wait/c HTTP/1.1\r\nHost: served\r\nContent-Length: 500000\r\n\r\n"
        with web.connect(head + b"x" * 500_000) as sender:
            assert problem(said(sender))["code"] == "OVERLOADED"


@pytest.mark.parametrize("sent", [b"", b"GET /quick HTTP/1.1\r\nHost: "], ids=["nothing", "half a header"])
def test_who_has_not_asked_takes_no_thread_and_no_place_in_the_line(serve: Serve, sent: bytes) -> None:
    with serve(web_queue="0", read_timeout_seconds="1") as web, ExitStack() as stack:
        slow = [stack.enter_context(web.connect(sent)) for _ in range(20)]
        assert web.get("/quick").status_code == 200
        answers = [said(one) for one in slow]
        if sent:
            assert {problem(one)["code"] for one in answers} == {"REQUEST_TIMEOUT"}
        else:
            assert set(answers) == {b""}


def test_a_header_without_an_end_takes_no_thread(serve: Serve) -> None:
    """A thread would read it until all headers have come that there may be, a byte every few seconds."""
    many = b"GET /quick?q=1 HTTP/1.1\r\nHost: served\r\nX-Request-ID: request-1234\r\n"
    many += b"".join(b"X-%d: %s\r\n" % (number, b"x" * 1000) for number in range(70))
    with serve(web_queue="0") as web, ExitStack() as stack:
        endless = [stack.enter_context(web.connect(one)) for one in [many, many, b"GET /" + b"x" * 70_000]]
        assert web.get("/quick").status_code == 200
        *headers, line = map(said, endless)
        for answer in headers:
            assert answer.startswith(b"HTTP/1.1 431 ")
            assert b"\r\nX-Request-ID: request-1234\r\n" in answer
            assert problem(answer)["instance"] == "/quick"
        assert line.startswith(b"HTTP/1.1 414 ")


def test_a_header_that_trickles_has_a_time_in_all(serve: Serve) -> None:
    """A byte now and then is no silence, and would go on for an hour."""
    with serve(read_timeout_seconds="1") as web, web.connect(b"GET /quick HTTP/1.1\r\nX: ") as slow:
        slow.settimeout(0.3)
        answer = b""
        began = time.monotonic()
        while not answer and time.monotonic() < began + 20:
            try:
                answer = slow.recv(65536)
            except TimeoutError:
                slow.sendall(b"x")
        assert answer.startswith(b"HTTP/1.1 408 ")


def test_the_next_body_of_a_connection_has_a_time_of_its_own(serve: Serve) -> None:
    with serve(read_timeout_seconds="3", body_timeout_seconds="3") as web, web.connect() as connection:
        web.let("c")
        began = time.monotonic()
        while time.monotonic() < began + 3.5:
            connection.sendall(b"POST /wait/c HTTP/1.1\r\nHost: served\r\nContent-Length: 2\r\n\r\n")
            for _ in range(2):
                time.sleep(0.1)  # as who sends slowly
                connection.sendall(b"x")
            assert one_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_one_behind_the_other_are_answered_one_after_the_other(serve: Serve) -> None:
    with serve() as web, web.connect(QUICK + QUICK + QUICK[:20]) as connection:
        answers = connection.makefile("rb")
        for number in range(3):
            if number == 2:
                connection.sendall(QUICK[20:])
            assert answers.readline().startswith(b"HTTP/1.1 200 ")
            head = b"".join(iter(answers.readline, b"\r\n")).lower()
            answers.read(int(head.split(b"content-length: ")[1].split(b"\r\n")[0]))
        answers.close()


def test_whoever_waits_for_threads_that_hang_is_told_when_the_time_is_over(serve: Serve) -> None:
    with serve(web_queue="2", web_queue_seconds="0.05") as web, ExitStack() as stack:
        busy = keep_busy(web, stack)
        for _ in range(2):  # who has left the line leaves the place, too
            with web.connect(QUICK) as one, web.connect(QUICK) as other:
                assert [problem(said(late))["code"] for late in (one, other)] == ["OVERLOADED"] * 2
        web.let("a")
        web.let("b")
        assert [one_answer(one)[:12] for one in busy] == [b"HTTP/1.1 200"] * 2
        eventually(lambda: web.get("/quick").status_code == 200)
        assert web.log.count("Requests are refused") >= 1, "it is reported"


def test_a_worker_all_of_whose_threads_hang_is_replaced(serve: Serve) -> None:
    short = {"read_timeout_seconds": "1", "body_timeout_seconds": "1", "request_seconds": "1"}
    with serve(web_queue="0", **short) as web, ExitStack() as stack:
        worker = web.get("/quick").json()["pid"]
        keep_busy(web, stack)

        def another() -> bool:
            with suppress(httpx.TransportError):
                web.get("/ping")  # which is answered by another thread, and says nothing of these
                answer = web.get("/quick")
                return answer.is_success and answer.json()["pid"] != worker
            return False

        eventually(another, seconds=60)
        assert "no thread has sent anything for" in web.log


def test_a_worker_all_of_whose_threads_send_streams_to_slow_clients_goes_on(serve: Serve) -> None:
    short = {"read_timeout_seconds": "1", "body_timeout_seconds": "1", "request_seconds": "1"}
    with serve(**short) as web:
        worker = web.get("/quick").json()["pid"]
        slow = [slow_reader(web.port, "/stream") for _ in range(2)]
        began = time.monotonic()
        while time.monotonic() < began + 6:  # the clock is what is tested: 4 s are what a request may take
            for number, one in enumerate(slow):
                if not one.recv(
                    4096
                ):  # who has read nothing for a second, where this machine has stood still
                    one.close()
                    slow[number] = slow_reader(web.port, "/stream")
            time.sleep(0.05)
        assert "no thread has sent anything for" not in web.log
        assert "too slow" not in web.log
        for one in slow:
            one.close()
        eventually(lambda: web.get("/quick").is_success)
        assert web.get("/quick").json()["pid"] == worker


def test_a_stream_that_breaks_by_itself_is_not_laid_to_its_client(serve: Serve) -> None:
    with serve() as web:
        with pytest.raises(httpx.RemoteProtocolError):
            web.get("/torn")
        eventually(lambda: "TimeoutError" in web.log)
        assert "too slow" not in web.log
