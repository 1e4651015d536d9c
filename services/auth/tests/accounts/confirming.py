"""Logging in, and opening the mailed link, where addresses have to be confirmed."""

from collections.abc import Callable
from typing import Any

PASSWORD = "correct horse battery"
OTHER = "another horse battery"
GOOD = (204, None)
INVALID = (422, "LINK_INVALID")
Post = Callable[..., Any]
Work = Callable[[], list[str]]


def log_in(post: Post, address: str, password: str = PASSWORD) -> tuple[int, str | None]:
    answer = post("/auth/login", {"email": address, "password": password})
    return answer.status_code, answer.get_json().get("code")


def verify(post: Post, token: str) -> tuple[int, str | None]:
    answer = post("/auth/email/verify", {"token": token})
    return answer.status_code, answer.get_json()["code"] if answer.data else None
