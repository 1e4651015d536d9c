"""The way of a request to its handler: who is calling, then parameters, then the body."""

import json
from io import BytesIO

import pytest
from hypothesis import given
from werkzeug.datastructures import Headers

from libs.api.tests.books import ISSUES, token
from libs.api.tests.wire.test_schemas import JSON_VALUES
from libs.errors import Conflict, Fault

BOOK = {"book_id": "b1", "title": "Emma"}
NEW = {"title": "Emma", "password": "correct horse"}


class Unread(BytesIO):
    """A body that must not be read."""

    def read(self, *args):
        raise AssertionError("the body was read")

    readinto = readline = read


def add(library, body, scopes=("books:write",), **options):
    return library.call("POST", "/books", scopes=scopes, **{"json": body, **options})


def faults(answer):
    """Return the faults a request was answered with, by their place."""
    return {one.get("parameter", "") + one.get("pointer", ""): one["detail"] for one in answer.json["errors"]}


def test_a_request_without_a_token_is_refused_before_its_body_is_read(library):
    body = {"input_stream": Unread(b"{"), "content_type": "text/plain"}
    missing = library.refusal("POST", "/books?limit=x&unknown=1", scopes=None, **body)
    assert missing == (401, "AUTHORIZATION_HEADER_MISSING")
    headers = {"Authorization": "Basic YTpi"}
    refused = library.refusal("POST", "/books", scopes=None, headers=headers, **body)
    assert refused == (401, "AUTHORIZATION_HEADER_INVALID")
    headers = {"Authorization": f"Bearer {ISSUES.issue('ada', audience=['todos'])}"}
    assert library.refusal("POST", "/books", scopes=None, headers=headers, **body) == (401, "TOKEN_INVALID")
    assert library.desk.calls == []


def test_a_401_challenges(library):
    assert library.call("GET", "/books", scopes=None).headers["WWW-Authenticate"] == "Bearer"


def test_a_token_without_the_scope_is_refused_before_the_body_is_read(library):
    body = {"input_stream": Unread(b"{"), "content_type": "text/plain"}
    assert library.refusal("POST", "/books", scopes=("books:read",), **body) == (403, "FORBIDDEN")
    assert library.desk.calls == []


def test_a_public_operation_needs_no_token_and_looks_at_none(library):
    library.desk.answer = {}
    assert library.call("GET", "/status", scopes=None).status_code == 200
    garbage = {"Authorization": "Bearer garbage"}
    assert library.call("GET", "/status", scopes=None, headers=garbage).status_code == 200
    assert library.desk.caller is None


def test_a_token_may_be_optional(library):
    library.desk.answer = {}
    assert library.call("GET", "/recommendations", scopes=None).status_code == 200
    assert library.desk.calls[-1]["caller"] is library.desk.caller is None
    assert library.call("GET", "/recommendations").status_code == 200
    assert library.desk.calls[-1]["caller"] is library.desk.caller
    assert library.desk.caller.subject == "ada"


@pytest.mark.parametrize("sent", ["Bearer garbage", "Basic YTpi", "", "Bearer"])
def test_an_optional_token_that_is_sent_has_to_be_valid(sent, library):
    status, _ = library.refusal("GET", "/recommendations", scopes=None, headers={"Authorization": sent})
    assert status == 401
    assert library.desk.calls == []


def test_the_handler_acts_for_the_caller(library):
    library.desk.answer = BOOK
    sent = token("x")
    library.call("GET", "/books/b1", scopes=None, headers={"Authorization": f"Bearer {sent}"})
    caller = library.desk.caller
    assert (caller.subject, caller.scopes, caller.token) == ("ada", {"x"}, sent)


def test_the_body_becomes_an_object_of_the_contract(library):
    library.desk.answer = BOOK
    assert add(library, {**NEW, "author": {"name": "Jane"}}).status_code == 201
    body = library.desk.calls[0]["body"]
    assert isinstance(body, library.models.NewBook)
    assert body.author.name == "Jane"


