"""What those who watch the service are told."""

from dataclasses import dataclass

from marshmallow.validate import Equal, NoneOf, OneOf, Range

from libs.service.settings.declaring import Secret, setting
from libs.service.settings.validators import HOST, http_url, sentry_dsn


@dataclass(frozen=True, kw_only=True)
class WatchingSettings:
    """What those who watch the service are told."""

    log_format: str = setting(
        "json",
        OneOf(["json", "text"]),
        advised=Equal("json", error="Is for people; what collects logs wants json."),
        help="How lines of the log look.",
    )
    log_level: str = setting(
        "INFO",
        OneOf(["DEBUG", "INFO", "WARNING", "ERROR"]),
        advised=NoneOf(["DEBUG"], error="Tells much, and costs as much."),
        help="What auth [audits](accounts.md), and who [replays, "
        "discards or cancels tasks](tasks.md#what-has-failed), is written at any.",
    )
    metrics_host: str = setting(
        "127.0.0.1",
        HOST,
        help="Address at which web, worker and beat tell [metrics](metrics.md), to whoever asks.",
    )
    metrics_port: int | None = setting(
        None,
        Range(1, 65535),
        help="Its port, other than `APP_PORT`; they tell none if absent.",
    )
    slow_request_ms: int = setting(
        1000,
        Range(0, 3_600_000),
        help="A request that takes longer is [reported](reports.md); 0: none is. "
        "`x-report-slow-ms` in a contract says otherwise for an operation.",
        unit="milliseconds",
    )
    sentry_dsn: Secret | None = setting(
        None, sentry_dsn, help="Where Sentry takes [reports](reports.md): `https://key@host/project`."
    )
    report_webhook_url: Secret | None = setting(
        None, http_url, help="An address that takes each [report](reports.md) as a POST of JSON."
    )
