"""Mail, into a folder and to a real SMTP server that speaks TLS."""

import email
import socketserver
import ssl
import stat
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.policy import default
from pathlib import Path

import pytest

from libs.errors import BadRequest, Problem, ServiceUnavailable
from services.auth.mail import FolderSender, Mailer, Message, SmtpSender, is_sender, smtp_address

LINK = f"https://accounts.example.com/auth/email/verify?token={'x' * 43}"
MESSAGE = Message("ada@example.com", "Confirm your address", f"Open this:\n\n{LINK}\n", LINK)


class MailServer(socketserver.ThreadingTCPServer):
    """Takes mails (RFC 5321), with STARTTLS (RFC 3207) and AUTH PLAIN (RFC 4954)."""

    daemon_threads = True

    def __init__(self, certificate: Path, *, tls: str, refuses: str = "", code: str = "550") -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.tls, self.refuses, self.code = tls, refuses, code
        self.said: list[str] = []
        self.mails: list[bytes] = []


class Talk(socketserver.BaseRequestHandler):
    """One connection."""

    server: MailServer

    def handle(self) -> None:
        with suppress(OSError):  # a client that trusts nobody hangs up
            self.talk()

    def finish(self) -> None:
        self.request.close()

    def secure(self) -> None:
        plain = self.request
        self.request = self.server.context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        self.request.do_handshake()

    def talk(self) -> None:
        if self.server.tls == "implicit":
            self.secure()
        self.answer("220 ready")
        while line := self.line().decode().strip():
            self.server.said.append(line)
            verb = line.split()[0].upper()
            if verb == self.server.refuses:
                self.answer(f"{self.server.code} refused: {line}")
            elif verb == "EHLO":
                offers = ["250-127.0.0.1", "250-AUTH PLAIN"]
                offers += ["250-STARTTLS"] if self.server.tls == "starttls" else []
                self.answer("\r\n".join([*offers, "250 HELP"]))
            elif verb == "STARTTLS":
                self.answer("220 go")
                self.secure()
            elif verb == "DATA":
                self.answer("354 go")
                mail = b""
                while (part := self.line()) != b".\r\n":
                    mail += part
                self.server.mails.append(mail)
                self.answer("250 taken")
            elif verb == "QUIT":
                self.answer("221 bye")
                return
            else:
                self.answer("235 welcome" if verb == "AUTH" else "250 ok")

    def line(self) -> bytes:
        found = b""
        while not found.endswith(b"\n") and (one := self.request.recv(1)):
            found += one
        return found

    def answer(self, text: str) -> None:
        self.request.sendall(f"{text}\r\n".encode())


