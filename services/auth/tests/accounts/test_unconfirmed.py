"""Accounts that nobody has confirmed: whose they are once they are in use, and when they are deleted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from libs.service import Running
from services.auth.accounts import Accounts, Email, User
from services.auth.accounts.letters import Letters
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


@pytest.fixture
def optional(running: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Confirming addresses is not needed, until this is undone."""
    with monkeypatch.context() as patched:
        patched.setattr(running.dependencies.make(Accounts), "verified_only", False)
        patched.setattr(running.dependencies.make(Letters), "_verified_only", False)
        yield patched


def test_an_account_in_use_is_not_handed_to_whoever_signs_up_when_addresses_have_to_be_confirmed(
    post: Post, address: str, work: Work, mailboxes: Mailboxes, optional: pytest.MonkeyPatch
) -> None:
    answer = post("/auth/signup", {"email": address, "password": PASSWORD})
    assert answer.status_code == 201
    work()
    assert "nobody can log in" not in mailboxes.of(address)[-1].text
    assert "not known to be yours" in mailboxes.of(address)[-1].text
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    optional.undo()
    assert post("/auth/signup", {"email": address, "password": OTHER}).status_code == 202
    work()
    assert mailboxes.of(address)[-1].subject == "You have an account already"
    refreshed = post("/auth/refresh", {"refresh_token": session["refresh_token"]})
    assert refreshed.status_code == 200, "the owner's session goes on"
    assert log_in(post, address, OTHER) == (401, "INVALID_CREDENTIALS")
    post("/auth/email/verification", {"email": address})
    work()
    assert verify(post, mailboxes.of(address)[-1].token) == GOOD
    assert log_in(post, address) == (200, None)


def test_who_signs_up_anew_ends_the_sessions_of_who_did_before(
    post: Post, address: str, signed_up: str, optional: pytest.MonkeyPatch
) -> None:
    """Of whoever got in while no address had to be confirmed, and was not found to have used it yet."""
    session = post("/auth/login", {"email": address, "password": PASSWORD}).get_json()
    optional.undo()
    assert post("/auth/signup", {"email": address, "password": OTHER}).status_code == 202
    assert post("/auth/refresh", {"refresh_token": session["refresh_token"]}).status_code == 401


def kept_until(address: str) -> tuple[datetime | None, datetime | None]:
    claim = Email.get(address, consistent_read=True)
    return claim.expires_at, User.get(claim.user_id, consistent_read=True).expires_at


def expire(address: str) -> User:
    """Let the time of an account be over, without it having been deleted yet; return it."""
    over, claim = datetime.now(UTC) - timedelta(seconds=1), Email.get(address)
    claim.update([Email.expires_at.set(over)])
    User(claim.user_id).update([User.expires_at.set(over)])
    return User.get(claim.user_id)


def test_an_account_that_nobody_confirms_is_deleted_after_a_week_with_its_address(
    post: Post, address: str, signed_up: str
) -> None:
    claim, user = kept_until(address)
    assert claim == user
    assert claim is not None
    assert timedelta(days=6, hours=23) < claim - datetime.now(UTC) <= timedelta(days=7)
    expire(address)
    post("/auth/signup", {"email": address, "password": OTHER})
    again = kept_until(address)
    assert again[0] == again[1], "who signs up anew has a week again"
    assert again[0] is not None
    assert again[0] >= claim


def test_what_is_confirmed_stays_also_when_its_time_is_just_over(
    post: Post, address: str, signed_up: str
) -> None:
    expire(address)
    assert verify(post, signed_up) == GOOD
    assert kept_until(address) == (None, None)


def test_who_confirms_while_the_address_is_being_deleted_has_it_again(
    post: Post, address: str, signed_up: str
) -> None:
    user = expire(address)
    Email(address).delete()
    assert verify(post, signed_up) == GOOD
    assert (Email.get(address).user_id, kept_until(address)) == (user.id, (None, None))
    assert log_in(post, address) == (200, None)


def test_who_confirms_an_address_that_has_gone_to_the_next_is_refused(
    post: Post, address: str, signed_up: str
) -> None:
    user = expire(address)
    Email(address, user_id="somebody else").save()
    assert verify(post, signed_up) == INVALID
    assert Email.get(address).user_id == "somebody else"
    # Its time is over: the database may delete it at any moment.
    assert not any(one.is_confirmed for one in User.query(user.id, consistent_read=True))


def test_a_link_of_an_account_that_was_deleted_confirms_nothing(
    post: Post, address: str, signed_up: str
) -> None:
    user = expire(address)
    user.delete()
    Email(address).delete()
    assert verify(post, signed_up) == INVALID
    assert [one for one in User.scan() if one.id == user.id] == []


@pytest.mark.parametrize("openly", [True, False])
def test_an_address_whose_account_was_deleted_before_it_is_free(
    post: Post,
    address: str,
    signed_up: str,
    work: Work,
    mailboxes: Mailboxes,
    optional: pytest.MonkeyPatch,
    openly: bool,
) -> None:
    """DynamoDB deletes the two rows one after the other, days later."""
    if not openly:
        optional.undo()
    user = expire(address)
    user.delete()
    answer = post("/auth/signup", {"email": address, "password": OTHER})
    assert answer.status_code == (201 if openly else 202)
    work()
    assert Email.get(address).user_id != user.id
    assert verify(post, mailboxes.of(address)[-1].token) == GOOD
    assert log_in(post, address, OTHER) == (200, None)
    assert kept_until(address) == (None, None)


def test_an_account_that_was_to_be_confirmed_stays_once_it_can_be_used_without(
    post: Post, address: str, signed_up: str, work: Work, optional: pytest.MonkeyPatch
) -> None:
    assert log_in(post, address) == (200, None)
    assert [work(), work()] == [["keep_account"], ["create_profile"]]
    user = User.get(Email.get(address).user_id)
    assert (kept_until(address), user.name, user.is_confirmed) == ((None, None), None, False)
    assert log_in(post, address) == (200, None)
    assert work() == []


def test_an_account_that_could_be_used_at_once_is_kept(
    post: Post, address: str, optional: pytest.MonkeyPatch
) -> None:
    post("/auth/signup", {"email": address, "password": PASSWORD})
    assert kept_until(address) == (None, None)
