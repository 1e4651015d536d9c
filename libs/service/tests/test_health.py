"""Readiness: bounded, cached, and never more than one of each check at a time."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from libs.errors import ServiceUnavailable
from libs.jwt import RemoteKeySet, RemoteRevocations, SigningKey
from libs.service import Service, health
from libs.service.builtin import Builtin
from libs.service.health import DEADLINE_SECONDS, Health
from libs.service.testing import environment, eventually


@pytest.fixture
def released() -> Iterator[threading.Event]:
    """An event checks can hang on; set at the end of each test, so that no thread hangs on."""
    event = threading.Event()
    yield event
    event.set()


class Check:
    """Counts its runs, and does what it is told."""

    def __init__(self, event: threading.Event | None = None, error: Exception | None = None) -> None:
        self.runs = 0
        self.event = event
        self.error = error

    def __call__(self) -> None:
        self.runs += 1
        if self.event:
            self.event.wait(60)
        if self.error:
            raise self.error


def refusal(checks: Health) -> ServiceUnavailable:
    with pytest.raises(ServiceUnavailable) as caught:
        checks.ready()
    return caught.value


def test_ready_is_when_every_part_answers() -> None:
    found = Health({"database": Check(), "redis": Check()}).ready()
    assert {name: one["ok"] for name, one in found.items()} == {"database": True, "redis": True}
    assert all(one["milliseconds"] >= 0 for one in found.values())


def test_one_part_that_fails_is_named_and_its_error_is_not_told(caplog: pytest.LogCaptureFixture) -> None:
    checks = Health({"database": Check(), "redis": Check(error=OSError("redis://:hunter2@redis"))})
    problem = refusal(checks)
    assert (problem.status, problem.code, problem.headers["Retry-After"]) == (503, "NOT_READY", "1")
    assert problem.detail == "Not ready: redis."
    assert problem.extra["checks"]["redis"] == {"ok": False, "error": "unavailable"}
    assert problem.extra["checks"]["database"]["ok"]
    assert "hunter2" not in caplog.text


def test_a_check_that_hangs_costs_what_it_may_and_is_not_started_twice(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DEADLINE_SECONDS == 1.0, "docs/tasks.md"
    monkeypatch.setattr(health, "CACHED_SECONDS", 0)
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.3)
    hanging, fine = Check(released), Check()
    checks = Health({"redis": hanging, "database": fine})
    for runs in (1, 2):
        started = time.monotonic()
        problem = refusal(checks)
        assert 0.2 < time.monotonic() - started < 20, "and not 60"
        assert problem.extra["checks"]["redis"] == {"ok": False, "error": "timeout"}
        eventually(lambda: checks._running["redis"] and fine.runs == runs)  # noqa: B023 - asked at once
        assert hanging.runs == 1


def test_a_check_that_hung_is_run_again_when_it_is_over(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CACHED_SECONDS", 0)
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.05)
    hanging = Check(released)
    checks = Health({"redis": hanging})
    refusal(checks)
    released.set()
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 60)
    assert checks.ready()["redis"]["ok"]
    assert checks.ready()["redis"]["ok"]
    assert hanging.runs == 2


def test_what_was_found_is_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    assert health.CACHED_SECONDS == 1.0, "docs/tasks.md"
    monkeypatch.setattr(health, "CACHED_SECONDS", 600)
    fine, failing = Check(), Check(error=OSError())
    for checks in (Health({"fine": fine}), Health({"failing": failing})):
        for _ in range(3):
            try:
                checks.ready()
            except ServiceUnavailable:
                continue
    assert (fine.runs, failing.runs) == (1, 1)


def test_after_that_it_is_looked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CACHED_SECONDS", 0.05)
    check = Check(error=OSError())
    checks = Health({"redis": check})
    refusal(checks)
    check.error = None
    time.sleep(0.06)  # the clock is what is tested
    assert checks.ready()["redis"]["ok"]


def test_callers_at_the_same_time_share_one_look(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "CACHED_SECONDS", 600)
    check = Check(released)
    checks = Health({"redis": check})
    answers: list[object] = []
    threads = [threading.Thread(target=lambda: answers.append(checks.ready())) for _ in range(8)]
    for thread in threads:
        thread.start()
    released.set()
    for thread in threads:
        thread.join()
    assert check.runs == 1
    assert len(answers) == 8


def test_what_is_only_told_makes_nothing_unready_and_may_have_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    checks = {
        "tasks": lambda: {"workers": 2},
        "broken": Check(error=OSError()),
        "database": Check(),
    }
    found = Health(checks, told_only={"tasks", "broken"}).ready()
    assert (found["tasks"]["ok"], found["tasks"]["workers"]) == (True, 2)
    assert found["broken"] == {"ok": False, "error": "unavailable"}
    told = [one.message for one in caplog.records if one.name == "libs.service.health"]
    assert told == ["check failed"]


@pytest.mark.parametrize("kind", [RemoteKeySet, RemoteRevocations])
def test_a_service_is_ready_by_the_copy_it_has_while_auth_hangs(
    kind: type[RemoteKeySet | RemoteRevocations], released: threading.Event
) -> None:
    now, hangs = [1000.0], threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        if hangs.is_set():
            released.wait(60)
        return httpx.Response(
            200, json={"sid": [], "sub": {}, "jti": [], "keys": [SigningKey.generate().jwk]}
        )

    line = httpx.MockTransport(answer)
    remote = kind("http://auth.test/", transport=line, clock=lambda: now[0], timeout=60)
    Health({"auth": remote.ready}).ready()
    hangs.set()
    for _ in range(3):
        now[0] += 1000
        assert Health({"auth": remote.ready}).ready()["auth"]["ok"]


def test_a_service_without_any_copy_is_not_ready_while_auth_hangs(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.2)

    def hang(request: httpx.Request) -> httpx.Response:
        released.wait(60)
        return httpx.Response(500)

    remote = RemoteRevocations("http://auth.test/", transport=httpx.MockTransport(hang))
    assert refusal(Health({"auth": remote.ready})).code == "NOT_READY"


def pinged(*hooks: Check) -> Builtin:
    service = Service.named("profiles")
    settings = service.load_settings(environment("profiles", revocations_url="http://127.0.0.1:1/"))
    return Builtin("probe", settings, Health({}), dict, hooks)


def test_ping_calls_its_hooks_and_liveness_does_not() -> None:
    first, second = Check(), Check()
    builtin = pinged(first, second)
    assert builtin.get_liveness() == {"status": "ok"}
    assert (first.runs, second.runs) == (0, 0)
    assert builtin.ping() == {"status": "ok"}
    assert (first.runs, second.runs) == (1, 1)


def test_a_hook_that_raises_is_told_without_its_text() -> None:
    with pytest.raises(ServiceUnavailable) as raised:
        pinged(Check(), Check(error=RuntimeError("hunter2"))).ping()
    assert "2 " in str(raised.value.detail)
    assert "hunter2" not in str(raised.value.detail)


def test_what_is_built_in_is_read_once_and_each_service_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    one = pinged(Check()).contribution()
    monkeypatch.setattr("libs.service.builtin.read_document", lambda path: pytest.fail("it is read again"))
    kept = repr(one.paths)
    one.paths["/ping"].clear()
    assert repr(pinged(Check()).contribution().paths) == kept


def test_a_hook_that_hangs_keeps_ping_for_a_moment_only(
    released: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "DEADLINE_SECONDS", 0.2)
    hook = Check(released)
    builtin = pinged(hook)
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(ServiceUnavailable):
            builtin.ping()
    assert time.monotonic() - began < 20
    assert hook.runs == 1


def test_ping_without_hooks_answers() -> None:
    assert pinged().ping() == {"status": "ok"}
