"""Answers that do not say which server they come from."""

from gunicorn.http import wsgi


class AnonymousResponse(wsgi.Response):  # type: ignore[misc]
    """gunicorn's way to write an answer, without its header Server (RFC 9110 section 10.2.4)."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


def answer_anonymously() -> None:
    """Have this process leave the header out: gunicorn has no setting for it."""
    wsgi.Response = AnonymousResponse
