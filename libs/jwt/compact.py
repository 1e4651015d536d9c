"""The compact form of a token, read strictly: RFC 7515 section 7.1, RFC 8725 section 3."""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any, NoReturn

MAX_TOKEN_LENGTH = 4096
"""In characters; one with fifty scopes has about 1,500."""
_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_FORBIDDEN_MEMBERS = frozenset({"crit", "b64", "zip", "enc", "cty", "jku", "jwk", "x5u", "x5c"})
"""What would change how the token is read, or bring or name a key of its own."""
_MOST_DIGITS = 16


class MalformedTokenError(ValueError):
    """Not a token that any service of ours would have made. The message never quotes it."""


@dataclass(frozen=True)
class UnverifiedToken:
    """What a token says, before anybody knows whether it is true."""

    header: dict[str, Any]
    claims: dict[str, Any]


def read_token(token: str) -> UnverifiedToken:
    """Take a token apart.

    There is one spelling only: three parts without padding or white space, whose last bits are zero; no
    member twice, no number that no clock can show.

    :raises MalformedTokenError: for anything else.
    """
    if len(token) > MAX_TOKEN_LENGTH or not _FORM.fullmatch(token):
        raise MalformedTokenError("not three base64url parts of a sensible length")
    header, claims, signature = token.split(".")
    _decoded(signature)
    read = UnverifiedToken(_object(header), _object(claims))
    if _FORBIDDEN_MEMBERS & read.header.keys():
        raise MalformedTokenError("a header with members that no token of ours has")
    return read


def _decoded(part: str) -> bytes:
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        raise MalformedTokenError("not base64url") from None
    if base64.urlsafe_b64encode(content).rstrip(b"=").decode() != part:
        raise MalformedTokenError("not the one spelling of its bytes")
    return content


def _object(part: str) -> dict[str, Any]:
    try:
        read = json.loads(
            _decoded(part).decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_int=_number,
            parse_constant=_no_number,
        )
    except MalformedTokenError:
        raise
    except (ValueError, RecursionError):
        raise MalformedTokenError("not JSON") from None
    if not isinstance(read, dict):
        raise MalformedTokenError("not a JSON object")
    return read


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise MalformedTokenError("a member that is there twice")
    return made


def _number(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise MalformedTokenError("a number that no clock can show")
    return int(digits)


def _no_number(name: str) -> NoReturn:
    raise MalformedTokenError("not a number of JSON")
