"""``python -m libs.service log-level``: another log level for some time, in all processes of a service."""

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from libs.service.logs.control_file import LEVELS, LONGEST_SECONDS, Change, ControlFile, UnsafeFile, refusal


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read what is asked for; ends the process with exit code 2 where that is nothing there is."""
    parser = argparse.ArgumentParser(
        prog="python -m libs.service log-level",
        description="Have all processes of this service, on this machine or in this container, log more or "
        "less for some time.",
    )
    parser.add_argument("level", choices=[*LEVELS, "usual", "show"], help="`usual` ends it")
    parser.add_argument("--for", dest="seconds", type=_seconds, default=600, help="seconds; 600")
    parser.add_argument("--logger", default="", help="of one part: libs.tasks; of all, if left out")
    given = parser.parse_args(arguments)
    if (why := refusal(given.logger)) is not None:
        parser.error(why)
    return given


def run(given: argparse.Namespace, file: ControlFile) -> str:
    """Do it, and return what to tell.

    :raises UnsafeFile: if there is no safe place to leave word of it.
    """
    try:
        changes = file.read()
    except UnsafeFile:
        if given.level == "show":
            raise
        changes = {}
    if given.level == "usual":
        changes = {name: one for name, one in changes.items() if given.logger and name != given.logger}
    elif given.level != "show":
        changes[given.logger] = Change(given.level, time.time() + given.seconds, given.seconds)
    if given.level != "show":
        file.write(changes)
    return "\n".join(_told(name, one) for name, one in sorted(changes.items())) or "as it is set"


def _told(name: str, one: Change) -> str:
    return f"{name or 'all'}: {one.level} until {datetime.fromtimestamp(one.until, UTC):%H:%M:%S} UTC"


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise argparse.ArgumentTypeError(f"not within 1 and {LONGEST_SECONDS}")
    return seconds
