"""``python -m libs.service migrations list|start|status|pause``: the migrations of a service.

Like ``tasks`` it goes to the tables, and not to the web process.
"""

import argparse
import json
import sys
from collections.abc import Sequence

from libs.dynamodb import Database
from libs.errors import Problem
from libs.tasks.admin.commands import print_table
from libs.tasks.migrations.progress import DONE, FAILED, PAUSED, RUNNING, Part
from libs.tasks.migrations.running import Migration
from libs.tasks.runtime import TaskRuntime

_WORST_FIRST = (FAILED, PAUSED, RUNNING, DONE)


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what a command line asks for; ends the process with 2 where it cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m libs.service migrations", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    told = {
        "list": "list the migrations of the service, and how far each is",
        "start": "begin one, or go on with what is paused, has failed or was lost",
        "status": "tell how far each part of one is",
        "pause": "have one stop after the pages that are being done",
    }
    for name, text in told.items():
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", action="store_true", help="for programs to read")
        if name != "list":
            command.add_argument("name", help="the migration: its module and function, or the function alone")
        if name == "start":
            command.add_argument("--again", action="store_true", help="from the beginning, though it is done")
    return parser.parse_args(arguments)


def run(given: argparse.Namespace, runtime: TaskRuntime, database: Database) -> int:
    """Do what is asked, and print what came of it; return the exit code.

    That is 1 where the migration does not allow it, such as to start what is done, and 2 for a name that no
    migration has, or several have.
    """
    known = [one for one in runtime.tasks.values() if isinstance(one, Migration)]
    if given.command == "list":
        _show_all(known, as_json=given.json)
        return 0
    named = [one for one in known if given.name in (one.name, one.name.rsplit(".", 1)[-1])]
    if len(named) != 1:
        names = ", ".join(sorted(one.name for one in known)) or "none"
        print(f"{given.name} is not one of the migrations of this service: {names}", file=sys.stderr)
        return 2
    try:
        match given.command:
            case "start":
                with runtime.active():
                    named[0].start(database, again=given.again)
            case "pause":
                named[0].stop(PAUSED)
    except Problem as problem:
        print(f"{problem.detail} ({problem.code})", file=sys.stderr)
        return 1
    _show(named[0], as_json=given.json)
    return 0


def _show_all(known: Sequence[Migration], *, as_json: bool) -> None:
    rows = [[one.name, *_summary(one.found())] for one in known]
    _table(
        ["MIGRATION", "STATE", "PARTS DONE", "EXAMINED", "CHANGED", "SINCE", "LAST"], rows, as_json=as_json
    )


def _summary(parts: Sequence[Part]) -> list[str]:
    if not parts:
        return ["not started", "", "", "", "", ""]
    states = [part.state for part in parts]
    return [
        next(state for state in _WORST_FIRST if state in states),
        f"{states.count(DONE)} of {len(parts)}",
        str(sum(part.examined for part in parts)),
        str(sum(part.changed for part in parts)),
        min(part.at[0] for part in parts),
        max(part.at[1] for part in parts),
    ]


def _show(one: Migration, *, as_json: bool) -> None:
    rows = [
        [str(part.number), part.state, str(part.pages), str(part.examined), str(part.changed), *part.at]
        for part in one.found()
    ]
    _table(["PART", "STATE", "PAGES", "EXAMINED", "CHANGED", "SINCE", "LAST"], rows, as_json=as_json)


def _table(head: list[str], rows: list[list[str]], *, as_json: bool) -> None:
    if as_json:
        names = [name.lower().replace(" ", "_") for name in head]
        print(json.dumps([dict(zip(names, row, strict=True)) for row in rows], indent=2))
    elif rows:
        print_table(head, rows)
    else:
        print("There is nothing.")
