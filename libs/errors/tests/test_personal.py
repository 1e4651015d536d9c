"""What is personal is not told, wherever it stands; what says what has happened is."""

import json
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.errors.personal import for_reports, is_personal_name
from libs.errors.redaction import HIDDEN, SECRETS

REPORTS = for_reports(["shoe_size"])
NAMES = [
    *("email", "EMail", "user_email", "contactEmail", "mail", "phone", "phone_number", "mobilePhone", "fax"),
    *("first_name", "lastName", "surname", "full name", "displayName", "username", "user", "name", "city"),
    *(
        "address",
        "home_address",
        "street",
        "zip",
        "zipCode",
        "postal-code",
        "dob",
        "birthday",
        "date_of_birth",
    ),
    *("ip", "client_ip", "ipAddress", "remote_addr", "X-Forwarded-For", "iban", "ssn", "passportNumber"),
    *("creditCard", "card_number", "lat", "longitude", "gender", "shoe_size", "shoeSize", "SHOE-SIZE"),
]
PLAIN = [
    *("task_name", "queue", "userId", "user_id", "id", "status", "count", "description", "title", "zipped"),
    *("flat", "translation", "female_count", "ship", "tip", "language", "message", "filename", ""),
]
TEXTS = [
    *("ada@example.com", "ADA.Lovelace+todos@mail.example.co.uk", "ada%40example.com", "+49 170 1234567"),
    *("0049 (170) 1234567", "+1-202-555-0143", "203.0.113.7", "2001:db8::8a2e:370:7334", "fe80::1"),
    *("4111 1111 1111 1111", "4111111111111111", "DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432"),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_member_with_a_personal_name_is_hidden_whole(name: str) -> None:
    assert REPORTS.value({"a": [{name: {"deep": ["Ada"]}}]}) == {"a": [{name: HIDDEN}]}
    assert REPORTS.value({"note": json.dumps({name: "Ada"})}) == {"note": json.dumps({name: HIDDEN})}
    assert REPORTS.value([name, "Ada"]) == [name, HIDDEN]


@pytest.mark.parametrize("name", PLAIN)
def test_other_names_hide_nothing(name: str) -> None:
    assert REPORTS.value({name: "plain"}) == {name: "plain"}


@pytest.mark.parametrize("text", TEXTS)
def test_what_looks_personal_is_hidden_in_any_text(text: str) -> None:
    assert REPORTS.text(f"of {text}, again") == f"of {HIDDEN}, again"
    assert REPORTS.texts({"note": [f"({text})"]}) == {"note": [f"({HIDDEN})"]}
    assert text not in REPORTS.text(json.dumps({"note": f"of {text}."}))


@pytest.mark.parametrize(
    "text",
    [
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "0af7651916cd43dd8448eb211c80319c",
        "2026-03-01T04:05:00.123456+00:00",
        "version 1.2.3, 17 of 1000 in 12.5 ms",
        "order 4111 1111 1111 1112",
        "/todos/{todo_id}",
        "10:30:15",
        "libs::errors",
        "@property",
    ],
)
def test_what_says_what_has_happened_is_told(text: str) -> None:
    assert REPORTS.text(text) == text


def test_who_may_see_what_is_personal_does() -> None:
    assert SECRETS.value({"email": "ada@example.com"}) == {"email": "ada@example.com"}
    assert not is_personal_name("token")
    assert REPORTS.value({"token": "x"}) == {"token": HIDDEN}


def test_a_personal_field_has_letters() -> None:
    with pytest.raises(ValueError, match="has letters"):
        for_reports(["__"])


PLANTED = "hunter2~planted"
steps = st.none() | st.text() | st.sampled_from(["$object", "$escaped", "value", "data"])


def placed(path: list[str | None], leaf: Any) -> Any:
    for step in reversed(path):
        leaf = [leaf] if step is None else {step: leaf}
    return leaf


@given(
    st.lists(steps, max_size=15),
    st.sampled_from([*NAMES, "password", "token", "Cookie"]),
    st.integers(0, 2),
)
@example([], "email", 2)
def test_nothing_below_such_a_name_is_told_at_any_depth(
    path: list[str | None], name: str, wrapped: int
) -> None:
    value = {name: [PLANTED]}
    for _ in range(wrapped):  # JSON within a text within JSON
        value = {"note": json.dumps(value)}  # type: ignore[dict-item]
    assert PLANTED not in json.dumps(REPORTS.value(placed(path, value)))


@given(st.text(" ,;()\nabc"), st.sampled_from(TEXTS), st.text(" ,;()\nabc"))
def test_nothing_that_looks_so_is_told_among_other_text(before: str, text: str, after: str) -> None:
    assert text not in REPORTS.text(f"{before} {text} {after}")


LONG = 50_000
HARD = ["a@", "a.", "1.", "1 ", "+1", "+1 (", ":", "::", "a:", "DE89 ", "AB12", "4111 ", "a%40b.", "a@b."]


@pytest.mark.parametrize("piece", HARD)
def test_a_long_text_keeps_nobody_waiting(piece: str) -> None:
    started = time.process_time()
    REPORTS.text((piece * LONG)[:LONG])
    assert time.process_time() - started < 15
