"""`x-rate-limit` over HTTP: who is counted and how, what answers tell, and that it stays so without Redis."""

import os
import re
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.api import Models
from libs.service import Running, Service, SettingsError
from libs.service import service as service_module
from libs.service.limits import counters
from libs.service.testing import bearer, environment, running_service

OK = "{'200': {description: It, content: {application/json: {schema: {type: object}}}}}"
CONTRACT = """
openapi: 3.1.0
info: {title: Limited, version: '1'}
servers: [{url: /v1}]
security: [{}, {bearer: []}]
paths:
  /things:
    get: {operationId: a, x-bind-server: HERE.tell, x-rate-limit: 3/minute, responses: OK}
    put: {operationId: b, x-bind-server: HERE.tell, x-rate-limit: 3/minute, responses: OK}
  /things/{key}:
    parameters: [{name: key, in: path, required: true, schema: {type: string}}]
    delete: {operationId: c, x-bind-server: HERE.refuse_one, x-rate-limit: 3/minute, responses: OK}
  /private:
    get:
      operationId: d
      x-bind-server: HERE.tell
      x-rate-limit: 3/minute
      security: [{bearer: []}]
      responses: OK
    put:
      operationId: e
      x-bind-server: HERE.tell
      x-rate-limit: 3/minute
      security: [{bearer: ['things:write']}]
      responses: OK
  /two: {get: {operationId: f, x-bind-server: HERE.tell, x-rate-limit: [2/minute, 3/hour], responses: OK}}
  /refuse: {get: {operationId: g, x-bind-server: HERE.refuse, x-rate-limit: 3/day, responses: OK}}
  /fail: {get: {operationId: h, x-bind-server: HERE.fail, x-rate-limit: 3/day, responses: OK}}
  /throttle: {get: {operationId: i, x-bind-server: HERE.throttle, x-rate-limit: 3/day, responses: OK}}
  /body:
    post:
      operationId: j
      x-bind-server: HERE.take
      x-rate-limit: 3/minute
      requestBody: {required: true, content: {application/json: {schema: {type: object}}}}
      responses: OK
  /free: {get: {operationId: k, x-bind-server: HERE.tell, responses: OK}}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
""".replace("OK", OK).replace("HERE", "libs.service.tests.limiting")
SERVICE = Service("limited")
APP = "https://app.example.com"
STRING, NUMBER = r'"[a-z-]+"', r"(?:0|[1-9][0-9]{0,14})"
LIMIT = re.compile(rf"{STRING};r={NUMBER}(?:;t={NUMBER})?(?:, {STRING};r={NUMBER}(?:;t={NUMBER})?)*\Z")
POLICY = re.compile(rf"{STRING};q={NUMBER};w={NUMBER}(?:, {STRING};q={NUMBER};w={NUMBER})*\Z")
"""The two headers as lists of RFC 9651, sections 3.1 and 4.1."""


@pytest.fixture(autouse=True)
def _contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "limited.yaml").write_text(CONTRACT)


Make = Callable[..., FlaskClient]


@pytest.fixture
def make() -> Iterator[Make]:
    """Start the service; each time as another process of the same one, if no settings say otherwise."""
    with ExitStack() as stack:
        environ = environment("limited")

        def make(**settings: str) -> FlaskClient:
            more = {f"APP_{name.upper()}": value for name, value in settings.items()}
            running = stack.enter_context(running_service(SERVICE, {**environ, **more}))
            return running.web_app().test_client()

        yield make


@pytest.fixture
def client(make: Make) -> FlaskClient:
    return make()


def ada(*scopes: str) -> dict[str, str]:
    return bearer("ada", audience="limited", scopes=scopes)


GRACE = bearer("grace", audience="limited")


def left(answer: TestResponse) -> int:
    """Return how many requests the only limit of an answer leaves."""
    found = re.match(rf"{STRING};r=({NUMBER})", answer.headers["RateLimit"])
    assert found
    return int(found[1])


def refused(answer: TestResponse) -> bool:
    """Tell whether a limit of the contract has refused a request; check that the answer tells it rightly."""
    if answer.status_code != 429:
        return False
    wait = answer.headers["Retry-After"]
    assert re.fullmatch("[1-9][0-9]{0,5}", wait)
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["code"] == "TOO_MANY_REQUESTS"
    assert f";r=0;t={wait}" in answer.headers["RateLimit"]
    return True


