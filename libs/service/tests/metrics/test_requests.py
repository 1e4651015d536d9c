"""What is counted of requests: how many, how they ended, how long they took, and what no client makes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from libs.service.metrics.requests import METHODS, MOST_CODES, OTHER, UNMATCHED, RequestMetrics
from libs.service.tests.scraping import Numbers
from libs.service.web import Exchange


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def watched(registry: CollectorRegistry, make_app: Callable[..., Flask]) -> Any:
    return make_app(watchers=[RequestMetrics(registry).watch]).test_client()


def told(registry: CollectorRegistry) -> Numbers:
    return {
        (sample.name, *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def requests(registry: CollectorRegistry) -> Numbers:
    """The counts of requests by method, route and status; of those there were."""
    found = told(registry)
    return {key[1:]: value for key, value in found.items() if key[0] == "http_requests_total" and value}


def test_requests_are_counted_by_method_route_and_status(registry: CollectorRegistry, watched: Any) -> None:
    for path in ("/things", "/things?q=1", "/things?q=2"):
        watched.get(path)
    watched.post("/things", json={})
    watched.post("/things", data="{", content_type="application/json")
    watched.get("/private")
    watched.get("/abort/418")
    watched.get("/abort/503")
    assert requests(registry) == {
        ("GET", "/things", "200"): 3,
        ("POST", "/things", "200"): 1,
        ("POST", "/things", "400"): 1,
        ("GET", "/private", "401"): 1,
        ("GET", "/abort/{status}", "418"): 1,
        ("GET", "/abort/{status}", "503"): 1,
    }


def test_seconds_are_counted_by_method_and_route(registry: CollectorRegistry, watched: Any) -> None:
    for _ in range(2):
        watched.get("/things")
    found = told(registry)
    assert found["http_request_seconds_count", "GET", "/things"] == 2
    assert found["http_request_seconds_bucket", "+Inf", "GET", "/things"] == 2
    assert 0 < found["http_request_seconds_sum", "GET", "/things"] < 20


def test_problems_are_counted_by_their_code(registry: CollectorRegistry, watched: Any) -> None:
    for path in ("/refuse", "/refuse", "/fail", "/nowhere", "/break-down", "/things"):
        watched.get(path)
    found = {key[1]: value for key, value in told(registry).items() if key[0] == "http_problems_total"}
    assert found == {"TAKEN": 2, "INTERNAL_ERROR": 1, "NOT_FOUND": 1, "SERVICE_UNAVAILABLE": 1}


def test_what_a_client_makes_up_is_no_series_of_its_own(registry: CollectorRegistry, watched: Any) -> None:
    for n in range(20):
        watched.get(f"/made-up/{n}")
        watched.open("/things", method=f"M{n}")
        watched.get("/things", headers={"Host": f"h{n}"})
    found = requests(registry)
    assert {key[:2] for key in found} == {("GET", UNMATCHED), (OTHER, "/things"), ("GET", "/things")}
    assert sum(found.values()) == 60


@pytest.mark.parametrize("method", sorted(METHODS))
def test_methods_of_http_are_told(registry: CollectorRegistry, watched: Any, method: str) -> None:
    watched.open("/nowhere", method=method)
    assert {key[0] for key in requests(registry)} == {method}


def test_codes_are_told_apart_up_to_a_number(registry: CollectorRegistry) -> None:
    metrics = RequestMetrics(registry)
    for n in range(MOST_CODES + 50):
        metrics._code(f"CODE_{n}").inc()
    metrics._code("CODE_7").inc()
    found = {key[1]: value for key, value in told(registry).items() if key[0] == "http_problems_total"}
    assert len(found) == MOST_CODES + 1
    assert (found[OTHER], found["CODE_7"]) == (50, 2)


def test_what_is_under_way_is_told_until_its_answer_begins(registry: CollectorRegistry) -> None:
    metrics, inside, on = RequestMetrics(registry), threading.Barrier(4), threading.Event()

    def request(fails: bool) -> None:
        exchange = Exchange.begin({"REQUEST_METHOD": "GET", "PATH_INFO": "/"})
        with metrics.watch(exchange):
            inside.wait(10)
            on.wait(10)
            if fails:
                raise RuntimeError("gone")

    with ThreadPoolExecutor(3) as pool:
        under_way = [pool.submit(request, fails) for fails in (False, True, False)]
        inside.wait(10)
        assert told(registry)["http_requests_in_flight",] == 3
        on.set()
        assert [type(one.exception()) for one in under_way] == [type(None), RuntimeError, type(None)]
    found = told(registry)
    assert found["http_requests_in_flight",] == 0
    assert requests(registry) == {("GET", UNMATCHED, "500"): 3}, "none was answered"


def test_failures_of_all_operations_begin_at_zero(
    registry: CollectorRegistry, make_app: Callable[..., Flask]
) -> None:
    class Declared:
        method, path = "GET", "/things"

    RequestMetrics(registry, [Declared()])  # type: ignore[list-item]
    found = told(registry)
    assert found["http_requests_total", "GET", "/things", "500"] == 0
    assert found["http_request_seconds_count", "GET", "/things"] == 0
