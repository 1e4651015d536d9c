import errno
import os
import re
from pathlib import Path

import pytest

from infra.local import cli, compose, mode, native
from infra.local.errors import LocalError
from infra.local.mode import Mode, remember
from infra.local.ports import Ports


@pytest.fixture(autouse=True)
def _native(local: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODE", "native")


def last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err.strip().splitlines()[-1]


def test_a_taken_port_is_one_line_and_exit_code_1(
    taken: int, ports: Ports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name, value in Ports(**{**ports.as_dict(), "auth": taken}).as_environment().items():
        monkeypatch.setenv(name, value)
    assert cli.main(["up"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Mode: native (MODE says so)"
    assert lines[1].startswith(f"Error: port {taken} (auth) is in use by")
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/x/y"), "Error: No space left on device: /x/y"),
        (PermissionError(errno.EACCES, "Permission denied", "/x/y"), "Error: Permission denied: /x/y"),
        (LocalError("do this"), "Error: do this"),
    ],
)
def test_faults_of_the_machine_are_one_line(
    fault: Exception, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def fails(ports: Ports) -> None:
        raise fault

    monkeypatch.setattr(native, "up", fails)
    assert cli.main(["up"]) == 1
    assert last_line(capsys) == line


def test_a_fault_of_ours_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch):
    def fails(ports: Ports) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(native, "up", fails)
    with pytest.raises(OSError, match="Bad file descriptor"):
        cli.main(["up"])


def test_the_other_mode_has_to_be_down_first(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    remember(Mode.COMPOSE, Ports())
    monkeypatch.setattr(cli, "docker_answers", lambda: True)
    assert cli.main(["up"]) == 1
    assert last_line(capsys) == ("Error: compose mode is up: `make down` first, then MODE=native make up.")


def test_native_mode_that_is_remembered_and_gone_does_not_bind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    remember(Mode.NATIVE, Ports())
    monkeypatch.delenv("MODE")
    monkeypatch.setattr(cli, "docker_answers", lambda: True)
    monkeypatch.setattr(compose, "up", lambda ports: mode.remember(Mode.COMPOSE, ports))
    assert cli.main(["up"]) == 0
    remembered = mode.recall()
    assert remembered is not None
    assert remembered.mode is Mode.COMPOSE


def test_compose_mode_whose_engine_is_gone_can_be_taken_down(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    remember(Mode.COMPOSE, Ports())
    monkeypatch.delenv("MODE")
    monkeypatch.setattr(cli, "docker_answers", lambda: False)
    assert cli.main(["down"]) == 0
    assert mode.recall() is None


@pytest.mark.parametrize("last", [Mode.NATIVE, Mode.COMPOSE, None])
def test_down_with_data_takes_down_both_modes(last: Mode | None, monkeypatch: pytest.MonkeyPatch):
    if last:
        remember(last, Ports())
    taken_down = []
    monkeypatch.setattr(cli, "docker_answers", lambda: True)
    monkeypatch.setattr(native, "down", lambda data: taken_down.append(("native", data)))
    monkeypatch.setattr(compose, "down", lambda data: taken_down.append(("compose", data)))
    assert cli.main(["down", "--data"]) == 0
    assert sorted(taken_down) == [("compose", True), ("native", True)]


@pytest.mark.parametrize(
    ("last", "line"),
    [
        (None, "Stopped; the data is removed."),
        (Mode.NATIVE, "Stopped; the data is removed."),
        (Mode.COMPOSE, "No Docker engine answers: the volumes of compose mode stay."),
    ],
)
def test_down_with_data_without_an_engine(
    last: Mode | None, line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    if last:
        remember(last, Ports())
    monkeypatch.setattr(cli, "docker_answers", lambda: False)
    assert cli.main(["down", "--data"]) == 0
    assert capsys.readouterr().err.splitlines() == [line]


def test_what_logs_follows():
    assert cli.log_names("todos") == ["todos", "todos-worker", "todos-beat"]
    assert cli.log_names("profiles") == ["profiles"]
    assert cli.log_names("redis") == ["redis"]
    assert cli.log_names("auth-beat") == ["auth-beat"]
    assert len(cli.log_names(None)) == len(cli.log_names("")) == 9
    with pytest.raises(LocalError, match="SERVICE=nosuch is none of dynamodb, redis, auth, "):
        cli.log_names("nosuch")


@pytest.mark.parametrize(
    "command",
    [
        ["token", "--subject", "u"],
        ["shell", "todos"],
        ["run", "auth", "keys", "list"],
        ["tasks", "todos", "list"],
    ],
)
def test_commands_that_need_the_stack_say_so(command: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(command) == 1
    assert last_line(capsys) == "Error: nothing is up: make up"


@pytest.mark.parametrize("rest", [[], ["auth"], ["nosuch", "keys"], ["auth", "../keys"]])
def test_run_says_what_it_needs(rest: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(["run", *rest]) == 1
    assert 'make run SERVICE=auth ARGS="keys list"' in last_line(capsys)


def test_run_runs_a_module_of_the_service_with_its_settings(monkeypatch: pytest.MonkeyPatch):
    ran: list[tuple[str, list[str], str]] = []
    monkeypatch.setattr(cli, "_in_service", lambda *what: ran.append(what) or 0)
    assert cli.main(["run", "auth", "admin", "grant", "ada@example.com", "admin", "--unverified"]) == 0
    asked = ["-m", "services.auth.admin", "grant", "ada@example.com", "admin", "--unverified"]
    assert ran == [("auth", asked, "command")]


@pytest.mark.parametrize("rest", [[], ["nosuch", "list"], ["list"]])
def test_tasks_says_what_it_needs(rest: list[str], capsys: pytest.CaptureFixture[str]):
    assert cli.main(["tasks", *rest]) == 1
    assert 'make tasks SERVICE=todos ARGS="list"' in last_line(capsys)


@pytest.mark.parametrize(
    ("rest", "asked"), [(["list", "--status", "parked"], ["list", "--status", "parked"]), ([], ["stats"])]
)
def test_tasks_are_looked_after_with_the_settings_of_the_service(
    monkeypatch: pytest.MonkeyPatch, rest: list[str], asked: list[str]
):
    ran: list[tuple[str, list[str], str]] = []
    monkeypatch.setattr(cli, "_in_service", lambda *what: ran.append(what) or 0)
    assert cli.main(["tasks", "todos", *rest]) == 0
    assert ran == [("todos", ["-m", "libs.service", "tasks", *asked], "command")]


@pytest.mark.parametrize(("rest", "asked"), [(["start", "fill"], ["start", "fill"]), ([], ["list"])])
def test_migrations_are_looked_after_with_the_settings_of_the_service(
    monkeypatch: pytest.MonkeyPatch, rest: list[str], asked: list[str]
):
    ran: list[tuple[str, list[str], str]] = []
    monkeypatch.setattr(cli, "_in_service", lambda *what: ran.append(what) or 0)
    assert cli.main(["migrations", "todos", *rest]) == 0
    assert ran == [("todos", ["-m", "libs.service", "migrations", *asked], "command")]


def test_migrations_are_of_a_service(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["migrations", "list"]) == 1
    assert 'make migrations SERVICE=todos ARGS="list"' in last_line(capsys)


def test_testaccept_names_the_service_that_is_not_ready(
    ports: Ports, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    remember(Mode.NATIVE, ports)
    assert cli.main(["testaccept", "-k", "anything"]) == 1
    assert last_line(capsys) == f"Error: auth is not ready (nothing answers on port {ports.auth}): make up"


def test_an_argument_nobody_takes_is_refused(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["ps", "--all"])
    assert "unrecognized arguments: --all" in capsys.readouterr().err


def test_config_of_another_environment_is_what_the_files_tell(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("APP_TABLE_PREFIX", "from-the-shell-")
    assert cli.main(["config", "profiles", "live"]) == 0
    told = capfd.readouterr().out
    assert re.search(r"^table_prefix +live- +config/live\.yaml:\d+$", told, re.MULTILINE)
    assert cli.main(["config", "profiles", "nowhere"]) == os.EX_CONFIG
    assert "APP_ENVIRONMENT: Has no file in config/" in capfd.readouterr().err


def test_config_of_the_local_stack_needs_no_stack_but_its_secrets(capfd: pytest.CaptureFixture[str]):
    assert cli.main(["config", "todos"]) == os.EX_CONFIG
    told = capfd.readouterr()
    assert re.search(r"^table_prefix +local- +config/local\.yaml:\d+$", told.out, re.MULTILINE)
    assert "error: APP_CURSOR_SECRET_FILE: the file cannot be read (FileNotFoundError)." in told.err
