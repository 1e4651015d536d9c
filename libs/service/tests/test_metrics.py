"""`/metrics`: who may ask, and that many processes count as one."""

import errno
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from prometheus_client import Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from werkzeug.test import Client

from infra.local.throwaway import reserved_port
from libs.service import Service, counting, metrics
from libs.service.metrics import PLACES, Metrics, listen, serve
from libs.service.processes.asking import metrics_listener
from libs.service.testing import ROOT, SECRET, environment, eventually, python_process
from libs.service.tests.scraping import look, until


@pytest.fixture
def counted() -> Metrics:
    """Metrics with one counter, at 2."""
    counted = Metrics()
    Counter("seen", "What was seen.", registry=counted.registry).inc(2)
    return counted


@pytest.fixture
def url(counted: Metrics) -> Iterator[str]:
    listener = listen("127.0.0.1", 0)
    assert listener is not None
    stop = serve(counted, listener)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    stop()


def test_it_is_prometheus_own_format_unless_openmetrics_is_asked_for(counted: Metrics) -> None:
    client = Client(counted.app)
    plain = client.get("/metrics")
    assert plain.status_code == 200
    assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "seen_total 2.0" in plain.text
    accept = "application/openmetrics-text; version=1.0.0"
    asked = client.get("/metrics", headers={"Accept": accept})
    assert asked.headers["Content-Type"].startswith(accept)
    assert asked.text.endswith("# EOF\n")


def test_all_is_told_whatever_is_asked_for(counted: Metrics) -> None:
    client = Client(counted.app)
    assert client.get("/metrics?name[]=seen_total").text == client.get("/metrics").text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 404), ("GET", "/ping", 404), ("POST", "/metrics", 405)]
)
def test_nothing_else_is_there(counted: Metrics, method: str, path: str, status: int) -> None:
    answer = Client(counted.app).open(path, method=method)
    assert answer.status_code == status
    assert "seen" not in answer.text


class Failing(Collector):
    """Asks what does not answer."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        raise OSError("redis://:hunter2@redis")


class Looked(Collector):
    """Looks up a number when it is asked."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("looked_up", "A number.", value=7)


def test_what_is_looked_up_is_told_beside_what_was_counted(counted: Metrics) -> None:
    counted.add(Looked())
    told = Client(counted.app).get("/metrics").text
    assert "looked_up 7.0" in told
    assert "seen_total 2.0" in told


def test_a_fault_is_told_without_its_text(counted: Metrics, caplog: pytest.LogCaptureFixture) -> None:
    counted.add(Failing())
    answer = Client(counted.app).get("/metrics")
    assert (answer.status_code, answer.text) == (500, "500 Internal Server Error\n")
    assert "metrics could not be told" in caplog.text


def test_it_is_answered_at_a_port_of_its_own(url: str) -> None:
    answer = httpx.get(f"{url}/metrics", trust_env=False)
    assert answer.status_code == 200
    assert "seen_total 2.0" in answer.text


def test_it_is_answered_at_an_address_of_ipv6(counted: Metrics) -> None:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("this machine has no IPv6")
    listener = listen("::1", 0)
    assert listener is not None
    stop = serve(counted, listener)
    answer = httpx.get(f"http://[::1]:{listener.getsockname()[1]}/metrics", trust_env=False)
    stop()
    assert "seen_total 2.0" in answer.text


def test_who_says_nothing_holds_a_place_for_a_moment_only(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics._Handler, "timeout", metrics._Handler.timeout / 5)
    address = httpx.URL(url)
    silent = [socket.create_connection((address.host, address.port or 0)) for _ in range(PLACES)]
    try:

        def turned_away() -> bool:
            try:
                httpx.get(f"{url}/metrics", trust_env=False)
            except httpx.TransportError:
                return True
            return False

        def answered() -> bool:
            return not turned_away()

        eventually(turned_away)
        eventually(answered)
    finally:
        for one in silent:
            one.close()


def test_who_says_a_byte_now_and_then_holds_no_place_for_longer(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics._Handler, "timeout", 0.5)
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port or 0), timeout=0.05) as slow:
        began = time.monotonic()
        while time.monotonic() < began + 10:
            try:
                slow.sendall(b"G")
                if not slow.recv(1):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert time.monotonic() - began < 5


def test_a_port_that_is_taken_costs_the_metrics_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert listen("127.0.0.1", taken.getsockname()[1]) is None
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


FORKING = """
import os, signal, sys
from prometheus_client import Counter, Histogram, generate_latest
from libs.service.metrics import Metrics

metrics = Metrics(shared=True)
counter = Counter("seen", "What was seen.", ["by"], registry=metrics.registry)
histogram = Histogram("took", "How long.", registry=metrics.registry, buckets=(1, 2))
counter.labels("parent").inc()

def child(*, killed=False):
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        for _ in range(10):
            counter.labels("child").inc()
        histogram.observe(1.5)
        os.write(writes, b"x")
        if killed:
            os.kill(os.getpid(), signal.SIGKILL)
        os.read(ends[0], 1)
        sys.exit(0)
    os.read(reads, 1)
    return pid

ends = os.pipe()
for _ in range(20):  # one after the other
    os.waitpid(child(killed=True), 0)
together = [child() for _ in range(3)]
print(generate_latest(metrics._answered).decode())
os.write(ends[1], b"xxx")
for pid in together:
    os.waitpid(pid, 0)
print("files", len([one for one in os.listdir(os.environ["PROMETHEUS_MULTIPROC_DIR"]) if "counter" in one]))
print("folder", os.environ["PROMETHEUS_MULTIPROC_DIR"])
"""


def said(tmp_path: Path, script: str, *arguments: str) -> tuple[list[str], str]:
    """What a process with a folder of temporary files of its own prints and logs."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines(), ended.stderr


@pytest.fixture
def forked(tmp_path: Path) -> list[str]:
    """What a process prints whose children count, some of them killed."""
    return said(tmp_path, FORKING)[0]


def test_what_processes_have_counted_is_added_up_also_of_those_that_were_killed(forked: list[str]) -> None:
    assert 'seen_total{by="parent"} 1.0' in forked
    assert 'seen_total{by="child"} 230.0' in forked
    assert 'took_bucket{le="1.0"} 0.0' in forked
    assert 'took_bucket{le="2.0"} 23.0' in forked
    assert "took_count 23.0" in forked


def test_there_are_no_more_files_than_processes_at_once(forked: list[str]) -> None:
    """The parent, and three children: each of the twenty before left its place to the next."""
    assert "files 4" in forked


def test_the_folder_goes_with_its_process(forked: list[str]) -> None:
    (folder,) = [line.split()[1] for line in forked if line.startswith("folder")]
    assert not Path(folder).exists()


def test_a_file_that_is_not_written_yet_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "counter_7.db").touch()
    assert list(counting.SharedCounters(tmp_path).collect()) == []


def test_all_that_is_mapped_of_a_file_has_its_room_on_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "counter_1.db"
    counts = counting._Counts(str(file))
    for n in range(2 * counting.FIRST_BYTES // 100):
        assert file.stat().st_blocks * 512 >= file.stat().st_size >= counting.FIRST_BYTES
        counts.write_value(f"{n:0100}", n, 0.0)
    assert file.stat().st_blocks * 512 >= file.stat().st_size > 2 * counting.FIRST_BYTES
    counts.close()
    again = counting._Counts(str(file))
    assert again.read_value(f"{7:0100}") == (7.0, 0.0)
    again.close()


def no_room(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


ALONE = """
import errno, os, sys
from prometheus_client import Counter, Gauge, generate_latest
from werkzeug.test import Client
from libs.service.metrics import Metrics

def refuse(*_):
    raise OSError(getattr(errno, sys.argv[1]), "")

metrics = Metrics(shared=True)
early = Counter("early", "What was counted before.", ["n"], registry=metrics.registry)
early.labels("1").inc()
os.posix_fallocate = refuse
late = Gauge("late", "What is of a file of its own.", registry=metrics.registry, multiprocess_mode="max")
late.set(7)
for n in range(1000):  # the file has to grow
    early.labels(str(n)).inc()
print(Client(metrics.app).get("/metrics").text)
"""


def alone(tmp_path: Path, fault: str) -> tuple[list[str], str]:
    """What a process tells of its metrics and logs where no room can be taken from some time on."""
    return said(tmp_path, ALONE, fault)


def test_on_a_full_disk_what_a_process_has_counted_is_told_and_what_it_counts_is_lost(tmp_path: Path) -> None:
    told, log = alone(tmp_path, "ENOSPC")
    assert 'early_total{n="0"} 1.0' in told
    assert 'early_total{n="999"} 1.0' not in told
    assert "late 7.0" not in told
    assert log.splitlines() == ["metrics: no room, what this process counts is lost"] * 2


@pytest.mark.parametrize("fault", ["EOPNOTSUPP", "EINVAL", "EBADF"])
def test_a_file_system_that_takes_no_room_beforehand_is_used_without(tmp_path: Path, fault: str) -> None:
    told, log = alone(tmp_path, fault)
    assert {'early_total{n="1"} 2.0', 'early_total{n="999"} 1.0', "late 7.0"} <= set(told)
    assert log == ""


def test_where_no_folder_can_be_made_a_process_counts_for_itself(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", no_room)
    alone = Metrics(shared=True)
    Counter("seen", "What was seen.", registry=alone.registry).inc(3)
    assert "seen_total 3.0" in Client(alone.app).get("/metrics").text
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_folders_of_killed_processes_are_removed_and_those_in_use_are_not(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * counting.YOUNG_SECONDS
    folders = {name: tmp_path / f"{counting.PREFIX}{name}" for name in ("used", "abandoned", "young")}
    for folder in folders.values():
        folder.mkdir()
        (folder / counting.PLACES).touch()
    for name in ("used", "abandoned"):
        os.utime(folders[name], (long_ago, long_ago))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"{counting.PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    hold = (
        "import sys; from pathlib import Path; from libs.service.counting import Places; "
        "Places(Path(sys.argv[1])).own(); Path(sys.argv[1], 'held').touch(); sys.stdin.read(); "
        "import time; time.sleep(60)"
    )
    with python_process("-c", hold, str(folders["used"]), environ={}):
        eventually(lambda: (folders["used"] / "held").exists())
        os.utime(folders["used"], (long_ago, long_ago))
        counting._remove_abandoned(tmp_path)
    assert {name for name, folder in folders.items() if folder.exists()} == {"used", "young"}
    assert elsewhere.exists()


ORPHAN = """
import os, sys, time
from libs.service.metrics import Metrics, listen, serve

serve(Metrics(), listen("127.0.0.1", int(sys.argv[1])))
if os.fork():
    os._exit(0)
time.sleep(60)
"""


def test_a_child_does_not_keep_the_port_when_its_parent_was_killed() -> None:
    """Such a child lives on for as long as its task does, and the worker is started again meanwhile."""
    with reserved_port() as port, python_process("-c", ORPHAN, str(port), environ={}) as process:
        assert process.wait(30) == 0
        os.killpg(process.pid, 0)  # the child is there
        again = listen("127.0.0.1", port)
        assert again is not None
        again.close()


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """The settings of an auth service with two web processes, whose tables they make themselves."""
    environ = environment(
        "auth",
        key_secret=SECRET,
        profiles_url="http://127.0.0.1:1",
        todos_url="http://127.0.0.1:1",
        mail_folder="unused",
        web_workers="2",
        create_tables="true",
    )
    yield environ
    service = Service.named("auth")
    service.database(service.load_settings(environ)).delete_tables()


def sign_up(client: httpx.Client, name: str) -> None:
    """Make a user, to whom a task sends a mail."""
    person = {"email": f"{name}@example.com", "password": "correct horse battery", "name": "Ada"}
    assert client.post("/auth/signup", json=person).status_code in {201, 202}


def test_every_web_process_tells_what_all_have_counted(environ: dict[str, str]) -> None:
    with reserved_port() as port, reserved_port() as http:
        environ.update(APP_PORT=str(http), APP_METRICS_PORT=str(port))
        base = f"http://127.0.0.1:{http}"
        with (
            python_process("-m", "libs.service", "web", environ=environ) as web,
            httpx.Client(base_url=base, trust_env=False, timeout=20) as client,
        ):

            def workers() -> set[int]:
                found = {child.pid for child in psutil.Process(web.pid).children()}
                return found if len(found) == 2 else set()

            until(port, "tasks_queued_total", "unknown", value=0)
            assert client.get("/metrics").status_code == 404, "the port of requests tells nobody"
            for name in ("one", "two", "three"):
                sign_up(client, name)
            mails = {key[1] for key, value in look(port).items() if key[0] == "tasks_queued_total" and value}
            assert len(mails) == 1
            before = eventually(workers)
            for _ in range(10):
                told = look(port)
                assert told["tasks_queued_total", *mails] == 3
            assert ("tasks_pending", "waiting", *mails) in told, "read from the table"
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            eventually(lambda: workers() and workers().isdisjoint(before))
            assert until(port, "tasks_queued_total", *mails, value=3)["tasks_queued_total", *mails] == 3


def test_the_web_processes_of_a_service_without_tasks_count_as_one(
    environ: dict[str, str], tmp_path: Path
) -> None:
    own = ("KEY_SECRET", "PROFILES_URL", "TODOS_URL", "MAIL_FOLDER", "CREATE_TABLES")
    others = {name: value for name, value in environ.items() if name.removeprefix("APP_") not in own}
    with reserved_port() as port, reserved_port() as http:
        ports = {"APP_PORT": str(http), "APP_METRICS_PORT": str(port)}
        told = {**others, **ports, "APP_SERVICE": "profiles", "TMPDIR": str(tmp_path)}
        with python_process("-m", "libs.service", "web", environ=told) as web:
            eventually(lambda: len(psutil.Process(web.pid).children()) == 2, seconds=60)
            eventually(lambda: answers(http))
            assert len(list(tmp_path.glob(f"{counting.PREFIX}*"))) == 1


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_metrics_where_requests_come_to_stop_the_start(environ: dict[str, str], tmp_path: Path) -> None:
    environ.update(APP_PORT="8080", APP_METRICS_PORT="8080")
    with (tmp_path / "told").open("w+b") as output:
        with python_process("-m", "libs.service", "web", environ=environ, output=output) as web:
            assert web.wait(60) == os.EX_CONFIG
        output.seek(0)
        assert b"APP_METRICS_PORT: Is that of requests, APP_PORT." in output.read()


def test_without_the_setting_there_are_none(environ: dict[str, str]) -> None:
    service = Service.named("auth")
    running = service.start(service.load_settings(environ))
    assert metrics_listener(running) is None
    assert running.settings.metrics_host == "127.0.0.1"
