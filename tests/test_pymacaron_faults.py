"""What PyMacaron got wrong about identity, fault by fault: none of it is so here.

What is a rule of one room has its tests there, too; these are about the services as they run.
"""

import base64
import json
import logging
import re
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest
import yaml

from libs.api import Contract
from libs.errors import Unauthorized
from libs.jwt import (
    FixedKeySet,
    Identity,
    TokenIssuer,
    TokenVerifier,
    acting_as,
    backend_token,
    current_caller,
    generate_token,
    get_user_token_data,
    get_userid,
    running_as,
)
from libs.service import Running, Secret, Service, SettingsError
from libs.service.testing import ISSUER, ISSUES, KEY, SECRET, bearer, running_service
from tests.services import SERVICES, environment_of

ROOT = Path(__file__).parents[1]
IDENTITY = Identity(
    TokenVerifier(FixedKeySet([KEY.jwk]), issuer=ISSUER, audience="todos").verify, TokenIssuer(KEY, ISSUER)
)
OTHER_SITES = ("http://evil.example", "null", "http://localhost", "https://auth.test.evil.example")


def payload(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


@pytest.fixture
def todos() -> Iterator[Running]:
    with running_service(Service.named("todos"), environment_of("todos")) as running:
        yield running


# 1: a dict that was kept from one call to the next signed tokens for another request's user.


def test_claims_of_one_token_are_in_no_other_and_a_callers_dict_stays_as_it_is() -> None:
    data = {"colour": "blue"}
    with running_as(IDENTITY):
        first = payload(generate_token("ada", data=data, audience=["todos"]))
        second = payload(generate_token("eve", audience=["todos"]))
    assert data == {"colour": "blue"}
    assert (first["sub"], first["colour"]) == ("ada", "blue")
    assert second["sub"] == "eve"
    assert "colour" not in second


def test_what_a_request_does_with_its_claims_the_next_one_is_not_told() -> None:
    # Both are the same object: a token that was verified is remembered.
    token = ISSUES.issue("ada", audience=["todos"])
    with acting_as(IDENTITY.authenticate(token)):
        data: Any = get_user_token_data()
        with pytest.raises(TypeError):
            data["sub"] = "eve"
        with pytest.raises(AttributeError):
            data.clear()
    with acting_as(IDENTITY.authenticate(token)):
        assert get_user_token_data()["sub"] == "ada"


def test_of_eight_threads_that_make_two_thousand_tokens_each_none_gets_anothers() -> None:
    shared: dict[str, Any] = {"colour": "blue"}  # as a handler's constant would be
    threads, tokens, interval = 8, 2_000, sys.getswitchinterval()

    def make(number: int) -> tuple[int, set[str]]:
        wrong, ids = 0, set()
        with running_as(IDENTITY):
            for turn in range(tokens):
                name = f"{number}-{turn}"
                made = payload(generate_token(name, data=shared, audience=["todos"]))
                wrong += made["sub"] != name
                ids.add(made["jti"])
        return wrong, ids

    sys.setswitchinterval(1e-6)  # as often as there is: it makes up for more tokens
    try:
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(make, range(threads)))
    finally:
        sys.setswitchinterval(interval)
    assert sum(wrong for wrong, _ in found) == 0
    assert len(set().union(*(ids for _, ids in found))) == threads * tokens
    assert shared == {"colour": "blue"}


# 2: of a secret that was missing, its name was made the secret.


def told(name: str, **values: str | None) -> Any:
    """Return the settings of a service that is told these values instead of the usual; None: not at all."""
    environ = environment_of(name)
    for one, value in values.items():
        environ.pop(f"APP_{one.upper()}", None)
        if value is not None:
            environ[f"APP_{one.upper()}"] = value
    return Service.named(name).load_settings(environ)


