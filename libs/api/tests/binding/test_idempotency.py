"""`x-idempotency-key`: what is sent again under a key is done once, and is answered as it was."""

import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from libs.api import IdempotencyRecord, Result, Schema, before_validation, forget_requests, key_in_use
from libs.api.idempotency.attempt import Attempt
from libs.api.idempotency.header import key_parameter, read_key
from libs.api.tests.binding.spoiled import faults, spoiled
from libs.api.tests.books import ISSUES
from libs.dynamodb import Database, as_problem
from libs.errors import (
    Conflict,
    DeadlineExceeded,
    Fault,
    Forbidden,
    NotFound,
    ServiceUnavailable,
    TooManyRequests,
    deadline_scope,
)
from libs.resilience import RetryBudget

CONTRACT = """\
openapi: 3.1.0
info: {title: Shop, version: '1'}
security: [{bearer: []}]
components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}
paths:
  /shops/{shop}/orders:
    post:
      operationId: order
      x-bind-server: here.order
      x-idempotency-key: optional
      parameters:
        - {name: shop, in: path, required: true, schema: {type: string}}
        - {name: note, in: query, schema: {type: string}}
        - {name: If-Match, in: header, schema: {type: string}}
        - {name: tenant, in: cookie, schema: {type: string}}
      requestBody:
        required: true
        content: {application/json: {schema: {type: object, required: [item]}}, text/plain: {}}
      responses:
        '201': {description: Made., content: {application/json: {}, text/plain: {}, image/png: {}}}
        '204': {description: Made.}
  /notes:
    x-idempotency-key: required
    post:
      operationId: note
      x-bind-server: here.order
      responses: {'201': {description: Made., content: {application/json: {}}}}
  /doubled:
    post:
      operationId: doubled
      x-bind-server: here.order
      x-decorate-server: here.doubles
      x-idempotency-key: optional
      responses: {'201': {description: Made., content: {application/json: {}}}}
"""
LONG = os.urandom(400_000)


class Shop:
    """What is asked for by orders; an answer is a value, or an exception to be raised, or calls itself."""

    def __init__(self):
        self.orders = []
        self.answer = None

    def order(self, shop="", note=None, if_match=None, tenant=None, body=None):
        self.orders.append((shop, note, body))
        answer = self.answer() if callable(self.answer) else self.answer
        if isinstance(answer, BaseException):
            raise answer
        return {"number": len(self.orders)} if answer is None else answer


@before_validation
def doubles(answer):
    """Look at what a handler returns, and make another thing of it."""

    def doubled(request):
        try:
            return Result({"number": 2 * answer(request)["number"]}, headers={"X-Doubled": "1"})
        except Exception as error:  # noqa: BLE001 - so it is
            raise Conflict(f"{error} twice") from None

    return doubled


@pytest.fixture(scope="module")
def tables():
    database = Database(
        [IdempotencyRecord],
        region="eu-west-1",
        endpoint=os.environ["TEST_DYNAMODB_ENDPOINT"],
        table_prefix=f"test-{uuid.uuid4().hex}-",
    )
    database.create_tables()
    yield database, IdempotencyRecord.Meta.table_name, IdempotencyRecord._connection
    database.delete_tables()


@pytest.fixture
def database(tables):
    """The table of records, without any, whatever another module has bound its model to."""
    made, IdempotencyRecord.Meta.table_name, IdempotencyRecord._connection = tables
    for one in IdempotencyRecord.scan():
        one.delete()
    return made


@pytest.fixture
def shop():
    return Shop()


@pytest.fixture
def send(serve, shop, database):
    """Send an order under a key of this test alone."""
    served = serve(CONTRACT, order=shop.order, doubles=doubles)
    own = uuid.uuid4().hex

    def send(key="k", body=None, path="/shops/a/orders", *, by="ada", headers=None, **more):
        token = ISSUES.issue(by, audience=["books"], **more)
        sent = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": own + key} if key else {})}
        content = (
            {"json": {"item": 1} if body is None else body} if not isinstance(body, bytes) else {"data": body}
        )
        return served.call("POST", path, headers={**sent, **(headers or {})}, **content)

    send.served = served
    return send


