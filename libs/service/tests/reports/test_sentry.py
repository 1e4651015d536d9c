"""Sentry's SDK, as it is, sends what is known to a server that reads it, and no secret goes along."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask

from libs.service.reports.sentry import SentryReporter, event_of
from libs.service.testing import ROOT
from libs.service.tests.reports.conftest import SECRET
from libs.service.tests.reports.giving import FACTS, Setup, one
from libs.service.tests.reports.sinks import Sink, silence, sink

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVk"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SENT = {
    "headers": {
        "Authorization": f"Bearer {JWT}",
        "Cookie": f"session={SECRET}",
        "X-API-Key": SECRET,
        "X-Request-ID": "request-1",
        "User-Agent": "probe/1.0 (ada@example.com)",
        "Traceparent": f"00-{TRACE}-b7ad6b7169203331-01",
    },
    "json": {"password": SECRET, "token": JWT, "email": "ada@example.com", "deep": [{"pin": SECRET}]},
    "environ_base": {"REMOTE_ADDR": "203.0.113.7"},
}


def lost(app_of: Callable[..., Flask], server: Sink) -> dict[str, Any]:
    """Return the event of a request that has lost all its secrets in an exception."""
    setup = Setup(SentryReporter(server.dsn))
    answer = app_of(setup.reports).test_client().post(f"/lose?key={SECRET}", **SENT)
    assert answer.status_code == 500
    (event,) = server.events()
    assert setup.reports.flush()
    assert setup.counted("sentry") == {"sent": 1}
    event["answer"] = answer.json
    return event


def test_request_caller_release_and_trace_are_told(app_of: Callable[..., Flask], server: Sink) -> None:
    event = lost(app_of, server)
    (path, headers, _), contexts = server.posted[0], event["contexts"]
    assert path == "/api/42/envelope/"
    assert "sentry_key=public" in headers["X-Sentry-Auth"]
    assert event["request"] == {"method": "POST", "url": "/lose"}
    assert {name: contexts["request"][name] for name in ("route", "status", "network")} == {
        "route": "/lose",
        "status": 500,
        "network": "203.0.113.x",
    }
    assert contexts["request"]["user_agent"] == "probe/1.0 ([redacted])"
    assert contexts["request"]["milliseconds"] > 0
    assert event["user"] == {"id": "user-1"}
    assert contexts["caller"] == {
        "subject": "user-1",
        "actor": "service:shop",
        "scopes": ["things:write"],
    }
    assert event["release"] == "probe@1.2.3+abc1234"
    assert (event["environment"], event["server_name"]) == (FACTS["environment"], FACTS["host"])
    assert contexts["trace"]["trace_id"] == TRACE
    assert event["tags"]["request_id"] == "request-1"
    assert event["tags"]["error_id"] == event["answer"]["error_id"]
    assert (event["level"], event["tags"]["kind"], event["transaction"]) == ("error", "error", "POST /lose")


def test_of_exceptions_classes_and_lines_are_told(app_of: Callable[..., Flask], server: Sink) -> None:
    first, last = lost(app_of, server)["exception"]["values"]
    assert (first["type"], last["type"]) == ("KeyError", "RuntimeError")
    assert first["stacktrace"]["frames"] == [
        {
            "filename": "libs/service/tests/reports/conftest.py",
            "function": "lose",
            "lineno": first["stacktrace"]["frames"][0]["lineno"],
            "in_app": True,
        }
    ]
    assert any(not frame["in_app"] for frame in last["stacktrace"]["frames"])
    assert {name for frame in last["stacktrace"]["frames"] for name in frame} == {
        *("filename", "function", "lineno", "in_app")
    }


def test_no_secret_goes_along(app_of: Callable[..., Flask], server: Sink) -> None:
    lost(app_of, server)
    (_, headers, body) = server.posted[0]
    sent = json.dumps([headers, body.decode()])
    for secret in (SECRET, JWT, JWT.split(".")[1], "ada@example.com", "203.0.113.7", "of the frame", "pin"):
        assert secret not in sent


def test_what_has_no_exception_is_grouped_by_what_it_is(server: Sink) -> None:
    reporter = SentryReporter(server.dsn)
    Setup(reporter).reports(one("odd", about={"task": {"name": "export"}}, data={"deep": [[[[[1]]]]]}))
    (event,) = server.events()
    assert event["fingerprint"] == ["error", "odd", "export", ""]
    assert event["logentry"] == {"formatted": "It is odd."}
    assert event["contexts"]["task"] == {"name": "export"}
    assert "trace" not in event["contexts"]
    assert "exception" not in event


def test_who_takes_none_is_asked_later() -> None:
    with sink(429, **{"Retry-After": "60"}) as server:
        setup = Setup(SentryReporter(server.dsn))
        for number in range(3):
            setup.reports(one(number))
        assert setup.reports.flush(10)
        assert len(server.posted) == 1
        assert setup.counted("sentry") == {"failed": 1, "dropped": 2}


def test_one_that_never_answers_holds_up_no_end() -> None:
    with silence() as server:
        setup = Setup(SentryReporter(server.dsn))
        setup.reports(one())
        assert not setup.reports.flush(0.05)


def test_variables_of_the_sdk_switch_nothing_on(server: Sink) -> None:
    """Its environment could have it print envelopes, send them elsewhere, or call itself something else."""
    code = (
        "from libs.service.tests.reports.giving import Setup, one\n"
        "from libs.service.reports.sentry import SentryReporter\n"
        "import sys, threading, logging\n"
        f"setup = Setup(SentryReporter({server.dsn!r}))\n"
        "setup.reports(one('odd'))\n"
        "assert setup.reports.flush(20)\n"
        "assert not [t for t in threading.enumerate() if 'sentry' in t.name], threading.enumerate()\n"
        "assert sys.excepthook is sys.__excepthook__\n"
        "logging.getLogger().error('hunter2')\n"
    )
    switched = {
        "SENTRY_SPOTLIGHT": "1",
        "SENTRY_DSN": "http://x@127.0.0.1:1/1",
        "SENTRY_TRACES_SAMPLE_RATE": "1",
    }
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **switched}, check=True, cwd=ROOT)
    assert len(server.events()) == 1


def test_an_event_is_made_of_whatever_is_known() -> None:
    least = {"title": "x", "kind": "fault", "level": "error", "at": 0.0, "count": 1}
    assert event_of(least)["fingerprint"] == ["fault", "", "", ""]
    assert "release" not in event_of(least)
    assert event_of({**least, "service": "a", "release": {"version": "dev"}})["release"] == "a@dev"
