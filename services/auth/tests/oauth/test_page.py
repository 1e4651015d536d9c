"""The page on which somebody logs in for a client: what it says, and that a browser is always shown one."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from flask.testing import FlaskClient
from pynamodb.exceptions import GetError

from libs.errors import DeadlineExceeded, ServiceUnavailable
from services.auth.accounts import Accounts, User
from services.auth.clients import OAuthClient, create
from services.auth.tests.oauth.asking import BACK, BROWSER, PASSWORD, Query, Register


def asked(client: FlaskClient, query: Query, **changes: str) -> Any:
    return client.get("/auth/authorize", query_string={**query, **changes})


def test_it_says_what_the_client_can_do(client: FlaskClient, query: Query, register: Register) -> None:
    def told(*audiences: str) -> str:
        client_id, _ = register(
            grants=["authorization_code"], redirect_uris=[BACK], audiences=audiences, scopes=[]
        )
        return str(asked(client, query, client_id=client_id).text)

    text = told("todos", "profiles")
    assert "A client will know who you are, and your e-mail address." in text
    assert "It may do in profiles and todos whatever you may do there." in text
    assert "It may do" not in told()


def test_the_name_of_a_client_is_no_markup(client: FlaskClient, query: Query) -> None:
    create("nasty", "<b>Shop & {email}</b>", grants=["authorization_code"], redirect_uris=[BACK])
    try:
        text = asked(client, query, client_id="nasty").text
    finally:
        OAuthClient("nasty").delete()
    assert "&lt;b&gt;Shop &amp; {email}&lt;/b&gt; will know" in text


@pytest.mark.parametrize("email", ["", "a" * 300])
def test_what_is_no_e_mail_shows_the_page_again(
    client: FlaskClient, query: Query, user: dict[str, str], email: str
) -> None:
    form = {"email": email, "password": PASSWORD}
    answer = client.post("/auth/authorize", query_string=query, data=form)
    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert "Write your e-mail address and your password. It has 256 characters at most." in answer.text
    assert '<form method="post">' in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


def test_what_is_no_form_and_for_no_client_is_refused(client: FlaskClient, query: Query) -> None:
    answer = client.post("/auth/authorize", query_string={**query, "client_id": "nobody"}, data={"x": "y"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "AUTHORIZATION_REFUSED")
    unknown = client.post("/auth/authorize", data=query)
    assert unknown.status_code == 400, "an authorization request is made with GET"
    shown = client.post("/auth/authorize", data=query, headers={"Accept": BROWSER})
    assert (shown.status_code, shown.mimetype) == (400, "text/html")


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (BROWSER, "text/html"),
        ("text/html", "text/html"),
        ("text/*;q=0.5, */*;q=0.1", "text/html"),
        ("*/*", "application/problem+json"),
        (None, "application/problem+json"),
        ("text/html, application/json", "application/problem+json"),
        ("text/html;q=0.5, application/problem+json", "application/problem+json"),
        ("text/html;q=0", "application/problem+json"),
        ("nonsense", "application/problem+json"),
    ],
)
def test_what_is_wrong_with_the_program_is_a_page_for_who_prefers_one(
    client: FlaskClient, query: Query, accept: str | None, media_type: str
) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = client.get("/auth/authorize", query_string={**query, "client_id": "nobody"}, headers=headers)
    assert (answer.status_code, answer.mimetype) == (400, media_type)
    if media_type == "text/html":
        assert "This program is not known here." in answer.text
        assert "<form" not in answer.text
        assert "<a " not in answer.text
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_parameter_that_cannot_be_read_is_told_on_a_page_too(client: FlaskClient, query: Query) -> None:
    sent = {**query, "state": "<b>" * 1000}
    page = client.get("/auth/authorize", query_string=sent, headers={"Accept": BROWSER})
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert "state is longer than 2000 characters" in page.text
    assert "<b>" not in page.text
    assert client.get("/auth/authorize", query_string=sent).get_json()["code"] == "INVALID_PARAMETERS"
    form = {"email": "ada@example.com"}  # and no password, which is not what it is about
    answer = client.post("/auth/authorize", query_string=sent, data=form, headers={"Accept": BROWSER})
    assert (answer.status_code, answer.text) == (400, page.text)


def test_while_nobody_can_log_in_the_page_says_so(
    client: FlaskClient, query: Query, log_in_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*args: Any) -> None:
        raise ServiceUnavailable("Many log in just now.", retry_after=3)

    monkeypatch.setattr(Accounts, "check_password", busy)
    answer = log_in_for(query)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert (answer.headers["Retry-After"], "Many log in just now." in answer.text) == ("3", True)


def test_a_request_whose_time_is_up_is_told_on_a_page_as_well(
    query: Query, log_in_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(*args: Any, **kwargs: Any) -> None:
        raise DeadlineExceeded

    monkeypatch.setattr(OAuthClient, "get", late)
    answer = log_in_for(query)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("model", [User, OAuthClient])
def test_a_database_that_does_not_answer_is_told_on_a_page_as_well(
    query: Query, log_in_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise GetError("hunter2", EndpointConnectionError(endpoint_url="http://dynamodb"))

    monkeypatch.setattr(model, "get", away)
    answer = log_in_for(query)
    assert (answer.status_code, answer.mimetype) == (503, "text/html")
    assert "Retry-After" in answer.headers
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("registered", "sent", "is_known"),
    [
        ("http://127.0.0.1/back", "http://127.0.0.1:51004/back", True),
        ("http://127.0.0.1:5000/back", "http://127.0.0.1:51004/back", True),
        ("http://127.0.0.1:5000/back", "http://127.0.0.1/back", True),
        ("http://[::1]/back", "http://[::1]:51004/back", True),
        ("http://127.0.0.1/back", "http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:51004/back?x=1", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:51004@evil.example.com/back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1:510040/back", False),
        ("http://127.0.0.1/back", "http://127.0.0.1.evil.example.com/back", False),
        ("http://127.0.0.1/back", "http://[::1]:51004/back", False),
        ("http://127.0.0.1/back", "https://127.0.0.1:51004/back", False),
        ("http://localhost/back", "http://localhost:51004/back", False),
        ("https://app.example.com/back", "https://app.example.com:51004/back", False),
    ],
)
def test_a_program_on_somebodys_device_is_answered_on_any_port(
    client: FlaskClient, query: Query, register: Register, registered: str, sent: str, is_known: bool
) -> None:
    client_id, _ = register(public=True, grants=["authorization_code"], redirect_uris=[registered])
    answer = asked(client, query, client_id=client_id, redirect_uri=sent)
    assert answer.status_code == (200 if is_known else 400)


@pytest.mark.parametrize(
    ("uri", "source"),
    [("http://127.0.0.1:5000/back", "http://127.0.0.1:5000"), ("http://[::1]:5000/back", "http:")],
)
def test_browsers_are_told_where_the_form_may_lead(
    client: FlaskClient, query: Query, register: Register, uri: str, source: str
) -> None:
    client_id, _ = register(public=True, grants=["authorization_code"], redirect_uris=[uri])
    policy = asked(client, query, client_id=client_id, redirect_uri=uri).headers["Content-Security-Policy"]
    assert f"form-action 'self' {source};" in policy


def test_a_public_client_may_send_an_empty_secret_either_way(
    ask: Callable[..., Any], register: Register
) -> None:
    client_id, _ = register(public=True, grants=["authorization_code", "refresh_token"], redirect_uris=[BACK])
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    for answer in (ask((client_id, ""), **form), ask(**form, client_id=client_id, client_secret="")):
        assert answer.get_json()["error"] == "invalid_grant", "and not invalid_client"
