"""Signing up where addresses have to be confirmed: nobody but a mailbox learns who has an account."""

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import EndpointConnectionError
from pynamodb.exceptions import CancellationReason, TransactWriteError
from pynamodb.transactions import TransactWrite

from libs.service import Running
from libs.service.testing import bearer
from services.auth.accounts import Accounts, Email, User, mail_tokens
from services.auth.accounts.mail_tokens import MailToken
from services.auth.tests.accounts.confirming import GOOD, INVALID, OTHER, PASSWORD, Post, Work, log_in, verify
from services.auth.tests.accounts.conftest import Mailboxes


@pytest.fixture(scope="module")
def environ(environ: dict[str, str]) -> dict[str, str]:
    return {**environ, "APP_EMAIL_VERIFICATION": "required"}


@pytest.fixture
def signed_up(post: Post, work: Work, mailboxes: Mailboxes, address: str) -> str:
    """The token that was mailed to an address that has signed up."""
    assert post("/auth/signup", {"email": address, "password": PASSWORD, "name": "Ada"}).status_code == 202
    work()
    (mail,) = mailboxes.of(address)
    return mail.token


def test_an_account_can_be_used_once_its_address_is_confirmed(
    post: Post, address: str, signed_up: str, work: Work, profiles: Running
) -> None:
    assert log_in(post, address) == (403, "EMAIL_NOT_VERIFIED")
    assert verify(post, signed_up) == GOOD
    assert log_in(post, address) == (200, None)
    assert work() == ["create_profile"]
    user = User.get(Email.get(address).user_id)
    me = profiles.web_app().test_client().get("/profiles/me", headers=bearer(user.id, audience="profiles"))
    assert me.get_json()["name"] == "Ada"
    assert user.name is None


def test_nobody_learns_from_a_wrong_password_that_an_address_is_not_confirmed(
    post: Post, address: str, signed_up: str
) -> None:
    assert log_in(post, address, OTHER) == (401, "INVALID_CREDENTIALS")


def test_before_that_there_is_no_profile(post: Post, address: str, work: Work) -> None:
    post("/auth/signup", {"email": address, "password": PASSWORD})
    assert work() == ["send_verification"]


def test_the_answer_is_the_same_whoever_has_an_account_already(
    post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes
) -> None:
    unconfirmed = post("/auth/signup", {"email": address, "password": PASSWORD})
    work()
    assert verify(post, mailboxes.of(address)[-1].token) == GOOD
    work()
    confirmed = post("/auth/signup", {"email": address.upper(), "password": OTHER})
    nobody = post("/auth/signup", {"email": f"x{address}", "password": PASSWORD})
    assert [one.status_code for one in (unconfirmed, confirmed, nobody)] == [202] * 3
    assert confirmed.get_json() == unconfirmed.get_json() == {"email": address}
    assert nobody.get_json() == {"email": f"x{address}"}
    assert sorted(work()) == ["send_signed_up_already", "send_verification"]
    assert mailboxes.of(address)[-1].subject == "You have an account already"
    assert "token" not in mailboxes.of(address)[-1].text
    assert log_in(post, address) == (200, None), "the password is as it was"
    assert log_in(post, address, OTHER) == (401, "INVALID_CREDENTIALS")


def test_a_link_confirms_once(post: Post, signed_up: str) -> None:
    assert verify(post, signed_up) == GOOD
    assert verify(post, signed_up) == INVALID


def test_a_link_is_over_after_a_day(post: Post, address: str, signed_up: str) -> None:
    (row,) = [one for one in MailToken.scan() if one.user_id == Email.get(address).user_id]
    assert timedelta(hours=23, minutes=59) < row.expires_at - datetime.now(UTC) <= timedelta(hours=24)
    row.update([MailToken.expires_at.set(datetime.now(UTC) - timedelta(seconds=1))])
    assert verify(post, signed_up) == INVALID


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "A" * 44, "\u00e4" * 43, "../" * 10])
def test_what_is_no_token_of_ours_confirms_nothing(post: Post, token: str) -> None:
    assert verify(post, token) == INVALID


def test_a_link_is_of_one_sign_up_and_dead_after_the_next(
    post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes
) -> None:
    """Else whoever signs up with somebody's address first could have them confirm a strange password."""
    post("/auth/signup", {"email": address, "password": OTHER})
    work()
    assert verify(post, signed_up) == INVALID
    assert verify(post, mailboxes.of(address)[-1].token) == GOOD
    assert log_in(post, address) == (401, "INVALID_CREDENTIALS")
    assert log_in(post, address, OTHER) == (200, None)


def test_a_mail_that_was_put_off_over_the_next_sign_up_is_not_sent(
    post: Post, address: str, work: Work, mailboxes: Mailboxes
) -> None:
    post("/auth/signup", {"email": address, "password": PASSWORD})
    post("/auth/signup", {"email": address, "password": OTHER})
    assert work() == ["send_verification"] * 2
    (mail,) = mailboxes.of(address)
    assert verify(post, mail.token) == GOOD
    assert log_in(post, address, OTHER) == (200, None)


def test_the_link_can_be_mailed_again_and_nobody_learns_whether_it_was(
    post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes
) -> None:
    answers = [post("/auth/email/verification", {"email": one}) for one in (address.title(), f"x{address}")]
    assert [(one.status_code, one.data) for one in answers] == [(202, b"")] * 2
    work()
    assert len(mailboxes.of(address)) == 2
    assert mailboxes.of(f"x{address}") == []
    assert verify(post, mailboxes.of(address)[-1].token) == GOOD
    post("/auth/email/verification", {"email": address})
    work()
    assert len(mailboxes.of(address)) == 2, "there is nothing to confirm any more"


