"""The page at /docs in a real browser: log in, call an operation, see the answer."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium.common import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait

from testaccept.browser import open_browser
from testaccept.deployment import SERVICES, User, connect_to, open_client, service_url

SECONDS = 30
"""How long the page may take to show what is waited for."""


class Docs:
    """The page of one service, and what a person does there."""

    def __init__(self, browser: Chrome, service: str) -> None:
        self.browser = browser
        self.said()  # what earlier tests left there is gone then
        browser.get(f"{service_url(service)}/docs")
        self.wait_for_title(service)

    def wait(self, until: Callable[[], Any]) -> Any:
        waiting = WebDriverWait(self.browser, SECONDS, ignored_exceptions=[StaleElementReferenceException])
        return waiting.until(lambda _: until())

    def one(self, css: str, within: WebElement | None = None) -> WebElement:
        """The first shown element, waited for."""
        found: WebElement = self.wait(
            lambda: next(
                (e for e in (within or self.browser).find_elements(By.CSS_SELECTOR, css) if e.is_displayed()),
                None,
            )
        )
        return found

    def wait_for_title(self, service: str) -> None:
        self.wait(lambda: service in self.one(".info .title").text.lower())

    def press(self, css: str) -> None:
        button = self.one(css)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
        button.click()

    def choose(self, service: str) -> None:
        Select(self.one("#service")).select_by_visible_text(service)
        self.wait_for_title(service)

    def log_in(self, email: str, password: str) -> None:
        self.press(".auth-wrapper .authorize")
        self.one(".log-in input[name=email]").send_keys(email)
        self.one(".log-in input[name=password]").send_keys(password)
        self.press(".log-in button")

    def execute(self, operation_id: str) -> tuple[str, str]:
        """Open an operation, press Execute, and return the status and the body that are shown."""
        block = f"[id$='-{operation_id}']"
        if "is-open" not in (self.one(block).get_attribute("class") or "").split():
            self.press(f"{block} .opblock-summary-control")
        if self.browser.find_elements(By.CSS_SELECTOR, f"{block} .btn-clear"):
            self.press(
                f"{block} .btn-clear"
            )  # or the answer of the time before would be taken for this one's
        self.press(f"{block} .execute")
        answer = self.one(f"{block} .live-responses-table tbody")
        status = self.one(".response-col_status", answer).text.split()[0]
        return status, self.one(".highlight-code code", answer).text

    def fill(self, parameter: str, text: str) -> None:
        field = self.one(f"tr[data-param-name='{parameter}'] input[type=text]")
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def said(self) -> list[dict[str, Any]]:
        """What the browser has logged since it was asked the last time."""
        log: list[dict[str, Any]] = self.browser.get_log("browser")  # type: ignore[no-untyped-call]
        return log

    def complaints(self) -> list[str]:
        """What the browser complained of: errors of the page, and what its policy forbade. Not of a 401."""
        told = [one["message"] for one in self.said() if one["level"] == "SEVERE"]
        return [one for one in told if "Failed to load resource: the server responded" not in one]


@pytest.fixture(scope="module", autouse=True)
def _over_tls() -> None:
    """What is deployed lets pages of https:// alone call it (docs/settings.md)."""
    if any(connect_to(service) and service_url(service).startswith("http:") for service in SERVICES):
        pytest.skip("a stage without TLS: its services let no pages of http:// call them")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """One for all tests here; what one test logged in with is gone when the next opens its page."""
    with open_browser(tmp_path_factory.mktemp("browser")) as opened:
        yield opened


def test_log_in_and_call_this_service_and_another_one(browser: Chrome, user: User) -> None:
    assert user.todos.post("/todos", json={"title": "Seen in the browser"}).status_code == 201
    docs = Docs(browser, "auth")
    docs.log_in(user.email, user.password)
    docs.wait(lambda: docs.one("#user").text == f"Logged in as {user.email}")

    status, body = docs.execute("get_version_as_caller")
    assert (status, json.loads(body)["caller"]) == ("200", user.user_id)

    docs.choose("todos")
    status, body = docs.execute("list_todos")
    assert status == "200"
    assert [todo["title"] for todo in json.loads(body)["items"]] == ["Seen in the browser"]

    docs.fill("where", json.dumps({"title": {"$startswith": "Nothing"}}))
    status, body = docs.execute("list_todos")
    assert (status, json.loads(body)["items"]) == ("200", [])
    assert docs.complaints() == []


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_the_page_and_the_menu(browser: Chrome, service: str) -> None:
    docs = Docs(browser, service)
    menu = Select(docs.one("#service"))
    assert [option.text for option in menu.options] == list(SERVICES)
    assert menu.first_selected_option.text == service
    assert docs.execute("ping")[0] == "200"
    assert docs.complaints() == []


def test_without_a_token_the_answer_is_shown_too(browser: Chrome) -> None:
    docs = Docs(browser, "auth")
    docs.choose("profiles")
    status, body = docs.execute("get_version_as_caller")
    assert (status, json.loads(body)["code"]) == ("401", "AUTHORIZATION_HEADER_MISSING")


def test_a_wrong_password_is_told_and_opens_nothing(browser: Chrome, user: User) -> None:
    docs = Docs(browser, "todos")
    docs.log_in(user.email, "a wrong password")
    docs.wait(lambda: "password" in docs.one(".log-in [role=alert]").text.lower())
    assert docs.browser.find_element(By.ID, "user").text == ""


def test_the_token_is_gone_with_the_page_and_when_logged_out(browser: Chrome, user: User) -> None:
    docs = Docs(browser, "auth")
    docs.log_in(user.email, user.password)
    docs.wait(lambda: docs.one("#user").text)
    kept = "return [Object.keys(localStorage), Object.keys(sessionStorage), document.cookie]"
    assert browser.execute_script(kept) == [[], [], ""]
    docs.press(".auth-wrapper .authorize")
    docs.press(".auth-container .auth")
    docs.wait(lambda: browser.find_element(By.ID, "user").text == "")
    docs.press(".auth-container .btn-done")
    assert docs.execute("get_version_as_caller")[0] == "401"
    browser.refresh()
    docs.wait_for_title("auth")
    assert docs.execute("get_version_as_caller")[0] == "401"


@pytest.mark.parametrize("service", SERVICES)
def test_pages_of_every_other_service_may_call(service: str) -> None:
    for other in SERVICES:
        origin = service_url(other)
        preflight = {
            "Origin": origin,
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization",
        }
        with open_client(service) as client:
            answer = client.options("/auth/version", headers=preflight)
            foreign = client.get("/ping", headers={"Origin": "http://evil.example"})
        assert answer.status_code == 204
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Access-Control-Allow-Origin" not in foreign.headers
