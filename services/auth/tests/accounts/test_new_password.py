"""Changing and resetting passwords, and who is logged out by it."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.service import Running
from services.auth.accounts import Email, Passwords, User, mail_tokens
from services.auth.accounts.mail_tokens import MailToken, Purpose
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.sessions.sessions import Sessions
from services.auth.tests.accounts.conftest import Mailboxes

PASSWORD = "correct horse battery"
OTHER = "another horse battery"
Post = Callable[..., Any]
Work = Callable[[], list[str]]
INVALID = (422, "LINK_INVALID")


@pytest.fixture
def user_id(post: Post, address: str, work: Work) -> str:
    """Somebody with an account whose address is not confirmed."""
    user_id = post("/auth/signup", {"email": address, "password": PASSWORD}).get_json()["user_id"]
    work()
    return str(user_id)


def log_in(post: Post, address: str, password: str = PASSWORD) -> Any:
    return post("/auth/login", {"email": address, "password": password}).get_json()


def told(answer: Any) -> tuple[int, str | None]:
    return answer.status_code, answer.get_json()["code"] if answer.data else None


def change(post: Post, token: str, current: str = PASSWORD, new: str = OTHER) -> tuple[int, str | None]:
    return told(post("/auth/password", {"current_password": current, "new_password": new}, token=token))


def refreshed(post: Post, session: Any) -> int:
    return int(post("/auth/refresh", {"refresh_token": session["refresh_token"]}).status_code)


@pytest.fixture
def reset_token(post: Post, address: str, user_id: str, work: Work, mailboxes: Mailboxes) -> str:
    """What was mailed to who has forgotten the password."""
    assert post("/auth/password/forgot", {"email": address.upper()}).status_code == 202
    assert work() == ["send_reset"]
    return mailboxes.of(address)[-1].token


def reset(post: Post, token: str, password: str = OTHER) -> tuple[int, str | None]:
    return told(post("/auth/password/reset", {"token": token, "password": password}))


def test_a_changed_password_ends_all_sessions_but_ones_own(
    post: Post, address: str, user_id: str, work: Work, mailboxes: Mailboxes
) -> None:
    own, other = log_in(post, address), log_in(post, address)
    assert change(post, own["access_token"]) == (204, None)
    assert refreshed(post, own) == 200
    assert refreshed(post, other) == 401
    assert log_in(post, address)["code"] == "INVALID_CREDENTIALS"
    assert log_in(post, address, OTHER)["user_id"] == user_id
    assert work() == ["send_password_changed"]
    assert mailboxes.of(address)[-1].subject == "Your password was changed"


def test_who_does_not_know_the_password_cannot_change_it_however_often(
    post: Post, address: str, user_id: str
) -> None:
    token = log_in(post, address)["access_token"]
    assert change(post, token, current=OTHER) == (403, "WRONG_PASSWORD")
    assert log_in(post, address)["user_id"] == user_id


@pytest.mark.parametrize(
    ("new", "pointer"),
    [("password1234", "/new_password"), ("x" * 11, "/new_password"), ("x" * 257, "/new_password")],
)
def test_a_bad_new_password_is_refused(
    post: Post, address: str, user_id: str, new: str, pointer: str
) -> None:
    token = log_in(post, address)["access_token"]
    answer = post("/auth/password", {"current_password": PASSWORD, "new_password": new}, token=token)
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, pointer)
    assert log_in(post, address)["user_id"] == user_id


def test_changing_a_password_takes_a_token(post: Post) -> None:
    body = {"current_password": PASSWORD, "new_password": OTHER}
    assert post("/auth/password", body).status_code == 401


def test_a_mailed_link_gives_a_new_password_once_and_ends_all_sessions(
    post: Post, address: str, user_id: str, reset_token: str
) -> None:
    before = log_in(post, address)
    assert reset(post, reset_token) == (204, None)
    assert refreshed(post, before) == 401
    assert log_in(post, address)["code"] == "INVALID_CREDENTIALS"
    assert log_in(post, address, OTHER)["user_id"] == user_id
    assert reset(post, reset_token) == INVALID


def test_who_has_the_mailbox_has_confirmed_the_address(post: Post, user_id: str, reset_token: str) -> None:
    assert not User.get(user_id).is_confirmed
    reset(post, reset_token)
    assert User.get(user_id).is_confirmed


def test_a_refused_password_leaves_the_link_good(post: Post, reset_token: str) -> None:
    assert reset(post, reset_token, "password1234") == (422, "PASSWORD_REFUSED")
    assert reset(post, reset_token) == (204, None)


def test_a_link_is_over_after_half_an_hour(post: Post, user_id: str, reset_token: str) -> None:
    (row,) = [one for one in MailToken.scan() if one.user_id == user_id and one.purpose == "reset"]
    assert timedelta(minutes=29) < row.expires_at - datetime.now(UTC) <= timedelta(minutes=30)
    row.update([MailToken.expires_at.set(datetime.now(UTC) - timedelta(seconds=1))])
    assert reset(post, reset_token) == INVALID


def test_a_link_is_of_one_password(
    post: Post, address: str, reset_token: str, work: Work, mailboxes: Mailboxes
) -> None:
    post("/auth/password/forgot", {"email": address})
    work()
    second = mailboxes.of(address)[-1].token
    assert second != reset_token
    assert reset(post, second) == (204, None)
    assert reset(post, reset_token, "yet another horse") == INVALID


def test_a_link_that_confirms_an_address_gives_no_password_and_the_other_way_round(
    post: Post, address: str, user_id: str, reset_token: str, mailboxes: Mailboxes
) -> None:
    assert reset(post, mailboxes.of(address)[0].token) == INVALID
    assert told(post("/auth/email/verify", {"token": reset_token})) == INVALID
    assert reset(post, reset_token) == (204, None)


def test_of_two_who_use_a_link_at_once_one_does(
    post: Post,
    address: str,
    user_id: str,
    reset_token: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hash_, raced = Passwords.hash, []

    def slow(self: Passwords, password: str) -> str:
        if not raced:
            raced.append(password)
            assert reset(post, reset_token, "the faster password") == (204, None)
        return hash_(self, password)

    monkeypatch.setattr(Passwords, "hash", slow)
    assert reset(post, reset_token) == INVALID
    assert log_in(post, address, "the faster password")["user_id"] == user_id


def test_nobody_learns_from_asking_who_has_an_account(
    post: Post, address: str, user_id: str, work: Work, mailboxes: Mailboxes
) -> None:
    answers = [post("/auth/password/forgot", {"email": one}) for one in (address, f"x{address}")]
    assert [(one.status_code, one.data) for one in answers] == [(202, b"")] * 2
    assert work() == ["send_reset"] * 2, "the work is the worker's, whoever asks"
    assert mailboxes.of(f"x{address}") == []


def test_a_disabled_account_gets_no_link_and_a_link_it_has_is_dead(
    post: Post, address: str, user_id: str, reset_token: str, work: Work, mailboxes: Mailboxes
) -> None:
    User(user_id).update([User.disabled_at.set(datetime.now(UTC))])
    before = len(mailboxes.of(address))
    post("/auth/password/forgot", {"email": address})
    work()
    assert len(mailboxes.of(address)) == before
    assert reset(post, reset_token) == INVALID


def test_a_link_goes_to_the_stored_address_and_not_to_what_was_typed(
    post: Post, address: str, user_id: str, work: Work, mailboxes: Mailboxes
) -> None:
    post("/auth/password/forgot", {"email": address.upper()})
    work()
    assert mailboxes.of(address.upper()) == []
    assert mailboxes.of(address)[-1].subject == "Choose a new password"


def test_ones_own_account_is_shown_without_secrets(
    post: Post, address: str, user_id: str, running: Running
) -> None:
    token = log_in(post, address)["access_token"]
    me = (
        running.web_app()
        .test_client()
        .get("/auth/me", headers={"Authorization": f"Bearer {token}"})
        .get_json()
    )
    assert me.pop("created_at")
    assert me == {"user_id": user_id, "email": address, "email_verified": False, "roles": []}
    assert Email.get(address).user_id == user_id


def test_of_two_links_that_are_used_at_once_one_counts(
    post: Post,
    address: str,
    user_id: str,
    reset_token: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, hash_, raced = mail_tokens.make(User.get(user_id), Purpose.RESET), Passwords.hash, []

    def slow(self: Passwords, password: str) -> str:
        if not raced:
            raced.append(password)
            assert reset(post, other, "the faster password") == (204, None)
        return hash_(self, password)

    monkeypatch.setattr(Passwords, "hash", slow)
    assert reset(post, reset_token) == INVALID
    assert log_in(post, address, "the faster password")["user_id"] == user_id


def test_of_two_who_change_a_password_at_once_one_does(
    post: Post, address: str, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, hash_, raced = log_in(post, address)["access_token"], Passwords.hash, []

    def slow(self: Passwords, password: str) -> str:
        if not raced:
            raced.append(password)
            assert change(post, token, new="the faster password") == (204, None)
        return hash_(self, password)

    monkeypatch.setattr(Passwords, "hash", slow)
    assert change(post, token) == (409, "PASSWORD_CHANGED")
    assert log_in(post, address, "the faster password")["user_id"] == user_id


@pytest.mark.parametrize("how", ["reset", "change"])
def test_who_has_sent_the_old_password_while_it_is_replaced_is_not_let_in(
    post: Post,
    address: str,
    user_id: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    """The old one is looked at after the moment from which sessions are good, and before it is replaced."""
    link, own = mail_tokens.make(User.get(user_id), Purpose.RESET), log_in(post, address)["access_token"]
    connection, begin = running.database.connection, Sessions.begin
    write = connection.transact_write_items
    replacing, looked_at, replaced = threading.Event(), threading.Event(), threading.Event()

    def held(**items: Any) -> Any:
        replacing.set()
        assert looked_at.wait(20)
        return write(**items)

    def late(self: Sessions, *arguments: Any, **options: Any) -> Any:
        looked_at.set()
        assert replaced.wait(20)
        return begin(self, *arguments, **options)

    def replace() -> tuple[int, str | None]:
        try:
            return reset(post, link) if how == "reset" else change(post, own)
        finally:
            replaced.set()

    with monkeypatch.context() as patched, ThreadPoolExecutor(1) as pool:
        patched.setattr(connection, "transact_write_items", held)
        patched.setattr(Sessions, "begin", late)
        other = pool.submit(replace)
        assert replacing.wait(20)
        answer = post("/auth/login", {"email": address, "password": PASSWORD})
        assert other.result(20) == (204, None)
    assert told(answer) == (401, "INVALID_CREDENTIALS")
    assert log_in(post, address, OTHER)["user_id"] == user_id


def test_ones_own_session_goes_on_though_the_index_does_not_show_it(
    post: Post, address: str, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = log_in(post, address), log_in(post, address)
    monkeypatch.setattr(Session.by_user, "query", lambda *_, **__: iter(()))
    assert change(post, own["access_token"]) == (204, None)
    assert refreshed(post, own) == 200
    assert refreshed(post, other) == 401, "it is over by the account"


def test_a_reset_ends_sessions_and_tokens_that_the_index_does_not_show(
    post: Post,
    address: str,
    user_id: str,
    reset_token: str,
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running.dependencies.make(RevokedTokens), "_cached", 0)
    session = log_in(post, address)
    monkeypatch.setattr(Session.by_user, "query", lambda *_, **__: iter(()))
    assert reset(post, reset_token) == (204, None)
    own = {"Authorization": f"Bearer {session['access_token']}"}
    assert running.web_app().test_client().get("/auth/me", headers=own).status_code == 401
    assert refreshed(post, session) == 401