def test_the_answers_of_a_limited_operation_tell_what_is_left(client: FlaskClient) -> None:
    found = [client.get("/v1/things", headers=ada()) for _ in range(5)]
    assert [one.status_code for one in found] == [200, 200, 200, 429, 429]
    assert [left(one) for one in found] == [2, 1, 0, 0, 0]
    for one in found:
        assert LIMIT.match(one.headers["RateLimit"])
        assert POLICY.match(one.headers["RateLimit-Policy"])
        assert one.headers["RateLimit-Policy"] == '"minute";q=3;w=60'
        assert "X-Request-ID" in one.headers
        assert refused(one) == (one.status_code == 429)
    assert found[3].get_json()["detail"] == "No more than 3 requests a minute here. Wait, then try again."
    assert 55 <= int(found[3].headers["Retry-After"]) <= 61


def test_what_has_no_limit_tells_nothing(client: FlaskClient) -> None:
    for path in ("/v1/free", "/ping", "/health/live", "/nowhere"):
        answer = client.get(path, headers=ada())
        assert not {"RateLimit", "RateLimit-Policy"} & set(answer.headers.keys()), path


@pytest.mark.parametrize(("path", "status"), [("/v1/refuse", 409), ("/v1/fail", 500)])
def test_errors_count_and_tell_as_well(client: FlaskClient, path: str, status: int) -> None:
    found = [client.get(path, headers=ada()) for _ in range(4)]
    assert [one.status_code for one in found] == [status] * 3 + [429]
    assert [left(one) for one in found] == [2, 1, 0, 0]


def test_a_request_is_counted_before_anything_of_it_is_read(client: FlaskClient) -> None:
    def send() -> TestResponse:
        return client.post("/v1/body?unknown=1", data=b"{", content_type="application/json", headers=ada())

    assert [send().status_code for _ in range(4)] == [400, 400, 400, 429]


def test_callers_do_not_share_and_neither_do_operations(client: FlaskClient) -> None:
    for _ in range(4):
        last = client.get("/v1/things", headers=ada())
    assert refused(last)
    assert client.get("/v1/things", headers=GRACE).status_code == 200
    assert client.get("/v1/things").status_code == 200
    assert client.put("/v1/things", headers=ada()).status_code == 200


def test_of_a_path_with_placeholders_all_requests_count_as_one_route(client: FlaskClient) -> None:
    found = [client.delete(f"/v1/things/{key}", headers=ada()).status_code for key in "abcd"]
    assert found == [409, 409, 409, 429]


def test_a_head_counts_as_the_get_that_it_is(client: FlaskClient) -> None:
    for method in ("HEAD", "GET", "HEAD"):
        assert client.open("/v1/things", method=method, headers=ada()).status_code == 200
    assert refused(client.get("/v1/things", headers=ada()))
    answer = client.head("/v1/things", headers=ada())
    assert (answer.status_code, answer.get_data()) == (429, b"")
    assert "Retry-After" in answer.headers


def test_options_and_preflights_are_not_counted(make: Make) -> None:
    client = make(cors_origins=APP)
    preflight = {"Origin": APP, "Access-Control-Request-Method": "GET"}
    for _ in range(5):
        answer = client.options("/v1/things", headers=preflight)
        assert answer.status_code == client.options("/v1/things").status_code == 204
        assert "RateLimit" not in answer.headers
    assert left(client.get("/v1/things")) == 2


def test_a_page_of_an_allowed_origin_can_read_them(make: Make) -> None:
    client = make(cors_origins=APP)
    for _ in range(4):
        answer = client.get("/v1/things", headers={**ada(), "Origin": APP})
    assert refused(answer)
    shown = set(answer.headers["Access-Control-Expose-Headers"].split(", "))
    assert shown >= {"RateLimit", "RateLimit-Policy", "Retry-After"}


def test_who_is_not_let_in_is_not_counted(client: FlaskClient) -> None:
    for _ in range(5):
        assert client.get("/v1/private").status_code == 401
        forged = {"Authorization": ada()["Authorization"][:-4] + "AAAA"}
        answer = client.get("/v1/private", headers=forged)
        assert (answer.status_code, "RateLimit" in answer.headers) == (401, False)
        assert client.put("/v1/private", headers=ada()).status_code == 403
    assert left(client.get("/v1/private", headers=ada())) == 2
    assert left(client.put("/v1/private", headers=ada("things:write"))) == 2


def test_whoever_is_not_known_counts_by_network(make: Make) -> None:
    client = make(trusted_proxies="1")

    def send(forwarded: str, **headers: str) -> TestResponse:
        return client.get("/v1/things", headers={"X-Forwarded-For": forwarded, **headers})

    same = ["2001:db8:1:2::1", "2001:db8:1:2::2", "203.0.113.5, 2001:db8:1:2:3:4:5:6", "2001:db8:1:2::4"]
    assert [send(one).status_code for one in same] == [200, 200, 200, 429]
    assert send("2001:db8:1:3::1").status_code == 200
    assert send("192.0.2.1").status_code == 200
    assert left(send("2001:db8:1:2::1", **ada())) == 2, "whoever is known does not count by network"


