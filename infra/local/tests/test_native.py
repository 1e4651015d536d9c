"""`up` and `down` for real: supervisord, DynamoDB Local and Valkey, with stand-ins for the services."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.local import environment, native, packages
from infra.local.environment import Program, base_environment
from infra.local.errors import LocalError
from infra.local.mode import recall
from infra.local.ports import Ports
from infra.local.servers import dynamodb_answers, redis_answers, wait_until
from infra.local.supervisord import is_running

STANDIN = str(Path(__file__).with_name("standin.py"))
Change = Callable[..., None]


@pytest.fixture
def no_databases() -> None:
    """For a test that needs none: a JVM takes its seconds to start."""


@pytest.fixture
def services(
    local: Path, ports: Ports, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Change]:
    """Replaces the services by stand-ins; call it to change what they are."""
    # DynamoDB Local is the one of this clone: only what `up` writes goes elsewhere.
    folder = packages.ensure_dynamodb()
    monkeypatch.setattr(environment, "dynamodb_folder", lambda: folder)
    if "no_databases" in request.fixturenames:
        monkeypatch.setattr(environment, "databases", lambda ports, java: [])

    def change(worker: str = "worker", **settings: str) -> None:
        def programs(ports: Ports) -> list[Program]:
            alive = local / "run" / "todos-worker.alive"
            env = {**base_environment(), **settings}
            web = [sys.executable, STANDIN, "web", str(ports.todos)]
            return [
                Program("todos", web, env, local),
                Program("todos-worker", [sys.executable, STANDIN, worker, str(alive)], env, local, alive),
            ]

        monkeypatch.setattr(environment, "services", programs)

    change()
    yield change
    native.down()


without_databases = pytest.mark.usefixtures("no_databases")


def pids() -> dict[str, int]:
    return {state.name: state.pid for state in native.states()}


def test_from_up_to_down(services: Change, ports: Ports, local: Path):
    native.up(ports)
    first = pids()
    assert set(first) == {"dynamodb", "redis", "todos", "todos-worker"}
    assert dynamodb_answers(ports.dynamodb)
    assert redis_answers(ports.redis)
    remembered = recall()
    assert remembered is not None
    assert remembered.ports == ports

    def seconds_of_up() -> float:
        began = time.monotonic()
        native.up(ports)
        return time.monotonic() - began

    assert any(seconds_of_up() < 5 for _ in range(3)), "it has nothing to do (0.5 s on an idle machine)"
    assert pids() == first

    services(COLOUR="blue")
    native.up(ports)
    changed = pids()
    assert {name for name in first if first[name] != changed[name]} == {"todos", "todos-worker"}

    os.kill(changed["todos"], signal.SIGKILL)
    assert wait_until(lambda: pids()["todos"] not in (0, changed["todos"]), 10), "it comes back by itself"

    running = [pid for pid in pids().values() if pid]
    assert native.down()
    assert not any(is_running(pid) for pid in running)
    assert recall() is None
    assert not native.down(), "a second `down` finds nothing"
    assert (local / "data" / "redis" / "appendonlydir").is_dir(), "the data stays"
    assert (local / "secrets" / "auth" / "key-secret").is_file()
    native.down(data=True)
    assert not (local / "data").exists()
    assert not (local / "secrets").exists()
    native.down(data=True)  # nothing is left to remove


@without_databases
def test_a_service_that_says_it_cannot_start_is_not_started_again(
    services: Change, ports: Ports, capsys: pytest.CaptureFixture[str]
):
    services(worker="misconfigured")
    with pytest.raises(LocalError, match=r"^not ready: todos-worker \(it cannot start\)\. Read "):
        native.up(ports)
    assert capsys.readouterr().err.count("table todos is not as its model") == 1
    assert not native.is_up(), "nothing stays half-started"


@without_databases
def test_a_service_that_ends_at_once_is_named_with_its_last_words(
    services: Change, ports: Ports, capsys: pytest.CaptureFixture[str]
):
    services(worker="broken")
    with pytest.raises(LocalError) as caught:
        native.up(ports)
    assert str(caught.value).startswith("not ready: todos-worker (it ends as soon as it is started). Read ")
    assert str(caught.value).endswith("todos-worker.log")
    assert "  todos-worker | APP_JWT_ISSUER is missing" in capsys.readouterr().err
    assert not native.is_up(), "nothing stays half-started"
    assert recall() is None


@without_databases
def test_a_taken_port_is_told_before_anything_is_started(
    services: Change, ports: Ports, taken: int, local: Path
):
    with pytest.raises(LocalError, match=rf"port {taken} \(todos\) is in use"):
        native.up(Ports(**{**ports.as_dict(), "todos": taken}))
    assert not (local / "data").exists()
    assert not native.is_up()


@without_databases
def test_a_service_added_while_the_stack_is_up_is_not_told_of_as_a_taken_port(
    services: Change, ports: Ports, local: Path
):
    native.up(ports)
    known = json.loads((local / "mode").read_text())
    del known["ports"]["todos"]  # as if it were new
    (local / "mode").write_text(json.dumps(known))
    with pytest.raises(LocalError, match="there were other services: `make down` first"):
        native.up(ports)
    assert native.is_up()


@without_databases
def test_up_recovers_from_a_supervisord_that_was_killed(services: Change, ports: Ports):
    native.up(ports)
    before = pids()
    server = native.supervisord().pid()
    assert server is not None
    os.kill(server, signal.SIGKILL)
    native.up(ports)
    assert not any(is_running(pid) for pid in before.values())
    assert all(state.is_up for state in native.states())


@without_databases
def test_up_finishes_what_a_killed_up_has_begun(services: Change, ports: Ports):
    native.up(ports)
    before = pids()
    daemon = native.supervisord()
    daemon.stop(["todos", "todos-worker"])
    native.up(ports)
    assert all(state.is_up for state in native.states())
    assert daemon.pid() is not None
    assert set(pids().values()).isdisjoint(before.values())


@without_databases
def test_an_interrupted_up_leaves_nothing(services: Change, ports: Ports, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*arguments: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(native, "_start_services", interrupted)
    with pytest.raises(KeyboardInterrupt):
        native.up(ports)
    assert not native.is_up()
    assert recall() is None
