"""The pages that mailed links lead to."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient

from libs.service import Running
from services.auth.accounts import Email, Passwords, User
from services.auth.tests.accounts.conftest import Mailboxes

PASSWORD = "correct horse battery"
OTHER = "another horse battery"
Post = Callable[..., Any]
Work = Callable[[], list[str]]


def link(mailboxes: Mailboxes, address: str) -> str:
    found = re.findall(r"https://accounts\.test(/auth/\S+)", mailboxes.of(address)[-1].text)
    return str(found[0])


def pressed(client: FlaskClient, path: str, page: str, **typed: str) -> Any:
    """Send the form of a page as a browser does; return the answer."""
    (action,) = re.findall(r'<form method="post" action="([^"]*)">', page)
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page))
    return client.post(urljoin(path, action), data={**fields, **typed})


@pytest.fixture
def signed_up(post: Post, address: str, work: Work, mailboxes: Mailboxes) -> str:
    """The path of the link that confirms an address."""
    post("/auth/signup", {"email": address, "password": PASSWORD})
    work()
    return link(mailboxes, address)


@pytest.fixture
def forgotten(post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes) -> str:
    """The path of the link that leads to a new password."""
    post("/auth/password/forgot", {"email": address})
    work()
    return link(mailboxes, address)


def user_of(address: str) -> User:
    return User.get(Email.get(address).user_id)


def test_an_address_is_confirmed_by_the_button_and_not_by_opening_the_page(
    client: FlaskClient, address: str, signed_up: str
) -> None:
    for _ in range(3):
        page = client.get(signed_up)
        assert (page.status_code, page.mimetype) == (200, "text/html")
    assert not user_of(address).is_confirmed
    done = pressed(client, signed_up, page.text)
    assert (done.status_code, "is confirmed" in done.text) == (200, True)
    assert user_of(address).is_confirmed
    again = pressed(client, signed_up, page.text)
    assert (again.status_code, again.mimetype) == (422, "text/html")
    assert "not valid, or not any more" in again.text


def test_a_new_password_is_chosen_on_a_page(
    client: FlaskClient, post: Post, address: str, forgotten: str
) -> None:
    page = client.get(forgotten)
    refused = pressed(client, forgotten, page.text, password="password1234")
    assert (refused.status_code, "most often" in refused.text) == (422, True)
    assert "password1234" not in refused.text
    done = pressed(client, f"{forgotten.partition('?')[0]}/form", refused.text, password=OTHER)
    assert (done.status_code, "is changed" in done.text) == (200, True)
    assert post("/auth/login", {"email": address, "password": OTHER}).status_code == 200


def test_pages_are_safe_to_show(client: FlaskClient, signed_up: str, forgotten: str) -> None:
    for path in (signed_up, forgotten):
        page = client.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "script" not in policy + page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Frame-Options"] == "DENY"


def test_what_stands_in_a_link_is_shown_as_text(client: FlaskClient) -> None:
    evil = '"><script>alert(1)</script>$style'
    for path in ("/auth/email/verify", "/auth/password/reset"):
        page = client.get(path, query_string={"token": evil})
        assert page.status_code == 200
        assert "<script" not in page.text
        form = f"{path}/form"
        answer = client.post(form, data={"token": evil, "password": OTHER})
        assert answer.status_code == 422
        assert "<script" not in answer.text


def test_a_fault_of_ours_is_a_problem_and_no_page(
    client: FlaskClient, forgotten: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = client.get(forgotten)

    def broken(*_: object) -> str:
        raise RuntimeError("hunter2")

    monkeypatch.setattr(Passwords, "hash", broken)
    answer = pressed(client, forgotten, page.text, password=OTHER)
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "hunter2" not in answer.text


def test_a_link_is_not_logged(
    client: FlaskClient, running: Running, signed_up: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    token = signed_up.partition("token=")[2]
    page = client.get(signed_up)
    pressed(client, signed_up, page.text)
    assert caplog.records
    told = str([one.__dict__ for one in caplog.records if not one.name.startswith("botocore")])
    assert token not in told
