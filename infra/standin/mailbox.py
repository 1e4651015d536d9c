"""A mail server that keeps what it is given: for addresses that have to be confirmed.

SMTP as far as smtplib speaks it (RFC 5321), without TLS and without a password.
"""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any

from infra.local.ports import HOST


class Mailbox:
    """Mails, by the address they are to."""

    def __init__(self) -> None:
        self._mails: dict[str, list[EmailMessage]] = {}
        self._lock = threading.Lock()

    def keep(self, addresses: list[str], content: bytes) -> None:
        """Take a mail."""
        mail = email.message_from_bytes(content, policy=email.policy.default)
        with self._lock:
            for address in addresses:
                self._mails.setdefault(address.lower(), []).append(mail)

    def texts(self, address: str) -> list[str]:
        """Return the texts of an address's mails, the newest last."""
        with self._lock:
            return [str(mail.get_content()) for mail in self._mails.get(address.lower(), [])]

    def told(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer, as a WSGI application, the texts of the mails to the address that is sent."""
        address = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        body = "\n".join(self.texts(address)).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]

    @contextmanager
    def serving(self, host: str = HOST) -> Iterator[int]:
        """Take mails on a free port, for the length of a with-block."""
        mailbox = self

        class Session(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                _converse(self, mailbox)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        with Server((host, 0), Session) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
            thread.start()
            try:
                yield server.server_address[1]
            finally:
                server.shutdown()
                thread.join()


def _converse(session: socketserver.StreamRequestHandler, mailbox: Mailbox) -> None:
    def say(line: str) -> None:
        session.wfile.write(f"{line}\r\n".encode())

    addresses: list[str] = []
    say("220 standin")
    while line := session.rfile.readline():
        word, _, rest = line.decode(errors="replace").strip().partition(" ")
        match word.upper():
            case "EHLO" | "HELO":
                say("250 standin")
            case "MAIL" | "RSET":
                addresses = []
                say("250 ok")
            case "RCPT":
                addresses.append(rest.partition("<")[2].partition(">")[0])
                say("250 ok")
            case "DATA":
                say("354 go on")
                mailbox.keep(addresses, _data(session))
                say("250 ok")
            case "QUIT":
                return say("221 bye")
            case _:
                say("502 unknown")
    return None


def _data(session: socketserver.StreamRequestHandler) -> bytes:
    lines = []
    while (line := session.rfile.readline()) not in (b".\r\n", b""):
        lines.append(line[1:] if line.startswith(b"..") else line)
    return b"".join(lines)
