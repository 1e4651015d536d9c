"""What becomes of a service, as real processes, while what it stands on fails; docs/outages.md is its table.

Each row: what a client sees and how soon, that nothing that was accepted is lost, and that all goes on by
itself, in the same processes, once the fault is over.
"""

import json
import os
import signal
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest

from infra.local.throwaway import reserved_port
from libs.jwt import SigningKey, TokenIssuer
from libs.service import Service
from libs.service.testing import ISSUER, ISSUES, KEY, SECRET, bearer, environment, eventually, python_process
from tests.faults.proxy import Fault, Proxy, dynamodb_error, redis_error

HEALS_WITHIN = 20.0
"""Seconds: the circuit is open for two, and most rows take less than one; the rest is for a busy machine."""
ANSWERS_WITHIN = 15.0
"""Seconds: for a busy machine. That it is three by what is promised, tests of the limits of each part say."""

THROTTLED = dynamodb_error(400, "ProvisionedThroughputExceededException")
FAILING = dynamodb_error(500, "InternalServerError")
LOADING = redis_error("LOADING Redis is loading the dataset in memory")
FULL = redis_error("OOM command not allowed when used memory > 'maxmemory'.")


class Auth:
    """Stands for auth: its keys, and what is over; or nothing but 503, while it is `down`."""

    def __init__(self):
        self.down, self.asked = False, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked += 1
                keys, over = {"keys": [KEY.jwk]}, {"sid": [], "sub": {}, "jti": []}
                told = json.dumps(over if "revoked" in self.path else keys).encode()
                self.send_response(503 if outer.down else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @contextmanager
    def away(self):
        self.down = True
        yield
        self.down = False

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """todos: a web process, a worker and beat, between which and their servers there are proxies."""
    folder = tmp_path_factory.mktemp("faults")
    with ExitStack() as stack:
        real = environment("todos", cursor_secret=SECRET)
        database = Proxy(urlsplit(real["APP_DYNAMODB_ENDPOINT"]).port)
        redis = Proxy(urlsplit(real["APP_REDIS_URL"]).port)
        auth = Auth()
        for one in (database, redis, auth):
            stack.callback(one.close)
        service = Service.named("todos")
        tables = service.database(service.load_settings(real))
        tables.create_tables()
        stack.callback(tables.delete_tables)
        port = stack.enter_context(reserved_port())
        environ = {
            **real,
            "APP_DYNAMODB_ENDPOINT": f"http://127.0.0.1:{database.port}",
            "APP_REDIS_URL": f"redis://127.0.0.1:{redis.port}/0",
            "APP_JWKS_URL": f"{auth.url}/jwks.json",
            "APP_REVOCATIONS_URL": f"{auth.url}/revoked.json",
            "APP_PORT": str(port),
            "APP_WEB_WORKERS": "1",
            "APP_WORKER_CONCURRENCY": "1",
            "APP_TASK_SWEEP_SECONDS": "1",
            "APP_TASK_LEASE_SECONDS": "10",
        }
        log = stack.enter_context((folder / "log").open("w+b"))
        processes = {
            kind: stack.enter_context(python_process("-m", "libs.service", kind, environ=environ, output=log))
            for kind in ("web", "worker", "beat")
        }
        client = stack.enter_context(
            httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60)
        )
        made = World(client, SimpleNamespace(database=database, redis=redis, auth=auth), processes)
        try:
            made.goes_on()
            made.works_at_once()
            yield made
            made.ended()
        except BaseException:
            print((folder / "log").read_text(errors="replace")[-20_000:])
            raise