def code(answer):
    return answer.status_code, answer.json["code"]


def change_records(**attributes):
    """Change what is stored of all requests, as time would."""
    for one in IdempotencyRecord.scan():
        one.update(actions=[getattr(IdempotencyRecord, name).set(to) for name, to in attributes.items()])


@pytest.fixture
def dying(monkeypatch):
    """Have what is called in a with-block be as if its process was killed before it kept its answer."""

    @contextmanager
    def dying():
        with monkeypatch.context() as patch:
            patch.setattr(Attempt, "_end", lambda self, *kept: None)
            yield

    return dying


def test_it_is_done_once_and_answered_as_it_was(send, shop):
    shop.answer = Result({"a": [1.50, "ü", 10**15]}, 201, {"Location": "/orders/1", "ETag": '"1"'})
    first, again = send(), send()
    assert (again.status_code, again.data) == (first.status_code, first.data) == (201, first.data)
    assert again.headers.pop("Idempotency-Replayed") == "true"
    assert sorted(again.headers) == sorted(first.headers)
    assert "Idempotency-Replayed" not in first.headers
    assert len(shop.orders) == 1
    assert "Idempotency-Replayed" not in send("other").headers
    assert [send(None).status_code for _ in range(2)] == [201, 201]
    assert len(shop.orders) == 4


@pytest.mark.parametrize(
    "answer",
    [
        Result(None, 204),
        Result("text, ü", media_type="text/plain"),
        Result(b"\x89PNG", media_type="image/png"),
    ],
)
def test_any_kind_of_answer_is_kept(send, shop, answer):
    shop.answer = answer
    first, again = send(), send()
    assert (again.status_code, again.data, again.content_type) == (
        first.status_code,
        first.data,
        first.content_type,
    )
    assert len(shop.orders) == 1


def test_a_key_in_quotes_is_the_same_key(send, shop):
    key = uuid.uuid4().hex
    assert send(headers={"Idempotency-Key": f'"{key}"'}).status_code == 201
    assert send(headers={"Idempotency-Key": key}).headers["Idempotency-Replayed"] == "true"


def test_another_request_under_the_same_key_is_refused(send, shop):
    send()
    told = (422, "IDEMPOTENCY_KEY_REUSED")
    assert code(send(body={"item": 2})) == told
    assert code(send(path="/shops/b/orders")) == told
    assert code(send(path="/shops/a/orders?note=x")) == told
    assert code(send(body=b'{"item":1}', headers={"Content-Type": "text/plain"})) == told
    for name, value in (("If-Match", '"1"'), ("Cookie", "tenant=a")):
        assert code(send(headers={name: value})) == told
        assert send(name, headers={name: value}).status_code == 201
        assert code(send(name, headers={name: value.replace("1", "2").replace("=a", "=b")})) == told
    assert len(shop.orders) == 3
    # What is not declared is none of it.
    undeclared = send(headers={"X-Request-ID": "another", "Cookie": "theme=dark"})
    assert undeclared.headers["Idempotency-Replayed"] == "true"


def test_what_goes_around_validation_had_its_part_in_the_answer_of_before(send, shop):
    first, again = send(path="/doubled"), send(path="/doubled")
    assert first.json == again.json == {"number": 2}
    assert again.headers.pop("Idempotency-Replayed") == "true"
    assert list(again.headers) == list(first.headers)
    shop.answer = NotFound("No shop")
    assert [send("no", path="/doubled").json["detail"] for _ in range(2)] == ["No shop twice"] * 2
    assert len(shop.orders) == 2


@pytest.mark.parametrize("answer", [None, NotFound(), Result({}, cookies=["token=secret"])])
def test_who_may_do_less_by_now_does_not_get_the_answer(send, shop, answer):
    shop.answer = answer
    first = send(roles=["admin", "staff"], scopes=["a", "b"])
    less = [{}, {"roles": ["staff"], "scopes": ["a", "b"]}, {"roles": ["admin", "staff"], "scopes": ["b"]}]
    for one in less:
        refused = send(**one)
        assert (code(refused), "Location" in refused.headers) == ((403, "FORBIDDEN"), False)
    more = send(roles=["admin", "more", "staff"], scopes=["a", "b", "c"])
    assert more.headers["Idempotency-Replayed"] == "true"
    assert answer or more.data == first.data
    assert len(shop.orders) == 1


