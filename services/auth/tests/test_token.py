"""The command that mints tokens."""

import os
from collections.abc import Callable

import pytest

from libs.errors import Unauthorized
from libs.jwt import Caller, FixedKeySet, TokenVerifier
from libs.service.testing import ISSUER, KEY, environment, private_pem
from services.auth.token import main


@pytest.fixture(autouse=True)
def environ(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    settings = environment("auth", jwt_private_key=private_pem(KEY), profiles_url="http://profiles.test")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def mint(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        assert main(list(arguments)) is None
        return capsys.readouterr().out.removesuffix("\n")

    return run


def verify(token: str, audience: str = "todos", issuer: str = ISSUER) -> Caller:
    return TokenVerifier(FixedKeySet([KEY.jwk]), issuer=issuer, audience=audience).verify(token)


def test_a_token_is_printed_that_services_accept(mint: Callable[..., str]) -> None:
    token = mint("--subject", "ada", "--audience", "todos", "--audience", "auth", "--scope", "a b")
    for audience in ("todos", "auth"):
        caller = verify(token, audience)
        assert (caller.subject, caller.scopes) == ("ada", frozenset({"a", "b"}))
    with pytest.raises(Unauthorized):
        verify(token, "profiles")


def test_a_token_of_the_past_can_be_printed(mint: Callable[..., str]) -> None:
    token = mint("--subject", "ada", "--audience", "todos", "--expires-in", "-60")
    with pytest.raises(Unauthorized) as caught:
        verify(token)
    assert caught.value.code == "TOKEN_EXPIRED"


def test_a_token_of_another_issuer_can_be_printed(mint: Callable[..., str]) -> None:
    token = mint("--subject", "ada", "--audience", "todos", "--issuer", "http://evil.test")
    assert verify(token, issuer="http://evil.test").subject == "ada"
    with pytest.raises(Unauthorized):
        verify(token)


@pytest.mark.parametrize(
    ("variable", "value", "fault"),
    [
        ("APP_JWT_PRIVATE_KEY", "hunter2", "APP_JWT_PRIVATE_KEY: not an Ed25519 private key"),
        ("APP_PROFILES_URL", "profiles", "APP_PROFILES_URL: Not an http or https URL, without credentials"),
        ("APP_COLOUR", "red", "APP_COLOUR: Unknown field."),
    ],
)
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


def test_who_and_for_whom_must_be_said(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([])
    assert "--subject, --audience" in capsys.readouterr().err
