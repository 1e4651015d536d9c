"""Hooks of what is computed of rows: groups, statistics, samples."""

from typing import Any

import pytest

from libs.errors import Forbidden
from libs.jwt import Caller
from libs.resource import CursorSigner, Query, after, before
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BOOK, BookResource

PATHS = {"group": "/things/group/lent", "stats": "/things/stats?fields=price", "sample": "/things/sample"}


class Watched(BookResource):
    """Notes what its hooks are called with."""

    def __init__(self, cursors: CursorSigner) -> None:
        super().__init__(cursors)
        self.calls: list[tuple[Any, ...]] = []

    @before("group")
    def groups(self, caller: Caller, query: Query, field: str) -> None:
        self.calls.append(("before", caller.subject, query.where, field))

    @before("stats")
    def measures(self, caller: Caller, query: Query, fields: list[str]) -> None:
        self.calls.append(("before", caller.subject, query.where, *fields))

    @before("sample")
    def draws(self, caller: Caller, query: Query) -> None:
        self.calls.append(("before", caller.subject, query.where))

    @after("group")
    def grouped(self, caller: Caller, query: Query, field: str, items: Any, result: Any) -> None:
        self.calls.append(("after", caller.subject, query.where, field, list(items)))
        result.meta["told"] = "group"

    @after("stats")
    def measured(self, caller: Caller, query: Query, fields: list[str], result: Any) -> None:
        self.calls.append(("after", caller.subject, query.where, *fields, result["stats"]["price"]["sum"]))
        result["meta"]["told"] = "stats"

    @after("sample")
    def drawn(self, caller: Caller, query: Query, items: Any, result: Any) -> None:
        self.calls.append(("after", caller.subject, query.where, *(row("isbn") for row in items)))
        result.meta["told"] = "sample"


def test_hooks_are_called_with_what_was_asked_and_what_is_answered(make: Made, ada: Caller) -> None:
    books = make(Watched)
    books.create({**BOOK, "isbn": "1", "price": 3}, ada)
    query = Query(where='{"price": 3}')
    asked = (ada.subject, query.where)
    for answered, names, answer in (
        (books.group("lent", query, ada).meta, ("lent",), [{"value": False, "count": 1}]),
        (books.stats(["price"], query, ada)["meta"], ("price",), 3),
        (books.sample(query, ada).meta, (), "1"),
    ):
        assert books.calls[:2] == [("before", *asked, *names), ("after", *asked, *names, answer)]
        del books.calls[:2]
        assert answered["told"] in PATHS


@pytest.mark.parametrize("action", PATHS)
def test_a_before_hook_vetoes(serve: Serve, owner: str, action: str) -> None:
    class Guarded(BookResource):
        @before(action)
        def never(self, query: Query) -> None:
            raise Forbidden(f"Ask nothing, not even {query.where}.")

    served = serve(Guarded)
    for one, path in PATHS.items():
        answer = served("GET", path, by=owner)
        assert answer.status_code == (403 if one == action else 200)
    assert served("GET", "/things", by=owner).status_code == 200


@pytest.mark.parametrize("action", PATHS)
def test_what_an_after_hook_changes_is_answered(serve: Serve, owner: str, action: str) -> None:
    served = serve(Watched)
    assert served("GET", PATHS[action], by=owner).get_json()["meta"]["told"] == action


@pytest.mark.parametrize(("action", "name"), [("group", "fields"), ("stats", "items"), ("sample", "field")])
def test_each_has_names_of_its_own(make: Made, action: str, name: str) -> None:
    methods = {
        "field": lambda self, field: None,
        "fields": lambda self, fields: None,
        "items": lambda self, items: None,
    }
    with pytest.raises(TypeError, match=f"@after\\('{action}'\\) has no '{name}', but caller"):
        make(type("Misspelt", (BookResource,), {"asks": after(action)(methods[name])}))
