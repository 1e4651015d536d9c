"""Whether what was started is ready, and if not, why not."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

from infra.local.environment import Program
from infra.local.ports import HOST, Ports
from infra.local.supervisord import State

ALIVE_SECONDS = 60  # a worker or beat that did no round for so long is unhealthy
LOCAL_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy


def why_not_ready(program: Program, state: State | None, ports: Ports) -> str | None:
    """None if the program is ready, else the reason in a few words."""
    if state is None or not state.is_up:
        return "it is not running"
    if state.state == "BACKOFF":
        return "it ends as soon as it is started"
    if program.alive_file is not None:
        return _why_not_alive(program.alive_file)
    return why_service_not_ready(ports.of(program.name))


def why_service_not_ready(port: int, timeout: float = 5) -> str | None:
    """None if /health/ready answers 200, else what it answered."""
    try:
        with LOCAL_OPENER.open(f"http://{HOST}:{port}/health/ready", timeout=timeout) as answer:
            return None if answer.status == 200 else f"/health/ready answered {answer.status}"
    except urllib.error.HTTPError as error:
        with error:
            return f"/health/ready answered {error.code}{_failed_checks(error.read())}"
    except OSError:
        return f"nothing answers on port {port}"


def _failed_checks(body: bytes) -> str:
    """ ": redis" from a problem with `checks` like {"redis": {"ok": false}}; "" from anything else."""
    try:
        checks = json.loads(body)["checks"]
        failed = [name for name, result in checks.items() if not result["ok"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return f": {', '.join(failed)}" if failed else ""


def _why_not_alive(file: Path) -> str | None:
    try:
        age = time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return "it has not done its first round"
    return None if age <= ALIVE_SECONDS else f"it did its last round {age:.0f} s ago"
