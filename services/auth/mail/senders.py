"""The ways mail can go: into a folder, for development, and by SMTP (RFC 5321)."""

import logging
import os
import secrets
import smtplib
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import unquote, urlsplit

from libs.errors import BadRequest, ServiceUnavailable

logger = logging.getLogger(__name__)

SECONDS = 10.0
"""How long connecting to the server, and each answer of it, may take."""


class FolderSender:
    """Writes mails into a folder, as .eml files, and their links into the log.

    For development: whoever reads either is let in.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, mail: EmailMessage, link: str | None) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        name = (
            f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(4)}.eml"  # in the order they were sent
        )
        unfinished = self._folder / f".{name}"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(mail.as_bytes())
        unfinished.rename(self._folder / name)  # whoever looks finds whole mails
        logger.info("mail written", extra={"file": name, "to": str(mail["To"]), "link": link})


@dataclass(frozen=True)
class SmtpAddress:
    """Where a mail server is.

    :param tls: ``implicit`` from the first byte, ``starttls`` before anything is told, or ``off``.
    """

    host: str
    port: int
    tls: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def smtp_address(url: str) -> SmtpAddress:
    """Read ``smtps://user:password@host:465``, ``smtp://…:587`` (with STARTTLS) or ``smtp://…:25?tls=off``.

    :raises ValueError: if it is none; quotes nothing of the text.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # its message quotes the URL
        raise ValueError("Not a URL; [ and ] in user or password are written %5B and %5D.") from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("Not smtp://host:port or smtps://host:port.")
    if parts.fragment:
        raise ValueError("A # in user or password is written %23.")
    if parts.query not in ("", "tls=off") or (parts.query and parts.scheme == "smtps"):
        raise ValueError("Takes no other parameter than tls=off, and that with smtp:// alone.")
    if (parts.username is None) != (parts.password is None):
        raise ValueError("User and password go together.")
    if parts.query and parts.username is not None:
        raise ValueError("A password is not sent without TLS.")
    try:
        port = parts.port
    except ValueError:
        raise ValueError("The port is no number.") from None
    if port is None:
        port = 465 if parts.scheme == "smtps" else 587
    if port == 0:
        raise ValueError("There is no port 0.")
    return SmtpAddress(
        parts.hostname,
        port,
        "implicit" if parts.scheme == "smtps" else "off" if parts.query else "starttls",
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


class SmtpSender:
    """Hands mails to a mail server, each by a connection of its own.

    :param context: what the server's certificate is checked by; by default as the system does.
    """

    def __init__(self, address: SmtpAddress, *, context: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._context = context or ssl.create_default_context()

    def send(self, mail: EmailMessage, link: str | None) -> None:
        try:
            server = self._connected()
            try:
                server.send_message(mail)
            finally:
                _leave(server)
        except smtplib.SMTPRecipientsRefused as refused:
            codes = [code for code, _ in refused.recipients.values()]
            logger.warning("mail refused", extra={"smtp_codes": codes})
            if min(codes) >= 500:  # for good (RFC 5321 section 4.2.1)
                raise BadRequest("The mail server knows no such mailbox.", code="MAILBOX_REFUSED") from None
            raise _not_now() from None
        except (OSError, smtplib.SMTPException) as error:
            # What a server says may hold the address or the text; its number tells enough.
            told = {"error": type(error).__name__, "smtp_code": getattr(error, "smtp_code", None)}
            logger.warning("mail not sent", extra=told)
            raise _not_now() from None

    def _connected(self) -> smtplib.SMTP:
        to = self._address
        server: smtplib.SMTP
        if to.tls == "implicit":
            server = smtplib.SMTP_SSL(to.host, to.port, timeout=SECONDS, context=self._context)
        else:
            server = smtplib.SMTP(to.host, to.port, timeout=SECONDS)
        try:
            if to.tls == "starttls":
                server.starttls(context=self._context)  # raises where the server does not offer it
            if to.user is not None:
                server.login(to.user, to.password or "")
        except BaseException:
            server.close()
            raise
        return server


def _leave(server: smtplib.SMTP) -> None:
    # A mail that was taken stays taken, however the server takes its leave; it must not be sent again.
    with suppress(OSError, smtplib.SMTPException):
        server.quit()
    server.close()


def _not_now() -> ServiceUnavailable:
    return ServiceUnavailable("The mail server does not take the mail. Try again.")
