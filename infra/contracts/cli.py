"""The command line."""

import argparse
import os
import sys
from collections.abc import Sequence

from infra.contracts import clients
from infra.contracts.base import History
from infra.contracts.breaking import check
from infra.contracts.intended import intended
from infra.contracts.lint import faults, published
from infra.local.errors import LocalError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 is the exit code of faults in the documents, 2 of one that could not be run."""
    parser = argparse.ArgumentParser(prog="python -m infra.contracts", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lint", help="check the published documents against infra/contracts/redocly.yaml")
    breaking = commands.add_parser("breaking", help="tell what would break clients")
    breaking.add_argument("--base", default=os.environ.get("BASE"), help="a version git knows (BASE)")
    commands.add_parser("clients", help="write dist/clients/ and check that it compiles")
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "lint":
                return _lint()
            case "breaking":
                return check(published(), intended(), History(), given.base)
            case _:
                clients.write()
                return 0
    except LocalError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


def _lint() -> int:
    documents = published()
    found = faults(documents)
    print("\n".join(found) or f"Contracts: {len(documents)} published documents keep redocly.yaml")
    return 1 if found else 0
