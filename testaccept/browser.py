"""A headless Chromium, driven by Selenium: for what only a browser can tell."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

from testaccept.deployment import SERVICES, connect_to, service_url

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)


def _led() -> list[str]:
    """What has the browser connect to where the services under test are, if not where their URLs say."""
    rules = [
        f"MAP {urlsplit(service_url(service)).netloc} {address}"  # a port, too, where the URL has one
        for service in SERVICES
        if (address := connect_to(service))
    ]
    return [f"--host-resolver-rules={', '.join(rules)}"] if rules else []


@contextmanager
def open_browser(profile: Path) -> Iterator[Chrome]:
    """Open a Chromium of the machine's own for the length of a with-block.

    Skips the test where there is none, unless TESTACCEPT_BROWSER is `required`. Nothing is downloaded.

    :param profile: an empty folder for what it remembers.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        told = "no chromium with its chromedriver here (Debian: apt install chromium chromium-driver)"
        if os.environ.get("TESTACCEPT_BROWSER") == "required":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, *_led(), f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = Chrome(options, ChromeService(driver))
    try:
        yield browser
    finally:
        browser.quit()
