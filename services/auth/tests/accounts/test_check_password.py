"""Whose password it is: guessed at most so often, and nothing to be learnt from the answer or its time."""

import statistics
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from argon2 import PasswordHasher, extract_parameters

from libs.errors import Problem, ServiceUnavailable, Unauthorized
from libs.service import Running
from services.auth.accounts import Accounts, Passwords, User, mail_tokens
from services.auth.accounts.mail_tokens import Purpose
from services.auth.throttle import Limits, Throttle

PASSWORD = "correct horse battery"
WRONG = "wrong horse battery"
KEY = uuid.uuid4().hex + uuid.uuid4().hex
Post = Callable[..., Any]


@pytest.fixture(scope="module")
def environ(environ: dict[str, str]) -> dict[str, str]:
    tries = {"APP_ACCOUNT_TRIES": "5", "APP_ADDRESS_TRIES": "20", "APP_SIGN_UP_TRIES": "10"}
    return {**environ, **tries, "APP_ACCEPTANCE_KEY": KEY}


@pytest.fixture(scope="module")
def hashing() -> None:
    """At the cost that everybody's hashes have."""


@pytest.fixture
def here() -> str:
    """An IPv6 network that nobody has called from."""
    return f"2001:db8:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


@pytest.fixture
def elsewhere() -> str:
    """Another."""
    return f"2001:db9:{uuid.uuid4().hex[:4]}:{uuid.uuid4().hex[:4]}::1"


@pytest.fixture
def log_in(post: Post, here: str) -> Callable[..., Any]:
    """Log in from an address, by default the same each time; return the answer."""

    def send(email: str, password: str = PASSWORD, *, address: str = here) -> Any:
        body = {"email": email, "password": password}
        return post("/auth/login", body, environ_overrides={"REMOTE_ADDR": address})

    return send


@pytest.fixture
def user_id(post: Post, address: str, here: str) -> str:
    body = {"email": address, "password": PASSWORD}
    return str(
        post("/auth/signup", body, environ_overrides={"REMOTE_ADDR": "192.0.2.99"}).get_json()["user_id"]
    )


@pytest.fixture(autouse=True)
def _fresh_address(running: Running) -> None:
    # Everybody here signs up from one address.
    throttle = running.dependencies.make(Throttle)
    throttle.clear(Limits().sign_ups_by_address, "192.0.2.99")


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The hashes that passwords are compared with."""
    seen: list[str] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, stored: str, password: str) -> bool:
        seen.append(stored)
        return bool(verify(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    return seen


def codes(answers: list[Any]) -> list[str]:
    return [one.get_json().get("code", "ok") for one in answers]


WRONGS = ["INVALID_CREDENTIALS"] * 5


@pytest.mark.parametrize("known", [True, False])
def test_after_five_wrong_passwords_of_an_account_nobody_gets_a_sixth(
    log_in: Post, address: str, user_id: str, elsewhere: str, hashed: list[str], known: bool
) -> None:
    email = address if known else f"x{address}"
    assert codes([log_in(email, WRONG) for _ in range(6)]) == [*WRONGS, "TOO_MANY_REQUESTS"]
    refused = log_in(email.title(), PASSWORD, address=elsewhere)
    assert codes([refused]) == ["TOO_MANY_REQUESTS"]
    assert len(hashed) == 5, "a password that comes too soon is not looked at"
    wait = int(refused.headers["Retry-After"])
    assert 0 < wait <= 60
    assert refused.headers["RateLimit"] == f'"account";r=0;t={wait}'
    assert refused.headers["RateLimit-Policy"] == '"account";q=5;w=60'
    assert email not in refused.text


def test_the_right_password_clears_the_count(log_in: Post, address: str, user_id: str) -> None:
    for _ in range(2):
        assert codes([log_in(address, WRONG) for _ in range(4)]) == WRONGS[:4]
        assert log_in(address).status_code == 200


def test_nobody_can_keep_an_owner_out_from_elsewhere(
    log_in: Post, address: str, user_id: str, here: str, elsewhere: str
) -> None:
    assert log_in(address).status_code == 200
    guesses = [log_in(address, WRONG, address=elsewhere) for _ in range(6)]
    assert codes(guesses) == [*WRONGS, "TOO_MANY_REQUESTS"]
    assert log_in(address).status_code == 200, "an address that is known counts for itself"
    assert codes([log_in(address, WRONG) for _ in range(6)]) == [*WRONGS, "TOO_MANY_REQUESTS"]


def test_after_twenty_wrong_passwords_an_address_gets_no_more_for_any_account(
    log_in: Post, address: str, user_id: str, elsewhere: str
) -> None:
    answers = [log_in(f"{number}{address}", WRONG) for number in range(21)]
    assert codes(answers) == [*["INVALID_CREDENTIALS"] * 20, "TOO_MANY_REQUESTS"]
    assert answers[-1].headers["RateLimit-Policy"] == '"address";q=20;w=60'
    assert log_in(address).status_code == 429
    assert log_in(address, address=elsewhere).status_code == 200, "it has not used up what the account has"


def test_a_new_password_ends_the_waiting(
    post: Post, log_in: Post, address: str, user_id: str, here: str, elsewhere: str, running: Running
) -> None:
    assert log_in(address).status_code == 200
    for one in (here, elsewhere):
        assert [log_in(address, WRONG, address=one) for _ in range(6)][-1].status_code == 429
    token = mail_tokens.make(User.get(user_id), Purpose.RESET)
    body = {"token": token, "password": "another horse battery"}
    answer = post("/auth/password/reset", body, environ_overrides={"REMOTE_ADDR": here})
    assert answer.status_code == 204
    for one in (here, elsewhere):
        assert log_in(address, "another horse battery", address=one).status_code == 200


def test_right_passwords_cost_an_address_nothing(log_in: Post, address: str, user_id: str) -> None:
    assert {log_in(address).status_code for _ in range(25)} == {200}


def test_of_a_thousand_guesses_at_once_five_reach_argon2(
    running: Running, address: str, user_id: str, hashed: list[str]
) -> None:
    found = running.dependencies.make(Accounts)

    def guess(number: int) -> str:
        try:
            found.check_password(address, f"{WRONG} {number}", f"10.0.{number // 250}.{number % 250}")
        except Problem as problem:
            return type(problem).__name__
        return "in"

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(guess, range(1000)))
    assert (answers.count("Unauthorized"), answers.count("TooManyRequests")) == (5, 995)
    assert len(hashed) == 5


def test_a_wrong_password_and_an_unknown_email_take_the_same_time(
    running: Running, address: str, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Medians within 10 %, of tries that take turns; a busy machine may spoil a round, a leak spoils all."""
    found = running.dependencies.make(Accounts)
    monkeypatch.setattr(Throttle, "take", lambda *_: None)

    def seconds(email: str) -> float:
        started = time.perf_counter()
        with pytest.raises(Exception, match="wrong"):
            found.check_password(email, WRONG, "192.0.2.1")
        return time.perf_counter() - started

    ratios = []
    for _ in range(6):
        both = [(seconds(address), seconds(f"x{address}")) for _ in range(21)]
        known, unknown = (statistics.median(times) for times in zip(*both, strict=True))
        ratios.append(known / unknown)
        if 0.9 < ratios[-1] < 1.1:
            return
    pytest.fail(f"known takes {ratios} of the time of unknown")


