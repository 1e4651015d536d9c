"""Processes that add 1 to the same row again and again, each time as they have seen it.

``python -m libs.resource.tests.counting <key> <processes> <times>``, with the settings of the library in the
environment. Prints how often one of them was too late.
"""

import os
import sys
from multiprocessing import get_context
from random import SystemRandom
from time import sleep

from libs.dynamodb import Database
from libs.errors import PreconditionFailed
from libs.resource import CursorSigner
from libs.resource.tests.library import SECRET, SERVICE, NoteResource


def count(key: str, times: int) -> int:
    """Add 1 `times` times; return how often another process was faster."""
    loaded = SERVICE.load_settings(os.environ)
    Database(
        SERVICE.models,
        region=loaded.dynamodb_region,
        endpoint=loaded.dynamodb_endpoint,
        table_prefix=f"{loaded.table_prefix}library-",
    )
    notes = NoteResource(CursorSigner(SECRET))
    seen, late = notes.retrieve(key, None), 0
    while times:
        try:
            seen = notes.update(key, {"stars": seen("stars") + 1}, None, f'"{seen("version")}"')
        except PreconditionFailed:
            late += 1
            sleep(SystemRandom().uniform(0, 0.02))  # so that not all meet again
            seen = notes.retrieve(key, None)
        else:
            times -= 1
    return late


def main(key: str, processes: str, times: str) -> None:
    # Forked before there is a connection: what is imported is so once.
    with get_context("fork").Pool(int(processes)) as pool:
        late = pool.starmap(count, [(key, int(times))] * int(processes), chunksize=1)
    sys.stdout.write(f"{sum(late)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
