"""Calling another service by its contract."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import (
    AnswerCheck,
    ApiClient,
    ClientDocument,
    InvalidAnswer,
    Options,
    RemoteProblem,
    Sender,
    UploadedFile,
)
from libs.api.tests.books import connect, token
from libs.api.tests.clients.conftest import Script

BOOK = {"book_id": "b1", "title": "Emma", "author": {"name": "Jane"}}


def test_an_operation_is_a_method_and_its_answer_an_object(library, books):
    library.desk.answer = BOOK
    found = books.get_book(book_id="b1")
    assert library.desk.calls == [{"book_id": "b1"}]
    assert (found.title, found.author.name, found.to_json()) == ("Emma", "Jane", BOOK)


def test_objects_in_lists_are_objects(library, books):
    library.desk.answer = {"items": [BOOK, BOOK]}
    assert [one.author.name for one in books.list_books().items] == ["Jane", "Jane"]


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
        (
            "get_book",
            {"book_id": "b", "colour": "red"},
            "has no parameter 'colour'; it takes book_id, auth, timeout",
        ),
        ("get_book", {"book-id": "b"}, "has no parameter 'book-id' (did you mean 'book_id'?)"),
        ("get_book", {"book_id": "b", "limit": 1}, "has no parameter 'limit'"),
        ("get_book", {"book_id": "b", "media_type": "x"}, "has no parameter 'media_type'"),
        ("get_book", {}, "needs the parameter 'book_id'"),
        ("get_book", {"book_id": None}, "needs the parameter 'book_id'"),
        (
            "remove_book",
            {"book_id": "b", "if-match": "1"},
            "has no parameter 'if-match' (did you mean 'if_match'?)",
        ),
        ("remove_book", {"if_match": "1"}, "needs the parameter 'book_id'"),
        ("add_book", {}, "needs the parameter 'body'"),
        ("get_status", {"body": {}}, "has no parameter 'body'"),
    ],
)
def test_an_argument_too_much_or_too_little_is_a_type_error(operation, arguments, told, books, library):
    with pytest.raises(TypeError) as caught:
        getattr(books, operation)(**arguments)
    assert str(caught.value).startswith(f"books.{operation}() {told}")
    assert library.last_request is None


@pytest.mark.parametrize(
    ("seconds", "error", "told"),
    [
        (0, ValueError, "timeout is not within 0 and 86400 seconds"),
        (-1.5, ValueError, "timeout is not within"),
        (float("nan"), ValueError, "timeout is not within"),
        (float("inf"), ValueError, "timeout is not within"),
        ("5", TypeError, "takes seconds as timeout, no str"),
        (True, TypeError, "takes seconds as timeout, no bool"),
    ],
)
def test_a_time_that_is_none_is_told_and_is_no_failure_of_theirs(books, seconds, error, told):
    for _ in range(10):
        with pytest.raises(error, match=rf"^books\.get_status\(\) {told}"):
            books.get_status(timeout=seconds)
    assert books._sender.breaker.state == "closed"


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


def test_arguments_without_a_name_are_told_the_names(books, library):
    for call in (books.add_book, books["add_book"].answer):
        with pytest.raises(TypeError) as caught:
            call({"title": "Emma"})
        assert str(caught.value).startswith(
            "books.add_book() takes its arguments by name: body=…, idempotency_"
        )
    assert library.last_request is None


def test_an_operation_the_contract_does_not_have_is_an_attribute_error(books):
    with pytest.raises(
        AttributeError,
        match=r"^books has no operation and no schema 'get_bok' \(did you mean 'get_book'\?\)$",
    ):
        _ = books.get_bok
    assert not hasattr(books, "get_bok")
    with pytest.raises(KeyError, match="books has no operation 'get_bok'"):
        books["get_bok"]


def test_a_client_can_be_looked_around_in(books):
    assert {"get_book", "add_book", "NewBook", "Book"} <= set(dir(books))
    assert repr(books.get_book) == "<books.get_book: GET /books/{book_id}>"


def test_status_and_headers_of_an_answer_can_be_had(books, library):
    library.desk.answer = BOOK
    answer = books["get_book"].answer(book_id="b1")
    assert (answer.status, answer.headers["content-type"], answer.value.title) == (
        200,
        "application/json",
        "Emma",
    )


def answered(content, media_type, status=200, operation="get_book", *, check="off", **arguments):
    headers = {"Content-Type": media_type} if media_type else {}
    script = Script(httpx.Response(status, content=content, headers=headers))
    client = connect("http://books.test", transport=script, answer_check=check)
    return client[operation](**(arguments or {"book_id": "b"}))


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_a_json_answer_may_say_so_in_any_spelling(media_type):
    assert answered(json.dumps(BOOK).encode(), media_type).title == "Emma"


def test_an_answer_that_is_text_is_text_and_nothing_is_none():
    assert answered("é".encode(), "text/plain", operation="read_book") == "é"
    assert answered(b"", "text/plain", operation="read_book") == ""
    assert answered(b"", None, 204) is None


def test_a_success_the_contract_does_not_declare_is_none():
    # Like every one of our documents, this one has a problem for all other statuses.
    with pytest.raises(
        InvalidAnswer, match=r"answered 202 as application/json and not as application/problem"
    ):
        answered(json.dumps(BOOK).encode(), "application/json", 202)


@pytest.mark.parametrize(
    ("content", "media_type", "told"),
    [
        (b"<html>", "text/html", "as text/html and not as application/json"),
        (b"{}", None, "as nothing and not as application/json"),
        (b"", None, "as nothing"),
        (b"", "application/json", "without the JSON it declares"),
        (b"{", "application/json", "is not application/json"),
        (b"\xff", "application/json", "is not application/json"),
    ],
)
def test_an_answer_that_is_not_what_is_declared_is_a_502_of_ours(content, media_type, told):
    with pytest.raises(InvalidAnswer, match=rf"^books\.get_book answered 200 {told}") as caught:
        answered(content, media_type)
    assert caught.value.status == 502
    assert told not in str(caught.value.to_json())


def test_answers_are_checked_against_the_contract_where_that_is_wanted():
    wrong = json.dumps({"book_id": 5, "title": "Emma"}).encode()
    assert answered(wrong, "application/json")["book_id"] == 5
    with pytest.raises(InvalidAnswer, match="/book_id is not of type string"):
        answered(wrong, "application/json", check="always")
    assert answered(json.dumps(BOOK).encode(), "application/json", check="always").title == "Emma"


def shop(operation, *answers, check="off", method="post"):
    """Return the client of a service with one operation, `act`, and what it is sent."""
    contract = {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {"/act": {method: {"operationId": "act", **operation}}},
    }
    script = Script(*answers)
    options = Options(answer_check=AnswerCheck.from_setting(check))
    client = ApiClient(ClientDocument("shop", contract), "http://shop.test", Sender("shop", script), options)
    return client, script


LEFT = {"description": "Done.", "headers": {"X-Left": {"schema": {"type": "integer"}}}}
JSON_STRING = {"application/json": {"schema": {"type": "string", "format": "date"}}}


@pytest.mark.parametrize("status", [200, 204])
def test_declared_headers_of_an_answer_are_checked_too(status):
    answers = [httpx.Response(status, headers={"X-Left": left}) for left in ("5", "many")]
    client, _ = shop({"responses": {str(status): LEFT}}, *answers, check="always")
    assert client["act"]() is None
    with pytest.raises(InvalidAnswer, match="the header X-Left is not of type integer"):
        client["act"]()


def test_a_text_that_python_has_no_value_for_is_an_invalid_answer():
    client, _ = shop(
        {"responses": {"200": {"description": "A day.", "content": JSON_STRING}}},
        httpx.Response(200, json="0000-01-01"),
    )
    with pytest.raises(InvalidAnswer, match=r"^shop\.act answered 200 "):
        client["act"]()


@pytest.mark.parametrize("answer", [httpx.Response(200, json={"id": 1}), httpx.Response(204)])
def test_an_operation_that_declares_no_success_answers_none(answer):
    client, script = shop({"responses": {"405": {"description": "Invalid."}}}, answer, check="always")
    assert client["act"].answer().status == answer.status_code
    assert client["act"]() is None
    assert script.requests[0].headers["Accept"] == "*/*"


def test_its_refusals_are_refusals():
    client, _ = shop({"responses": {"405": {"description": "Invalid."}}}, httpx.Response(405))
    with pytest.raises(RemoteProblem, match="answered 405"):
        client["act"]()


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


def test_proxies_of_the_environment_are_not_used(over_network, library, monkeypatch):
    library.desk.answer = {}
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert over_network.get_status() == {}


@pytest.mark.parametrize(
    "url",
    [
        "books:8080",
        "ftp://books",
        "http://",
        "http:///x",
        "http://user:pw@books",
        "http://books?a=b",
        "http://books#a",
        "http://books /x",
        "http://[::1",
        "http://books:port",
        "",
        "http://books\n",
        "http://books:0",
        "http://books:65536",
        "http://books..test",
        f"http://{'b' * 64}.test",
    ],
)
def test_what_is_no_address_of_a_service(url):
    with pytest.raises(ValueError, match="the address of books") as caught:
        connect(url)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://books",
        "http://books_1.test.:65535",
        "https://books.test:8443/",
        "http://127.0.0.1:1/proxied",
        "http://[::1]:80",
        "http://bücher.test",
    ],
)
def test_what_is_one(url):
    connect(url)


def test_a_public_operation_is_called_without_a_token(books, library):
    library.desk.answer = {}
    books.get_status()
    assert "Authorization" not in library.last_request.headers


def test_two_clients_of_one_contract_share_nothing():
    one, two = connect("http://x", transport=Script(httpx.Response(500))), connect("http://x")
    for _ in range(20):
        with pytest.raises(Exception, match=r"500|not available"):
            one.get_status()
    assert (one._sender.breaker.state, two._sender.breaker.state) == ("open", "closed")


def test_the_token_of_ada_is_good(books, library):
    library.desk.answer = BOOK
    books.get_book(book_id="b1", auth=token())
    assert library.desk.caller.subject == "ada"
