"""What the settings of a class change: defaults, the actions there are and for whom, order, what is told."""

from typing import Any

import pytest

from libs.jwt import Caller
from libs.resource import Query, Row, describe
from libs.resource.tests.conftest import Serve
from libs.resource.tests.library import BOOK, NOTE, BookResource, NoteResource


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
    assert [one["name"] for one in got["parameters"]] == ["key", "If-Match", "If-None-Match", "X-Shelf"]
    assert item["patch"]["tags"] == ["shelf"]


def test_times_that_are_set_are_not_taken(serve: Serve, owner: str) -> None:
    class Stamped(BookResource):
        read_only = ()

    served = serve(Stamped)
    created = served("POST", "/things", {**BOOK, "added_at": "2001-01-01T00:00:00Z"}, by=owner)
    assert created.status_code == 422
