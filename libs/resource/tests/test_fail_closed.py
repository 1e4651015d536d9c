"""What was wrong with our ancestors: each is a fault with its path now, or right.

Emmett-REST answered 200 with more rows than asked for, or 500, to what is in these tables.
"""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from libs.resource import ParameterNames
from libs.resource.tests.conftest import Serve, Served, serving
from libs.resource.tests.library import BookResource, NoteResource
from libs.service import Settings


@pytest.fixture(scope="module")
def owner() -> str:
    """Somebody who has three books, and nothing else: what is sent here is refused, or only reads."""
    return uuid.uuid4().hex


@pytest.fixture(scope="module")
def filled(
    shelves: tuple[Settings, Any], owner: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        served = serving(shelves[0], tmp_path_factory.mktemp("apis"), patch)(BookResource)
        for number in range(3):
            body = {"isbn": str(number), "title": f"Book {number}", "price": number, "tags": ["a"]}
            assert served("POST", "/things", body, by=owner).status_code == 201
        yield served


@pytest.fixture
def books(filled: Served, library: Settings) -> Served:
    return filled


REFUSED = [
    # more rows than asked for
    ({"colour": "red"}, "where.colour"),
    ({"owner": "eve"}, "where.owner"),
    ({"secret": "x"}, "where.secret"),
    ({"price": {"$foo": 1}}, "where.price.$foo"),
    ({"price": {"$foo": 1}, "lent": True}, "where.price.$foo"),
    ({"$or": [{"price": 1}, {"colour": 1}]}, "where.$or[1].colour"),
    ({"$foo": 1}, "where.$foo"),
    ({"price": {}}, "where.price"),
    # 500
    ({"$or": []}, "where.$or"),
    ({"$and": []}, "where.$and"),
    ({"$or": [1]}, "where.$or[0]"),
    ({"$or": {"price": 1}}, "where.$or"),
    ({"$gt": 1}, "where.$gt"),
    ({"$eq": 1}, "where.$eq"),
    ({"$not": {}}, "where.$not"),
    ({"$not": {"colour": 1}}, "where.$not.colour"),
    ({"$not": [{"price": 1}]}, "where.$not"),
    ({"price": "abc"}, "where.price"),
    ({"price": [1]}, "where.price"),
    ({"price": {"$gt": "abc"}}, "where.price.$gt"),
    ({"price": {"$gt": {"a": 1}}}, "where.price.$gt"),
    ({"price": {"$in": [[1]]}}, "where.price.$in"),
    ({"price": {"$in": 1}}, "where.price.$in"),
    ({"price": {"$like": "1%"}}, "where.price.$like"),
    ({"price": {"$contains": 5}}, "where.price.$contains"),
    ({"lent": 1}, "where.lent"),
    ({"lent": "true"}, "where.lent"),
    ({"price": {"$exists": 1}}, "where.price.$exists"),
    ({"added_at": {"$gt": "yesterday"}}, "where.added_at.$gt"),
    ({"added_at": {"$gt": 5}}, "where.added_at.$gt"),
    ({"title": {"$regex": "."}}, "where.title.$regex"),
    ({"title": 5}, "where.title"),
    ({"title": {"$geo.within": {"type": "Point", "coordinates": [0, 0]}}}, "where.title.$geo.within"),
    ([], "where"),
    ("price", "where"),
    (None, "where"),
    (1, "where"),
]


@pytest.mark.parametrize(
    "path", ["/things", "/things/sample", "/things/stats?fields=price", "/things/group/lent"]
)
def test_what_is_not_understood_is_refused_with_its_path(books: Served, owner: str, path: str) -> None:
    joined = "&" if "?" in path else "?"
    for where, at in REFUSED:
        answer = books("GET", f"{path}{joined}where={json.dumps(where)}".replace("%", "%25"), by=owner)
        assert (answer.status_code, answer.get_json()["code"]) == (400, "INVALID_PARAMETERS"), where
        fault = answer.get_json()["errors"][0]
        assert fault["parameter"] == "where"
        assert fault["detail"].startswith(f"{at} "), fault


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({}, "012"),
        ({"price": {"$nin": [0]}}, "12"),
        ({"price": {"$nin": []}}, "012"),
        ({"price": {"$in": []}}, ""),
        ({"price": {"$not": {"$gt": 1}}}, "01"),
        ({"price": {"$or": [{"$lt": 1}, {"$gt": 1}]}}, "02"),
        ({"price": {"$and": [{"$gt": 0}, {"$lt": 2}]}}, "1"),
        ({"title": {"$gt": "Book 0"}}, "12"),
        ({"title": {"$contains": "k 1"}}, "1"),
        ({"added_at": {"$gt": "2026-01-01T00:00:00Z"}}, "012"),
        ({"price": 1, "lent": False}, "1"),
        ({"price": None}, ""),
    ],
)
def test_what_was_wrong_is_right(books: Served, owner: str, where: Any, found: str) -> None:
    answer = books("GET", "/things", by=owner, where=json.dumps(where))
    assert answer.status_code == 200, answer.data
    assert "".join(sorted(one["isbn"] for one in answer.get_json()["items"])) == found


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/things?page=x", "page"),
        ("/things?page=0", "page"),
        ("/things?page=-1", "page"),
        ("/things?page_size=0", "page_size"),
        ("/things?page_size=51", "page_size"),
        ("/things?page_size=x", "page_size"),
        ("/things?limit=0", "limit"),
        ("/things?limit=51", "limit"),
        ("/things?limit=1.5", "limit"),
        ("/things?page=1&limit=3", "page"),
        ("/things?page=999999", "page"),
        ("/things?page=201", "page"),
        ("/things?sort_by=colour", "sort_by"),
        ("/things?sort_by=title,title", "sort_by"),
        ("/things?sort_by=title,colour", "sort_by"),
        ("/things?sort_by=", "sort_by"),
        ("/things?sort_by=--title", "sort_by"),
        ("/things?sort_by=isbn", "sort_by"),
        ("/things?where={", "where"),
        ("/things?where=", "where"),
        ("/things?where={}&where={}", "where"),
        ("/things?cursor=x", "cursor"),
        ("/things?cursor=", "cursor"),
        ("/things?count=all", "count"),
        ("/things?explain=perhaps", "explain"),
        ("/things?colour=red", "colour"),
        ("/things/stats", "fields"),
        ("/things/stats?fields=", "fields"),
        ("/things/stats?fields=colour", "fields"),
        ("/things/stats?fields=price,colour", "fields"),
        ("/things/stats?fields=title", "fields"),
        ("/things/stats?fields=price&sort_by=title", "sort_by"),
        ("/things/group/lent?sort_by=lent", "sort_by"),
        ("/things/sample?page=1", "page"),
        ("/things/sample?limit=0", "limit"),
        ("/things/sample?sort_by=title", "sort_by"),
        ("/things/1?fields=x", "fields"),
        ("/things/group/colour", "field"),
        ("/things/group/title", "field"),
    ],
)
def test_parameters_are_never_silently_something_else(
    books: Served, owner: str, path: str, parameter: str
) -> None:
    answer = books("GET", path, by=owner)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "INVALID_PARAMETERS"), answer.data
    assert answer.get_json()["errors"][0]["parameter"] == parameter


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        (b"", 422, "INVALID_BODY"),
        (b"{", 400, "MALFORMED_BODY"),
        (b"title=x", 400, "MALFORMED_BODY"),
        (b"[]", 422, "INVALID_BODY"),
        (b'[{"isbn": "9", "title": "x"}]', 422, "INVALID_BODY"),
        (b"null", 422, "INVALID_BODY"),
        (b'"x"', 422, "INVALID_BODY"),
        (b"NaN", 400, "MALFORMED_BODY"),
        (b'{"isbn": "9", "title": "x", "price": NaN}', 400, "MALFORMED_BODY"),
        (b'{"isbn": "9", "title": "x", "price": 1e999}', 400, "MALFORMED_BODY"),
        (b'{"isbn": "9", "title": "\\ud800"}', 400, "MALFORMED_BODY"),
        (b"\xff", 400, "MALFORMED_BODY"),
        (b"{}", 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "colour": 1}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "": 1}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "version": 1}', 422, "INVALID_BODY"),
        (b'{"isbn": "", "title": "x"}', 422, "INVALID_BODY"),
        (b'{"isbn": null, "title": "x"}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "price": "1"}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "price": true}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "lent": "false"}', 422, "INVALID_BODY"),
        (b'{"isbn": "9", "title": "x", "tags": "a"}', 422, "INVALID_BODY"),
    ],
)
def test_bodies_that_are_none_are_refused(
    books: Served, owner: str, sent: bytes, status: int, code: str
) -> None:
    headers = {"Content-Type": "application/json"}
    for method, path in (("POST", "/things"), ("PATCH", "/things/0"), ("PUT", "/things/0")):
        answer = books(method, path, sent, by=owner, headers=headers)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), (method, answer.data)
    assert len(books("GET", "/things", by=owner).get_json()["items"]) == 3


