"""The log line of a request: one each, and without secrets."""

import logging

import pytest
from flask.testing import FlaskClient


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
