"""A collector for tests: it takes OTLP as it has to be, says what is wrong with it, and can misbehave."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from libs.service.testing import eventually

_INT64 = re.compile(r"-?[0-9]{1,19}")


@dataclass
class Received:
    """A span as a collector has it.

    :ivar resource: what it comes from, and `attributes`: their values by name.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    name: str
    kind: int
    seconds: float
    attributes: dict[str, Any]
    failed: bool
    state: str | None
    resource: dict[str, Any]

    @property
    def service(self) -> str:
        return str(self.resource["service.name"])


@dataclass
class CollectorStub:
    """What has come, and how the next requests are answered.

    :ivar answers: a status, or a status, headers and a body, for each of the next requests; then 200.
    :ivar hold: while it is not set, requests hang.
    """

    endpoint: str = ""
    spans: list[Received] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    answers: list[int | tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    requests: int = 0
    hold: threading.Event = field(default_factory=threading.Event)

    def named(self, name: str) -> Received:
        """Return the one span of that name, once it is there."""
        (found,) = eventually(lambda: [one for one in self.spans if one.name == name])
        return found

    def of(self, trace_id: str) -> list[Received]:
        return [one for one in self.spans if one.trace_id == trace_id]


@contextmanager
def collecting() -> Iterator[CollectorStub]:
    """Run a collector for the length of a with-block; what it finds wrong is told at its end."""
    stub = CollectorStub()
    stub.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            stub.requests += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stub.hold.wait(30)
            answer = stub.answers.pop(0) if stub.answers else 200
            status, headers, told = answer if isinstance(answer, tuple) else (answer, {}, b"{}")
            if status == 200:
                try:
                    found = read_request(self.path, dict(self.headers), json.loads(body))
                except (AssertionError, KeyError, TypeError, ValueError) as error:
                    stub.faults.append(repr(error))
                else:
                    stub.headers.append(dict(self.headers))
                    stub.spans.extend(found)
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def handle(self) -> None:
            with suppress(OSError):  # whoever sent it did not wait for the answer
                super().handle()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub.endpoint = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield stub
    finally:
        stub.hold.set()
        server.shutdown()
        server.server_close()
    assert stub.faults == []


def read_request(path: str, headers: dict[str, str], body: Any) -> list[Received]:
    """Return the spans of an ExportTraceServiceRequest in JSON.

    https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

    :raises AssertionError: for what is not as it has to be.
    """
    assert path == "/v1/traces", path
    assert {name.lower(): value for name, value in headers.items()}["content-type"] == "application/json"
    found = []
    assert set(body) == {"resourceSpans"}, body
    for resource_spans in body["resourceSpans"]:
        resource = _attributes(resource_spans["resource"]["attributes"])
        assert isinstance(resource["service.name"], str)
        for scope_spans in resource_spans["scopeSpans"]:
            assert isinstance(scope_spans["scope"]["name"], str)
            found += [_span(one, resource) for one in scope_spans["spans"]]
    return found


def _span(one: dict[str, Any], resource: dict[str, Any]) -> Received:
    known = {
        *("traceId", "spanId", "parentSpanId", "traceState", "flags", "name", "kind", "status"),
        *("startTimeUnixNano", "endTimeUnixNano", "attributes"),
    }
    assert set(one) <= known, one
    assert re.fullmatch("(?!0{32})[0-9a-f]{32}", one["traceId"]), one
    assert re.fullmatch("(?!0{16})[0-9a-f]{16}", one["spanId"]), one
    assert re.fullmatch("(?!0{16})[0-9a-f]{16}", one.get("parentSpanId", one["spanId"])), one
    assert isinstance(one["name"], str), one
    assert one["name"], one
    assert one["kind"] in {1, 2, 3, 4, 5}, one
    assert isinstance(one["flags"], int), one
    assert one["flags"] & 1, one
    for name in ("startTimeUnixNano", "endTimeUnixNano"):
        assert isinstance(one[name], str), one
        assert one[name].isdigit(), one
    started, ended = int(one["startTimeUnixNano"]), int(one["endTimeUnixNano"])
    assert 1_600_000_000 * 10**9 < started <= ended < 2**63, one
    assert one.get("status") in (None, {"code": 2}), one
    return Received(
        one["traceId"],
        one["spanId"],
        one.get("parentSpanId"),
        one["name"],
        one["kind"],
        (ended - started) / 1e9,
        _attributes(one["attributes"]),
        "status" in one,
        one.get("traceState"),
        resource,
    )


def _attributes(told: list[dict[str, Any]]) -> dict[str, Any]:
    found = {}
    for one in told:
        assert set(one) == {"key", "value"}, one
        assert isinstance(one["key"], str), one
        assert one["key"] not in found, one
        ((kind, value),) = one["value"].items()
        if kind == "intValue":
            assert isinstance(value, str), one
            assert _INT64.fullmatch(value), one
            value = int(value)
        else:
            kinds: dict[str, type] = {"stringValue": str, "boolValue": bool, "doubleValue": float}
            # JSON has one kind of numbers: 1.0 may come as 1.
            assert isinstance(value, kinds[kind]) or (kind == "doubleValue" and type(value) is int), one
        found[one["key"]] = value
    return found
