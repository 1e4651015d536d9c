"""Answers compressed, where the client takes that and it pays.

Only whole answers of text are, of a kilobyte or more: a stream is sent as it is made. What a handler says
nobody may store (``Cache-Control: no-store``), and what sets cookies, is not: how long such an answer is
compressed would tell of the secret in it to whoever can put something else beside it (BREACH).
"""

import re
from collections import OrderedDict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.wsgi import ClosingIterator

from libs.service.protection.codings import CODINGS, preferred_coding
from libs.service.web.exchange import current_exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LEAST_BYTES = 1024
"""Smaller answers fit into one packet of the network as they are."""
_KEPT = 32
_KEPT_FROM_BYTES = 16 * 1024
_TEXT = re.compile(
    r"text/(?!event-stream)|image/svg\+xml|application/(?:[^;]*\+)?(?:json|xml|yaml|javascript)\b", re.I
)
_UNCHANGED = re.compile(r"\b(?:no-store|no-transform)\b", re.I)
_STRONG = re.compile(r'"[^"]*"')
_OURS = re.compile(rf';(?:{"|".join(CODINGS)})"')
_CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


class Compression:
    """WSGI middleware that compresses answers.

    A strong ETag names the bytes that are sent, so a compressed answer has one of its own (RFC 9110 section
    8.8.3.3): ``"1;gzip"`` for ``"1"``. Sent back, it is the same: If-Match is about what is stored. Not
    so in If-Range: the rest of other bytes is of no use to who has some of those.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app
        self._kept: OrderedDict[tuple[str, ...], bytes] = OrderedDict()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        known = environ.get("HTTP_IF_NONE_MATCH", "")
        for condition in _CONDITIONS:
            if condition in environ:
                environ[condition] = _OURS.sub('"', environ[condition])
        held: list[tuple[str, Headers, tuple[Any, ...]]] = []
        returned = False

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            if not (status.startswith("304") or _is_large(headers)):
                held.clear()
                return start_response(status, headers, *rest)
            found = Headers(headers)
            if status.startswith("304"):
                _tell_as_known(found, known)
            elif _may_be_compressed(status, found):
                _vary(found)
                if not returned:
                    held[:] = [(status, found, rest)]
                    return _write_nothing
            held.clear()
            return start_response(status, list(found), *rest)

        answer = self._app(environ, start)
        returned = True
        if not held:
            return answer
        status, headers, rest = held[0]
        coding = preferred_coding(environ.get("HTTP_ACCEPT_ENCODING", ""), int(headers["Content-Length"]))
        if coding is None:
            start_response(status, list(headers), *rest)
            return answer
        if environ["REQUEST_METHOD"] == "HEAD":
            del headers["Content-Length"]
            _encoded(headers, coding)
            start_response(status, list(headers), *rest)
            return answer
        body = b"".join(answer)
        compressed = self._compressed(environ, headers, coding, body)
        if len(compressed) < len(body):
            headers["Content-Length"] = str(len(compressed))
            _encoded(headers, coding)
            body = compressed
        start_response(status, list(headers), *rest)
        return ClosingIterator([body], getattr(answer, "close", None))

    def _compressed(self, environ: "WSGIEnvironment", headers: Headers, coding: str, body: bytes) -> bytes:
        """Compress a body, or return what it became the last time, if it is the same for everybody."""
        exchange = current_exchange(environ)
        shared = exchange is not None and exchange.caller is None and len(body) >= _KEPT_FROM_BYTES
        etag = headers.get("ETag", "")
        if not shared or not _STRONG.fullmatch(etag):
            return CODINGS[coding](body)
        target = (environ.get("PATH_INFO", ""), environ.get("QUERY_STRING", ""))
        key = (*target, headers.get("Content-Type", ""), etag, coding, str(len(body)))
        compressed = self._kept.get(key)
        if compressed is None:
            compressed = self._kept[key] = CODINGS[coding](body)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return compressed


def _is_large(headers: Iterable[tuple[str, str]]) -> bool:
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    return any(one.isdecimal() and int(one) >= LEAST_BYTES for one in lengths)


def _may_be_compressed(status: str, headers: Headers) -> bool:
    return (
        status[:3] != "206"
        and "Content-Encoding" not in headers
        and "Set-Cookie" not in headers
        and _TEXT.match(headers.get("Content-Type", "")) is not None
        and not any(_UNCHANGED.search(one) for one in headers.getlist("Cache-Control"))
    )


def _vary(headers: Headers) -> None:
    varying = [one for one in headers.getlist("Vary") if one]
    headers["Vary"] = ", ".join([*varying, "Accept-Encoding"])


def _encoded(headers: Headers, coding: str) -> None:
    headers["Content-Encoding"] = coding
    etag = headers.get("ETag", "")
    if _STRONG.fullmatch(etag):
        headers["ETag"] = f'{etag[:-1]};{coding}"'


def _tell_as_known(headers: Headers, known: str) -> None:
    """Give a 304 the ETag that the client knows, or its cache would not find what is still good."""
    etag = headers.get("ETag", "")
    _vary(headers)
    for coding in CODINGS:
        if _STRONG.fullmatch(etag) and f'{etag[:-1]};{coding}"' in known:
            headers["ETag"] = f'{etag[:-1]};{coding}"'
            return


def _write_nothing(data: bytes, /) -> object:
    raise RuntimeError("an application that writes its answer says no Content-Length")
