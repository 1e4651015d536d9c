"""Sending requests to a WSGI application without a server, a socket or a client in between."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from werkzeug.test import EnvironBuilder


class Answer:
    """What came back."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""

    def json(self) -> Any:
        """Return the body, read as JSON."""
        return orjson.loads(self.body)


@dataclass(frozen=True)
class Request:
    """A request to `app`, put together once and sent as often as wanted.

    :param query: of the URL, without the question mark and percent-encoded.
    :param body: what is sent as JSON.
    """

    app: Callable[..., Any]
    method: str
    path: str
    query: str = ""
    authorization: str | None = None
    body: Any = None

    def sender(self) -> Callable[[], Answer]:
        """Return the function that sends it."""
        data = b"" if self.body is None else orjson.dumps(self.body)
        made = EnvironBuilder(
            self.path,
            method=self.method,
            query_string=self.query,
            headers=[] if self.authorization is None else [("Authorization", self.authorization)],
            data=data,
            content_type=None if self.body is None else "application/json",
        ).get_environ()

        def send() -> Answer:
            answer = Answer()

            def start(status: str, headers: list[tuple[str, str]], *_: Any) -> None:
                answer.status, answer.headers = int(status[:3]), dict(headers)

            # Flask leaves things of its own in an environ: each request has a fresh one.
            chunks = self.app({**made, "wsgi.input": io.BytesIO(data)}, start)
            try:
                answer.body = b"".join(chunks)
            finally:
                if hasattr(chunks, "close"):
                    chunks.close()
            return answer

        return send
