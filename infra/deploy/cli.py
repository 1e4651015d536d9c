"""The commands of ``python -m infra.deploy``, which ``make`` offers as its own."""

import argparse
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from uuid import uuid4

from infra.aws.account import check_account
from infra.aws.clients import Aws
from infra.aws.errors import AwsError, CredentialsError
from infra.aws.stage import STAGES, Stage, load_stage
from infra.deploy import cleanup, order, pipeline, rollback, status
from infra.deploy.api import Api
from infra.deploy.clock import Clock
from infra.deploy.exits import Busy, DeployError, Exit, Interrupted
from infra.deploy.faults import missing_stage
from infra.deploy.journal import Journal, JsonJournal
from infra.deploy.probe import Probe, ask_ready
from infra.deploy.programs import Programs
from infra.deploy.source import Source
from infra.deploy.waiting import fetch_text
from infra.deploy.work import Tools, Work
from infra.image.sbom import sbom
from infra.local.errors import LocalError
from infra.local.output import table

Command = Callable[[argparse.Namespace, Tools, Stage, list[str]], None]


def main(
    arguments: Sequence[str] | None = None,
    stages: Path = STAGES,
    *,
    clock: Clock | None = None,
    programs: Callable[[Journal, bool], Programs] = lambda journal, dry: Programs(journal, dry=dry),
    probe: Probe = ask_ready,
    parts: Callable[[str], bytes] = sbom,
) -> int:
    """Run one command; its exit code.

    :param stages: the folder of the stages.
    :param clock: what tells the time, and waits; `programs` makes what runs other programs; `probe` asks a
        service whether it is ready, `parts` lists what is in an image: for tests.
    """
    options = _parser().parse_args(arguments)
    clock = clock or Clock()
    journal = (JsonJournal if options.json else Journal)(clock.now)
    code = Exit.DONE
    try:
        with _ending_by_signals():
            _run(options, journal, clock, programs(journal, options.dry_run), probe, parts, stages)
    except DeployError as error:
        code = error.exit_code
        journal.tell("fault", str(error), code=int(code))
    except CredentialsError as error:
        code = Exit.CREDENTIALS
        journal.tell("fault", str(error), code=int(code))
    except (AwsError, LocalError) as error:
        code = Exit.REFUSED
        journal.tell("fault", str(error), code=int(code))
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
        at = f" at the step `{journal.step}`" if journal.step else ""
        # Of a rollback, how it is finished was told before.
        again = "" if options.name == "rollback" else "\nThe same command goes on from there."
        journal.tell(
            "fault",
            f"interrupted{at}. What AWS was told to do it goes on with; `make status` shows how things are."
            f"{again}",
            code=int(code),
        )
    journal.tell("end", code.meaning if code else "done", code=int(code))
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, command: Command, *, changes: bool = True) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        sub.set_defaults(command=command, name=name, changes=changes)
        sub.add_argument("service", nargs="?", default="", help="such as todos; all, if absent")
        sub.add_argument("stage", nargs="?", default="", help="a file of infra/stages/, such as staging")
        sub.add_argument("--json", action="store_true", help="a JSON object a line, on stdout")
        sub.add_argument("--dry-run", action="store_true", help="tell what would be done, and only look")
        sub.add_argument("--yes", action="store_true", help="ask nothing")
        return sub

    deploying = add("deploy", _deploy)
    deploying.add_argument("--keep", action="store_true", help="keep an environment that failed, for a look")
    deploying.add_argument(
        "--consumers-first", action="store_true", help="of all services, those first that call others"
    )
    add("rollback", _rollback).add_argument("--to", metavar="COMMIT", help="instead of to the one before")
    add("status", _status, changes=False)
    add("cleanup", _cleanup).add_argument(
        "--previous", action="store_true", help="also what is kept for a rollback"
    )
    return parser


