"""No request whatsoever, however odd, is answered with a fault of ours; each refusal is a problem."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.service import Running
from services.conftest import AnyRequest, values
from services.todos.models import Todo
from services.todos.resources import TodoResource
from services.todos.tests.conftest import Todos

OPERATORS = [
    *("$eq", "$ne", "$in", "$nin", "$lt", "$lte", "$gt", "$gte", "$between", "$exists", "$not"),
    *("$startswith", "$contains", "$icontains", "$like", "$ilike"),
    *("$geo.within", "$geo.dwithin", "$geo.intersects", "$geo.equals", "$geo.touches", "$geo.contains"),
]
POINT = {"type": "Point", "coordinates": [13.4, 52.52]}
REGION = {"type": "Polygon", "coordinates": [[[13, 52], [14, 52], [14, 53], [13, 52]]]}
TEXTS = ["", "x%_", "01", "\ud800", "2026-03-01T00:00:00Z", "9999-12-31T23:59:59-23:59"]
PLACES = [POINT, REGION, {"geometry": REGION, "distance": 500}, {"geometry": POINT, "distance": 2e7}]
operands = st.recursive(
    st.sampled_from([True, None, 3, -1.5, 10**40, *TEXTS, *PLACES]),
    lambda inner: st.lists(inner, max_size=2),
)
tests = st.dictionaries(st.sampled_from(OPERATORS), operands | values, max_size=2)
fields = st.sampled_from([*TodoResource.queryable, "owner", "place_cell", "version"])
expressions = st.recursive(
    st.dictionaries(fields, tests | operands, max_size=2),
    lambda inner: (
        st.dictionaries(st.sampled_from(["$and", "$or"]), st.lists(inner, max_size=3), max_size=1)
        | st.fixed_dictionaries({"$not": inner})
    ),
    max_leaves=5,
)
orders = st.lists(st.sampled_from([*TodoResource.sortable, "owner"]), min_size=1, max_size=3).map(",".join)
parameters = st.fixed_dictionaries(
    {"where": expressions.map(json.dumps)},
    optional={
        "sort_by": st.builds(lambda sign, order: sign + order, st.sampled_from(["", "-"]), orders),
        "count": st.sampled_from(["none", "bounded", "exact"]),
        "explain": st.sampled_from(["true", "false"]),
        "limit": st.sampled_from(["1", "100"]),
    },
)
questions = st.sampled_from(
    ["/todos", "/todos/sample", "/todos/stats", "/todos/group/tags", "/todos/group/done"]
)


@pytest.fixture
def asked(todos: Todos) -> Todos:
    """Two todos, one with a value in every field."""
    todos.create()
    todos.create(tags=["a"], place=POINT, estimate=3, due_at="2026-03-01T00:00:00Z", notes="n", done=True)
    return todos


@settings(max_examples=120)
@given(data=st.data())
def test_no_request_is_a_fault_of_ours(
    data: st.DataObject,
    running: Running,
    client: FlaskClient,
    any_request: Callable[..., Any],
    ada: dict[str, str],
) -> None:
    with Todo.batch_write() as batch:  # whatever version it had
        batch.save(Todo("ada", "known", title="x", version=1))
    request = data.draw(any_request(running.contract, ["known", "export"]))
    request.send(client, ada)


@settings(max_examples=120)
@given(path=questions, query=parameters)
def test_no_question_is_a_fault_of_ours(path: str, query: dict[str, str], asked: Todos) -> None:
    if path == "/todos/stats":
        query = {**query, "fields": "estimate,due_at"}
    AnyRequest("GET", path, query, None).send(asked.client, asked.headers)
