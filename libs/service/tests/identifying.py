"""Handlers and a task for test_identity_calls.py, which ask who calls in single words."""

import asyncio
import contextvars
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from libs.api import Result
from libs.jwt import (
    backend_token,
    generate_token,
    get_token_issuer,
    get_user_token,
    get_user_token_data,
    get_userid,
    load_auth_token,
)
from libs.service.testing import ISSUES
from libs.tasks import RequestUrl, accepted, asynctask


def known() -> dict[str, Any]:
    """Return what the calls tell of the caller."""
    data = get_user_token_data()
    told = {"userid": get_userid(), "token": get_user_token(), "sub": data.get("sub"), "jti": data.get("jti")}
    return {**told, "issuer": get_token_issuer(), "thread": threading.get_ident()}


def signed() -> dict[str, Any]:
    """Return who a token stands for that is made and read here, and who is the caller then."""
    data = {"colour": "blue"}
    token = generate_token("somebody", 60, data, audience=["probe"], scopes=["read"])
    caller = load_auth_token(token)
    read = {"subject": caller.subject, "scopes": sorted(caller.scopes), "colour": caller.claims["colour"]}
    return {**read, "data": data, "userid": get_userid()}


def elsewhere() -> dict[str, Any]:
    """Return who calls in a thread that this request starts, in an asyncio task, in a context of its own."""

    async def ask() -> list[str]:
        async def one() -> str:
            await asyncio.sleep(0)
            return get_userid()

        return await asyncio.gather(one(), one())

    with ThreadPoolExecutor(1) as pool:
        thread = pool.submit(known).result()
        refused = _refusal(pool.submit(signed).exception())
    return {
        "thread": thread["userid"],
        "thread_token": thread["token"],
        "thread_signs": refused,
        "asyncio": asyncio.run(ask()),
        "context": contextvars.Context().run(get_userid),
    }


def fail() -> None:
    """End as the service, and with an exception."""
    with backend_token(ISSUES, "probe", audience=["probe"]):
        raise RuntimeError("hunter2")


def stream() -> Result:
    """Answer who calls while the answer is sent, when the handler is over."""

    def lines() -> Iterator[bytes]:
        yield f"{get_userid()!r}\n".encode()

    return Result(lines(), media_type="text/plain")


@asynctask(attempts=1)
def look(url: RequestUrl) -> dict[str, Any]:
    """Return what the calls tell in a task."""
    return {**known(), "signed": signed(), "data": dict(get_user_token_data()), "url": url}


def start() -> Result:
    """Have the task run later."""
    return accepted(look())


def _refusal(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}"