def test_a_callers_name_is_no_address(client: FlaskClient) -> None:
    headers = bearer("127.0.0.1", audience="limited")
    for _ in range(4):
        last = client.get("/v1/things", headers=headers)
    assert refused(last)
    assert client.get("/v1/things").status_code == 200


def test_of_two_limits_both_count_and_both_are_told(client: FlaskClient) -> None:
    first, _, third = (client.get("/v1/two", headers=ada()) for _ in range(3))
    assert first.headers["RateLimit-Policy"] == '"minute";q=2;w=60, "hour";q=3;w=3600'
    assert re.fullmatch(r'"minute";r=1;t=\d+, "hour";r=2;t=\d+', first.headers["RateLimit"])
    assert LIMIT.match(first.headers["RateLimit"])
    assert POLICY.match(first.headers["RateLimit-Policy"])
    assert refused(third)
    assert re.fullmatch(r'"minute";r=0;t=\d+, "hour";r=1;t=\d+', third.headers["RateLimit"]), "not counted"
    assert int(third.headers["Retry-After"]) <= 61
    detail = third.get_json()["detail"]
    assert detail.startswith("No more than 2 requests a minute and 3 requests an hour here.")


def test_what_a_handler_tells_of_its_own_limits_stays(client: FlaskClient) -> None:
    answer = client.get("/v1/throttle", headers=ada())
    assert answer.headers.getlist("Retry-After") == ["9"]
    told = ", ".join(answer.headers.getlist("RateLimit"))
    assert LIMIT.match(told)
    assert told.startswith('"account";r=0;t=9, "day";r=2;t=')


def test_all_processes_count_together(make: Make) -> None:
    one, other = make(), make()
    found = [(one, other)[number % 2].get("/v1/things", headers=ada()) for number in range(5)]
    assert [answer.status_code for answer in found] == [200, 200, 200, 429, 429]


def test_stages_and_services_count_apart(make: Make) -> None:
    for _ in range(4):
        last = make().get("/v1/things", headers=ada())
    assert refused(last)
    assert make(table_prefix=f"test-{uuid.uuid4().hex}-").get("/v1/things", headers=ada()).status_code == 200


def test_what_is_kept_expires_and_names_nobody(client: FlaskClient) -> None:
    with redis.Redis.from_url(os.environ["TEST_REDIS_URL"]) as shared:
        before = set(shared.scan_iter("*-limited:limits:*"))
        client.get("/v1/things", headers=bearer("hunter2", audience="limited"))
        client.get("/v1/two", environ_overrides={"REMOTE_ADDR": "192.0.2.77"})
        keys = set(shared.scan_iter("*-limited:limits:*")) - before
        assert len(keys) >= 3
        for key in keys:
            assert re.fullmatch(r"test-\w+-limited:limits:\{[0-9a-f]{32}\}:(minute|hour|day)", key.decode())
            assert 0 < shared.ttl(key) <= 2 * 86400


@pytest.mark.parametrize("away", ["redis://127.0.0.1:1/0", "unix:///nowhere/redis.sock"])
def test_while_redis_is_away_each_process_counts_for_itself(make: Make, away: str) -> None:
    one, other = make(redis_url=away), make(redis_url=away)
    for client in (one, other):
        found = [client.get("/v1/refuse", headers=ada()) for _ in range(4)]
        assert [answer.status_code for answer in found] == [409, 409, 409, 429]
        assert refused(found[3])


def test_a_redis_that_does_not_answer_holds_no_request_up(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "REDIS_SECONDS", 0.3)
    monkeypatch.setattr(counters, "REDIS_AWAY_SECONDS", 600)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        client.get("/v1/free")
        started = time.monotonic()
        found = [client.get("/v1/refuse", headers=ada()).status_code for _ in range(100)]
        assert time.monotonic() - started < 15, "and not 30"
        assert found == [409] * 3 + [429] * 97


def test_limits_can_be_switched_off(make: Make) -> None:
    client = make(rate_limits="off")
    for _ in range(5):
        answer = client.get("/v1/things", headers=ada())
        assert (answer.status_code, "RateLimit" in answer.headers) == (200, False)


def started(**without: str) -> Running:
    environ = {name: value for name, value in environment("limited", **without).items() if value}
    return SERVICE.start(SERVICE.load_settings(environ))


def test_a_service_with_limits_needs_redis() -> None:
    with pytest.raises(SettingsError, match=r"APP_REDIS_URL: Missing; GET /v1/things has a limit"):
        started(redis_url="").web_app()
    started(redis_url="", rate_limits="off").web_app()


def test_a_service_without_limits_needs_none(tmp_path: Path) -> None:
    (tmp_path / "limited.yaml").write_text(re.sub(r"x-rate-limit: (\[.*?\]|[\w/]+)(, )?", "", CONTRACT))
    started(redis_url="").web_app()
