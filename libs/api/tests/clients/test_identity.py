"""Who a call is made for: tokens, request ids and traces."""

import httpx
import pytest

from libs.api import ApiClient, ClientDocument, RemoteProblem, Sender, add_auth
from libs.api.tests.books import DOCUMENT, VERIFIER, connect
from libs.api.tests.clients.conftest import Script
from libs.errors import request_id_scope, trace_scope
from libs.jwt import (
    Caller,
    Identity,
    OnBehalf,
    SigningKey,
    TokenIssuer,
    acting_as,
    backend_token,
    running_as,
)

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


def get_with(client, token):
    return client.get_book(book_id="b", auth=token)


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


@pytest.fixture
def for_ada():
    """In a task of Ada's: the tokens to act for her are `made-1` and so on; yields for whom and where."""
    asked = []

    def issue(caller, audience):
        asked.append((caller.subject, audience))
        return f"made-{len(asked)}", 60

    with running_as(Identity(VERIFIER.verify, on_behalf=OnBehalf(issue))), acting_as(Caller("ada")):
        yield asked


def sent_after_a_refusal(call, *outcomes):
    """Return the tokens that `call` sends, if it is refused first, and the status of what it raises."""
    script = Script(httpx.Response(401), *outcomes)
    client = connect("http://books.test", transport=script)
    try:
        call(client)
        status = None
    except RemoteProblem as problem:
        status = problem.problem.status
    return [one.headers.get("Authorization") for one in script.requests], status


def add(client, **options):
    return client.set_cover(book_id="b", body=[b"one", b"two"], media_type="image/png", **options)


@pytest.mark.parametrize("call", [get, add])
def test_a_token_to_act_for_a_user_that_is_refused_is_renewed_once(for_ada, call):
    sent, status = sent_after_a_refusal(call, httpx.Response(204))
    assert (sent, status) == (["Bearer made-1", "Bearer made-2"], None)
    assert for_ada == [("ada", "books"), ("ada", "books")]


def test_one_that_is_refused_again_is_the_answer(for_ada):
    assert sent_after_a_refusal(get) == (["Bearer made-1", "Bearer made-2"], 401)


def test_what_is_used_up_is_not_sent_again_and_its_token_is_forgotten(for_ada):
    def call(client):
        client.set_cover(book_id="b", body=iter([b"x"]), media_type="image/png")

    assert sent_after_a_refusal(call, httpx.Response(204)) == (["Bearer made-1"], 401)
    assert len(for_ada) == 1
    assert token_sent(get) == "Bearer made-2"


def test_no_other_token_is_renewed(for_ada):
    def given(client):
        get_with(client, "mine")

    assert sent_after_a_refusal(given, httpx.Response(204)) == (["Bearer mine"], 401)
    with acting_as(Caller("ada", token="adas")):
        assert sent_after_a_refusal(get, httpx.Response(204)) == (["Bearer adas"], 401)
    with acting_as(None):
        assert sent_after_a_refusal(get, httpx.Response(204)) == ([None], 401)
    assert for_ada == []


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
