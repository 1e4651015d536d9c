"""What a service knows of callers, and calls others as, by its settings alone."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.api import Models
from libs.jwt import FixedKeySet, RemoteRevocations, SharedSecret, TokenIssuer
from libs.jwt.service_account import ServiceAccount
from libs.service import Running, Service, SettingsError
from libs.service import __main__ as command
from libs.service import service as service_module
from libs.service.testing import ISSUER, KEY, SECRET, bearer, environment

PROBE = Service("probe")
DOCUMENT = "openapi: 3.1.0\ninfo: {title: Probe, version: 1.0.0}\nsecurity: [{bearer: []}]\npaths: {}\n"


@pytest.fixture(autouse=True)
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "probe.yaml").write_text(DOCUMENT)


def started(service: Service = PROBE, **settings: str) -> Running:
    environ = environment("probe", **settings)
    if "jwt_secret" in settings:
        del environ["APP_JWKS_URL"]
    return service.start(service.load_settings(environ))


def status(running: Running, headers: dict[str, str]) -> tuple[int, str | None]:
    answer = running.web_app().test_client().get("/auth/version", headers=headers)
    return answer.status_code, answer.get_json().get("code")


def test_one_secret_verifies_what_it_signed_and_nothing_else() -> None:
    running = started(jwt_secret=SECRET)
    token = TokenIssuer(SharedSecret(SECRET), ISSUER).issue("ada", audience=["probe"])
    assert status(running, {"Authorization": f"Bearer {token}"}) == (200, None)
    assert status(running, bearer("ada", audience="probe")) == (401, "TOKEN_INVALID")
    assert "keys" not in running.health._checks


def test_there_are_keys_or_one_secret_and_not_both() -> None:
    PROBE.load_settings(environment("probe"))
    with pytest.raises(SettingsError, match="APP_JWKS_URL: Give either it or APP_JWT_SECRET"):
        PROBE.load_settings(environment("probe", jwt_secret=SECRET))


@contextmanager
def revoked(running: Running, *sessions: str, status: int = 200) -> Iterator[list[httpx.Request]]:
    """Have the service fetch a list of ended sessions."""
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, json={"sid": sessions, "sub": {}, "jti": []})

    assert isinstance(running.revocations, RemoteRevocations)
    address = running.revocations._address
    address._http = httpx.Client(transport=httpx.MockTransport(answer))
    yield asked


def test_tokens_of_sessions_on_the_published_list_are_refused() -> None:
    url = "http://auth.test/.well-known/revoked.json"
    running = started(revocations_url=url)
    running.keys = FixedKeySet([KEY.jwk])
    issuer = TokenIssuer(KEY, ISSUER)
    tokens = {one: issuer.issue("ada", audience=["probe"], session=one) for one in ("ended", "going-on")}
    with revoked(running, "ended") as asked:
        found = {one: status(running, {"Authorization": f"Bearer {token}"}) for one, token in tokens.items()}
    assert found == {"ended": (401, "TOKEN_REVOKED"), "going-on": (200, None)}
    assert {str(request.url) for request in asked} == {url}


def test_a_service_whose_list_was_never_to_be_had_is_not_ready_and_lets_nobody_in() -> None:
    running = started(revocations_url="http://auth.test/wrong.json")
    running.keys = FixedKeySet([KEY.jwk])
    with revoked(running, status=404):
        assert status(running, bearer("ada", audience="probe")) == (503, "REVOCATIONS_UNKNOWN")
        answer = running.web_app().test_client().get("/health/ready")
    assert answer.status_code == 503
    assert answer.get_json()["checks"]["revocations"] == {"ok": False, "error": "unavailable"}


def test_without_a_list_nothing_is_looked_up() -> None:
    running = started()
    assert running.revocations is None
    assert "revocations" not in running.health._checks


ADDRESSES = ["jwks_url", "revocations_url", "token_url"]


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "url",
    [
        "http://user:hunter2@auth.test/",
        "http://[::1/jwks",
        "http://a\0b/",
        "ftp://auth.test/",
        "http://a.test/?x=1",
    ],
)
def test_an_address_of_auth_holds_no_secret_and_can_be_asked(name: str, url: str) -> None:
    account = {"client_id": "probe", "client_secret": SECRET, "token_url": "http://auth.test/auth/token"}
    settings = {**(account if name == "token_url" else {}), name: url}
    with pytest.raises(
        SettingsError, match=f"^APP_{name.upper()}: Not an http or https URL, without"
    ) as caught:
        PROBE.load_settings(environment("probe", **settings))
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("weak", ["a" * 43, "changeme" * 4, "0123456789abcdef" * 2])
def test_the_secret_of_an_account_is_none_that_can_be_guessed(weak: str) -> None:
    account = {"client_id": "probe", "client_secret": weak, "token_url": "http://auth.test/auth/token"}
    with pytest.raises(SettingsError, match=r"^APP_CLIENT_SECRET: .* openssl rand") as caught:
        PROBE.load_settings(environment("probe", **account))
    assert weak not in str(caught.value)


def test_a_service_may_bring_its_own_list_and_keys_made_of_its_parts() -> None:
    class Parts:
        """What the service provides."""

        keys = FixedKeySet([KEY.jwk])

        def revoked(self, caller: Any) -> bool:
            return bool(caller.subject == "mallory")

    service = replace(
        PROBE,
        provide=lambda _: [Parts()],
        keys=lambda parts: parts.make(Parts).keys,
        revocations=lambda parts: parts.make(Parts),
    )
    running = started(service)
    assert status(running, bearer("ada", audience="probe")) == (200, None)
    assert status(running, bearer("mallory", audience="probe")) == (401, "TOKEN_REVOKED")


def test_a_service_with_an_account_may_ask_for_it() -> None:
    account = {
        "client_id": "probe",
        "client_secret": SECRET,
        "token_url": "http://auth.test/auth/token",
    }
    found = started(**account).dependencies.make(ServiceAccount)
    assert repr(found) == "ServiceAccount('probe')"
    assert not started().dependencies.provides(ServiceAccount)


def test_what_is_stored_is_looked_at_before_a_process_starts_and_not_when_tables_are_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(settings: Any) -> None:
        raise SettingsError(f"APP_KEY_SECRET: not that of {settings.service}")

    monkeypatch.setattr(Service, "named", lambda name: replace(PROBE, prepare=refuse))
    for name in [name for name in os.environ if name.startswith("APP_")]:
        monkeypatch.delenv(name)
    for name, value in environment("probe").items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(command, "configure_logs", lambda *args, **kwargs: None)
    assert command.main(["web"]) == os.EX_CONFIG
    assert capsys.readouterr().err == "cannot start:\nAPP_KEY_SECRET: not that of probe\n"
    assert command.main(["tables"]) == 0
