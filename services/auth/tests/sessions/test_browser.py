"""Sessions in a browser's cookies: on one host with the todos service, as behind one load balancer."""

import logging
import time
from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any

import httpx
import jwt
import pytest

from libs.jwt.cookies import csrf_claim
from libs.service import Running, Service
from libs.service.testing import ISSUES, environment, running_service
from services.auth.accounts import Accounts
from services.auth.sessions.models import Session
from services.auth.sessions.revocations import RevokedTokens
from services.auth.tests.sessions.browsing import ACCESS, CSRF, PASSWORD, REFRESH, Browser, Cookies, Site
from services.auth.tests.sessions.conftest import Clock
from services.auth.throttle import Limits

LONGEST = 14 * 24 * 3600
JSON = dict[str, Any]


@pytest.fixture(scope="module")
def todos(running: Running) -> Iterator[Running]:
    """The todos service, which knows the keys of auth and what auth says is over."""
    settings = environment("todos", cursor_secret="only-for-tests-and-32-characters-long")
    with running_service(Service.named("todos"), settings) as started:
        started.keys = running.keys
        started.revocations = running.dependencies.make(RevokedTokens)
        yield started


@pytest.fixture(scope="module")
def site(running: Running, todos: Running) -> Site:
    return Site(running, todos)


@pytest.fixture
def stranger(site: Site) -> Iterator[Browser]:
    """A browser that nobody is logged in with."""
    with Browser(site) as opened:
        yield opened


@pytest.fixture
def browser(stranger: Browser, email: str) -> Browser:
    """One that somebody is."""
    assert stranger.log_in(email).status_code == 200
    return stranger


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def lines(answer: httpx.Response) -> list[str]:
    return answer.headers.get_list("Set-Cookie")


def deletes_all(answer: httpx.Response) -> bool:
    set_to = SimpleCookie()
    for line in lines(answer):
        set_to.load(line)
    return {name: (one.value, one["max-age"]) for name, one in set_to.items()} == dict.fromkeys(
        (ACCESS, CSRF, REFRESH), ("", "0")
    )


def session_of(cookies: Cookies) -> Session:
    return Session.get(cookies[REFRESH].partition(".")[0])


def test_the_cookies_are_of_this_host_and_the_tokens_for_no_script(stranger: Browser, email: str) -> None:
    answer = stranger.log_in(email)
    values, left = stranger.kept, answer.json()["refresh_expires_in"]
    assert LONGEST - 60 < left <= LONGEST
    assert lines(answer) == [
        f"{ACCESS}={values[ACCESS]}; Max-Age=900; Secure; HttpOnly; Path=/; SameSite=Strict",
        f"{CSRF}={values[CSRF]}; Max-Age={left}; Secure; Path=/; SameSite=Strict",
        f"{REFRESH}={values[REFRESH]}; Max-Age={left}; Secure; HttpOnly; Path=/auth/browser; SameSite=Strict",
    ]
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")


def test_the_body_holds_no_token(browser: Browser, email: str) -> None:
    for answer in (browser.log_in(email), browser.refresh()):
        body = answer.json()
        assert browser.kept[ACCESS] not in answer.text
        assert browser.kept[REFRESH].partition(".")[2] not in answer.text
        session = session_of(browser.kept)
        assert body == {
            "user_id": session.user_id,
            "scope": "",
            "expires_in": 900,
            "refresh_expires_in": body["refresh_expires_in"],
            "csrf_token": browser.kept[CSRF],
        }


