"""What counting costs: ``python -m bench.metrics`` tells the CPU for a request and for a call of DynamoDB.

Counted as in a service, into files that all of its processes share; beside it, in the same run, the same with
nothing counted.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext

from libs.dynamodb import Call
from libs.service.metrics import Metrics
from libs.service.metrics.dynamodb import DynamoMetrics
from libs.service.metrics.requests import RequestMetrics
from libs.service.web import Exchange

TIMES, ROUNDS = 5000, 5


def cpu(work: Callable[[], None]) -> float:
    """Return the microseconds of CPU that `work` takes, of several rounds the best."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            work()
        best = min(best, time.process_time() - began)
    return best / TIMES * 1e6


def main() -> None:
    """Measure, and print a line each."""
    metrics = Metrics(shared=True)
    requests, dynamodb = RequestMetrics(metrics.registry), DynamoMetrics(metrics.registry)
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/todos/1"}

    def request(*, counted: bool) -> None:
        exchange = Exchange.begin(dict(environ))
        with requests.watch(exchange) if counted else nullcontext():
            exchange.route, exchange.status = "/todos/{todo_id}", 200

    def call(*, counted: bool) -> None:
        made = Call.begin("GetItem", {"TableName": "todos"})
        with dynamodb.watch(made) if counted else nullcontext():
            made.capacity = {"todos": 0.5}

    for name, work in (("request", request), ("call of DynamoDB", call)):
        without, with_it = cpu(lambda w=work: w(counted=False)), cpu(lambda w=work: w(counted=True))  # type: ignore[misc]
        print(f"{name}: {with_it - without:.1f} µs of CPU for counting")


if __name__ == "__main__":
    main()