def test_every_fault_of_a_body_is_told_at_once(books: Served, owner: str) -> None:
    body = {"title": "x" * 51, "price": "1", "colour": 1, "tags": ["a", 1]}
    answer = books("PATCH", "/things/0", body, by=owner).get_json()
    assert {one["pointer"] for one in answer["errors"]} == {"/title", "/price", "/colour", "/tags/1"}


def test_other_kinds_of_bodies_are_not_guessed_at(books: Served, owner: str) -> None:
    for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = books("POST", "/things", b"isbn=1", by=owner, headers={"Content-Type": kind})
        assert answer.status_code == 415, kind


def test_methods_that_are_none(books: Served, owner: str) -> None:
    for method, path in (
        ("PUT", "/things"),
        ("DELETE", "/things"),
        ("POST", "/things/0"),
        ("POST", "/things/stats"),
    ):
        answer = books(method, path, by=owner)
        assert (answer.status_code, answer.get_json()["code"]) == (405, "METHOD_NOT_ALLOWED")
        assert "GET" in answer.headers["Allow"]
    head = books("HEAD", "/things/0", by=owner)
    assert (head.status_code, head.data, head.headers["ETag"][:3]) == (200, b"", '"1.')


def test_what_no_index_serves_is_refused_and_says_what_would(serve: Serve, key: str) -> None:
    class Careful(NoteResource):
        allow_scan = False

    served = serve(Careful)
    for path in ("/things", "/things/sample", "/things/stats?fields=stars", "/things/group/shared"):
        answer = served("GET", path)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "QUERY_REFUSED"), path
        assert "id with $eq" in answer.get_json()["detail"]
    assert served("GET", "/things", where=json.dumps({"id": key})).status_code == 200