class World:
    def __init__(self, client, behind, processes):
        self.client, self.behind, self.processes = client, behind, processes
        self.headers = bearer(f"user-{uuid4().hex}", audience="todos")
        self.accepted, self.exports = {}, {}

    def send(self, method, path, **options):
        """Send a request; return the answer and the seconds it took."""
        started = time.monotonic()
        answer = self.client.request(method, path, **{"headers": self.headers, **options})
        return answer, time.monotonic() - started

    def create(self):
        title = uuid4().hex
        answer, took = self.send("POST", "/todos", json={"title": title})
        if answer.status_code == 201:
            self.accepted[answer.json()["id"]] = title
        return answer, took

    def export(self, during):
        """Ask for an export, as a user of its own: one may have so many a minute."""
        headers = bearer(f"user-{uuid4().hex}", audience="todos")
        answer, took = self.send("POST", "/todos/export", headers=headers)
        if answer.status_code == 202:
            self.exports[answer.headers["Location"]] = (during, headers)
        return answer, took

    def is_written(self, location):
        """Tell whether an export is; then it is forgotten."""
        _, headers = self.exports[location]
        answer, _ = self.send("GET", location, headers=headers)
        if answer.json()["status"] != "succeeded":
            return False
        del self.exports[location]
        return True

    def works_at_once(self):
        """Wait until a task is done as soon as it is accepted: for five seconds after a failure of the broker
        none is told of it, and the relay finds it later."""

        def soon():
            answer, _ = self.export("after a fault of Redis")
            with suppress(TimeoutError):
                return eventually(lambda: self.is_written(answer.headers["Location"]), seconds=1.5, every=0.1)
            return False

        eventually(soon, seconds=30)

    def kept(self):
        """Check that all that was accepted is there, and is it once."""
        found = []
        page = self.send("GET", "/todos", params={"limit": 100})[0]
        found += page.json()["items"] if isinstance(page.json(), dict) else page.json()
        titles = [one["title"] for one in found]
        assert set(self.accepted.values()) <= set(titles)
        assert len(titles) == len(set(titles))

    def goes_on(self):
        """Wait until what was asked for in vain is done, by the processes that were there before."""
        started = time.monotonic()

        def done():
            try:
                return self.create()[0].status_code == 201
            except httpx.TransportError:
                return False

        eventually(done, seconds=60 if not self.accepted else HEALS_WITHIN, every=0.1)
        return time.monotonic() - started

    def ended(self):
        """Wait until each export that was accepted, in all of the tests, is written."""

        def all_ended():
            for one in list(self.exports):
                self.is_written(one)
            return not self.exports

        try:
            eventually(all_ended, seconds=40, every=0.2)
        except TimeoutError:
            pytest.fail(f"accepted and never done: {sorted(during for during, _ in self.exports.values())}")

    def still_the_same(self):
        assert {kind: one.poll() for kind, one in self.processes.items()} == dict.fromkeys(self.processes)


def is_503(answer):
    assert answer.status_code == 503, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert answer.json()["code"]


DATABASE = {
    "slow by 0.3 s": (Fault(seconds=0.3), 201),
    "cut off": (Fault(cut=True), 503),
    "throttling": (Fault(reply=THROTTLED), 503),
    "answering 500": (Fault(reply=FAILING), 503),
    "stalled": (Fault(stall=True), 503),
}
REDIS = {
    "slow by 0.3 s": Fault(seconds=0.3),
    "stalled": Fault(stall=True),
    "cut off": Fault(cut=True),
    "loading": Fault(reply=LOADING),
    "full": Fault(reply=FULL),
}
# In turn: while those of DynamoDB run, the seconds pass in which nobody asks Redis again.
TURNS = [
    (kind, name) for pair in zip(REDIS, DATABASE, strict=True) for kind, name in zip("rd", pair, strict=True)
]


@pytest.mark.parametrize(
    ("kind", "name"), TURNS, ids=[f"{'Redis' if kind == 'r' else 'DynamoDB'} {name}" for kind, name in TURNS]
)
def test_a_server(world, kind, name):
    if kind == "r":
        redis(world, name)
    else:
        dynamodb(world, name)
    world.goes_on()
    world.kept()
    world.still_the_same()


def dynamodb(world, name):
    """Answers come in time, and say what they are; once the circuit has opened, at once."""
    fault, status = DATABASE[name]
    with world.behind.database.fault(fault):
        for _ in range(3):
            answer, took = world.create()
            assert took < ANSWERS_WITHIN
            if status == 503:
                is_503(answer)
            else:
                assert answer.status_code == status, answer.text
        alive, _ = world.send("GET", "/health/live")
        assert alive.status_code == 200, "a process that is restarted helps nobody"
        if name == "throttling":
            ready, _ = world.send("GET", "/health/ready")
            assert ready.status_code == 200, "it serves what is not throttled"
        if name == "stalled":
            eventually(lambda: world.create()[1] < 0.5, seconds=30)
            answer, took = world.create()
            if took < 1:  # else it was the probe
                is_503(answer)
            ready, _ = world.send("GET", "/health/ready")
            is_503(ready)
    if name == "stalled":
        world.goes_on()
        assert eventually(lambda: world.send("GET", "/health/ready")[0].status_code == 200)