def test_a_page_works_with_the_cookies_alone(stranger: Browser, email: str) -> None:
    browser, todo = stranger, {"title": "Water the plants"}
    assert code(browser.get("/todos")) == (401, "AUTHORIZATION_HEADER_MISSING")
    csrf = {"X-CSRF-Token": browser.log_in(email).json()["csrf_token"]}

    assert code(browser.post("/todos", json=todo)) == (403, "CSRF_TOKEN_INVALID")
    assert code(browser.post("/todos", json=todo, headers={"X-CSRF-Token": "x"})) == (
        403,
        "CSRF_TOKEN_INVALID",
    )
    made = browser.post("/todos", json=todo, headers=csrf)
    assert made.status_code == 201
    listed = browser.get("/todos")
    assert [one["title"] for one in listed.json()["items"]] == ["Water the plants"]
    assert listed.headers["Cache-Control"] == "private"
    path = made.headers["Location"]
    assert code(browser.delete(path)) == (403, "CSRF_TOKEN_INVALID")

    assert browser.get("/auth/me").json()["email"] == email
    assert browser.refresh(headers=csrf).status_code == 200
    assert browser.delete(path, headers=csrf).status_code == 204

    before = browser.kept
    assert browser.log_out(headers=csrf).status_code == 204
    assert browser.kept == {}
    assert code(browser.get("/todos")) == (401, "AUTHORIZATION_HEADER_MISSING")
    browser.keep(before)
    assert code(browser.get("/todos")) == (401, "TOKEN_REVOKED")
    assert code(browser.refresh()) == (401, "REFRESH_TOKEN_INVALID")


def test_a_refresh_changes_the_tokens_and_not_the_value_that_requests_on_their_way_have(
    browser: Browser,
) -> None:
    before = browser.kept
    assert browser.refresh().status_code == 200
    after = browser.kept
    assert after[CSRF] == before[CSRF]
    assert not {after[ACCESS], after[REFRESH]} & {before[ACCESS], before[REFRESH]}
    browser.keep({**after, ACCESS: before[ACCESS]})
    assert browser.post("/todos", json={"title": "x"}, headers=browser.csrf).status_code == 201


def test_every_log_in_has_a_value_of_its_own(browser: Browser, email: str) -> None:
    first = browser.kept
    browser.log_in(email)
    assert browser.kept[CSRF] != first[CSRF]
    browser.keep({**browser.kept, CSRF: first[CSRF]})
    assert code(browser.post("/todos", json={"title": "x"}, headers=browser.csrf)) == (
        403,
        "CSRF_TOKEN_INVALID",
    )


