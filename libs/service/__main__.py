"""``python -m libs.service web|worker|beat|tables|shell``: run a process of the service APP_SERVICE names.

``python -m libs.service tasks list|show|replay|discard|cancel|stats`` looks after what its tasks have to do,
``python -m libs.service migrations list|start|status|pause`` does so for its migrations,
``python -m libs.service config`` shows what it is told, and by what.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.exceptions import PynamoDBException

from libs.api import ContractError
from libs.dynamodb import TableMismatch, as_problem, error_code
from libs.service.logs import command as log_level
from libs.service.logs import configure_logs, log_to_stderr
from libs.service.logs.control_file import UnsafeFile
from libs.service.logs.levels import control_file
from libs.service.processes import run_beat, run_shell, run_web, run_worker
from libs.service.running import Running
from libs.service.service import Service
from libs.service.settings import Settings, SettingsError, SettingsUnavailable, command
from libs.service.settings.deployment import DEVELOPMENT, advice
from libs.tasks.admin import commands
from libs.tasks.migrations import commands as migrations

_logger = logging.getLogger(__name__)

_MENDED = "A release comes after the tables it needs: docs/table-changes.md."

_PROCESSES: dict[str, Callable[[Running], int | None]] = {
    "web": run_web,
    "worker": run_worker,
    "beat": run_beat,
}
_COMMANDS = ("tables", "shell")
_WITH_ARGUMENTS = ("tasks", "migrations", "config", "log-level")
_ASKED: dict[str, Any] = {"tasks": commands, "migrations": migrations}


def main(arguments: list[str]) -> int:
    """Run the process; return its exit code.

    That is EX_CONFIG (78, sysexits.h) where starting it again would be of no use: nothing that a supervisor
    could wait for will mend it.
    """
    parser = argparse.ArgumentParser(prog="python -m libs.service", description=__doc__)
    parser.add_argument("process", choices=[*_PROCESSES, *_COMMANDS, *_WITH_ARGUMENTS])
    parser.add_argument("rest", nargs=argparse.REMAINDER, help="what is asked of the last four")
    given = parser.parse_args(arguments)
    process = given.process
    if given.rest and process not in _WITH_ARGUMENTS:
        parser.error(f"{process} takes no arguments")
    asked = _ASKED[process].read_arguments(given.rest) if process in _ASKED else None
    config = command.read_arguments(given.rest) if process == "config" else None
    levels = log_level.read_arguments(given.rest) if process == "log-level" else None
    try:
        name = os.environ.get("APP_SERVICE")
        if not name:
            raise SettingsError("APP_SERVICE: Missing data for required field.")
        service = Service.named(name)
        if config is not None:
            return command.show(service.read_settings(os.environ, fetch=not config.offline))
        settings = service.load_settings(os.environ)
        if levels is not None:
            print(log_level.run(levels, control_file(settings)))
            return os.EX_OK
        configure_logs(name, log_format=settings.log_format, level=settings.log_level)
        if asked is not None:
            log_to_stderr()
        for warning in advice(type(settings), vars(settings)):
            _logger.warning(warning)
        runs = process == "web" or (process in _PROCESSES and service.tasks)
        if runs or process == "tables" or settings.create_tables:
            look_after_tables(service, settings, patiently=process != "tables")
        if service.prepare is not None and process != "tables":
            # With a database of its own, as the tables: the one the process serves with may be forked.
            service.database(settings)
            service.prepare(settings)
        running = service.start(settings)
        if asked is not None:
            return run_commands(asked, running, of=process)
        if process == "shell":
            run_shell(running)
        elif process != "tables":
            return _PROCESSES[process](running) or os.EX_OK
    except SettingsUnavailable as error:
        print(f"cannot start:\n{error}", file=sys.stderr)
        return os.EX_TEMPFAIL
    except (SettingsError, ContractError, TableMismatch) as error:
        print(f"cannot start:\n{error}", file=sys.stderr)
        return os.EX_CONFIG
    except UnsafeFile as error:
        print(f"no level is set: {error}", file=sys.stderr)
        return os.EX_NOPERM
    except (PynamoDBException, BotoCoreError, ClientError) as error:
        told = error_code(error) or type(getattr(error, "cause", None) or error).__name__
        print(f"cannot start: DynamoDB: {told}", file=sys.stderr)
        return os.EX_TEMPFAIL
    return 0


def look_after_tables(service: Service, settings: Settings, *, patiently: bool) -> None:
    """Make the missing tables where a stack on one machine wants that; elsewhere see that they are right.

    :param patiently: a database that is away stops nothing then: the process waits for it, as for all else.
    :raises TableMismatch: naming every table that is missing, or is not as its model.
    """
    database = service.database(settings)
    if settings.create_tables or (not patiently and settings.environment in DEVELOPMENT):
        database.create_tables()
        return
    try:
        database.check_tables()
    except (BotoCoreError, ClientError) as error:
        if not patiently or as_problem(error) is None:
            raise
        _logger.warning("tables not looked at", extra={"error": type(error).__name__})
    except TableMismatch as fault:
        raise TableMismatch(f"{fault}\n{_MENDED}") from None


def run_commands(asked: argparse.Namespace, running: Running, *, of: str = "tasks") -> int:
    """Do what is asked of a service's tasks or migrations; return the exit code.

    :raises SettingsError: if it has none.
    """
    if running.tasks is None:
        raise SettingsError(f"APP_SERVICE: {running.service.name} has no tasks.")
    if of == "migrations":
        return migrations.run(asked, running.tasks, running.database)
    return commands.run(asked, running.tasks)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
