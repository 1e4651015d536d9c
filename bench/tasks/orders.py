"""The service that is killed: orders that are accepted with a task each, which charges for it once."""

import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import redis
from flask import Flask, jsonify
from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.models import Model

from libs.service import Running, Service
from libs.service.logs import configure_logs
from libs.service.processes import run_beat, run_worker
from libs.tasks import Once, asynctask


class Order(Model):
    """What is accepted; `charges` is what a double effect would show in."""

    class Meta:
        table_name = "orders"

    id = UnicodeAttribute(hash_key=True)
    operation = UnicodeAttribute(null=True)
    charges = NumberAttribute(default_for_new=0)


@asynctask(timeout=60, attempts=100)
def charge(order_id: str, once: Once) -> None:
    """Count one charge."""
    once.do("charge", lambda transaction: transaction.update(Order(order_id), [Order.charges.add(1)]))


@asynctask(timeout=60)
def measured(name: str, seconds: float, clock: redis.Redis) -> None:
    """Take so long, and note when it was over."""
    time.sleep(seconds)
    clock.rpush("over", f"{name} {time.time()}")


def _provide(settings: Any) -> Iterable[object]:
    return [redis.Redis.from_url(settings.redis_url.reveal())]


# The name is one that has a contract; nothing of it is served.
service = Service("profiles", models=[Order], tasks=[charge, measured], provide=_provide)


def started() -> Running:
    """Put the service together as the environment says."""
    settings = service.load_settings(os.environ)
    configure_logs("profiles", log_format="json", level="WARNING")
    return service.start(settings)


def web() -> Flask:
    """Return the application that takes orders, for gunicorn."""
    running = started()
    app = Flask(__name__)

    @app.post("/orders/<order_id>")
    def take(order_id: str) -> Any:
        assert running.tasks is not None  # noqa: S101 - it has some
        with running.tasks.active(), running.database.transaction() as transaction:
            operation = charge(order_id=order_id)
            transaction.create(Order(order_id, operation=operation.id))
        return jsonify(operation=operation.id), 202

    return app


if __name__ == "__main__":
    # Under its own name, as the tasks have it.
    from bench.tasks import orders

    {"worker": run_worker, "beat": run_beat}[sys.argv[1]](orders.started())
