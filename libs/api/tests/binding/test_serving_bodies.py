"""Bodies of every media type reach the handler as its argument `body`, and answers of every one are sent."""

import re
from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from libs.api import Result
from libs.errors import NotFound

UPLOAD = """
paths:
  /photos/{album}:
    post:
      x-bind-server: here.upload
      parameters:
        - {name: album, in: path, required: true, schema: {type: integer}}
        - {name: public, in: query, schema: {type: boolean}}
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: '#/components/schemas/Photo'}}
          application/x-www-form-urlencoded: {schema: {$ref: '#/components/schemas/Photo'}}
          multipart/form-data:
            schema:
              type: object
              additionalProperties: false
              required: [title, pictures]
              properties:
                title: {type: string, maxLength: 10}
                pictures: {type: array, items: {type: string, format: binary}}
          text/plain: {schema: {type: string}}
          image/png: {}
      responses:
        '201':
          description: Kept.
          content: {application/json: {schema: {type: object}}}
components:
  schemas:
    Photo:
      type: object
      additionalProperties: false
      required: [title]
      properties:
        title: {type: string, maxLength: 10}
        year: {type: integer}
"""


@pytest.fixture
def photos(serve):
    """A service that tells what it was called with."""
    calls = []

    def upload(album, public, body):
        taken = body.read() if hasattr(body, "read") else body
        files = taken.get("pictures") if isinstance(taken, dict) else None
        if files:
            taken = {**taken, "pictures": [(one.filename, one.read()) for one in files]}
            calls.append(files)
        calls.append((album, public, taken))
        return {}

    served = serve(UPLOAD, upload=upload)
    served.calls = calls
    return served


def taken(photos, **options):
    answer = photos.call("POST", "/photos/7?public=true", **options)
    assert answer.status_code == 201, answer.text
    album, public, body = photos.calls[-1]
    assert (album, public) == (7, True)
    return body


def test_a_body_is_what_its_media_type_makes_of_it(photos):
    body = taken(photos, json={"title": "Sea"})
    assert isinstance(body, photos.models.Photo)
    form = taken(photos, data={"title": "Sea", "year": "1999"})
    assert isinstance(form, photos.models.Photo)
    assert form == {"title": "Sea", "year": 1999}
    assert taken(photos, data="Sea", content_type="text/plain") == "Sea"
    assert taken(photos, data=b"\x89PNG", content_type="image/png") == b"\x89PNG"


def multipart(**fields):
    """Return the options of a request with a form; the tests' client would leave a file of its own open."""
    boundary, data = encode_multipart(fields)
    return {"data": data, "content_type": f"multipart/form-data; boundary={boundary}"}


def test_files_are_in_the_body_and_gone_when_the_answer_is_sent(photos):
    pictures = [FileStorage(BytesIO(b"one"), "1.png"), FileStorage(BytesIO(b"two" * 1_000_000), "2.png")]
    body = taken(photos, **multipart(title="Sea", pictures=pictures))
    assert body["title"] == "Sea"
    assert [(name, len(content)) for name, content in body["pictures"]] == [
        ("1.png", 3),
        ("2.png", 3_000_000),
    ]
    assert all(one.stream.closed for one in photos.calls[-2])


def test_files_are_gone_as_soon_as_the_answer_is_made_unless_it_streams_them(serve):
    kept = []

    def upload(album, public, body):
        kept[:] = body["pictures"]
        return Result(kept[0].stream, media_type="image/png") if public else {}

    both = "{application/json: {}, image/png: {}}"
    photos = serve(UPLOAD.replace("{application/json: {schema: {type: object}}}", both), upload=upload)
    form = multipart(title="Sea", pictures=[FileStorage(BytesIO(b"x" * 200_000), "1.png")])
    photos.call("POST", "/photos/7", buffered=False, **form)
    assert [one.stream.closed for one in kept] == [True]
    answer = photos.call("POST", "/photos/7?public=true", buffered=False, **form)
    assert [one.stream.closed for one in kept] == [False]
    assert len(answer.data) == 200_000
    answer.close()
    assert [one.stream.closed for one in kept] == [True]