def test_a_link_of_a_disabled_account_confirms_nothing(post: Post, address: str, signed_up: str) -> None:
    User(Email.get(address).user_id).update([User.disabled_at.set(datetime.now(UTC))])
    assert verify(post, signed_up) == INVALID


def test_a_mailed_token_is_stored_nowhere(
    post: Post,
    address: str,
    work: Work,
    mailboxes: Mailboxes,
    caplog: pytest.LogCaptureFixture,
    running: Running,
) -> None:
    caplog.set_level("DEBUG", logger="libs")
    caplog.set_level("INFO", logger="services.auth.accounts")
    post("/auth/signup", {"email": address, "password": PASSWORD})
    work()
    token = mailboxes.of(address)[-1].token
    verify(post, token)
    stored = str([row.serialize() for model in running.database.models for row in model.scan()])
    ours = [one for one in caplog.records if one.name != "services.auth.mail.senders"]
    logged = str([one.__dict__ for one in ours])
    assert address in stored
    for secret in (token, PASSWORD):
        assert secret not in stored
        assert secret not in logged


def test_two_who_sign_up_at_once_with_one_address_are_answered_alike(
    running: Running, address: str, monkeypatch: pytest.MonkeyPatch, post: Post
) -> None:
    find, raced = Accounts.find_by_email, []

    def found_too_early(self: Accounts, email: str) -> User | None:
        if raced:
            return find(email)
        raced.append(email)
        assert post("/auth/signup", {"email": address, "password": PASSWORD}).status_code == 202
        return None

    monkeypatch.setattr(Accounts, "find_by_email", found_too_early)
    assert post("/auth/signup", {"email": address, "password": OTHER}).status_code == 202
    assert len([one for one in User.scan() if one.email == address]) == 1


def test_who_forgets_the_password_before_the_address_is_confirmed_confirms_it_by_the_new_one(
    post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes
) -> None:
    post("/auth/password/forgot", {"email": address})
    work()
    body = {"token": mailboxes.of(address)[-1].token, "password": OTHER}
    assert post("/auth/password/reset", body).status_code == 204
    assert sorted(work()) == ["create_profile", "send_password_changed"]
    assert log_in(post, address, OTHER) == (200, None)
    assert verify(post, signed_up) == INVALID


@pytest.mark.parametrize("times", [1, 2])
def test_who_meets_another_in_the_same_write_is_told_the_same(
    post: Post, address: str, work: Work, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """Else many at once would learn who is confirmed: of an account that is nothing is written."""

    class Met(TransactWriteError):
        cancellation_reasons = [None, CancellationReason("TransactionConflict")]

    commit, refused = TransactWrite._commit, []

    def meet(self: TransactWrite) -> None:
        if len(refused) < times:
            refused.append(self)
            raise Met("met")
        commit(self)

    monkeypatch.setattr(TransactWrite, "_commit", meet)
    answer = post("/auth/signup", {"email": address, "password": PASSWORD})
    assert (answer.status_code, answer.get_json()) == (202, {"email": address})
    assert len(refused) == times
    assert work() == (["send_verification"] if times == 1 else [])


def test_a_database_that_is_away_is_no_sign_up(
    post: Post, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: TransactWrite) -> None:
        raise TransactWriteError("away", EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))

    monkeypatch.setattr(TransactWrite, "_commit", away)
    assert post("/auth/signup", {"email": address, "password": PASSWORD}).status_code == 503


def test_a_sign_up_while_a_link_is_used_loses_the_link_and_not_the_account(
    post: Post, address: str, signed_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a link would confirm the password of whoever signs up at the moment it is opened."""
    find, raced = mail_tokens.find_user, []

    def found_too_early(token: str, purpose: mail_tokens.Purpose) -> User:
        found = find(token, purpose)
        if not raced:
            raced.append(token)
            assert post("/auth/signup", {"email": address, "password": OTHER}).status_code == 202
        return found

    monkeypatch.setattr(mail_tokens, "find_user", found_too_early)
    assert verify(post, signed_up) == INVALID
    assert log_in(post, address, OTHER) == (403, "EMAIL_NOT_VERIFIED")


def test_a_disabled_account_gets_no_link_again(
    post: Post, address: str, signed_up: str, work: Work, mailboxes: Mailboxes
) -> None:
    User(Email.get(address).user_id).update([User.disabled_at.set(datetime.now(UTC))])
    post("/auth/email/verification", {"email": address})
    assert work() == ["send_link_again"]
    assert len(mailboxes.of(address)) == 1


@pytest.mark.parametrize(
    "refused",
    ["root@localhost", "a@[127.0.0.1]", "a@[IPv6:::1]", "a@10.0.0.5", '"a b"@example.com', "a@example."],
)
def test_no_mail_is_sent_where_the_internet_has_no_mailboxes(post: Post, refused: str) -> None:
    answer = post("/auth/signup", {"email": refused, "password": PASSWORD})
    assert (answer.status_code, answer.get_json()["errors"][0]["pointer"]) == (422, "/email")


@pytest.mark.parametrize("taken", ["a@b.example.com", "a.b+c@xn--nxasmq6b.com", "{a}/b'%!@x-y.museum"])
def test_other_addresses_are_taken(post: Post, taken: str) -> None:
    assert post("/auth/signup", {"email": taken, "password": PASSWORD}).status_code == 202
