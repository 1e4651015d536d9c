"""The command that mints tokens."""

import os
from collections.abc import Callable, Iterator

import pytest

from libs.errors import Unauthorized
from libs.jwt import Caller, FixedKeySet, TokenVerifier
from libs.service import Running
from libs.service.testing import ISSUER
from services.auth.token import main

OTHER = "another-k3y-of-32-or-more-ch4racters-7f0Qz"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], running: Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    yield
    running.service.database(running.settings)  # the command may have been told of other tables


@pytest.fixture
def mint(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        assert main(list(arguments)) is None
        return capsys.readouterr().out.removesuffix("\n")

    return run


@pytest.fixture
def verify(running: Running) -> Callable[..., Caller]:
    """Tell who a token stands for, by the keys that the service publishes."""
    published = running.web_app().test_client().get("/.well-known/jwks.json").get_json()["keys"]

    def verified(token: str, audience: str = "todos", issuer: str = ISSUER) -> Caller:
        return TokenVerifier(FixedKeySet(published), issuer=issuer, audience=audience).verify(token)

    return verified


def test_a_token_is_printed_that_services_accept(
    mint: Callable[..., str], verify: Callable[..., Caller]
) -> None:
    token = mint(
        *("--subject", "ada", "--audience", "todos", "--audience", "auth"),
        *("--scope", "a b", "--role", "admin", "--role", "cook"),
    )
    for audience in ("todos", "auth"):
        caller = verify(token, audience)
        assert (caller.subject, caller.scopes) == ("ada", frozenset({"a", "b"}))
        assert caller.roles == {"admin", "cook"}
    with pytest.raises(Unauthorized):
        verify(token, "profiles")


def test_a_token_of_the_past_can_be_printed(mint: Callable[..., str], verify: Callable[..., Caller]) -> None:
    token = mint("--subject", "ada", "--audience", "todos", "--expires-in", "-60")
    with pytest.raises(Unauthorized) as caught:
        verify(token)
    assert caught.value.code == "TOKEN_EXPIRED"


def test_a_token_of_another_issuer_can_be_printed(
    mint: Callable[..., str], verify: Callable[..., Caller]
) -> None:
    token = mint("--subject", "ada", "--audience", "todos", "--issuer", "http://evil.test")
    assert verify(token, issuer="http://evil.test").subject == "ada"
    with pytest.raises(Unauthorized):
        verify(token)


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("APP_KEY_SECRET", "hunter2", "APP_KEY_SECRET: shorter than 32 bytes"),
        (
            "APP_KEY_SECRET",
            OTHER,
            "APP_KEY_SECRET: The stored keys were sealed with another",
        ),
        ("APP_JWT_SECRET", OTHER, "APP_KEY_SECRET: Give either it or APP_JWT_SECRET."),
        ("APP_DYNAMODB_ENDPOINT", "http://127.0.0.1:1", "DynamoDB: EndpointConnectionError"),
        ("APP_PROFILES_URL", "profiles", "APP_PROFILES_URL: Not an http or https URL, without credentials"),
        ("APP_COLOUR", "red", "APP_COLOUR: Unknown field."),
    ],
)
@pytest.mark.usefixtures("verify")  # the service has made its keys, and so another secret is the wrong one
def test_wrong_settings_are_named_and_no_token_is_printed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    fault: str,
) -> None:
    monkeypatch.setenv(variable, value)
    told = main(["--subject", "ada", "--audience", "todos"])
    assert told is not None
    assert told.startswith(fault)
    assert "hunter2" not in told
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("more", [["--expires-in", "86401"], ["--scope", "x" * 4000]])
def test_a_token_that_no_service_takes_is_not_printed(
    capsys: pytest.CaptureFixture[str], more: list[str]
) -> None:
    told = str(main(["--subject", "ada", "--audience", "todos", *more]))
    assert "86400 seconds at most" in told or "4096 characters at most" in told
    assert capsys.readouterr().out == ""


def test_who_and_for_whom_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--subject, --audience" in capsys.readouterr().err
