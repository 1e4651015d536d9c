"""nginx with the settings that are shipped, in front of what a test gives it."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.local.throwaway import reserved_port
from libs.service.testing import ROOT, eventually
from libs.service.tests.protection.upstream import Upstream

PROXY = ROOT / "infra/proxy"
StartProxy = Callable[..., int]


@pytest.fixture(scope="module")
def start_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProxy]:
    """Start nginx in front of a port of this machine; return its own port.

    With `patience`, what waits 10 seconds as shipped waits so many; all else is the environment of its start.
    """
    # apt-get install nginx-light; the packages of this repository bring none.
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx here")
    with ExitStack() as stack:

        def start(upstream: int, *, patience: int = 10, **environment: str) -> int:
            port = stack.enter_context(reserved_port())
            folder = tmp_path_factory.mktemp("nginx")
            text = (PROXY / "nginx.conf").read_text()
            for shipped, here in {
                "worker_processes auto": "worker_processes 1",
                " 10s;": f" {patience}s;",
                **({"pid ": "user root; pid "} if os.geteuid() == 0 else {}),
            }.items():
                assert shipped in text
                text = text.replace(shipped, here)
            (folder / "shipped").mkdir()
            (folder / "shipped/nginx.conf").write_text(text)
            shutil.copy(PROXY / "start", folder / "shipped/start")
            process = subprocess.Popen(
                [folder / "shipped/start"],
                stdin=subprocess.DEVNULL,
                env={
                    "PATH": f"{Path(program).parent}:{os.environ['PATH']}",
                    "RUN_FOLDER": str(folder),
                    "LISTEN": f"127.0.0.1:{port}",
                    "UPSTREAM": f"127.0.0.1:{upstream}",
                    **environment,
                },
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)

            def listens() -> bool:
                assert process.poll() is None
                with socket.socket() as probe:
                    return probe.connect_ex(("127.0.0.1", port)) == 0

            eventually(listens)
            return port

        yield start


@pytest.fixture(scope="module")
def upstream() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Upstream) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