def test_nobody_meets_the_key_of_another(send, shop):
    send()
    assert send(by="eve", body={"item": 2}).status_code == 201
    assert send(client_id="app", body={"item": 3}).status_code == 201
    assert send(actor="service:bot", body={"item": 4}).status_code == 201
    assert send(path="/notes", body={"item": 5}).status_code == 201
    assert len(shop.orders) == 5


def test_while_it_is_being_done_the_same_is_refused(send, shop):
    told = []

    def again():
        told.append(send())
        told.append(send(body={"item": 2}))

    shop.answer = again
    send()
    assert [code(one) for one in told] == [(409, "IDEMPOTENCY_KEY_IN_USE"), (422, "IDEMPOTENCY_KEY_REUSED")]
    assert told[0].headers["Retry-After"] == "1"
    assert len(shop.orders) == 1
    assert send().status_code == 201


def test_of_many_at_once_one_is_done(send, shop):
    barrier = threading.Barrier(6)

    def one(_):
        barrier.wait()
        return send()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(6)))
    assert len(shop.orders) == 1
    fine = [one for one in answers if one.status_code == 201]
    assert {one.data for one in fine} == {fine[0].data}
    assert {code(one) for one in answers if one not in fine} <= {(409, "IDEMPOTENCY_KEY_IN_USE")}


@pytest.mark.parametrize(
    "refusal",
    [
        Conflict("Taken.", code="TAKEN", errors=[Fault("is taken", pointer="/item")], extra={"by": "eve"}),
        NotFound("No such shop.", headers={"X-Why": "closed"}, user_message="Zu."),
    ],
)
def test_a_refusal_that_stays_one_is_kept(send, shop, refusal):
    shop.answer = refusal
    first = send()
    shop.answer = None
    again = send()
    assert again.headers.pop("Idempotency-Replayed") == "true"
    assert (again.status_code, again.json, dict(again.headers)) == (
        first.status_code,
        first.json,
        dict(first.headers),
    )
    assert len(shop.orders) == 1


@pytest.mark.parametrize(
    "refusal",
    [
        ServiceUnavailable(),
        TooManyRequests(),
        Forbidden(),
        DeadlineExceeded(),
        Conflict("Closed until noon.", headers={"Retry-After": "60"}),
    ],
)
def test_one_that_may_be_over_soon_leaves_the_key_free(send, shop, refusal):
    shop.answer = refusal
    assert send().status_code == refusal.status
    shop.answer = None
    assert send(body={"item": 2}).status_code == 201
    assert len(shop.orders) == 2


def test_so_does_a_fault_of_ours(send, shop):
    shop.answer = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        send()
    for again in (Result({}, 500), Result({}, 409, {"retry-after": "1"})):
        shop.answer = again
        assert send().status_code == again.status
    shop.answer = Result({}, 201, {"Retry-After": "1"})  # it was done, and there is more to come
    assert send().status_code == send().status_code == 201
    assert len(shop.orders) == 4


def test_what_is_not_understood_takes_no_key(send, shop):
    assert code(send(body={})) == (422, "INVALID_BODY")
    assert code(send(path="/shops/a/orders?colour=red")) == (400, "INVALID_PARAMETERS")
    assert send().status_code == 201


def test_a_killed_one_is_done_again_when_its_time_is_over(send, shop, dying):
    with dying():
        send()
    assert code(send()) == (409, "IDEMPOTENCY_KEY_IN_USE")
    change_records(lease_until=0)
    assert code(send(body={"item": 2})) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert send().json == {"number": 2}
    assert send().json == {"number": 2}


