"""Sessions in the cookies of a real browser: what it keeps, shows to scripts, and sends along."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from testaccept.browser import open_browser
from testaccept.deployment import SERVICES, User, service_url

SECONDS = 30

FETCH = """
const [url, method, body, csrf, done] = arguments;
const headers = {};
if (body) headers["Content-Type"] = "application/json";
if (csrf) headers["X-CSRF-Token"] = csrf;
fetch(url, {method, headers, body: body && JSON.stringify(body), credentials: "include"})
  .then(async (answer) => done([answer.status, await answer.text()]), (error) => done([0, String(error)]));
"""


class Page:
    """A page of auth's origin, which calls the services as its scripts would.

    It is /docs: the policy of every other answer lets a page call nobody.
    """

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser
        self.open()

    def open(self) -> None:
        self.browser.get(f"{service_url('auth')}/docs")

    def call(
        self, service: str, method: str, path: str, body: Any = None, csrf: str | None = None
    ) -> tuple[int, Any]:
        """Return the status and the body of an answer."""
        url = f"{service_url(service)}{path}"
        status, text = self.browser.execute_async_script(FETCH, url, method, body, csrf)
        return status, json.loads(text) if text.startswith("{") else text

    def log_in(self, user: User) -> str:
        """Log in, and return the value for X-CSRF-Token."""
        account = {"email": user.email, "password": user.password}
        status, body = self.call("auth", "POST", "/auth/browser/login", account)
        assert status == 200, body
        return str(body["csrf_token"])

    @property
    def readable(self) -> str:
        """The cookies that scripts see."""
        return str(self.browser.execute_script("return document.cookie"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    if len({urlsplit(service_url(service)).hostname for service in SERVICES}) > 1:
        pytest.skip("the services are on several hosts, and the cookies are for one")
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        opened.set_script_timeout(SECONDS)
        yield opened


@pytest.fixture
def page(browser: Chrome) -> Iterator[Page]:
    opened = Page(browser)
    yield opened
    opened.open()
    browser.delete_all_cookies()


def test_a_page_works_with_cookies_that_it_cannot_read(page: Page, user: User) -> None:
    csrf, todo = page.log_in(user), {"title": "Kept in no script"}
    assert page.readable == f"__Host-csrf={csrf}"
    assert page.call("auth", "GET", "/auth/me")[1]["email"] == user.email
    # Another origin of the same site: APP_CORS_ORIGINS lets the page have its cookies sent there.
    status, body = page.call("todos", "POST", "/todos", todo)
    assert (status, body["code"]) == (403, "CSRF_TOKEN_INVALID")
    assert page.call("todos", "POST", "/todos", todo, csrf)[0] == 201
    assert [one["title"] for one in page.call("todos", "GET", "/todos")[1]["items"]] == [todo["title"]]
    assert page.call("auth", "POST", "/auth/browser/refresh", None, csrf)[1]["csrf_token"] == csrf
    assert page.call("auth", "POST", "/auth/browser/logout", None, csrf)[0] == 204
    assert page.readable == ""
    assert page.call("auth", "GET", "/auth/me")[0] == 401


def test_a_form_of_another_site_neither_uses_the_cookies_nor_deletes_them(page: Page, user: User) -> None:
    """What fills a window may set cookies, SameSite or not; so the answer must not."""
    page.log_in(user)
    url = f"{service_url('auth')}/auth/browser/refresh"
    page.browser.get(f"data:text/html,{quote(f'<form method=post action={url}></form>')}")
    page.browser.execute_script("document.forms[0].submit()")
    WebDriverWait(page.browser, SECONDS).until(lambda opened: opened.current_url == url)
    page.open()
    assert page.call("auth", "GET", "/auth/me")[0] == 200
