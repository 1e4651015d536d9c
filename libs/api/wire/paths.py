"""Paths: percent-encoded on the wire, segments of text in here.

A key may be any text, ``a/b`` and ``..`` included, so a path is cut at its slashes first and decoded then
(RFC 3986 section 2.4). WSGI does it the other way round: in PATH_INFO ``%2F`` and ``/`` are the same.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from libs.errors import NotFound

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_SEGMENT_CHARACTERS = "!$&'()*+,;=:@"
"""What stands for itself in a segment beside letters, digits and ``-._~`` (RFC 3986 section 3.3)."""

_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_PLAIN = re.compile(r"/[A-Za-z0-9._~/-]*")
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


def sent_path(environ: "WSGIEnvironment") -> str:
    """Return the path of a request as it was sent: percent-encoded, without host and query.

    gunicorn and werkzeug keep the target of the request in RAW_URI (``/a%2Fb?c`` or ``http://host/a%2Fb``).
    Where it is not there, or something has changed PATH_INFO since, PATH_INFO is encoded.
    """
    target: str = environ.get("RAW_URI", "")
    if _PLAIN.fullmatch(target) and target == environ.get("PATH_INFO") and not environ.get("SCRIPT_NAME"):
        return target  # nothing in it is encoded, or has to be
    origin = _ORIGIN.match(target)
    sent = re.split("[?#]", target[origin.end() :] if origin else target, maxsplit=1)[0]
    sent = sent.removeprefix(environ.get("SCRIPT_NAME", ""))
    decoded: bytes = environ.get("PATH_INFO", "").encode("latin-1")
    # werkzeug's test client has put U+FFFD into PATH_INFO for what is not UTF-8.
    if unquote_to_bytes(sent.encode("latin-1")).decode(errors="replace") != decoded.decode(errors="replace"):
        return quote(decoded, safe="/" + _SEGMENT_CHARACTERS) or "/"
    # What may not stand in a URI is encoded, for logs; a server lets none of it through.
    return quote(sent.encode("latin-1"), safe="/%" + _SEGMENT_CHARACTERS) or "/"


def path_segments(path: str) -> tuple[str, ...]:
    """Return the texts between the slashes of a percent-encoded path: ``/a%2Fb/c`` is ``("a/b", "c")``.

    :raises NotFound: for what is not UTF-8 in percent-encoding, for a NUL, for an empty segment, and for
        ``.`` and ``..``, which mean another path (RFC 3986 section 5.2.4) where they are not encoded.
    """
    sent = path[1:].split("/") if path != "/" else []
    segments = tuple(sent) if "%" not in path else _decoded(path, sent)
    if "\0" in "".join(segments):
        raise NotFound("There is a NUL in the path.")
    if not path.startswith("/") or not {"", ".", ".."}.isdisjoint(sent):
        raise NotFound
    return segments


def _decoded(path: str, sent: list[str]) -> tuple[str, ...]:
    if _NO_ESCAPE.search(path):
        raise NotFound("A % in the path is not followed by two hexadecimal digits.")
    try:
        return tuple(unquote_to_bytes(one).decode() for one in sent)
    except UnicodeDecodeError:
        raise NotFound("The path is not UTF-8.") from None


def path_segment(value: object) -> str:
    """Return `value` as one segment of a path; the inverse of `path_segments`.

    ``.`` and ``..`` are encoded, for they would mean another path. Browsers take ``%2E%2E`` for ``..``
    nevertheless (WHATWG URL standard): no key they are to reach may be one of the two.
    """
    text = quote(str(value), safe="")
    return text.replace(".", "%2E") if text in (".", "..") else text


def expand_path(path: str, texts: Mapping[str, str]) -> str:
    """Return a contract's path with its placeholders filled in.

    :param texts: percent-encoded, by the placeholders' names.
    """
    # At once, for a text may look like a placeholder.
    return re.sub(r"{([^{}/]+)}", lambda found: texts[found[1]], path)
