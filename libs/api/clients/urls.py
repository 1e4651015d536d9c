"""Addresses of services."""

import re

import httpx

_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_LARGEST_PORT = 65535


def is_service_url(url: str) -> bool:
    """Tell whether a text is an address: http or https, without credentials, query and fragment."""
    if not _URL.fullmatch(url):
        return False
    try:
        address = httpx.URL(url)
        # As looking it up does: no label is empty or too long.
        address.raw_host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, UnicodeError):
        return False
    return bool(address.host) and (address.port is None or 0 < address.port <= _LARGEST_PORT)
