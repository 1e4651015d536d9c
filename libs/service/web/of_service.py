"""The WSGI application of a service, as it is declared and told."""

from typing import TYPE_CHECKING

from flask import Flask

from libs.api import AnswerCheck, Server
from libs.service.admission import Admission
from libs.service.limits import Counters, RateLimits
from libs.service.protection.compression import Compression
from libs.service.protection.cors import Cors
from libs.service.protection.deadline import RequestDeadline
from libs.service.protection.security_headers import EXTENSION, SecurityHeaders
from libs.service.renewal import Renewal
from libs.service.reports import report_requests
from libs.service.settings import SettingsError
from libs.service.web.app import create_app

if TYPE_CHECKING:
    from libs.service.running import Running


def web_app_of(running: "Running") -> Flask:
    """Return the WSGI application.

    :raises ContractError: naming everything that is wrong with the contract or its handlers.
    :raises SettingsError: if the contract needs what the settings do not name.
    """
    settings, trusted_proxies = running.settings, running.settings.trusted_proxies
    server = Server(
        running.identity.authenticate,
        running.service.objects().completed(running.contract.document),
        answer_check=AnswerCheck.from_setting(settings.validate_answers),
        admit=Admission(Renewal(settings.token_renew_after_seconds), running.rate_limits),
    )
    security = SecurityHeaders(hsts_seconds=settings.hsts_seconds)
    app = create_app(
        running.service.name,
        running.contract,
        server,
        tasks=running.tasks,
        max_body_bytes=settings.max_body_bytes,
        cors=Cors.from_setting(settings.cors_origins),
        trusted_proxies=trusted_proxies,
        identity=running.identity,
        watchers=[
            report_requests(
                running.reports,
                running.redaction,
                slow_milliseconds=settings.slow_request_ms,
                trusted_proxies=trusted_proxies,
            ),
            *([running.metrics.requests.watch] if running.metrics.asked else []),
            RequestDeadline(settings.request_seconds, trusted_proxies=trusted_proxies),
        ],
        tracer=running.tracing.tracer,
        redaction=running.redaction,
        problems=running.service.problems(),
        middleware=[*([Compression] if settings.compress else []), security.around],
    )
    app.extensions[EXTENSION] = security
    return app


def rate_limits_of(running: "Running") -> RateLimits | None:
    """Return what counts requests; None if the contract limits none, or that is switched off.

    :raises SettingsError: if there is no Redis to count in.
    """
    settings = running.settings
    limited = next((one for one in running.contract.operations if one.limits), None)
    if limited is None or not settings.rate_limits:
        return None
    if settings.redis_url is None:
        raise SettingsError(
            f"APP_REDIS_URL: Missing; {limited.method} {limited.path} has a limit (x-rate-limit)."
        )
    prefix = f"{settings.table_prefix}{running.service.name}:limits"
    counters = Counters(settings.redis_url.reveal(), key_prefix=prefix)
    counters.watch(running.metrics.pool("redis:limits", None))
    return RateLimits(counters)
