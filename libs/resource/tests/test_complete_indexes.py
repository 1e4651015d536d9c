"""A row that lacks a key of an index, having been written before it was declared, is found all the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from libs.dynamodb import Put
from libs.errors import QueryRefused
from libs.resource.query.layout import Layout, indexes_of
from libs.resource.query.plan import Planner
from libs.resource.query.where import required_by
from libs.resource.store.row import Row
from libs.resource.store.store import Store
from libs.resource.tests.beasts import Beast, sort_by, stores, wanted
from libs.resource.tests.conftest import Made
from libs.resource.tests.library import BookResource
from libs.resource.tests.questions import BEASTS, Question, questions

ANN = {"owner": "ann"}
UNSURE = Planner(Layout(Beast), allow_scan=True)


@pytest.fixture(scope="module")
def beasts() -> Iterator[Store]:
    """A table of rows that each lack something the model has by now."""
    attributes = {
        "kind": {"S": "bird"},
        "tag": {"S": "red"},
        "n": {"S": "Ant"},
        "nl": {"S": "ant"},
        "priority": {"N": "1"},
        "due": {"S": "2026-01-01T01:00:00.000001+0000"},
        "tame": {"BOOL": True},
    }
    with stores() as (store, _):
        for number, lacking in enumerate([*attributes, None]):
            key = {"owner": {"S": "ann"}, "id": {"S": f"{number:02}"}}
            more = {name: raw for name, raw in attributes.items() if name != lacking}
            store.table.write(Put({**key, **more}))
        store.table.write(Put({"owner": {"S": "bob"}, "id": {"S": "1"}, "tame": {"NULL": True}}))
        yield store


@settings(max_examples=150)
@given(question=questions(BEASTS))
def test_no_row_vanishes_by_the_way_it_is_read(beasts: Store, question: Question) -> None:
    plan = UNSURE.plan(wanted(question.where), question.sort)
    found = beasts.read(plan, most_examined=1000, chunk=1000)
    everything = [Row(beasts.codec, item) for item in beasts.table.scan().items]
    expected = [row for row in everything if plan.wanted.matches(row)]
    assert sorted((row("owner"), row("id")) for row in found) == sorted(
        (row("owner"), row("id")) for row in expected
    )


@pytest.mark.parametrize(
    ("where", "sort", "index", "passed_over"),
    [
        (ANN, "priority", None, "priority are not in it; see complete_indexes"),
        ({**ANN, "priority": {"$gt": 0}}, "priority", "by-priority", None),
        ({**ANN, "$or": [{"priority": 1}, {"priority": {"$gt": 5}}]}, "priority", "by-priority", None),
        ({**ANN, "$or": [{"priority": 1}, {"tame": True}]}, "priority", None, "priority"),
        ({**ANN, "priority": {"$exists": True}}, "-priority", "by-priority", None),
        # What is derived may be missing where its source is not.
        ({**ANN, "name": {"$ilike": "an%"}}, "", None, "name_lower are not in it; see complete_indexes"),
        ({"tag": "red"}, "", "by-tag", None),
        ({**ANN, "id": "1"}, "priority", None, None),
    ],
    ids=str,
)
def test_an_index_is_a_way_to_rows_that_surely_are_in_it(
    where: Any, sort: str, index: str | None, passed_over: str | None
) -> None:
    plan = UNSURE.plan(wanted(where), sort_by(sort))
    assert plan.access.index == index
    told = plan.explain()["passed_over"]
    assert (told or "").endswith(passed_over or "") if passed_over != "priority" else "priority" in told
    assert (told is None) == (passed_over is None)


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (ANN, "by-priority"),
        ({**ANN, "kind": "bird"}, "by-priority"),
    ],
    ids=str,
)
def test_a_promise_makes_up_for_what_nobody_knows(where: Any, index: str) -> None:
    promised = Planner(Layout(Beast), complete=("by-priority",))
    plan = promised.plan(wanted(where), sort_by("priority"))
    assert (plan.access.index, plan.passed_over, plan.sort) == (index, None, ())


def test_of_what_may_be_null_a_promise_holds_what_has_a_value() -> None:
    promised = Planner(Layout(Beast), complete=("by-due", "by-name"))
    assert promised.plan(wanted({**ANN, "name": {"$ilike": "an%"}})).access.index == "by-name"
    assert promised.plan(wanted(ANN), sort_by("name")).access.index is None
    with pytest.raises(QueryRefused) as caught:
        promised.plan(wanted({"kind": "bird"}))
    assert str(caught.value.detail).endswith(
        "The index by-due is passed over: rows without due are not in it."
    )


def test_a_refusal_says_why_an_index_was_passed_over() -> None:
    with pytest.raises(QueryRefused, match=r"by-due is passed over: rows without due .*complete_indexes\.$"):
        Planner(Layout(Beast)).plan(wanted({"kind": "bird"}))


def test_what_an_expression_requires() -> None:
    assert required_by(wanted({"kind": "x", "due": {"$exists": False}})) == {"kind"}
    assert required_by(wanted({"$or": [{"kind": "x", "tame": True}, {"kind": {"$ne": "y"}}]})) == {"kind"}
    assert required_by(wanted({"$or": [{"kind": {"$in": []}}]})) == frozenset()


def test_a_resource_promises_indexes_by_their_names_in_python(make: Made) -> None:
    assert indexes_of(Beast) == {
        "by_due": "by-due", "by_name": "by-name", "by_priority": "by-priority", "by_tag": "by-tag",
    }  # fmt: skip

    class Promised(BookResource):
        complete_indexes = ("by_price",)

    make(Promised)
    for wrong in (("by-price",), ("colour",)):
        with pytest.raises(TypeError, match=r"Wrong\.complete_indexes: there is no .*; there are by_price"):
            make(type("Wrong", (BookResource,), {"complete_indexes": wrong}))


@pytest.mark.parametrize("where", [{"name": {"$icontains": "NT"}}, {"name": {"$ilike": "AN%"}}], ids=str)
def test_no_filter_by_what_is_derived_leaves_out_what_lacks_it(beasts: Store, where: Any) -> None:
    plan = UNSURE.plan(wanted({**ANN, **where}))
    assert "nl" in repr(plan.filter)
    lacking = [row for row in beasts.read(plan, most_examined=100, chunk=100) if row("name_lower") is None]
    assert [row("name") for row in lacking] == ["Ant"]
