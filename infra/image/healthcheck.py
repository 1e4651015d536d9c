"""Tell whether the process in this container works: the command behind each container's health check.

    python infra/image/healthcheck.py auto                           alive or http, whichever the process does
    python infra/image/healthcheck.py http URL                       a 2xx within 3 seconds
    python infra/image/healthcheck.py alive PATH [MAX_AGE_SECONDS]   touched within that time (default 60)

It exits 0, or 1 with one line on stderr. Never 2: Docker reserves that code. It needs nothing but the
standard library, so that it also tells the truth when a package is broken.
"""

import math
import os
import signal
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

HTTP_SECONDS = 3.0
MAX_AGE_SECONDS = 60.0

USAGE = "usage: healthcheck.py auto | http URL | alive PATH [MAX_AGE_SECONDS]"


class UnhealthyError(Exception):
    """The reason, in one line."""


def check_http(url: str) -> None:
    """Raise UnhealthyError unless a GET of `url` (plain HTTP) is answered with a 2xx within 3 seconds.

    No redirect is followed and no proxy asked: the question is whether this very process answers.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise UnhealthyError(f"{url!r} is not a URL: {error}") from error
    if parts.scheme != "http" or not host:
        raise UnhealthyError(f"{url!r} is not an http:// URL")

    # A socket's timeout starts anew with each byte that arrives; the alarm bounds the whole exchange.
    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"no answer within {HTTP_SECONDS:g} s")

    previous = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, HTTP_SECONDS)
    try:
        connection = HTTPConnection(host, port)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"User-Agent": "healthcheck", "Accept": "*/*"})
            status = connection.getresponse().status
        finally:
            connection.close()
    except (OSError, HTTPException) as error:
        raise UnhealthyError(f"{url}: {error or type(error).__name__}") from error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    if not 200 <= status < 300:
        raise UnhealthyError(f"{url} answered {status}")


def check_alive(path: Path, max_age: float = MAX_AGE_SECONDS) -> None:
    """Raise UnhealthyError unless the file at `path` was touched less than `max_age` seconds ago."""
    try:
        age = time.time() - path.stat().st_mtime
    except OSError as error:
        raise UnhealthyError(f"{path}: {error.strerror}") from error
    # abs: once the clock was set back, a file from the future would pass for fresh for as long.
    if abs(age) > max_age:
        raise UnhealthyError(f"{path} was touched {age:.0f} s ago, more than {max_age:g} s")


def seconds(text: str) -> float:
    """Return `text` as a positive, finite number of seconds; raise UnhealthyError for anything else."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise UnhealthyError(f"MAX_AGE_SECONDS must be a positive number, not {text!r}")
    return value


def check_auto() -> None:
    """Do the check that fits the process, as one image serves web, worker and beat.

    A worker or beat touches the file APP_ALIVE_PATH names; web never does, and answers HTTP.
    """
    alive = os.environ.get("APP_ALIVE_PATH")
    if alive and Path(alive).exists():
        check_alive(Path(alive))
    else:
        check_http(f"http://127.0.0.1:{os.environ.get('APP_PORT', '8080')}/health/live")


def check(arguments: list[str]) -> None:
    """Do the check the command line asks for; raise UnhealthyError where it fails or is none."""
    match arguments:
        case ["auto"]:
            check_auto()
        case ["http", url]:
            check_http(url)
        case ["alive", path]:
            check_alive(Path(path))
        case ["alive", path, max_age]:
            check_alive(Path(path), seconds(max_age))
        case _:
            raise UnhealthyError(USAGE)


def main(arguments: list[str]) -> int:
    """Run the command; return the exit code."""
    try:
        check(arguments)
    except UnhealthyError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
