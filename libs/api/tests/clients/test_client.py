"""Calling another service by its contract."""

import httpx
import pytest

from libs.api import RemoteProblem
from libs.api.tests.books import connect, token
from libs.api.tests.clients.conftest import BOOK, Script, shop


def test_an_operation_is_a_method_and_its_answer_an_object(library, books):
    library.desk.answer = BOOK
    found = books.get_book(book_id="b1")
    assert library.desk.calls == [{"book_id": "b1"}]
    assert (found.title, found.author.name, found.to_json()) == ("Emma", "Jane", BOOK)


def test_objects_in_lists_are_objects(library, books):
    library.desk.answer = {"items": [BOOK, BOOK]}
    assert [one.author.name for one in books.list_books().items] == ["Jane", "Jane"]


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


def test_proxies_of_the_environment_are_not_used(over_network, library, monkeypatch):
    library.desk.answer = {}
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert over_network.get_status() == {}


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
