"""What a row without an attribute has is its default: shown, found, sorted and counted by."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pynamodb.attributes import (
    Attribute,
    BooleanAttribute,
    ListAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.models import Model

from libs.dynamodb import Put
from libs.errors import Forbidden, NotFound
from libs.jwt import Caller
from libs.resource import CursorSigner, Delete, ModelResource, Query, Replace, Retrieve, Update, Within
from libs.resource.query.condition import condition_for, filter_for
from libs.resource.query.where import WhereParser
from libs.resource.schema.defaults import default_of
from libs.resource.tests.conftest import Made
from libs.resource.tests.library import SECRET, NoteResource, OwnedNotes
from libs.resource.tests.rows import tables


@pytest.mark.parametrize(
    ("attribute", "default"),
    [
        (NumberAttribute(default=0), 0),
        (UnicodeAttribute(default=""), ""),
        (ListAttribute(default=list), []),
        (UnicodeSetAttribute(default=set), set()),
        # As it would be read.
        (UTCDateTimeAttribute(default=datetime(2026, 1, 1)), datetime(2026, 1, 1, tzinfo=UTC)),  # noqa: DTZ001
        # Another one each time.
        (UTCDateTimeAttribute(default=lambda: datetime.now(UTC)), None),
        (TTLAttribute(default=timedelta(days=1)), None),
        (NumberAttribute(default_for_new=3), None),
        (NumberAttribute(null=True), None),
    ],
)
def test_what_a_row_without_it_has(attribute: Attribute[Any], default: Any) -> None:
    assert default_of(attribute) == default


@pytest.fixture
def notes(make: Made, ada: Caller) -> Any:
    """Three notes of ada's; one is from before there were texts, stars and sharing."""
    resource = make(OwnedNotes)
    old = {"id": {"S": f"{ada.subject}1"}, "author": {"S": ada.subject}, "version": {"N": "1"}}
    resource.store.table.write(Put({**old, "shared": {"NULL": True}}))
    for number, stars in ((2, -1), (3, 1)):
        body = {"id": f"{ada.subject}{number}", "stars": stars, "text": "x", "shared": True}
        resource.create(body, ada)
    return resource


def numbers(rows: Any) -> str:
    return "".join(row("id")[-1] for row in rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"stars": 0}, "1"),
        ({"stars": {"$ne": 0}}, "23"),
        ({"stars": {"$ne": 1}}, "12"),
        ({"stars": {"$gte": 0}}, "13"),
        ({"stars": {"$not": {"$gte": 0}}}, "2"),
        ({"stars": {"$in": [0, 1]}}, "13"),
        ({"stars": None}, ""),
        ({"stars": {"$exists": True}}, "123"),
        ({"shared": False}, "1"),
        ({"text": ""}, "1"),
        ({"text": {"$like": "%"}}, "123"),
        ({"$or": [{"stars": None}, {"text": ""}]}, "1"),
    ],
    ids=str,
)
def test_it_is_found_by_it(notes: Any, ada: Caller, where: Any, expected: str) -> None:
    found = notes.list(Query(where=json.dumps(where)), ada)
    assert "".join(sorted(numbers(found.rows))) == expected
    shown = [notes.answers.represent(row) for row in found.rows]
    assert {(one["stars"], one["shared"], one["text"]) for one in shown if one["id"].endswith("1")} <= {
        (0, False, "")
    }


def test_it_is_sorted_and_counted_by_it(notes: Any, ada: Caller) -> None:
    assert numbers(notes.list(Query(sort_by="stars"), ada).rows) == "213"
    pages, query = "", Query(sort_by="-stars", limit=1)
    while True:
        page = notes.list(query, ada)
        pages += numbers(page.rows)
        if page.meta["next"] is None:
            break
        query = Query(sort_by="-stars", limit=1, cursor=page.meta["next"])
    assert pages == "312"
    groups = notes.group("stars", Query(), ada).rows
    assert groups == [{"value": one, "count": 1} for one in (-1, 0, 1)]
    assert notes.stats(["stars"], Query(), ada)["stats"]["stars"]["count"] == 3


