"""What a request may take and use, and what protects its answer."""

from dataclasses import dataclass

from marshmallow.validate import Range

from libs.service.settings.declaring import setting


@dataclass(frozen=True, kw_only=True)
class ProtectionSettings:
    """What a request may take and use, and what protects its answer."""

    request_seconds: float = setting(
        10.0,
        Range(0.1, 3600),
        help="What a request may take from when it has come, the time its body takes not counted: after it, "
        "nothing more is begun for it, nobody is waited for, and the answer is a 503 "
        "[`DEADLINE_EXCEEDED`](protection.md#deadlines).",
        unit="seconds",
    )
    web_queue: int = setting(
        32,
        Range(0, 10_000),
        help="How many requests may wait for a thread in each web process; more are answered at once with a "
        "503 [`OVERLOADED`](protection.md#overload).",
    )
    web_queue_seconds: float = setting(
        5.0,
        Range(0.05, 600),
        help="How long each of them may wait before it gets the same answer: later nobody waits for it.",
        unit="seconds",
    )
    request_line_bytes: int = setting(
        8190,
        Range(512, 8190),
        help="How long the first line of a request may be: method, path and query; 414 if it is longer.",
        unit="bytes",
    )
    header_bytes: int = setting(
        8190,
        Range(1024, 65536),
        help="How long one header of a request may be; 431 if it is longer.",
        unit="bytes",
    )
    header_count: int = setting(
        100, Range(20, 1000), help="How many headers a request may have; 431 if it has more."
    )
    hsts_seconds: int = setting(
        0,
        Range(0, 315_360_000),
        help="How long browsers shall come by https only once they have (`Strict-Transport-Security`): "
        "31536000 where the service is reached by https and nothing else; 0 leaves the header out.",
        unit="seconds",
    )
    compress: bool = setting(
        True,
        help="Whether answers are [compressed](protection.md#compression) for clients that take that; `off` "
        "where a proxy in front does it.",
    )
