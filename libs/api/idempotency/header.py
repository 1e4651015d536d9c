"""The header Idempotency-Key: what may stand there.

draft-ietf-httpapi-idempotency-key-header-07 has it be a String of RFC 8941, in double quotes; most clients,
and those that know Stripe, send the text alone. Both are taken, and are the same key.
"""

import re

from libs.api.schema import JSON
from libs.errors import Fault

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
"""Characters."""

# All that is visible in ASCII. Without quotes a comma is not, for it is what WSGI joins two headers by.
_BARE = rf"[!#-+\--~]{{1,{LONGEST_KEY}}}"
_QUOTED = rf'"(?:[!#-\[\]-~]|\\["\\]){{1,{LONGEST_KEY}}}"'
PATTERN = f"^(?:{_BARE}|{_QUOTED})$"
"""What a key looks like, for the document."""

_KEY = re.compile(f"{_BARE}|{_QUOTED}")
_ESCAPED = re.compile(r'\\(["\\])')
_TOLD = (
    f"is no key: send 1 to {LONGEST_KEY} visible ASCII characters without commas and quotes, such as a UUID, "
    "or all of it in double quotes"
)


def read_key(sent: str) -> str | None:
    """Return the key that a header holds; None if it holds none, or more than one."""
    text = sent.strip(" \t")
    if _KEY.fullmatch(text) is None:
        return None
    return _ESCAPED.sub(r"\1", text[1:-1]) if text[0] == '"' else text


def wrong_key() -> Fault:
    """Return what is wrong where there is no key to be read."""
    return Fault(_TOLD, parameter=HEADER)


def missing_key() -> Fault:
    """Return what is wrong where nothing was sent, and has to be."""
    return Fault("is required: send a key of your own, such as a UUID", parameter=HEADER)


def key_parameter(*, required: bool) -> JSON:
    """Return the Parameter Object that tells of the header."""
    return {
        "name": HEADER,
        "in": "header",
        "required": required,
        "description": (
            "A name of your own for this request, such as a UUID: sent again with it within 24 hours, it is "
            "not done again and has the same answer, with `Idempotency-Replayed: true`. While the first is "
            "being done, that is a 409 `IDEMPOTENCY_KEY_IN_USE` with `Retry-After`; with another path, "
            "query, header or body a 422 `IDEMPOTENCY_KEY_REUSED`."
        ),
        "schema": {"type": "string", "pattern": PATTERN},
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    }