def _run(
    options: argparse.Namespace,
    journal: Journal,
    clock: Clock,
    programs: Programs,
    probe: Probe,
    parts: Callable[[str], bytes],
    stages: Path,
) -> None:
    if not options.stage:
        raise missing_stage(options.name, stages)
    stage = load_stage(options.stage, stages)
    services = [options.service] if options.service else list(stage.services)
    unknown = [one for one in services if one not in stage.services]
    if unknown:
        raise DeployError(
            Exit.REFUSED,
            f"SERVICE={unknown[0]} is none of {', '.join(stage.services)}, which {stage.name} has.",
        )
    journal.subject = {"stage": stage.name}
    aws = Aws(stage.region)
    caller = _caller(aws, stage)
    api = Api(aws, journal, clock, dry=options.dry_run)
    holder = (
        f"{os.environ.get('GITHUB_ACTOR') or os.environ.get('USER') or 'somebody'} at {socket.gethostname()}"
    )
    tools = Tools(
        api=api,
        journal=journal,
        clock=clock,
        programs=programs,
        probe=probe,
        fetch=fetch_text,
        parts=parts,
        holder=f"{holder} (process {os.getpid()}, {uuid4().hex[:6]})",
        caller=caller,
        keep=getattr(options, "keep", False),
        stages=stages,
    )
    command: Command = options.command
    command(options, tools, stage, services)


def _caller(aws: Aws, stage: Stage) -> str:
    """Who is calling: before anything else is looked at, for nothing can be done without."""
    try:
        return check_account(aws, stage)
    except CredentialsError:
        raise
    except AwsError as error:
        raise Busy(str(error)) from error


def _deploy(options: argparse.Namespace, tools: Tools, stage: Stage, services: list[str]) -> None:
    """Bring the commit that is checked out to a stage."""
    if not options.service:
        called = order.calls(stage.name, services)
        services = order.release_order(called, consumers_first=options.consumers_first)
    commit = Source(tools.programs).commit()
    _confirm(options, f"deploy {', '.join(services)} at {commit[:7]} to {stage.name}")
    for work in _each(tools, stage, services, commit):
        pipeline.deploy(work)


def _rollback(options: argparse.Namespace, tools: Tools, stage: Stage, services: list[str]) -> None:
    """Bring clients back to what they had before."""
    if not options.service:
        raise DeployError(
            Exit.REFUSED, f"say which service: make rollback SERVICE={services[-1]} STAGE={stage.name}"
        )
    to = Source(tools.programs).expand(options.to) if options.to else None
    for work in _each(tools, stage, services, ""):
        also = "" if options.yes or options.dry_run else rollback.prospect(work, to)
        _confirm(options, f"roll back {services[0]} at {stage.name}{also}")
        rollback.rollback(work, to)


def _cleanup(options: argparse.Namespace, tools: Tools, stage: Stage, services: list[str]) -> None:
    """Terminate environments that nobody needs."""
    _confirm(options, f"terminate what is not needed of {', '.join(services)} at {stage.name}")
    for work in _each(tools, stage, services, ""):
        cleanup.cleanup(work, previous_too=options.previous)


def _status(options: argparse.Namespace, tools: Tools, stage: Stage, services: list[str]) -> None:
    """Show the environments of a stage, and who is at work there."""
    lines: list[status.Line] = []
    holders: dict[str, str] = {}
    for work in _each(tools, stage, services, ""):
        found, holder = status.status(work)
        lines += found
        if holder:
            holders[work.service] = holder
    if options.json:
        for line in lines:
            print(json.dumps({"kind": "environment", "stage": stage.name, **asdict(line)}))
        for service, holder in holders.items():
            print(json.dumps({"kind": "lock", "stage": stage.name, "service": service, "holder": holder}))
        return
    print(
        table(status.rows(lines))
        if lines
        else f"Nothing stands at {stage.name}: make deploy STAGE={stage.name}"
    )
    for service, holder in holders.items():
        print(f"{service}: {holder} is at work")


def _each(tools: Tools, stage: Stage, services: list[str], commit: str) -> Iterator[Work]:
    for service in services:
        tools.journal.subject = {"stage": stage.name, "service": service}
        tools.journal.step = ""
        yield Work(tools, stage, service, commit)


def _confirm(options: argparse.Namespace, what: str) -> None:
    """Ask whether that is meant.

    :raises DeployError: it is not, or nobody can be asked.
    """
    if options.yes or options.dry_run:
        return
    if not sys.stdin.isatty():
        raise DeployError(
            Exit.REFUSED, f"to {what} wants to be confirmed: ARGS=--yes, where nobody is to be asked."
        )
    print(f"{what[0].upper()}{what[1:]}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise DeployError(Exit.REFUSED, "nothing was done.")


@contextmanager
def _ending_by_signals() -> Iterator[None]:
    """Have signals end the command through its `finally` blocks; a second one changes nothing."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(number: int, frame: FrameType | None) -> None:
        for one in numbers:
            signal.signal(one, signal.SIG_IGN)
        raise Interrupted(signal.Signals(number).name)

    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
