"""The command line of `make rehearse`."""

import argparse
import signal
import time
from collections.abc import Sequence

from infra.local.errors import LocalError
from infra.local.mode import docker_answers
from infra.local.output import say
from infra.standin.rehearsal.clone import QUICK_TESTS, cloned
from infra.standin.rehearsal.leftovers import remove_images
from infra.standin.rehearsal.script import Rehearsal, Unexpected
from infra.standin.whole import whole_standin

LEFT_OUT = (
    f"unit tests but those of {QUICK_TESTS}: `make test` has them",
    "acceptance tests with a browser, or with the stage's key: `make testaccept` has them",
    "what AWS alone has: load balancers of its own, DNS and what resolvers remember, TLS, instances, IAM",
)
WITHOUT_ENGINE = "images, the registry and the proxy: no Docker engine with compose v2 answers here"


def main(arguments: Sequence[str] | None = None) -> int:
    """Rehearse; 1 if something went otherwise than it has to."""
    parser = argparse.ArgumentParser(prog="python -m infra.standin.rehearsal", description=__doc__)
    parser.add_argument("--processes", action="store_true", help="without containers, even beside an engine")
    parser.add_argument("--verbose", action="store_true", help="show what the pipeline says")
    given = parser.parse_args(arguments)
    engine = not given.processes and docker_answers()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    say(f"Starting a stand-in for AWS, whose environments are {'containers' if engine else 'processes'} ...")
    try:
        with cloned() as clone, whole_standin(containers=engine, repository=clone.folder) as whole:
            rehearsal = Rehearsal(whole, clone, engine, given.verbose)
            try:
                rehearsal.run()
            finally:
                _print(rehearsal, engine)
                if engine:
                    remove_images(whole.standin.registry, clone.commits)
    except (Unexpected, LocalError) as error:
        say(f"Error: {error}")
        return 1
    except KeyboardInterrupt:
        say("Interrupted")
        return 130
    print(f"All that was rehearsed went as it has to ({time.monotonic() - began:.0f} s).")
    return 0


def _print(rehearsal: Rehearsal, engine: bool) -> None:
    for shown in rehearsal.shown:
        print(f"shown: {shown}")
    for left in (*LEFT_OUT, *(() if engine else (WITHOUT_ENGINE,))):
        print(f"left out: {left}")
