"""What a deployment tells of its tasks, and to whom."""

import pytest

from testaccept.conftest import Eventually
from testaccept.deployment import SERVICES, Clients, User


@pytest.mark.parametrize("service", ["auth", "todos"])
def test_readiness_tells_of_the_workers_and_of_what_waits(
    anyone: Clients, eventually: Eventually, service: str
) -> None:
    def a_worker_lives() -> None:
        told = anyone.of(service).get("/health/ready").json()["checks"]["tasks"]
        assert told["workers"] >= 1
        assert told["oldest_waiting_seconds"] >= 0

    eventually(a_worker_lives)


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_not_told_where_requests_come_to(anyone: Clients, visitor: User, service: str) -> None:
    for client in (anyone.of(service), visitor.of(service)):
        answer = client.get("/metrics")
        assert answer.status_code == 404
        assert "tasks_" not in answer.text
