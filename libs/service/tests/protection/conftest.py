"""nginx with the settings that are shipped, in front of what a test gives it."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from infra.local.throwaway import reserved_port
from libs.service.testing import ROOT, eventually

CONFIGURATION = ROOT / "infra/proxy/nginx.conf"
StartProxy = Callable[..., int]


@pytest.fixture(scope="module")
def start_proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartProxy]:
    """Start nginx in front of a port of this machine; return its own port.

    With `patience`, what waits 10 seconds as shipped waits so many.
    """
    # apt-get install nginx-light; the packages of this repository bring none.
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("there is no nginx here")
    with ExitStack() as stack:

        def start(upstream: int, *, patience: int = 10) -> int:
            port = stack.enter_context(reserved_port())
            folder = tmp_path_factory.mktemp("nginx")
            text = CONFIGURATION.read_text()
            for shipped, here in {
                "${LISTEN}": f"127.0.0.1:{port}",
                "${UPSTREAM}": f"127.0.0.1:{upstream}",
                "/tmp/": f"{folder}/",  # noqa: S108
                "worker_processes auto": "worker_processes 1",
                " 10s;": f" {patience}s;",
            }.items():
                assert shipped in text
                text = text.replace(shipped, here)
            (folder / "nginx.conf").write_text(text)
            user = "user root; " if os.geteuid() == 0 else ""
            process = subprocess.Popen(
                [program, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr", "-g", f"{user}daemon off;"],
                stdin=subprocess.DEVNULL,
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
