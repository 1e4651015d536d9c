"""Mails of tasks that were run twice, since their worker was killed after it had sent them."""

import email
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from libs.service import Running
from libs.tasks import Operation, Task
from services.auth.accounts import tasks

Post = Callable[..., Any]


@pytest.fixture
def user_id(sign_up: Post, address: str) -> str:
    return str(sign_up(address).get_json()["user_id"])


@pytest.fixture
def sent_twice(
    running: Running, address: str, mail_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[EmailMessage]]:
    """Have a task run twice, the first time to its end but for storing that; return the mails of both."""

    def run(task: Task, **arguments: str) -> list[EmailMessage]:
        assert running.tasks is not None
        with running.tasks.active():
            operation_id = task(**arguments).id
        for finish in (lambda *_, **__: False, Operation.finish):
            monkeypatch.setattr(Operation, "finish", finish)
            Operation(operation_id).update([Operation.status.set("queued"), Operation.not_before.set(0)])
            running.tasks.run(operation_id)
        assert Operation.get(operation_id).status == "succeeded"
        found = [
            email.message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=default)
            for file in sorted(mail_folder.glob("*.eml"))
        ]
        return [mail for mail in found if mail["To"] == address]

    return run


@pytest.mark.parametrize(
    "task", [tasks.send_signed_up_already, tasks.send_password_changed], ids=["signed up", "changed"]
)
def test_a_mail_without_a_link_is_the_same_mail_again_to_who_looks_for_duplicates(
    sent_twice: Callable[..., list[EmailMessage]], user_id: str, task: Task
) -> None:
    first, second = sent_twice(task, user_id=user_id)
    assert (first["Message-ID"], first.get_content()) == (second["Message-ID"], second.get_content())
    *_, another = sent_twice(task, user_id=user_id)
    assert another["Message-ID"] != first["Message-ID"], "of another change there is another mail"


def test_a_mail_with_a_link_is_another_mail_for_it_has_another_link(
    sent_twice: Callable[..., list[EmailMessage]], user_id: str, address: str
) -> None:
    first, second = sent_twice(tasks.send_reset, email=address)
    assert first.get_content() != second.get_content()
    assert first["Message-ID"] != second["Message-ID"]