def test_one_that_has_lost_its_key_lets_go_of_nothing(send, shop, caplog):
    def slow():
        if len(shop.orders) == 1:
            change_records(lease_until=0)
            assert send().json == {"number": 2}
            raise key_in_use()  # as a resource does

    shop.answer = slow
    assert code(send()) == (409, "IDEMPOTENCY_KEY_IN_USE")
    assert send().json == {"number": 2}
    assert "not kept" not in caplog.text


def test_one_that_took_too_long_does_not_overwrite_the_answer_of_the_next(send, shop):
    inner = []

    def slow():
        if not inner:
            inner.append(None)
            change_records(lease_until=0)
            inner[0] = send()
            return {"number": "late"}
        return None

    shop.answer = slow
    assert send().json == {"number": "late"}
    assert send().data == inner[0].data == b'{"number":2}'


def test_a_day_later_the_key_is_free(send, shop):
    send()
    record = next(iter(IdempotencyRecord.scan()))
    assert abs((record.expires_at.timestamp() - record.lease_until) - 24 * 3600) < 600
    for one in IdempotencyRecord.scan():
        one.update(actions=[IdempotencyRecord.expires_at.set(one.expires_at.replace(year=2020))])
    assert send(body={"item": 2}).status_code == 201
    assert len(shop.orders) == 2


def test_a_lease_is_as_long_as_the_request_may_take(send, shop):
    shop.answer = lambda: shop.orders.append(next(iter(IdempotencyRecord.scan())))
    with deadline_scope(1000):
        send()
    record = shop.orders[-1]
    assert 24 * 3600 - 1100 < record.expires_at.timestamp() - record.lease_until < 24 * 3600 - 900


def test_without_the_record_nothing_is_done(send, shop, database, monkeypatch):
    def away(operation, arguments):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "m"}}, operation)

    with monkeypatch.context() as patch:
        patch.setattr(database.connection, "dispatch", away)
        with pytest.raises(ClientError) as caught:
            send()
        assert isinstance(as_problem(caught.value), ServiceUnavailable)
        assert shop.orders == []
        assert send(None).status_code == 201  # it asks for nothing
        shop.answer = lambda: patch.setattr(database.connection, "dispatch", away)
        patch.undo()
        assert send("late").status_code == 201  # it was done: its answer is due
    shop.answer = None
    assert code(send("late")) == (409, "IDEMPOTENCY_KEY_IN_USE")
    change_records(lease_until=0)
    assert send("late").json == {"number": 3}  # there is nothing that could tell that it was done


def test_an_answer_that_does_not_fit_beside_its_marks_is_known_to_be_given(send, shop):
    def order():
        change_records(made=["x" * 120_000])
        return Result(LONG[:290_000], media_type="image/png", headers={"Location": "/orders/1"})

    shop.answer = order
    assert send().status_code == 201
    change_records(lease_until=0)
    again = send()
    assert code(again) == (409, "IDEMPOTENCY_ANSWER_NOT_KEPT")
    assert (again.headers["Location"], len(shop.orders)) == ("/orders/1", 1)


def test_a_key_that_was_taken_and_whose_answer_was_lost_is_ones_own(send, shop, database):
    client, sent = database.connection.client, []
    database.connection.calls.budget = RetryBudget(share=1.0)

    def lose(request, **_):
        sent.append(request)
        if len(sent) == 1:
            client._endpoint.http_session.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)

    client.meta.events.register("before-send.dynamodb.PutItem", lose)
    try:
        assert send().status_code == 201
    finally:
        client.meta.events.unregister("before-send.dynamodb.PutItem", lose)
    assert (len(sent), len(shop.orders)) == (2, 1)


@pytest.mark.parametrize(
    "answer",
    [
        Result(LONG, media_type="image/png", headers={"Location": "/orders/1"}),
        Result(iter([b"a", b"b"]), media_type="image/png", headers={"Location": "/orders/1"}),
        Result({}, headers={"Location": "/orders/1", "Cache-Control": "no-store"}),
        Result({}, headers={"Location": "/orders/1"}, cookies=["token=secret"]),
        Result({}, headers={"Location": "/orders/1", "X-Long": "ü" * 40_000}),
    ],
)
def test_of_an_answer_that_is_not_kept_is_known_that_it_was_given(send, shop, answer):
    shop.answer = answer
    assert send().status_code == 201
    again = send()
    assert code(again) == (409, "IDEMPOTENCY_ANSWER_NOT_KEPT")
    assert (again.headers["Location"], again.headers["Idempotency-Replayed"]) == ("/orders/1", "true")
    assert len(shop.orders) == 1


