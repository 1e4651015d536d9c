"""Signs of life, by a clock of their own, and what is answered of them."""

from pathlib import Path

from werkzeug.test import Client

from libs.errors import ServiceUnavailable
from libs.service.metrics import Metrics
from libs.service.processes.life import LONGEST_SILENCE_SECONDS, SignsOfLife


def test_who_was_silent_for_too_long_is_not_alive(tmp_path: Path) -> None:
    now, file = [1000.0], tmp_path / "alive"
    signs = SignsOfLife(str(file), clock=lambda: now[0])
    metrics = Metrics()
    metrics.add_page("/health/live", signs.look)
    client = Client(metrics.app)
    now[0] += LONGEST_SILENCE_SECONDS
    assert client.get("/health/live").get_json() == {"status": "ok"}, "it has just begun"
    assert not file.exists()
    now[0] += 1
    answer = client.get("/health/live")
    told = answer.get_json()
    assert (answer.status_code, told["code"], told["silent_seconds"]) == (503, "NOT_ALIVE", 61)
    signs.show()
    assert file.exists()
    answer = client.get("/health/live")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert client.head("/health/live").data == b""
    assert client.post("/health/live").status_code == 405


def test_a_page_whose_look_fails_is_told_without_its_text() -> None:
    def broken() -> dict[str, object]:
        raise OSError("hunter2")

    def away() -> dict[str, object]:
        raise ServiceUnavailable("Away.", extra={"why": "so"})

    metrics = Metrics()
    metrics.add_page("/broken", broken)
    metrics.add_page("/away", away)
    client = Client(metrics.app)
    assert client.get("/broken").status_code == 500
    assert "hunter2" not in client.get("/broken").text
    assert client.get("/away").get_json()["why"] == "so"
    assert client.get("/metrics").status_code == 200
