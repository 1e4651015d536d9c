"""What is reported of requests, and what of them is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from libs.errors import deadline_scope
from libs.errors.personal import for_reports
from libs.errors.redaction import HIDDEN
from libs.service.reports import Reports
from libs.service.reports.reporter import Told
from libs.service.reports.watching import network_of
from libs.service.testing import eventually
from libs.service.tests.reports.conftest import SECRET
from libs.service.tests.reports.giving import FACTS, Kept
from libs.service.web import Exchange

Ask = Callable[..., list[Told]]


@pytest.fixture
def ask(app_of: Callable[..., Flask]) -> Ask:
    """Ask for a path, and return what was reported of that."""

    def asked(path: str, *, headers: dict[str, str] | None = None, **options: Any) -> list[Told]:
        kept = Kept()
        reports = Reports([kept], facts=FACTS, redaction=for_reports(["shoe_size"]))
        app_of(reports, **options).test_client().get(path, headers=headers)
        assert reports.flush()
        return kept.told

    return asked


def test_what_is_expected_is_a_warning(ask: Ask) -> None:
    (told,) = ask("/break-down")
    assert (told["kind"], told["level"], told["code"]) == ("error", "warning", "SERVICE_UNAVAILABLE")
    assert told["title"] == "GET /break-down: SERVICE_UNAVAILABLE"
    assert told["request"]["status"] == 503


@pytest.mark.parametrize("path", ["/nothing", "/refuse", "/not-there", "/health/ready", "/wait-long"])
def test_what_is_no_fault_is_not_reported(ask: Ask, path: str) -> None:
    assert ask(path, slow_milliseconds=10 if path == "/wait-long" else 0) == []


def test_what_takes_too_long_is_reported(ask: Ask) -> None:
    (told,) = ask("/wait")
    assert (told["kind"], told["level"], told["data"]) == ("slow", "warning", {"limit_milliseconds": 10})
    assert told["request"]["milliseconds"] > 10
    assert "where" not in told
    assert ask("/wait-any") == []
    (told,) = ask("/wait-any", slow_milliseconds=5)
    assert told["title"] == "GET /wait-any took more than 5 ms"


def test_a_warning_within_a_request_knows_of_it(ask: Ask) -> None:
    headers = {
        "User-Agent": "probe/1.0",
        "X-Request-ID": "request-1",
        "X-Forwarded-For": "1.2.3.4, 198.51.100.9",
    }
    (told,) = ask(f"/things/a%20b/by/{SECRET}", headers=headers, trusted_proxies=1)
    assert told["request"] == {
        "method": "GET",
        "route": "/things/{thing}/by/{token}",
        "path": f"/things/a b/by/{HIDDEN}",
        "user_agent": "probe/1.0",
        "network": "198.51.100.x",
    }
    assert told["request_id"] == "request-1"
    assert told["data"] == {
        "password": HIDDEN,
        "note": f"token= {HIDDEN}",
        "shoeSize": HIDDEN,
        "thing": "a b",
    }
    assert told["where"]["function"] == "warn"
    assert SECRET not in str(told)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("ada%40example.com", HIDDEN),
        ("eyJhbGciOiJFZERTQSJ9.e30.c2ln", HIDDEN),
        ("x" * 500, "x" * 100),
        ("x" * 80 + "%20ada.lovelace%40example.com", "x" * 80 + f" {HIDDEN}"),
    ],
)
def test_what_a_path_holds_is_redacted_and_cut(ask: Ask, sent: str, shown: str) -> None:
    (told,) = ask(f"/things/{sent}/by/x")
    assert told["request"]["path"] == f"/things/{shown}/by/{HIDDEN}"


def test_methods_that_clients_make_up_are_one_thing(app_of: Callable[..., Flask]) -> None:
    """Many that fail before they are looked at would leave no room for any other report."""
    kept = Kept()
    reports = Reports([kept], facts=FACTS)

    @contextmanager
    def too_late(exchange: Exchange) -> Iterator[None]:
        with deadline_scope(0):
            yield

    client = app_of(reports, within=[too_late]).test_client()
    for number in range(30):
        assert client.open("/nothing", method=f"BREW{number}").status_code == 503
    assert reports.flush()
    assert [(told["title"], told["count"]) for told in kept.told] == [
        ("other /nothing: DEADLINE_EXCEEDED", 1),
        ("other /nothing: DEADLINE_EXCEEDED", 29),
    ]
    assert kept.told[0]["request"]["method"] == "other"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.x"),
        ("2001:db8:1:2:3::7", "2001:db8:1:x"),
        ("::1", "0:0:0:x"),
        ("::ffff:203.0.113.7", "203.0.113.x"),
        ("", None),
    ],
)
def test_of_an_address_the_network_is_told(address: str, network: str | None) -> None:
    assert network_of(address) == network
    if network:
        assert for_reports().text(network) == network


def test_a_reporter_that_hangs_or_raises_breaks_no_answer(app_of: Callable[..., Flask]) -> None:
    class Raising(Reports):
        def __call__(self, report: Any) -> None:
            raise RuntimeError

    client = app_of(Raising([], facts={})).test_client()
    assert [client.get(path).status_code for path in ("/break-down", "/wait")] == [503, 200]
    hanging = Kept(closed=True)
    reports = Reports([hanging], facts={})
    client = app_of(reports).test_client()
    assert client.get("/break-down").status_code == 503
    assert hanging.asked.wait(10)
    assert client.get("/break-down").status_code == 503
    hanging.gate.set()
    eventually(reports.flush)