@pytest.mark.parametrize(
    "where",
    [{"stars": 0}, {"shared": {"$ne": True}}, {"stars": {"$lt": 1}}, {"text": {"$nin": ["x"]}}],
    ids=str,
)
def test_a_filter_lets_it_through_and_a_condition_is_exact(notes: Any, ada: Caller, where: Any) -> None:
    codec, fields = notes.store.codec, notes.bodies.whole.fields
    parser = WhereParser({name: fields[name] for name in NoteResource.queryable})
    expression = parser.read(where)
    everything = notes.list(Query(), ada).rows
    expected = {row("id") for row in everything if expression.matches(row)}
    for condition in (filter_for(expression, codec), condition_for(expression, codec)):
        items, start = [], None
        while True:  # a page ends at 1 MB, and other tests have written more
            page = notes.store.table.scan(filter_condition=condition, start=start)
            items += page.items
            if (start := page.last_key) is None:
                break
        assert {one["id"]["S"] for one in items if one["id"]["S"].startswith(ada.subject)} == expected


class Pass(Model):
    """Its times by default are not written as they are read."""

    class Meta:
        table_name = "passes"

    id = UnicodeAttribute(hash_key=True)
    text = UnicodeAttribute(null=True)
    note = UnicodeAttribute(default="none")
    shared = BooleanAttribute(default=False)
    until = UTCDateTimeAttribute(default=datetime(2030, 1, 1))  # noqa: DTZ001
    expires = TTLAttribute(default=timedelta(days=1))


@pytest.fixture(scope="module", autouse=True)
def passes() -> Iterator[None]:
    with tables(Pass):
        yield


class Passes(Retrieve, Update, Replace, Delete, ModelResource):
    model = Pass


def scoped(key: str, where: dict[str, Any]) -> Any:
    """Return a resource with a scope; a shared pass is stored."""
    made = type("Scoped", (Passes,), {"scope": Within(lambda caller: where)})(CursorSigner(SECRET))
    made.store.table.write(Put(made.store.new({"id": key, "shared": True}).item))
    return made


WRITES = (
    lambda one, key: one.update(key, {"text": "x"}, None),
    lambda one, key: one.replace(key, {"text": "x"}, None),
    lambda one, key: one.delete(key, None),
)


@pytest.mark.parametrize("write", WRITES, ids=["update", "replace", "delete"])
def test_what_has_a_default_is_in_no_scope_of_what_lacks_it(key: str, write: Any) -> None:
    nowhere = scoped(key, {"note": {"$exists": False}})
    with pytest.raises(NotFound):
        write(nowhere, key)
    assert nowhere.store.table.get({"id": {"S": key}})[0]


def test_what_would_leave_a_scope_of_what_lacks_a_default_is_refused(key: str) -> None:
    either = scoped(key, {"$or": [{"note": {"$exists": False}}, {"shared": True}]})
    for change in ({"shared": False}, {"shared": False, "note": "x"}):
        with pytest.raises(Forbidden):
            either.update(key, change, None)
    assert either.update(key, {"note": "x"}, None)("shared")


@pytest.mark.parametrize("name", ["until", "expires"])
def test_a_replacement_is_held_against_the_scope_by_what_will_be_read(key: str, name: str) -> None:
    past = "2020-01-01T00:00:00Z"
    inside = scoped(key, {name: {"$gt": past}, "shared": True})
    assert inside.replace(key, {"shared": True}, None)(name).tzinfo == UTC
    outside = scoped(f"{key} other", {"$or": [{name: {"$lt": past}}, {"shared": True}]})
    with pytest.raises(Forbidden):
        outside.replace(f"{key} other", {}, None)
