"""Servers of the stand-in: WSGI applications in threads, and moto as a process of its own."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from infra.local.errors import LocalError
from infra.local.ports import HOST
from infra.local.servers import wait_until
from infra.local.throwaway import reserved_port

TETHER = Path(__file__).parents[1] / "local" / "tether.py"


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - its name there
        pass


@contextmanager
def serving(application: Any, host: str = HOST) -> Iterator[int]:
    """Serve a WSGI application on a free port, for the length of a with-block."""
    server = make_server(host, 0, application, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="standin", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tethered(signal: str, *command: str) -> list[str]:
    """Return a command that gets a signal when this process is gone, killed or not."""
    return [sys.executable, "-I", "-S", str(TETHER), signal, str(os.getpid()), *command]


@contextmanager
def moto_server(account: str) -> Iterator[str]:
    """Run moto as a process of its own; the address.

    :param account: the number of the account that all is in.
    :raises LocalError: if it does not start.
    """
    with reserved_port() as port:
        python = [sys.executable, "-W", "ignore"]
        command = tethered("SIGKILL", *python, "-m", "moto.server", "-H", HOST, "-p", str(port))
        environment = {**os.environ, "MOTO_ACCOUNT_ID": account, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

        def listens() -> bool:
            with closing(socket.socket()) as probe:
                return probe.connect_ex((HOST, port)) == 0

        try:
            if not wait_until(listens, 60, died=lambda: process.poll() is not None):
                raise LocalError("moto did not start: `python -m moto.server` says why")
            yield f"http://{HOST}:{port}"
        finally:
            process.kill()
            process.wait()