def secrets_of(name: str) -> list[str]:
    """Return the secrets that a service can be told."""
    hints = get_type_hints(Service.named(name).settings_class)
    return [one for one, hint in hints.items() if hint in (Secret, Secret | None)]


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_that_is_missing_empty_or_its_own_name_stops_the_start(name: str) -> None:
    given = environment_of(name)
    tried = [one for one in secrets_of(name) if f"APP_{one.upper()}" in given and one != "redis_url"]
    bad = {one: [None, "", one, f"APP_{one.upper()}", f"{one}_FILE"] for one in tried}
    for secret, values in bad.items():
        for value in values:
            with pytest.raises(SettingsError, match=f"APP_{secret.upper()}"):
                told(name, **{secret: value})
    for value in ("", "jwt_secret", "APP_JWT_SECRET", "secret", "changeme" * 4):
        neither = {"jwks_url": None, "key_secret": None} if "key_secret" in bad else {"jwks_url": None}
        with pytest.raises(SettingsError, match="APP_JWT_SECRET"):
            told(name, **neither, jwt_secret=value)
    assert name == "profiles" or bad, "there is something to be told"


# 3: `iss` was whatever the token said; no `exp` and no `sub` were fine; the clock was 5 minutes wide.


def test_what_pymacaron_took_for_a_token_is_none() -> None:
    now, shared = int(time.time()), TokenIssuer(KEY, ISSUER)
    good = payload(shared.issue("ada", audience=["todos"]))
    changes: dict[str, dict[str, Any]] = {
        "another issuer": {"iss": "https://elsewhere.example"},
        "no issuer": {"iss": None},
        "no expiry": {"exp": None},
        "nobody": {"sub": None},
        "an empty name": {"sub": ""},
        "issued in the future": {"iat": now + 120},
        "over for a minute": {"exp": now - 60, "iat": now - 120},
        "another service's": {"aud": ["profiles"]},
    }
    verify = IDENTITY.authenticate
    assert verify(shared.sign(good, kind="at+jwt")).subject == "ada"
    for why, changed in changes.items():
        claims = {one: value for one, value in {**good, **changed}.items() if value is not None}
        with pytest.raises(Unauthorized):
            pytest.fail(f"{why}: {verify(shared.sign(claims, kind='at+jwt'))}")


# 4: the server was Flask's own, in debug mode, for everybody on the network.