def test_two_tabs_may_refresh_at_once_and_a_thief_ends_the_session(browser: Browser, clock: Clock) -> None:
    first = browser.kept
    browser.refresh()
    second = browser.kept
    browser.keep(first)
    assert browser.refresh().status_code == 200
    assert browser.kept[REFRESH] == second[REFRESH]

    clock.go(seconds=11)
    browser.keep(first)
    answer = browser.refresh()
    assert code(answer) == (401, "REFRESH_TOKEN_INVALID")
    assert deletes_all(answer)
    browser.keep(second)
    assert code(browser.refresh()) == (401, "REFRESH_TOKEN_INVALID")
    assert session_of(second).ended_why == "reuse"


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        (None, "right"), ("", "right"), ("x", "right"), ("é", "right"), ("another", "right"),
        (None, None), ("", None), ("right", None), (None, "x"), ("right", "another"), ("", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("operation", ["refresh", "log_out"])
def test_without_the_value_of_its_session_nothing_is_used_up_ended_or_deleted(
    browser: Browser,
    email: str,
    site: Site,
    clock: Clock,
    header: str | None,
    cookie: str | None,
    operation: str,
) -> None:
    cookies = browser.kept
    values: dict[str | None, str] = {"right": cookies[CSRF]}
    with Browser(site) as other:
        values["another"] = other.log_in(email).json()["csrf_token"]
    changed = cookies | {CSRF: None if cookie is None else values.get(cookie, cookie)}
    browser.keep({name: value for name, value in changed.items() if value is not None})
    sent = {} if header is None else {"X-CSRF-Token": values.get(header, header).encode()}
    answer = getattr(browser, operation)(headers=sent)
    assert code(answer) == (403, "CSRF_TOKEN_INVALID")
    assert lines(answer) == []
    clock.go(minutes=1)
    browser.keep(cookies)
    assert browser.refresh().status_code == 200


def test_another_host_of_the_site_cannot_slip_its_own_session_in(
    browser: Browser, site: Site, email: str
) -> None:
    """It can set the refresh token's cookie for the whole domain, and `__Host-` ones it cannot."""
    with Browser(site) as theirs:
        theirs.log_in(email)
        browser.keep({**browser.kept, REFRESH: theirs.kept[REFRESH]})
        assert code(browser.refresh()) == (403, "CSRF_TOKEN_INVALID")
        assert theirs.refresh().status_code == 200


@pytest.mark.parametrize("token", [None, "garbage", "01J.x", "of nobody", "é" * 500])
def test_a_session_that_is_over_is_told_to_our_page_and_its_cookies_are_deleted(
    browser: Browser, token: str | None
) -> None:
    cookies = browser.kept
    if token == "of nobody":
        token = f"{cookies[REFRESH].partition('.')[0]}.{'A' * 43}"
    gone = {name: value for name, value in cookies.items() if name != REFRESH}
    sent = "; ".join(
        f"{name}={value}" for name, value in (gone | ({REFRESH: token} if token else {})).items()
    )
    browser.keep({})
    answer = browser.refresh(headers={"X-CSRF-Token": cookies[CSRF], "Cookie": sent.encode()})
    assert code(answer) == (401, "REFRESH_TOKEN_INVALID")
    assert deletes_all(answer)
    browser.keep(cookies)
    assert browser.refresh().status_code == 200, "and nobody's session is ended by a made-up token"


@pytest.mark.parametrize("operation", ["refresh", "log_out"])
def test_a_form_in_a_window_of_its_own_deletes_nothing(stranger: Browser, operation: str) -> None:
    """It comes without the SameSite cookies, but cookies that are set in its answer are kept."""
    form = {"headers": {"Origin": "https://evil.example.com"}, "data": {"a": "b"}}
    answer = getattr(stranger, operation)(**form)
    assert answer.status_code == (401 if operation == "refresh" else 204)
    assert lines(answer) == []


@pytest.mark.parametrize("access", ["expired", "garbage", None])
def test_a_log_out_needs_no_access_token_that_is_good_and_may_come_twice(
    browser: Browser, access: str | None
) -> None:
    cookies = browser.kept
    over = ISSUES.issue("ada", audience=["auth"], expires_in=-100, claims={"csrf": csrf_claim(cookies[CSRF])})
    changed = {ACCESS: over if access == "expired" else access}
    browser.keep({name: value for name, value in (cookies | changed).items() if value is not None})
    answer = browser.log_out()
    assert (answer.status_code, answer.content) == (204, b"")
    assert deletes_all(answer)
    assert session_of(cookies).ended_why == "logout"
    assert browser.log_out(headers={}).status_code == 204
    browser.keep(cookies)
    assert browser.log_out().status_code == 204


def test_without_the_refresh_cookie_a_log_out_ends_the_session_of_the_access_cookie(browser: Browser) -> None:
    cookies = browser.kept
    others = csrf_claim("another session's")
    for csrf, ended in ((others, None), (cookies[CSRF], "logout")):
        browser.keep({ACCESS: cookies[ACCESS], CSRF: csrf})
        assert browser.log_out().status_code == 204
        assert session_of(cookies).ended_why == ended


def test_a_log_in_ends_the_session_that_was_there_before(browser: Browser, email: str) -> None:
    """OWASP ASVS 5, 7.2.4."""
    before = browser.kept
    assert browser.log_in(email, "wrong horse battery").status_code == 401
    assert not session_of(before).is_ended
    assert browser.log_in(email).status_code == 200
    assert session_of(before).ended_why == "logout"
    assert not session_of(browser.kept).is_ended


def test_cookies_that_are_over_disturb_nobody_who_needs_none(stranger: Browser, email: str) -> None:
    over = ISSUES.issue("ada", audience=["auth"], expires_in=-100)
    for access in (over, "garbage"):
        stranger.keep({ACCESS: access, CSRF: "x", REFRESH: "y"})
        assert code(stranger.get("/auth/me"))[0] == 401
        assert stranger.get("/ping").status_code == 200
        account = {"email": email, "password": PASSWORD}
        assert stranger.post("/auth/login", json=account).status_code == 200
        assert stranger.log_in(email).status_code == 200
        assert stranger.get("/auth/me").status_code == 200


def test_a_wrong_password_is_answered_as_ever_and_sets_nothing(
    stranger: Browser, email: str, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = running.dependencies.make(Accounts)
    monkeypatch.setattr(accounts, "_limits", Limits(account=2, address=100000))

    def told(path: str) -> JSON:
        answer = stranger.post(path, json={"email": email, "password": "wrong horse battery"})
        assert lines(answer) == []
        varying = {"request_id": None, "instance": None}
        return {**answer.json(), **varying, "limits": "Retry-After" in answer.headers}

    ways = ("/auth/login", "/auth/browser/login")
    wrong = [told(path) for path in ways]
    assert wrong[0] == wrong[1]
    assert (wrong[0]["code"], wrong[0]["limits"]) == ("INVALID_CREDENTIALS", False)
    waits = [told(path) for path in ways]
    assert waits[0] == waits[1], "and both are counted together"
    assert (waits[0]["code"], waits[0]["limits"]) == ("TOO_MANY_REQUESTS", True)


@pytest.mark.parametrize(
    "media_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", None]
)
def test_no_form_of_another_site_logs_anybody_in(
    stranger: Browser, email: str, media_type: str | None
) -> None:
    """These are what a browser sends to another site without asking first (Fetch standard, section 2.2.2)."""
    content = f'{{"email": "{email}", "password": "{PASSWORD}"}}'
    headers = {"Content-Type": media_type} if media_type else {}
    answer = stranger.post("/auth/browser/login", content=content, headers=headers)
    assert code(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert lines(answer) == []


def test_tokens_that_were_given_to_a_program_are_none_for_cookies(
    stranger: Browser, begin: Callable[[], JSON]
) -> None:
    tokens = begin()
    stranger.keep({ACCESS: tokens["access_token"], CSRF: "x", REFRESH: tokens["refresh_token"]})
    assert code(stranger.get("/todos")) == (401, "TOKEN_INVALID")
    assert code(stranger.refresh()) == (403, "CSRF_TOKEN_INVALID")


def test_a_token_for_the_cookie_is_good_in_the_header_which_no_browser_sends_by_itself(
    browser: Browser,
) -> None:
    bearer = {"Authorization": f"Bearer {browser.kept[ACCESS]}"}
    browser.keep({})
    assert browser.post("/todos", json={"title": "x"}, headers=bearer).status_code == 201


def test_an_administrators_cookie_is_good_for_what_its_scope_is(browser: Browser) -> None:
    assert code(browser.get("/auth/users")) == (403, "FORBIDDEN")
    claims = {"csrf": csrf_claim(browser.kept[CSRF])}
    admin = ISSUES.issue("root", audience=["auth"], scopes=["users:admin"], claims=claims)
    browser.keep({**browser.kept, ACCESS: admin})
    assert browser.get("/auth/users").status_code == 200
    assert code(browser.post("/auth/users/nobody/disable")) == (403, "CSRF_TOKEN_INVALID")
    assert code(browser.post("/auth/users/nobody/disable", headers=browser.csrf)) == (404, "NOT_FOUND")


def test_what_services_do_for_each_other_takes_no_cookie(browser: Browser) -> None:
    claims = {"csrf": csrf_claim(browser.kept[CSRF])}
    token = ISSUES.issue("service:auth", audience=["todos"], scopes=["todos:delete-all"], claims=claims)
    browser.keep({**browser.kept, ACCESS: token})
    answer = browser.post("/todos/erasure", json={"owner": "ada"}, headers=browser.csrf)
    assert code(answer) == (401, "AUTHORIZATION_HEADER_MISSING")


def test_the_token_is_over_when_its_cookie_is(browser: Browser) -> None:
    claims = jwt.decode(browser.kept[ACCESS], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    assert claims["exp"] - time.time() <= 900
    assert claims["csrf"] != browser.kept[CSRF]


def test_nothing_of_it_is_logged(browser: Browser, email: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        browser.log_in(email)
        secrets = list(browser.kept.values())
        browser.refresh()
        browser.post("/todos", json={"title": "x"})
        browser.log_out(headers={})
        secrets += browser.kept.values()
        browser.log_out()
    told = " ".join(str(vars(record)) for record in caplog.records)
    assert "/auth/browser/login" in told
    assert not [one for one in secrets if one in told or one.rpartition(".")[2] in told]