def redis(world, name):
    """Requests go on without it, and tasks that are accepted meanwhile are done after it (`World.ended`)."""
    world.works_at_once()
    with world.behind.redis.fault(REDIS[name]):
        made, took = world.create()
        assert made.status_code == 201, made.text
        assert took < ANSWERS_WITHIN
        accepted, took = world.export(f"Redis {name}")
        assert accepted.status_code == 202, accepted.text
        assert took < ANSWERS_WITHIN * 2
        assert not world.is_written(accepted.headers["Location"]) or name == "slow by 0.3 s"


def test_dynamodb_loses_answers(world):
    """What is told as done is done, and once; where too much was sent again lately, some is a 503."""
    with world.behind.database.fault(Fault(lose=3)):
        for _ in range(9):
            answer, _ = world.create()
            if answer.status_code != 201:
                is_503(answer)
    world.goes_on()
    world.kept()
    world.still_the_same()


def test_where_every_tenth_answer_is_lost_no_write_is_doubled_or_refused(world):
    """Each kind of write of a resource that counts totals, on condition of what was seen before."""
    headers = bearer(f"user-{uuid4().hex}", audience="todos")

    def told(status, method, path, seen=None, **body):
        if_match = {} if seen is None else {"If-Match": seen.headers["ETag"]}
        options = {"json": body} if body else {}
        answer, _ = world.send(method, path, headers={**headers, **if_match}, **options)
        assert answer.status_code == status, f"{method}: {answer.text}"
        return answer

    left = {}
    world.goes_on()
    with world.behind.database.fault(Fault(lose=10)):
        for number in range(int(os.environ.get("WRITES", "8"))):
            title = uuid4().hex
            seen = told(201, "POST", "/todos", title=title, estimate=1)
            path = f"/todos/{seen.json()['id']}"
            seen = told(200, "PATCH", path, seen, notes=f"some {number}")
            seen = told(200, "PATCH", path, seen, done=True)
            seen = told(200, "PUT", path, seen, title=title, estimate=2)
            if number % 2:
                told(204, "DELETE", path, seen)
            else:
                left[title] = 2
    listed = told(200, "GET", "/todos?limit=100").json()
    items = listed["items"] if isinstance(listed, dict) else listed
    assert {one["title"]: one["estimate"] for one in items} == left
    assert len(items) == len(left)
    counted = told(200, "GET", "/todos/stats?fields=estimate").json()
    assert counted["stats"]["estimate"]["sum"] == 2 * len(left)


def test_auth_is_down(world):
    """Keys and revocations that are known go on being known; what only auth knows has to wait."""
    stranger = TokenIssuer(SigningKey.generate(), ISSUER)
    unknown = {"Authorization": f"Bearer {stranger.issue('eve', audience=['todos'], scopes=[])}"}
    with world.behind.auth.away():
        assert world.create()[0].status_code == 201
        asked = world.behind.auth.asked
        for _ in range(3):
            refused, took = world.send("GET", "/todos", headers=unknown)
            assert refused.status_code in (401, 503)
            assert took < ANSWERS_WITHIN
        assert world.behind.auth.asked - asked <= 3, "unknown keys do not make a storm of it"
    world.goes_on()
    world.still_the_same()


@pytest.mark.parametrize(("offset", "status"), [(-600, 401), (600, 401), (-20, 201), (3, 201)])
def test_a_clock_is_off(world, monkeypatch, offset, status):
    """Tokens of an auth whose clock is ten minutes off are refused, and no token is good for longer."""
    with monkeypatch.context() as patch:
        at = time.time() + offset
        patch.setattr(time, "time", lambda: at)
        token = ISSUES.issue("ada", audience=["todos"], scopes=[], expires_in=300)
    headers = {"Authorization": f"Bearer {token}"}
    answer, _ = world.send("POST", "/todos", json={"title": "x"}, headers=headers)
    assert answer.status_code == status, answer.text


def test_a_child_of_the_worker_is_killed_as_for_its_memory(world):
    """What was accepted is done by the child that takes its place (`World.ended`).

    The kernel sends this very signal, and tells nobody.
    """
    worker = world.processes["worker"].pid
    before = children(worker)
    assert before
    with world.behind.database.fault(Fault(seconds=0.2)):  # so that the task is under way
        assert world.export("a worker killed")[0].status_code == 202
        for child in before:
            os.kill(child, signal.SIGKILL)
    eventually(lambda: children(worker) and not set(children(worker)) & set(before))
    world.still_the_same()


def children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