def test_a_scan_ends_at_its_bound_and_says_so(serve: Serve, key: str) -> None:
    class Bounded(NoteResource):
        most_examined, default_limit = 3, 2

    served = serve(Bounded)
    for number in range(6):
        served("POST", "/things", {"id": f"{key}{number}", "author": "x", "stars": number})
    where = json.dumps({"id": {"$startswith": key}})
    rare = json.dumps({"$and": [{"id": {"$startswith": key}}, {"stars": 99}]})
    page = served("GET", "/things", where=rare).get_json()
    assert (page["items"], page["meta"]["truncated"], page["meta"]["has_more"]) == ([], True, True)
    for path in ("/things/sample", "/things/stats", "/things/group/stars"):
        fields = {"fields": "stars"} if path == "/things/stats" else {}
        meta = served("GET", path, where=where, **fields).get_json()["meta"]
        assert (meta["exact"], meta["examined"]) == (False, 3), path
    for query in ({"sort_by": "text"}, {"count": "exact"}, {"page": 2, "page_size": 2}):
        refused = served("GET", "/things", where=where, **query)
        assert refused.status_code in (400, 422), query
    counted = served("GET", "/things", where=where, count="bounded").get_json()["meta"]
    assert counted["total_exact"] is False


def test_a_cursor_that_is_handed_out_is_taken(serve: Serve, key: str) -> None:
    served = serve(NoteResource)
    for number in range(3):
        text = "".join(chr(0x4E00 + (number * 7919 + at * 104729) % 20000) for at in range(4000))
        served("POST", "/things", {"id": f"{key}{number}", "author": "x", "text": text})
    where = json.dumps({"id": {"$in": [f"{key}{number}" for number in range(3)]}})
    for sort_by in ("text", "stars"):
        asked = {"where": where, "sort_by": sort_by, "limit": 1}
        cursor = served("GET", "/things", **asked).get_json()["meta"]["next"]
        assert served("GET", "/things", **asked, cursor=cursor).status_code == 200


def test_the_default_names_of_parameters_are_not_taken_where_there_are_others(serve: Serve) -> None:
    class Renamed(BookResource):
        parameter_names = ParameterNames(where="filter")

    served = serve(Renamed)
    assert served("GET", "/things", where="{}").status_code == 400
    wrong = served("GET", "/things", filter='{"x": 1}').get_json()["errors"][0]
    assert (wrong["parameter"], wrong["detail"].partition(" ")[0]) == ("filter", "filter.x")
