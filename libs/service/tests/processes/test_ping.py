"""What `/ping` calls is no matter of whether the process lives, as HTTP tells it."""

from libs.service.testing import eventually
from libs.service.tests.processes.served import FAIL, HANG, PINGED
from libs.service.tests.processes.serving import Serve, Web


def test_a_hook_of_ping_that_fails_or_hangs_makes_nothing_dead_or_unready(serve: Serve) -> None:
    with serve() as web:
        _assert_well(web)
        assert not (web.folder / PINGED).exists(), "it is nobody's but /ping's"
        assert web.get("/ping").json() == {"status": "ok"}
        assert (web.folder / PINGED).exists()
        for name in (FAIL, HANG):
            (web.folder / name).touch()
            problem = eventually(
                lambda: web.get("/ping").json().get("detail")
            )  # it is looked at once a second
            assert problem == "Called by /ping, and failed: 1 _pinged."
            _assert_well(web)
            (web.folder / name).unlink()
            eventually(lambda: web.get("/ping").status_code == 200)
        assert "hunter2" not in web.log


def _assert_well(web: Web) -> None:
    for path in ("/health/live", "/health/ready"):
        answer = web.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
