"""A `.local` of the test's own, so that a stack which is up in this clone is left alone."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from infra.local import paths
from infra.local.ports import DEFAULTS, Ports
from infra.local.supervisord import Supervisord
from infra.local.throwaway import reserved_port


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that stands for .local in this test."""
    folder = tmp_path / ".local"
    monkeypatch.setattr(paths, "LOCAL", folder)
    return folder


@pytest.fixture
def ports() -> Iterator[Ports]:
    """Five ports that nobody else is given during the test."""
    with ExitStack() as stack:
        yield Ports(**{name: stack.enter_context(reserved_port()) for name in DEFAULTS})


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Supervisord]:
    """A supervisord of the test's own, not started; gone after the test in any case."""
    folder = tmp_path / "native"
    folder.mkdir()
    daemon = Supervisord(folder)
    yield daemon
    with suppress(OSError):
        daemon.kill()
