"""Web processes, forked from one that has imported everything."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from libs.service.tests.processes.serving import Serve, served
from libs.service.tests.workers.forking import Forks, forking


@pytest.fixture(scope="session")
def forks() -> Iterator[Forks]:
    """What web processes are forked from."""
    with forking("libs.service.tests.processes.served", "gunicorn.http.wsgi") as forks:
        yield forks


@pytest.fixture
def serve(forks: Forks, tmp_path: Path) -> Serve:
    """Runs web processes, one at a time."""
    return partial(served, forks, tmp_path)
