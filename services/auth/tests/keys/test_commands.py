"""`python -m services.auth.keys`, and what stops a start."""

import json
import os
import re
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from libs.jwt import SharedSecret, TokenVerifier
from libs.service import Running, SettingsError
from libs.service.testing import ISSUER, ROOT, running_service
from services.auth.keys import TokenKeys, check_secret
from services.auth.keys.__main__ import main
from services.auth.keys.models import Key
from services.auth.service import service

OTHER = secrets.token_urlsafe(48)


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], running: Running) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    yield
    service.database(running.settings)  # the command has made one of its own
    for row in Key.scan():
        row.delete()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run the command, and return what it prints."""

    def ran(*arguments: str) -> list[str]:
        assert main(list(arguments)) is None
        return capsys.readouterr().out.splitlines()

    return ran


def states(lines: list[str]) -> list[str]:
    assert all(re.match(r"[A-Za-z0-9_-]{43} EdDSA ", line) for line in lines)
    return [line.split(" ", 2)[2] for line in lines]


def test_the_first_key_signs(run: Callable[..., list[str]]) -> None:
    assert states(run("list")) == ["signs"]


def test_a_new_key_signs_later(run: Callable[..., list[str]]) -> None:
    run("list")
    first, second = states(run("rotate"))
    assert first == "signs"
    assert re.fullmatch(r"signs from 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", second)


def test_who_has_made_a_key_can_be_found(
    run: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    run("list")
    kid = run("rotate")[1].split()[0]
    told = [(one.message, one.__dict__.get("kid"), one.__dict__.get("by")) for one in caplog.records]
    assert ("key made", kid, "operator") in told


def test_two_new_keys_sign_one_after_the_other_unless_one_signs_now(run: Callable[..., list[str]]) -> None:
    run("list")
    run("rotate")
    first, second, third = states(run("rotate"))
    assert (first, second[:11], third[:11]) == ("signs", "signs from ", "signs from ")
    assert second <= third
    told = [one.rpartition(" ")[0] for one in states(run("rotate", "--now"))]
    assert told == ["verifies until", "verifies until", "verifies until", ""]


def test_a_new_key_signs_now(run: Callable[..., list[str]]) -> None:
    run("list")
    first, second = states(run("rotate", "--now"))
    assert re.fullmatch(r"verifies until 20\d\d-.*", first)
    assert second == "signs"


def test_a_stolen_key_is_gone_and_to_say_so_takes_two_words(
    run: Callable[..., list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    kid = run("list")[0].split()[0]
    with pytest.raises(SystemExit):
        main(["retire", kid])
    assert "--now" in capsys.readouterr().err
    (left,) = run("retire", kid, "--now")
    assert not left.startswith(kid)
    assert main(["retire", kid, "--now"]) == f"There is no key {kid}."


def test_another_secret_is_told(run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    run("list")
    monkeypatch.setenv("APP_KEY_SECRET", OTHER)
    told = main(["list"])
    assert told == "APP_KEY_SECRET: The stored keys were sealed with another one."


@pytest.mark.parametrize(
    "arguments", [["rotate"], ["rotate", "--now"], ["retire", "KID", "--now"], ["reseal"]]
)
def test_with_another_secret_nothing_is_done_and_nothing_breaks(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch, running: Running, arguments: list[str]
) -> None:
    before = run("list")
    ring = running.dependencies.make(TokenKeys).ring
    assert ring is not None
    ring._read_at = float("-inf")
    kid = ring.signer().kid
    with monkeypatch.context() as patch:
        patch.setenv("APP_KEY_SECRET", OTHER)
        told = main([before[0].split()[0] if one == "KID" else one for one in arguments])
    assert told == "APP_KEY_SECRET: The stored keys were sealed with another one."
    assert run("list") == before
    ring._read_at = float("-inf")
    assert ring.signer().kid == kid


def test_the_secret_is_replaced_in_three_steps(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = run("list")
    monkeypatch.setenv("APP_KEY_SECRET_BEFORE", os.environ["APP_KEY_SECRET"])
    monkeypatch.setenv("APP_KEY_SECRET", OTHER)
    assert run("reseal") == before
    monkeypatch.delenv("APP_KEY_SECRET_BEFORE")
    assert run("list") == before


def test_the_kind_of_keys_is_a_setting(
    run: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("list")
    monkeypatch.setenv("APP_KEY_ALGORITHM", "ES256")
    assert [line.split()[1] for line in run("rotate")] == ["EdDSA", "ES256"]


def test_what_is_done_is_logged_beside_the_output(environ: dict[str, str]) -> None:
    own_tables = {"APP_TABLE_PREFIX": f"{environ['APP_TABLE_PREFIX']}logged-", "APP_CREATE_TABLES": "true"}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("APP_")}
    ran = subprocess.run(
        [sys.executable, "-m", "services.auth.keys", "reseal"],
        env={**inherited, **environ, **own_tables},
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    service.database(service.load_settings({**environ, **own_tables})).delete_tables()
    assert states(ran.stdout.splitlines()) == ["signs"]
    events = [json.loads(line) for line in ran.stderr.splitlines()]
    assert ("keys resealed", "operator") in [(one["event"], one.get("by")) for one in events]


def test_with_one_secret_there_is_no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("APP_KEY_SECRET")
    monkeypatch.setenv("APP_JWT_SECRET", OTHER)
    assert str(main(["list"])).startswith("APP_JWT_SECRET: ")


def test_another_secret_stops_the_start_and_a_database_that_is_away_does_not(
    running: Running, environ: dict[str, str], run: Callable[..., list[str]], caplog: pytest.LogCaptureFixture
) -> None:
    run("list")
    check_secret(running.settings)  # type: ignore[arg-type]
    with pytest.raises(
        SettingsError, match="APP_KEY_SECRET: The stored keys were sealed with another one"
    ) as caught:
        check_secret(service.load_settings({**environ, "APP_KEY_SECRET": OTHER}))  # type: ignore[arg-type]
    assert OTHER not in str(caught.value)
    away = service.load_settings({**environ, "APP_DYNAMODB_ENDPOINT": "http://127.0.0.1:1"})
    service.database(away)
    check_secret(away)  # type: ignore[arg-type]
    assert "cannot read the keys" in caplog.text


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"APP_KEY_SECRET": None}, "APP_KEY_SECRET: Give either it or APP_JWT_SECRET."),
        ({"APP_JWT_SECRET": OTHER}, "APP_KEY_SECRET: Give either it or APP_JWT_SECRET."),
        ({"APP_KEY_SECRET": "short"}, "APP_KEY_SECRET: shorter than 32 bytes"),
        ({"APP_KEY_SECRET": "a" * 64}, "APP_KEY_SECRET: looks like an example"),
        ({"APP_KEY_SECRET": None, "APP_JWT_SECRET": "changeme" * 8}, "APP_JWT_SECRET: looks like"),
        ({"APP_KEY_ROTATION_DAYS": "-1"}, "APP_KEY_ROTATION_DAYS: "),
        ({"APP_KEY_SECRET_BEFORE": "short"}, "APP_KEY_SECRET_BEFORE: shorter than 32 bytes"),
        ({"APP_KEY_ALGORITHM": "HS256"}, "APP_KEY_ALGORITHM: Must be one of: EdDSA, ES256."),
        ({"APP_JWT_ISSUER": "our company"}, "APP_JWT_ISSUER: Not an http or https URL"),
        ({"APP_JWT_ISSUER": "https://auth.example.com?x=1"}, "APP_JWT_ISSUER: Not an http or https URL"),
    ],
)
def test_a_missing_short_or_borrowed_secret_stops_the_start(
    environ: dict[str, str], change: dict[str, str | None], fault: str
) -> None:
    changed = {name: value for name, value in {**environ, **change}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        service.load_settings(changed)
    assert str(caught.value).startswith(fault)


def test_on_one_box_one_secret_signs_and_verifies_and_nothing_is_published(environ: dict[str, str]) -> None:
    without = {name: value for name, value in environ.items() if name != "APP_KEY_SECRET"}
    own_tables = {"APP_TABLE_PREFIX": f"{environ['APP_TABLE_PREFIX']}one-box-"}
    with running_service(service, {**without, **own_tables, "APP_JWT_SECRET": OTHER}) as running:
        client = running.web_app().test_client()
        account = {"email": "ada@example.com", "password": "correct horse battery"}
        client.post("/auth/signup", json=account)
        token = client.post("/auth/login", json=account).get_json()["access_token"]
        own = client.get("/auth/version", headers={"Authorization": f"Bearer {token}"})
        assert own.status_code == 200
        verifier = TokenVerifier(SharedSecret(OTHER), issuer=ISSUER, audience="todos")
        assert verifier.verify(token).subject == own.get_json()["caller"]
        assert client.get("/.well-known/jwks.json").get_json() == {"keys": []}
        assert running.dependencies.make(TokenKeys).ring is None
        assert list(Key.scan()) == []
