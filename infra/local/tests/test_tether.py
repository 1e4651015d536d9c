"""A tethered program gets its signal when its parent dies, in both ways of seeing to it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.servers import wait_until
from infra.local.supervisord import is_running

TETHER = Path(__file__).parents[1] / "tether.py"
# Runs tether.py as it is, on the system that it is told it runs on.
ON = """
import runpy, sys
sys.platform = sys.argv.pop(1)
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
PARENT = """
import os, subprocess, sys, time
on, platform, tether, pid = sys.argv[1:5]
tethered = [sys.executable, "-c", on, platform, tether, "SIGTERM", pid.replace("mine", str(os.getpid()))]
sleep = [sys.executable, "-c", "import time; print('started', flush=True); time.sleep(60)"]
print(subprocess.Popen([*tethered, *sleep]).pid, flush=True)
time.sleep(60)
"""


def start(platform: str, pid: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PARENT, ON, platform, str(TETHER), pid]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("platform", [sys.platform, "any other"])
def test_it_ends_with_its_parent(platform: str):
    with start(platform, "mine") as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert parent.stdout.readline() == "started\n"
        assert is_running(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()  # a zombie would still count as there
        assert wait_until(lambda: not is_running(child), 10)


def test_it_does_not_start_under_another_parent(tmp_path: Path):
    (tmp_path / "pid").write_text(f"{os.getpid()}\n")
    with start(sys.platform, str(tmp_path / "pid")) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert wait_until(lambda: not is_running(child), 10)
        parent.kill()
        assert parent.stdout.read() == ""
