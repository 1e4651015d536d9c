"""A service with two threads, as a process, and whether clients leave one of them to others."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from infra.local.throwaway import reserved_port
from libs.service import Service
from libs.service.testing import SECRET, environment, python_process


@contextmanager
def auth_process(log: Path, **settings: str) -> Iterator[int]:
    """Run auth, on tables of its own, for the length of a with-block; yield the port it will have.

    :param log: what it writes.
    """
    with reserved_port() as port, log.open("wb") as output:
        environ = environment(
            "auth",
            key_secret=SECRET,
            profiles_url="http://127.0.0.1:1",
            todos_url="http://127.0.0.1:1",
            mail_folder="unused",
            port=str(port),
            web_workers="1",
            web_threads="2",
            create_tables="true",
            **settings,
        )
        with python_process("-m", "libs.service", "web", environ=environ, output=output):
            yield port
        service = Service.named("auth")
        service.database(service.load_settings(environ)).delete_tables()


def answers(port: int, *, seconds: float = 5.0) -> bool:
    """Tell whether one who needs a thread is answered: whoever asks if the process lives does not."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/version", timeout=seconds, trust_env=False).is_success
    except httpx.TransportError:
        return False
