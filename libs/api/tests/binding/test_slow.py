"""`x-report-slow-ms`: what may stand there, and for which operations it counts."""

import pytest

from libs.api.binding.slow import slow_fault
from libs.api.tests.binding.spoiled import faults, spoiled
from libs.api.tests.binding.test_contract import contract, operation

FAULT = "x-report-slow-ms is no number of milliseconds: write one from 1 to 3600000, or 0 for never"


@pytest.mark.parametrize("value", [-1, 3_600_001, 1.5, True, "2000", None, [], {}])
def test_what_is_no_time_is_refused(value):
    assert slow_fault(value) == FAULT


@pytest.mark.parametrize("value", [0, 1, 3_600_000])
def test_a_time_is_taken(value):
    assert slow_fault(value) is None


def test_it_counts_for_its_operation_or_for_those_of_its_path(write):
    paths = {
        "/x": {
            "x-report-slow-ms": 2000,
            "get": operation(operationId="a", **{"x-report-slow-ms": 0}),
            "put": operation(operationId="b"),
        },
        "/y": {"get": operation(operationId="c")},
        "/items": {"x-resource": "libs.api.tests.bound.Items", "x-report-slow-ms": 500},
    }
    found = contract(write, paths)
    assert {f"{one.method} {one.path}": one.report_slow_milliseconds for one in found.operations} == {
        "GET /x": 0,
        "PUT /x": 2000,
        "GET /y": None,
        "GET /items": 500,
        "GET /items/where": 500,
    }
    assert "x-report-slow-ms" not in str(found.document)


def test_one_that_is_none_is_told_where_it_stands(write):
    wrong = spoiled("responses:", "x-report-slow-ms: 2s\n    responses:")
    assert faults(write, wrong) == [f"5: {FAULT}"]
    resource = "/i:\n  x-resource: $B.Items\n  x-report-slow-ms: -1\n"
    assert faults(write, resource) == [f"3: {FAULT}"]
    assert faults(write, resource.replace("-1", "1"), top="security: []\nx-report-slow-ms: 5\n") == [
        "-1: x-report-slow-ms does nothing in a document; it belongs in an operation or a path item"
    ]
