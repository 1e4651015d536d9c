"""What is compared with: workers of plain Celery, with the settings that lose least.

Three of them, by where the state and the result of a task are kept: nowhere, in Redis, in DynamoDB.
"""

import os
import sys
import time

import redis
from celery import Celery

RESULTS = ("nowhere", "redis", "dynamodb")


def plain(results: str) -> Celery:
    """Return the app, with a task named ``measured``, which keeps results there."""
    url, dynamodb = os.environ["APP_REDIS_URL"], os.environ["APP_DYNAMODB_ENDPOINT"].removeprefix("http://")
    backends = {
        "nowhere": None,
        "redis": url,
        "dynamodb": f"dynamodb://local:local@{dynamodb}/plain-results",
    }
    app = Celery(f"plain-{results}", broker=url, backend=backends[results], set_as_current=False)
    app.conf.update(
        task_default_queue=f"plain-{results}",
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=60,
        task_time_limit=70,
        # An operation tells that it is running, too.
        task_track_started=results != "nowhere",
        task_ignore_result=results == "nowhere",
        worker_prefetch_multiplier=1,
        broker_connection_retry_on_startup=True,
    )
    clock = redis.Redis.from_url(url)

    @app.task(name="measured", shared=False)  # type: ignore[untyped-decorator]
    def measured(name: str, seconds: float) -> None:
        """Take so long, and note when it was over."""
        time.sleep(seconds)
        clock.rpush("over", f"{name} {time.time()}")

    return app


if __name__ == "__main__":
    concurrency = int(os.environ["APP_WORKER_CONCURRENCY"])
    options = {"without_gossip": True, "without_mingle": True, "quiet": True}
    plain(sys.argv[1]).Worker(concurrency=concurrency, **options).start()
