"""Where a request comes from, behind none, one or more proxies."""

import pytest
from flask import Flask

from libs.service.web.client import TRUSTED_PROXIES, ClientAddress, client_address


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "told"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", "203.0.113.66, 198.51.100.7", "198.51.100.7"),
        (2, "10.0.0.1", "203.0.113.66, 198.51.100.7 , 10.0.0.2", "198.51.100.7"),
        (1, "10.0.0.1", "2001:DB8::1", "2001:db8::1"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (2, "10.0.0.1", "198.51.100.7", "10.0.0.1"),
        (1, "10.0.0.1", "unknown", "10.0.0.1"),
        (1, "10.0.0.1", "<script>", "10.0.0.1"),
        (1, "10.0.0.1", "198.51.100.7:51234", "198.51.100.7"),
        (1, "10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        (1, "10.0.0.1", "[2001:db8::1]", "2001:db8::1"),
        (1, "10.0.0.1", "2001:db8::1:443", "2001:db8::1:443"),
        (1, "10.0.0.1", "fe80::1%<b>xxx", "10.0.0.1"),
        (1, "10.0.0.1", "[fe80::1%<b>]:1", "10.0.0.1"),
        (1, "10.0.0.1", "198.51.100.7:51234:1", "10.0.0.1"),
        (1, "10.0.0.1", "[198.51.100.7", "10.0.0.1"),
    ],
)
def test_the_first_proxy_that_is_trusted_tells(
    proxies: int, peer: str, forwarded: str | None, told: str
) -> None:
    app = Flask("test")
    app.config[TRUSTED_PROXIES] = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded is not None else {}
    with app.test_request_context(headers=headers, environ_overrides={"REMOTE_ADDR": peer}):
        assert client_address() == ClientAddress(told)


def test_outside_a_request_there_is_none() -> None:
    assert client_address() == ""
