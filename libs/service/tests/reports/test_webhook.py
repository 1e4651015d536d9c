"""A webhook is sent JSON, over a real connection, and believed nothing."""

import time
from pathlib import Path

import pytest

from libs.service.reports import ReportRefused, webhook
from libs.service.reports.webhook import WebhookReporter
from libs.service.tests.reports.giving import FACTS, Setup, one
from libs.service.tests.reports.sinks import Sink, silence, sink


def test_a_report_is_posted_as_json(server: Sink) -> None:
    setup = Setup(WebhookReporter(server.url))
    setup.reports(one("odd", data={"email": "x"}, about={"request": {"method": "GET", "route": "/x"}}))
    (report,) = server.reports()
    path, headers, _ = server.posted[0]
    assert (path, headers["Content-Type"]) == ("/hook?key=hunter2", "application/json")
    at = report.pop("at")
    assert abs(at - time.time()) < 60
    assert report == {
        "title": "It is odd.",
        "kind": "error",
        "level": "error",
        "code": "odd",
        "count": 1,
        "data": {"email": "[redacted]"},
        "request": {"method": "GET", "route": "/x"},
        **FACTS,
    }


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_what_is_not_taken_has_failed_and_no_redirect_is_followed(status: int, server: Sink) -> None:
    with sink(status, Location=server.url) as refusing:
        with pytest.raises(ReportRefused) as refused:
            WebhookReporter(refusing.url).send({})
        assert (refused.value.status, len(refusing.posted)) == (status, 1)
        assert not server.posted
        assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("30", 30.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("soon", 0.0), ("9" * 50, 0.0), ("-1", 0.0)],
)
def test_who_wants_none_for_a_while_says_how_long(told: str, seconds: float) -> None:
    with sink(503, **{"Retry-After": told}) as refusing:
        with pytest.raises(ReportRefused) as refused:
            WebhookReporter(refusing.url).send({})
        assert refused.value.retry_after == seconds


def test_one_that_never_answers_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    assert webhook.TIMEOUT.as_dict() == {"connect": 2.0, "read": 5.0, "write": 5.0, "pool": 5.0}, (
        "docs/reports.md"
    )
    monkeypatch.setattr(webhook, "TIMEOUT", 60)
    with silence() as hanging:
        setup = Setup(WebhookReporter(hanging.url))
        started = time.monotonic()
        for _ in range(1000):
            setup.reports(one())
        assert not setup.reports.flush(0.1)
        assert time.monotonic() - started < 15


def test_one_that_is_not_there_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    setup = Setup(WebhookReporter("http://127.0.0.1:1/hunter2"))
    setup.reports(one())
    assert setup.reports.flush()
    assert setup.counted("webhook") == {"failed": 1}
    assert "hunter2" not in str([record.__dict__ for record in caplog.records])


def test_no_proxy_or_password_that_the_environment_names_is_used(
    server: Sink, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with sink(200) as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        WebhookReporter(server.url).send({})
        assert not proxy.posted
    ((_, headers, _),) = server.posted
    assert "Authorization" not in headers
