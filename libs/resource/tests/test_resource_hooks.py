"""Hooks of a resource: when they are called, with what, and what comes of what they do."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from libs.api import Result
from libs.dynamodb.contention import ATTEMPTS
from libs.errors import Conflict, Forbidden, InvalidBody, NotFound, Problem, ServiceUnavailable
from libs.jwt import Caller
from libs.resource import Query, after, after_parse, around, before, handles, on_problem
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import BOOK, Book, BookResource, Note, NoteResource


class Telling(BookResource):
    """Tells of each event in `told`."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.told: list[Any] = []

    @before("create", "update", "replace", "delete", "list", "retrieve")
    def first(self) -> None:
        self.told.append("before")

    @after_parse("create", "update", "replace")
    def parsed(self, values: dict[str, Any]) -> None:
        self.told.append(f"parsed {values['title']}")

    @after("create", "update", "replace", "delete", "list", "retrieve")
    def last(self) -> None:
        self.told.append("after")

    @around("create", "update", "replace", "delete", "list", "retrieve")
    def outside(self, call: Callable[..., Any]) -> Any:
        self.told.append("in")
        answer = call()
        self.told.append("out")
        return answer

    def get_row(self, *arguments: Any) -> Any:
        self.told.append("row")
        return super().get_row(*arguments)


def test_hooks_come_in_the_order_of_a_request(make: Made, ada: Caller) -> None:
    books = make(Telling)

    def told(action: str, **given: Any) -> list[Any]:
        books.told.clear()
        served = {one.name: one for one in books.served()}
        books.answer(served[action], ada, given)
        return list(books.told)

    assert told("create", body=BOOK) == ["in", "parsed Emma", "before", "after", "out"]
    changed = ["in", "row", "parsed x", "before", "after", "out"]
    assert told("update", key="1", body={"title": "x"}) == changed
    assert told("replace", key="1", body={"title": "x"}) == changed
    assert told("retrieve", key="1") == ["in", "before", "row", "after", "out"]
    assert told("list") == ["in", "before", "after", "out"]
    assert told("delete", key="1") == ["in", "row", "before", "after", "out"]


def test_hooks_are_called_where_a_test_calls_the_action(make: Made, ada: Caller) -> None:
    books = make(Telling)
    books.create(BOOK, ada)
    assert books.told == ["parsed Emma", "before", "after"]


def test_hooks_are_told_what_happens(make: Made, ada: Caller) -> None:
    told: dict[str, Any] = {}

    class Curious(BookResource):
        @before("update")
        def changing(self, item: Book, values: Any, body: Any, key: str, caller: Caller) -> None:
            told["before"] = (item.title, dict(values), body, key, caller)

        @after("update")
        def changed(self, item: Book, changes: Any, result: Any) -> None:
            told["after"] = (item.title, item.version, set(changes), result("title"))

        @after("create")
        def made(self, item: Book, result: Result) -> None:
            told["create"] = (item.title, result.status, result.headers["Location"])

        @after("list")
        def listed(self, items: Any, query: Query, result: Any) -> None:
            result.meta["tolls"] = len(items)

        @after("delete")
        def gone(self, item: Book) -> None:
            told["delete"] = item.title

    books = make(Curious)
    books.create(BOOK, ada)
    assert told["create"] == ("Emma", 201, "/things/1")
    books.update("1", {"title": "x"}, ada)
    assert told["before"] == ("Emma", {"title": "x"}, {"title": "x"}, "1", ada)
    assert told["after"] == ("x", 2, {"title", "changed_at"}, "x")
    assert books.list(Query(), ada).meta["tolls"] == 1
    books.delete("1", ada)
    assert told["delete"] == "x"


def test_what_hooks_put_into_values_is_stored(make: Made, ada: Caller) -> None:
    class Filling(BookResource):
        @after_parse("create", "update")
        def shout(self, values: dict[str, Any]) -> None:
            values["title"] = values.get("title", "").upper()

        @before("create")
        def hide(self, values: dict[str, Any], caller: Caller) -> None:
            values["secret"] = f"of {caller.subject}"
            values["owner"] = "eve"  # the scope goes first

    books = make(Filling)
    books.create(BOOK, ada)
    books.update("1", {"title": "more"}, ada)
    stored = Book.get(ada.subject, "1")
    assert (stored.title, stored.secret) == ("MORE", f"of {ada.subject}")


def test_a_before_hook_vetoes_and_nothing_is_written(serve: Serve, owner: str) -> None:
    class Closed(BookResource):
        _open = True

        @before("create", "update", "replace", "delete", "list", "retrieve")
        def closed(self) -> None:
            if not type(self)._open:
                raise Conflict("The library is closed.", code="CLOSED")

    served = serve(Closed)
    served("POST", "/things", BOOK, by=owner)
    Closed._open = False
    requests: list[tuple[str, str, Any]] = [
        ("POST", "/things", {**BOOK, "isbn": "2"}),
        ("PATCH", "/things/1", {"price": 1}),
        ("PUT", "/things/1", {"title": "x"}),
        ("DELETE", "/things/1", None),
        ("GET", "/things/1", None),
        ("GET", "/things", None),
    ]
    for method, path, body in requests:
        refused = served(method, path, body, by=owner)
        assert (refused.status_code, refused.get_json()["code"]) == (409, "CLOSED"), (method, path)
    # What is not there cannot be found out about by it.
    assert served("PATCH", "/things/9", {"price": 1}, by=owner).status_code == 404
    stored = Book.query(owner)
    assert [(book.isbn, book.price) for book in stored] == [("1", 5)]


