"""Running what was put off, and reading the mail."""

import email
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest

from libs.service import Running
from libs.tasks import Operation


@dataclass(frozen=True)
class Mail:
    """A mail that was sent."""

    to: str
    subject: str
    text: str

    @property
    def token(self) -> str:
        """What its link has."""
        found = re.findall(r"^https://accounts\.test/auth/\S+\?token=(\S+)\r?$", self.text, re.MULTILINE)
        assert len(found) == 1, self.text
        return str(found[0])


class Mailboxes:
    """What a folder of mails holds, read by whoever they are for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, address: str) -> list[Mail]:
        """Return the mails to an address, in the order they were sent."""
        found = []
        for file in sorted(self._folder.glob("*.eml")):
            mail = email.message_from_bytes(file.read_bytes(), policy=default)
            assert isinstance(mail, EmailMessage)
            if mail["To"] == address:
                found.append(Mail(str(mail["To"]), str(mail["Subject"]), mail.get_content()))
        return found


@pytest.fixture
def mailboxes(mail_folder: Path) -> Mailboxes:
    return Mailboxes(mail_folder)


@pytest.fixture
def work(running: Running) -> Callable[[], list[str]]:
    """Run the operations that wait, whenever they are due; return the names of their tasks.

    Those of other tests are none of ours.
    """
    for left in Operation.scan():
        left.delete()

    def run() -> list[str]:
        tasks = running.tasks
        assert tasks is not None
        done = []
        for row in sorted(Operation.scan(), key=lambda one: one.created_at):
            if row.status == "queued":
                Operation(row.id).update([Operation.not_before.set(0)])
                tasks.run(row.id)
                ended = Operation.get(row.id, consistent_read=True)
                assert ended.status == "succeeded", ended.to_json()
                done.append(row.task.rpartition(".")[2])
        return done

    return run


@pytest.fixture
def address() -> str:
    """An e-mail address that nobody has signed up with."""
    return f"{uuid.uuid4().hex}@example.com"


@pytest.fixture
def post(running: Running) -> Callable[..., Any]:
    """Send JSON to a path, as a caller or nobody; return the answer."""
    client = running.web_app().test_client()

    def send(path: str, body: Any = None, *, token: str | None = None, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client.post(path, json=body, headers=headers, **more)

    return send
