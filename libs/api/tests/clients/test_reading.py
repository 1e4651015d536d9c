"""Answers become what the contract declares, or are no answers."""

import json

import httpx
import pytest

from libs.api import InvalidAnswer
from libs.api.tests.books import connect
from libs.api.tests.clients.conftest import BOOK, Script, shop


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
