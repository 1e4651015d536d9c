"""``python -m libs.service tasks list|show|replay|discard|cancel|stats``: the operations of a service.

It goes to the table and not to the web process, which may be down.
"""

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import orjson

from libs.errors import Problem
from libs.tasks.admin import administration
from libs.tasks.admin.administration import LISTED, OPERATOR
from libs.tasks.following.owned import find
from libs.tasks.operation import CANCELLED, PARKED, Operation
from libs.tasks.runtime import TaskRuntime

SHOWN = 50
CHANGED = 1000
"""How many operations are changed at once if it is not said."""
_COLUMNS = {
    "ID": "id",
    "TASK": "task",
    "STATUS": "status",
    "TRIES": "attempts",
    "CODE": "code",
    "SINCE": "updated_at",
}
_TIMES = {"queued": "created_at"}
"""What SINCE is, where not `updated_at`: that of what waits changes with each hint of the relay."""
_DONE = {"replay": "replayed", "discard": "discarded", "cancel": "cancelled"}
_ADVICE = "say which: their ids, or --task NAME, --code CODE or --all"


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return what a command line asks for; ends the process with 2 where it cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m libs.service tasks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, told: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=told, description=told)
        command.add_argument("--json", action="store_true", help="for programs to read")
        return command

    def add_filters(command: argparse.ArgumentParser, limit: int) -> None:
        command.add_argument("--task", metavar="NAME", help="of this task alone")
        command.add_argument("--code", help="with this code of its problem alone")
        command.add_argument("--limit", type=_positive, default=limit, help=f"at most so many ({limit})")

    listed = add("list", "list what is parked (the latest first), waits or runs")
    listed.add_argument("--status", choices=LISTED, default=PARKED)
    add_filters(listed, SHOWN)
    add("show", "tell everything about an operation; secrets are redacted").add_argument("id")
    for name, told in (
        ("replay", "have parked operations run once more, with all their attempts before them"),
        ("discard", "give parked operations up, and forget their arguments"),
    ):
        command = add(name, told)
        command.add_argument("ids", nargs="*", metavar="id")
        command.add_argument("--all", action="store_true", help="all that is parked")
        add_filters(command, CHANGED)
    add("cancel", "cancel what waits, and ask what runs to stop").add_argument("ids", nargs="+", metavar="id")
    add("stats", "count what is parked, waits and runs, and the workers")
    given = parser.parse_args(arguments)
    if given.command in ("replay", "discard"):
        chosen = [bool(given.ids), given.all, bool(given.task or given.code)]
        if chosen.count(True) != 1:
            parser.error(_ADVICE)
    if given.command == "list" and given.code and given.status != PARKED:
        parser.error("only what is parked has a code")
    return given


def run(given: argparse.Namespace, runtime: TaskRuntime) -> int:
    """Do what is asked, and print what came of it; return the exit code.

    That is 1 if something was asked of an operation that is not there, or that it does not allow, 2 where no
    operation is found and the service has no such task, and EX_TEMPFAIL (75) where it can only be done later.
    """
    command: Callable[[argparse.Namespace, TaskRuntime], int] = {
        "list": _list,
        "show": _show,
        "stats": _stats,
    }.get(given.command, _change)
    try:
        return command(given, runtime)
    except Problem as problem:
        print(f"{problem.detail} ({problem.code})", file=sys.stderr)
        return os.EX_TEMPFAIL


def _list(given: argparse.Namespace, runtime: TaskRuntime) -> int:
    found: list[dict[str, Any]] = []
    for operation in _listed(given):
        if len(found) == given.limit:
            print(f"There are more: --limit {given.limit * 10}", file=sys.stderr)
            break
        found.append(administration.summary(operation))
    if not found and _is_unknown(given.task, runtime):
        return 2
    if given.json:
        _print_json({"items": found})
    elif not found:
        print(f"Nothing is {given.status}." if given.status != "queued" else "Nothing waits.")
    else:
        columns = {**_COLUMNS, "SINCE": _TIMES.get(given.status, _COLUMNS["SINCE"])}
        print_table([*columns], [[_text(one.get(name)) for name in columns.values()] for one in found])
    return 0


def _is_unknown(task: str | None, runtime: TaskRuntime) -> bool:
    """Whether the service has no such task, and say so; operations may be left of one that it had."""
    if task is None or task in runtime.tasks:
        return False
    print(f"There is no task {_text(task)}, but {', '.join(sorted(runtime.tasks))}", file=sys.stderr)
    return True


