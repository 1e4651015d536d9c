"""Who is told, by what a service declares and is told."""

import pytest

from libs.errors import report_warning, reporting_to
from libs.service import Service, Settings, SettingsError
from libs.service.reports import Told
from libs.service.testing import environment
from libs.service.tests.reports.giving import Kept


class Pager(Kept):
    name = "pager"

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings


def names(**settings: str) -> set[str]:
    service = Service("profiles", reporters=[Pager])
    running = service.start(service.load_settings(environment("profiles", **settings)))
    found = running.metrics.registry.collect()
    return {
        sample.labels["reporter"]
        for metric in (running.reports and found)
        for sample in metric.samples
        if sample.name == "reports_total"
    }


def test_the_log_is_told_and_who_else_is_named() -> None:
    assert names() == {"log", "pager"}
    everybody = {"sentry_dsn": "https://key@sentry.example/1", "report_webhook_url": "https://hook.example/x"}
    assert names(**everybody) == {"log", "pager", "sentry", "webhook"}


def test_a_service_brings_its_reporters_and_its_personal_fields(caplog: pytest.LogCaptureFixture) -> None:
    made: list[Pager] = []

    def pager(settings: Settings) -> Pager:
        made.append(Pager(settings))
        return made[0]

    service = Service("profiles", reporters=[pager], personal_fields=["shoe_size"])
    environ = environment("profiles", version="1.2.3", commit="abc1234")
    running = service.start(service.load_settings(environ))
    with reporting_to(running.reports):
        report_warning("It is odd.", {"shoeSize": 43, "count": 1})
    assert running.reports.flush()
    told: Told = made[0].told[0]
    assert told["data"] == {"shoeSize": "[redacted]", "count": 1}
    assert told["release"] == {"version": "1.2.3", "commit": "abc1234"}
    assert (told["service"], told["environment"]) == ("profiles", running.settings.environment)
    assert made[0].settings is running.settings
    (line,) = [one for one in caplog.records if one.getMessage() == "report"]
    assert line.__dict__["data"] == told["data"]
    assert line.levelname == "WARNING"


@pytest.mark.parametrize(
    "dsn",
    ["key@sentry.example/1", "https://sentry.example/1", "https://key@sentry.example", "https://key@x/a"],
)
def test_an_address_that_is_none_stops_the_start(dsn: str) -> None:
    with pytest.raises(SettingsError, match=r"APP_SENTRY_DSN.*Not as Sentry shows it"):
        Service("profiles").load_settings(environment("profiles", sentry_dsn=dsn))
    with pytest.raises(SettingsError, match="APP_REPORT_WEBHOOK_URL"):
        Service("profiles").load_settings(environment("profiles", report_webhook_url="hook"))
