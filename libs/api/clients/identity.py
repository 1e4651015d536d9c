"""Who calls, and on whose behalf: what goes with every call."""

from collections.abc import Sequence

import httpx

from libs.api.clients.documents import Send
from libs.errors import current_languages, current_request_id, current_trace
from libs.jwt import current_caller, token_for_call, token_refused


def headers_of_call(accept: str, given: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """Return the headers of a call: the request's id and trace, and what is wanted as an answer.

    That is in the languages of the user, who may be told what the service that is called says of a failure.

    :param accept: the media types of the answer.
    :param given: headers the call has already.
    """
    headers = [("Accept", accept), ("Accept-Encoding", "identity"), ("User-Agent", "polymacaron")]
    if request_id := current_request_id():
        headers.append(("X-Request-ID", request_id))
    languages = current_languages()
    if languages and not any(name.lower() == "accept-language" for name, _ in given):
        headers.append(("Accept-Language", languages))
    return [*headers, *current_trace().items()]


def token_to_send(api: str, *, ours: bool) -> str | None:
    """Return the token of the present caller, for a service of this repository; nobody else's may see it.

    In a task it is one to act for them with (`token_for_call`).

    :raises Forbidden: if the running service may not act for the caller there.
    :raises ServiceUnavailable: if no such token is to be had.
    """
    return token_for_call(api) if ours else None


def forget_token(headers: Sequence[tuple[str, str]]) -> None:
    """Have no call send a token any more that was made to act for the caller, and refused.

    Who ends all sessions of a user ends what was made for a task, too, and the task goes on with the next.

    :param headers: those of the call.
    """
    for name, value in headers:
        if name == "Authorization":
            token_refused(value.removeprefix("Bearer "))


def with_next_token(api: str, headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]] | None:
    """Return the headers of a call with the token that `token_to_send` now gives; None if that is the same.

    It is where the caller came with it, or where none was sent.

    :raises Forbidden, ServiceUnavailable: as `token_to_send`.
    """
    sent = [value for name, value in headers if name == "Authorization"]
    token = token_for_call(api) if sent else None
    if token is None or sent == [f"Bearer {token}"]:
        return None
    others = [(name, value) for name, value in headers if name != "Authorization"]
    return [*others, ("Authorization", f"Bearer {token}")]


def add_auth(request: httpx.Request, send: Send) -> httpx.Response:
    """Send the present caller's token with an operation whose contract does not ask for one::

        x-decorate-request: libs.api.add_auth

    Where the contract has `security`, that is done without it; a token that is sent anyway stays. A task has
    none to send: nobody acts for users at services that are not said to ask for it.
    """
    caller = current_caller()
    if caller and caller.token and "Authorization" not in request.headers:
        request.headers["Authorization"] = f"Bearer {caller.token}"
    return send(request)
