"""Other programs, run for real; and Docker's command line, as it is called."""

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.deploy import programs as running
from infra.deploy.acceptance import compose_override
from infra.deploy.docker import Docker
from infra.deploy.exits import DeployError, Exit
from infra.deploy.images import UnitTests
from infra.deploy.journal import JsonJournal
from infra.deploy.programs import Finished, Programs
from infra.local.paths import ROOT


def programs(**options: bool) -> tuple[Programs, io.StringIO]:
    said = io.StringIO()
    return Programs(JsonJournal(lambda: 0.0, said), **options), said


def test_each_line_of_a_program_is_told_as_it_comes() -> None:
    run, said = programs()
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    done = run.run(sys.executable, "-u", "-c", code)
    assert done == Finished(3, ("one", "two"))
    assert [json.loads(line)["text"] for line in said.getvalue().splitlines()] == ["one", "two"]


def test_programs_are_told_what_this_one_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the acceptance tests find the mails of the stage."""
    monkeypatch.setenv("TESTACCEPT_MAIL_COMMAND", "fetch-mails --to")
    run, _ = programs()
    code = "import os; print(os.environ['TESTACCEPT_MAIL_COMMAND'], os.environ['AUTH_URL'])"
    done = run.run(sys.executable, "-c", code, environment={"AUTH_URL": "https://auth.example.com"})
    assert done.said == ("fetch-mails --to https://auth.example.com",)


def test_a_program_that_there_is_not_is_no_traceback() -> None:
    run, _ = programs()
    assert run.run("no-such-program").code == run.ask("no-such-program").code == 127


def test_what_interrupts_the_deploy_ends_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run, _ = programs()
    ended = tmp_path / "ended"

    def interrupted(kind: str, text: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run._journal, "tell", interrupted)
    code = (
        "import pathlib, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(ended)!r}).touch(), sys.exit()))\n"
        "print('up', flush=True); time.sleep(60)"
    )
    with pytest.raises(KeyboardInterrupt):
        run.run(sys.executable, "-c", code)
    assert ended.exists()


def test_a_dry_run_tells_what_it_would_run() -> None:
    run, said = programs(dry=True)
    assert run.run("rm", "-rf", "a b").code == 0
    assert json.loads(said.getvalue())["text"] == "rm -rf 'a b'"


def test_the_unit_tests_are_told_nothing_of_what_the_deploy_was_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Through the Makefile both times, as `make deploy ARGS=--yes` goes."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\n[ "$1" = -c ] && echo 1 && exit\necho "$*" > ran\necho "$MAKEFLAGS" > flags\n'
    )
    python.chmod(0o755)
    (tmp_path / ".venv" / ".stamp").touch()
    ran = tmp_path / "ran"

    told = {"SERVICE": "todos", "STAGE": "staging", "ARGS": "--yes"}
    outside = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    deploy = ["make", "deploy", *(f"{name}={value}" for name, value in told.items())]
    subprocess.run(deploy, cwd=tmp_path, env=outside, check=True)
    assert ran.read_text() == "-m infra.deploy deploy todos staging --yes\n"
    handed_on = {**told, "MAKEFLAGS": (tmp_path / "flags").read_text().rstrip("\n")}
    assert "ARGS=--yes" in handed_on["MAKEFLAGS"]

    for name, value in handed_on.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(running, "ROOT", tmp_path)
    run, _ = programs()
    tools = SimpleNamespace(passed=set())
    work = SimpleNamespace(api=None, clock=None, programs=run, commit="c", tools=tools)
    assert UnitTests(cast(Any, work)).run() == "make test passed"
    assert ran.read_text().split() == ["-m", "pytest", "-n", "auto", "--dist", "worksteal"]
    assert "ARGS" not in (tmp_path / "flags").read_text()


class Called(Programs):
    """Notes what Docker was called with, and what it could read then."""

    def __init__(self, code: int = 0, said: str = "") -> None:
        super().__init__(JsonJournal(lambda: 0.0, io.StringIO()))
        self.finished = Finished(code, (said,))
        self.commands: list[tuple[str, ...]] = []
        self.config: dict[str, Any] = {}
        self.environment: dict[str, str] = {}

    def ask(self, *command: str, **_: Any) -> Finished:
        said = {"context": "unix:///run/other.sock", "version": "amd64"}.get(command[1], "")
        return Finished(0, (said,))

    def run(self, *command: str, environment: Any = None) -> Finished:
        self.commands.append(command)
        if "--config" in command:
            folder = Path(command[command.index("--config") + 1])
            self.config = json.loads((folder / "config.json").read_text())
            self.folder, self.environment = folder, dict(environment or {})
        return self.finished


def test_the_token_of_the_registry_is_gone_after_the_push() -> None:
    called = Called()
    Docker(called).push("polymacaron/todos:1", "registry.example.com/polymacaron/todos:1", "c2VjcmV0")
    assert called.config == {"auths": {"registry.example.com": {"auth": "c2VjcmV0"}}}
    assert called.environment == {"DOCKER_HOST": "unix:///run/other.sock"}
    assert not called.folder.exists()
    assert not [part for command in called.commands for part in command if "c2VjcmV0" in part]


@pytest.mark.parametrize(("wanted", "told"), [("amd64", ()), ("arm64", ("--platform", "linux/arm64"))])
def test_an_image_is_built_for_the_processors_of_the_stage(wanted: str, told: tuple[str, ...]) -> None:
    called = Called()
    Docker(called).build("todos", wanted)
    assert called.commands == [(sys.executable, "-m", "infra.image", "build", "todos", *told)]


@pytest.mark.parametrize(
    ("said", "code"), [("failed to solve", Exit.IMAGE), ("write: no space left on device", Exit.DISK_FULL)]
)
def test_what_docker_failed_for_is_told(said: str, code: Exit) -> None:
    with pytest.raises(DeployError) as caught:
        Docker(Called(1, said)).build("todos", "amd64")
    assert caught.value.exit_code is code


def test_every_container_of_a_service_gets_its_image() -> None:
    made = compose_override({"auth": "auth:1", "profiles": "profiles:1", "todos": "todos:1"})
    database = made["services"].pop("dynamodb")
    assert {name: one["image"] for name, one in made["services"].items()} == {
        **dict.fromkeys(("secrets", "auth", "auth-worker", "auth-beat"), "auth:1"),
        "profiles": "profiles:1",
        **dict.fromkeys(("todos", "todos-worker", "todos-beat"), "todos:1"),
    }
    assert database == {"volumes": [{"type": "tmpfs", "target": "/data"}]}, "no disk has it wait"