def test_only_who_knows_the_password_learns_that_an_account_is_disabled(
    log_in: Post, address: str, user_id: str
) -> None:
    User(user_id).update([User.disabled_at.set(datetime.now(UTC))])
    assert codes([log_in(address, WRONG), log_in(address)]) == ["INVALID_CREDENTIALS", "ACCOUNT_DISABLED"]
    assert log_in(address).status_code == 403


def test_a_try_that_told_nothing_is_not_counted(
    log_in: Post, address: str, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> bool:
        raise ServiceUnavailable("Too many log-ins at once.")

    with monkeypatch.context() as patched:
        patched.setattr(Passwords, "verify", busy)
        assert {log_in(address, WRONG).status_code for _ in range(25)} == {503}
    assert log_in(address).status_code == 200


def test_a_hash_of_older_parameters_is_made_anew_by_a_log_in_and_not_by_a_wrong_one(
    log_in: Post, address: str, user_id: str
) -> None:
    old = Passwords(memory_kib=12288, passes=3).hash(PASSWORD)
    User(user_id).update([User.password_hash.set(old)])
    assert codes([log_in(address, WRONG)]) == ["INVALID_CREDENTIALS"]
    assert User.get(user_id).password_hash == old
    before = User.get(user_id).password_changed_at
    assert log_in(address).status_code == 200
    stored = User.get(user_id)
    found = extract_parameters(stored.password_hash)
    assert (found.memory_cost, found.time_cost) == (19456, 2)
    assert stored.password_changed_at == before, "it is the same password: no session ends, no link dies"
    assert log_in(address).status_code == 200


def test_an_account_that_is_deleted_while_its_hash_is_made_anew_stays_deleted(
    log_in: Post, address: str, user_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deleted(self: Passwords, stored: str) -> bool:
        User(user_id).delete()
        return True

    monkeypatch.setattr(Passwords, "is_outdated", deleted)
    log_in(address)
    assert [one for one in User.scan() if one.id == user_id] == []


@pytest.mark.parametrize(
    "password", ["x" * 256, "p\u00e4ssw\u00f6rt \U0001f40e \u99ac", " leading and trailing "]
)
def test_a_password_is_taken_as_it_is(post: Post, log_in: Post, address: str, password: str) -> None:
    body = {"email": address, "password": password}
    if password.startswith("x"):
        body["password"] = password = "".join(chr(33 + number % 90) for number in range(256))
    answer = post("/auth/signup", body, environ_overrides={"REMOTE_ADDR": "192.0.2.99"})
    assert answer.status_code == 201, answer.text
    assert log_in(address, password[:-1]).status_code == 401
    assert log_in(address, password).status_code == 200


def test_sign_ups_and_mails_and_links_are_counted_by_address_too(post: Post, address: str, here: str) -> None:
    bodies = {
        "/auth/signup": (10, lambda number: {"email": f"{number}{address}", "password": PASSWORD}),
        "/auth/password/forgot": (20, lambda number: {"email": f"{number}{address}"}),
        "/auth/email/verify": (10, lambda number: {"token": f"{number}"}),
    }
    for path, (tries, body) in bodies.items():
        answers = [
            post(path, body(number), environ_overrides={"REMOTE_ADDR": here}) for number in range(tries + 1)
        ]
        assert [one.status_code == 429 for one in answers] == [False] * tries + [True], path
        assert int(answers[-1].headers["Retry-After"]) <= 60
    shared = {"environ_overrides": {"REMOTE_ADDR": here}}
    assert post("/auth/email/verification", {"email": address}, **shared).status_code == 429, (
        "mails are mails"
    )
    assert post("/auth/password/reset", {"token": "x", "password": PASSWORD}, **shared).status_code == 429


def test_acceptance_tests_try_more_often_from_one_address_and_nobody_else_does(post: Post, here: str) -> None:
    def links(tries: int, key: str | None) -> set[int]:
        sent = {"REMOTE_ADDR": here} | ({} if key is None else {"HTTP_ACCEPTANCE_KEY": key})
        answers = [post("/auth/email/verify", {"token": "x"}, environ_overrides=sent) for _ in range(tries)]
        return {one.status_code for one in answers}

    assert links(15, KEY) == {422}
    assert links(1, None) == {429}
    assert links(1, KEY[:-1]) == links(1, "") == links(1, "k\u00e9y") == {429}
    assert links(1, KEY) == {422}


def test_the_key_of_acceptance_tests_opens_no_account_and_fills_no_mailbox(
    post: Post, user_id: str, address: str, here: str
) -> None:
    sent = {"environ_overrides": {"REMOTE_ADDR": here, "HTTP_ACCEPTANCE_KEY": KEY}}
    body = {"email": address, "password": WRONG}
    assert [post("/auth/login", body, **sent).status_code for _ in range(6)] == [401] * 5 + [429]
    mails = [post("/auth/password/forgot", {"email": address}, **sent).status_code for _ in range(6)]
    assert mails[-1] == 429


def test_no_mailbox_is_filled_from_many_addresses(post: Post, address: str) -> None:
    answers = [
        post(
            "/auth/password/forgot", {"email": address}, environ_overrides={"REMOTE_ADDR": f"10.1.1.{number}"}
        )
        for number in range(6)
    ]
    assert [one.status_code for one in answers] == [202] * 5 + [429]
    assert "mails-to-account" in answers[-1].headers["RateLimit"]


def test_no_mailbox_is_filled_by_sign_ups_from_many_addresses(post: Post, address: str) -> None:
    def sign_up(number: int, password: str) -> int:
        sent_from = {"environ_overrides": {"REMOTE_ADDR": f"10.1.2.{number}"}}
        return int(post("/auth/signup", {"email": address, "password": password}, **sent_from).status_code)

    assert [sign_up(number, "password1234") for number in range(6)] == [422] * 6, "these send no mail"
    assert [sign_up(number, PASSWORD) for number in range(6)] == [201, *[409] * 4, 429]


@pytest.mark.parametrize("path", ["/auth/password", "/auth/me/deletion"])
def test_whoever_has_stolen_a_token_does_not_guess_the_password_with_it(
    post: Post, log_in: Post, address: str, user_id: str, here: str, hashed: list[str], path: str
) -> None:
    token = log_in(address).get_json()["access_token"]
    bodies = {
        "/auth/password": {"current_password": WRONG, "new_password": "another horse battery"},
        "/auth/me/deletion": {"password": WRONG},
    }
    hashed.clear()
    sent_from = {"environ_overrides": {"REMOTE_ADDR": here}}
    answers = [post(path, bodies[path], token=token, **sent_from) for _ in range(6)]
    assert codes(answers) == [*["WRONG_PASSWORD"] * 5, "TOO_MANY_REQUESTS"]
    assert [one.status_code for one in answers] == [403] * 5 + [429]
    assert len(hashed) == 5
    assert log_in(address).status_code == 429, "they are counted with those of the log-in"


@pytest.mark.parametrize("email", ["", "x", "\U0001d160" * 254, "\uffff"])
def test_what_is_no_email_has_no_account(running: Running, email: str) -> None:
    """As a form may send it; folded, three times as long."""
    with pytest.raises(Unauthorized):
        running.dependencies.make(Accounts).check_password(email, PASSWORD, "192.0.2.77")