def test_a_debug_variable_opens_nothing_and_an_exception_stays_in_the_log(
    monkeypatch: pytest.MonkeyPatch, todos: Running, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("hunter2")

    for name in ("FLASK_DEBUG", "WERKZEUG_DEBUG_PIN", "PYTHONASYNCIODEBUG", "PYM_DEBUG", "DEBUG"):
        monkeypatch.setenv(name, "1")
    served = todos.contract
    todos.contract = Contract(served.document, tuple(replace(one, call=fail) for one in served.operations))
    client = todos.web_app().test_client(use_cookies=False)
    answer = client.get("/ping", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.get_json()["code"]) == (500, "INTERNAL_ERROR")
    assert not re.search("hunter2|Traceback|RuntimeError", answer.text)
    assert "hunter2" in caplog.text
    for path in ("/console", "/?__debugger__=yes&cmd=resource&f=style.css", "/crash/internal_error"):
        assert client.get(path).status_code == 404


def test_a_service_listens_for_its_own_machine_alone_unless_told() -> None:
    for name in SERVICES:
        assert told(name).host == "127.0.0.1"
    sources = [path for room in ("libs", "services") for path in (ROOT / room).rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources if "tests" not in path.parts)
    assert not re.search(r"\bapp\.run\(|\brun_simple\(|debug=True", code)


# 5: logs held Authorization headers, tokens that were made or queued, secrets in part, and bodies.


def test_no_token_and_no_body_is_logged_even_when_debugging(
    todos: Running, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    token, body = ISSUES.issue("ada", audience=["todos"]), "what ada wants to do"
    client = todos.web_app().test_client(use_cookies=False)
    for sent in (token, token[:-4], f"{token}.x"):
        headers = {"Authorization": f"Bearer {sent}", "Cookie": f"__Host-access={sent}; token=Bearer {sent}"}
        client.post("/todos", json={"title": body, "unknown": body}, headers=headers)
        client.post("/todos/export", headers=headers)
        client.get(f"/todos?access_token={sent}", headers=headers)
    with running_as(IDENTITY), backend_token(ISSUES, "todos", audience=["profiles"]) as made:
        made += " " + generate_token("eve", audience=["todos"])
    secret = todos.settings.cursor_secret.reveal()  # type: ignore[attr-defined]
    logged = str([vars(one) for one in caplog.records])
    assert "request" in logged
    parts = [part for one in (token, *made.split()) for part in one.split(".")]
    assert [part for part in (*parts, body, secret) if part in logged] == []


# 6: any page of any site could call every route, and the cookie did for it.


@pytest.mark.parametrize("name", SERVICES)
def test_no_page_of_another_site_is_let_in_unless_it_is_named(name: str) -> None:
    with running_service(Service.named(name), environment_of(name)) as running:
        client = running.web_app().test_client(use_cookies=False)
        token = bearer("ada", audience=name)["Authorization"]
        for operation in running.contract.operations:
            path = re.sub(r"{\w+}", "x", operation.path)
            for origin in OTHER_SITES:
                asks = {"Origin": origin, "Access-Control-Request-Method": operation.method}
                answers = [client.options(path, headers=asks)]
                if operation.security.known:
                    stolen = {"Origin": origin, "Cookie": f"token={token}; jwt={token}; access_token={token}"}
                    answers.append(client.open(path, method=operation.method, headers=stolen))
                    assert answers[-1].status_code == 401, operation.operation_id
                for answer in answers:
                    allowed = [one for one, _ in answer.headers if one.startswith("Access-Control")]
                    assert allowed == [], operation.operation_id


# 7: secrets were environment variables in files that were committed, and cut at the first `=`.


@pytest.mark.parametrize("name", SERVICES)
def test_a_secret_arrives_whole_by_variable_and_by_file(name: str, tmp_path: Path) -> None:
    for secret in secrets_of(name):
        value = f"{SECRET}=a=b #c\\n'\"$x=="
        if secret.endswith("_url"):
            value = f"redis://:p=a=b==@127.0.0.1/{len(secret)}"
        also: dict[str, str | None] = {}
        if secret == "jwt_secret":
            also = {"jwks_url": None, "key_secret": None}
        if secret == "client_secret":
            also = {"client_id": "x", "token_url": "http://auth.test/auth/token"}
        if secret == "smtp_url":
            value = "smtp://ada:p%3Da%3Db=c==@mail.example.com"
            also = {"mail_folder": None, "mail_from": "ada@example.com"}
        if secret == "sentry_dsn":
            value = "https://key@sentry.example.com/a=b==/1"
        if secret == "report_webhook_url":
            value = "https://hooks.example.com/a=b=c=="
        assert getattr(told(name, **also, **{secret: value}), secret).reveal() == value
        (tmp_path / secret).write_text(value)
        by_file = {f"{secret}_file": str(tmp_path / secret), secret: None}
        assert getattr(told(name, **also, **by_file), secret).reveal() == value


def test_no_secret_stands_in_what_is_deployed() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    variables = {f"APP_{one.upper()}" for name in SERVICES for one in secrets_of(name)} - {"APP_REDIS_URL"}
    assert variables
    for found in yaml.safe_load(text)["services"].values():
        inline = variables & set(found.get("environment", {}))
        assert inline == set(), "a secret is a file: APP_…_FILE"
        assert "@" not in found.get("environment", {}).get("APP_REDIS_URL", ""), (
            "nor is a password in an address"
        )
    image = (ROOT / "Dockerfile").read_text()
    assert not any(variable in image for variable in variables)


# 13: after an exception the request went on as the service, and half of the calls said who it was before.


def test_after_an_exception_a_request_goes_on_as_its_own_caller() -> None:
    ada = IDENTITY.authenticate(ISSUES.issue("ada", audience=["todos"]))

    def fail() -> None:
        with backend_token(ISSUES, "auth", audience=["todos"]):
            assert get_userid() == "service:auth"
            raise RuntimeError

    with acting_as(ada):
        with pytest.raises(RuntimeError):
            fail()
        assert current_caller() is ada
        assert get_userid() == "ada"
