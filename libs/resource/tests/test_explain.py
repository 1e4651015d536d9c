"""What ``explain=true`` tells: how rows were found, at what cost, and of the scope only that there is one."""

import json
from typing import Any

import pytest

from libs.jwt import Caller
from libs.resource import OwnedBy, Query, Totals, Within
from libs.resource.tests.conftest import Made
from libs.resource.tests.library import BOOK, BookResource, NoteResource

AMONG = {"$in": ["Emma", "Persuasion"]}


class Explained(BookResource):
    totals = Totals(counts=("lent", "price"), sums=("price",))


def shelf(make: Made, caller: Caller, kind: Any = Explained, rows: int = 6) -> Any:
    books = make(kind)
    for number in range(rows):
        books.create({**BOOK, "isbn": str(number), "price": number}, caller)
    return books


def explained(resource: Any, caller: Caller, where: Any = None, **query: Any) -> dict[str, Any]:
    asked = Query(where=None if where is None else json.dumps(where), explain=True, **query)
    return dict(resource.list(asked, caller).meta["explain"])


@pytest.mark.parametrize(
    ("where", "key_condition", "left"),
    [
        (None, "owner by scope", None),
        ({"isbn": "3"}, "owner by scope and isbn = 3", None),
        ({"isbn": {"$in": ["3", "4"]}}, "owner by scope and isbn = 3, = 4", None),
        ({"isbn": {"$gt": "3"}, "lent": False}, "owner by scope and isbn > 3", {"lent": False}),
        ({"isbn": {"$not": {"$gt": "3"}}}, "owner by scope and isbn <= 3", None),
        ({"$not": {"isbn": {"$lt": "3"}}}, "owner by scope and isbn >= 3", None),
        ({"isbn": {"$gte": "1", "$lte": "3"}}, "owner by scope and isbn between 1 and 3", None),
        ({"isbn": {"$between": ["1", "3"]}}, "owner by scope and isbn between 1 and 3", None),
        # A stretch takes its ends in: to be without one is left to be tested.
        (
            {"isbn": {"$gt": "1", "$lte": "3"}},
            "owner by scope and isbn between 1 and 3",
            {"isbn": {"$gt": "1"}},
        ),
        ({"isbn": {"$startswith": "1"}}, "owner by scope and isbn begins_with 1", None),
        (
            {"isbn": {"$like": "1%x", "$exists": True}},
            "owner by scope and isbn begins_with 1",
            {"isbn": {"$like": "1%x"}},
        ),
        ({"isbn": {"$ne": "1"}}, "owner by scope", {"isbn": {"$ne": "1"}}),
        ({"price": {"$gte": 2, "$ne": 4}}, "owner by scope and price >= 2", {"price": {"$ne": 4}}),
        (
            {"$and": [{"isbn": {"$gt": "1"}}, {"title": AMONG, "isbn": {"$ne": "4"}}]},
            "owner by scope and isbn > 1",
            {"$and": [{"title": AMONG, "isbn": {"$ne": "4"}}]},
        ),
        (
            {"$or": [{"isbn": "1"}, {"price": None}], "title": {"$like": "%a"}},
            "owner by scope",
            {"$or": [{"isbn": "1"}, {"price": None}], "title": {"$like": "%a"}},
        ),
        ({"price": None, "lent": {"$not": True}}, "owner by scope", {"price": None, "lent": {"$not": True}}),
        ({"isbn": {"$in": []}}, None, None),
    ],
    ids=str,
)
def test_what_the_key_does_not_answer_is_left_to_filter(
    make: Made, ada: Caller, where: Any, key_condition: str | None, left: Any
) -> None:
    found = explained(shelf(make, ada), ada, where)
    assert (found["key_condition"], found["filter"], found["scope"]) == (key_condition, left, True)


def test_a_filter_asked_for_by_itself_finds_the_same(make: Made, ada: Caller) -> None:
    books = shelf(make, ada)
    where = {"isbn": {"$gt": "1", "$lt": "5"}, "lent": False, "$not": {"title": "x"}, "price": {"$ne": 3}}
    left = explained(books, ada, where)["filter"]
    both = [books.list(Query(where=json.dumps(one)), ada).rows for one in (where, {**where, **left})]
    assert [[row("isbn") for row in rows] for rows in both] == [["2", "4"]] * 2


