"""Another log level for some time, in running processes."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from libs.service.__main__ import main
from libs.service.logs.command import read_arguments, run
from libs.service.logs.control_file import Change, ControlFile, UnsafeFile
from libs.service.logs.levels import LogLevels
from libs.service.testing import environment

NAMES = ("", "libs.probe", "pynamodb", "httpx", "libs.tasks.audit")


@pytest.fixture(autouse=True)
def _levels_as_before() -> Iterator[None]:
    levels = {name: logging.getLogger(name or None).level for name in NAMES}
    logging.getLogger().setLevel("INFO")
    yield
    for name, level in levels.items():
        logging.getLogger(name or None).setLevel(level)


@pytest.fixture
def file(tmp_path: Path) -> ControlFile:
    return ControlFile("test-todos", parent=tmp_path)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def levels(file: ControlFile, clock: Clock) -> LogLevels:
    return LogLevels(file, clock)


def say(file: ControlFile, *arguments: str) -> str:
    return run(read_arguments(arguments), file)


def level(name: str = "") -> str:
    return logging.getLevelName(logging.getLogger(name or None).level)


def test_a_level_holds_until_it_is_usual_again(file: ControlFile, levels: LogLevels) -> None:
    assert say(file, "DEBUG", "--for", "60").startswith("all: DEBUG until ")
    levels.look()
    assert level() == "DEBUG"
    assert say(file, "usual") == "as it is set"
    levels.look()
    assert level() == "INFO"
    assert say(file, "show") == "as it is set"


def test_it_ends_by_itself(file: ControlFile, levels: LogLevels, clock: Clock) -> None:
    say(file, "DEBUG", "--for", "60")
    levels.look()
    clock.now = 59.9
    levels.look()
    assert level() == "DEBUG"
    clock.now = 60.0  # though by the clock of the machine it has not
    levels.look()
    assert level() == "INFO"
    levels.look()
    assert level() == "INFO"


def test_it_ends_by_the_clock_of_the_machine_for_processes_that_start_later(
    file: ControlFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(file, "DEBUG", "--for", "60")
    later = time.time() + 61
    monkeypatch.setattr(time, "time", lambda: later)
    LogLevels(file).look()
    assert level() == "INFO"


def test_one_part_may_have_a_level_of_its_own(file: ControlFile, levels: LogLevels) -> None:
    logging.getLogger("libs.probe").setLevel("ERROR")
    say(file, "DEBUG", "--logger", "libs.probe")
    told = say(file, "WARNING")
    assert [one.partition(" until")[0] for one in told.splitlines()] == ["all: WARNING", "libs.probe: DEBUG"]
    levels.look()
    assert (level(), level("libs.probe")) == ("WARNING", "DEBUG")
    say(file, "usual", "--logger", "libs.probe")
    levels.look()
    assert (level(), level("libs.probe")) == ("WARNING", "ERROR")


def test_a_process_forked_in_the_meantime_knows_what_is_usual(file: ControlFile, levels: LogLevels) -> None:
    say(file, "DEBUG")
    levels.look()
    pid = os.fork()
    if pid == 0:
        try:
            say(file, "usual")
            levels.look()
            was = level()
        finally:
            os._exit(0 if was == "INFO" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.mark.parametrize(
    "name", ["pynamodb", "pynamodb.connection.base", "httpx", "libs.tasks.audit", "a\nb", "-x"]
)
def test_what_would_tell_secrets_or_hide_an_audit_keeps_its_level(
    file: ControlFile, levels: LogLevels, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        say(file, "DEBUG", f"--logger={name}")
    assert ended.value.code == 2
    file.write({name: Change("DEBUG", time.time() + 60, 60)})  # whoever has written it
    levels.look()
    assert file.read() == {}
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["LOUD"], ["DEBUG", "--for", "0"], ["DEBUG", "--for", "86401"], ["DEBUG", "--for", "x"], []]
)
def test_what_is_asked_for_wrongly_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(arguments)
    assert ended.value.code == 2


def test_nobody_else_can_read_or_write_the_file(file: ControlFile) -> None:
    say(file, "DEBUG")
    assert (file.path.stat().st_mode & 0o777, file.path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [one.name for one in file.path.parent.iterdir()] == [file.path.name], "nothing is left behind"


def others_may_enter(file: ControlFile) -> None:
    file.path.parent.chmod(0o755)


def others_may_write(file: ControlFile) -> None:
    file.path.chmod(0o666)


def is_a_link(file: ControlFile) -> None:
    elsewhere = file.path.with_name("elsewhere")
    file.path.rename(elsewhere)
    file.path.symlink_to(elsewhere)


def is_a_pipe(file: ControlFile) -> None:
    file.path.unlink()
    os.mkfifo(file.path)


def folder_is_a_link(file: ControlFile) -> None:
    folder = file.path.parent
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    folder.symlink_to(elsewhere)


def is_of_another(file: ControlFile) -> None:
    os.chown(file.path, 12345, 12345)


def is_no_json(file: ControlFile) -> None:
    file.path.write_text("DEBUG")


def is_no_object(file: ControlFile) -> None:
    file.path.write_text('["DEBUG"]')


def is_nested(file: ControlFile) -> None:
    file.path.write_text("[" * 60_000)


def is_endless(file: ControlFile) -> None:
    file.path.write_text(json.dumps({"": {"level": "DEBUG", "until": 0, "seconds": "x" * 100_000}}))


SPOILED = [
    *(others_may_enter, others_may_write, is_a_link, is_a_pipe, folder_is_a_link, is_of_another),
    *(is_no_json, is_no_object, is_nested, is_endless),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_no_heed_is_paid_to_a_file_that_others_may_have_written(
    file: ControlFile,
    levels: LogLevels,
    spoil: Callable[[ControlFile], None],
    caplog: pytest.LogCaptureFixture,
) -> None:
    say(file, "DEBUG", "--for", "60")
    levels.look()
    try:
        spoil(file)
    except PermissionError:
        pytest.skip("only root can give a file away")
    if spoil in {others_may_enter, folder_is_a_link}:
        levels = LogLevels(file)  # the file has been read before
        logging.getLogger().setLevel("INFO")
    levels.look()
    assert level() == "INFO"
    assert "no heed is paid to a log level" in [one.getMessage() for one in caplog.records]
    with pytest.raises(UnsafeFile):
        file.read()


@pytest.mark.parametrize(
    "change",
    [
        Change("NOTSET", time.time() + 60, 60),
        Change("DEBUG", time.time() - 1, 60),
        Change("DEBUG", time.time() + 10**9, 60),
        Change("DEBUG", time.time() + 60, 10**9),
        Change("DEBUG", float("nan"), 60),
    ],
)
def test_a_level_that_is_none_or_would_never_end_counts_for_nothing(
    file: ControlFile, change: Change
) -> None:
    file.write({"": change})
    assert file.read() == {}


def test_a_folder_that_somebody_else_has_made_is_not_used(file: ControlFile) -> None:
    file.path.parent.mkdir(mode=0o777)
    file.path.parent.chmod(0o777)
    with pytest.raises(UnsafeFile, match="not a folder of this user alone"):
        say(file, "DEBUG")


def test_a_place_that_is_not_safe_stops_the_command_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def unsafe(settings: Any) -> ControlFile:
        (tmp_path / f"polymacaron-{os.geteuid()}").touch()
        return ControlFile("x", parent=tmp_path)

    monkeypatch.setattr("libs.service.__main__.control_file", unsafe)
    for name, value in environment("profiles").items():
        monkeypatch.setenv(name, value)
    assert main(["log-level", "DEBUG"]) == os.EX_NOPERM
    assert capsys.readouterr().err.startswith("no level is set: ")
