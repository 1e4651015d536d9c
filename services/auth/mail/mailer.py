"""What is sent, whatever way it goes."""

import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, localtime, make_msgid, parseaddr
from typing import Protocol

# The longest line of RFC 5322: a link that is broken in two is no link to whoever reads the file.
_POLICY = SMTP.clone(max_line_length=998)


@dataclass(frozen=True)
class Message:
    """A mail of ours: plain text, to one address.

    :param link: what the text asks to be opened, for those who develop and have no mailbox.
    :param key: a text of letters, digits and hyphens that is the same each time this mail is sent, and else
        never. Mailboxes that look for duplicates (RFC 7352) know it by that.
    """

    to: str
    subject: str
    text: str
    link: str | None = None
    key: str | None = None


class Sender(Protocol):
    """A way for mail to go."""

    def send(self, mail: EmailMessage, link: str | None) -> None:
        """Send it.

        :param link: that of the message; not to be told to anybody but who develops on this machine.
        :raises ServiceUnavailable: if it cannot be sent now.
        :raises BadRequest: MAILBOX_REFUSED, if it never can.
        """


class Mailer:
    """Sends messages.

    :param sender: the way they go.
    :param sent_by: who they are from: ``Todos <accounts@example.com>``.
    """

    def __init__(self, sender: Sender, sent_by: str) -> None:
        self._sender = sender
        self._name, self._address = parseaddr(sent_by)

    def send(self, message: Message) -> None:
        """Send one message.

        :raises Problem: as `Sender.send`.
        """
        mail = EmailMessage(policy=_POLICY)
        mail["From"] = _address(self._name, self._address)
        mail["To"] = _address("", message.to)
        mail["Subject"] = message.subject
        mail["Date"] = format_datetime(localtime())
        domain = self._address.rpartition("@")[2]
        mail["Message-ID"] = f"<{message.key}@{domain}>" if message.key else make_msgid(domain=domain)
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notes to us
        mail.set_content(message.text)
        self._sender.send(mail, message.link)


def _address(name: str, address: str) -> Address:
    # Taken apart here and not parsed from a text, so that one address stays one.
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Address(name, username=local, domain=domain)


def is_sender(text: str) -> str:
    """Take what mail can be from.

    :raises ValueError: if there is no address in it.
    """
    name, address = parseaddr(text)
    if not all(address.rpartition("@")) or not text.isprintable():
        raise ValueError("Not an e-mail address, alone or as Name <address>.")
    _address(name, address)
    return text