def test_a_fault_in_a_hook_is_one_of_ours(serve: Serve, owner: str) -> None:
    class Broken(BookResource):
        @before("create")
        def broken(self) -> None:
            raise RuntimeError("secret")

    answer = serve(Broken)("POST", "/things", BOOK, by=owner)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.data


def test_an_after_hook_takes_nothing_back(make: Made, ada: Caller) -> None:
    class Late(BookResource):
        @after("create")
        def late(self) -> None:
            raise Forbidden("too late")

    with pytest.raises(Forbidden):
        make(Late).create(BOOK, ada)
    assert Book.get(ada.subject, "1").title == "Emma"


def test_a_row_becomes_an_object_only_where_one_asks(
    make: Made, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    from_raw = Book.from_raw_data.__func__  # type: ignore[attr-defined]
    monkeypatch.setattr(
        Book, "from_raw_data", classmethod(lambda cls, data: made.append(1) or from_raw(cls, data))
    )

    class Incurious(BookResource):
        @before("update")
        def changing(self, values: Any) -> None: ...

    class Curious(BookResource):
        @before("update")
        def changing(self, item: Book) -> None: ...

    books, curious = make(Incurious), make(Curious)
    row = books.create(BOOK, ada).body
    books.answers.represent(books.update("1", {"price": 1}, ada))
    assert (row("title"), made) == ("Emma", [])
    curious.update("1", {"price": 2}, ada)
    assert made == [1]


def test_a_wrapper_changes_arguments_and_answers(make: Made, ada: Caller) -> None:
    class Wrapped(BookResource):
        @around("list")
        def few(self, call: Callable[..., Any], query: Query) -> Any:
            listing = call(query=replace(query, limit=1))
            listing.meta["wrapped"] = True
            return listing

        @around("retrieve")
        def never(self, call: Callable[..., Any]) -> Any:
            return {"isbn": "none"}

    books = make(Wrapped)
    for number in range(2):
        books.create({**BOOK, "isbn": str(number)}, ada)
    served = {one.name: one for one in books.served()}
    body = books.answer(served["list"], ada, {}).body
    assert (len(body["items"]), body["meta"]["wrapped"]) == (1, True)
    assert books.answer(served["retrieve"], ada, {"key": "1"}).body == {"isbn": "none"}


def test_a_handler_takes_the_place_of_an_action(serve: Serve, owner: str) -> None:
    class Handling(BookResource):
        @handles("list")
        def all_of_them(self, query: Query, caller: Caller) -> Any:
            for number in range(2):
                yield Book("x", str(number), title="Emma", version=1)

        @handles("delete")
        def not_really(self, key: str, caller: Caller, if_match: str | None = None) -> Result:
            self.update(key, {"lent": True}, caller, if_match)
            return Result(status=204)

    served = serve(Handling)
    listed = served("GET", "/things", by=owner)
    assert listed.status_code == 200, listed.data
    assert [one["isbn"] for one in listed.get_json()["items"]] == ["0", "1"]
    served("POST", "/things", BOOK, by=owner)
    stale = served("DELETE", "/things/1", by=owner, headers={"If-Match": '"8"'})
    assert stale.status_code == 412
    assert served("DELETE", "/things/1", by=owner).status_code == 204
    assert served("GET", "/things/1", by=owner).get_json()["lent"] is True


def test_problems_are_answered_by_hooks(serve: Serve, owner: str) -> None:
    class Kind(BookResource):
        @on_problem(NotFound)
        def elsewhere(self, problem: Problem, action: str, caller: Caller) -> Result:
            return Result({"elsewhere": action}, 404)

        @on_problem(409)
        def taken(self, problem: Problem) -> Problem:
            return Conflict("Take another.", code="TAKEN")

        @on_problem(InvalidBody)
        def same(self, problem: Problem) -> Problem:
            problem.extra["hint"] = "read the docs"
            return problem

    served = serve(Kind)
    missing = served("GET", "/things/9", by=owner)
    assert (missing.status_code, missing.get_json()) == (404, {"elsewhere": "retrieve"})
    served("POST", "/things", BOOK, by=owner)
    assert served("POST", "/things", BOOK, by=owner).get_json()["code"] == "TAKEN"
    invalid = served("POST", "/things", {**BOOK, "isbn": "\ud800"[:0]}, by=owner)
    assert invalid.status_code == 422


def test_hooks_that_looked_at_a_row_are_called_again_when_it_changes(make: Made, key: str) -> None:
    """They are called `ATTEMPTS` times at most: then others are at work, and the client may try again."""
    seen: list[int] = []

    class Racing(NoteResource):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.rivals = 0

        @before("update", "delete")
        def look(self, item: Note) -> None:
            seen.append(item.stars)
            if self.rivals:
                self.rivals -= 1
                item.update(actions=[Note.stars.add(1)])

    notes = make(Racing)
    notes.create({"id": key, "author": "x"}, None)
    notes.rivals = 3
    notes.update(key, {"text": "new"}, None)
    assert seen == [0, 1, 2, 3]
    assert (Note.get(key).stars, Note.get(key).text) == (3, "new")
    seen.clear()
    notes.rivals = 99
    for attempt in (lambda: notes.update(key, {"text": "newer"}, None), lambda: notes.delete(key, None)):
        with pytest.raises(ServiceUnavailable):
            attempt()
    assert seen == list(range(3, 3 + 2 * ATTEMPTS))
    assert Note.get(key).text == "new"
