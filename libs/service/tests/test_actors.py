"""Services that act for users: who is told of them, and where they may not."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from libs.api import Models
from libs.jwt import TokenIssuer
from libs.service import Running, Service
from libs.service import service as service_module
from libs.service.testing import ISSUER, ISSUES, KEY, SECRET, environment, running_service

OBJECT = "{'200': {description: It, content: {application/json: {schema: {type: object}}}}}"
CONTRACT = f"""
openapi: 3.1.0
info: {{title: Probe, version: '1'}}
security: [bearer: []]
paths:
  /known:
    get: {{x-bind-server: libs.service.tests.calling.tell, responses: {OBJECT}}}
  /maybe:
    get:
      security: [{{}}, bearer: []]
      x-bind-server: libs.service.tests.identifying.known
      responses: {OBJECT}
components:
  securitySchemes: {{bearer: {{type: http, scheme: bearer}}}}
"""
PROBE = Service("probe")


@pytest.fixture(autouse=True)
def contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_module, "APIS", tmp_path)
    monkeypatch.setattr(service_module, "models", Models(tmp_path))
    (tmp_path / "probe.yaml").write_text(CONTRACT)


@pytest.fixture
def running(request: pytest.FixtureRequest) -> Iterator[Running]:
    declared, settings = getattr(request, "param", (PROBE, {}))
    with running_service(declared, environment("probe", **settings)) as started:
        yield started


def ask(running: Running, path: str, actor: str | None = "service:todos") -> Any:
    token = ISSUES.issue("ada", audience=["probe"], actor=actor)
    return running.web_app().test_client().get(path, headers={"Authorization": f"Bearer {token}"})


def test_who_acts_for_the_caller_is_in_the_log(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    assert ask(running, "/known").get_json()["caller"] == "ada"
    ask(running, "/known", actor=None)
    acted, own = [vars(one) for one in caplog.records if one.getMessage() == "request"]
    assert acted["actor"] == "service:todos"
    assert "actor" not in own


@pytest.mark.parametrize(
    "running", [(replace(PROBE, takes_actors=False), {})], indirect=True, ids=["takes none"]
)
@pytest.mark.parametrize("path", ["/known", "/maybe"])
def test_a_service_may_take_none(running: Running, path: str) -> None:
    refused = ask(running, path)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "ACTOR_REFUSED")
    assert ask(running, path, actor=None).status_code == 200


WITH_ACCOUNT = {"token_url": "http://auth.test/auth/token", "client_id": "probe", "client_secret": SECRET}
ON_ONE_BOX = {"jwks_url": "", "jwt_secret": SECRET}


def on_behalf(service: Service = PROBE, **settings: str) -> Any:
    environ = {name: value for name, value in environment("probe", **settings).items() if value}
    return service.start(service.load_settings(environ)).identity.on_behalf


def test_a_service_acts_for_users_by_its_account_or_by_what_it_signs_with() -> None:
    signs = replace(PROBE, provide=lambda _: [TokenIssuer(KEY, ISSUER)])
    assert on_behalf() is None
    assert on_behalf(**WITH_ACCOUNT)._issue.__name__ == "acting_for"
    assert on_behalf(**ON_ONE_BOX)._issue.__name__ == "issue"
    assert on_behalf(signs)._issue.__name__ == "issue"
    assert on_behalf(signs, **ON_ONE_BOX, **WITH_ACCOUNT)._issue.__name__ == "acting_for", "auth knows more"
