"""Many processes count as one, also those that are killed, and whatever the disk does."""

import errno
import logging
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from prometheus_client import Counter
from werkzeug.test import Client

from libs.service.metrics import Metrics, counting
from libs.service.metrics.places import PLACES, Places
from libs.service.testing import ROOT, eventually, python_process

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


@pytest.fixture(scope="module")
def forked(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What a process prints whose children count, some of them killed."""
    return said(tmp_path_factory.mktemp("forked"), FORKING)[0]


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


LIVING = """
import os, signal, sys
from prometheus_client import Gauge, generate_latest
from libs.service.metrics import Metrics

metrics = Metrics(shared=True)
under_way = Gauge("under_way", "What is.", registry=metrics.registry, multiprocess_mode="livesum")
under_way.inc()

def child():
    reads, writes = os.pipe()
    pid = os.fork()
    if pid == 0:
        under_way.inc(10)
        os.write(writes, b"x")
        signal.pause()
    os.read(reads, 1)
    return pid

def told(when):
    text = generate_latest(metrics._answered).decode()
    (value,) = [line.split()[1] for line in text.splitlines() if line.startswith("under_way ")]
    living = len([line for line in text.splitlines() if line.startswith("process_start_time_seconds{")])
    print(when, value, living)

def kill(pid):
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)

first, second = child(), child()
told("two:")
kill(first)
told("one killed:")
third = child()
told("another one in its place:")
kill(second)
kill(third)
told("none:")
"""


def test_gauges_of_what_is_alive_are_gone_with_their_process(tmp_path: Path) -> None:
    """A killed process takes back nothing that it has added, and the next one in its place begins at zero."""
    told, _ = said(tmp_path, LIVING)
    assert told == ["two: 21.0 3", "one killed: 11.0 2", "another one in its place: 21.0 3", "none: 1.0 1"]


FORKED_WHILE_COUNTING = """
import os, signal, sys, threading
from prometheus_client import Counter
from libs.service.metrics import Metrics

metrics = Metrics(shared=True)
counter = Counter("seen", "What was seen.", registry=metrics.registry)
ended = threading.Event()

def count():
    while not ended.is_set():
        counter.inc()

threads = [threading.Thread(target=count) for _ in range(3)]
for one in threads:
    one.start()
lost = 0
for _ in range(60):
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)
        counter.inc()
        os._exit(0)
    lost += os.waitpid(pid, 0)[1] != 0
ended.set()
for one in threads:
    one.join()
print("lost", lost)
"""


def test_a_process_may_be_forked_while_its_parent_counts(tmp_path: Path) -> None:
    told, _ = said(tmp_path, FORKED_WHILE_COUNTING)
    assert told == ["lost 0"]


def test_places_tell_who_lives_and_looking_takes_none(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert places.living() == {0: os.getpid()}
    hold = (
        "import sys; from pathlib import Path; from libs.service.metrics.places import Places; "
        "print(Places(Path(sys.argv[1])).own(), flush=True); sys.stdin.read(); import time; time.sleep(60)"
    )
    with (
        (tmp_path / "said").open("wb") as output,
        python_process("-c", hold, str(tmp_path), environ={}, output=output) as other,
    ):
        eventually(lambda: (tmp_path / "said").read_text() == "1\n")
        for _ in range(3):
            assert places.living() == {0: os.getpid(), 1: other.pid}
        for says in ("1\n2\n", "1\n2\n2\n"):
            with python_process("-c", hold, str(tmp_path), environ={}, output=output):
                eventually(lambda says=says: (tmp_path / "said").read_text() == says)
            eventually(lambda: set(places.living()) == {0, 1})
    eventually(lambda: places.living() == {0: os.getpid()})


def test_a_file_that_is_not_written_yet_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "counter_7.db").touch()
    assert list(counting.SharedCounters(tmp_path, Places(tmp_path)).collect()) == []


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
        (folder / PLACES).touch()
    for name in ("used", "abandoned"):
        os.utime(folders[name], (long_ago, long_ago))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / f"{counting.PREFIX}link").symlink_to(elsewhere, target_is_directory=True)
    hold = (
        "import sys; from pathlib import Path; from libs.service.metrics.places import Places; "
        "Places(Path(sys.argv[1])).own(); Path(sys.argv[1], 'held').touch(); sys.stdin.read(); "
        "import time; time.sleep(60)"
    )
    with python_process("-c", hold, str(folders["used"]), environ={}):
        eventually(lambda: (folders["used"] / "held").exists())
        os.utime(folders["used"], (long_ago, long_ago))
        counting._remove_abandoned(tmp_path)
    assert {name for name, folder in folders.items() if folder.exists()} == {"used", "young"}
    assert elsewhere.exists()
