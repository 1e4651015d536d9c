"""Which client asks (RFC 6749 section 2.3): by Basic, or by two fields of the form."""

import base64
import binascii
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any
from urllib.parse import unquote_plus

from werkzeug import Request

from libs.api import before_validation
from libs.errors import BadRequest, InvalidBody, Problem, UnsupportedMediaType
from services.auth.clients import OAuthClient, authenticated
from services.auth.oauth.errors import OAuthError, invalid_client

_basic: ContextVar[tuple[str, str] | None] = ContextVar("basic", default=None)


@before_validation
def as_oauth_says(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Decorate an operation so that it takes Basic, and refuses in the form that OAuth clients know."""

    @wraps(answer)
    def answered(request: Request) -> Any:
        try:
            with _presenting(request.headers.get("Authorization")):
                return answer(request)
        except OAuthError as refused:
            return refused.answer()
        except (BadRequest, InvalidBody, UnsupportedMediaType) as refused:
            return OAuthError("invalid_request", _told(refused)).answer()

    return answered


def client_of(client_id: str | None, client_secret: str | None) -> OAuthClient:
    """Return the client that asks.

    :param client_id: as the form says it, if it does; the other likewise.
    :raises OAuthError: invalid_client; invalid_request, if it says who it is in two ways.
    """
    presented = _basic.get()
    if presented is not None:
        if client_secret is not None or client_id not in (None, presented[0]):
            raise OAuthError("invalid_request", "The client says in two ways who it is.")
        client_id, client_secret = presented
    # Some libraries send a secret of no characters where there is none.
    client = authenticated(client_id or "", client_secret or None)
    if client is None:
        raise invalid_client()
    return client


@contextmanager
def _presenting(header: str | None) -> Iterator[None]:
    token = _basic.set(_read(header) if header is not None else None)
    try:
        yield
    finally:
        _basic.reset(token)


def _read(header: str) -> tuple[str, str]:
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise invalid_client() from None
    if scheme.lower() != "basic" or not colon:
        raise invalid_client()
    return unquote_plus(client_id), unquote_plus(secret)


def _told(problem: Problem) -> str:
    """Return what is wrong, in the characters that an error_description may have."""
    faults = [f"{one.parameter or (one.pointer or '')[1:]} {one.detail}".strip() for one in problem.errors]
    text = "; ".join(faults) or problem.detail or problem.title
    return "".join(one for one in text if " " <= one <= "~" and one not in '"\\')
