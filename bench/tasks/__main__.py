"""``make bench-tasks``: kill all that is around tasks, count what is lost, and compare with plain Celery."""

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.tasks.chaos import Chaos, Outcome
from bench.tasks.cost import OURS, Cost, Costs, compare
from bench.tasks.orders import service
from bench.tasks.plain import RESULTS
from infra.local.ports import HOST
from infra.local.throwaway import reserved_port, throwaway_servers
from libs.service.logs import configure_logs
from libs.service.testing import environment, running_service

# No run may reach an account of yours by accident.
DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


LENGTHS = (0.0, 0.02, 0.05, 0.2)
"""Seconds that the tasks of the comparison take: that which does nothing has nothing but overhead."""


def main(arguments: list[str]) -> int:
    """Run the bench; 1 if anything was lost, or done twice."""
    parser = argparse.ArgumentParser(prog="make bench-tasks", description=__doc__)
    parser.add_argument("--tasks", type=int, default=2000, help="orders to be accepted (2000)")
    parser.add_argument("--rate", type=float, default=20.0, help="orders sent a second, at most (20)")
    parser.add_argument(
        "--workers", type=int, default=4, help="workers, one of which is killed each second (4)"
    )
    parser.add_argument("--kill", type=float, default=1.0, help="seconds between two kills of a worker (1)")
    parser.add_argument("--compare", type=int, default=60, help="tasks of a round of the comparison (60)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the comparison; 0: none (7)")
    parser.add_argument("--no-chaos", action="store_true", help="the comparison alone")
    options = parser.parse_args(arguments)
    os.environ.update(DUMMY_CREDENTIALS)
    configure_logs("bench", log_format="text", level="ERROR")
    with ExitStack() as stack:
        ports = stack.enter_context(throwaway_servers())
        os.environ["TEST_DYNAMODB_ENDPOINT"] = f"http://{HOST}:{ports['dynamodb']}"
        os.environ["TEST_REDIS_URL"] = f"redis://{HOST}:{ports['redis']}/0"
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-tasks-")))
        good = True
        if not options.no_chaos:
            outcome = _chaos(folder, options)
            good = outcome.good
            print(_told(outcome), flush=True)
        if options.rounds:
            environ = environment("profiles", worker_concurrency="2")
            with running_service(service, environ) as running:
                how_much = {"count": options.compare, "rounds": options.rounds, "lengths": LENGTHS}
                for seconds, rounds in compare(running, environ, **how_much):
                    print(_compared(seconds, rounds, options.compare), flush=True)
    return 0 if good else 1


def _chaos(folder: Path, options: argparse.Namespace) -> Outcome:
    with reserved_port() as web_port, reserved_port() as redis_port:
        environ = environment(
            "profiles",
            redis_url=f"redis://{HOST}:{redis_port}/0",
            task_lease_seconds="3",
            task_sweep_seconds="1",
            worker_concurrency="2",
        )
        with running_service(service, environ):
            chaos = Chaos(
                environ,
                folder,
                count=options.tasks,
                rate=options.rate,
                workers=options.workers,
                kill_seconds=options.kill,
                port=web_port,
            )
            return chaos.run(redis_port)


def _told(outcome: Outcome) -> str:
    killed = ", ".join(f"{name} {times} times" for name, times in sorted(outcome.killed.items()))
    return "\n".join(
        [
            f"In {outcome.seconds:.0f} seconds, killed: {killed}",
            f"accepted {outcome.accepted} (and {outcome.unanswered} requests without an answer)",
            f"done {outcome.done}, parked {outcome.parked}; {outcome.meanwhile} of them meanwhile",
            f"lost {outcome.lost}, done twice {outcome.double}, half done {outcome.half}",
        ]
    )


def _compared(seconds: float, rounds: list[Costs], count: int) -> str:
    """Return a table of ratios, each the median of those within the rounds."""
    figures: dict[str, Callable[[Cost], float]] = {
        f"{count} tasks": lambda cost: cost.total,
        "one, from call to end": lambda cost: cost.latency,
        "the call": lambda cost: cost.call,
    }
    lines = [f"Tasks of {seconds * 1000:.0f} ms, as a multiple of plain Celery that keeps results"]
    lines.append(f"{'':24}" + "".join(f"{one:>10}" for one in RESULTS))
    for name, figure in figures.items():
        ratios = [
            statistics.median(figure(one[OURS]) / figure(one[results]) for one in rounds)
            for results in RESULTS
        ]
        lines.append(f"{name:24}" + "".join(f"{one:10.2f}" for one in ratios))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
