"""The command line."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.aws.clients import Aws
from infra.aws.errors import AwsError
from infra.aws.stage import STAGES, load_stage
from infra.local.errors import LocalError
from infra.local.output import say
from infra.stacks.apply import Apply, Refused, explain
from infra.stacks.plan import TEMPLATES, stacks
from infra.stacks.programs import check_policy
from infra.stacks.secret import ask, put_entry

FAULT, REFUSED = 1, 3


def main(arguments: Sequence[str] | None = None, stages: Path = STAGES) -> int:
    """Run one command.

    :return: 0 it is done, 1 it failed, 3 nothing was changed because the answer was no or something would be
        lost, 130 it was interrupted.
    """
    given = _parser().parse_args(arguments)
    try:
        if given.command == "policy":
            return check_policy(TEMPLATES)
        stage = load_stage(given.stage, stages)
        if given.command == "names":
            print("\n".join(stack.name for stack in stacks(stage)))
            return 0
        aws = Aws(stage.region)
        if given.command == "secret":
            prompt = f"{given.service}: {given.entry} = "
            put_entry(aws, stage, given.service, given.entry, lambda: ask(prompt))
        else:
            confirm = (lambda _: True) if given.yes else _ask
            Apply(aws, stage, confirm, replace=given.replace, dry_run=given.dry_run).run()
    except (AwsError, LocalError) as error:
        say(f"Error: {error}")
    except Refused as refusal:
        say(f"Refused: {refusal}")
        return REFUSED
    except ClientError as error:
        say(f"Error: {explain(error)}")
    except BotoCoreError as error:
        say(f"Error: AWS does not answer: {error}")
    except KeyboardInterrupt:
        say("Interrupted. What CloudFormation has begun goes on; do it again to follow and to finish.")
        return 130
    else:
        return 0
    return FAULT


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.stacks", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    apply = commands.add_parser("apply", help="have the stacks of a stage be what the templates say")
    apply.add_argument("stage")
    apply.add_argument("--dry-run", action="store_true", help="show what would change, and change nothing")
    apply.add_argument("--yes", action="store_true", help="ask nobody")
    apply.add_argument(
        "--replace",
        action="append",
        default=[],
        metavar="STACK/RESOURCE",
        help="let this one be replaced, removed or drawn anew with what it holds (once for each)",
    )
    listed = commands.add_parser("names", help="print the stacks of a stage, in the order they are made")
    listed.add_argument("stage")
    commands.add_parser("policy", help="check the templates against the rules of checkov")
    secret = commands.add_parser(
        "secret", help="put an entry into a secret of a service, read from standard input"
    )
    for name in ("stage", "service", "entry"):
        secret.add_argument(name)
    return parser


def _ask(question: str) -> bool:
    if not sys.stdin.isatty():
        raise Refused("nobody can be asked here: ARGS=--yes.")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
