"""``python -m libs.service config [--offline]``: what a process of this service would be told."""

import argparse
import os
import sys
from collections.abc import Sequence

from libs.service.settings.deployment import advice
from libs.service.settings.every_service import Settings
from libs.service.settings.loading import Reading
from libs.service.settings.showing import shown


def read_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Return what is asked for; a mistake ends the process, as argparse has it."""
    parser = argparse.ArgumentParser(prog="python -m libs.service config", description=__doc__)
    parser.add_argument("--offline", action="store_true", help="fetch nothing from AWS: look at names alone")
    return parser.parse_args(arguments)


def show(reading: Reading[Settings]) -> int:
    """Print what is in force, and on standard error what is wrong; return the exit code."""
    print(shown(reading))
    for fault in reading.faults:
        print(f"error: {fault}", file=sys.stderr)
    if reading.faults:
        return os.EX_TEMPFAIL if reading.passing else os.EX_CONFIG
    for line in advice(reading.kind, reading.values):
        print(f"warning: {line}", file=sys.stderr)
    return os.EX_OK
