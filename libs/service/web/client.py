"""Who a request comes from: the address of its client, and what its program says it is."""

import ipaddress
import re
from typing import TYPE_CHECKING

from flask import current_app, has_request_context, request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_WITH_PORT = re.compile(r"\[([^]]*)\](?::[0-9]{1,5})?|([0-9.]+):[0-9]{1,5}", re.ASCII)
TRUSTED_PROXIES = "POLYMACARON_TRUSTED_PROXIES"
"""The key of Flask's configuration that says how many proxies of ours each request has come through."""


class ClientAddress(str):
    """The IP address a request comes from; empty where there is no request, or no address."""

    __slots__ = ()


class UserAgent(str):
    """What the program that sent a request says it is (RFC 9110 section 10.1.5); empty if it says nothing."""

    __slots__ = ()


def user_agent() -> UserAgent:
    """Return what the program that sent the present request says it is."""
    return UserAgent(request.environ.get("HTTP_USER_AGENT", "") if has_request_context() else "")


def client_address() -> ClientAddress:
    """Return where the present request comes from.

    That is who has connected to us or, behind proxies of ours, to the first of them. Each adds whom it has
    seen to the end of X-Forwarded-For; what stands before those entries is the client's own invention.
    """
    if not has_request_context():
        return ClientAddress()
    return address_of(request.environ, current_app.config[TRUSTED_PROXIES])


def address_of(environ: "WSGIEnvironment", proxies: int) -> ClientAddress:
    """Return where a request comes from that has come through so many proxies of ours."""
    peer = environ.get("REMOTE_ADDR", "")
    seen = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    told = seen[-proxies].strip() if 0 < proxies <= len(seen) else peer
    return _address(told) or ClientAddress(peer)


def is_from_outside(forwarded: str, proxies: int) -> bool:
    """Tell whether a request has come through all proxies of ours, as those of clients do.

    Those of the proxies themselves, and of services beside them, have not. Where there are none nobody knows.

    :param forwarded: X-Forwarded-For, to which each has added an entry, and nobody could take one from.
    """
    return 0 < proxies <= sum(1 for one in forwarded.split(",") if one.strip())


def _address(told: str) -> ClientAddress | None:
    """Return the address of an entry, which some proxies add a port to (RFC 7239 section 6)."""
    if with_port := _WITH_PORT.fullmatch(told):
        told = with_port[1] or with_port[2]
    try:
        address = ipaddress.ip_address(told)
    except ValueError:
        return None
    # A zone (RFC 4007 section 11) is any text, and means something on one machine only.
    return None if getattr(address, "scope_id", None) else ClientAddress(address)
