"""The command line."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.aws.account import check_account
from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import STAGES, Stage, load_stage
from infra.aws.told import told
from infra.contracts.intended import intended
from infra.local.errors import LocalError
from infra.tables.breaking import MEANT, check, history
from infra.tables.copying import Copied, copy
from infra.tables.drift import drift
from infra.tables.templates import UnfitModels, templates
from infra.tables.writing import FOLDER, write


def main(arguments: Sequence[str] | None = None, stages: Path = STAGES) -> int:
    """Run one command; 1 is the exit code of what was found, 2 of one that could not be run."""
    parser = argparse.ArgumentParser(prog="python -m infra.tables", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("write", help=f"write {FOLDER}/, the templates of the tables, from the models")
    breaking = commands.add_parser("breaking", help="tell what tables in use would not survive")
    breaking.add_argument("--base", default=os.environ.get("BASE"), help="a version git knows (BASE)")
    drifted = commands.add_parser("drift", help="tell where the tables of a stage are not as the models")
    drifted.add_argument("stage", metavar="STAGE", help="a file in infra/stages/")
    copied = commands.add_parser("copy", help="copy the items of a table that another does not have")
    copied.add_argument("stage", metavar="STAGE", help="a file in infra/stages/")
    copied.add_argument("source", metavar="SOURCE", help="such as live-todos-todos-restored")
    copied.add_argument("target", metavar="TARGET", help="such as live-todos-todos")
    copied.add_argument("--overwrite", action="store_true", help="also those it has")
    copied.add_argument(
        "--where", action="append", default=[], type=_is, metavar="NAME=TEXT", help="only such items"
    )
    given = parser.parse_args(arguments)
    try:
        match given.command:
            case "write":
                print(f"{FOLDER}:", ", ".join(write()) or "nothing has changed")
                return 0
            case "breaking":
                return check(templates(), intended(MEANT), history(), given.base)
            case "copy":
                return _copy(given, stages)
            case _:
                return _drift(given.stage, stages)
    except (AwsError, LocalError, UnfitModels) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


def _is(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=TEXT, such as owner=ada")
    return name, value


def _drift(name: str, stages: Path) -> int:
    stage, aws = _account(name, stages)
    looked_at = 0
    found: list[str] = []
    for service, template in templates().items():
        prefix = told(stage.name, service).table_prefix
        found += drift(aws.client("dynamodb"), template, prefix, service)
        looked_at += len(template["Resources"])
    print("\n".join(found) or f"The {looked_at} tables of {name} are as the models have them.")
    return 1 if found else 0


def _copy(given: argparse.Namespace, stages: Path) -> int:
    _, aws = _account(given.stage, stages)
    done = copy(
        aws.client("dynamodb"),
        given.source,
        given.target,
        overwrite=given.overwrite,
        where=dict(given.where),
        told=_say,
    )
    print(f"Of {done.read} items of {given.source}, {done.written} were copied, {done.left} were there.")
    return 0


def _say(copied: Copied) -> None:
    print(f"{copied.read} items ...", file=sys.stderr)


def _account(name: str, stages: Path) -> tuple[Stage, Aws]:
    stage = load_stage(name, stages)
    aws = Aws(stage.region)
    check_account(aws, stage)
    return stage, aws
