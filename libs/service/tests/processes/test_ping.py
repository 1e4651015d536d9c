"""What `/ping` calls is no matter of whether the process lives, as HTTP tells it."""

import time

from libs.service.testing import eventually
from libs.service.tests.processes.served import FAIL, HANG
from libs.service.tests.processes.serving import Serve, Web


def test_a_hook_of_ping_that_fails_or_hangs_makes_nothing_dead_or_unready(serve: Serve) -> None:
    with serve() as web:
        assert web.get("/ping").json() == {"status": "ok"}
        for name in (FAIL, HANG):
            (web.folder / name).touch()
            problem = eventually(
                lambda: web.get("/ping").json().get("detail")
            )  # it is looked at once a second
            assert problem == "Called by /ping, and failed: 1 _pinged."
            # A stall of the machine does not come five times; to wait for a hook takes a second each time.
            assert any(_seconds_of_health(web) < 0.9 for _ in range(5)), "they wait for no hook"
            (web.folder / name).unlink()
            eventually(lambda: web.get("/ping").status_code == 200)
        assert "hunter2" not in web.log


def _seconds_of_health(web: Web) -> float:
    began = time.monotonic()
    for path in ("/health/live", "/health/ready"):
        answer = web.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    return time.monotonic() - began
