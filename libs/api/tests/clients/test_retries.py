"""When a call is tried again, and when it is not."""

import copy
import uuid
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import RemoteConflict, RemoteServerError, RemoteTooManyRequests, Timeouts, key_in_use
from libs.api.clients.retries import retry_after
from libs.api.tests import books
from libs.api.tests.books import connect
from libs.api.tests.clients.conftest import Script
from libs.errors import ServiceUnavailable
from libs.resilience import CircuitBreaker

NEW = {"title": "Emma", "password": "correct horse"}
FINE = httpx.Response(200, json={})
CALLS = {
    "get_status": ({}, True),
    "set_labels": ({"body": ["a"]}, True),
    "remove_book": ({"book_id": "b", "if_match": "1"}, True),
    "add_book": ({"body": NEW}, True),  # under a key of the client's
}


def attempts(operation, *outcomes, **options):
    """Return how often a call was made that is treated so, and the pauses between."""
    script, pauses = Script(*outcomes), []
    client = connect("http://books.test", transport=script, pause=pauses.append, **options)
    with suppress(ServiceUnavailable, RemoteConflict, RemoteServerError, RemoteTooManyRequests):
        client[operation](**CALLS[operation][0])
    assert len(pauses) == len(script.requests) - 1
    return len(script.requests), pauses


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_says_it_is_busy_is_asked_again_if_that_is_safe(operation, status):
    made, pauses = attempts(operation, httpx.Response(status))
    assert made == (3 if CALLS[operation][1] else 1)
    assert all(0 <= one <= 0.2 for one in pauses)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize(
    "error", [httpx.ReadError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.WriteError]
)
def test_what_breaks_off_is_asked_again_if_that_is_safe(operation, error):
    assert attempts(operation, error("broken"))[0] == (3 if CALLS[operation][1] else 1)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout])
def test_where_nothing_was_sent_it_is_always_safe(operation, error):
    assert attempts(operation, error("refused"))[0] == 3


@pytest.mark.parametrize("status", [400, 404, 409, 500, 501])
def test_other_refusals_are_final(status):
    with pytest.raises(Exception, match=f"answered {status}"):
        connect("http://x", transport=Script(httpx.Response(status))).get_status()


def test_a_pool_without_a_free_connection_is_not_waited_for_again():
    assert attempts("get_status", httpx.PoolTimeout("full"))[0] == 1


def test_the_first_good_answer_ends_it():
    assert attempts("get_status", httpx.ReadError("broken"), httpx.Response(503), FINE)[0] == 3
    assert attempts("get_status", httpx.Response(503), FINE)[0] == 2


def test_retry_after_is_waited_for_where_the_time_allows():
    busy = httpx.Response(503, headers={"Retry-After": "2"})
    made, (pause,) = attempts("get_status", busy, FINE)
    assert (made, pause) == (2, 2.0)
    assert attempts("get_status", busy, FINE, timeouts=Timeouts(total=1.9)) == (1, [])


def test_a_503_that_is_not_tried_again_passes_on_how_long_to_wait():
    for header, told in (("30", "30"), ("100000", "60"), ("0", "1"), ("soon", "1")):
        client = connect("http://x", transport=Script(httpx.Response(503, headers={"Retry-After": header})))
        with pytest.raises(ServiceUnavailable) as caught:
            client.get_status()
        assert caught.value.headers["Retry-After"] == told


def test_no_retry_begins_when_the_time_is_up(clock):
    def slow(request):
        clock(0.05)
        raise httpx.ReadTimeout("slow")

    assert attempts("get_status", slow, timeouts=Timeouts(total=0.05))[0] == 1


IN_USE = httpx.Response(409, headers={"Retry-After": "0"}, json={"code": key_in_use().code})
BUSY = [httpx.Response(503), httpx.ReadTimeout("slow"), IN_USE]


@pytest.fixture
def without_key(monkeypatch):
    """Have the contract know of no Idempotency-Key."""
    document = copy.deepcopy(books.DOCUMENT)
    del document["paths"]["/books"]["post"]["parameters"]
    monkeypatch.setattr(books, "DOCUMENT", document)


@pytest.mark.parametrize("outcome", BUSY)
def test_a_post_without_a_key_is_not_tried_again(outcome, without_key):
    def keyed(request, send):
        request.headers["Idempotency-Key"] = "1"
        return send(request)

    # Only the contract's own parameter counts, for only then the service heeds it.
    for decorators in ({}, {"add_book": (keyed,)}):
        script = Script(outcome, FINE)
        client = connect("http://x", transport=script, decorators=decorators)
        with pytest.raises((ServiceUnavailable, RemoteConflict)):
            client.add_book(body=NEW)
        assert len(script.requests) == 1
    assert attempts("add_book", httpx.ConnectError("refused"))[0] == 3