def _listed(given: argparse.Namespace) -> Iterator[Operation]:
    if given.status == PARKED:
        yield from administration.parked(task=given.task, code=given.code)
        return
    after = None
    while True:
        page = administration.list_page(given.status, task=given.task, after=after)
        yield from page.operations
        after = page.next
        if after is None:
            return


def _show(given: argparse.Namespace, _: TaskRuntime) -> int:
    try:
        told = administration.details(find(given.id))
    except Problem as problem:
        return _refused(given.id, problem)
    if given.json:
        _print_json(told)
        return 0
    width = max(map(len, told))
    for name, value in told.items():
        if name == "history" and value:
            print(name)
            tries = [[_text(one.get(key)) for key in ("attempt", "at", "seconds", "code")] for one in value]
            print_table(["  TRY", "BEGAN", "SECONDS", "CODE"], [[f"  {one[0]}", *one[1:]] for one in tries])
        else:
            print(f"{name.ljust(width)}  {_text(value)}")
    return 0


def _stats(given: argparse.Namespace, _: TaskRuntime) -> int:
    found = administration.statistics()
    if given.json:
        _print_json(found)
        return 0
    rows = [[_text(one[name]) for name in ("status", "task", "count")] for one in found["counts"]]
    if rows:
        print_table(["STATUS", "TASK", "COUNT"], rows)
    else:
        print("Nothing is parked, waits or runs.")
    if not found["complete"]:
        print(f"There are more: of each list {administration.MOST_COUNTED} are counted.")
    print(f"workers: {found['workers']}")
    print(f"the oldest has been waiting for {found['oldest_waiting_seconds']} seconds")
    return 0


def _change(given: argparse.Namespace, runtime: TaskRuntime) -> int:
    """Replay, discard or cancel: those named, each of which must allow it, or those that are found."""
    if given.command == "cancel" or given.ids:
        done, refused = _change_each(given, given.ids, runtime)
        exit_code = 1 if refused else 0
    else:
        found = (one.id for one in administration.parked(task=given.task, code=given.code))
        done, refused = _change_each(given, found, runtime, limit=given.limit)
        if not done and not refused and _is_unknown(given.task, runtime):
            return 2
        exit_code = 0  # somebody else was faster, or the same is pending
    if given.json:
        _print_json({_DONE[given.command]: done, "refused": refused})
    else:
        print(f"{len(done)} {_DONE[given.command]}" + (f", {len(refused)} not" if refused else ""))
    return exit_code


def _change_each(
    given: argparse.Namespace, ids: Iterable[str], runtime: TaskRuntime, *, limit: int | None = None
) -> tuple[list[str], dict[str, str]]:
    """Return the ids of what was changed, and the codes of why what was not, by id."""
    done: list[str] = []
    refused: dict[str, str] = {}
    for one in ids:
        if limit is not None and len(done) + len(refused) == limit:
            print(f"There are more: {limit} were done.", file=sys.stderr)
            break
        try:
            operation = find(one)
            told = _change_one(given.command, operation, runtime)
        except Problem as problem:
            if problem.status >= 500:
                raise
            _refused(one, problem)
            refused[one] = problem.code
            continue
        done.append(one)
        if not given.json:
            print(f"{_text(one)}  {told}")
    return done, refused


def _change_one(command: str, operation: Operation, runtime: TaskRuntime) -> str:
    match command:
        case "replay":
            administration.replay(operation, runtime, by=OPERATOR)
        case "discard":
            administration.discard(operation, by=OPERATOR)
        case _:
            administration.cancel(operation, by=OPERATOR)
            if operation.status != CANCELLED:
                return "asked to stop"
    return _DONE[command]


def _refused(operation_id: str, problem: Problem) -> int:
    told = "There is no such operation." if problem.status == 404 else f"{problem.detail} ({problem.code})"
    print(f"{_text(operation_id)}: {told}", file=sys.stderr)
    return 1


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _text(value: Any) -> str:
    """Return a value on one line, without characters that a terminal would obey."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    text = orjson.dumps(value).decode() if isinstance(value, dict | list | bool) else str(value)
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """Print rows below their head, each column as wide as it has to be."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for row in [head, *rows]:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())


def _print_json(value: Any) -> None:
    """Print JSON with every character escaped that a terminal would obey."""
    text = orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    print(re.sub(r"[^ -~\n]", lambda one: one[0] if one[0].isprintable() else json.dumps(one[0])[1:-1], text))
