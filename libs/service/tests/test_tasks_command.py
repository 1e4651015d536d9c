"""`python -m libs.service tasks …`, as an operator runs it: without web, worker and beat."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from libs.service import Service, SettingsError
from libs.service.__main__ import main, run_commands
from libs.service.testing import ROOT, SECRET, environment
from libs.tasks import Operation
from libs.tasks.admin import commands

TASK = "services.auth.accounts.tasks.send_reset"
Ask = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """The settings of an auth service with tables of its own, and a broker that nobody has started."""
    environ = environment(
        "auth",
        key_secret=SECRET,
        email_verification="optional",
        profiles_url="http://127.0.0.1:1",
        todos_url="http://127.0.0.1:1",
        mail_folder="unused",
        redis_url="redis://127.0.0.1:1/0",
    )
    service = Service.named("auth")
    database = service.database(service.load_settings(environ))
    database.create_tables()
    yield environ
    service.database(service.load_settings(environ)).delete_tables()


@pytest.fixture
def ask(environ: dict[str, str]) -> Ask:
    """Run a command, with settings beside the usual ones by name."""

    def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
        return subprocess.run(
            [sys.executable, "-m", "libs.service", *arguments],
            cwd=ROOT,
            env={**inherited, **environ, **settings},
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def test_what_has_failed_is_found_and_replayed_while_all_else_is_down(
    ask: Ask, environ: dict[str, str]
) -> None:
    row = Operation(
        task=TASK,
        arguments={"email": "ada@example.com", "reset_token": "hunter2"},
        request_id="request-1",
        owner="ada",
        status="failed",
        pending="parked",
        problem={"code": "TASK_FAILED"},
    )
    row.save()
    listed = ask("tasks", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    assert [one["id"] for one in json.loads(listed.stdout)["items"]] == [row.id]
    shown = ask("tasks", "show", row.id)
    assert (shown.returncode, "hunter2" in shown.stdout + shown.stderr) == (0, False)
    replayed = ask("tasks", "replay", "--code", "TASK_FAILED", APP_LOG_LEVEL="ERROR")
    assert (replayed.returncode, replayed.stdout) == (0, f"{row.id}  replayed\n1 replayed\n")
    assert Operation.get(row.id, consistent_read=True).status == "queued"
    lines = [json.loads(line) for line in replayed.stderr.splitlines()]
    (audited,) = [line for line in lines if line["logger"] == "libs.tasks.audit"]
    told = {name: audited[name] for name in ("event", "operation", "user", "by", "service")}
    assert told == {
        "event": "operation replayed",
        "operation": row.id,
        "user": "ada",
        "by": "operator",
        "service": "auth",
    }
    assert ask("tasks", "discard", row.id).returncode == 1


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"APP_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"}, "DynamoDB: EndpointConnectionError"),
        ({"APP_TABLE_PREFIX": "nosuch-"}, "DynamoDB: ResourceNotFoundException"),
    ],
    ids=["away", "empty"],
)
def test_a_database_that_cannot_be_asked_is_told_of(ask: Ask, settings: dict[str, str], told: str) -> None:
    done = ask("tasks", "list", **settings)
    assert done.returncode == os.EX_TEMPFAIL
    assert told in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["tasks"], 2, "usage: python -m libs.service tasks"),
        (["tasks", "nosuch"], 2, "usage: python -m libs.service tasks"),
        (["tasks", "--help"], 0, ""),
        (["web", "list"], 2, "web takes no arguments"),
    ],
)
def test_what_makes_no_sense_is_told(
    arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code
    assert told in capsys.readouterr().err


def test_a_service_without_tasks_says_so() -> None:
    running = Service.named("profiles").start(
        Service.named("profiles").load_settings(environment("profiles")), {}
    )
    with pytest.raises(SettingsError, match="profiles has no tasks"):
        run_commands(commands.read_arguments(["list"]), running)
