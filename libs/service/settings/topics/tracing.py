"""What traces are, and where they go."""

from dataclasses import dataclass

from marshmallow.validate import Range

from libs.service.settings.declaring import Secret, setting
from libs.service.settings.validators import readable, service_url
from libs.service.tracing.headers import read_headers


@dataclass(frozen=True, kw_only=True)
class TracingSettings:
    """What traces are, and where they go."""

    otlp_endpoint: str | None = setting(
        None,
        service_url,
        help="The collector that [traces](watching.md#traces) are sent to by OTLP (HTTP, JSON): "
        "`http://collector:4318`, to which `/v1/traces` is added. Nothing is recorded if absent; "
        "`traceparent` is passed on all the same.",
    )
    otlp_headers: Secret | None = setting(
        None,
        readable(read_headers),
        help="Headers sent to it: `api-key=…,x-tenant=shop`, percent-encoded.",
    )
    trace_sample: float = setting(
        0.01,
        Range(0, 1),
        help="The share of traces that is recorded, of those that begin here: 0 to 1. For others, whoever "
        "began them has decided.",
    )
