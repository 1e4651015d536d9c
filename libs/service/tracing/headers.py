"""Headers as one text: ``api-key=…,x-tenant=shop``, as OpenTelemetry's own settings have them."""

import re
from urllib.parse import unquote

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "content-type", "host", "transfer-encoding"}
)


def read_headers(text: str) -> dict[str, str]:
    """Read headers; their values are percent-encoded where they have commas.

    :raises ValueError: if it has none, or one that is none; it quotes nothing of the text.
    """
    headers: dict[str, str] = {}
    for one in text.split(","):
        name, equals, value = one.strip().partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not equals or not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError("Not headers, such as name=value,name2=value2.")
        if name in _OURS or name in headers:
            raise ValueError("Has a header twice, or one that is not to be set.")
        headers[name] = value
    return headers
