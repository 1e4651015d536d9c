"""A service that is not auth, in its own name, against the real auth."""

from collections.abc import Callable

import pytest

from libs.api import InProcess
from libs.errors import ServiceUnavailable
from libs.jwt import TokenVerifier
from libs.jwt.service_account import ServiceAccount
from libs.service import Running
from libs.service.testing import ISSUER


@pytest.fixture
def account(running: Running) -> Callable[..., ServiceAccount]:
    def made(client_id: str, secret: str) -> ServiceAccount:
        return ServiceAccount(
            f"{ISSUER}/auth/token", client_id, secret, transport=InProcess(running.web_app())
        )

    return made


def test_an_account_gets_tokens_that_other_services_take(
    account: Callable[..., ServiceAccount], register: Callable[..., tuple[str, str]], running: Running
) -> None:
    client_id, secret = register()
    token = account(client_id, secret).token(["todos"], ["todos:read"])
    caller = TokenVerifier(running.keys, issuer=ISSUER, audience="todos").verify(token)
    assert (caller.subject, caller.scopes) == (f"service:{client_id}", {"todos:read"})


def test_an_account_that_is_not_known_or_asks_for_too_much_gets_none(
    account: Callable[..., ServiceAccount], register: Callable[..., tuple[str, str]]
) -> None:
    client_id, secret = register()
    with pytest.raises(ServiceUnavailable):
        account(client_id, "x" * 43).token(["todos"])
    with pytest.raises(ServiceUnavailable):
        account(client_id, secret).token(["auth"])
