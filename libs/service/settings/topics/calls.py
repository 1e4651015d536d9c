"""How long calls of other services may take."""

from dataclasses import dataclass

from marshmallow.validate import Range

from libs.service.settings.declaring import setting


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """How long calls of other services may take."""

    call_connect_seconds: float = setting(
        1.0,
        Range(0.05, 3600),
        help="How long a call of another service waits for a connection.",
        unit="seconds",
    )
    call_read_seconds: float = setting(
        3.0,
        Range(0.05, 3600),
        help="How long it waits for each part of the answer.",
        unit="seconds",
    )
    call_total_seconds: float = setting(
        5.0,
        Range(0.05, 3600),
        help="How long it may take in all, with its retries.",
        unit="seconds",
    )
