"""What traces cost a request, in microseconds: ``python -m bench.tracing``.

A request here is what is around one and nothing else: a server span, a call of another service, three of the
database, and a part of its own. What is recorded goes into the queue and from there nowhere, so that this is
the cost to the request and not that of the thread that sends. On a machine that does other things, too, the
ratios of one run are what to look at.
"""

import time
from collections.abc import Callable, Mapping, Sequence

from libs.api.clients.spans import call_span
from libs.dynamodb import Call
from libs.errors import Span, Tracer, current_trace, monitor
from libs.service.tracing.dynamodb import dynamodb_span
from libs.service.tracing.exporter import Exporter
from libs.service.tracing.server import ServerSpans
from libs.service.web.exchange import Exchange

ROUNDS = 7
REQUESTS = 5_000
ENVIRON = {"REQUEST_METHOD": "GET", "wsgi.url_scheme": "http", "HTTP_HOST": "bench"}


class Nowhere:
    """Takes spans, and has them sent at once."""

    def send(self, spans: Sequence[Span], pause: Callable[[float], bool]) -> int:
        return len(spans)

    def close(self) -> None:
        """Have nothing to close."""


def request(watch: ServerSpans) -> None:
    """Do what is watched of a request, and nothing that takes time."""
    exchange = Exchange(dict(ENVIRON), "GET", "/todos/1", "request-1234", route="/todos/{id}", status=200)
    with watch(exchange):
        for _ in range(3):
            call = Call("GetItem", ("todos",), capacity={"todos": 0.5})
            with dynamodb_span(call):
                pass
        with monitor(kind="cart", method="price"):
            pass
        with call_span("profiles", "GET", "/profiles/{id}", "http://profiles:8080"):
            current_trace()


def untraced() -> None:
    """Do the same without anybody who watches."""
    Exchange(dict(ENVIRON), "GET", "/todos/1", "request-1234", route="/todos/{id}", status=200)
    for _ in range(3):
        Call("GetItem", ("todos",), capacity={"todos": 0.5})


def cases() -> dict[str, Callable[[], None]]:
    """Return what is measured, by name."""

    def traced(tracer: Tracer) -> Callable[[], None]:
        watch = ServerSpans(tracer)
        return lambda: request(watch)

    exporter = Exporter(Nowhere, most_waiting=10**9)
    return {
        "off": traced(Tracer()),
        "1 %": traced(Tracer(exporter, share=0.01)),
        "100 %": traced(Tracer(exporter, share=1)),
    }


def measured(measure: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    """Return the microseconds of CPU of this thread that each takes, at best of some rounds."""
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for name, call in measure.items():
            started = time.thread_time_ns()
            for _ in range(REQUESTS):
                call()
            took = (time.thread_time_ns() - started) / REQUESTS / 1000
            best[name] = min(best.get(name, took), took)
    return best


if __name__ == "__main__":
    found = measured({"untraced": untraced, **cases()})
    least = found.pop("untraced")
    for name, microseconds in found.items():
        print(f"{name:>6}: {microseconds - least:6.1f} µs a request")
