"""A resource from its first row to its last: every action, by itself and over HTTP."""

from typing import Any

import pytest

from libs.errors import Conflict, InvalidBody, NotFound
from libs.jwt import Caller
from libs.resource import Create, Everyone, List, ModelResource, Query, Retrieve
from libs.resource.tests.conftest import Made, Serve
from libs.resource.tests.library import Book, BookResource, Note, NoteResource, Plain, PlainResource

BOOK = {
    "isbn": "1",
    "title": "Emma",
    "price": 5,
    "tags": ["old"],
    "words": ["b", "a", "b"],
    "size": {"h": 20.0},
}
SHOWN = {
    **BOOK, "words": ["a", "b"], "size": {"h": 20}, "lent": False, "secret": None, "version": 1,
}  # fmt: skip


def test_what_is_created_is_answered_and_can_be_found(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    created = served("POST", "/things", BOOK, by=owner)
    assert (created.status_code, created.headers["Location"], created.headers["ETag"][:3]) == (
        201, "/things/1", '"1.',
    )  # fmt: skip
    book = created.get_json()
    assert book == {**SHOWN, "added_at": book["added_at"], "changed_at": book["added_at"]}
    assert book["added_at"].endswith("Z")
    read = served("GET", "/things/1", by=owner)
    assert (read.get_json(), read.headers["ETag"]) == (book, created.headers["ETag"])
    listed = served("GET", "/things", by=owner).get_json()
    assert listed == {
        "items": [book],
        "meta": {"next": None, "prev": None, "has_more": False, "examined": 1, "truncated": False},
    }


def test_a_change_touches_what_was_sent_and_the_time_of_change(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    before = served("POST", "/things", BOOK, by=owner).get_json()
    changed = served("PATCH", "/things/1", {"lent": True, "price": None}, by=owner)
    after = changed.get_json()
    assert after == {
        **before,
        "lent": True,
        "price": None,
        "version": 2,
        "changed_at": after["changed_at"],
    }
    assert after["changed_at"] > before["changed_at"]
    assert changed.headers["ETag"].startswith('"2.')
    assert served("GET", "/things/1", by=owner).get_json() == after


def test_a_replacement_takes_the_place_of_all_that_can_be_sent(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    before = served("POST", "/things", {**BOOK, "lent": True, "secret": "x"}, by=owner).get_json()
    replaced = served("PUT", "/things/1", {"title": "Persuasion"}, by=owner)
    after = replaced.get_json()
    assert replaced.status_code == 200
    assert after == {
        "isbn": "1", "title": "Persuasion", "price": None, "lent": False, "tags": [], "words": None,
        "size": None, "secret": None, "version": 2,
        "added_at": before["added_at"], "changed_at": after["changed_at"],
    }  # fmt: skip
    assert served("GET", "/things/1", by=owner).get_json() == after
    # It creates nothing, and what is required is required.
    assert served("PUT", "/things/2", {"title": "Emma"}, by=owner).status_code == 404
    lacking = served("PUT", "/things/1", {"price": 1}, by=owner)
    assert (lacking.status_code, lacking.get_json()["code"]) == (422, "INVALID_BODY")


def test_what_is_deleted_is_gone(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    served("POST", "/things", BOOK, by=owner)
    deleted = served("DELETE", "/things/1", by=owner)
    assert (deleted.status_code, deleted.data) == (204, b"")
    for method, body in (("GET", None), ("DELETE", None), ("PATCH", {"lent": True}), ("PUT", {"title": "x"})):
        gone = served(method, "/things/1", body, by=owner)
        assert (gone.status_code, gone.get_json()["code"]) == (404, "NOT_FOUND"), method
    assert served("GET", "/things", by=owner).get_json()["items"] == []


@pytest.mark.parametrize("replaces", [False, True])
def test_what_the_model_does_not_know_survives_every_change(
    make: Made, ada: Caller, *, replaces: bool
) -> None:
    books = make(BookResource)
    books.create(BOOK, ada)
    connection, table = Book._get_connection().connection, Book.Meta.table_name
    stored = connection.get_item(table, ada.subject, "1")["Item"]
    stored |= {"of_the_next_version": {"S": "precious"}, "numbers": {"NS": ["1"]}}
    connection.dispatch("PutItem", {"TableName": table, "Item": stored})
    change = books.replace if replaces else books.update
    change("1", {"title": "Persuasion"}, ada)
    after = connection.get_item(table, ada.subject, "1")["Item"]
    assert after["t"] == {"S": "Persuasion"}
    assert (after["of_the_next_version"], after["numbers"]) == ({"S": "precious"}, {"NS": ["1"]})


def test_a_change_is_one_update_of_what_was_sent(
    make: Made, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    books = make(BookResource)
    books.create(BOOK, ada)
    calls: list[tuple[str, dict[str, Any]]] = []
    connection = Book._get_connection().connection
    dispatch = connection.dispatch

    def spy(operation: str, arguments: dict[str, Any]) -> Any:
        calls.append((operation, arguments))
        return dispatch(operation, arguments)

    monkeypatch.setattr(connection, "dispatch", spy)
    books.update("1", {"price": 6}, ada)
    ((operation, arguments),) = calls
    assert operation == "UpdateItem"
    written = {*arguments["ExpressionAttributeNames"].values()}
    assert written == {"price", "changed_at", "version", "owner"}


def test_a_key_is_taken_once(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    served("POST", "/things", BOOK, by=owner)
    again = served("POST", "/things", {**BOOK, "title": "Other"}, by=owner)
    assert (again.status_code, again.get_json()["code"]) == (409, "RESOURCE_EXISTS")
    assert served("GET", "/things/1", by=owner).get_json()["title"] == "Emma"
    assert served("POST", "/things", BOOK, by=f"{owner}2").status_code == 201


def test_a_key_is_taken_once_though_both_are_equal(make: Made, key: str) -> None:
    plain = make(PlainResource)
    plain.create({"id": key, "text": "mine"}, None)
    with pytest.raises(Conflict):
        plain.create({"id": key, "text": "mine"}, None)


@pytest.mark.parametrize("name", ["isbn", "owner", "added_at", "version", "colour"])
def test_keys_and_what_is_read_only_cannot_be_changed(make: Made, ada: Caller, name: str) -> None:
    books = make(BookResource)
    books.create(BOOK, ada)
    for change in (books.update, books.replace):
        with pytest.raises(InvalidBody) as caught:
            change("1", {"title": "x", name: "2026-01-01T00:00:00Z"}, ada)
        assert [fault.pointer for fault in caught.value.errors] == [f"/{name}"]


def test_every_fault_of_a_body_is_named(make: Made, ada: Caller) -> None:
    sent = {"title": "", "price": "much", "owner": "eve", "added_at": "2026-01-01", "tags": ["x", 1]}
    with pytest.raises(InvalidBody) as caught:
        make(BookResource).create(sent, ada)
    pointers = {fault.pointer for fault in caught.value.errors}
    assert pointers == {"/isbn", "/title", "/price", "/owner", "/added_at", "/tags/1"}


@pytest.mark.parametrize("body", [[], "x", 1, None])
def test_a_body_that_is_no_object_is_a_fault_of_the_whole(make: Made, ada: Caller, body: Any) -> None:
    with pytest.raises(InvalidBody) as caught:
        make(BookResource).create(body, ada)
    assert [fault.pointer for fault in caught.value.errors] == [""]


def test_what_was_stored_before_a_rule_was_tightened_is_still_shown(make: Made, ada: Caller) -> None:
    Book(ada.subject, "1", title="x" * 1000).save()
    books = make(BookResource)
    assert books.answers.represent(books.retrieve("1", ada))["title"] == "x" * 1000


def test_the_actions_are_those_it_is_made_of(make: Made) -> None:
    class AudioBook(List, Create, Retrieve, ModelResource):
        model = Plain
        scope = Everyone()

    contribution = AudioBook.contribution(make(AudioBook), "/audio")
    assert {path: set(item) for path, item in contribution.paths.items()} == {
        "/audio": {"get", "post"},
        "/audio/{key}": {"get"},
    }
    assert set(contribution.functions) == {"list_plains", "create_plain", "get_plain"}


def test_a_group_counts_values(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for number, (price, tags) in enumerate([(1, ["a", "b"]), (1, ["a"]), (None, [])]):
        body = {"isbn": str(number), "title": "x", "price": price, "tags": tags}
        served("POST", "/things", body, by=owner)
    by_price = served("GET", "/things/group/price", by=owner, sort_by="-count").get_json()
    assert by_price == {
        "items": [{"value": 1, "count": 2}, {"value": None, "count": 1}],
        "meta": {"exact": True, "examined": 3},
    }
    where = '{"price": 1}'
    by_tag = served("GET", "/things/group/tags", by=owner, where=where).get_json()["items"]
    assert by_tag == [{"value": "a", "count": 2}, {"value": "b", "count": 1}]


def test_statistics_are_told_of_numbers_and_times(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for number in range(3):
        body = {"isbn": str(number), "title": "x", "price": number * 1e30}
        assert served("POST", "/things", body, by=owner).status_code == 201
    answer = served("GET", "/things/stats", by=owner, fields="price,added_at")
    assert answer.status_code == 200, answer.data
    stats = answer.get_json()["stats"]
    assert stats["price"] == {"min": 0, "max": 2e30, "sum": 3e30, "avg": 1e30, "count": 3}
    first = served("GET", "/things/0", by=owner).get_json()["added_at"]
    assert (stats["added_at"]["min"], stats["added_at"]["sum"]) == (first, None)


def test_a_sample_is_of_ones_own_rows(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for number in range(8):
        served("POST", "/things", {"isbn": str(number), "title": "x"}, by=owner)
    answer = served("GET", "/things/sample", by=owner, limit=3).get_json()
    assert len({book["isbn"] for book in answer["items"]}) == 3
    assert answer["meta"] == {"exact": True, "examined": 8}
    assert len(served("GET", "/things/sample", by=owner).get_json()["items"]) == 5


def test_pages_lead_on_and_back(serve: Serve, owner: str) -> None:
    served = serve(BookResource)
    for number in range(7):
        served("POST", "/things", {"isbn": str(number), "title": "x", "price": -number}, by=owner)

    def walk(address: str, relation: str) -> list[list[str]]:
        pages = []
        while address:
            answer = served("GET", address, by=owner)
            assert answer.status_code == 200, answer.data
            pages.append([book["isbn"] for book in answer.get_json()["items"]])
            links = dict(
                reversed(one.split("; rel=")) for one in answer.headers.get("Link", "").split(", ") if one
            )
            last, address = address, links.get(f'"{relation}"', "").strip("<>")
        pages.append([last])
        return pages

    *pages, [last] = walk("/things?limit=3&sort_by=price", "next")
    assert pages == [["6", "5", "4"], ["3", "2", "1"], ["0"]]
    assert walk(last, "prev")[:-1] == [["0"], ["3", "2", "1"], ["6", "5", "4"]]


def test_a_test_needs_no_http(make: Made, ada: Caller, key: str) -> None:
    notes = make(NoteResource)
    row = notes.create({"id": key, "author": "x", "text": "hello"}, ada).body
    assert row("text") == "hello"
    assert isinstance(row.model(), Note)
    found = notes.list(Query(where=f'{{"id": "{key}"}}'), ada)
    assert [one("id") for one in found.rows] == [key]
    assert notes.delete(key, ada).status == 204
    with pytest.raises(NotFound):
        notes.retrieve(key, ada)