@contextmanager
def serving(certificate: Path, **options: str) -> Iterator[MailServer]:
    with MailServer(certificate, **options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def sender(server: MailServer, certificate: Path | None, url: str) -> Mailer:
    context = ssl.create_default_context(cafile=str(certificate)) if certificate else None
    address = smtp_address(url.format(server.server_address[1]))
    return Mailer(SmtpSender(address, context=context), "Todos <accounts@example.com>")


URLS = {
    "implicit": "smtps://me:p%40ss@127.0.0.1:{}",
    "starttls": "smtp://me:p%40ss@127.0.0.1:{}",
    "off": "smtp://127.0.0.1:{}?tls=off",
}


@pytest.mark.parametrize("tls", ["implicit", "starttls", "off"])
def test_a_mail_server_is_given_the_mail(certificate: Path, tls: str) -> None:
    with serving(certificate, tls=tls) as server:
        sender(server, certificate, URLS[tls]).send(MESSAGE)
    (sent,) = server.mails
    mail = email.message_from_bytes(sent, policy=default)
    assert (mail["From"], mail["To"]) == ("Todos <accounts@example.com>", "ada@example.com")
    assert (mail["Subject"], mail["Auto-Submitted"]) == ("Confirm your address", "auto-generated")
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.com>")
    assert LINK in sent.decode(), "in one piece"
    logged_in = [b64decode(line.split()[2]) for line in server.said if line.startswith("AUTH")]
    assert logged_in == ([] if tls == "off" else [b"\0me\0p@ss"])
    if tls == "starttls":
        assert server.said[:2] == [server.said[0], "STARTTLS"]
        assert server.said[0].startswith("ehlo")


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_server_that_nobody_vouches_for_is_told_nothing(certificate: Path, tls: str) -> None:
    with serving(certificate, tls=tls) as server, pytest.raises(ServiceUnavailable):
        sender(server, None, URLS[tls]).send(MESSAGE)
    assert not [line for line in server.said if line[:4].upper() in ("AUTH", "MAIL")]


def test_a_server_that_offers_no_tls_is_told_nothing(certificate: Path) -> None:
    with serving(certificate, tls="none") as server, pytest.raises(ServiceUnavailable):
        sender(server, certificate, URLS["starttls"]).send(MESSAGE)
    assert not [line for line in server.said if line[:4].upper() in ("AUTH", "MAIL")]


@pytest.mark.parametrize("refuses", ["AUTH", "MAIL", "DATA"])
def test_what_a_server_refuses_is_tried_again_later_and_is_logged_without_what_it_said(
    certificate: Path, refuses: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        serving(certificate, tls="starttls", refuses=refuses) as server,
        pytest.raises(ServiceUnavailable) as told,
    ):
        sender(server, certificate, URLS["starttls"]).send(MESSAGE)
    (record,) = caplog.records
    assert record.message == "mail not sent"
    for secret in ("refused", "ada@", "token", "p@ss"):
        assert secret not in str(record.__dict__)
        assert secret not in str(told.value)


@pytest.mark.parametrize(("code", "problem"), [("550", BadRequest), ("450", ServiceUnavailable)])
def test_a_mailbox_that_is_refused_for_good_is_not_tried_again(
    certificate: Path, code: str, problem: type[Problem], caplog: pytest.LogCaptureFixture
) -> None:
    with serving(certificate, tls="off", refuses="RCPT", code=code) as server, pytest.raises(problem):
        sender(server, None, URLS["off"]).send(MESSAGE)
    assert [record.message for record in caplog.records] == ["mail refused"]
    assert "ada@" not in str(caplog.records[0].__dict__)
    assert server.mails == []


@pytest.mark.parametrize("code", ["421", "not a code"])
def test_a_mail_that_was_taken_is_not_sent_again_however_the_server_takes_its_leave(
    certificate: Path, code: str
) -> None:
    with serving(certificate, tls="off", refuses="QUIT", code=code) as server:
        sender(server, None, URLS["off"]).send(MESSAGE)
    assert len(server.mails) == 1


def test_where_no_server_is_the_mail_is_tried_again_later(certificate: Path) -> None:
    with serving(certificate, tls="off") as server:
        mailer = sender(server, None, URLS["off"])
    with pytest.raises(ServiceUnavailable):
        mailer.send(MESSAGE)


@pytest.mark.parametrize(
    ("to", "sent_to"),
    [
        ('"a b"@example.com', '"a b"@example.com'),
        ('"a, b"@example.com', '"a, b"@example.com'),
        ('"a\\"b"@example.com', '"a\\"b"@example.com'),
        ('"eve@evil.test,"@example.com', '"eve@evil.test,"@example.com'),
        ("a@[127.0.0.1]", "a@[127.0.0.1]"),
    ],
)
def test_one_address_stays_one(certificate: Path, to: str, sent_to: str) -> None:
    with serving(certificate, tls="off") as server:
        sender(server, None, URLS["off"]).send(Message(to, "x", "x"))
    assert [line for line in server.said if line.lower().startswith("rcpt")] == [f"rcpt TO:<{sent_to}>"]


@pytest.mark.parametrize("field", ["to", "subject"])
def test_nothing_in_a_message_makes_a_header_of_its_own(tmp_path: Path, field: str) -> None:
    parts = {"to": "a@example.com", "subject": "x", "text": "x"}
    parts[field] += "\r\nBcc: eve@example.com"
    with pytest.raises(ValueError):  # noqa: PT011 - of whichever part of the standard library
        Mailer(FolderSender(tmp_path), "a@example.com").send(Message(**parts))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_gets_a_file_a_mail_and_the_log_its_link(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    mailer = Mailer(FolderSender(tmp_path / "new"), "accounts@example.com")
    mailer.send(MESSAGE)
    mailer.send(Message("ada@example.com", "No link", "x"))
    first, second = sorted((tmp_path / "new").iterdir())
    assert LINK in first.read_text()
    assert "No link" in second.read_text()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert [record.__dict__["link"] for record in caplog.records] == [LINK, None]


@pytest.mark.parametrize(
    "url",
    [
        "http://mail.example.com",
        "smtp://",
        "smtp://mail.example.com:port",
        "smtp://mail.example.com/path",
        "smtp://mail.example.com?tls=maybe",
        "smtps://mail.example.com?tls=off",
        "smtp://me:secret@mail.example.com?tls=off",
        "smtp://me@mail.example.com",
        "smtp://me:secret#x@mail.example.com",
        "smtp://me:12#secret@mail.example.com",
        "smtp://me:Xk[secret]7w@mail.example.com:587",
        "smtp://me:[secret@mail.example.com",
        "smtp://me:secret＠mail.example.com",
        "smtp://me：secret@mail.example.com",
        "smtp://mail.example.com#x",
        "smtp://mail.example.com:0",
    ],
)
def test_what_is_no_address_of_a_mail_server_is_refused_unquoted(url: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]") as refused:
        smtp_address(url)
    assert "secret" not in str(refused.value)
    assert "mail.example.com" not in str(refused.value)


def test_addresses_of_mail_servers_have_the_usual_ports_and_show_no_password() -> None:
    assert smtp_address("smtp://mail.example.com").port == 587
    assert smtp_address("smtps://mail.example.com").port == 465
    address = smtp_address("smtp://me:secret@mail.example.com:2525")
    assert (address.port, address.password) == (2525, "secret")
    assert "secret" not in repr(address)


@pytest.mark.parametrize("text", ["", "nobody", "@example.com", "Somebody <>", "a@b\r\nBcc: c@d"])
def test_what_no_mail_can_be_from_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"[a-z]"):
        is_sender(text)
