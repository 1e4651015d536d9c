"""What a class may change of a resource: defaults, actions, what they return, rows, and what is shown."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from libs.api import Result
from libs.errors import NotFound, PreconditionFailed
from libs.jwt import Caller
from libs.resource import (
    CursorSigner,
    Listing,
    Permission,
    Query,
    Row,
    describe,
    handles,
)
from libs.resource.scope import Extent
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import Book, BookResource, Note, NoteResource

BOOK = {"isbn": "1", "title": "Emma", "price": 5}


def test_a_companys_defaults_stand_between(serve: Serve, owner: str) -> None:
    class OurDefaults(BookResource):
        default_limit, largest_limit, list_envelope, explainable = 2, 3, "data", False

    class Ours(OurDefaults):
        default_limit = 1

    served = serve(Ours)
    for number in range(4):
        served("POST", "/things", {**BOOK, "isbn": str(number)}, by=owner)
    assert len(served("GET", "/things", by=owner).get_json()["data"]) == 1
    assert len(served("GET", "/things", by=owner, limit=3).get_json()["data"]) == 3
    for query in ({"limit": 4}, {"explain": "true"}):
        refused = served("GET", "/things", by=owner, **query)
        assert (refused.status_code, refused.get_json()["code"]) == (400, "INVALID_PARAMETERS")
    groups = served("GET", "/things/group/lent", by=owner).get_json()["data"]
    assert groups == [{"value": False, "count": 4}]


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


def model() -> Note:
    return Note("n1", author="ada", text="a model", version=4)


NOTE = {"id": "n1", "author": "ada", "text": "a model", "shared": False, "stars": 0, "version": 4}


@pytest.mark.parametrize(
    ("returned", "status", "body", "headers"),
    [
        (lambda: model(), 200, NOTE, {"ETag": '"4"'}),
        (lambda: (model(), 203), 203, NOTE, {"ETag": '"4"'}),
        (lambda: (model(), 203, {"X-Shelf": "9"}), 203, NOTE, {"X-Shelf": "9", "ETag": '"4"'}),
        (lambda: Result(model(), 203, {"X-Shelf": "9"}), 203, NOTE, {"X-Shelf": "9", "ETag": '"4"'}),
        (lambda: Result((model(), 203)), 203, NOTE, {"ETag": '"4"'}),
        (lambda: NOTE, 200, NOTE, {}),
        (lambda: (NOTE, 203), 203, NOTE, {}),
        (lambda: ("a text", 203), 203, "a text", {}),
        (lambda: ([1, 2], 203), 203, {"items": [1, 2], "meta": {}}, {}),
        (lambda: Result("a text", 203), 203, "a text", {}),
    ],
)
def test_what_an_override_of_retrieve_may_return(
    serve: Serve, returned: Callable[[], Any], status: int, body: Any, headers: dict[str, str]
) -> None:
    class Returning(NoteResource):
        def retrieve(self, key: Any, caller: Caller | None) -> Any:
            return returned()

    answer = serve(Returning)("GET", "/things/n1")
    told = answer.get_json()
    if isinstance(told, dict) and "meta" in told:
        told["meta"] = {}
    assert (answer.status_code, told) == (status, body)
    assert {name: answer.headers.get(name) for name in ("ETag", "X-Shelf")} == {
        "ETag": headers.get("ETag"),
        "X-Shelf": headers.get("X-Shelf"),
    }


META = {"next": None, "prev": None, "has_more": False, "examined": 1, "truncated": False}
MORE = {**META, "next": "page 2", "has_more": True}


@pytest.mark.parametrize(
    ("returned", "status", "meta", "headers"),
    [
        (lambda: [model()], 200, META, {}),
        (lambda: (one for one in [model()]), 200, META, {}),
        (lambda: Listing([model()], {"more": 1}), 200, {**META, "more": 1}, {}),
        (lambda: ([model()], 206), 206, META, {}),
        (lambda: ([model()], 206, {"X-Shelf": "9"}), 206, META, {"X-Shelf": "9"}),
        (lambda: ([model()], None, {"X-Shelf": "9"}, "page 2"), 200, MORE, {"X-Shelf": "9"}),
        (lambda: ((one for one in [model()]), 200, None, "page 2"), 200, MORE, {}),
        (lambda: (Listing([model()], {"more": 1}), 200, {}, "page 2"), 200, {**MORE, "more": 1}, {}),
        (lambda: Result([model()], 206, {"X-Shelf": "9"}), 206, META, {"X-Shelf": "9"}),
    ],
)
def test_what_an_override_of_list_may_return(
    serve: Serve, returned: Callable[[], Any], status: int, meta: Any, headers: dict[str, str]
) -> None:
    class Returning(NoteResource):
        def list(self, query: Query, caller: Caller | None) -> Any:
            return returned()

    answer = serve(Returning)("GET", "/things")
    assert (answer.status_code, answer.get_json()) == (status, {"items": [NOTE], "meta": meta})
    assert headers.items() <= dict(answer.headers).items()


def test_other_overrides_may_return_objects_too(serve: Serve, key: str) -> None:
    class Returning(NoteResource):
        def create(self, body: Any, caller: Caller | None) -> Any:
            return model()

        def update(self, key: Any, body: Any, caller: Caller | None, if_match: str | None = None) -> Any:
            row = super().update(key, body, caller, if_match)
            return row, 200, {"X-Shelf": "9"}

        def delete(self, key: Any, caller: Caller | None, if_match: str | None = None) -> Any:
            super().delete(key, caller, if_match)
            return {"gone": key}, 200

        def sample(self, query: Query, caller: Caller | None) -> Any:
            return [model()]

    served = serve(Returning)
    created = served("POST", "/things", {"id": key, "author": "x"})
    assert (created.status_code, created.get_json(), created.headers["ETag"]) == (201, NOTE, '"4"')
    Note(key, author="x").save()
    updated = served("PATCH", f"/things/{key}", {"text": "x"})
    assert (updated.headers["ETag"], updated.headers["X-Shelf"]) == ('"2"', "9")
    deleted = served("DELETE", f"/things/{key}")
    assert (deleted.status_code, deleted.get_json()) == (200, {"gone": key})
    assert served("GET", "/things/sample").get_json()["items"] == [NOTE]


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


@pytest.mark.parametrize("settings", [{"disabled": ("delete", "group")}, {"enabled": ("list", "retrieve")}])
def test_actions_that_are_off_are_not_there(serve: Serve, settings: dict[str, Any]) -> None:
    served = serve(type("Some", (BookResource,), settings))
    assert served("DELETE", "/things/1").status_code == 405
    assert "DELETE" not in served("DELETE", "/things/1").headers["Allow"]
    assert served("GET", "/things").status_code == 200
    assert served("GET", "/things/group/lent").status_code == 404
    assert "delete_book" not in str(served.document)


def test_public_actions_know_a_caller_who_is_known(serve: Serve, key: str) -> None:
    class Public(NoteResource):
        public = ("list", "retrieve")

        def retrieve(self, key: Any, caller: Caller | None) -> Any:
            return {**NOTE, "text": caller.subject if caller else "nobody"}

    served = serve(Public)
    assert served("GET", "/things/1", by=None).get_json()["text"] == "nobody"
    assert served("GET", "/things/1", by="ada").get_json()["text"] == "ada"
    wrong = served("GET", "/things/1", by=None, headers={"Authorization": "Bearer x"})
    assert wrong.status_code == 401
    assert served("GET", "/things", by=None).status_code == 200
    for method, path in (("POST", "/things"), ("PATCH", "/things/1"), ("GET", "/things/sample")):
        refused = served(method, path, {}, by=None)
        assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer"), path


def test_a_public_action_of_owned_rows_takes_a_caller(serve: Serve) -> None:
    class Public(BookResource):
        public = ("list",)

    served = serve(Public)
    assert served("GET", "/things", by=None).status_code == 401
    assert served("GET", "/things").status_code == 200


def test_the_order_of_a_list_that_asks_for_none(serve: Serve, owner: str) -> None:
    class Sorted(BookResource):
        default_sort = "-price,title"

    served = serve(Sorted)
    for number, price in enumerate([1, 3, 2]):
        served("POST", "/things", {**BOOK, "isbn": str(number), "price": price}, by=owner)

    def order(**query: Any) -> list[str]:
        page = served("GET", "/things", by=owner, **query).get_json()
        return [one["isbn"] for one in page["items"]]

    assert (order(), order(sort_by="price"), order(limit=2)) == (["1", "2", "0"], ["0", "2", "1"], ["1", "2"])


def test_a_list_tells_what_meta_tells(serve: Serve, owner: str) -> None:
    class Telling(BookResource):
        def meta(self, action: str, told: dict[str, Any], query: Query) -> dict[str, Any]:
            return {"action": action, "rows": told["examined"]}

    served = serve(Telling)
    served("POST", "/things", BOOK, by=owner)
    for path, action in (("", "list"), ("/sample", "sample"), ("/group/lent", "group"), ("/stats", "stats")):
        query = {"fields": "price"} if action == "stats" else {}
        answer = served("GET", f"/things{path}", by=owner, **query)
        assert answer.status_code == 200, answer.data
        assert {"action": action, "rows": 1}.items() <= answer.get_json()["meta"].items()


def test_what_is_described_is_in_the_document(serve: Serve) -> None:
    class Described(BookResource):
        tag = "shelf"

        @describe(
            summary="Borrow it",
            description="For a week.",
            tags=["lending"],
            responses={"203": {"description": "Elsewhere."}},
            parameters=[{"name": "X-Shelf", "in": "header", "schema": {"type": "string"}}],
        )
        def retrieve(self, key: Any, caller: Caller | None) -> Row:
            return super().retrieve(key, caller)

    item = serve(Described).document["paths"]["/things/{key}"]
    got = item["get"]
    assert (got["summary"], got["description"], got["tags"]) == ("Borrow it", "For a week.", ["lending"])
    assert {"200", "203", "304", "default"} <= set(got["responses"])
    assert [one["name"] for one in got["parameters"]] == ["key", "If-None-Match", "X-Shelf"]
    assert item["patch"]["tags"] == ["shelf"]


def test_a_stale_change_is_refused_through_an_override(make: Made, ada: Caller) -> None:
    class Counting(BookResource):
        def update(self, key: Any, body: Any, caller: Any, if_match: str | None = None) -> Row:
            return super().update(key, {"price": 9, **body}, caller, if_match)

    books = make(Counting)
    books.create(BOOK, ada)
    assert books.update("1", {}, ada, '"1"')("price") == 9
    with pytest.raises(PreconditionFailed):
        books.update("1", {}, ada, '"1"')


REQUESTS: dict[str, tuple[str, str, Any]] = {
    "list": ("GET", "/things", None),
    "create": ("POST", "/things", {**BOOK, "isbn": "2"}),
    "retrieve": ("GET", "/things/1", None),
    "update": ("PATCH", "/things/1", {"price": 6}),
    "replace": ("PUT", "/things/1", {"title": "x"}),
    "delete": ("DELETE", "/things/1", None),
    "group": ("GET", "/things/group/lent", None),
    "stats": ("GET", "/things/stats?fields=price", None),
    "sample": ("GET", "/things/sample", None),
}


@pytest.mark.parametrize("action", REQUESTS)
def test_a_permission_is_asked_before_each_action(serve: Serve, owner: str, action: str) -> None:
    class Never(Permission):
        def has_permission(self, caller: Caller | None, asked: str) -> bool:
            return asked != action

        def reason(self, caller: Caller | None, asked: str) -> str:
            return f"No {asked} today."

    method, path, body = REQUESTS[action]
    Book(owner, "1", title="Emma", price=5).save()
    served = serve(type("Closed", (BookResource,), {"permissions": (Never,)}))
    refused = served(method, path, body, by=owner)
    assert (refused.status_code, refused.get_json()["detail"]) == (403, f"No {action} today.")
    for other, (method, path, body) in REQUESTS.items():
        if other not in (action, "delete"):
            assert served(method, path, body, by=owner).status_code in (200, 201), other
    public = serve(type("Open", (BookResource,), {"permissions": (Never,), "public": (action,)}))
    method, path, body = REQUESTS[action]
    assert public(method, path, body, by=None).status_code == 401


@pytest.mark.parametrize("action", ["retrieve", "update", "replace", "delete"])
def test_a_permission_looks_at_the_row_of_an_action(serve: Serve, owner: str, action: str) -> None:
    class Never(Permission):
        def has_object_permission(self, caller: Caller | None, asked: str, item: Any) -> bool:
            return asked != action or item.title != "Emma"

    served = serve(type("Closed", (BookResource,), {"permissions": (Never,)}))
    method, path, body = REQUESTS[action]
    Book(owner, "1", title="Emma", price=5).save()
    refused = served(method, path, body, by=owner)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "FORBIDDEN")
    assert Book.get(owner, "1").price == 5
    assert served(method, f"{path}0", body, by=owner).status_code == 404
    Book.get(owner, "1").update(actions=[Book.title.set("Other")])
    assert served(method, path, body, by=owner).status_code in (200, 204)


def test_an_override_that_does_not_ask_the_permissions_is_asked_all_the_same(
    serve: Serve, owner: str
) -> None:
    class Refused(Permission):
        def has_permission(self, caller: Caller | None, action: str) -> bool:
            return False

    class Open(BookResource):
        permissions = (Refused,)

        def list(self, query: Query, caller: Caller | None) -> Listing:
            return Listing([])

        @handles("retrieve")
        def nothing(self, key: Any, caller: Caller | None) -> dict[str, Any]:
            return {}

    served = serve(Open)
    assert served("GET", "/things", by=owner).status_code == 403
    assert served("GET", "/things/1", by=owner).status_code == 403


def test_times_that_are_set_are_not_taken(serve: Serve, owner: str) -> None:
    class Stamped(BookResource):
        read_only = ()

    served = serve(Stamped)
    created = served("POST", "/things", {**BOOK, "added_at": "2001-01-01T00:00:00Z"}, by=owner)
    assert created.status_code == 422
