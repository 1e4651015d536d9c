"""The configuration file of supervisor, rendered from the programs of `environment`."""

import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from infra.local.environment import Program
from infra.local.errors import LocalError

# A worker finishes the task in its hands within 20 s or is killed; the task then runs again elsewhere.
STOP_SECONDS = 20
# What ends within 5 s of its start has not started: bad settings do not mend themselves, so it is given up
# after two more tries (`up` then says so at once). What ends later is started again for ever.
START_SECONDS = 5
START_RETRIES = 2
LOG_BYTES = "10MB"
LOG_BACKUPS = 2


def render(folder: Path, socket: Path, logs: Path, programs: Iterable[Program]) -> str:
    """The whole file. supervisord listens on a Unix socket that only its owner can open, on no port.

    `up` and `down` talk to it themselves; supervisorctl is for who stops a single program.
    """
    pid_file = folder / "supervisord.pid"
    head: dict[str, dict[str, object]] = {
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisorctl": {"serverurl": f"unix://{socket}"},
        "supervisord": {
            "logfile": logs / "supervisord.log",
            "logfile_maxbytes": LOG_BYTES,
            "logfile_backups": 1,
            "pidfile": pid_file,
            "directory": folder,
            "umask": "077",
            "nocleanup": "true",
        },
    }
    sections = [
        _section(name, {key: _value(str(value)) for key, value in keys.items()})
        for name, keys in head.items()
    ]
    sections += [
        _section(f"program:{program.name}", _program(program, logs, pid_file)) for program in programs
    ]
    return "\n\n".join(["; Written by `make up`: a change made here is lost.", *sections]) + "\n"


def _section(name: str, keys: dict[str, str]) -> str:
    return "\n".join([f"[{name}]", *(f"{key}={value}" for key, value in keys.items())])


def _program(program: Program, logs: Path, pid_file: Path) -> dict[str, str]:
    # Only the main process is told to stop: gunicorn and Celery wind down their children themselves, and a
    # task would be cut short if its child were told, too. What is left then is killed as a group.
    return {
        "command": shlex.join(map(_value, tethered(program.command, pid_file))),
        "directory": _value(str(program.folder)),
        "environment": ",".join(f'{name}="{_value(value)}"' for name, value in program.environment.items()),
        "autostart": "false",
        # Whatever ends is started again, but for what says that it cannot start (libs/service/__main__.py).
        "autorestart": "unexpected",
        "exitcodes": str(os.EX_CONFIG),
        "startsecs": str(START_SECONDS),
        "startretries": str(START_RETRIES),
        "stopwaitsecs": str(STOP_SECONDS),
        "stopasgroup": "false",
        "killasgroup": "true",
        "stdout_logfile": _value(str(logs / f"{program.name}.log")),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
        "redirect_stderr": "true",
    }


def tethered(command: list[str], pid_file: Path) -> list[str]:
    """`command`, told to end when supervisord is gone: else it would keep its port from the next `up`."""
    tether = str(Path(__file__).with_name("tether.py"))
    return [sys.executable, "-I", "-S", tether, "SIGTERM", str(pid_file), *command]


def _value(text: str) -> str:
    """Refuse what supervisor reads as something else; here that can only come from the clone's own path."""
    if any(sign in text for sign in ('"', "%", "\n", " ;", " #")):
        raise LocalError(
            f"supervisor cannot run from a path with \", %, ' ;' or ' #' in it ({text}): move it."
        )
    return text
