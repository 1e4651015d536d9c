"""How the acceptance tests come to users where addresses have to be confirmed."""

import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from infra.local.paths import ROOT
from infra.standin.servers import serving
from testaccept import accounts, deployment
from testaccept.mail_folder import texts_in

ADDRESS = "testaccept+1@inbox.example.com"
LINK = "https://auth.example.com/auth/email/verify?token="


def keep(folder: Path, name: str, to: str, text: str, second: int = 0) -> None:
    """Write a mail as it comes."""
    lines = [
        f"To: {to}",
        f"Date: Mon, 05 Jan 2026 10:00:{second:02} +0000",
        "Content-Type: text/plain",
        "",
        text,
    ]
    (folder / name).write_text("\r\n".join(lines))


@dataclass
class Auth:
    """As much of auth as this is about.

    :ivar did: what it was asked.
    """

    folder: Path
    status: str = "202 Accepted"
    did: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        path, status = environ["PATH_INFO"], "200 OK"
        self.hosts.add(environ["HTTP_HOST"])
        told = path
        if path == "/auth/signup":
            status, to = self.status, json.loads(body)["email"]
            keep(self.folder, "a", to, f"Open it:\n\n{LINK}new-1_2\n", second=2)
            keep(self.folder, "b", to, f"{LINK}old\n", second=1)
            keep(self.folder, "c", "grace@example.com", f"{LINK}others\n", second=3)
        elif path.startswith("/auth/email"):
            told = f"{path} {parse_qs(body or environ['QUERY_STRING'])['token']}"
        self.did.append(f"{environ['REQUEST_METHOD']} {told}")
        start_response(status, [("Content-Length", "0"), ("Retry-After", "60")])
        return [b""]


@pytest.fixture
def auth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Auth]:
    """An auth at an address of its own, whose mails a command tells."""
    found = Auth(tmp_path)
    command = [sys.executable, "-m", "testaccept.mail_folder", str(tmp_path)]
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TESTACCEPT_MAIL_COMMAND", shlex.join(command))
    with serving(found) as port:
        monkeypatch.setenv("AUTH_URL", "http://auth.example.com")
        monkeypatch.setenv("AUTH_CONNECT_TO", f"127.0.0.1:{port}")
        yield found


@pytest.fixture
def client(auth: Auth) -> Iterator[httpx.Client]:
    with deployment.open_client("auth") as opened:
        yield opened


def test_the_newest_link_is_opened_and_its_button_pressed(auth: Auth, client: httpx.Client) -> None:
    assert accounts.sign_up(client, ADDRESS, "correct horse") is True
    assert auth.did == [
        "POST /auth/signup",
        "GET /auth/email/verify ['new-1_2']",
        "POST /auth/email/verify/form ['new-1_2']",
    ]
    assert auth.hosts == {"auth.example.com"}


def test_where_nothing_has_to_be_confirmed_no_mail_is_read(
    auth: Auth, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TESTACCEPT_MAIL_COMMAND")
    auth.status = "201 Created"
    assert accounts.sign_up(client, ADDRESS, "correct horse") is False
    assert auth.did == ["POST /auth/signup"]


def test_a_mail_is_waited_for(auth: Auth, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["", "Welcome\n", f"{LINK}late\n"])
    monkeypatch.setattr(accounts, "mails_to", lambda address: next(said))
    accounts.confirm(client, ADDRESS)
    assert auth.did[-1] == "POST /auth/email/verify/form ['late']"
    monkeypatch.setattr(accounts, "mails_to", lambda address: "")
    monkeypatch.setattr(accounts, "MAIL_SECONDS", 0.01)
    with pytest.raises(AssertionError, match="no mail to testaccept"):
        accounts.confirm(client, ADDRESS)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("", "set TESTACCEPT_MAIL_COMMAND to a command"),
        ("no-such-command", "cannot be run"),
        ("sh -c 'echo Access denied >&2; exit 3'", "exited with 3: Access denied"),
    ],
)
def test_a_command_that_is_none_is_told_in_a_line(
    auth: Auth, client: httpx.Client, monkeypatch: pytest.MonkeyPatch, command: str, told: str
) -> None:
    monkeypatch.setenv("TESTACCEPT_MAIL_COMMAND", command)
    with pytest.raises(pytest.fail.Exception, match=told) as failed:
        accounts.sign_up(client, ADDRESS, "correct horse")
    assert "\n" not in str(failed.value)
    assert not failed.value.pytrace


def test_who_may_not_sign_up_any_more_is_told_what_to_set(auth: Auth, client: httpx.Client) -> None:
    auth.status = "429 Too Many Requests"
    with pytest.raises(pytest.fail.Exception, match=r"Retry-After: 60 s.*TESTACCEPT_KEY"):
        accounts.sign_up(client, ADDRESS, "correct horse")


def test_addresses_are_as_they_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TESTACCEPT_ADDRESS", raising=False)
    assert accounts.new_email().endswith("@example.com")
    monkeypatch.setenv("TESTACCEPT_ADDRESS", "testaccept+{id}@inbox.example.com")
    one, other = accounts.new_email(), accounts.new_email()
    assert one != other
    assert one.startswith("testaccept+")
    assert one.endswith("@inbox.example.com")
    for pattern in ("me@example.com", "{id}-{id}@example.com", "{id}"):
        monkeypatch.setenv("TESTACCEPT_ADDRESS", pattern)
        with pytest.raises(pytest.fail.Exception, match="TESTACCEPT_ADDRESS is no address"):
            accounts.new_email()


def test_a_folder_tells_the_mails_to_an_address_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    keep(tmp_path / "inbox", "z", f"Ada <{ADDRESS.upper()}>, grace@example.com", "first", second=1)
    keep(tmp_path, "a", ADDRESS, "third", second=3)
    keep(tmp_path, "m", ADDRESS, "second", second=2)
    keep(tmp_path, "n", f"not-{ADDRESS}", "another's", second=2)
    keep(tmp_path, ".unfinished", ADDRESS, "half", second=4)
    assert [text.strip() for text in texts_in(tmp_path, ADDRESS)] == ["first", "second", "third"]
    # As SES keeps them: encoded, and of several parts.
    (tmp_path / "long").write_text(
        f"To: {ADDRESS}\nDate: Mon, 05 Jan 2026 10:01:00 +0000\nContent-Type: text/plain; charset=utf-8\n"
        f"Content-Transfer-Encoding: quoted-printable\n\n{LINK.replace('=', '=3D')}=\nx\n"
    )
    assert f"{LINK}x" in texts_in(tmp_path, ADDRESS)[-1]
