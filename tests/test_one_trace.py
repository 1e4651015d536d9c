"""One trace from a sign-up through auth, its task in a Celery worker, and profiles: as processes, over HTTP.

All spans are sent by processes that are told to end.
"""

import json
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.throwaway import reserved_port
from libs.errors import SpanKind
from libs.service import Service
from libs.service.testing import SECRET, environment, eventually
from libs.service.tests.tracing.collecting import CollectorStub, Received, collecting
from libs.service.tests.workers.forking import Forked, forking

RUN = """
import sys
from libs.service.__main__ import main
from libs.service.tracing.exporter import Exporter
Exporter.__init__.__kwdefaults__["every"] = 600.0
sys.exit(main(sys.argv[1:]))
"""
"""A process that sends no span before it is told to end: what has come was sent by its end."""
TASK = "services.auth.accounts.tasks.create_profile"
EVERYTHING = {"trace_sample": "1", "create_tables": "true", "web_workers": "1"}


@dataclass
class Stack:
    """The processes, and what they say."""

    auth: httpx.Client
    collector: CollectorStub
    processes: list[Forked]
    folder: Path

    def sign_up(self, **headers: str) -> Any:
        account = {"email": f"{secrets.token_hex(8)}@example.com", "password": "correct horse battery"}
        answer = self.auth.post("/auth/signup", json={**account, "name": "Ada"}, headers=headers)
        assert answer.status_code == 201, answer.text
        return answer

    def logged(self, **members: str) -> list[dict[str, Any]]:
        """Return the lines of all processes that have these members."""
        lines = [
            json.loads(line) for line in (self.folder / "log").read_text().splitlines() if line[:1] == "{"
        ]
        return [one for one in lines if members.items() <= one.items()]

    def stop(self) -> None:
        """Have all processes end, as a deployment does."""
        for one in self.processes:
            one.send_signal(signal.SIGTERM)
        assert [one.wait(30) for one in self.processes] == [0] * len(self.processes)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with ExitStack() as around:
        auth_port, profiles_port = (around.enter_context(reserved_port()) for _ in range(2))
        collector = around.enter_context(collecting())
        auth_url = f"http://127.0.0.1:{auth_port}"
        auth = environment(
            "auth",
            **EVERYTHING,
            otlp_endpoint=collector.endpoint,
            port=str(auth_port),
            key_secret=SECRET,
            email_verification="optional",
            mail_folder=str(tmp_path / "mail"),
            profiles_url=f"http://127.0.0.1:{profiles_port}",
            todos_url="http://127.0.0.1:1",
            worker_concurrency="1",
        )
        profiles = environment(
            "profiles",
            **EVERYTHING,
            otlp_endpoint=collector.endpoint,
            port=str(profiles_port),
            jwks_url=f"{auth_url}/.well-known/jwks.json",
        )
        forks = around.enter_context(forking())
        log = around.enter_context((tmp_path / "log").open("ab"))

        def start(process: str, environ: dict[str, str]) -> Forked:
            return around.enter_context(forks.process(RUN, process, environ=environ, output=log))

        for environ in (auth, profiles):
            around.callback(delete_tables, environ)
        web = start("web", auth)
        client = around.enter_context(httpx.Client(base_url=auth_url, trust_env=False, timeout=30))
        eventually(lambda: answers(client.base_url), seconds=60, every=0.1)
        others = [start("web", profiles), start("worker", auth)]
        eventually(lambda: answers(httpx.URL(auth["APP_PROFILES_URL"])), seconds=60, every=0.1)
        yield Stack(client, collector, [web, *others], tmp_path)


