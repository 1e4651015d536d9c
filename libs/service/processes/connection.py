"""A connection whose request is read before a thread is given to it."""

from collections.abc import Callable
from typing import Any

from gunicorn.workers.gthread import TConn

HEAD_BYTES = 65536
"""A request whose first line and headers are longer is refused."""


class Connection(TConn):  # type: ignore[misc]
    """One that is read, and closed, without waiting for its client.

    :param linger: closes it when its client has, or soon.
    """

    def __init__(self, linger: Callable[["Connection"], None], *args: Any) -> None:
        super().__init__(*args)
        self._linger = linger
        self.head = b""
        """What has come of the next request and was given to no thread."""
        self.waits_since = 0.0
        self.drained = 0

    @property
    def asked(self) -> bool:
        """Whether a whole header is there, so that no thread has to wait for a client's words."""
        return b"\r\n\r\n" in self.head

    @property
    def is_endless(self) -> bool:
        """Whether so much has come without an end that no more of it is taken."""
        return len(self.head) >= HEAD_BYTES and not self.asked

    def read(self) -> bool:
        """Take what there is, and return whether the client is still there."""
        try:
            data = self.sock.recv(HEAD_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self.head += data
        return bool(data)

    def read_ahead(self) -> None:
        """Take back what gunicorn has read beyond the last request."""
        if self.parser is not None:
            self.head += self.parser.unreader.take_buffered()

    def init(self) -> None:
        """Have gunicorn's parser begin with what has come already."""
        super().init()
        if self.head:
            self.parser.unreader.unread(self.head)
            self.head = b""

    def close(self, graceful: bool = False) -> None:
        if graceful:
            self._linger(self)
        else:
            super().close()