def test_files_are_gone_when_the_handler_fails(serve):
    kept = []

    def upload(album, public, body):
        kept.extend(body["pictures"])
        raise NotFound

    photos = serve(UPLOAD, upload=upload)
    form = multipart(title="Sea", pictures=[FileStorage(BytesIO(b"x" * 2_000_000), "1.png")])
    assert photos.call("POST", "/photos/7", **form).status_code == 404
    assert [one.stream.closed for one in kept] == [True]


def faults(answer):
    return {(one.get("parameter"), one.get("pointer")): one["detail"] for one in answer.json["errors"]}


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"title": "A very long title", "colour": 1}},
        {"data": {"title": "A very long title", "colour": "1"}},
    ],
)
def test_what_is_wrong_with_parameters_and_body_is_told_together(body, photos):
    answer = photos.call("POST", "/photos/x?public=y&z=1", **body)
    assert (answer.status_code, answer.json["code"]) == (400, "INVALID_PARAMETERS")
    assert faults(answer) == {
        ("album", None): "is not of type integer",
        ("public", None): "is not of type boolean",
        ("z", None): "is not a known parameter",
        (None, "/title"): "is longer than 10 characters",
        (None, "/colour"): "is not a known field",
    }
    assert photos.calls == []


@pytest.mark.parametrize(
    "body", [{"data": "{", "content_type": "application/json"}, {"data": b"x", "content_type": "a/b"}]
)
def test_parameters_are_told_where_the_body_cannot_be_read(body, photos):
    answer = photos.call("POST", "/photos/x", **body)
    assert faults(answer) == {("album", None): "is not of type integer"}


def test_a_body_that_is_not_there_is_told_with_the_parameters(photos):
    assert faults(photos.call("POST", "/photos/x")) == {
        ("album", None): "is not of type integer",
        (None, ""): "is required",
    }


