"""Answers: which schema a status has, checking it, and reading it."""

import logging

import pytest

from libs.api.wire.answers import AnswerCheck, Answers

JSON = "application/json"
DOCUMENT = {
    "components": {
        "responses": {"Gone": {"description": "Gone."}},
        "schemas": {
            "User": {
                "type": "object",
                "required": ["id", "password"],
                "properties": {
                    "id": {"type": "string", "readOnly": True},
                    "password": {"type": "string", "writeOnly": True},
                },
            }
        },
    }
}
USER = {"$ref": "#/components/schemas/User"}
RESPONSES = {
    "201": {"content": {JSON: {"schema": USER}, "text/html": {}}},
    "204": {"$ref": "#/components/responses/Gone"},
    "2XX": {"content": {"application/*": {"schema": {"type": "array"}}}},
    "404": {"content": {"application/problem+json": {"schema": {"required": ["status"]}}}},
    "default": {"content": {"text/plain": {"schema": {"maxLength": 3}}, "image/png": {}}},
    "x-note": {},
}
ANSWERS = Answers.from_document(RESPONSES, DOCUMENT)


def told(status, content_type, payload):
    return [
        ((fault.pointer or "") + " " + fault.detail).strip()
        for fault in ANSWERS.check(status, content_type, payload)
    ]


@pytest.mark.parametrize(
    ("status", "content_type", "payload"),
    [
        (201, JSON, b'{"id":"x"}'),
        (201, "application/json; charset=utf-8", b'{"id":"x"}'),
        (201, "text/html", b"<p>"),
        (204, None, b""),
        (200, JSON, b"[]"),
        (299, "application/pdf", b"%PDF"),
        (404, "application/problem+json", b'{"status":404}'),
        (500, "text/plain", b"no"),
        (500, "image/png", b"\x89"),
    ],
)
def test_an_answer_as_declared_has_no_faults(status, content_type, payload):
    assert told(status, content_type, payload) == []


DECLARED = "the status 201 is declared as application/json or text/html, not as "


@pytest.mark.parametrize(
    ("status", "content_type", "payload", "faults"),
    [
        (201, JSON, b'{"password":"hunter2"}', ["/password is write-only", "/id is required"]),
        (201, JSON, b"{", ["is not application/json"]),
        (201, JSON, b"", ["is not application/json"]),
        (
            201,
            "text/plain",
            b"x",
            ["the status 201 is declared as application/json or text/html, not as text/plain"],
        ),
        (201, None, b"x", ["the status 201 is declared as application/json or text/html, not as nothing"]),
        (204, JSON, b"{}", ["the status 204 has no body"]),
        (200, JSON, b"{}", ["is not of type array"]),
        (404, "application/problem+json", b"{}", ["/status is required"]),
        (500, "text/plain", b"long", ["is longer than 3 characters"]),
        (500, "text/plain", b"\xff", ["is not text/plain"]),
    ],
)
def test_an_answer_that_is_not_as_declared_is_told(status, content_type, payload, faults):
    assert sorted(told(status, content_type, payload)) == sorted(faults)


def test_a_status_that_is_not_declared_is_told():
    one = Answers.from_document({"200": {"description": ""}}, {})
    assert [fault.detail for fault in one.check(201, None, b"")] == ["the status 201 is not declared"]
    assert one.check(200, None, b"") == []
    assert [fault.detail for fault in one.check(200, JSON, b"1")] == [
        "the status 200 is declared as nothing, not as application/json"
    ]


@pytest.mark.parametrize(
    ("responses", "status"),
    [({"404": {}, "202": {}, "200": {}}, 202), ({"2XX": {}}, 200), ({"default": {}}, 200), ({201: {}}, 201)],
)
def test_the_first_success_that_is_declared_is_answered(responses, status):
    assert Answers.from_document(responses, {}).status == status


@pytest.mark.parametrize("responses", [{}, {"404": {}}, {"4XX": {}}])
def test_an_operation_declares_a_success(responses):
    with pytest.raises(ValueError, match="declares no answer of success"):
        Answers.from_document(responses, {})


def test_a_schema_that_is_none_is_named():
    responses = {"200": {"content": {JSON: {"schema": {"type": "strng"}}}}}
    with pytest.raises(ValueError, match="its response 200 as application/json: its schema is not valid"):
        Answers.from_document(responses, {})


def test_what_is_declared_can_be_asked():
    assert ANSWERS.media_types(201) == (JSON, "text/html")
    assert ANSWERS.schema(201, JSON) is USER
    assert ANSWERS.schema(204, JSON) is None
    assert ANSWERS.schema(200, "application/pdf") == {"type": "array"}
    assert Answers.from_document({"200": {}}, {}).media_types(404) == ()


@pytest.mark.parametrize(
    ("status", "content_type", "payload", "value", "schema"),
    [
        (201, "application/json", b'{"id":"x"}', {"id": "x"}, USER),
        (404, "application/problem+json", b"[1]", [1], {"required": ["status"]}),
        (500, "text/plain; charset=utf-8", "é".encode(), "é", {"maxLength": 3}),
        (500, "text/plain", b"", "", {"maxLength": 3}),
        (500, "image/png", b"\x89", b"\x89", None),
        (204, None, b"", None, None),
        (418, None, b"x", b"x", None),
    ],
)
def test_an_answer_is_read_as_its_type_says(status, content_type, payload, value, schema):
    received = ANSWERS.read(status, content_type, payload)
    assert (received.value, received.schema) == (value, schema)


@pytest.mark.parametrize(("content_type", "payload"), [(JSON, b"{"), ("text/plain", b"\xff")])
def test_an_answer_that_is_not_what_it_says_is_an_error(content_type, payload):
    with pytest.raises(ValueError, match=f"^is not {content_type}$"):
        ANSWERS.read(200, content_type, payload)


def check(setting, payload=b'{"password":"hunter2"}'):
    AnswerCheck.from_setting(setting).check("get_user", ANSWERS, 201, JSON, payload)


def test_always_checked_a_broken_answer_is_an_error():
    check("always", b'{"id":"x"}')
    with pytest.raises(ValueError, match=r"^the answer of get_user breaks its contract: ") as caught:
        check("always")
    assert "/id is required" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_sampled_answer_that_is_broken_is_logged_and_sent(caplog):
    check("1.0")
    (record,) = caplog.records
    assert (record.levelno, record.operation, record.status) == (logging.ERROR, "get_user", 201)
    assert "/password is write-only" in record.faults
    assert "hunter2" not in str(record.__dict__)


def test_as_many_answers_are_checked_as_wanted(caplog):
    half = AnswerCheck.from_setting("0.5")
    for _ in range(400):
        half.check("get_user", ANSWERS, 201, JSON, b"{}")
    assert 120 < len(caplog.records) < 280
    caplog.clear()
    for _ in range(100):
        check("off")
    assert caplog.records == []


@pytest.mark.parametrize("setting", ["", "true", "0", "-1", "1.1", "nan", "inf", "Always"])
def test_how_often_is_always_off_or_a_share(setting):
    with pytest.raises(ValueError, match=r"always, off, or a share"):
        AnswerCheck.from_setting(setting)
