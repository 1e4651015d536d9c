"""Calling another service by its contract."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api import ApiClient, ContractError
from libs.api.tests.books import Books, Library, token
from libs.errors import request_id_scope
from libs.jwt import Caller, acting_as

BOOK = {"book_id": "b1", "title": "Emma", "author": {"name": "Jane"}}


@pytest.fixture
def books(library):
    """A client of `library`, called without a network."""
    client = Books("http://books.test", transport=httpx.WSGITransport(library.wsgi))
    with acting_as(Caller("ada", token=token("books:write"))):
        yield client
    client._http.close()


def test_an_operation_is_a_method_and_its_answer_an_object(library, books):
    library.desk.answer = BOOK
    found = books.get_book(book_id="b1")
    assert library.desk.calls == [{"book_id": "b1"}]
    assert (found.title, found.author.name, found.to_json()) == ("Emma", "Jane", BOOK)


def test_objects_in_lists_are_objects(library, books):
    library.desk.answer = {"items": [BOOK, BOOK]}
    assert [one.author.name for one in books.list_books().items] == ["Jane", "Jane"]


@pytest.mark.parametrize(
    "book_id",
    [
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
        "{book_id}",
        "..",
        ".",
        "...",
    ],
)
def test_a_path_parameter_arrives_as_it_was_given(book_id, library, served, connect):
    library.desk.answer = BOOK
    assert connect(served).get_book(book_id=book_id, auth=token()).title == "Emma"
    assert library.desk.calls == [{"book_id": book_id}]


def recorded(send):
    """Return the request that `send`, called with a client, would put on the wire."""
    requests = []

    def answer(request):
        requests.append(request)
        return httpx.Response(204)

    client = Books("http://books.test/v1/", transport=httpx.MockTransport(answer))
    send(client)
    (request,) = requests
    return request


@given(st.text(min_size=1, max_size=20))
def test_no_path_parameter_leads_out_of_its_place(book_id):
    request = recorded(lambda client: client.read_book(book_id=book_id))
    prefix, segment, end = request.url.raw_path.decode().rsplit("/", 2)
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
    books.list_books(limit=5, genre="crime", label=["a&b", "ü ="], year=[1815, 1816], lent=True, x_shelf=7)
    assert library.desk.calls == [
        {
            "limit": 5,
            "genre": "crime",
            "label": ["a&b", "ü ="],
            "year": [1815, 1816],
            "lent": True,
            "x_shelf": 7,
        }
    ]
    assert books.remove_book(book_id="b1", if_match='"5"') is None
    assert library.desk.calls[-1] == {"book_id": "b1", "if_match": '"5"'}


def test_a_body_may_be_an_object_or_plain(library, books):
    library.desk.answer = BOOK
    new = {"title": "Emma", "password": "correct horse"}
    for body in (new, library.models.NewBook(**new)):
        assert books.add_book(body=body).book_id == "b1"
        assert library.desk.calls[-1]["body"].to_json() == new


def test_a_body_is_json_with_its_times_in_utc():
    at = datetime(2026, 1, 2, tzinfo=UTC)
    request = recorded(lambda client: client.set_labels(body=["é", at]))
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.content) == ["é", "2026-01-02T00:00:00Z"]


@pytest.mark.parametrize("arguments", [{"colour": "red"}, {"book_id": "b", "limit": 1}, {"If-Match": "1"}])
def test_an_argument_the_operation_does_not_take_is_a_type_error(arguments, books, library):
    with pytest.raises(TypeError, match=r"^GET /books/\{book_id\} has no parameter"):
        books.get_book(**{"book_id": "b", **arguments})
    assert library.desk.calls == []


def test_a_path_parameter_left_out_is_a_type_error(books, library):
    with pytest.raises(TypeError, match=r"^DELETE /books/\{book_id\} needs the parameter 'book_id'"):
        books.remove_book(if_match="1")
    assert library.desk.calls == []


def test_an_operation_the_contract_does_not_have_is_an_attribute_error(books):
    with pytest.raises(AttributeError, match="books has no operation 'get_bok'"):
        _ = books.get_bok
    assert not hasattr(books, "get_bok")


def test_a_service_that_has_not_published_is_told_how_to(monkeypatch, tmp_path):
    class Books(ApiClient, api="books"):
        """Its document is in libs/api/tests, not published."""

    with pytest.raises(ContractError, match=r"^apis/published/books.json cannot be read: .*`make contracts`"):
        Books("http://books.test")
    monkeypatch.setattr("libs.api.files.PUBLISHED", tmp_path)
    (tmp_path / "books.json").write_text("<<<<<<< ours")
    with pytest.raises(ContractError, match=r"^apis/published/books.json is not JSON; `make contracts`"):
        Books("http://books.test")


def sent_token(send):
    return recorded(send).headers.get("Authorization")


def test_the_token_of_the_present_caller_is_passed_on():
    with acting_as(Caller("ada", token="adas")):
        assert sent_token(lambda client: client.get_book(book_id="b")) == "Bearer adas"
    assert sent_token(lambda client: client.get_book(book_id="b")) is None
    with acting_as(Caller("ada")):
        assert sent_token(lambda client: client.get_book(book_id="b")) is None


def test_a_token_that_is_given_is_sent_instead():
    with acting_as(Caller("ada", token="adas")):
        assert sent_token(lambda client: client.get_book(book_id="b", auth="mine")) == "Bearer mine"
        assert sent_token(lambda client: client.get_book(book_id="b", auth=None)) is None
    assert sent_token(lambda client: client.get_book(book_id="b", auth="mine")) == "Bearer mine"


def test_a_public_operation_is_sent_no_token():
    with acting_as(Caller("ada", token="adas")):
        assert sent_token(lambda client: client.get_status()) is None
        assert sent_token(lambda client: client.get_status(auth="mine")) is None


def test_the_request_id_goes_along():
    with request_id_scope("request-1"):
        assert recorded(lambda client: client.get_status()).headers["X-Request-ID"] == "request-1"
    assert "X-Request-ID" not in recorded(lambda client: client.get_status()).headers


def answered(content, media_type, status=200, operation="get_book", **arguments):
    headers = {"Content-Type": media_type} if media_type else {}
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content, headers=headers))
    client = Books("http://books.test", transport=transport)
    return getattr(client, operation)(**(arguments or {"book_id": "b"}))


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_a_json_answer_may_say_so_in_any_spelling(media_type):
    assert answered(json.dumps(BOOK).encode(), media_type).title == "Emma"


def test_an_answer_that_is_not_json_is_bytes():
    assert answered("é".encode(), "text/plain", operation="read_book") == "é".encode()
    assert answered(b"", None, 204) is None
    assert answered(b"", "text/plain") is None


def test_an_answer_of_a_status_the_contract_does_not_declare_stays_plain():
    assert answered(b'{"a": 1}', "application/json", 202) == {"a": 1}


def test_two_clients_of_one_contract_do_not_share_anything():
    one, two = Library(), Library()
    for library in (one, two):
        library.desk.answer = BOOK
    clients = [Books("http://x", transport=httpx.WSGITransport(library.wsgi)) for library in (one, two)]
    clients[1].get_book(book_id="b", auth=token())
    assert (one.desk.calls, two.desk.calls) == ([], [{"book_id": "b"}])
