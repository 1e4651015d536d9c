"""Arguments arrive as they were given, or are refused before anything is sent."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import UploadedFile
from libs.api.tests.books import connect
from libs.api.tests.clients.conftest import BOOK, Script, shop

ODD = [
    "a b",
    "a?b=c",
    "a#b",
    "a%2Fb",
    "a/b",
    "%252F",
    "/",
    "%",
    "é",
    "日本",
    "a+b",
    "a&b",
    "a;b",
    ":",
    "@",
    "a,b",
]


@pytest.mark.parametrize("book_id", [*ODD, "{book_id}", "..", ".", "..."])
@pytest.mark.parametrize("way", ["books", "over_network"])
def test_a_path_parameter_arrives_as_it_was_given(book_id, library, way, request):
    library.desk.answer = BOOK
    assert request.getfixturevalue(way).get_book(book_id=book_id).title == "Emma"
    assert library.desk.calls == [{"book_id": book_id}]


def recorded(send):
    """Return the request that `send`, called with a client, would put on the wire."""
    script = Script(httpx.Response(204))
    send(connect("http://books.test/v1/", transport=script))
    (request,) = script.requests
    return request


RECORDED = Script(httpx.Response(200, text=""))


RECORDING = connect("http://books.test/v1/", transport=RECORDED)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_no_path_parameter_leads_out_of_its_place(book_id):
    RECORDING.read_book(book_id=book_id)
    prefix, segment, end = RECORDED.requests.pop().url.raw_path.decode().rsplit("/", 2)
    assert (prefix, end) == ("/v1/books", "text")
    assert segment not in ("", ".", "..")


def test_a_slash_in_a_path_parameter_is_no_slash_of_the_path():
    request = recorded(lambda client: client.get_book(book_id="a/../b"))
    assert request.url.raw_path == b"/v1/books/a%2F..%2Fb"


def test_a_comma_list_arrives_as_it_was_given(library, books):
    library.desk.answer = {}
    books.recommend(fields=["title", "author"], sure=[True, False], x_tags="a")
    wanted = {"fields": ["title", "author"], "sure": [True, False], "x_tags": "a"}
    assert {key: library.desk.calls[0][key] for key in wanted} == wanted


def test_query_and_header_parameters_arrive_as_they_were_given(library, books):
    library.desk.answer = {"items": []}
    wanted = {
        "limit": 5,
        "genre": "crime",
        "label": ["a&b", "ü ="],
        "year": [1815, 1816],
        "lent": True,
        "x_shelf": 7,
    }
    books.list_books(**wanted)
    assert library.desk.calls == [wanted]
    assert books.remove_book(book_id="b1", if_match='"5"') is None
    assert library.desk.calls[-1] == {"book_id": "b1", "if_match": '"5"'}


@pytest.mark.parametrize("tags", ["é", "日本", "a, b", '"quoted"', "=?utf-8?", "100%", "%41"])
@pytest.mark.parametrize("way", ["books", "over_network"])
def test_a_header_parameter_arrives_as_it_was_given(tags, library, way, request):
    library.desk.answer = {}
    request.getfixturevalue(way).recommend(fields=["title"], x_tags=tags)
    assert library.desk.calls[0]["x_tags"] == tags


def test_a_body_may_be_an_object_or_plain(library, books):
    library.desk.answer = BOOK
    new = {"title": "Emma", "password": "correct horse"}
    for body in (new, library.models.NewBook(**new), books.NewBook(**new)):
        assert books.add_book(body=body).book_id == "b1"
        assert library.desk.calls[-1]["body"].to_json() == new


def test_a_body_is_json_with_its_times_in_utc():
    at = datetime(2026, 1, 2, tzinfo=UTC)
    request = recorded(lambda client: client.set_labels(body=["é", at]))
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == ["é", "2026-01-02T00:00:00Z"]


def test_what_is_called_body_may_be_a_parameter():
    operation = {
        "parameters": [{"name": "body", "in": "query", "required": True, "schema": {"type": "string"}}],
        "responses": {"204": {"description": "Done."}},
    }
    client, script = shop(operation, httpx.Response(204))
    client["act"](body="b")
    assert script.requests[0].url.query == b"body=b"


def test_a_body_that_may_be_left_out_may_be_left_out(library, books):
    assert books.set_labels() is None
    assert library.desk.calls == [{"body": None}]


def test_the_type_of_a_body_is_the_first_or_the_one_that_is_named(library, books):
    books.set_cover(book_id="b", body=[b"one", b"two"])
    assert library.last_request.content_type == "image/png"
    assert library.desk.calls == [{"book_id": "b", "body": b"onetwo"}]
    books.set_cover(book_id="b", body=[b""], media_type="image/jpeg")
    assert library.last_request.content_type == "image/jpeg"
    with pytest.raises(ValueError, match=r"^books\.set_cover\(\) .*not as image/gif"):
        books.set_cover(book_id="b", body=[b""], media_type="image/gif")


@pytest.mark.parametrize(
    ("operation", "arguments", "told"),
    [
        ("get_book", {"book_id": ""}, "book_id"),
        ("get_book", {"book_id": "hunter2" * 20}, "book_id"),
        ("list_books", {"limit": 0}, "limit"),
        ("list_books", {"limit": "hunter2"}, "limit"),
        ("list_books", {"genre": "hunter2"}, "genre"),
        ("add_book", {"body": {"title": "hunter2"}}, "body: /password is required"),
        ("add_book", {"body": {"title": "hunter2", "password": "hunter2"}}, "body: /password"),
        ("add_book", {"body": "hunter2"}, "body"),
        ("set_labels", {"body": [object()]}, "body: object has no JSON form"),
    ],
)
def test_what_the_contract_refuses_is_a_value_error_and_not_sent(operation, arguments, told, books, library):
    with pytest.raises((ValueError, TypeError)) as caught:
        getattr(books, operation)(**arguments)
    assert str(caught.value).startswith(f"books.{operation}() {told}")
    assert "hunter2" not in str(caught.value)
    assert library.last_request is None


def test_parameters_take_what_objects_take():
    schemas = {
        "price": {"type": "string", "format": "decimal"},
        "weight": {"type": "number"},
        "at": {"type": "string", "format": "date-time"},
        "days": {"type": "array", "items": {"type": "string", "format": "date"}},
    }
    parameters = [{"name": name, "in": "query", "schema": one} for name, one in schemas.items()]
    operation = {"parameters": parameters, "responses": {"204": {"description": "Done."}}}
    client, script = shop(operation, httpx.Response(204))
    client["act"](
        price=5, weight=Decimal("0.5"), at=datetime(2026, 1, 2, tzinfo=UTC), days=[date(2026, 1, 2)]
    )
    assert dict(script.requests[0].url.params) == {
        "price": "5",
        "weight": "0.5",
        "at": "2026-01-02T00:00:00Z",
        "days": "2026-01-02",
    }
    with pytest.raises(ValueError, match=r"^shop\.act\(\) at: is a time without a zone: give one"):
        client["act"](at=datetime(2026, 1, 2))  # noqa: DTZ001 - that is what is told


def test_an_open_file_is_told_what_to_give(tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF")
    form = {
        "type": "object",
        "properties": {"invoice": {}, "photos": {"type": "array", "items": {}}},
    }
    operation = {
        "requestBody": {"content": {"multipart/form-data": {"schema": form}}},
        "responses": {"204": {"description": "Done."}},
    }
    client, script = shop(operation, httpx.Response(204))
    with (tmp_path / "a.pdf").open("rb") as file:
        for body, place in (({"invoice": file}, "/invoice"), ({"photos": [b"", file]}, "/photos")):
            with pytest.raises(
                TypeError, match=rf"^shop\.act\(\) body: {place} is an open file, .*UploadedFile"
            ):
                client["act"](body=body)
        client["act"](body={"invoice": UploadedFile(file, "a.pdf", "application/pdf")})
    (request,) = script.requests
    assert b'filename="a.pdf"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n' in request.content
