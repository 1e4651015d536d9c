"""Registering clients: `python -m services.auth.clients`."""

import os
from collections.abc import Callable, Iterator

import pytest

from libs.service import Running
from services.auth.clients import registry
from services.auth.clients.__main__ import main
from services.auth.clients.models import OAuthClient
from services.auth.clients.registry import RefusedClient, authenticated, create
from services.auth.service import service

BACK = "https://app.example.com/back"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], running: Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    yield
    service.database(running.settings)  # the command has made one of its own
    for row in OAuthClient.scan():
        row.delete()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run the command, and return what it prints."""

    def ran(*arguments: str) -> list[str]:
        assert main(list(arguments)) is None
        return capsys.readouterr().out.splitlines()

    return ran


def test_a_client_is_made_shown_and_deleted(
    run: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="services.auth.audit")
    options = ["--grant", "client_credentials", "--scope", "a", "--scope", "b", "--audience", "todos"]
    client_id, secret = (line.partition("=")[2] for line in run("create", "billing", *options))
    assert client_id == "billing"
    assert len(secret) == 43
    assert authenticated("billing", secret) is not None
    (shown,) = run("list")
    assert shown == "billing grants=client_credentials scopes=a,b audiences=todos"
    (replaced,) = run("secret", "billing", "--now")
    assert authenticated("billing", secret) is None
    assert authenticated("billing", replaced.partition("=")[2]) is not None
    (told,) = run("delete", "billing")
    assert "15 minutes more" in told
    assert run("list") == []
    assert main(["delete", "billing"]) == "There is no client billing."
    assert main(["secret", "billing"]) == "there is no client billing that has a secret"
    assert not registry.delete("../billing")
    assert [(one.message, one.client, one.by) for one in caplog.records if one.name.endswith("audit")] == [  # type: ignore[attr-defined]
        ("client created", "billing", "operator"),
        ("client secret replaced", "billing", "operator"),
        ("client deleted", "billing", "operator"),
    ]


def test_the_right_to_act_for_users_is_given_by_name_and_shown(run: Callable[..., list[str]]) -> None:
    run("create", "plain", "--grant", "client_credentials", "--audience", "profiles")
    options = ["--acts-for-users", "--audience", "profiles", "--scope", "a", "--role", "editor"]
    assert len(run("create", "todos", *options)) == 2
    assert sorted(run("list")) == [
        "plain grants=client_credentials audiences=profiles",
        "todos scopes=a roles=editor audiences=profiles acts-for-users",
    ]
    assert "at auth" in str(main(["create", "other", "--acts-for-users", "--audience", "auth"]))
    assert "the grants are" in str(main(["create", "other", "--audience", "profiles"]))


def test_a_public_client_has_no_secret(run: Callable[..., list[str]]) -> None:
    options = ["--public", "--grant", "authorization_code", "--redirect-uri", BACK]
    assert run("create", "page", *options) == ["client_id=page"]
    assert run("list") == [f"page grants=authorization_code redirect_uris={BACK} public"]
    assert authenticated("page", None) is not None
    assert authenticated("page", "anything") is None
    assert main(["secret", "page"]) == "there is no client page that has a secret"


def test_there_is_one_client_of_an_id(run: Callable[..., list[str]]) -> None:
    run("create", "billing", "--grant", "client_credentials")
    before = OAuthClient.get("billing").serialize()
    assert main(["create", "billing", "--grant", "client_credentials"]) == "there is a client billing"
    assert OAuthClient.get("billing").serialize() == before


@pytest.mark.parametrize("client_id", ["", "a b", "a:b", "-a", "x" * 65, "ü", "polymacaron", "a\n"])
def test_an_id_is_a_word_and_not_that_of_our_own_clients(client_id: str) -> None:
    with pytest.raises(RefusedClient):
        create(client_id, "x", grants=["client_credentials"])


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example.com/back",
        "https://app.example.com:8443/back?tenant=1",
        "http://127.0.0.1:5000/back",
        "http://localhost/back",
        "http://[::1]:5000/back",
        "com.example.app:/back",
    ],
)
def test_a_code_may_be_sent_there(uri: str) -> None:
    create("page", "x", grants=["authorization_code"], redirect_uris=[uri], public=True)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example.com/back",
        "https://app.example.com/back#x",
        "https://app.example.com/back#",
        "https://app.example.com/back?",
        "https://user:password@app.example.com/back",
        "https://@app.example.com/back",
        "https:///back",
        "/back",
        "app.example.com/back",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://app.example.com/a b",
        "https://app.example.com/ü",
        "https://app.example.com/;frame-ancestors",
        "https://*.example.com/",
        "https://[::1",
        "https://app.example.com/\n",
        "",
    ],
)
def test_a_code_may_not_be_sent_there(uri: str) -> None:
    with pytest.raises(RefusedClient):
        create("page", "x", grants=["authorization_code"], redirect_uris=[uri], public=True)


@pytest.mark.parametrize(
    "options",
    [
        {"grants": []},
        {"grants": ["password"]},
        {"grants": ["client_credentials"], "scopes": ["a b"]},
        {"grants": ["client_credentials"], "scopes": [""]},
        {"grants": ["client_credentials"], "public": True},
        {"grants": ["client_credentials"], "redirect_uris": [BACK]},
        {"grants": ["authorization_code"]},
    ],
)
def test_what_does_not_go_together_is_refused(options: dict[str, list[str]]) -> None:
    with pytest.raises(RefusedClient):
        create("billing", "x", **options)  # type: ignore[arg-type]
