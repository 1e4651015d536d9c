"""Addresses of services."""

import re
from urllib.parse import urlsplit

import httpx

_HTTP_URL = re.compile(r"https?://\S+")
_SERVICE_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


def is_http_url(url: str) -> bool:
    """Tell whether a text is an http or https URL, with a host that can be looked up and a possible port."""
    if not _HTTP_URL.fullmatch(url):
        return False
    try:
        port = urlsplit(url).port  # which libraries of AWS and Sentry read it by
        address = httpx.URL(url)
        # As looking it up does: no label is empty or too long.
        address.raw_host.decode("ascii").encode("idna")
    except (httpx.InvalidURL, ValueError):
        return False
    return bool(address.host) and port != 0


def is_service_url(url: str) -> bool:
    """Tell whether a text is an address: http or https, without credentials, query and fragment."""
    return bool(_SERVICE_URL.fullmatch(url)) and is_http_url(url)
