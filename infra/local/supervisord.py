"""Talking to supervisord, the one parent of all programs of native mode."""

import os
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

import psutil
from supervisor.xmlrpc import SupervisorTransport

from infra.local.errors import LocalError
from infra.local.servers import wait_until

SOCKET_PATH_LONGEST = 100  # sockaddr_un holds 108 bytes on Linux, 104 on macOS


@dataclass(frozen=True)
class State:
    """What supervisor knows of a program."""

    name: str
    state: str  # STOPPED STARTING RUNNING BACKOFF STOPPING EXITED FATAL UNKNOWN
    pid: int
    description: str

    @property
    def is_up(self) -> bool:
        """Whether it runs, or is about to."""
        return self.state in ("STARTING", "RUNNING", "BACKOFF")

    @property
    def is_down(self) -> bool:
        """Whether no process of it is left."""
        return self.state in ("STOPPED", "EXITED", "FATAL", "UNKNOWN")


class Supervisord:
    """The supervisord of one folder, running or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config = folder / "supervisord.conf"
        self.pid_file = folder / "supervisord.pid"
        self.socket = socket_path(folder)

    def _call(self, method: str, *arguments: Any) -> Any:
        """One XML-RPC call: xmlrpc.client.Fault when it is refused, LocalError when nobody takes it."""
        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, HTTPException, xmlrpc.client.ProtocolError) as error:
            raise LocalError(f"supervisord does not answer ({error}): `make down`, then `make up`.") from None
        finally:
            transport.close()

    def answers(self) -> bool:
        """Whether it is running and takes orders."""
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except LocalError:
            return False

    def pid(self) -> int | None:
        """Its pid, if a supervisord with our configuration is running, whether it answers or not."""
        with suppress(OSError, ValueError):
            pid = int(self.pid_file.read_text())
            if str(self.config) in command_line(pid):
                return pid
        return None

    def start(self, environment: dict[str, str]) -> None:
        """Start it in the background, no program running yet. Raises LocalError if it does not answer."""
        self.kill()  # one that hangs, or was cut short
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self.config)]
        done = subprocess.run(
            command,
            env=environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        if done.returncode != 0 or not wait_until(self.answers, 15):
            said = (done.stdout + done.stderr).strip().splitlines()
            raise LocalError(f"supervisord did not start: {said[0] if said else 'it does not answer'}")

    def reload(self) -> list[str]:
        """Take over the configuration file; return the programs that are new or changed (and stopped now)."""
        ((added, changed, removed),) = self._call("reloadConfig")
        self.stop([*changed, *removed])
        for name in [*changed, *removed]:
            self._call("removeProcessGroup", name)
        for name in [*added, *changed]:
            self._call("addProcessGroup", name)
        return [*added, *changed]

    def states(self) -> dict[str, State]:
        """Every program by its name."""
        infos: list[dict[str, Any]] = self._call("getAllProcessInfo")
        return {
            info["name"]: State(info["name"], info["statename"], info["pid"], info["description"])
            for info in infos
        }

    def start_program(self, name: str) -> None:
        """Start a program that is not running; does not wait for it."""
        self._call("startProcess", name, False)

    def stop(self, names: list[str]) -> None:
        """Stop these programs at the same time and wait until they are gone."""
        states = self.states()
        for name in names:
            if name in states and not states[name].is_down and states[name].state != "STOPPING":
                with suppress(xmlrpc.client.Fault):  # it ended in between
                    self._call("stopProcess", name, False)
        while any(name in names and not state.is_down for name, state in self.states().items()):
            time.sleep(0.1)

    def shut_down(self) -> None:
        """End supervisord itself, and with it whatever still runs under it; returns when it is gone."""
        pid = self.pid()
        with suppress(LocalError, xmlrpc.client.Fault):
            self._call("shutdown")
        if pid is None or not wait_until(lambda: not is_running(pid), 40):
            self.kill()

    def kill(self) -> None:
        """End a supervisord that does not answer; its programs end with it (tether.py)."""
        for signal in (SIGTERM, SIGKILL):
            pid = self.pid()
            if pid is None:
                break
            with suppress(ProcessLookupError):
                os.kill(pid, signal)
            wait_until(lambda pid=pid: not is_running(pid), 30)  # type: ignore[misc]
        self.pid_file.unlink(missing_ok=True)
        self.socket.unlink(missing_ok=True)


def socket_path(folder: Path) -> Path:
    """The socket in `folder`, or in the temporary folder where that path is too long for the system."""
    socket = folder / "supervisord.sock"
    if len(os.fsencode(socket)) <= SOCKET_PATH_LONGEST:
        return socket
    short = Path(tempfile.gettempdir(), f"polymacaron-{os.getuid()}")
    short.mkdir(mode=0o700, exist_ok=True)
    if short.stat().st_uid != os.getuid() or short.stat().st_mode & 0o077:
        raise LocalError(f"{short} is not yours alone, and no socket can be made there: remove it.")
    return short / f"{sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"


def is_running(pid: int) -> bool:
    """Whether a process of this pid exists (and is no zombie)."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def command_line(pid: int) -> str:
    """The command line of a process, "" if it is gone or somebody else's."""
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ""
