"""Who calls, and on whose behalf: what goes with every call."""

import httpx

from libs.api.clients.documents import Send
from libs.errors import current_request_id, current_trace
from libs.jwt import current_caller


def headers_of_call(accept: str) -> list[tuple[str, str]]:
    """Return the headers of a call: the request's id and trace, and what is wanted as an answer.

    :param accept: the media types of the answer.
    """
    headers = [("Accept", accept), ("Accept-Encoding", "identity"), ("User-Agent", "polymacaron")]
    if request_id := current_request_id():
        headers.append(("X-Request-ID", request_id))
    return [*headers, *current_trace().items()]


def token_to_send(*, ours: bool) -> str | None:
    """Return the token of the present caller, for a service of this repository; nobody else's may see it."""
    caller = current_caller()
    return caller.token if ours and caller else None


def add_auth(request: httpx.Request, send: Send) -> httpx.Response:
    """Send the present caller's token with an operation whose contract does not ask for one::

        x-decorate-request: libs.api.add_auth

    Where the contract has `security`, that is done without it; a token that is sent anyway stays.
    """
    caller = current_caller()
    if caller and caller.token and "Authorization" not in request.headers:
        request.headers["Authorization"] = f"Bearer {caller.token}"
    return send(request)
