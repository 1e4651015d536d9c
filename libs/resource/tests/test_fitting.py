"""Declared fields: each is of the kind of its attribute, and takes what can be stored and told again."""

import enum
from typing import Any

import pytest
from marshmallow import fields

from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BookResource


class Colour(enum.Enum):
    red = 1


WRONG: list[tuple[str, fields.Field[Any]]] = [
    ("title", fields.Decimal()),
    ("title", fields.Float()),
    ("title", fields.UUID()),
    ("title", fields.Enum(Colour)),
    ("title", fields.List(fields.String())),
    ("price", fields.String()),
    ("price", fields.Decimal()),
    ("lent", fields.Integer()),
    ("tags", fields.String()),
    ("tags", fields.List(fields.Integer())),
    ("words", fields.List(fields.Float())),
    ("size", fields.String()),
    ("isbn", fields.AwareDateTime()),
]


@pytest.mark.parametrize(("name", "field"), WRONG)
def test_a_field_of_another_kind_stops_the_start(make: Made, name: str, field: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"^Wrong\.fields: Book\.{name}(\[\])?: .* makes a .*Attribute holds a "
    ):
        make(type("Wrong", (BookResource,), {"fields": {name: field}}))


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("title", fields.Email()),
        ("price", fields.Integer(allow_none=True)),
        ("price", fields.Float(allow_none=True)),
        ("tags", fields.List(fields.String())),
        ("words", fields.List(fields.String(), allow_none=True)),
        ("size", fields.Dict(allow_none=True)),
        ("secret", fields.Raw(allow_none=True)),
    ],
)
def test_any_other_is_taken(make: Made, name: str, field: Any) -> None:
    make(type("Right", (BookResource,), {"fields": {name: field}}))


def test_what_is_only_shown_may_be_shown_as_something_else_unless_it_is_asked_for(make: Made) -> None:
    shown = {"price": fields.String(dump_only=True, allow_none=True)}
    make(type("Right", (BookResource,), {"fields": shown, "queryable": (), "sortable": ()}))
    with pytest.raises(TypeError, match=r"Book\.price"):
        make(type("Wrong", (BookResource,), {"fields": shown, "queryable": ("price",), "sortable": ()}))


class Whole(BookResource):
    fields = {"price": fields.Integer(allow_none=True)}


@pytest.mark.parametrize(
    ("price", "told"),
    [(1e30, (422, "/price")), *((one, (400, None)) for one in (2**64, -(2**63) - 1, 10**30, 10**40))],
)
def test_an_integer_that_would_become_another_is_not_stored(
    serve: Serve, make: Made, owner: str, price: float, told: tuple[int, str | None]
) -> None:
    served = serve(Whole)
    answer = served("POST", "/things", {"isbn": "1", "title": "Emma", "price": price}, by=owner)
    pointers = [one["pointer"] for one in answer.get_json().get("errors", ())]
    assert (answer.status_code, *(pointers or [None])) == told
    assert served("GET", "/things/1", by=owner).status_code == 404


@pytest.mark.parametrize("price", [2**64 - 1, -(2**63), 2**53 + 1])
def test_any_other_is_told_as_it_was_sent(serve: Serve, owner: str, price: int) -> None:
    served = serve(Whole)
    served("POST", "/things", {"isbn": "1", "title": "Emma", "price": price}, by=owner)
    assert served("GET", "/things/1", by=owner).get_json()["price"] == price
