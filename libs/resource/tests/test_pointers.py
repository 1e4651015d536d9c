"""What is wrong is told by where it is in the body: under the key it has there, in its envelope."""

from typing import Any

import pytest
from marshmallow.fields import Float, String

from libs.errors import pointer, steps_of
from libs.resource import Parser, Totals
from libs.resource.tests.conftest import Serve
from libs.resource.tests.library import BookResource, PlainResource


class Wrapped(Parser):
    envelope = "a/book"


class Renamed(BookResource):
    parser = Wrapped
    totals = Totals(sums=("price",))
    fields = {
        "title": String(required=True),
        "isbn": String(required=True, data_key="the~isbn"),
        "price": Float(allow_none=True, data_key="cost"),
    }


def told(answer: Any) -> set[str]:
    assert answer.status_code == 422, answer.get_json()
    return {one["pointer"] for one in answer.get_json()["errors"]}


def test_a_pointer_is_escaped_and_read_again() -> None:
    assert pointer("a/b", "c~d", 0) == "/a~1b/c~0d/0"
    assert steps_of("/a~1b/c~0d/0") == ["a/b", "c~d", "0"]
    assert pointer() == ""
    assert pointer("x", below="/y") == "/y/x"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"title": "Emma", "the~isbn": "x" * 3000}, {"/a~1book/the~0isbn"}),  # no key
        ({"title": "Emma", "the~isbn": "stats"}, {"/a~1book/the~0isbn"}),  # another address
        ({"title": "Emma", "the~isbn": "ä" * 510}, {"/a~1book/the~0isbn"}),  # no address
        ({"title": "Emma", "the~isbn": "1", "cost": 1e13}, {"/a~1book/cost"}),  # no sum
    ],
    ids=["key", "taken", "long", "sum"],
)
def test_a_fault_from_below_is_where_the_field_is(
    serve: Serve, owner: str, body: Any, expected: set[str]
) -> None:
    served = serve(Renamed)
    assert told(served("POST", "/things", {"a/book": body}, by=owner)) == expected


def test_so_is_one_of_a_change(serve: Serve, owner: str) -> None:
    served = serve(Renamed)
    body = {"title": "Emma", "the~isbn": "1", "cost": 1}
    assert served("POST", "/things", {"a/book": body}, by=owner).status_code == 201
    changes = {"a/book": {"cost": 1e13}}
    assert told(served("PATCH", "/things/1", changes, by=owner)) == {"/a~1book/cost"}


def test_a_field_that_may_not_be_null_is_named_by_its_key(serve: Serve, key: str) -> None:
    class Named(PlainResource):
        fields = {"id": String(data_key="name", allow_none=True)}

    assert told(serve(Named)("POST", "/things", {"name": None})) == {"/name"}


def test_all_that_may_be_asked_for_is_named(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for path, query, names in (
        (
            "/things",
            {"sort_by": "colour"},
            {*BookResource.sortable, *(f"-{one}" for one in BookResource.sortable)},
        ),
        ("/things/group/colour", {}, set(BookResource.groupable)),
        ("/things/stats", {"fields": "colour"}, set(BookResource.measurable)),
    ):
        answer = served("GET", path, by=owner, **query)
        (fault,) = answer.get_json()["errors"]
        assert answer.status_code == 400
        told = fault["detail"].removeprefix("is not one of ").replace(" or ", ", ").split(", ")
        assert set(told) == names