def test_a_media_type_that_is_not_taken_is_told_what_is(photos):
    answer = photos.call("POST", "/photos/7", data=b"x", content_type="image/gif")
    assert (answer.status_code, answer.json["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert answer.headers["Accept"].split(", ")[0] == "application/json"


ANSWERS = """
paths:
  /answers:
    get:
      x-bind-server: here.get
      responses: RESPONSES
components:
  schemas:
    Cat: {type: object, required: [name], properties: {name: {type: string}}}
    Lion: {allOf: [{$ref: '#/components/schemas/Cat'}]}
    Dog: {type: object, required: [name], properties: {name: {type: string}}}
    Pet: {oneOf: [{$ref: '#/components/schemas/Cat'}, {type: object, required: [wild]}]}
"""


def content(*media_types, schema="{}"):
    found = ", ".join(f"'{one}': {{schema: {schema}}}" for one in media_types)
    return f"{{'200': {{description: '', content: {{{found}}}}}}}"


@pytest.fixture
def answers(serve):
    """Return what a handler's outcome is sent as."""

    def answer(responses, outcome):
        return serve(ANSWERS.replace("RESPONSES", responses), get=lambda: outcome).call("GET", "/answers")

    return answer


@pytest.mark.parametrize(
    ("declared", "outcome", "content_type", "sent"),
    [
        (["application/json"], "a", "application/json", b'"a"'),
        (["application/json"], [1, None], "application/json", b"[1,null]"),
        (["application/json"], None, "application/json", b"null"),
        (["application/vnd.shop+json"], {"a": 1}, "application/vnd.shop+json", b'{"a":1}'),
        (["text/html"], "<p>é", "text/html; charset=utf-8", "<p>é".encode()),
        (["text/html; charset=utf-8"], "é", "text/html; charset=utf-8", "é".encode()),
        (["application/xml"], "<a/>", "application/xml", b"<a/>"),
        (["image/png"], b"\x89P", "image/png", b"\x89P"),
        (["image/png"], bytearray(b"\x89P"), "image/png", b"\x89P"),
        (["image/png"], memoryview(b"\x89P"), "image/png", b"\x89P"),
        (["image/png"], BytesIO(b"\x89P"), "image/png", b"\x89P"),
        (["text/csv"], iter([b"a,", b"b"]), "text/csv; charset=utf-8", b"a,b"),
        (["text/csv"], ["a,", "b"], "text/csv; charset=utf-8", b"a,b"),
        (["application/json", "text/html"], {"a": 1}, "application/json", b'{"a":1}'),
        (["application/json", "text/html"], "a", "text/html; charset=utf-8", b"a"),
        (["application/json", "text/html", "image/png"], b"a", "image/png", b"a"),
        (["text/plain", "application/json"], 5, "application/json", b"5"),
        (["*/*"], {"a": 1}, "application/json", b'{"a":1}'),
        (["image/*"], Result(b"a", media_type="image/gif"), "image/gif", b"a"),
        (["image/png", "image/gif"], Result(b"a", media_type="image/gif"), "image/gif", b"a"),
    ],
    ids=lambda one: re.sub(" at 0x.*", "", repr(one)),
)
def test_an_outcome_is_sent_as_the_declared_media_type_it_fits(
    declared, outcome, content_type, sent, answers
):
    found = answers(content(*declared), outcome)
    assert (found.status_code, found.content_type, found.data) == (200, content_type, sent)


@pytest.mark.parametrize(
    ("responses", "status"),
    [
        ("{'204': {description: ''}}", 204),
        ("{'200': {description: '', content: {application/json: {}}}, '204': {description: ''}}", 204),
        ("{'202': {description: ''}}", 202),
        ("{'302': {description: ''}}", 302),
    ],
)
def test_nothing_is_an_empty_answer(responses, status, answers):
    found = answers(responses, None)
    assert (found.status_code, found.data, found.content_type) == (status, b"", None)


@pytest.mark.parametrize(
    ("responses", "outcome", "told"),
    [
        (
            content("application/json"),
            ({}, 200),
            "get returned a tuple: return Result(body, status=…, headers=…)",
        ),
        (content("application/json"), NotFound("hunter2"), "get returned a NotFound: raise it"),
        (content("application/json"), {1, 2}, "set"),
        (content("application/json"), object(), "object"),
        (
            content("text/html"),
            {"a": 1},
            "get returned dict, and text/html is declared: return text, bytes, ",
        ),
        (content("text/html"), 5, "get returned int, and text/html is declared"),
        (
            content("image/*"),
            b"a",
            "get returned bytes, which may be none of image/*: return Result(",
        ),
        (content("text/html", "text/csv"), {}, "get returned dict, which may be none of text/html, text/csv"),
    ],
)
def test_an_outcome_that_cannot_be_sent_is_an_error_of_ours_that_says_what_to_return(
    responses, outcome, told, answers
):
    with pytest.raises(TypeError) as caught:
        answers(responses, outcome)
    assert told in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("declared", "sent", "told"),
    [
        ("Cat", "Cat", None),
        ("Cat", "Lion", None),
        ("Cat", "Dog", "it is Dog, not Cat"),
        ("Lion", "Cat", "it is Cat, not Lion"),
        ("Pet", "Cat", None),
        ("Pet", "Dog", "it is Dog, not Pet"),
    ],
)
def test_an_object_of_another_schema_is_a_fault_even_if_it_looks_the_same(declared, sent, told, serve):
    reference = f"{{$ref: '#/components/schemas/{declared}'}}"
    paths = ANSWERS.replace("RESPONSES", content("application/json", schema=reference))
    served = serve(paths, get=lambda: served.models[sent](name="Tom"))
    if told is None:
        assert served.call("GET", "/answers").json == {"name": "Tom"}
        return
    with pytest.raises(ValueError, match=rf"the answer of get breaks its contract: {told}\Z"):
        served.call("GET", "/answers")


def test_an_error_of_ones_own_is_no_problem(answers):
    problem = "'404': {description: '', content: {application/problem+json: {}}}"
    found = answers(f"{{'200': {{description: ''}}, {problem}}}", Result({"my": "error"}, status=404))
    assert (found.status_code, found.json, found.content_type) == (404, {"my": "error"}, "application/json")
