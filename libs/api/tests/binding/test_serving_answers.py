"""The way of an outcome to its answer."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from libs.api import ContractError, Result, dump_json, problem_body, problem_response
from libs.api.tests.books import Library
from libs.errors import InvalidBody, ServiceUnavailable, Unauthorized
from libs.jwt import current_caller

BOOK = {"book_id": "b1", "title": "Emma"}


def answer(library, outcome, method="GET", path="/books/b1", **options):
    library.desk.answer = outcome
    return library.call(method, path, scopes=("books:write",), **options)


def test_a_plain_outcome_is_a_json_body_with_the_declared_status(library):
    found = answer(library, BOOK)
    assert (found.status_code, found.content_type, found.json) == (200, "application/json", BOOK)
    new = {"title": "Emma", "password": "correct horse"}
    assert answer(library, BOOK, "POST", "/books", json=new).status_code == 201


def test_an_object_of_the_contract_is_its_json(library):
    assert answer(library, library.models.Book(**BOOK)).json == BOOK


def test_a_result_may_have_a_status_and_headers_of_its_own(library):
    headers = {"Location": "/books/b1", "X-A": "b"}
    unchecked = Library(validate_answers=False)
    found = answer(unchecked, Result({"any": 1}, status=202, headers=headers))
    assert (found.status_code, found.json) == (202, {"any": 1})
    assert (found.headers["Location"], found.headers["X-A"]) == ("/books/b1", "b")


def test_a_204_has_no_body_and_no_content_type(library):
    found = answer(library, Result({"a": 1}, headers={"X-A": "b"}), "DELETE", headers={"If-Match": "1"})
    assert (found.status_code, found.data, found.headers["X-A"]) == (204, b"", "b")
    assert "Content-Type" not in found.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_304_has_its_headers_and_no_body(library, method):
    for body in (None, {"a": 1}, iter([b"a"])):
        found = answer(library, Result(body, status=304, headers={"ETag": '"5"'}), method)
        assert (found.status_code, found.data, found.headers["ETag"]) == (304, b"", '"5"')
        assert "Content-Type" not in found.headers
        assert "Content-Length" not in found.headers


def test_a_status_that_is_not_declared_is_a_fault_where_answers_are_checked(library):
    with pytest.raises(ValueError, match=r"get_book breaks its contract: the status 202 is not declared\Z"):
        answer(library, Result({"any": 1}, status=202))


def test_an_error_of_ones_own_is_not_checked(library):
    found = answer(library, Result({"my": "error"}, status=404))
    assert (found.status_code, found.json, found.content_type) == (404, {"my": "error"}, "application/json")


def test_a_head_is_a_get_without_its_body():
    library = Library(validate_answers=False)
    for outcome in (BOOK, Result(BOOK, status=203)):
        got, head = answer(library, outcome), answer(library, outcome, "HEAD")
        assert head.data == b""
        assert (head.status, list(head.headers)) == (got.status, list(got.headers))
        assert head.content_length == len(got.data)


def test_a_stream_that_nobody_wants_is_closed_and_never_begun(library):
    stream = Stream()
    found = answer(library, Result(stream, media_type="text/plain"), "HEAD", "/books/b1/text")
    assert (found.status_code, found.data, found.content_length) == (200, b"", None)
    found.close()  # as a server does once it is sent
    assert (stream.begun, stream.closed) == (False, True)


class Stream:
    """A body that tells what became of it."""

    begun = closed = False

    def __iter__(self):
        self.begun = True
        return iter([b"a"])

    def close(self):
        self.closed = True


def test_nothing_has_no_body_where_the_contract_declares_none():
    found = answer(Library(validate_answers=False), Result(None, status=299))
    assert (found.status_code, found.data, found.content_type) == (299, b"", None)


def test_a_result_of_another_media_type_is_sent_as_it_is(library):
    for body in ("tëxt", "tëxt".encode()):
        found = answer(library, Result(body, media_type="text/plain; charset=utf-8"), path="/books/b1/text")
        assert (found.text, found.content_type) == ("tëxt", "text/plain; charset=utf-8")


def test_a_body_can_be_streamed(library):
    made = []

    def parts():
        for number in range(3):
            made.append(number)
            yield b"line %d\n" % number

    library.desk.answer = Result(parts(), media_type="application/jsonl")
    found = library.call("GET", "/books/b1/text", buffered=False)
    stream = found.iter_encoded()
    assert next(stream) == b"line 0\n"
    assert made == [0], "nothing is made before it is sent"
    assert b"".join(stream) == b"line 1\nline 2\n"
    assert found.content_type == "application/jsonl"
    assert "Content-Length" not in found.headers


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"book_id": "b1"}, "/title is required"),
        ({**BOOK, "secret": "hunter2"}, "/secret is not a known field"),
        ({**BOOK, "title": ["hunter2"]}, "/title is not of type string"),
        (None, "is not of type object"),
    ],
)
def test_an_answer_that_breaks_its_contract_is_caught(wrong, told, library):
    with pytest.raises(ValueError, match="the answer of get_book breaks its contract: ") as caught:
        answer(library, wrong)
    assert str(caught.value).endswith(f": {told}")
    assert "hunter2" not in str(caught.value)


def test_answers_are_not_checked_where_that_is_not_asked_for():
    assert answer(Library(validate_answers=False), {"any": "thing"}).json == {"any": "thing"}


def test_nobody_is_the_caller_after_the_answer(library):
    answer(library, BOOK)
    assert library.desk.caller is not None
    assert current_caller() is None


def test_an_unexpected_exception_is_left_to_the_application(library):
    library.desk.failure = KeyError("hunter2")
    with pytest.raises(KeyError):
        answer(library, BOOK)
    assert current_caller() is None


def as_answer(problem):
    return problem_response(problem, problem_body(problem, request_id="r-1", instance="/books"))


def test_a_problem_becomes_problem_json_with_its_headers():
    found = as_answer(ServiceUnavailable(retry_after=7))
    assert (found.status_code, found.headers["Retry-After"]) == (503, "7")
    assert found.content_type == "application/problem+json"
    assert (found.json["request_id"], found.json["instance"]) == ("r-1", "/books")
    assert as_answer(Unauthorized()).headers["WWW-Authenticate"] == "Bearer"


def test_a_problem_cannot_override_the_request_id():
    problem = InvalidBody(extra={"request_id": "false", "instance": "/false", "more": 1})
    found = as_answer(problem).json
    assert (found["request_id"], found["instance"], found["more"]) == ("r-1", "/books", 1)


def test_times_are_rfc_3339_in_utc():
    noon = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
    assert dump_json(noon) == b'"2026-01-02T12:00:00Z"'
    there = dump_json(noon.astimezone(timezone(timedelta(hours=2))))
    assert datetime.fromisoformat(json.loads(there)) == noon


def test_what_has_no_json_form_is_an_error_that_does_not_show_it():
    class Hunter2:
        pass

    with pytest.raises(TypeError, match=r"^Hunter2 has no JSON form$"):
        dump_json({"a": Hunter2()})


HEADED = """
paths:
  /x:
    get:
      x-bind-server: here.answer
      responses:
        '200':
          description: Good.
          headers:
            Location: {required: true, schema: {type: string}}
            X-Count: {$ref: '#/components/headers/Count'}
            X-Days: {schema: {type: array, items: {type: string, format: date}}}
            X-Request-Id: {required: true, schema: {type: string}}
            content-type: {required: true, schema: {type: integer}}
          content: {text/plain: {schema: {type: string}}}
