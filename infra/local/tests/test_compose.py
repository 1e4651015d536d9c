from pathlib import Path

import pytest

from infra.local import compose
from infra.local.errors import LocalError
from infra.local.mode import Mode, remember
from infra.local.ports import Ports


@pytest.mark.parametrize(
    ("container", "failed"),
    [
        ({"State": "running", "Health": "healthy"}, False),
        ({"State": "running", "Health": ""}, False),
        ({"State": "running", "Health": "unhealthy"}, True),
        ({"State": "running", "Health": "starting"}, True),
        ({"State": "exited", "ExitCode": 0}, False),
        ({"State": "exited", "ExitCode": 1}, True),
    ],
)
def test_which_container_has_failed(container: dict[str, object], failed: bool):
    assert compose.has_failed(container) is failed


@pytest.mark.parametrize(
    ("there", "data", "commands"),
    [
        ([{"State": "running"}], False, [("--profile", "*", "down")]),
        ([{"State": "running"}], True, [("--profile", "*", "down", "--volumes")]),
        ([], False, []),
        ([], True, [("--profile", "*", "down", "--volumes")]),
    ],
)
def test_down_removes_volumes_when_told_to_and_then_without_containers_too(
    there: list[dict[str, str]],
    data: bool,
    commands: list[tuple[str, ...]],
    local: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    ran: list[tuple[str, ...]] = []

    def run(*arguments: str) -> int:
        ran.append(arguments)
        return 0

    monkeypatch.setattr(compose, "containers", lambda: there)
    monkeypatch.setattr(compose, "run_calmly", run)
    assert compose.down(data) is bool(there)
    assert ran == commands


def test_compose_gets_the_ports_of_what_is_up(local: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere")
    monkeypatch.setenv("AUTH_PORT", "9002")
    remember(Mode.COMPOSE, Ports(auth=9001))
    environment = compose.environment()
    assert environment["AUTH_PORT"] == "9001"
    assert environment["TODOS_PORT"] == "8103"
    assert environment["DOCKER_HOST"] == "unix:///somewhere"
    assert compose.environment(Ports(auth=9003))["AUTH_PORT"] == "9003"


def test_the_ports_are_those_that_the_compose_file_reads():
    text = (Path(__file__).parents[3] / "docker-compose.yml").read_text()
    for name, value in Ports().as_environment().items():
        assert f"${{{name}:-{value}}}" in text


@pytest.mark.parametrize(
    ("state", "terminal", "command"),
    [
        ("running", False, "exec -T todos python -m tasks"),
        ("running", True, "exec todos python -m tasks"),
        ("exited", False, "run --rm --no-deps -T --entrypoint python todos -m tasks"),
        (None, False, "run --rm --no-deps -T --entrypoint python todos -m tasks"),
    ],
)
def test_a_command_of_a_service_runs_also_where_its_web_process_does_not(
    monkeypatch: pytest.MonkeyPatch, state: str | None, terminal: bool, command: str
):
    there = [{"Service": "dynamodb", "State": "running"}]
    there += [{"Service": "todos", "State": state}] if state else []
    ran: list[str] = []
    monkeypatch.setattr(compose, "containers", lambda: there)
    monkeypatch.setattr(compose, "run", lambda *given: ran.append(" ".join(given)) or 3)
    assert compose.run_python("todos", ["-m", "tasks"], terminal=terminal) == 3
    assert ran == [command]


def test_a_command_of_a_service_wants_a_stack(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(compose, "containers", list)
    with pytest.raises(LocalError, match="nothing is up: make up"):
        compose.run_python("todos", ["-m", "tasks"], terminal=False)
