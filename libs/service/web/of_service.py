"""The WSGI application of a service, as it is declared and told."""

from flask import Flask

from libs.api import AnswerCheck, ApiModels, Contract, Server
from libs.errors import Tracer
from libs.errors.redaction import Redaction
from libs.jwt import Identity
from libs.service.admission import Admission
from libs.service.limits import RateLimits
from libs.service.metrics.requests import RequestMetrics
from libs.service.problems import ProblemAnswers
from libs.service.protection.compression import Compression
from libs.service.protection.cors import Cors
from libs.service.protection.deadline import RequestDeadline
from libs.service.protection.security_headers import EXTENSION, SecurityHeaders
from libs.service.renewal import Renewal
from libs.service.reports import Reports, report_requests
from libs.service.settings import Settings
from libs.service.web.app import create_app
from libs.tasks import TaskRuntime


def web_app_of(
    name: str,
    settings: Settings,
    contract: Contract,
    identity: Identity,
    *,
    objects: ApiModels,
    problems: ProblemAnswers,
    rate_limits: RateLimits | None,
    tasks: TaskRuntime | None,
    reports: Reports,
    redaction: Redaction,
    metrics: RequestMetrics | None,
    tracer: Tracer,
) -> Flask:
    """Return the WSGI application of the service `name`.

    :param objects: what the bodies of the contract become.
    :param metrics: what counts requests; None where nobody asks.
    """
    trusted_proxies = settings.trusted_proxies
    server = Server(
        identity.authenticate,
        objects,
        answer_check=AnswerCheck.from_setting(settings.validate_answers),
        admit=Admission(Renewal(settings.token_renew_after_seconds), rate_limits),
    )
    security = SecurityHeaders(hsts_seconds=settings.hsts_seconds)
    app = create_app(
        name,
        contract,
        server,
        tasks=tasks,
        max_body_bytes=settings.max_body_bytes,
        cors=Cors.from_setting(settings.cors_origins),
        trusted_proxies=trusted_proxies,
        identity=identity,
        watchers=[
            report_requests(
                reports,
                redaction,
                slow_milliseconds=settings.slow_request_ms,
                trusted_proxies=trusted_proxies,
            ),
            *([] if metrics is None else [metrics.watch]),
            RequestDeadline(settings.request_seconds, trusted_proxies=trusted_proxies),
        ],
        tracer=tracer,
        redaction=redaction,
        problems=problems,
        middleware=[*([Compression] if settings.compress else []), security.around],
    )
    app.extensions[EXTENSION] = security
    return app
