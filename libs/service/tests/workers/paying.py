"""A service whose task has an effect, and kills its process around it, for tests to run as real processes.

Where it dies is told by files in the folder that `DEATHS` names: each death takes its file with it, so that
there is one of each.
"""

import os
import signal
from pathlib import Path

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.dynamodb import Transaction
from libs.service import Service
from libs.service.logs import configure_logs
from libs.service.processes import run_beat, run_worker
from libs.tasks import Once, asynctask

DEATHS = "DEATHS"
PLACES = ("in the effect", "after the effect", "after the second")

RUN = "import sys; from libs.service.tests.workers import paying; paying.main(sys.argv[1])"
"""A script that runs a process of the service."""


class Account(Model):
    """What a double effect would show in."""

    class Meta:
        table_name = "accounts"

    id = UnicodeAttribute(hash_key=True)
    charges = NumberAttribute(default_for_new=0)
    bonus = NumberAttribute(default_for_new=0)


def dies(account_id: str, place: str) -> None:
    """Kill this process, as being out of memory would, if a file says so."""
    try:
        (Path(os.environ[DEATHS]) / f"{account_id} {place}").unlink()
    except FileNotFoundError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


@asynctask(timeout=60, attempts=20)
def pay(account_id: str, once: Once) -> str:
    """Charge an account, give it a bonus, and have a receipt sent; each once."""

    def charge(transaction: Transaction) -> str:
        transaction.update(Account(account_id), [Account.charges.add(1)])
        operation = receipt(account_id=account_id)
        dies(account_id, "in the effect")
        return str(operation.id)

    sent = once.do("charge", charge)
    dies(account_id, "after the effect")
    once.do("bonus", lambda transaction: transaction.update(Account(account_id), [Account.bonus.add(1)]))
    dies(account_id, "after the second")
    return sent


@asynctask(timeout=60)
def receipt(account_id: str) -> None:
    """Stand for a mail."""


# The name is one that has a contract; nothing of it is served.
service = Service("profiles", models=[Account], tasks=[pay, receipt])


def main(process: str) -> None:
    """Run the worker or beat, as ``python -m libs.service`` does it."""
    settings = service.load_settings(os.environ)
    configure_logs("profiles", log_format="json", level="INFO")
    {"worker": run_worker, "beat": run_beat}[process](service.start(settings))
