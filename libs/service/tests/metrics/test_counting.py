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
        "import sys; from pathlib import Path; from libs.service.metrics.counting import Places; "
        "Places(Path(sys.argv[1])).own(); Path(sys.argv[1], 'held').touch(); sys.stdin.read(); "
        "import time; time.sleep(60)"
    )
    with python_process("-c", hold, str(folders["used"]), environ={}):
        eventually(lambda: (folders["used"] / "held").exists())
        os.utime(folders["used"], (long_ago, long_ago))
        counting._remove_abandoned(tmp_path)
    assert {name for name, folder in folders.items() if folder.exists()} == {"used", "young"}
    assert elsewhere.exists()