@pytest.mark.parametrize("outcome", BUSY)
def test_a_post_with_an_idempotency_key_is_tried_again(outcome):
    added = httpx.Response(201, json={"book_id": "b", "title": "Emma"})
    script = Script(outcome, added, outcome, added, outcome, added)
    client = connect("http://x", transport=script)
    assert client.add_book(idempotency_key="k1", body=NEW).book_id == "b"
    for _ in range(2):
        assert client.add_book(body=NEW).book_id == "b"
    keys = [one.headers["Idempotency-Key"] for one in script.requests]
    assert keys[:2] == ["k1", "k1"]
    assert keys[2::2] == keys[3::2], "an attempt has a key of its own"
    assert len({str(uuid.UUID(one)) for one in keys[2:]}) == 2, "a call has no key of its own"


def test_a_conflict_that_is_one_is_told():
    assert attempts("add_book", httpx.Response(409))[0] == 1
    closed = httpx.Response(409, headers={"Retry-After": "0"}, json={"code": "CLOSED"})
    assert attempts("add_book", closed)[0] == 1


def test_where_a_key_may_be_no_uuid_none_is_made(monkeypatch):
    document = copy.deepcopy(books.DOCUMENT)
    document["paths"]["/books"]["post"]["parameters"][0]["schema"] = {"type": "string", "maxLength": 16}
    monkeypatch.setattr(books, "DOCUMENT", document)
    script = Script(httpx.Response(503), FINE)
    with pytest.raises(ServiceUnavailable):
        connect("http://x", transport=script).add_book(body=NEW)
    assert "Idempotency-Key" not in script.requests[0].headers


def test_a_body_that_is_used_up_is_not_sent_again_and_one_that_is_not_is():
    script = Script(httpx.Response(503), httpx.Response(204))
    with pytest.raises(ServiceUnavailable):
        connect("http://x", transport=script).set_cover(book_id="b", body=iter([b"one", b"two"]))
    assert connect("http://x", transport=script).set_cover(book_id="b", body=[b"one", b"two"]) is None
    again = Script(httpx.Response(503), httpx.Response(204))
    connect("http://x", transport=again).set_cover(book_id="b", body=[b"one", b"two"])
    assert [one.content for one in again.requests] == [b"onetwo", b"onetwo"]


def test_retries_are_at_most_a_tenth_of_the_calls():
    never_opens = CircuitBreaker(least=10**9)
    script = Script(httpx.Response(503))
    client = connect("http://x", transport=script, breaker=never_opens)
    for _ in range(100):
        with pytest.raises(ServiceUnavailable):
            client.get_status()
    assert 110 <= len(script.requests) <= 111


def test_a_few_retries_are_always_there():
    script = Script(httpx.Response(503), httpx.Response(503), FINE)
    connect("http://x", transport=script).get_status()
    assert len(script.requests) == 3


def test_while_the_circuit_is_open_nothing_is_sent():
    now = [0.0]
    script = Script(httpx.Response(500))
    client = connect("http://x", transport=script, breaker=CircuitBreaker(clock=lambda: now[0]))
    for _ in range(10):
        with pytest.raises(RemoteServerError):
            client.get_status()
    assert client._sender.breaker.state == "open"
    with pytest.raises(ServiceUnavailable) as caught:
        client.get_status()
    assert caught.value.headers["Retry-After"] == "5"
    assert caught.value.detail == "The books service is not available. Try again."
    assert len(script.requests) == 10
    now[0] += 5
    with pytest.raises(RemoteServerError):
        client.get_status()
    assert len(script.requests) == 11


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429])
def test_a_refusal_of_ours_is_no_failure_of_theirs(status):
    client = connect("http://x", transport=Script(httpx.Response(status)))
    for _ in range(30):
        with pytest.raises(Exception, match=f"answered {status}"):
            client.get_status()
    assert client._sender.breaker.state == "closed"


def test_a_full_pool_is_no_failure_of_theirs():
    client = connect("http://x", transport=Script(httpx.PoolTimeout("full")))
    for _ in range(30):
        with pytest.raises(ServiceUnavailable):
            client.get_status()
    assert client._sender.breaker.state == "closed"


NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30),
        ("Fri, 02 Jan 2026 03:04:00 GMT", 0),
        ("Friday, 02-Jan-26 03:04:35 GMT", 30),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("9" * 50, None),
    ],
)
def test_what_retry_after_says(header, seconds):
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_is_an_error(text):
    found = retry_after(text)
    assert found is None or found >= 0
