"""Actions that a class overrides, and what they all go through."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from libs.api import Result
from libs.errors import NotFound, PreconditionFailed
from libs.jwt import Caller
from libs.resource import CursorSigner, Listing, Query, Row
from libs.resource.scope import Extent
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BOOK, Book, BookResource


def test_a_resource_asks_for_what_it_needs(serve: Serve, owner: str) -> None:
    class Dated(BookResource):
        def __init__(self, cursors: CursorSigner, today: datetime) -> None:
            super().__init__(cursors)
            self.today = today

        def create(self, body: Any, caller: Caller | None) -> Result:
            return super().create({**body.to_json(), "title": f"{body.title} of {self.today.year}"}, caller)

    created = serve(Dated)("POST", "/things", BOOK, by=owner)
    assert (created.status_code, created.get_json()["title"]) == (201, "Emma of 2026")


def test_every_action_can_be_overridden_and_super_works(serve: Serve, owner: str) -> None:
    called = []

    class Overriding(BookResource):
        def list(self, query: Query, caller: Caller | None) -> Listing:
            called.append("list")
            return super().list(replace(query, limit=1), caller)

        def retrieve(self, key: Any, caller: Caller | None) -> Row:
            called.append("retrieve")
            return super().retrieve(key, caller)

        def update(self, key: Any, body: Any, caller: Caller | None, if_match: str | None = None) -> Row:
            called.append("update")
            return super().update(key, body, caller, if_match)

        def replace(self, key: Any, body: Any, caller: Caller | None, if_match: str | None = None) -> Row:
            called.append("replace")
            return super().replace(key, body, caller, if_match)

        def delete(self, key: Any, caller: Caller | None, if_match: str | None = None) -> Result:
            called.append("delete")
            return super().delete(key, caller, if_match)

        def group(self, field: str, query: Query, caller: Caller | None) -> Listing:
            called.append("group")
            return super().group(field, query, caller)

        def stats(self, fields: Any, query: Query, caller: Caller | None) -> dict[str, Any]:
            called.append("stats")
            return super().stats(fields, query, caller)

        def sample(self, query: Query, caller: Caller | None) -> Listing:
            called.append("sample")
            return super().sample(query, caller)

    served = serve(Overriding)
    for number in range(2):
        served("POST", "/things", {**BOOK, "isbn": str(number)}, by=owner)
    page = served("GET", "/things", by=owner, limit=5).get_json()
    assert (len(page["items"]), page["meta"]["has_more"]) == (1, True)
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/things/0", None),
        ("PATCH", "/things/0", {"lent": True}),
        ("PUT", "/things/0", {"title": "x"}),
        ("DELETE", "/things/0", None),
        ("GET", "/things/group/lent", None),
        ("GET", "/things/stats?fields=price", None),
        ("GET", "/things/sample", None),
    ]
    for method, path, body in requests:
        assert served(method, path, body, by=owner).status_code in (200, 204), path
    stale = served("PATCH", "/things/1", {"lent": True}, by=owner, headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    asked = ["list", "retrieve", "update", "replace", "delete", "group", "stats", "sample", "update"]
    assert called == asked


def test_get_row_is_how_all_actions_get_a_row(make: Made, ada: Caller) -> None:
    class Kept(BookResource):
        def get_row(self, key: Any, extent: Extent) -> Row:
            row = super().get_row(key, extent)
            if row("title") == "hidden":
                raise NotFound("It is kept in the cellar.")
            return row

    books = make(Kept)
    books.create({**BOOK, "title": "hidden"}, ada)
    for attempt in (
        lambda: books.retrieve("1", ada),
        lambda: books.update("1", {"price": 1}, ada),
        lambda: books.replace("1", {"title": "x"}, ada),
        lambda: books.delete("1", ada),
    ):
        with pytest.raises(NotFound, match="cellar"):
            attempt()
    assert Book.get(ada.subject, "1").price == 5
    books.create({**BOOK, "isbn": "2"}, ada)
    assert books.update("2", {"price": 1}, ada)("price") == 1
    assert books.delete("2", ada).status == 204


def test_a_stale_change_is_refused_through_an_override(make: Made, ada: Caller) -> None:
    class Counting(BookResource):
        def update(self, key: Any, body: Any, caller: Any, if_match: str | None = None) -> Row:
            return super().update(key, {"price": 9, **body}, caller, if_match)

    books = make(Counting)
    books.create(BOOK, ada)
    assert books.update("1", {}, ada, '"1"')("price") == 9
    with pytest.raises(PreconditionFailed):
        books.update("1", {}, ada, '"1"')
