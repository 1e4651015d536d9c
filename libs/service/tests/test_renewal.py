"""The header that tells a client in time that its token expires."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from libs.api import Models
from libs.jwt import Caller
from libs.service import Service, SettingsError
from libs.service import service as service_module
from libs.service.renewal import EXPIRES_HEADER, Renewal
from libs.service.testing import ISSUER, ISSUES, environment, running_service

OK = "{'200': {description: It, content: {application/json: {schema: {type: object}}}}}"
CONTRACT = """
openapi: 3.1.0
info: {title: Renewed, version: '1'}
security: [{bearer: []}]
x-rate-limit: 1/day
paths:
  /who: {get: {operationId: a, x-bind-server: HERE.tell, x-rate-limit: unlimited, responses: OK}}
  /refuse: {get: {operationId: b, x-bind-server: HERE.refuse, x-rate-limit: unlimited, responses: OK}}
  /fail: {get: {operationId: c, x-bind-server: HERE.fail, x-rate-limit: unlimited, responses: OK}}
  /once: {get: {operationId: d, x-bind-server: HERE.tell, responses: OK}}
  /open:
    x-rate-limit: unlimited
    get: {operationId: e, x-bind-server: HERE.tell, security: [], responses: OK}
components:
  securitySchemes: {bearer: {type: http, scheme: bearer}}
""".replace("OK", OK).replace("HERE", "libs.service.tests.limiting")
SERVICE = Service("renewed")
APP = "https://app.example.com"


def told(renewal: Renewal, **claims: object) -> str | None:
    return renewal.headers(Caller("ada", claims=claims)).get(EXPIRES_HEADER)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        *((1000, None), (1599, None), (1599.9, None), (1600, "300"), (1600.1, "299"), (1899, "1")),
        *((1899.5, "0"), (1900, "0"), (1929, "0")),
    ],
)
def test_a_token_of_a_certain_age_is_told_when_it_expires(now: float, expected: str | None) -> None:
    assert told(Renewal(600, clock=lambda: now), iat=1000, exp=1900) == expected


def test_whoever_has_no_such_token_is_told_nothing() -> None:
    renewal = Renewal(0, clock=lambda: 5000.0)
    assert renewal.headers(None) == {}
    assert told(renewal) is None
    assert told(renewal, iat="1", exp="2") is None
    assert told(renewal, iat=1) is None


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "renewed.yaml").write_text(CONTRACT)
    environ = environment("renewed", token_renew_after_seconds="300", cors_origins=APP)
    with running_service(SERVICE, environ) as running:
        yield running.web_app().test_client()


def token(age: int) -> dict[str, str]:
    """Return the headers of a request with a token of that age in seconds, which lives for 900."""
    now = int(time.time())
    claims = {"iss": ISSUER, "sub": "ada", "aud": ["renewed"], "jti": "1", "iat": now - age}
    return {"Authorization": f"Bearer {ISSUES.sign({**claims, 'exp': now - age + 900}, kind='at+jwt')}"}


@pytest.mark.parametrize(("path", "status"), [("/who", 200), ("/refuse", 409), ("/fail", 500)])
def test_every_answer_to_an_old_token_tells(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path, headers={**token(400), "Origin": APP})
    assert answer.status_code == status
    assert 490 <= int(answer.headers[EXPIRES_HEADER]) <= 500
    assert EXPIRES_HEADER in answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert EXPIRES_HEADER not in client.get(path, headers=token(200)).headers


def test_so_does_the_answer_to_one_request_too_many(client: FlaskClient) -> None:
    found = [client.get("/once", headers=token(400)) for _ in range(2)]
    assert [one.status_code for one in found] == [200, 429]
    assert all(EXPIRES_HEADER in one.headers for one in found)


def test_nothing_is_told_where_nobody_is_known(client: FlaskClient) -> None:
    for answer in (
        client.get("/open", headers=token(400)),
        client.get("/who"),
        client.get("/who", headers=token(1000)),
        client.get("/nowhere", headers=token(400)),
    ):
        assert EXPIRES_HEADER not in answer.headers


def test_an_age_below_nothing_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="APP_TOKEN_RENEW_AFTER_SECONDS"):
        SERVICE.load_settings(environment("renewed", token_renew_after_seconds="-1"))
    assert SERVICE.load_settings(environment("renewed")).token_renew_after_seconds == 600
