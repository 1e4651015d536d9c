"""Schemathesis finds nothing: what each service does is what its document says.

It makes up requests to every operation of the served document, alone and one after the other, and checks the
answers: no fault of ours, no status, header, media type or body that is not declared, valid data taken and
invalid data refused, tokens looked at, no row seen after it is deleted. What it has to be told of our
documents is in schemathesis.toml and schemathesis_hooks.py.

``FUZZ=1000`` looks longer, and at other requests each time.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from werkzeug.serving import make_server

from libs.api import models
from libs.service import Service
from libs.service.testing import ROOT, bearer, running_service
from libs.tasks.following.events import EventStreams
from services.todos.models import Todo
from tests.services import SERVICES, environment_of

EXAMPLES = os.environ.get("FUZZ")
FEW = "10"


def make_known(name: str) -> None:
    """Store what is there before the first request; schemathesis_hooks.py knows of it."""
    now = datetime.now(UTC)
    if name == "profiles":
        profile = models.profiles.Profile
        profile(profile_id="ada", name="Ada", bio="", created_at=now, updated_at=now).create()
    if name == "todos":
        Todo("ada", "known", title="Water the plants").save()


def token(name: str) -> dict[str, str]:
    """Return the header of ada's token, who may do anything."""
    return bearer(
        "ada", audience=name, scopes=("profiles:create", "todos:delete-all", "users:admin", "tasks:admin")
    )


@contextmanager
def served(name: str) -> Iterator[str]:
    """Serve a service for the length of a with-block, at the address given."""
    with running_service(Service.named(name), {**environment_of(name), "APP_RATE_LIMITS": "off"}) as running:
        running.streams = EventStreams(seconds=0.1)
        server = make_server("127.0.0.1", 0, running.web_app(), threaded=True)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        make_known(name)
        try:
            yield f"http://127.0.0.1:{server.port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@pytest.mark.fuzz
@pytest.mark.parametrize("name", SERVICES)
def test_a_service_does_what_its_document_says(name: str) -> None:
    repeatable = [] if EXAMPLES else ["--seed", "1"]
    with served(name) as url:
        found = subprocess.run(
            [
                *(sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/schemathesis.toml"),
                *("run", f"{url}/openapi.json", "--header", f"Authorization: {token(name)['Authorization']}"),
                *("--max-examples", EXAMPLES or FEW, *repeatable),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert found.returncode == 0, found.stdout + found.stderr