def test_records_tell_no_key_and_go_when_their_caller_does(send):
    for by in ("gone", "stays"):
        send(by=by)
        send("more", by=by)
    (record, _) = IdempotencyRecord.query("gone")
    assert len(record.request) == len(record.fingerprint) == 64
    assert not forget_requests("gone", until=0)
    assert forget_requests("gone")
    assert (IdempotencyRecord.count("gone"), IdempotencyRecord.count("stays")) == (0, 2)


def test_a_header_that_is_no_key_is_told_with_all_that_is_wrong(send):
    def places(answer):
        assert answer.status_code == 400
        return [one.get("parameter", one.get("pointer")) for one in answer.json["errors"]]

    for text in ("", "a b", "a,b", '"a', 'a"b', '""', "x" * 256, "ü"):
        assert places(send(headers={"Idempotency-Key": text})) == ["Idempotency-Key"]
    wrong = send(path="/shops/a/orders?colour=red", body={}, headers={"Idempotency-Key": "a b"})
    assert places(wrong) == ["colour", "Idempotency-Key", "/item"]
    assert places(send(None, path="/notes")) == ["Idempotency-Key"]


visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=30)
DECLARED = Schema(key_parameter(required=False)["schema"], {}, "request")


@settings(max_examples=50)
@given(visible | st.text(max_size=30) | visible.map(lambda text: f'"{text}"'))
def test_a_key_is_what_its_schema_says(text):
    assert (read_key(text) is not None) == (not DECLARED.faults(text.strip(" \t")))


@settings(max_examples=50)
@given(visible)
def test_every_visible_text_is_a_key_in_quotes(text):
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert read_key(quoted) == text
    if not {'"', ","} & set(text):
        assert read_key(text) == read_key(f" {text}\t") == text


def test_the_document_tells_of_it(send):
    document = send.served.document
    validate(document)
    order = document["paths"]["/shops/{shop}/orders"]["post"]
    assert [(one["name"], one["required"]) for one in order["parameters"][4:]] == [("Idempotency-Key", False)]
    assert {"400", "409", "422", "503"} <= order["responses"].keys()
    assert "Idempotency-Replayed" in order["responses"]["201"]["headers"]
    assert document["paths"]["/notes"]["post"]["parameters"][0]["required"]
    assert "x-idempotency-key" not in str(document)


KEYED = "x-idempotency-key: optional\n    "
POST = spoiled("  get:", "  post:")


def test_where_a_key_is_of_no_use_it_is_refused(write):
    bearer = "security: [{bearer: []}]\n"

    def told(paths, top=bearer):
        (one,) = faults(write, paths, top=top)
        return one.partition("x-idempotency-key")[2]

    keyed = POST.replace("responses:", f"{KEYED}responses:")
    assert "needs a caller" in told(keyed, top="security: []\n")
    assert "needs a caller" in told(keyed, top="security: [{}, {bearer: []}]\n")
    assert "may be sent again as it is" in told(spoiled("responses:", f"{KEYED}responses:"))
    assert "says nothing" in told(keyed.replace("optional", "true"))
    assert "is for its POST" in told(spoiled("  get:", "  x-idempotency-key: optional\n  get:"))
    taken = keyed.replace("nothing", "anything")
    header = "parameters: [{name: idempotency-key, in: header, schema: {type: string}}]\n    "
    assert "leave it out" in told(taken.replace("responses:", f"{header}responses:"))
    for media_type in ("multipart/form-data", "image/png"):
        body = f"requestBody: {{content: {{{media_type}: {{}}}}}}\n    "
        assert f"not {media_type}" in told(taken.replace("responses:", f"{body}responses:"))
    assert "did you mean" in faults(write, keyed.replace("-key", "-keys"), top=bearer)[0]