def answers(url: httpx.URL) -> bool:
    try:
        return httpx.get(url.join("/health/ready"), trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def delete_tables(environ: dict[str, str]) -> None:
    service = Service.named(environ["APP_SERVICE"])
    service.database(service.load_settings(environ)).delete_tables()


def find(spans: list[Received], of: Callable[[Received], bool]) -> Received:
    (found,) = [one for one in spans if of(one)]
    return found


def test_a_sign_up_its_task_and_what_that_calls_are_one_trace(stack: Stack) -> None:
    collector, root = stack.collector, "POST /auth/signup"
    unsampled, sampled = ("a" * 32, "b" * 16), ("c" * 32, "d" * 16)
    not_recorded = stack.sign_up(traceparent=f"00-{'-'.join(unsampled)}-00")
    stack.sign_up(traceparent=f"00-{'-'.join(sampled)}-01", tracestate="shop=1")
    answer = stack.sign_up()
    request_id = answer.headers["X-Request-ID"]

    def done() -> list[dict[str, Any]]:
        ended = stack.logged(event="task ended", task=TASK)
        return (
            ended
            if {one["request_id"] for one in ended}
            >= {
                request_id,
                not_recorded.headers["X-Request-ID"],
            }
            else []
        )

    eventually(done, seconds=60, every=0.05)
    last = stack.sign_up()  # nobody waits for it: what of it is recorded is sent by processes that end
    stack.stop()

    spans = collector.spans
    ours = find(spans, lambda one: one.name == root and one.attributes["request.id"] == request_id)
    trace = collector.of(ours.trace_id)
    produced = find(trace, lambda one: one.name == f"publish {TASK}")
    consumed = find(trace, lambda one: one.name == f"process {TASK}")
    calls = [one for one in trace if one.kind == SpanKind.CLIENT and one.parent_id == consumed.span_id]
    called = find(calls, lambda one: one.attributes.get("peer.service") == "profiles")
    served = find(trace, lambda one: one.service == "profiles" and one.kind == SpanKind.SERVER)
    written = [one for one in trace if one.parent_id == served.span_id and one.name.startswith("DynamoDB.")]

    assert (ours.parent_id, ours.service, ours.kind) == (None, "auth", SpanKind.SERVER)
    assert (produced.parent_id, produced.kind) == (ours.span_id, SpanKind.PRODUCER)
    assert (consumed.parent_id, consumed.kind) == (produced.span_id, SpanKind.CONSUMER)
    assert consumed.resource["process.pid"] != produced.resource["process.pid"], "it ran in a worker"
    assert consumed.attributes["messaging.message.id"] == produced.attributes["messaging.message.id"]
    assert served.parent_id == called.span_id, "the traceparent sent names the call"
    assert written
    assert written[0].attributes["aws.dynamodb.consumed_capacity_units"] > 0
    assert written[0].attributes["db.collection.name"].endswith("profiles")
    ids = {one.span_id for one in trace}
    assert [one for one in trace if one.parent_id not in ids] == [ours], (
        "each is a part of another but the first"
    )
    assert len(ids) == len(trace)
    assert {one.attributes["request.id"] for one in (ours, consumed, served)} == {request_id}
    assert not any(one.failed for one in (ours, produced, consumed, called, served))

    assert collector.of(unsampled[0]) == [], "whoever began the trace has decided"
    theirs = collector.of(sampled[0])
    assert find(theirs, lambda one: one.name == root).parent_id == sampled[1]
    assert {"auth", "profiles"} == {one.service for one in theirs}
    assert {one.state for one in theirs} == {"shop=1"}, "through the row of the task, too"

    assert find(
        spans,
        lambda one: one.attributes.get("request.id") == last.headers["X-Request-ID"] and one.name == root,
    )
    assert_nothing_is_told(spans)
    line = stack.logged(event="request", request_id=request_id, service="profiles")[0]
    assert (line["trace_id"], line["span_id"]) == (served.trace_id, served.span_id)
    assert line["dynamodb_calls"] == len(written)
    assert line["subject"]


def assert_nothing_is_told(spans: list[Received]) -> None:
    """No span has what a request brought, or what is stored."""
    told = str([(one.name, one.attributes) for one in spans])
    for secret in ("correct horse", "@example.com", "Bearer", "eyJ"):
        assert secret not in told
