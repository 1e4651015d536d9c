"""Reports to Sentry, by its SDK, of which nothing but the making of an event is used.

The SDK's integrations would hook into everything that is imported here and send what they find: bodies,
headers, local variables, lines of the log. None is on. An event is made of a report that is redacted already,
and what sends it is ours, so that how it went is known, and bounded.
"""

import os
import uuid
from datetime import UTC, datetime
from typing import Any

from sentry_sdk import Client
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from libs.errors.reporting import known
from libs.service.reports.reporter import ReportRefused, Told
from libs.service.reports.webhook import post

_CONTENT_TYPE = "application/x-sentry-envelope"


class _Post(Transport):
    """Sends each envelope at once, and raises where that fails."""

    def capture_envelope(self, envelope: Envelope) -> None:
        assert self.parsed_dsn is not None  # noqa: S101 - else no transport is made
        auth = self.parsed_dsn.to_auth("polymacaron")
        headers = {"Content-Type": _CONTENT_TYPE, "X-Sentry-Auth": auth.to_header()}
        post(auth.get_api_url(), envelope.serialize(), headers)


class SentryReporter:
    """Sends each report as an event.

    :param dsn: where to, as Sentry shows it: ``https://<key>@<host>/<project>``.
    """

    name = "sentry"

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._clients: dict[int, Client] = {}

    def send(self, told: Told) -> None:
        """Send it."""
        if self._client().capture_event(event_of(told)) is None:  # type: ignore[arg-type]
            raise ReportRefused(0)

    def _client(self) -> Client:
        # By process: the locks of one that was forked may be held for good.
        client = self._clients.get(os.getpid())
        if client is None:
            client = self._clients[os.getpid()] = Client(
                dsn=self._dsn,
                transport=_Post,
                default_integrations=False,
                auto_enabling_integrations=False,
                auto_session_tracking=False,
                attach_stacktrace=False,
                enable_backpressure_handling=False,
                include_local_variables=False,
                include_source_context=False,
                max_breadcrumbs=0,
                max_request_body_size="never",
                send_client_reports=False,
                # `send_default_pii` is off by default, and to be gone.
                spotlight=False,
            )
        return client


def event_of(told: Told) -> dict[str, Any]:
    """Return a report as an event (https://develop.sentry.dev/sdk/data-model/event-payloads/)."""
    request, caller, release = (told.get(name, {}) for name in ("request", "caller", "release"))
    task = told.get("task", {})
    place = task.get("name") or " ".join(filter(None, (request.get("method"), request.get("route"))))
    where = told.get("where", {})
    event = {
        "event_id": uuid.uuid4().hex,
        "timestamp": datetime.fromtimestamp(told["at"], UTC),
        "level": told["level"],
        "logger": "polymacaron",
        "logentry": {"formatted": told["title"]},
        "transaction": place or None,
        "server_name": told.get("host"),
        "environment": told.get("environment"),
        "release": _release(told.get("service"), release),
        "tags": known(
            {
                "kind": told["kind"],
                "code": told.get("code"),
                "service": told.get("service"),
                "request_id": told.get("request_id"),
                "error_id": told.get("error_id"),
            }
        ),
        "user": {"id": caller["subject"]} if caller else None,
        "request": known({"method": request.get("method"), "url": request.get("path")}) or None,
        "contexts": known(
            {
                "trace": _trace(told),
                "request": dict(request) or None,
                "caller": dict(caller) or None,
                "task": dict(task) or None,
                "release": dict(release) or None,
                "report": known({"count": told["count"], "where": _line(where)}),
            }
        ),
        "extra": {"data": told["data"]} if "data" in told else None,
    }
    if "error" in told:  # Sentry groups by the lines; the outermost exception is its last
        event["exception"] = {"values": [_exception(one) for one in reversed(told["error"])]}
    else:
        event["fingerprint"] = [told["kind"], told.get("code") or "", place, where.get("function", "")]
    return known(event)


def _release(service: str | None, release: Told) -> str | None:
    if "version" not in release:
        return None
    commit = f"+{release['commit']}" if "commit" in release else ""
    return f"{service}@{release['version']}{commit}"


def _trace(told: Told) -> dict[str, str] | None:
    if "trace_id" not in told:
        return None
    return {"trace_id": told["trace_id"], "span_id": told.get("span_id") or uuid.uuid4().hex[:16]}


def _line(where: Told) -> str | None:
    return f"{where['file']}:{where['line']} in {where['function']}" if where else None


def _exception(one: Told) -> dict[str, Any]:
    module, _, kind = one["type"].rpartition(".")
    frames = [
        {
            "filename": frame["file"],
            "function": frame["function"],
            "lineno": frame["line"],
            "in_app": frame["ours"],
        }
        for frame in one["frames"]
    ]
    return known({"type": kind, "module": module or None, "stacktrace": {"frames": frames}})
