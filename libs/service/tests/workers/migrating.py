"""A service with a migration that tells what it looks at, and kills its process on the way, for tests to run.

The items at which it dies are files in the folder that `DEATHS` names; each death takes its file with it.
"""

import os
import signal
from pathlib import Path

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.service import Service
from libs.service.logs import configure_logs
from libs.service.processes import run_beat, run_worker
from libs.tasks.migrations import Edit, migration

DEATHS, LOOKED_AT = "DEATHS", "LOOKED_AT"
PAGE_ITEMS = 10

RUN = "import sys; from libs.service.tests.workers import migrating; migrating.main(sys.argv[1])"
"""A script that runs a process of the service."""


class Thing(Model):
    """What a double or a missing change would show in."""

    class Meta:
        table_name = "things"

    id = UnicodeAttribute(hash_key=True)
    changes = NumberAttribute(null=True)


@migration(Thing, page_items=PAGE_ITEMS, pages_per_second=20)
def count(thing: Thing) -> Edit | None:
    """Count that an item was changed, which must be once."""
    with Path(os.environ[LOOKED_AT]).open("a") as file:
        file.write(f"{thing.id}\n")
    if thing.changes is not None:
        return None
    try:
        (Path(os.environ[DEATHS]) / str(thing.id)).unlink()
    except FileNotFoundError:
        return Edit(Thing.changes.set(1), condition=Thing.changes.does_not_exist())
    os.kill(os.getpid(), signal.SIGKILL)
    return None


# The name is one that has a contract; nothing of it is served.
service = Service("profiles", models=[Thing], tasks=[count])


def main(process: str) -> None:
    """Run the worker or beat, as ``python -m libs.service`` does it."""
    settings = service.load_settings(os.environ)
    configure_logs("profiles", log_format="json", level="INFO")
    {"worker": run_worker, "beat": run_beat}[process](service.start(settings))
