"""A deploy in a process of its own, for a test to end: its arguments are stages, stage and commit."""

import sys
from pathlib import Path

import boto3

from infra.deploy import cli
from infra.deploy.tests.world import FakePrograms, Machine

if __name__ == "__main__":
    folder, stage, commit = sys.argv[1:]
    machine = Machine(commit, boto3.client)
    code = cli.main(
        ["deploy", "todos", stage, "--yes", "--json"],
        Path(folder),
        programs=lambda journal, dry: FakePrograms(machine, journal, dry),
        probe=lambda stage, service, address: None,
        parts=lambda image: b"{}",
    )
    sys.exit(code)
