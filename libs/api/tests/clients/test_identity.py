"""Who a call is made for: tokens, request ids and traces."""

import httpx
import pytest

from libs.api import ApiClient, ClientDocument, Sender, add_auth
from libs.api.tests.books import DOCUMENT, connect
from libs.api.tests.clients.conftest import Script
from libs.errors import request_id_scope, trace_scope
from libs.jwt import Caller, SigningKey, TokenIssuer, acting_as, backend_token

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def headers_sent(call, **options):
    """Return the headers of the request that `call`, called with a client, sends."""
    script = Script(httpx.Response(204))
    call(connect("http://books.test", transport=script, **options))
    (request,) = script.requests
    return request.headers


def token_sent(call, **options):
    return headers_sent(call, **options).get("Authorization")


def get(client):
    return client.get_book(book_id="b")


def test_the_token_of_the_present_caller_is_passed_on():
    with acting_as(Caller("ada", token="adas")):
        assert token_sent(get) == "Bearer adas"
    assert token_sent(get) is None
    with acting_as(Caller("ada")):
        assert token_sent(get) is None


def test_a_token_that_is_given_is_sent_instead():
    with acting_as(Caller("ada", token="adas")):
        assert token_sent(lambda client: client.get_book(book_id="b", auth="mine")) == "Bearer mine"
        assert token_sent(lambda client: client.get_book(book_id="b", auth=None)) is None
    assert token_sent(lambda client: client.get_book(book_id="b", auth="mine")) == "Bearer mine"


def test_a_public_operation_is_sent_no_token():
    with acting_as(Caller("ada", token="adas")):
        assert token_sent(lambda client: client.get_status()) is None
        assert token_sent(lambda client: client.get_status(auth="mine")) is None


def test_an_operation_that_may_know_who_calls_is_told():
    with acting_as(Caller("ada", token="adas")):
        assert token_sent(lambda client: client.recommend()) == "Bearer adas"


def test_within_a_backend_token_the_service_itself_calls():
    issuer = TokenIssuer(SigningKey.generate(), "http://auth.test")
    with acting_as(Caller("ada", token="adas")):
        with backend_token(issuer, "books", audience=["books"]) as token:
            assert token_sent(get) == f"Bearer {token}"
        assert token_sent(get) == "Bearer adas"


def test_a_token_is_never_sent_to_a_service_that_is_not_ours_unless_it_is_given():
    script = Script(httpx.Response(204))
    client = ApiClient(
        ClientDocument("books", DOCUMENT, ours=False), "http://books.test", Sender("books", script)
    )
    with acting_as(Caller("ada", token="adas")):
        get(client)
        client.get_book(book_id="b", auth="theirs")
    assert [one.headers.get("Authorization") for one in script.requests] == [None, "Bearer theirs"]


def test_a_decorator_cannot_lead_a_call_elsewhere():
    for address in ("http://evil.test/", "https://books.test/", "http://books.test:81/"):

        def turn(request, send, address=address):
            request.url = httpx.URL(address)
            return send(request)

        script = Script(httpx.Response(204))
        client = connect("http://books.test", transport=script, decorators={"get_status": (turn,)})
        with pytest.raises(ValueError, match="turned it to another address"):
            client.get_status()
        assert script.requests == []


@pytest.mark.parametrize("auth", ["hunter2\r\nX-Evil: 1", "hunter2日本"])
def test_a_token_that_no_header_can_hold_is_refused_without_being_quoted(peer, reach, auth):
    client = reach(peer(lambda connection: None))
    with pytest.raises(ValueError, match="holds a header that HTTP does not allow") as caught:
        client.get_book(book_id="b", auth=auth)
    assert "hunter2" not in str(caught.value)
    assert client._sender.breaker.state == "closed"


def test_add_auth_sends_the_callers_token_where_the_contract_asks_for_none():
    decorators = {"get_status": (add_auth,), "get_book": (add_auth,)}
    with acting_as(Caller("ada", token="adas")):
        assert token_sent(lambda client: client.get_status(), decorators=decorators) == "Bearer adas"
        assert (
            token_sent(lambda client: client.get_book(book_id="b", auth="m"), decorators=decorators)
            == "Bearer m"
        )
    assert token_sent(lambda client: client.get_status(), decorators=decorators) is None


def test_decorators_are_called_around_each_attempt_the_first_outermost():
    told = []

    def decorator(name):
        def around(request, send):
            told.append(f"{name} sends")
            answer = send(request)
            told.append(f"{name} got {answer.status_code}")
            return answer

        return around

    script = Script(httpx.Response(503), httpx.Response(200, json={}))
    decorators = {"get_status": (decorator("a"), decorator("b"))}
    connect("http://books.test", transport=script, decorators=decorators).get_status()
    once = ["a sends", "b sends", "b got {0}", "a got {0}"]
    assert told == [one.format(status) for status in (503, 200) for one in once]


def test_a_decorator_may_answer_itself():
    decorators = {"get_status": (lambda request, send: httpx.Response(200, json={"cached": True}),)}
    script = Script(httpx.Response(500))
    client = connect("http://books.test", transport=script, decorators=decorators)
    assert client.get_status() == {"cached": True}
    assert script.requests == []


def test_the_request_id_goes_along():
    with request_id_scope("request-1"):
        assert headers_sent(get)["X-Request-ID"] == "request-1"
    assert "X-Request-ID" not in headers_sent(get)


def test_the_trace_goes_along():
    with trace_scope(PARENT, "vendor=1"):
        sent = headers_sent(get)
        assert (sent["traceparent"], sent["tracestate"]) == (PARENT, "vendor=1")
    assert not {"traceparent", "tracestate"} & set(headers_sent(get))


def test_what_is_wanted_as_an_answer_is_said():
    assert headers_sent(get)["Accept"] == "application/json, application/problem+json"
    read = headers_sent(lambda client: client.read_book(book_id="b"))["Accept"].split(", ")
    assert read == [
        *DOCUMENT["paths"]["/books/{book_id}/text"]["get"]["responses"]["200"]["content"],
        read[-1],
    ]
    assert (read[0], read[-1]) == ("text/plain", "application/problem+json")
