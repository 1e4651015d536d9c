"""What is compared with: a worker of plain Celery, with the settings that lose least."""

import os
import time

import redis
from celery import Celery

URL = os.environ["APP_REDIS_URL"]
app = Celery("plain", broker=URL)
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    broker_connection_retry_on_startup=True,
)
clock = redis.Redis.from_url(URL)


@app.task(name="measured")  # type: ignore[untyped-decorator]
def measured(name: str, seconds: float) -> None:
    """Take so long, and note when it was over."""
    time.sleep(seconds)
    clock.rpush("over", f"{name} {time.time()}")


def run() -> None:
    """Run a worker."""
    concurrency = int(os.environ["APP_WORKER_CONCURRENCY"])
    app.Worker(concurrency=concurrency, without_gossip=True, without_mingle=True, quiet=True).start()