def test_a_body_that_is_no_object_stays_what_it_is(library):
    assert library.call("PUT", "/labels", json=["a", "b"]).status_code == 204
    assert library.call("PUT", "/labels").status_code == 204
    assert [call["body"] for call in library.desk.calls] == [["a", "b"], None]


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"]
)
def test_a_body_of_another_kind_is_refused(media_type, library):
    answer = add(library, None, data=json.dumps(NEW), content_type=media_type)
    assert (answer.status_code, answer.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    "media_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_a_json_body_may_say_so_in_any_spelling(media_type, library):
    library.desk.answer = BOOK
    assert add(library, None, data=json.dumps(NEW), content_type=media_type).status_code == 201


@pytest.mark.parametrize(
    "text", ['{"title": "a",}', "{", "nan", "[1 2]", b"\xff", '"\ud800"', "[" * 5000, "'a'"]
)
def test_a_body_that_is_no_json_is_malformed(text, library):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    answer = add(library, None, data=data, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "MALFORMED_BODY")


def test_a_malformed_body_is_told_its_place_and_not_its_text(library):
    answer = add(library, None, data='{"password":\n "hunter2', content_type="application/json")
    assert "line 2" in answer.json["detail"]
    assert "hunter2" not in answer.text


def test_a_missing_body_is_told(library):
    answer = add(library, None, json=None)
    assert answer.status_code == 422
    assert faults(answer) == {"": "is required"}


def test_every_fault_of_a_body_is_told_at_once_and_no_value(library):
    wrong = {
        "title": "",
        "password": "hunter2",
        "colour": "hunter2",
        "author": {"born": "hunter2"},
        "labels": "x",
    }
    answer = add(library, wrong)
    assert (answer.status_code, answer.json["code"]) == (422, "INVALID_BODY")
    assert faults(answer) == {
        "/title": "is shorter than 1 character",
        "/password": "is shorter than 12 characters",
        "/colour": "is not a known field",
        "/author/name": "is required",
        "/author/born": "is not of type integer",
        "/labels": "is not of type array",
    }
    assert "hunter2" not in answer.text
    assert library.desk.calls == []


@given(JSON_VALUES)
def test_whatever_json_is_sent_the_answer_is_201_400_or_422(library, value):
    library.desk.answer = BOOK
    assert add(library, None, data=json.dumps(value), content_type="application/json").status_code in (
        201,
        400,
        422,
    )


def test_a_deeply_nested_body_is_refused_politely(library):
    data = '{"title": ' + "[" * 900 + "]" * 900 + "}"
    assert add(library, None, data=data, content_type="application/json").status_code == 400


def listed(library, query="", **options):
    """Return what the handler of the list was called with."""
    library.desk.answer = {"items": []}
    answer = library.call("GET", f"/books{query}", **options)
    assert answer.status_code == 200, answer.text
    return library.desk.calls[-1]


def test_parameters_that_were_not_sent_have_their_defaults(library):
    assert listed(library) == {
        "limit": 20,
        "genre": None,
        "label": None,
        "year": None,
        "lent": None,
        "x_shelf": None,
    }


def test_parameters_are_values_of_their_types(library):
    query = "?limit=5&genre=crime&label=a&label=b%20c&year=1815&year=1816&lent=true"
    assert listed(library, query, headers={"X-Shelf": "7"}) == {
        "limit": 5,
        "genre": "crime",
        "label": ["a", "b c"],
        "year": [1815, 1816],
        "lent": True,
        "x_shelf": 7,
    }


def test_a_comma_list_is_sent_as_one_text_and_header_lines_are_one_value(library):
    library.desk.answer = {}
    headers = Headers([("X-Tags", '"a"'), ("X-Tags", 'W/"b"')])
    answer = library.call("GET", "/recommendations?fields=title,author&sure=true%2Cfalse", headers=headers)
    assert answer.status_code == 200
    sent = {key: library.desk.calls[0][key] for key in ("fields", "sure", "x_tags")}
    assert sent == {"fields": ["title", "author"], "sure": [True, False], "x_tags": '"a", W/"b"'}
    assert faults(library.call("GET", "/recommendations?fields=title,isbn")) == {
        "fields/1": "is not one of title or author"
    }


def test_every_wrong_parameter_is_told_at_once_and_no_value(library):
    names = ("limit", "genre", "year", "lent", "colour")
    query = "?label=hunter2hunter2&size=1&size=2&" + "&".join(f"{name}=hunter2" for name in names)
    answer = library.call("GET", f"/books{query}", headers={"X-Shelf": "hunter2"})
    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_PARAMETERS")
    assert faults(answer) == {
        "colour": "is not a known parameter",
        "size": "is not a known parameter",
        "limit": "is not of type integer",
        "genre": "is not one of crime or poetry",
        "label/0": "is longer than 10 characters",
        "year/0": "is not of type integer",
        "lent": "is not of type boolean",
        "X-Shelf": "is not of type integer",
    }
    assert "hunter2" not in answer.text
    assert library.desk.calls == []


@pytest.mark.parametrize("query", ["?limit=1&limit=1", "?limit=1&limit=2"])
def test_a_parameter_that_is_sent_twice_is_refused(query, library):
    assert faults(library.call("GET", f"/books{query}")) == {"limit": "was sent more than once"}


@pytest.mark.parametrize("path", ["/books/b1?x=1", "/books/b1?book_id=b2", "/status?X=", "/books/b1?"])
def test_an_unknown_query_parameter_is_refused_where_there_are_none(path, library):
    library.desk.answer = BOOK
    status = library.call("GET", path).status_code
    assert status == (200 if path.endswith("?") else 400)


def test_path_and_header_parameters_reach_the_handler(library):
    answer = library.call("DELETE", "/books/a%20b%C3%A9", headers={"If-Match": '"5"'})
    assert (answer.status_code, answer.data) == (204, b"")
    assert library.desk.calls == [{"book_id": "a bé", "if_match": '"5"'}]
    answer = library.call("DELETE", f"/books/{'x' * 65}")
    assert faults(answer) == {"book_id": "is longer than 64 characters", "If-Match": "is required"}


def test_a_path_parameter_may_be_any_text(library):
    library.desk.answer = BOOK
    for sent in ("a%2Fb", "%252F", "%2E%2E", "a%3Fb", "%20"):
        assert library.call("GET", f"/books/{sent}").status_code == 200
    assert [call["book_id"] for call in library.desk.calls] == ["a/b", "%2F", "..", "a?b", " "]


def test_a_problem_of_the_handler_is_answered(library):
    library.desk.failure = Conflict(
        "Taken.", code="TITLE_TAKEN", errors=[Fault("is taken", pointer="/title")]
    )
    answer = add(library, NEW)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "code": "TITLE_TAKEN",
        "detail": "Taken.",
        "errors": [{"pointer": "/title", "detail": "is taken"}],
        "instance": "/books",
        "request_id": "request-1",
    }
