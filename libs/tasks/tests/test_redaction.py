"""What may let somebody in is not shown, wherever it stands; and what an operator needs is."""

import json
import string
import time
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from libs.errors.redaction import HIDDEN, SECRETS, is_secret_name
from libs.tasks.arguments import encode

redacted, redacted_text, redacted_texts = SECRETS.value, SECRETS.text, SECRETS.texts

JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmVk"
RANDOM = "dGhpcy1pcy1hLXJlc2V0LXRva2VuLTEyMzQ1Njc4OTA"

SECRET = "hunter2~secret"  # no JSON, and no name of a secret, has it by chance
NAMES = [
    *("password", "new_password", "newPassword", "NEW-PASSWORD", "passwd", "pwd", "Passwort", "passphrase"),
    *("secret", "client_secret", "clientSecret", "token", "accessToken", "refresh_token", "X-CSRF-Token"),
    *("authorization", "Authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "credentials"),
    *("api_key", "apiKey", "APIKey", "apikey", "X-API-KEY", "private key", "key", "KEY", "keys"),
    *("sessionid", "JSESSIONID", "PHPSESSID", "passcode", "accesskey", "privatekey", "authkey", "sshkey"),
    *(
        "authcode",
        "pincode",
        "csrf",
        "xsrf",
        "oauth",
        "mfa",
        "passkey",
        "mnemonic",
        "magic_link",
        "reset_link",
    ),
    *("otp", "totpCode", "code", "reset_code", "pin", "jwt", "id_token_hint", "session", "signature"),
]
PLAIN = [
    *("user_id", "owner", "title", "email", "monkey", "keyboard", "decode", "opinion", "encoder", "compass"),
    *("href", "count", "due_at", "export_id", "author", "passenger", "status", "id", ""),
]

jsons = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_with_the_name_of_a_secret_is_hidden_whole(name: str) -> None:
    assert is_secret_name(name)
    assert redacted({name: {"deep": [1, "x"]}}) == {name: HIDDEN}
    assert redacted({"a": [{name: 123456}]}) == {"a": [{name: HIDDEN}]}
    assert redacted({name: None}) == {name: None}


@pytest.mark.parametrize("name", PLAIN)
def test_other_names_hide_nothing(name: str) -> None:
    assert redacted({name: "plain"}) == {name: "plain"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (JWT, HIDDEN),
        (f"x {JWT}, y", f"x {HIDDEN}, y"),
        (f"{JWT.replace('.', '..')}", HIDDEN),
        (RANDOM, HIDDEN),
        ("a" * 20 + "1" + "f" * 20, HIDDEN),
        ("Bearer a.very.short.one", f"Bearer {HIDDEN}"),
        ("Basic YWRhOmh1bnRlcjI=", f"Basic {HIDDEN}"),
        ("-----BEGIN EC PRIVATE KEY-----\nabc", HIDDEN),
        ("AKIAIOSFODNN7EXAMPLE", HIDDEN),
        ("sk_live_abcdefghijklmnop", HIDDEN),
        ("password=hunter2", f"password= {HIDDEN}"),
        ('{"token": "hunter2"}', f'{{"token": "{HIDDEN}"}}'),
        ('{"sent": "{\\"token\\": \\"hunter2\\"}"}', f'{{"sent": "{{\\"token\\": \\"{HIDDEN}\\"}}"}}'),
        (' [{"code": 123456, "n": 1}]\n', f'[{{"code": "{HIDDEN}", "n": 1}}]'),
        ('["key", "hunter2"]', f'["key", "{HIDDEN}"]'),
        ('{"title": "Größe", "pin": 1}', f'{{"title": "Größe", "pin": "{HIDDEN}"}}'),
        ('{"title": "\\udcff", "pin": 1}', f'{{"title": "\\udcff", "pin": "{HIDDEN}"}}'),
        ('sent {"token": "hunter2"}', f'sent {{"token": {HIDDEN}'),
        ('sent {"a": "{\\"token\\": \\"hunter2\\"}"}', f'sent {{"a": "{{\\"token\\": {HIDDEN}'),
        ('{"sent": "{\\\\\\"token\\\\\\": 1}"', f'{{"sent": "{{\\\\\\"token\\\\\\": {HIDDEN}'),
        ('sent {"code": "hunter2", "n": 1}', f'sent {{"code": {HIDDEN}'),
        ("{'resetCode': 1}", f"{{'resetCode': {HIDDEN}"),
        ("pin: 1234", f"pin: {HIDDEN}"),
        ("Your OTP: 123456\nGreetings", f"Your OTP: {HIDDEN}\nGreetings"),
        ("x-signature: abc", f"x-signature: {HIDDEN}"),
        ("X-CSRF: abc", f"X-CSRF: {HIDDEN}"),
        ("password%3Dhunter2%26a%3Db", f"password%3D {HIDDEN}"),
        ("%7B%22password%22%3A%22hunter2", f"%7B%22password%22%3A {HIDDEN}"),
        ("api key: hunter2", f"api key: {HIDDEN}"),
        ("mysql --user ada --password hunter2 shop", f"mysql --user ada --password {HIDDEN}"),
        ("<user>ada</user><password>hunter2</password>", f"<user>ada</user><password>{HIDDEN}</password>"),
        ("<a:Token id='1'><![CDATA[hunter2]]></a:Token>", f"<a:Token id='1'>{HIDDEN}</a:Token>"),
        ("code=hunter2&grant_type=authorization_code", f"code={HIDDEN}&grant_type=authorization_code"),
        ("lang=de;code=hunter2", f"lang=de;code={HIDDEN}"),
        ("JSESSIONID=hunter2; path=/", f"JSESSIONID= {HIDDEN}"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", HIDDEN),
        ("3q2+7wABCDEFghijkl/mnopqrstuvwxyz/0123456789ABCD=", HIDDEN),
        (f"/reset/{RANDOM}/new", HIDDEN),
        ("/reset/" + "a1" * 20, f"/reset/{HIDDEN}"),
        ("GET /x\nCookie: a=b; c=d\nHost: x", f"GET /x\nCookie: {HIDDEN}\nHost: x"),
        ("/reset?code=123&lang=de", f"/reset?code={HIDDEN}&lang=de"),
        ("ada:hunter2@example.com", f"{HIDDEN}@example.com"),
        ("https://a.example/verify?t=x", f"https://a.example/verify?{HIDDEN}"),
        ("https://a.example/#x", f"https://a.example/?{HIDDEN}"),
        ("https://ada:hunter2@a.example:8080/x", f"https://{HIDDEN}@a.example:8080/x"),
        ("redis://:hunter2@redis:6379/0", f"redis://{HIDDEN}@redis:6379/0"),
        ("https://ada:hun/ter2@a.example/", f"https://{HIDDEN}@a.example/"),
        ("https://ada:hun?ter2@a.example/", f"https://{HIDDEN}"),
        (f"https://a.example/reset/{RANDOM[:22]}", f"https://a.example/reset/{HIDDEN}"),
        (f"<a href='https://a.example/?t={RANDOM}'>", f"<a href='https://a.example/?{HIDDEN}'>"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_in_any_text(text: str, shown: str) -> None:
    assert redacted_text(text) == shown
    assert redacted({"note": [text]}) == {"note": [shown]}
    assert redacted_texts({text: 1}) == {shown: 1}
    assert set(redacted({text: 1})) == {shown}


def test_json_that_is_too_deep_to_be_read_is_hidden() -> None:
    for depth in (300, 900, 100_000):
        for opens, closes in (("[", "]"), ('{"a":', "}")):
            shown = redacted_text(f'{opens * depth}{{"otp": 123456}}{closes * depth}')
            assert "123456" not in shown
            assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "Buy tea at 10:30, or 2 x coffee",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
        "0af7651916cd43dd8448eb211c80319c",
        "services.todos.exports.write_export:2026-03-01T04:05:00Z",
        "ada@example.com",
        "https://todos.example.com:8443/todos/01ARZ3",
        "/todos/exports/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/home/Ada/Documents/Invoices/2026-03-01/todoList-7",
        "rm --recursive --force --verbose /tmp/x",
        "<p>Buy tea</p>",
        "status=409 and count=2",
        "2026-03-01T00:00:00+00:00",
        "Grüße, 世界",
        "Status code: 409, key: see below",
        "Opinion: the session: at noon",
        "[draft] Buy tea",
        '{"title": "Buy tea", "count": [2, null]}',
        "Shopping: pins, spins",
    ],
)
def test_what_an_operator_needs_is_shown(text: str) -> None:
    assert redacted_text(text) == text


def test_what_a_neighbour_says_is_a_secret_is_hidden() -> None:
    assert redacted([["Cookie", "a=b"], ["Accept", "x"]]) == [["Cookie", HIDDEN], ["Accept", "x"]]
    assert redacted({"name": "password", "value": "x"}) == {"name": "password", "value": HIDDEN}
    assert redacted({"name": "title", "value": "x"}) == {"name": "title", "value": "x"}
    assert redacted(encode(("token", "x"))) == {"$tuple": ["token", HIDDEN]}
    assert redacted(["mysql", "--password", "x", "shop"]) == ["mysql", "--password", HIDDEN, "shop"]
    assert redacted(["Cookie", {"a": "b"}, True]) == ["Cookie", HIDDEN, True]
    assert redacted(["token", None, 1]) == ["token", None, 1]
    for name in ("values", "content", "Value", "data"):
        assert redacted({"header": "Cookie", name: ["x"]}) == {"header": "Cookie", name: HIDDEN}
    assert redacted({"text": "Change the password"}) == {"text": "Change the password"}


def test_what_nobody_can_read_is_hidden_and_what_it_is_of_is_not() -> None:
    assert redacted(encode(b"hunter2")) == {"$bytes": HIDDEN}
    one = {"$object": ["auth", "Token"], "value": {"access_token": "x", "n": 1}}
    assert redacted(one) == {**one, "value": {"access_token": HIDDEN, "n": 1}}
    assert redacted([{"$tuple": [one]}]) == [{"$tuple": [redacted(one)]}]


@pytest.mark.parametrize(
    "given",
    [
        {"$object": {"password": SECRET}},
        {"$object": ["password", SECRET], "value": 1},
        {"$object": ["auth", "Token"], "value": {"token": SECRET}},
        {"$escaped": {"$object": ["password", SECRET], "value": 1}},
        {"a": {"$object": {"$object": ["password", SECRET], "value": 1}}},
        json.dumps({"$object": ["password", SECRET], "value": 1}),
        json.dumps([{"$escaped": {"a": {"$object": ["password", SECRET], "value": 1}}}]),
    ],
)
def test_a_name_of_the_callers_own_that_begins_as_a_tag_does_switches_nothing_off(given: Any) -> None:
    assert not holds(redacted(encode(given)), SECRET)


def placed(path: list[str | None], leaf: Any) -> Any:
    """Return JSON with `leaf` inside of objects (by a name) and lists (None)."""
    for step in reversed(path):
        leaf = [leaf] if step is None else {step: leaf}
    return leaf


def holds(value: Any, text: str) -> bool:
    if isinstance(value, dict):
        return any(text in name or holds(one, text) for name, one in value.items())
    if isinstance(value, list):
        return any(holds(one, text) for one in value)
    return isinstance(value, str) and text in value


steps = st.none() | st.text() | st.sampled_from(["$object", "$escaped", "$tuple", "value"])


@given(st.lists(steps, max_size=30), st.sampled_from(NAMES), jsons)
@example(["$object"], "password", None)
def test_nothing_below_a_secrets_name_is_shown_at_any_depth(
    path: list[str | None], name: str, inside: Any
) -> None:
    secret = {name: [SECRET, {SECRET: inside}]}
    assert not holds(redacted(placed(path, secret)), SECRET)


SECRETS = [JWT, RANDOM, f"https://ada:{SECRET}@a.example/", f"https://a.example/x?t={SECRET}"]


@given(
    st.lists(steps, max_size=10),
    st.text(string.punctuation.replace("\\", "") + " \nabc"),
    st.sampled_from(SECRETS),
    st.text(),
)
@example([], "", SECRETS[2], "")
def test_nothing_that_looks_like_a_secret_is_shown_at_any_depth(
    path: list[str | None], before: str, secret: str, after: str
) -> None:
    shown = redacted(placed(path, f"{before} {secret} {after}"))
    for part in (JWT, RANDOM, SECRET):
        assert not holds(shown, part)


@given(jsons)
def test_it_stays_what_it_is(value: Any) -> None:
    shown = redacted(value)
    assert type(shown) is type(value)
    if not isinstance(value, dict | list | str):
        assert shown == value


LONG = 200_000
HARD = {
    "letters": "a" * LONG,
    "users": "a:" * LONG,
    "heads": "eyJ" * LONG,
    "schemes": "http://" * LONG,
    "names": "password" * LONG,
    "said": "password:" * LONG,
    "ats": "a@" * LONG,
    "queries": "?a" * LONG,
    "steps": "/" * LONG,
    "spaces": "token " * LONG,
    "options": "--" * LONG,
    "option": "-a" * LONG,
    "options of it": "--a token" * LONG,
    "tags": "<a>" * LONG,
    "tag": "<a " * LONG,
    "form": "a=" * LONG,
    "codes": "code=" * LONG,
    "slashes": "aA1/" * LONG,
    "lists": "[" * LONG,
    "objects": '{"a":' * LONG,
    "numbers": "[" + "1," * (LONG // 2 - 2) + "1]",
    "texts": json.dumps(["[1]"] * (LONG // 10)),
    "quotes": '"a' * LONG,
    "quoted": "'a':" * LONG,
    "pins": "pin " * LONG,
    "backslashes": 'token\\"' * LONG,
    "words": ("a" * 99 + " ") * 5000,
}


@pytest.mark.parametrize("name", HARD)
def test_a_long_text_keeps_nobody_waiting(name: str) -> None:
    started = time.process_time()
    redacted_text(HARD[name][:LONG])
    assert time.process_time() - started < 15
