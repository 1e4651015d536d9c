"""Texts in URLs, forms, headers and cookies: encoded on the wire, decoded in here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

MAX_FIELDS = 1000
"""More fields than a form has, and fewer than would keep a processor busy."""

_RESERVED = ":/?[]@!$'()*;"
"""The reserved characters (RFC 3986 section 2.2) that mean nothing inside of a query's value."""

Sent = Mapping[str, Sequence[str]]
"""The texts sent under each name, still encoded."""


class Unreadable(ValueError):
    """A text that has no value; the message says why, and does not hold the text."""


class Unwritable(ValueError):
    """A value that has no text; the message says why, and does not hold the value."""


@dataclass(frozen=True)
class Coding:
    """How a text is put where it goes, and taken out of there.

    :param decode: raises `Unreadable`.
    :param encode: raises `Unwritable`.
    """

    decode: Callable[[str], str]
    encode: Callable[[str], str]


def _checked(text: str) -> str:
    if "\0" in text:
        raise Unreadable("holds a NUL")
    return text


def percent_decoded(text: str) -> str:
    """Return the text of a percent-encoded one.

    :raises Unreadable: if it is not UTF-8, or holds a NUL.
    """
    if "%" not in text and text.isascii():
        return _checked(text)
    try:
        return _checked(unquote_to_bytes(text.encode("latin-1")).decode())
    except UnicodeError:
        raise Unreadable("is not UTF-8") from None


def form_decoded(text: str) -> str:
    """Return the text of a value in a query or a form, where a plus is a space (WHATWG URL section 5.1).

    :raises Unreadable: if it is not UTF-8, or holds a NUL.
    """
    return percent_decoded(text.replace("+", " "))


def _sendable(text: str) -> str:
    if "\0" in text:
        raise Unwritable("holds a NUL")
    return text


def percent_encoded(text: str) -> str:
    """Return `text` with all but letters, digits and ``-._~`` encoded.

    :raises Unwritable: if it holds a NUL or half a surrogate pair.
    """
    return _quoted(text, "")


def _reserved_kept(text: str) -> str:
    return _quoted(text, _RESERVED)


def _quoted(text: str, safe: str) -> str:
    try:
        return quote(_sendable(text), safe=safe)
    except UnicodeEncodeError:
        raise Unwritable("is no text that can be sent") from None


def _dots_encoded(text: str) -> str:
    return percent_encoded(text).replace(".", "%2E")


def _header_decoded(text: str) -> str:
    # WSGI hands the bytes of a header over as latin-1 (PEP 3333).
    try:
        return _checked(text.encode("latin-1").decode().strip(" \t"))
    except UnicodeError:
        raise Unreadable("is not UTF-8") from None


def _header_encoded(text: str) -> str:
    if text != text.strip(" \t") or any(ord(one) < 32 or ord(one) == 127 for one in text):
        raise Unwritable("holds control characters, or spaces around it, which no header can carry")
    try:
        return text.encode().decode("latin-1")
    except UnicodeEncodeError:
        raise Unwritable("is no text that can be sent") from None


PATH = Coding(percent_decoded, percent_encoded)
LABEL = Coding(percent_decoded, _dots_encoded)
QUERY = Coding(form_decoded, percent_encoded)
RESERVED_QUERY = Coding(form_decoded, _reserved_kept)
COOKIE = Coding(percent_decoded, percent_encoded)
HEADER = Coding(_header_decoded, _header_encoded)
"""UTF-8, of which a WSGI server and httpx see the bytes as latin-1; RFC 9110 section 5.5 leaves it open."""


def query_texts(query: str) -> dict[str, list[str]]:
    """Return what a query, or a form in a body, sends under each name.

    :raises Unreadable: if a name in it is not UTF-8 or holds a NUL, or it has more than `MAX_FIELDS`.
    """
    found: dict[str, list[str]] = {}
    pairs = query.split("&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise Unreadable(f"has more than {MAX_FIELDS} fields")
    for pair in pairs:
        if pair:
            name, _, text = pair.partition("=")
            found.setdefault(form_decoded(name), []).append(text)
    return found


def cookie_texts(header: str) -> dict[str, list[str]]:
    """Return what a Cookie header sends under each name (RFC 6265 section 4.2.1)."""
    found: dict[str, list[str]] = {}
    for pair in header.split(";"):
        name, is_pair, text = pair.strip(" \t").partition("=")
        if is_pair:
            text = text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
            found.setdefault(name, []).append(text)
    return found
