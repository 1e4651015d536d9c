"""Bodies as they come in: bounded, and with a clear problem where they stop coming."""

import io
from typing import BinaryIO, cast

from werkzeug import Request

from libs.errors import BodyTooLarge, RequestTimeout

CHUNK = 64 * 1024


class BodyStream(io.RawIOBase):
    """The bytes of a request's body; a handler reads them as they arrive.

    It ends where Content-Length says, or where the server ends a body in chunks.

    :raises BodyTooLarge: if it is longer than the request's `max_content_length`; a body in chunks is known
        to be so only when it is read.
    :raises RequestTimeout: from a read, if the client has left, or has said nothing for too long.
    """

    def __init__(self, request: Request) -> None:
        environ = request.environ
        self._source = cast(BinaryIO, environ["wsgi.input"])
        self._most = request.max_content_length
        length = environ.get("CONTENT_LENGTH", "")
        self._left: int | None = int(length) if length.isdecimal() and length.isascii() else None
        if self._left is None and not environ.get("wsgi.input_terminated"):
            self._left = 0  # where it ends nobody says
        self._taken = 0
        if self._most is not None and (self._left or 0) > self._most:
            raise BodyTooLarge

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        data = self._read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readall(self) -> bytes:
        if self._left is None:
            return b"".join(iter(lambda: self._read(CHUNK), b""))
        data = self._read(self._left)  # most bodies come at once
        return data if not self._left else data + b"".join(iter(lambda: self._read(CHUNK), b""))

    def _read(self, size: int) -> bytes:
        if self._left is not None:
            size = min(size, self._left)
        if not size:
            return b""
        try:
            data = self._source.read(size)
        except (OSError, ValueError):  # silence, a reset, or a length of a chunk that is none
            raise RequestTimeout("The body did not arrive in time.") from None
        self._taken += len(data)
        if self._left is not None:
            self._left -= len(data)
            if not data:
                raise RequestTimeout("The body did not arrive in time.")
        elif self._most is not None and self._taken > self._most:
            raise BodyTooLarge
        return data


def is_empty(request: Request) -> bool:
    """Tell whether a request says that it has no body (RFC 9112 section 6.3)."""
    environ = request.environ
    return environ.get("CONTENT_LENGTH", "") in ("", "0") and "HTTP_TRANSFER_ENCODING" not in environ
