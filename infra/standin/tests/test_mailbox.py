"""The mail server of the stand-in, and the way containers find it."""

import smtplib
import subprocess
from email.message import EmailMessage

import httpx

from infra.local.ports import HOST
from infra.standin.mailbox import Mailbox
from infra.standin.relay import relayed
from infra.standin.servers import serving

OTHER = "127.0.0.2"
"""Another address of this machine, as Docker's gateway is one."""


def mail(port: int, host: str = HOST) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "accounts@example.com", "Ada <ada@example.com>"
    message.set_content("Open it:\n.\nhttps://example.com/?token=x\n")
    with smtplib.SMTP(host, port, timeout=10) as server:
        server.send_message(message)


def test_mails_are_kept_by_their_address() -> None:
    mailbox = Mailbox()
    with mailbox.serving() as port:
        mail(port)
        mail(port)
    assert mailbox.texts("ADA@example.com") == ["Open it:\r\n.\r\nhttps://example.com/?token=x\r\n"] * 2
    assert mailbox.texts("grace@example.com") == []


def test_mails_are_told_over_http() -> None:
    mailbox = Mailbox()
    with mailbox.serving() as port, serving(mailbox.told) as http:
        mail(port)
        command = ["curl", "-sS", "--fail", f"http://{HOST}:{http}/", "--data-raw"]
        told = [
            subprocess.run([*command, address], check=True, capture_output=True, text=True).stdout
            for address in ("Ada@example.com", "grace@example.com")
        ]
    assert told[0].splitlines() == ["Open it:", ".", "https://example.com/?token=x"]
    assert told[1] == ""


def test_ports_answer_at_another_address() -> None:
    mailbox = Mailbox()

    def web(environ: object, start_response: object) -> list[bytes]:
        start_response("200 OK", [("Content-Length", "2")])  # type: ignore[operator]
        return [b"ok"]

    with mailbox.serving() as smtp, serving(web) as http, relayed(OTHER, [smtp, http]):
        mail(smtp, OTHER)
        assert httpx.get(f"http://{OTHER}:{http}", trust_env=False).text == "ok"
    assert len(mailbox.texts("ada@example.com")) == 1
