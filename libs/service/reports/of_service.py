"""The reporters of a service, as it is declared and told."""

import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry

from libs.errors.redaction import Redaction
from libs.errors.reporting import known
from libs.service.reports.log import LogReporter
from libs.service.reports.reporter import Reporter
from libs.service.reports.reports import Reports
from libs.service.reports.webhook import WebhookReporter
from libs.service.settings import Settings


def reports_of(
    settings: Settings,
    own: Sequence[Callable[[Any], Reporter]],
    redaction: Redaction,
    registry: CollectorRegistry,
) -> Reports:
    """Return what takes the reports of a service.

    :param own: make the reporters that it brings, from its settings.
    """
    facts = {
        "service": settings.service,
        "release": known({"version": settings.version, "commit": settings.commit}),
        "environment": settings.environment,
        "host": socket.gethostname(),
    }
    reporters = [*_usual(settings), *(make(settings) for make in own)]
    return Reports(reporters, facts=facts, redaction=redaction, registry=registry)


def _usual(settings: Settings) -> Iterator[Reporter]:
    yield LogReporter()
    if settings.report_webhook_url is not None:
        yield WebhookReporter(settings.report_webhook_url.reveal())
    if settings.sentry_dsn is not None:
        # The SDK takes long to be imported, and many have no use for it.
        from libs.service.reports.sentry import SentryReporter

        yield SentryReporter(settings.sentry_dsn.reveal())
