"""`python -m infra.standin.rehearsal.delivering STAGES [--no-engine] COMMAND ...`: what `make` runs.

It is run in a clone, with stages that are the stand-in's. Nothing else is different, but where there is no
engine: there, what is asked of docker is whether it answers, and images stand in ECR already.
"""

import sys
from pathlib import Path

from infra.deploy import cli
from infra.deploy.journal import Journal
from infra.deploy.programs import Finished, Programs


class WithoutEngine(Programs):
    """Programs of a machine whose docker is asked, and not used."""

    def ask(self, *command: str, **how: object) -> Finished:
        """Answer for docker; ask all else."""
        return Finished(0) if command[0] == "docker" else super().ask(*command, **how)  # type: ignore[arg-type]


def _programs(journal: Journal, dry: bool) -> Programs:
    return WithoutEngine(journal, dry=dry)


def main(arguments: list[str]) -> int:
    """Run a command of the pipeline; its exit code."""
    stages, *command = arguments
    if command[0] == "--no-engine":
        return cli.main(command[1:], stages=Path(stages), programs=_programs)
    return cli.main(command, stages=Path(stages))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
