"""Calls within a deadline: none outlives it, the called service knows it, and nobody else pays for it."""

import time

import httpx
import pytest

from libs.api import Timeouts
from libs.api.clients import timing
from libs.api.clients.client import ApiClient
from libs.api.clients.documents import ClientDocument
from libs.api.clients.sending import Sender
from libs.api.tests.books import DOCUMENT, connect
from libs.api.tests.clients.conftest import LONG, Script, answer, request_of
from libs.errors import DeadlineExceeded, ServiceUnavailable, deadline_scope
from libs.resilience import CircuitBreaker

FINE = httpx.Response(200, json={})


def hold(connection):
    while connection.recv(65536):
        pass


def budget_told(call, **options):
    """Return the header that tells how many milliseconds an answer is waited for."""
    script = Script(FINE)
    call(connect("http://books.test", transport=script, **options))
    return script.requests[0].headers.get("X-Request-Budget")


def get(client):
    client.get_status()


def test_a_call_ends_with_the_deadline(peer, reach):
    client = reach(peer(hold), timeouts=LONG)
    began = time.monotonic()
    with deadline_scope(0.3), pytest.raises(DeadlineExceeded) as caught:
        client.get_status()
    assert 0.2 < time.monotonic() - began < 20
    assert isinstance(caught.value.__cause__, httpx.ReadTimeout)


def test_an_answer_that_trickles_ends_with_it_too(peer, reach):
    def trickle(connection):
        request_of(connection)
        connection.sendall(answer(length=300)[:-2])
        while True:
            connection.sendall(b" ")
            time.sleep(0.1)

    client = reach(peer(trickle), timeouts=LONG)
    began = time.monotonic()
    with deadline_scope(0.3), pytest.raises(DeadlineExceeded):
        client.get_status()
    assert time.monotonic() - began < 20


def test_after_the_deadline_nothing_is_sent():
    script = Script(FINE)
    with deadline_scope(0), pytest.raises(DeadlineExceeded):
        connect("http://books.test", transport=script).get_status()
    assert script.requests == []


def test_a_longer_deadline_changes_nothing_of_the_calls_own_time(peer, reach):
    client = reach(peer(hold), timeouts=Timeouts(connect=0.5, read=0.2, total=0.3))
    with deadline_scope(60), pytest.raises(ServiceUnavailable) as caught:
        client.get_status()
    assert caught.value.code == "SERVICE_UNAVAILABLE"


@pytest.mark.usefixtures("clock")
def test_no_retry_is_begun_that_cannot_end_in_time():
    busy = httpx.Response(503, headers={"Retry-After": "2"})
    script, pauses = Script(busy, FINE), []
    client = connect("http://books.test", transport=script, pause=pauses.append)
    with deadline_scope(1.5), pytest.raises(ServiceUnavailable):
        client.get_status()
    assert (len(script.requests), pauses) == (1, [])


@pytest.mark.parametrize(
    ("timeouts", "most"),
    [(Timeouts(read=3, total=5), "2950"), (Timeouts(read=9, total=2), "1950")],
    ids=["an answer has to begin within the read timeout", "and be there within the call's"],
)
def test_the_service_is_told_how_long_it_is_waited_for(timeouts, most, clock):
    assert budget_told(get, timeouts=timeouts) == most


def test_and_that_the_request_has_less(clock):
    with deadline_scope(1):
        assert budget_told(get) == "950"


def test_the_time_of_one_call_is_told_as_well(clock):
    assert budget_told(lambda client: client.get_status(timeout=0.4)) == "350"


def test_a_call_that_is_hardly_waited_for_says_so_too(clock):
    assert budget_told(lambda client: client.get_status(timeout=0.04)) == "1"


def test_each_try_tells_what_is_left_then(clock):
    script = Script(httpx.Response(503), FINE)
    client = connect("http://books.test", transport=script, pause=lambda _: clock(0.5))
    client.get_status(timeout=2)
    assert [one.headers["X-Request-Budget"] for one in script.requests] == ["1950", "1450"]


def test_services_of_others_are_not_told():
    script = Script(FINE)
    source = ClientDocument("books", DOCUMENT, ours=False)
    ApiClient(source, "http://books.test", Sender("books", script)).get_status()
    assert "X-Request-Budget" not in script.requests[0].headers


def impatient_calls(peer_url, breaker, reach, seconds, number):
    client = reach(peer_url, timeouts=LONG, breaker=breaker)
    for _ in range(number):
        with deadline_scope(seconds), pytest.raises(ServiceUnavailable):
            client.get_status()


def test_clients_in_a_hurry_do_not_open_the_circuit_for_all(peer, reach, monkeypatch):
    monkeypatch.setattr(timing, "_TELLING_SECONDS", 60)
    breaker = CircuitBreaker(least=2)
    impatient_calls(peer(hold), breaker, reach, 0.08, 4)
    assert breaker.state == "closed"


def test_a_503_to_a_budget_that_ran_out_does_not_either(clock):
    def in_vain(request):
        clock(int(request.headers["X-Request-Budget"]) / 1000)
        return httpx.Response(503, json={"code": "DEADLINE_EXCEEDED"})

    breaker = CircuitBreaker(least=2)
    client = connect("http://books.test", transport=Script(in_vain), breaker=breaker)
    for _ in range(4):
        with deadline_scope(0.1), pytest.raises(ServiceUnavailable):
            client.get_status()
    assert breaker.state == "closed"


def test_a_service_that_refuses_at_once_fails_in_a_hurry_too():
    breaker = CircuitBreaker(least=2)
    script = Script(httpx.Response(503))
    client = connect("http://books.test", transport=script, timeouts=LONG, breaker=breaker)
    for _ in range(2):
        with deadline_scope(50), pytest.raises(ServiceUnavailable):
            client.get_status()
    assert breaker.state == "open"


def test_long_silence_is_a_failure_however_short_the_deadline(peer, reach, monkeypatch):
    assert timing._TELLING_SECONDS == 1.0, "docs/protection.md"
    monkeypatch.setattr(timing, "_TELLING_SECONDS", 0.1)
    breaker = CircuitBreaker(least=2)
    impatient_calls(peer(hold), breaker, reach, 0.2, 2)
    assert breaker.state == "open"