def test_nothing_of_what_a_scope_says_is_told(make: Made, ada: Caller) -> None:
    secret = "the-only-shelf-that-may-be-seen"
    expression = {"$or": [{"author": ada.subject}, {"text": secret}], "stars": {"$lt": 770177}}

    class Among(NoteResource):
        scope = Within(lambda caller: expression)

    class One(NoteResource):
        scope = Within(lambda caller: {"id": {"$in": [secret, ada.subject]}, "stars": {"$gte": 770177}})

    class Owned(BookResource):
        scope = OwnedBy("owner", where={"isbn": {"$between": [secret, secret + "x"]}, "title": secret})

    for kind in (Among, One, Owned):
        resource = make(kind)
        where = json.dumps({resource.queryable[0]: {"$ne": "mine"}})
        query = Query(where=where, explain=True, count="bounded")
        told = [
            resource.list(query, ada).meta,
            resource.group(resource.groupable[0], query, ada).meta,
            resource.stats([resource.measurable[0]], query, ada)["meta"],
            resource.sample(query, ada).meta,
        ]
        for one in told:
            assert one["explain"]["scope"] is True
            text = json.dumps(one["explain"])
            assert "mine" in text
            assert not [word for word in (secret, ada.subject, "770177") if word in text]
    assert resource.list(Query(explain=True), ada).meta["explain"]["key_condition"] == (
        "owner by scope and isbn by scope"
    )
    plain = make(NoteResource).list(Query(explain=True, limit=1), None).meta["explain"]
    assert (plain["scope"], plain["filter"]) == (False, None)


def test_what_was_read_to_group_measure_and_sample_is_told(make: Made, ada: Caller) -> None:
    books = shelf(make, ada)
    query = Query(where='{"title": "Emma"}', explain=True)
    for meta, returned in (
        (books.group("price", query, ada).meta, 6),
        (books.stats(["price", "added_at"], query, ada)["meta"], 2),
        (books.sample(query, ada).meta, 5),
    ):
        how = meta["explain"]
        assert (how["plan"], how["examined"], how["returned"]) == ("query", 6, returned)
        assert (meta["examined"], how["filter"]) == (6, {"title": "Emma"})
        assert how["capacity"] >= 1


def test_totals_are_told_where_they_answered(make: Made, ada: Caller) -> None:
    books, query = shelf(make, ada), Query(explain=True)
    grouped = books.group("lent", query, ada).meta["explain"]
    measured = books.stats(["price"], query, ada)["meta"]["explain"]
    for how, examined in ((grouped, 1), (measured, 3)):
        assert (how["plan"], how["examined"], how["scope"]) == ("totals", examined, True)
        assert (how["index"], how["key_condition"], how["filter"]) == (None, None, None)
        assert how["capacity"] >= 0.5
    # Least and greatest take the two ends of the index, and the sum is one total: each a consistent read.
    assert measured["capacity"] == 3.0
    # Where totals do not know all of it the rows are read.
    assert books.group("tags", query, ada).meta["explain"]["plan"] == "query"
    assert books.stats(["price", "added_at"], query, ada)["meta"]["explain"]["plan"] == "query"


def test_what_is_counted_is_examined(make: Made, ada: Caller) -> None:
    class Few(BookResource):
        most_examined = 4

    shelf(make, ada)
    for kind, examined, total in ((BookResource, 3 + 6, 6), (Few, 3 + 4, 4), (Explained, 3 + 1, 6)):
        alone = make(kind).list(Query(limit=2, explain=True), ada).meta
        meta = make(kind).list(Query(limit=2, count="bounded", explain=True), ada).meta
        assert (alone["examined"], meta["examined"], meta["total"]) == (3, examined, total)
        assert meta["explain"]["examined"] == examined
        assert meta["explain"]["capacity"] > alone["explain"]["capacity"]


def test_what_the_scope_answers_of_a_filter_is_not_told(make: Made, ada: Caller) -> None:
    class Among(NoteResource):
        scope = Within(lambda caller: {"author": {"$in": ["somebody", ada.subject]}})
        queryable = (*NoteResource.queryable, "author")

    notes = make(Among)
    # Nobody of this name is in the scope, and the other is: both are told alike.
    for name in ("nobody", "somebody"):
        found = explained(notes, ada, {"author": {"$ne": name}})
        assert (found["plan"], found["key_condition"]) == ("query", "author by scope")
        assert found["filter"] == {"author": {"$ne": name}}