components:
  headers:
    Count: {schema: {type: integer}}
"""


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        ("x", {}, "the header Location is required"),
        ("x", {"location": "/x", "X-Count": "many"}, "the header X-Count is not of type integer"),
        (iter([b"x"]), {"Location": "/x", "X-Days": "2026-01-02,no"}, "the header X-Days is not a date"),
        (b"x", {"Location": "/x", "X-Count": 5, "X-Days": "2026-01-02,2026-01-03", "X-Other": "x"}, None),
    ],
)
def test_headers_are_those_the_contract_declares(body, headers, told, serve):
    served = serve(HEADED, answer=lambda: Result(body, headers=headers))
    if told is None:
        assert served.call("GET", "/x").status_code == 200
    else:
        with pytest.raises(ValueError, match=f"breaks its contract: {told}$"):
            served.call("GET", "/x")


def test_a_header_that_cannot_be_read_stops_the_start(serve):
    with pytest.raises(ContractError, match="its response 200: header 'X-Count' in it is array"):
        serve(
            HEADED.replace(
                "Count: {schema: {type: integer}", "Count: {schema: {type: array, items: {type: array}}"
            ),
            answer=lambda: None,
        )


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Result(status=204), "the status 204 is not declared"),
        (Result({"a": 1}, status=204), "the status 204 is not declared"),
        (Result(iter([b"x"]), 202, media_type="image/png"), "the status 202 is not declared"),
        (Result(iter([b"x"]), media_type="image/png"), "is declared as application/json, not as image/png"),
    ],
)
def test_status_and_media_type_are_looked_at_where_the_body_is_not(outcome, told, library):
    with pytest.raises(ValueError, match=told):
        answer(library, outcome)


def test_a_header_may_hold_any_text(serve):
    served = serve(HEADED, answer=lambda: Result("x", headers={"Location": "/caf\xe9"}))
    assert served.call("GET", "/x").headers["Location"] == "/caf%C3%A9"
