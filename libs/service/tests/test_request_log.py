"""The log line of a request: one each, and without secrets."""

import logging
from typing import Any

import pytest
from flask.testing import FlaskClient

from libs.dynamodb import Usage
from libs.errors import deadline_scope
from libs.errors.redaction import HIDDEN
from libs.jwt import Caller
from libs.service.web.exchange import Exchange
from libs.service.web.request_log import LogLines


@pytest.fixture(autouse=True)
def _log_all(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def line(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    (record,) = [one for one in caplog.records if one.getMessage() == "request"]
    return record.__dict__


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/things", "/things", 200),
        ("POST", "/things", "/things", 422),
        ("GET", "/abort/409", "/abort/{status}", 409),
        ("GET", "/private", "/private", 401),
        ("GET", "/fail", "/fail", 500),
        ("GET", "/not-there", None, 404),
        ("DELETE", "/things", "/things", 405),
        ("OPTIONS", "/things", "/things", 204),
        ("GET", "/abort/a%2Fb", "/abort/{status}", 400),
        ("GET", "/abort/%zz", None, 404),
    ],
)
def test_each_request_is_one_line(
    client: FlaskClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    route: str | None,
    status: int,
) -> None:
    client.open(path, method=method)
    told = line(caplog)
    assert {key: told[key] for key in ("method", "path", "route", "status")} == {
        "method": method,
        "path": path,
        "route": route,
        "status": status,
    }
    assert isinstance(told["milliseconds"], float)


def test_query_tokens_and_bodies_are_not_logged(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for token in ("good-token", "bad-token"):
        client.get("/private?q=hush", headers={"Authorization": f"Bearer {token}", "Cookie": "hush"})
    client.post("/things?password=hush", json={"password": "hush"})
    logged = [record.__dict__ for record in caplog.records]
    assert len(logged) == 3
    assert "hush" not in str(logged)
    assert "-token" not in str(logged)


@pytest.mark.parametrize("path", ["/gr%C3%BC%C3%9Fe", "/a%0Ab", "/%25", "/a%2Fb", "/%FF"])
def test_the_path_is_logged_as_it_is_in_a_url(
    client: FlaskClient, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    client.get(path)
    assert line(caplog)["path"] == path


def told_of(caplog: pytest.LogCaptureFixture, exchange: Exchange) -> dict[str, object]:
    with LogLines()(exchange):
        pass
    return line(caplog)


def exchange(**members: Any) -> Exchange:
    made = Exchange({}, "GET", "/things", "request-1234")
    for name, value in members.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize(
    ("route", "path", "told"),
    [
        ("/invites/{token}", "/invites/hush", f"/invites/{HIDDEN}"),
        (
            "/users/{email}/mails/{mail_id}.{code}",
            "/users/hush/mails/1.hush",
            f"/users/{HIDDEN}/mails/{HIDDEN}",
        ),
        ("/shops/{shop_id}/users/{user}", "/shops/a%2Fb/users/hush", f"/shops/a%2Fb/users/{HIDDEN}"),
        ("/shops/{shop_id}", "/shops/a%2Fb", "/shops/a%2Fb"),
    ],
)
def test_what_the_contract_names_as_secret_or_personal_is_hidden_in_the_path(
    caplog: pytest.LogCaptureFixture, route: str, path: str, told: str
) -> None:
    lines = LogLines()
    for _ in range(2):
        with lines(exchange(route=route, path=path)):
            pass
    assert [record.__dict__["path"] for record in caplog.records] == [told, told]


def test_what_is_too_late_to_be_answered_has_its_route(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    """By which its path is logged without what is secret."""
    with deadline_scope(0):
        client.get("/abort/409")
    told = line(caplog)
    assert (told["code"], told["route"]) == ("DEADLINE_EXCEEDED", "/abort/{status}")


def test_it_tells_who_asked_and_through_what(caplog: pytest.LogCaptureFixture) -> None:
    caller = Caller("ada", token="hush", actor="service:mail", claims={"client_id": "shop", "email": "hush"})
    told = told_of(caplog, exchange(caller=caller))
    assert (told["subject"], told["actor"], told["client"]) == ("ada", "service:mail", "shop")
    assert "hush" not in str(told)


def test_of_nobody_it_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    told = told_of(caplog, exchange())
    assert not {"subject", "actor", "client", "code", "error_id", "dynamodb_calls"} & set(told)


def test_it_tells_what_was_asked_of_the_database(caplog: pytest.LogCaptureFixture) -> None:
    usage = Usage(calls=3, retries=1, throttled=2, failed=4, seconds=0.0123, read_units=1.5, write_units=2.0)
    told = told_of(caplog, exchange(usage=usage))
    names = ("calls", "retries", "throttled", "failed", "milliseconds", "read_units", "write_units")
    assert [told[f"dynamodb_{name}"] for name in names] == [3, 1, 2, 4, 12.3, 1.5, 2.0]


def test_it_tells_operation_problem_and_sizes(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = client.post("/things", data=b"[1]", content_type="application/json")
    told = line(caplog)
    assert (told["operation_id"], told["code"]) == ("echo", answer.get_json()["code"])
    assert (told["request_bytes"], told["response_bytes"]) == (3, len(answer.data))


@pytest.mark.parametrize("length", ["", "x", "-1", "9" * 400])
def test_a_length_that_is_none_is_left_out(caplog: pytest.LogCaptureFixture, length: str) -> None:
    asked = exchange()
    asked.environ["CONTENT_LENGTH"] = length
    assert "request_bytes" not in told_of(caplog, asked)


@pytest.mark.parametrize(
    ("route", "status", "level"),
    [
        ("/ping", 200, logging.DEBUG),
        ("/health/ready", 200, logging.DEBUG),
        ("/health/ready", 503, logging.INFO),
        ("/things", 200, logging.INFO),
    ],
)
def test_probes_that_succeed_are_told_only_when_debugging(
    caplog: pytest.LogCaptureFixture, route: str, status: int, level: int
) -> None:
    caplog.set_level(logging.DEBUG)
    assert told_of(caplog, exchange(route=route, status=status))["levelno"] == level
