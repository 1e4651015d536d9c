"""A real supervisord with two trivial programs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import paths, supervisor_config
from infra.local.environment import Program, base_environment
from infra.local.errors import LocalError
from infra.local.servers import wait_until
from infra.local.supervisord import SOCKET_PATH_LONGEST, Supervisord, is_running, socket_path

SLEEPS = [sys.executable, "-c", "import time; time.sleep(600)"]


def configure(daemon: Supervisord, *programs: Program) -> None:
    text = supervisor_config.render(daemon.folder, daemon.socket, daemon.folder, programs)
    paths.write_atomically(daemon.config, text)


def sleeper(daemon: Supervisord, name: str, colour: str = "red") -> Program:
    return Program(name, SLEEPS, {**base_environment(), "COLOUR": colour}, daemon.folder)


def started(daemon: Supervisord) -> dict[str, int]:
    """Both programs, running: their pids."""
    configure(daemon, sleeper(daemon, "one"), sleeper(daemon, "two"))
    daemon.start(base_environment())
    for name in ("one", "two"):
        daemon.start_program(name)
    assert wait_until(lambda: all(state.pid for state in daemon.states().values()), 10)
    return {name: state.pid for name, state in daemon.states().items()}


def test_from_start_to_end(daemon: Supervisord):
    assert not daemon.answers()
    assert daemon.pid() is None
    pids = started(daemon)
    assert daemon.answers()
    assert all(is_running(pid) for pid in pids.values())
    assert daemon.socket.stat().st_mode & 0o077 == 0

    daemon.stop(["one"])
    assert not is_running(pids["one"])
    assert is_running(pids["two"])

    server = daemon.pid()
    assert server is not None
    daemon.shut_down()
    assert not any(is_running(pid) for pid in (server, *pids.values()))
    assert not daemon.answers()


def test_a_single_program_is_stopped_by_supervisorctl(daemon: Supervisord):
    pids = started(daemon)
    control = [sys.executable, "-m", "supervisor.supervisorctl", "-c", str(daemon.config), "stop", "one"]
    done = subprocess.run(control, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "one: stopped\n"), done.stderr
    assert not is_running(pids["one"])
    assert is_running(pids["two"])


def test_reload_touches_what_has_changed_and_nothing_else(daemon: Supervisord):
    pids = started(daemon)
    assert daemon.reload() == []
    configure(daemon, sleeper(daemon, "one"), sleeper(daemon, "two", "blue"), sleeper(daemon, "three"))
    assert set(daemon.reload()) == {"two", "three"}
    assert daemon.states()["one"].pid == pids["one"]
    assert not is_running(pids["two"])
    configure(daemon, sleeper(daemon, "one"))
    assert daemon.reload() == []
    assert list(daemon.states()) == ["one"]


def test_programs_end_with_a_supervisord_that_is_killed_and_the_next_one_starts(daemon: Supervisord):
    pids = started(daemon)
    killed = daemon.pid()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    assert wait_until(lambda: not any(is_running(pid) for pid in pids.values()), 10), "see tether.py"
    assert daemon.pid() is None, "a pid file of a dead process means nothing"
    assert started(daemon).keys() == pids.keys()


def test_one_that_hangs_is_killed(daemon: Supervisord):
    pids = started(daemon)
    hung = daemon.pid()
    assert hung is not None
    daemon.kill()
    assert not is_running(hung)
    assert wait_until(lambda: not any(is_running(pid) for pid in pids.values()), 10)
    assert not daemon.socket.exists()


def test_the_pid_of_another_program_is_not_taken_for_it(daemon: Supervisord):
    daemon.pid_file.write_text(str(os.getpid()))
    assert daemon.pid() is None
    daemon.kill()  # and so this process lives on


def test_one_that_cannot_start_is_one_line(daemon: Supervisord):
    daemon.config.write_text("[supervisord]\nlogfile=/nowhere/at/all\n")
    with pytest.raises(LocalError, match="supervisord did not start: Error: ") as caught:
        daemon.start(base_environment())
    assert "\n" not in str(caught.value)


def test_asking_one_that_is_not_there_is_one_line(daemon: Supervisord):
    with pytest.raises(LocalError, match="supervisord does not answer"):
        daemon.states()


def test_a_socket_in_a_deep_folder_is_elsewhere(tmp_path: Path):
    deep = tmp_path.joinpath(*["a-rather-long-name"] * 10)
    assert len(str(socket_path(deep))) <= SOCKET_PATH_LONGEST
    assert socket_path(deep) == socket_path(deep)
    assert socket_path(deep) != socket_path(deep / "other")


FORKS = """
import os, signal, sys, time
child = os.fork()
def told(*_):
    with open("told", "a") as file:
        file.write("parent\\n" if child else "child\\n")
    if child:
        time.sleep(1)  # as a worker waits for what runs in its children
        os.kill(child, signal.SIGKILL)
        with open("told", "a") as file:
            file.write("ended\\n")
        sys.exit(0)
signal.signal(signal.SIGTERM, told)
with open("ready", "a") as file:
    file.write("x")
while True:
    time.sleep(60)
"""


def test_only_the_main_process_is_told_to_stop_and_has_time_for_it(daemon: Supervisord):
    script = daemon.folder / "forks.py"
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(FORKS)
    program = Program("worker", [sys.executable, str(script)], base_environment(), daemon.folder)
    configure(daemon, program)
    daemon.start(base_environment())
    daemon.start_program("worker")
    ready = daemon.folder / "ready"
    assert wait_until(lambda: ready.exists() and ready.read_text() == "xx", 10)
    daemon.stop(["worker"])
    assert (daemon.folder / "told").read_text().split() == ["parent", "ended"]
