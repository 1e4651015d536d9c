"""``make bench``: print what a request costs here and in plain Flask services."""

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from pathlib import Path

from bench.binding.cases import binding_cases
from bench.cases import CREATE, GET, LIST, SORTED, WHERE, cases
from bench.columns import POLYMACARON, columns
from bench.item import WrongAnswer
from bench.profiling import profile
from bench.report import report
from bench.stopwatch import measure
from infra.local.errors import LocalError
from infra.local.throwaway import throwaway_servers
from libs.service.logs import configure_logs

# No run may reach an account of yours by accident.
DUMMY_CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
PROFILED = {"get": GET, "list": LIST, "create": CREATE, "where": WHERE, "sorted": SORTED}


def main(arguments: list[str]) -> str | None:
    """Run the bench; return what to say if it cannot be run."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=30, help="each figure is measured so often (30)")
    parser.add_argument("--requests", type=_positive, default=20, help="requests of a round (20)")
    parser.add_argument("--profile", choices=PROFILED, help="show where Polymacaron's CPU goes instead")
    options = parser.parse_args(arguments)
    os.environ.update(DUMMY_CREDENTIALS)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        os.environ.pop(name, None)
    try:
        with ExitStack() as stack:
            endpoint = stack.enter_context(_dynamodb())
            stack.enter_context(_logs_to_nowhere())
            compared = stack.enter_context(columns(endpoint))
            found = [*cases(compared), *binding_cases()]
            if options.profile:
                sought = (PROFILED[options.profile], POLYMACARON)
                call = next(case.call for case in found if (case.row, case.column) == sought)
                print(profile(call, calls=options.requests))
                return None
            figures = measure(found, rounds=options.rounds, calls=options.requests)
            names = [column.name for column in compared]
            print(report(figures, names, rounds=options.rounds, calls=options.requests))
    except (LocalError, WrongAnswer, OSError) as error:
        return f"make bench: {error}"
    return None


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


@contextmanager
def _dynamodb() -> Iterator[str]:
    """Yield the URL of a DynamoDB Local: TEST_DYNAMODB_ENDPOINT's, or one of our own that keeps nothing."""
    if endpoint := os.environ.get("TEST_DYNAMODB_ENDPOINT"):
        yield endpoint
        return
    with throwaway_servers(redis=False) as ports:
        yield f"http://127.0.0.1:{ports['dynamodb']}"


@contextmanager
def _logs_to_nowhere() -> Iterator[None]:
    """Log as a service does, its line for every request included, to where nobody reads it."""
    with Path(os.devnull).open("w") as nowhere:
        with redirect_stdout(nowhere):  # the handler keeps the stream it finds
            configure_logs("todos", log_format="json", level="INFO")
        yield


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
