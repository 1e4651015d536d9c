"""How somebody comes to an account: signed up, confirmed where the deployment wants that, logged in."""

import os
import re
from typing import Any
from uuid import uuid4

import httpx
import pytest

from testaccept.mails import mails_to
from testaccept.patience import eventually

ADDRESS = "testaccept-{id}@example.com"
"""Nobody has such an address; example.com receives no mail (RFC 2606)."""
MAIL_SECONDS = 120
"""How long a mail may take."""
_LINK = re.compile(r"https?://\S+/auth/email/verify\?token=([\w-]+)")


def new_email() -> str:
    """An address that has not signed up, as TESTACCEPT_ADDRESS says."""
    pattern = os.environ.get("TESTACCEPT_ADDRESS", "") or ADDRESS
    if pattern.count("{id}") != 1 or "@" not in pattern:
        pytest.fail(f"TESTACCEPT_ADDRESS is no address with {{id}} in it once, as {ADDRESS}.", pytrace=False)
    # uuid4 reads the operating system's randomness: pytest-randomly seeds `random` alike for every test.
    return pattern.replace("{id}", uuid4().hex)


def sign_up(auth: httpx.Client, email: str, password: str, **more: str) -> bool:
    """Make an account that can be logged in to; whether its address had to be confirmed for that."""
    answer = auth.post("/auth/signup", json={"email": email, "password": password, **more})
    if answer.status_code == 429:
        pytest.fail(
            f"Too many have signed up from here (Retry-After: {answer.headers['Retry-After']} s): set "
            "TESTACCEPT_KEY to what `acceptance_key` of auth is there (testaccept/README.md).",
            pytrace=False,
        )
    assert answer.status_code in {201, 202}, answer.text
    if answer.status_code == 201:
        return False
    confirm(auth, email)
    return True


def confirm(auth: httpx.Client, email: str) -> None:
    """Open the link that was mailed to an address, and press the button of its page."""

    def mailed() -> str:
        found = _LINK.findall(mails_to(email))
        assert found, f"no mail to {email} has a link to confirm it"
        return str(found[-1])

    token = eventually(mailed, seconds=MAIL_SECONDS)
    page = auth.get("/auth/email/verify", params={"token": token})
    assert page.status_code == 200, page.text
    confirmed = auth.post("/auth/email/verify/form", data={"token": token})
    assert confirmed.status_code == 200, confirmed.text


def log_in(auth: httpx.Client, email: str, password: str) -> dict[str, Any]:
    """Log in; the tokens."""
    answer = auth.post("/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens
